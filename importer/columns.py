"""Headings to booking fields, without a guess: a heading is known, mapped, or not sent."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from importer.headings import (
    NEAR_ENOUGH,
    heading_key,
    imitated_field,
    is_plain_name,
    known_field,
    score_of,
    shown_heading,
    unsure_field,
)
from importer.lettering import column_letter
from importer.model import BOOKING_FIELDS, MAY_BE_JOINED, NAME_FIELDS, REQUIRED_FIELDS
from importer.our_columns import our_columns, their_headings
from importer.problems import FileProblem, ProblemCode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from importer.model import NamePattern

_FEWEST = 2
"""The fewest headings that make a table; fewer beside it are a note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileColumns:
    """What a profile says about columns; it wins over the known names."""

    mapped: Mapping[str, str] = field(default_factory=dict)
    """Heading to API field."""
    joined: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """API field to the headings of its date and of its time of day."""
    split: Mapping[str, NamePattern] = field(default_factory=dict)
    """Heading to how its names are written, such as `Last, First`."""
    listed: tuple[str, ...] = ()
    """The headings that a file must have: whoever listed them has seen what they are read as."""

    @property
    def fields(self) -> set[str]:
        """Return the fields that no other heading may claim."""
        return {*self.mapped.values(), *self.joined, *(NAME_FIELDS if self.split else ())}


_NO_PROFILE = ProfileColumns()


@dataclass(frozen=True, slots=True, kw_only=True)
class NameSplit:
    """The one column that holds whole names, and how they are written."""

    column: int
    pattern: NamePattern


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPlan:
    """Which column goes where; columns count from 0."""

    fields: Mapping[str, int]
    """API field to source column; to its first one where two are joined."""
    joined: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """API field to the columns of its date and of its time of day."""
    split: NameSplit | None = None
    """Where both names stand in one column."""
    row_key: int | None
    """The column of our row keys, when the sheet is one of our results."""
    ours: tuple[int, ...]
    """Our own result columns, the row key included."""
    of_others: Mapping[int, str] = field(default_factory=dict)
    """Columns that a line above the headings gives to somebody else, and its word for them."""
    problems: tuple[FileProblem, ...]
    """Errors first; with an error the plan is not to be used."""

    def columns_of(self, name: str) -> tuple[int, ...]:
        """Return the columns that hold a field, none when it has no column."""
        if name in self.joined:
            return self.joined[name]
        return (self.fields[name],) if name in self.fields else ()

    @property
    def sources(self) -> dict[int, str]:
        """Return the field that each column that is sent holds, the first one of a whole name."""
        reverse = [(c, name) for name in self.fields for c in self.columns_of(name)]
        return dict(reversed(reverse))


def plan_columns(
    headings: Sequence[str],
    *,
    profile: ProfileColumns = _NO_PROFILE,
    provided: Collection[str] = (),
    is_results: bool = False,
    of_others: Mapping[int, str] = MappingProxyType({}),
    show_headings: bool,
) -> ColumnPlan:
    """Return which column holds which field, and everything that is wrong with the headings.

    Args:
        headings: As read.
        profile: What a profile says about them.
        provided: Fields with a default, which need no column.
        is_results: Whether the workbook says that it is one of our results.
        of_others: Columns that a line above the headings gives to somebody else, and its word
            for them; none of them is sent, but for what the profile maps.
        show_headings: Whether an unknown heading may be quoted; where the file has no
            headings, its first patient stands there.
    """
    ours = our_columns(headings, is_results=is_results)
    claims = _Claims(their_headings(headings, ours), of_others)
    claims.take_profile(profile)
    claims.take_known(except_for=profile.fields)
    explained = {*provided, *profile.fields}
    return ColumnPlan(
        fields=MappingProxyType(claims.fields),
        joined=MappingProxyType(claims.joined),
        split=claims.split,
        row_key=next((c for c in ours if heading_key(headings[c]) == heading_key("row_key")), None),
        ours=ours,
        of_others=of_others,
        problems=(*claims.errors(explained, show=show_headings), *claims.left(show=show_headings)),
    )


