"""Questions about columns: what each one stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.cli.problem_view import one_line
from importer.cli.terminal import bold, counted, dim, say
from importer.errors import SourceError
from importer.headings import heading_key, known_field, shown_heading
from importer.lettering import column_letter
from importer.model import BOOKING_FIELDS, NAME_FIELDS
from importer.pipeline.drafting import APPOINTMENT
from importer.problems import ProblemCode
from importer.settings import parsing

if TYPE_CHECKING:
    from importer.cli.prompts import Prompts
    from importer.model import NamePattern
    from importer.pipeline.drafting import Draft
    from importer.suggestions import Suggestion

_NOT_SENT = "not sent"
_ANOTHER = "another field ..."
_ALL_RIGHT = "all is right: go on"
_AS_IT_IS = "as it is"
_WHOLE_NAMES = "first and last name in one"
_TIME_OF_DAY = "the time of day of the appointment"
_SAMPLES = 3
_OPEN = {
    "location_id": "location_id: where the visit is",
    "birth_sex": "birth_sex: the sex at birth; Solv takes male and female",
}


class AskedColumns:
    """What a person says of the columns of one file."""

    def __init__(self, draft: Draft, prompts: Prompts) -> None:
        """Look at the first rows, so that every question can show what it is about."""
        self._draft = draft
        self._prompts = prompts
        self._samples = draft.file.samples(_SAMPLES)
        self._timeless: set[int] = set()
        """Columns of days for whose time a person was asked."""

    def show(self) -> None:
        """Show every column with what it is taken for, and its first values."""
        draft = self._draft
        say(bold(f"{draft.file.name}: {counted(len(draft.file.headings), 'column')}"))
        listed = {heading_key(heading) for heading in draft.file.profile.listed}
        for column, heading in draft.file.headings.items():
            open_or_not = _NOT_SENT if heading_key(heading) in listed else "?"
            name = draft.meaning(column) or open_or_not
            say(f"  {column_letter(column):>2}  {shown_heading(heading)} {dim(name)}")
            say(dim(f"      {self._sampled(column)}"))

    def ask_unsure(self) -> None:
        """Ask about the columns whose headings leave it open what they hold."""
        for name, columns in [*self._draft.clashes.items()]:
            self._ask_clash(name, columns)
        for column, suggestion in [*self._draft.offered.items()]:
            self._ask_offered(column, suggestion)

    def ask_missing(self) -> None:
        """Ask for what every booking needs and nothing stands for yet.

        Raises:
            SourceError: No column is left for it.
        """
        self._ask_time_column()
        self._ask_names()
        for name in self._draft.missing:
            self._ask_missing(name)
            # Before anything else: a column of times is no candidate for other fields.
            self._ask_time_column()

    def ask_correction(self) -> bool:
        """Ask which column is read wrongly, and what it is; return False when none is."""
        lines: dict[str, int | None] = {_ALL_RIGHT: None}
        lines |= {self._as_read(column): column for column in self._draft.file.mappable}
        column = self._prompts.choose("Should a column be read otherwise?", lines, _ALL_RIGHT)
        if column is None:
            return False
        self._correct(column)
        return True

    def _sampled(self, column: int) -> str:
        return " | ".join(one_line(text) for text in self._samples[column]) or "empty"

    def _named(self, column: int) -> str:
        heading = shown_heading(self._draft.file.headings[column])
        return f"Column {column_letter(column)} {heading}"

    def _described(self, column: int) -> str:
        return f"{self._named(column)} ({self._sampled(column)})"

    def _as_read(self, column: int) -> str:
        return f"{self._named(column)} = {self._draft.meaning(column) or _NOT_SENT}"

    def _ask_clash(self, name: str, columns: list[int]) -> None:
        lines = {self._described(column): column for column in columns}
        self._draft.choose(self._prompts.choose(f"Which column is {name}?", lines), name)

    def _ask_offered(self, column: int, suggestion: Suggestion) -> None:
        free = [name for name in BOOKING_FIELDS if name not in self._draft.chosen.values()]
        if suggestion.field not in free or column not in self._draft.free:
            return
        first = _OPEN[suggestion.field] if suggestion.is_open else suggestion.field
        lines = {first: suggestion.field, _NOT_SENT: _NOT_SENT, _ANOTHER: _ANOTHER}
        usual = first if suggestion.is_pre_selected else _NOT_SENT
        question = f"{self._described(column)} is"
        # What only a person can know is not answered by Enter.
        answer = self._prompts.choose(question, lines, None if suggestion.is_open else usual)
        if answer == _ANOTHER:
            answer = self._prompts.choose(question, {name: name for name in (_NOT_SENT, *free)})
        if answer != _NOT_SENT:
            self._draft.choose(column, answer)

    def _ask_names(self) -> None:
        """Ask how whole names are written, where both names lack a column."""
        if not set(NAME_FIELDS) <= set(self._draft.missing):
            return
        likely = self._draft.whole_names
        lines: dict[str, int | None]
        lines = {self._described(column): column for column in likely or self._draft.free}
        usual = next(iter(lines)) if len(likely) == 1 else None
        lines["first and last name have a column each"] = None
        column = self._prompts.choose("Which column holds whole names?", lines, usual)
        if column is not None:
            self._ask_pattern(column)

    def _ask_pattern(self, column: int) -> None:
        """Ask how whole names are written; Enter takes what splits most, if that is any."""
        facts = self._draft.facts([column], names=True)[column]
        patterns: dict[str, NamePattern] = {
            f'"{pattern}" splits {count:,} of {facts.filled:,}': pattern
            for pattern, count in facts.splits.items()
        }
        best = max(facts.splits.values())
        usual = next(s for s, p in patterns.items() if facts.splits[p] == best) if best else None
        question = "How are they written? The others will be invalid."
        self._draft.choose_split(column, self._prompts.choose(question, patterns, usual))

    def _ask_missing(self, name: str) -> None:
        """Ask for the column of a required field; a location may be one for all rows."""
        if any(known_field(heading) == name for heading in _doubled(self._draft).values()):
            raise _no_column(name, self._draft)
        lines: dict[str, int | None] = {self._described(c): c for c in self._draft.free}
        if name == "location_id":
            lines = {"one location for all rows": None, **lines}
        elif not lines:
            raise _no_column(name, self._draft)
        column = self._prompts.choose(f"Which column is {name}?", lines)
        if column is not None:
            self._draft.choose(column, name)
        else:
            has_letters = self._draft.settings.text_location_ids
            read = parsing.location if has_letters else parsing.positive_id
            self._draft.defaults[name] = self._prompts.write(
                "Solv's number of the location, for all rows:", "", read
            )

    def _ask_time_column(self) -> None:
        """Ask where the time of day stands, when the appointments are days alone."""
        draft, day = self._draft, self._draft.column_of(APPOINTMENT)
        if day is None or APPOINTMENT in draft.times or day in self._timeless:
            return
        if not draft.lacks_time(day):
            return
        self._timeless.add(day)
        columns = draft.times_beside(day)
        if not columns:
            say(f"{self._named(day)} holds no time of day, and no other column holds times.")
            return
        lines: dict[str, int | None] = {self._described(c): c for c in columns}
        told = draft.told_time(columns)
        usual = None if told is None else self._described(told)
        lines["there is none: such rows are invalid"] = None
        question = f"{self._named(day)} holds no time of day. Which column does?"
        time = self._prompts.choose(question, lines, usual)
        if time is not None:
            draft.choose_time(APPOINTMENT, time)

    def _correct(self, column: int) -> None:
        """Ask what a column is, whatever it was taken for."""
        draft = self._draft
        lines = {_AS_IT_IS: _AS_IT_IS, _NOT_SENT: _NOT_SENT, _WHOLE_NAMES: _WHOLE_NAMES}
        if draft.column_of(APPOINTMENT) not in {None, column}:
            lines[_TIME_OF_DAY] = _TIME_OF_DAY
        for name in BOOKING_FIELDS:
            held = draft.column_of(name)
            now = "" if held in {None, column} else f" (column {column_letter(held or 0)} now)"
            lines[f"{name}{now}"] = name
        answer = self._prompts.choose(f"{self._described(column)} is", lines, _AS_IT_IS)
        if answer == _AS_IT_IS:
            return
        self._timeless.clear()
        if answer == _NOT_SENT:
            draft.release(column)
        elif answer == _WHOLE_NAMES:
            self._ask_pattern(column)
        elif answer == _TIME_OF_DAY:
            draft.choose_time(APPOINTMENT, column)
        else:
            draft.choose(column, answer)


def _doubled(draft: Draft) -> dict[int, str]:
    """Return the columns that no profile can name, because another has the same heading."""
    headings, mappable = draft.file.headings, draft.file.mappable
    return {column: text for column, text in headings.items() if column not in mappable}


def _no_column(name: str, draft: Draft) -> SourceError:
    """Return why the file holds no column for a field that every booking needs."""
    letters = ", ".join(map(column_letter, _doubled(draft)))
    twice = f"; the headings of {letters} stand there twice" if letters else ""
    return SourceError(
        f"{draft.file.name}: no column can be named for {name}, which every booking needs{twice}.",
        todo="Give every column a heading of its own, and add what is missing.",
        code=ProblemCode.COLUMN_MISSING.code,
    )
