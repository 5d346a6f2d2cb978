"""Every booking field as a column of normalized text, wherever a profile says that it stands."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from importer.model import ID_FIELDS, NAME_FIELDS, REQUIRED_FIELDS
from importer.normalize import (
    Cell,
    DateRules,
    field_rules,
    is_empty,
    join_moment,
    mapped_id,
    mapped_value,
    normalize_appointment,
    normalize_name,
    split_name,
    suggesting,
    tidy,
)
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence
    from datetime import date
    from typing import TypeAlias

    from importer.columns import ColumnPlan, NameSplit

    Texts: TypeAlias = Callable[[int], list[str]]
    """Source column -> its cells."""

_Text = TypeVar("_Text", bound="Hashable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the settings say about the content of cells."""

    dates: DateRules
    defaults: Mapping[str, str] = field(default_factory=dict)
    """Text by field, for a column that is absent and for empty cells of one that is not."""
    value_maps: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By field, what a clinic's own word stands for; words as `folded` leaves them."""
    pad_zip: bool = False
    """Put back leading zeros of ZIP codes."""
    text_location_ids: bool = False
    """Let a location be a short code instead of a number."""
    tells_spelling: bool = False
    """Note cells that are sent in another spelling, which is nothing wrong."""
    counts_spelling: bool = False
    """Count them without a note of each, of which there may be one a row."""

    @property
    def notes_spelling(self) -> bool:
        """Return whether such cells are looked for."""
        return self.tells_spelling or self.counts_spelling


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is wrong with one cell, or worth a look."""

    code: ProblemCode
    hint: str = ""
    suggestion: str = field(default="", repr=False)
    """How the cell could be written instead; "" where that is not certain."""
    column: int | None = None
    """The source's column, where it is another than the field's first one."""
    is_told: bool = False
    """Whether it stands under another field already: one cell, one problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldColumn:
    """One field of every row, as its rule left it."""

    texts: list[str] = field(repr=False)
    """Normalized text; where a rule refused the cell, what the source holds."""
    problems: dict[int, Trouble]
    """By position; few, so that no object is kept for every cell."""