class _Claims:
    """Which columns stand for which field, while the headings are gone through."""

    def __init__(self, source: Mapping[int, str], of_others: Mapping[int, str]) -> None:
        self._source = source
        self._of_others = of_others
        self.by_field: dict[str, list[int]] = {}
        self.joined: dict[str, tuple[int, int]] = {}
        self.split: NameSplit | None = None
        self.taken: set[int] = set()
        self.known: dict[int, str] = {}
        """Field by column, where the heading is another name of it that nobody mapped."""
        self._seen: set[str] = set()
        self.unmet: list[FileProblem] = []
        """What the profile names in vain."""

    def take_profile(self, profile: ProfileColumns) -> None:
        """Take what the profile names."""
        self._seen = {heading_key(heading) for heading in profile.listed}
        for heading, name in profile.mapped.items():
            if found := self._named(heading, f"{name} is mapped to"):
                self.by_field.setdefault(name, []).extend(found)
        for name, halves in profile.joined.items():
            self._take_joined(name, halves)
        for heading, pattern in profile.split.items():
            if found := self._named(heading, "the name is split from"):
                self.split = NameSplit(column=found[0], pattern=pattern)
                self.by_field |= {name: list(found) for name in NAME_FIELDS}

    def take_known(self, *, except_for: set[str]) -> None:
        """Take the columns whose headings are known by themselves."""
        for column, heading in self._source.items():
            name = known_field(heading)
            is_free = column not in self.taken and column not in self._of_others
            if name and is_free and name not in except_for:
                self.by_field.setdefault(name, []).append(column)
                if not is_plain_name(heading, name) and heading_key(heading) not in self._seen:
                    self.known[column] = name
        self.taken.update(column for columns in self.by_field.values() for column in columns)

    @property
    def fields(self) -> dict[str, int]:
        """Return the first column of each field that has one, in the order of the API."""
        return {name: self.by_field[name][0] for name in BOOKING_FIELDS if name in self.by_field}

    def _ignored(self) -> dict[int, str]:
        return {column: text for column, text in self._source.items() if column not in self.taken}

    def errors(self, explained: set[str], *, show: bool) -> Iterator[FileProblem]:
        """Yield what keeps the file from being read.

        Args:
            explained: Fields that need no column, or of which something is said already.
            show: Whether an unknown heading may be quoted.
        """
        yield from self._tables_beside()
        yield from self.unmet
        yield from _twice(self.by_field)
        ignored = self._ignored()
        lookalikes = _lookalikes_of(ignored)
        yield from (_lookalike(column, name) for column, name in lookalikes.items())
        done = {*explained, *self.by_field, *lookalikes.values()}
        others = {column: ignored.pop(column) for column in {*ignored} & self._of_others.keys()}
        for name in REQUIRED_FIELDS:
            if name in done:
                continue
            under = sorted(column for column, text in others.items() if known_field(text) == name)
            if under:
                yield _missing_but_under(name, under[0], self._of_others[under[0]])
            else:
                yield _missing(name, ignored, show_headings=show)

    def left(self, *, show: bool) -> Iterator[FileProblem]:
        """Yield a warning for each column that is not sent, or by another name than its own."""
        ignored, fields = self._ignored(), self.fields
        lookalikes = _lookalikes_of(ignored)
        for column, text in ignored.items():
            if heading_key(text) and column not in lookalikes:
                hint = _why_unknown(text, fields, self._of_others.get(column, ""))
                problem = _unknown(column, text, hint, show_headings=show)
                # Whoever listed the heading has been asked what it is.
                is_asked = heading_key(text) in self._seen or column in self._of_others
                yield problem if is_asked else _with_doubt(problem, text, fields)
        for column in sorted(self.known):
            yield _synonym(self.known[column], column)

    def _tables_beside(self) -> Iterator[FileProblem]:
        """Yield that a second table stands beside the one that is sent.

        It does where an empty column has all that is sent on one side, and headings of which
        none is on the other. `reading.second_table` looks at rows: those of one side alone.
        """
        source = self._source
        for gap in (column for column, text in source.items() if not text.strip()):
            sides = ([c for c in source if c < gap], [c for c in source if c > gap])
            held = [side for side in sides if any(column in self.taken for column in side)]
            others = [c for side in sides if side not in held for c in side if source[c].strip()]
            if len(held) == 1 and len(others) >= _FEWEST:
                yield FileProblem(
                    code=ProblemCode.TABLES_UNCLEAR,
                    place=f"columns {column_letter(others[0])} to {column_letter(others[-1])}",
                    hint=f"if it is one table, delete the empty column {column_letter(gap)}",
                )
                return

    def _take_joined(self, name: str, headings: Sequence[str]) -> None:
        halves = [self._named(heading, f"{name} is joined from") for heading in headings]
        is_clear = all(len(found) == 1 for found in halves)
        if is_clear:
            self.joined[name] = (halves[0][0], halves[1][0])
        found = halves[0] if is_clear else [column for half in halves for column in half]
        if found:
            self.by_field[name] = found

    def _named(self, heading: str, why: str) -> list[int]:
        """Return the columns of that very heading, else those of one that is alike."""
        same = [c for c, text in self._source.items() if text.strip() == heading.strip()]
        wanted = heading_key(heading)
        found = same or [c for c, text in self._source.items() if heading_key(text) == wanted]
        found = [c for c in found if c not in self._of_others] or found
        if not found:
            self._miss(f"{why} the heading {heading!r}")
        elif self.taken.intersection(found):
            letters = " and ".join(map(column_letter, found))
            self._miss(f"{why} column {letters}, which another line of the profile names")
            return []
        self.taken.update(found)
        return found

    def _miss(self, hint: str) -> None:
        self.unmet.append(FileProblem(code=ProblemCode.PROFILE_COLUMN_MISSING, hint=hint))


