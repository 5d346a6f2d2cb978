"""Every booking field as a column of normalized text, wherever a profile says that it stands."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from importer.columns import NAME_FIELDS
from importer.model import REQUIRED_FIELDS
from importer.normalize import (
    Cell,
    DateRules,
    field_rules,
    is_empty,
    join_moment,
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
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By field, what a clinic's own word stands for; words as `folded` leaves them."""
    pad_zip: bool = False
    """Put back leading zeros of ZIP codes."""
    text_location_ids: bool = False
    """Let a location be a short code instead of a number."""
    tells_spelling: bool = False
    """Note cells that are sent in another spelling, which is nothing wrong."""


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
    if plan.split is not None:
        columns |= _names(texts_of(plan.split.column), plan.split)
    # The location comes first in it, because it chooses the appointment's zone.
    for name, rule in by_field.items():
        if name in columns:
            continue
        if name in plan.fields:
            texts = _meant(texts_of(plan.fields[name]), rules.values.get(name, {}))
        elif name in REQUIRED_FIELDS or rules.defaults.get(name):
            texts = [""] * row_count
        else:
            continue
        if default := rules.defaults.get(name):
            texts = [default if is_empty(text) else text for text in texts]
        if name in plan.joined:
            moments = (texts, texts_of(plan.joined[name][1]))
            columns[name] = _joined(moments, columns["location_id"].texts, rules, plan.joined[name])
        elif name == "appointment_date" and rules.dates.timezone_by_location:
            columns[name] = _appointments(texts, columns["location_id"].texts, rules)
        else:
            columns[name] = _by_rule(texts, rule, tells_spelling=rules.tells_spelling)
        if name in plan.fields and rules.values.get(name):
            cells = texts_of(plan.fields[name])
            columns[name] = _without_own_words(columns[name], cells, rules.values[name])
    return columns


def _by_rule(
    texts: Sequence[_Text], rule: Callable[[_Text], Cell], *, tells_spelling: bool
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
            elif cell.suggestion and tells_spelling:
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
    return _by_rule(pairs, rule, tells_spelling=rules.tells_spelling)


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
            problems[position] = Trouble(code=cell.problem, hint=cell.hint)
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


def _meant(texts: list[str], values: Mapping[str, str]) -> list[str]:
    """Return the cells with a clinic's own words put into Solv's."""
    if not values:
        return texts
    known = {text: mapped_value(text, values) for text in set(texts)}
    return [known[text] for text in texts]


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