def field_columns(
    texts_of: Texts, row_count: int, plan: ColumnPlan, rules: Rules, today: date
) -> dict[str, FieldColumn]:
    """Return every field that has a column or a default, or that must be there."""
    columns: dict[str, FieldColumn] = {}
    by_field = field_rules(
        rules.dates,
        today,
        pad_zip=rules.pad_zip,
        text_location_ids=rules.text_location_ids,
    )
    rows = _Rows(texts_of=texts_of, count=row_count, plan=plan, rules=rules)
    if plan.split is not None:
        columns |= _names(texts_of(plan.split.column), plan.split)
    # The location comes first in it, because it chooses the appointment's zone.
    for name, rule in by_field.items():
        if name not in columns and rows.has(name):
            columns[name] = rows.column(name, rule, columns.get("location_id"))
    return columns


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Some rows of the source, and what says how their cells are read."""

    texts_of: Texts
    count: int
    plan: ColumnPlan
    rules: Rules

    def has(self, name: str) -> bool:
        """Return whether a field has a column or a default, or must be there."""
        is_given = name in self.plan.fields or bool(self.rules.defaults.get(name))
        return is_given or name in REQUIRED_FIELDS

    def column(
        self, name: str, rule: Callable[[str], Cell], locations: FieldColumn | None
    ) -> FieldColumn:
        """Return one field of every row.

        Args:
            name: Which.
            rule: What makes its cells values.
            locations: Each row's location, where that is known already.
        """
        is_there = name in self.plan.fields
        cells = self.texts_of(self.plan.fields[name]) if is_there else [""] * self.count
        column = self._meant(name, cells, rule, locations)
        return _of_cells(column, cells) if self.rules.defaults.get(name) else column

    def _meant(
        self,
        name: str,
        cells: list[str],
        rule: Callable[[str], Cell],
        locations: FieldColumn | None,
    ) -> FieldColumn:
        """Return the field of these cells, in which a clinic may have words of its own."""
        words = self.rules.value_maps.get(name, {})
        if not words or name not in self.plan.fields:
            return self._read(name, self._filled(name, cells), rule, locations)
        meant = _meant(cells, words, rule if name in ID_FIELDS else None)
        texts = [cell if text is None else text for cell, text in zip(cells, meant, strict=True)]
        column = self._read(name, self._filled(name, texts), rule, locations)
        return _refused(_without_own_words(column, cells, words), name, meant)

    def _filled(self, name: str, texts: list[str]) -> list[str]:
        """Return the texts with the default, if there is one, in place of empty ones."""
        default = self.rules.defaults.get(name)
        return [default if is_empty(text) else text for text in texts] if default else texts

    def _read(
        self,
        name: str,
        texts: list[str],
        rule: Callable[[str], Cell],
        locations: FieldColumn | None,
    ) -> FieldColumn:
        if locations is not None and name in self.plan.joined:
            columns = self.plan.joined[name]
            moments = (texts, self.texts_of(columns[1]))
            return _joined(moments, locations.texts, self.rules, columns)
        has_zones = name == "appointment_date" and self.rules.dates.timezone_by_location
        if locations is not None and has_zones:
            return _appointments(texts, locations.texts, self.rules)
        return _by_rule(texts, rule, notes_spelling=self.rules.notes_spelling)


def _by_rule(
    texts: Sequence[_Text], rule: Callable[[_Text], Cell], *, notes_spelling: bool
) -> FieldColumn:
    """Return each text as the rule leaves it; one that comes again is looked at once."""
    normalized: dict[_Text, str] = {}
    troubled: dict[_Text, Trouble] = {}
    for text in texts:
        if text not in normalized:
            cell = rule(text)
            normalized[text] = cell.text
            if cell.problem is not None:
                troubled[text] = Trouble(
                    code=cell.problem, hint=cell.hint, suggestion=cell.suggestion
                )
            elif cell.suggestion and notes_spelling:
                code = ProblemCode.WRITTEN_OTHERWISE
                troubled[text] = Trouble(code=code, suggestion=cell.suggestion)
    problems = {
        position: troubled[text]
        for position, text in enumerate(texts if troubled else ())
        if text in troubled
    }
    return FieldColumn(texts=[normalized[text] for text in texts], problems=problems)


def _appointments(texts: Sequence[str], locations: Sequence[str], rules: Rules) -> FieldColumn:
    """Return each row's appointment, in the zone of the row's own location."""
    dates = rules.dates.of("appointment_date")

    def rule(pair: tuple[str, str]) -> Cell:
        of_location = partial(normalize_appointment, rules=dates, location=pair[1])
        return suggesting("appointment_date", of_location)(pair[0])

    pairs = list(zip(texts, locations, strict=True))
    return _by_rule(pairs, rule, notes_spelling=rules.notes_spelling)


def _joined(
    halves: tuple[list[str], list[str]],
    locations: Sequence[str],
    rules: Rules,
    columns: tuple[int, int],
) -> FieldColumn:
    """Return each row's appointment from its two cells, a problem in the cell that has it.

    Nothing is suggested: what is read stands in no single cell.
    """
    dates = rules.dates.of("appointment_date")
    texts: list[str] = []
    problems: dict[int, Trouble] = {}
    for position, (day, clock, location) in enumerate(zip(*halves, locations, strict=True)):
        joined = join_moment(day, clock, dates)
        if joined.problem is not None:
            column = columns[0] if joined.half == "date" else columns[1]
            problems[position] = Trouble(code=joined.problem, hint=joined.hint, column=column)
            texts.append(joined.text)
            continue
        cell = normalize_appointment(joined.text, dates, location)
        texts.append(cell.text)
        if cell.problem is not None:
            # A day has no end of its own: that stands beside the time.
            half = columns[1] if cell.problem is ProblemCode.APPOINTMENT_SPAN else None
            problems[position] = Trouble(code=cell.problem, hint=cell.hint, column=half)
    return FieldColumn(texts=texts, problems=problems)


def _names(texts: Sequence[str], split: NameSplit) -> dict[str, FieldColumn]:
    """Return both names of each row; what is wrong with the one cell is told once.

    Nothing is suggested: either name is only a part of the cell.
    """
    columns = {name: FieldColumn(texts=[], problems={}) for name in NAME_FIELDS}
    for position, text in enumerate(texts):
        halves = _halves(text, split)
        troubles = [half.problem for half in halves]
        is_one = halves[0].is_error and troubles[0] == troubles[1]
        for number, (name, half) in enumerate(zip(NAME_FIELDS, halves, strict=True)):
            columns[name].texts.append(half.text)
            if half.problem is not None:
                trouble = Trouble(code=half.problem, hint=half.hint, is_told=is_one and number > 0)
                columns[name].problems[position] = trouble
    return columns


def _halves(text: str, split: NameSplit) -> tuple[Cell, Cell]:
    """Return first and last name of one cell, or twice the reason why there are none."""
    whole = tidy(text, joins_lines=False)
    if whole.is_error:
        return whole, whole
    if not whole.text:
        empty = Cell(text, ProblemCode.REQUIRED_EMPTY)
        return empty, empty
    name = split_name(whole.text, split.pattern)
    if name is None:
        refused = Cell(text, ProblemCode.NAME_NOT_SPLIT, f'the profile says "{split.pattern}"')
        return refused, refused
    first, last = normalize_name(name.first), normalize_name(name.last)
    return (Cell(first.text, whole.problem) if first.problem is None else first), last


def _meant(
    texts: list[str], values: Mapping[str, str], id_rule: Callable[[str], Cell] | None
) -> list[str | None]:
    """Return the cells with a clinic's own words put into Solv's, None for an unknown id."""
    if id_rule is None:
        known = {text: mapped_value(text, values) for text in set(texts)}
        return [known[text] for text in texts]
    known_ids = {text: mapped_id(text, values, id_rule) for text in set(texts)}
    return [known_ids[text] for text in texts]


def _refused(column: FieldColumn, name: str, meant: Sequence[str | None]) -> FieldColumn:
    """Return the column with the words and ids refused that the profile does not know."""
    trouble = Trouble(code=ProblemCode.VALUE_NOT_MAPPED, hint=f"[values.{name}]")
    unknown = {position: trouble for position, text in enumerate(meant) if text is None}
    if name in ID_FIELDS:
        unknown |= {
            position: trouble
            for position, found in column.problems.items()
            # A word is no number gone wrong: it is a line that the profile lacks.
            if found.code is ProblemCode.INTEGER_NOT_EXACT
            and any(map(str.isalpha, meant[position] or ""))
        }
    return replace(column, problems={**column.problems, **unknown}) if unknown else column


def _of_cells(column: FieldColumn, cells: Sequence[str]) -> FieldColumn:
    """Return the column without suggestions for a default: it stands in the settings."""
    problems: dict[int, Trouble] = {}
    for position, trouble in column.problems.items():
        if not trouble.suggestion or not is_empty(cells[position]):
            problems[position] = trouble
        elif trouble.code is not ProblemCode.WRITTEN_OTHERWISE:
            problems[position] = replace(trouble, suggestion="")
    return replace(column, problems=problems)


def _without_own_words(
    column: FieldColumn, cells: Sequence[str], values: Mapping[str, str]
) -> FieldColumn:
    """Return the column without suggestions for, or of, a word that means something else.

    A clinic's own word stays in its file: the profile says what it stands for.
    """
    problems: dict[int, Trouble] = {}
    for position, trouble in column.problems.items():
        words = (cells[position], trouble.suggestion)
        if all(mapped_value(word, values) == word for word in words):
            problems[position] = trouble
        elif trouble.code is not ProblemCode.WRITTEN_OTHERWISE:
            problems[position] = replace(trouble, suggestion="")
    return replace(column, problems=problems)