def _twice(claims: Mapping[str, Sequence[int]]) -> Iterator[FileProblem]:
    for name, columns in claims.items():
        if len(columns) > 1:
            letters = " and ".join(column_letter(column) for column in columns)
            also = ", or a date and a time under [joined]" if name in MAY_BE_JOINED else ""
            yield FileProblem(
                code=ProblemCode.COLUMN_TWICE,
                place=f"columns {letters}",
                hint=f"{name}: map just one of them under [columns]{also}",
            )


def _lookalikes_of(headings: Mapping[int, str]) -> dict[int, str]:
    """Return the field that each column would be whose heading only looks like its name."""
    found = ((column, imitated_field(text)) for column, text in headings.items())
    return {column: name for column, name in found if name}


def _lookalike(column: int, field: str) -> FileProblem:
    return FileProblem(
        code=ProblemCode.HEADING_LOOKALIKE,
        place=f"column {column_letter(column)}",
        hint=f"it looks like {field}",
    )


def _missing(field: str, ignored: Mapping[int, str], *, show_headings: bool) -> FileProblem:
    """Return that a required field has no column, and which heading comes nearest."""
    score, nearest = max(
        ((_nearness(field, text), -column) for column, text in ignored.items()),
        default=(0.0, 0),
    )
    hint = f"{field}: no heading comes near"
    if score >= NEAR_ENOUGH:
        column = -nearest
        quoted = f"{shown_heading(ignored[column])} " if show_headings else ""
        hint = (
            f"{field}: the nearest heading is {quoted}in column {column_letter(column)}; "
            "map it under [columns]"
        )
    return FileProblem(code=ProblemCode.COLUMN_MISSING, hint=hint)


def _nearness(field: str, heading: str) -> float:
    return 100.0 if unsure_field(heading) == field else score_of(field, heading)


def _missing_but_under(field: str, column: int, word: str) -> FileProblem:
    """Return that the one column of a required field is somebody else's, by the line above it."""
    hint = (
        f'{field}: the line above column {column_letter(column)} says "{word}"; '
        "if the column is the patient's all the same, map it under [columns]"
    )
    return FileProblem(code=ProblemCode.COLUMN_MISSING, hint=hint)


def _synonym(field: str, column: int) -> FileProblem:
    return FileProblem(
        code=ProblemCode.HEADING_SYNONYM,
        place=f"column {column_letter(column)}",
        hint=f"read as {field}",
    )


def _why_unknown(heading: str, fields: Mapping[str, int], word: str) -> str:
    """Return why a column is not sent whose heading is known, "" where it is not."""
    field = known_field(heading)
    if field is not None and word:
        return f'the line above it says "{word}"'
    if field is not None and field in fields:
        return f"{field} is read from column {column_letter(fields[field])}"
    return ""


def _unknown(column: int, heading: str, hint: str, *, show_headings: bool) -> FileProblem:
    """Return that a column is not sent, because its heading is unknown or its field is taken."""
    return FileProblem(
        code=ProblemCode.COLUMN_UNKNOWN,
        place=f"column {column_letter(column)}",
        hint=hint,
        quoted=shown_heading(heading) if show_headings else "",
    )


def _with_doubt(problem: FileProblem, heading: str, fields: Mapping[str, int]) -> FileProblem:
    """Return the warning of a column that is not sent, with what the column may be after all."""
    unsure = unsure_field(heading)
    if unsure is None or unsure in fields:
        return problem
    return replace(problem, hint=f"it may be {unsure}; only a person knows: solv-import map asks")
