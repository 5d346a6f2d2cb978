"""The conversation of `map`: only what is not sure is asked, and a person's word decides."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from importer.cli.problem_view import one_line
from importer.cli.prompts import Prompts
from importer.cli.terminal import bold, counted, dim, put, say, shortened
from importer.clock import SystemClock
from importer.errors import ImporterError, SettingsError, SourceError
from importer.headings import known_field, shown_heading
from importer.lettering import column_letter
from importer.model import BOOKING_FIELDS, NAME_FIELDS, ORDER_WORDS, DateOrder, NamePattern
from importer.pipeline import check_file
from importer.pipeline.drafting import APPOINTMENT, Draft, begin_draft
from importer.pipeline.mappable import open_for_mapping
from importer.problems import ProblemCode
from importer.results import write_atomically
from importer.settings import config_folder, load_settings, parsing, profile_path
from importer.suggestions import looks_like_data

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.settings import Settings
    from importer.suggestions import ColumnFacts, Suggestion

_ZONES = (
    *("America/New_York", "America/Chicago", "America/Denver", "America/Phoenix"),
    *("America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu"),
)
_NOT_SENT = "not sent"
_ANOTHER = "another field ..."
_SAMPLES = 3
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


def ask_and_save(path: Path, settings: Settings, output: Path | None) -> None:
    """Ask what is not sure about a file, save the profile, and check the file with it.

    Raises:
        SourceError: The file cannot be used, or lacks what every booking needs.
        SettingsError: The profile cannot be written.
    """
    file = open_for_mapping(path, settings, now=SystemClock().now())
    draft = begin_draft(file, settings)
    wizard = Wizard(draft, Prompts())
    wizard.ask()
    place = wizard.ask_place(path, output)
    if place is not None:
        _write(place, draft.profile().toml())
        put(f"Profile: {place}")
        _check(path, place, settings)


class Wizard:
    """Goes through what a draft leaves open, in the order in which answers depend on others."""

    def __init__(self, draft: Draft, prompts: Prompts) -> None:
        """Look at the first rows, so that every question can show what it is about."""
        self._draft = draft
        self._prompts = prompts
        self._samples = draft.file.samples(_SAMPLES)

    def ask(self) -> None:
        """Ask everything that is not sure."""
        self._show_columns()
        self._ask_time_column(APPOINTMENT)
        for name, columns in [*self._draft.clashes.items()]:
            self._ask_clash(name, columns)
        for column, suggestion in [*self._draft.offered.items()]:
            self._ask_offered(column, suggestion)
        self._ask_names()
        for name in self._draft.missing:
            self._ask_missing(name)
        self._ask_dates()
        for name, words in self._draft.strange_words().items():
            self._ask_words(name, words)

    def ask_place(self, source: Path, output: Path | None) -> Path | None:
        """Return where the profile goes, None when it is not to be written."""
        place = output
        if place is None:
            name = self._draft.settings.profile or self._prompts.write(
                "Save it under which name?", _usual_name(source), _profile_name
            )
            place = profile_path(name, config_folder(os.environ))
        if place.exists() and not self._prompts.agree(
            f"{shortened(place)} is there already. Write over it?", usual=False
        ):
            say("Nothing was written.")
            return None
        return place

    def _show_columns(self) -> None:
        """Show every column with what it is taken for, and its first values."""
        draft = self._draft
        say(bold(f"{draft.file.name}: {counted(len(draft.file.headings), 'column')}"))
        times = {column: f"{name} (time)" for name, column in draft.times.items()}
        for column, heading in draft.file.headings.items():
            name = times.get(column) or draft.chosen.get(column) or "?"
            say(f"  {column_letter(column):>2}  {shown_heading(heading)} {dim(name)}")
            say(dim(f"      {self._sampled(column)}"))

    def _sampled(self, column: int) -> str:
        return " | ".join(one_line(text) for text in self._samples[column]) or "(empty)"

    def _described(self, column: int) -> str:
        heading = shown_heading(self._draft.file.headings[column])
        return f"Column {column_letter(column)} {heading} ({self._sampled(column)})"

    def _ask_clash(self, name: str, columns: list[int]) -> None:
        lines = {self._described(column): column for column in columns}
        self._draft.choose(self._prompts.choose(f"Which column is {name}?", lines), name)
        self._ask_time_column(name)

    def _ask_offered(self, column: int, suggestion: Suggestion) -> None:
        free = [name for name in BOOKING_FIELDS if name not in self._draft.chosen.values()]
        if suggestion.field not in free:
            return
        lines = [suggestion.field, _NOT_SENT, _ANOTHER]
        usual = suggestion.field if suggestion.is_pre_selected else _NOT_SENT
        question = f"{self._described(column)} is"
        answer = self._prompts.choose(question, {line: line for line in lines}, usual)
        if answer == _ANOTHER:
            answer = self._prompts.choose(question, {name: name for name in free})
        if answer != _NOT_SENT:
            self._draft.choose(column, answer)
            self._ask_time_column(answer)

    def _ask_names(self) -> None:
        """Ask how whole names are written, where both names lack a column."""
        if not set(NAME_FIELDS) <= set(self._draft.missing):
            return
        columns = self._draft.whole_names or self._draft.free
        lines: dict[str, int | None] = {self._described(column): column for column in columns}
        lines["first and last name have a column each"] = None
        column = self._prompts.choose("Which column holds whole names?", lines)
        if column is None:
            return
        facts = self._draft.file.facts([column], names=[column])[column]
        patterns: dict[str, NamePattern] = {
            f'"{pattern}" splits {count:,} of {facts.filled:,}': pattern
            for pattern, count in facts.splits.items()
        }
        how = self._prompts.choose("How are they written? The others will be invalid.", patterns)
        self._draft.split = (column, how)
        self._draft.offered.pop(column, None)

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
            self._ask_time_column(name)
        else:
            self._draft.defaults[name] = self._prompts.write(
                "Location id of all rows:", "", self._reads_location
            )

    def _ask_time_column(self, name: str) -> None:
        """Ask where the time of day stands, when the column chosen holds days alone."""
        column = self._draft.column_of(name)
        if name != APPOINTMENT or column is None or name in self._draft.times:
            return
        lines: dict[str, int | None]
        lines = {self._described(c): c for c in self._draft.times_beside(column)}
        if lines:
            lines["there is none"] = None
            time = self._prompts.choose("Which column holds its time of day?", lines)
            if time is not None:
                self._draft.times[name] = time

    def _ask_dates(self) -> None:
        facts = self._draft.date_facts()
        given = self._draft.profile().orders
        for name, found in facts.items():
            if found.evidence.is_mixed:
                say(f"{name}: {found.evidence}; those that fit both will be invalid.")
            elif found.evidence.is_ordered and name not in given:
                self._draft.orders[name] = self._asked_order(name, found)
        short_years = sum(found.short_years for found in facts.values())
        if short_years and self._draft.two_digit_pivot is None:
            self._ask_pivot(short_years)
        if self._draft.needs_zone(facts):
            self._draft.timezone = self._asked_zone()

    def _asked_order(self, name: str, facts: ColumnFacts) -> DateOrder:
        orders: dict[str, DateOrder] = {ORDER_WORDS["MDY"]: "MDY", ORDER_WORDS["DMY"]: "DMY"}
        usual = ORDER_WORDS[facts.evidence.order] if facts.evidence.order else None
        question = f"{name}: {facts.evidence}. It is written"
        return self._prompts.choose(question, orders, usual)

    def _ask_pivot(self, count: int) -> None:
        question = (
            f"{counted(count, 'date')} with a year of two digits. The last year that is 20xx, "
            "such as 30 (empty: they will be invalid):"
        )
        answer = self._prompts.write(question, "", _pivot)
        self._draft.two_digit_pivot = int(answer) if answer else None

    def _asked_zone(self) -> str:
        lines = {zone: zone for zone in _ZONES} | {_OTHER_ZONE: ""}
        question = "Appointments are local times. The clinic's zone:"
        # Nobody's zone comes about by a key pressed too early.
        zone = self._prompts.choose(question, lines, _own_zone() or _OTHER_ZONE)
        return zone or self._prompts.write("Its IANA name:", "America/", parsing.zone)

    def _ask_words(self, name: str, words: Iterable[str]) -> None:
        """Ask what each of the clinic's words stands for; an empty answer leaves it invalid."""
        taken: dict[str, str] = {}
        for word in words:
            question = f"{name}: {shown_heading(word)} stands for"
            answer = self._asked_word(name, question)
            if answer is not None:
                taken[word] = answer
        if taken:
            self._draft.value_maps[name] = taken

    def _asked_word(self, name: str, question: str) -> str | None:
        fixed = _FIXED_VALUES.get(name)
        if fixed is not None:
            return self._prompts.choose(question, fixed)
        readers = {"location_id": self._reads_location, "address_state": parsing.state_letters}
        read = readers.get(name, parsing.positive_id)
        answer = self._prompts.write(f"{question} (empty: invalid)", "", parsing.or_empty(read))
        return answer or None

    def _reads_location(self, text: str) -> str:
        has_letters = self._draft.settings.text_location_ids
        return parsing.location(text) if has_letters else parsing.positive_id(text)


_OTHER_ZONE = "another zone ..."
_LEFT = {"nothing: leave it out": "", "nothing: such a row is invalid": None}
_FIXED_VALUES: dict[str, dict[str, str | None]] = {
    "birth_sex": {"male": "male", "female": "female", **_LEFT},
    "is_walk_in": {"yes": "true", "no": "false", **_LEFT},
    "paperwork_status": {
        "incomplete": "incomplete",
        "complete": "complete",
        "nothing: leave it out": "",
        "this very word: send it as it is": None,
    },
}


def _own_zone() -> str | None:
    """Return this machine's zone when it is one of those offered."""
    link = str(Path("/etc/localtime").resolve())
    name = os.environ.get("TZ") or link.partition("zoneinfo/")[2]
    return name if name in _ZONES else None


def _pivot(text: str) -> None:
    if text.strip():
        parsing.whole_number(0, 99)(text)


def _usual_name(source: Path) -> str:
    """Return a name for the profile; a file's own name may be a patient's."""
    if looks_like_data(source.stem):
        return "clinic"
    return re.sub(r"[^a-z0-9]+", "-", source.stem.lower()).strip("-") or "clinic"


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


def _profile_name(text: str) -> None:
    if not _NAME.fullmatch(text.strip()):
        raise ValueError("use small letters, digits and dashes")


def _write(place: Path, text: str) -> None:
    """Write the profile whole or not at all.

    A profile holds no patient and is meant for git and colleagues, so its mode is the usual one.

    Raises:
        SettingsError: The place cannot be written.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{place} cannot be written: {error.strerror}.") from None
    write_atomically(place, lambda file: file.write(text.encode()), is_private=False)


def _check(source: Path, place: Path, settings: Settings) -> None:
    """Check the file with its new profile, and say what is left to do."""
    try:
        told = load_settings({"profile": str(place)}, environ=os.environ, folder=Path.cwd())
        told = replace(
            told, show_values=settings.show_values, source_password=settings.source_password
        )
        report = check_file(source, told, clock=SystemClock())
    except ImporterError as error:
        say(f"The file cannot be read with it yet: {error.message}")
        return
    say(f"{counted(report.rows_in, 'row')}: {report.ready:,} ready, {report.invalid:,} with errors")
    say(f"Next: solv-import check {quote(str(source))} --profile {quote(str(place))}")
