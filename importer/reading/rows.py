"""Rows of any source, held against the headings and cut into chunks."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from importer.lettering import column_letter
from importer.problems import ASIDES, ProblemCode, RowProblem
from importer.reading.characters import is_blank
from importer.reading.second_table import TableCheck
from importer.reading.table import Chunk, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.errors import SourceError

_CHUNK_CELLS = 2_000_000
_CHUNK_CHARACTERS = 32_000_000
_ROWS_A_SLIP = 10
"""In at most one row of so many a value behind the last heading is a slip."""


class Row(NamedTuple):
    """One row as its reader found it."""

    number: int
    line: int
    cells: Sequence[str]
    size: int
    """About how many characters it holds, to keep chunks small."""
    problems: tuple[RowProblem, ...] = ()
    dates: tuple[int, ...] = ()
    """The columns whose cell is a date of the workbook's own, among those that were asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What the headings say of every row below them."""

    place: Place
    headings: tuple[str, ...] = field(repr=False)
    """Without empty ones at the end."""
    named: int
    """How many cells the heading row has, empty ones at its end included."""
    width: int
    """How many cells a row must have: `named`, or one more that is empty in every row."""

    @property
    def blanks(self) -> tuple[int, ...]:
        """Return the columns whose heading is empty."""
        return tuple(
            i for i in range(self.named) if i >= len(self.headings) or not self.headings[i]
        )


def chunks_of(
    rows: Iterator[Row], layout: Layout, *, chunk_rows: int, with_lines: bool
) -> Iterator[Chunk]:
    """Cut the rows below the headings into chunks.

    Blank rows between others are rows; blank ones at the end are none.

    Raises:
        SourceError: A column without a heading holds values.
    """
    batch = _Batch(layout=layout, with_lines=with_lines)
    tables = TableCheck(layout.headings, layout.place)
    most = max(1, min(chunk_rows, _CHUNK_CELLS // max(1, len(layout.headings))))
    blank_lines = array("Q")
    for row in rows:
        if is_blank(row.cells) and not any(found.is_error for found in row.problems):
            blank_lines.append(row.line)
            continue
        tables.take(row, is_after_blank=bool(blank_lines))
        first_blank = row.number - len(blank_lines)
        for offset, line in enumerate(blank_lines):
            batch.add_blank(first_blank + offset, line)
            if len(batch.numbers) >= most:
                yield batch.take()
        del blank_lines[:]
        batch.add(row)
        if len(batch.numbers) >= most or batch.size > _CHUNK_CHARACTERS:
            yield batch.take()
    batch.prove_headed()
    if batch.numbers:
        yield batch.take()


@dataclass(slots=True, kw_only=True)
class _Batch:
    """Rows on their way into one chunk."""

    layout: Layout
    with_lines: bool
    numbers: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    rows: list[Sequence[str]] = field(default_factory=list, repr=False)
    problems: list[RowProblem] = field(default_factory=list)
    dates: dict[int, list[int]] = field(default_factory=dict)
    """Row numbers of such dates by column."""
    size: int = 0
    strays: list[tuple[int, int]] = field(default_factory=list)
    """Row number and column of the first value of each row behind the last heading."""
    _count: int = 0
    _blanks: tuple[int, ...] = ()
    _empty: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._blanks = self.layout.blanks
        self._empty = ("",) * len(self.layout.headings)

    def add_blank(self, number: int, line: int) -> None:
        """Take a row in which every cell is empty."""
        self.numbers.append(number)
        self.lines.append(line)
        self.rows.append(self._empty)

    def add(self, row: Row) -> None:
        """Take a row, at the width that the headings ask for."""
        self.numbers.append(row.number)
        self.lines.append(row.line)
        self._count += 1
        if row.problems:
            self.problems.extend(self._placed(row))
        self.size += row.size
        for column in row.dates:
            self.dates.setdefault(column, []).append(row.number)
        layout, cells = self.layout, row.cells
        if any(found.code in ASIDES for found in row.problems):
            cells = cells[: len(layout.headings)]
        elif len(cells) != layout.width or layout.width != layout.named:
            self._check_width(row)
        elif self._blanks:
            self._check_blanks(row)
        wanted = len(layout.headings)
        if len(cells) != wanted:
            cells = [*cells[:wanted], *self._empty[len(cells) :]]
        self.rows.append(cells)

    def take(self) -> Chunk:
        """Return what was taken so far as a chunk, and begin the next one."""
        import pandas as pd  # noqa: PLC0415 - half a second that a refused file need not wait

        columns = range(len(self.layout.headings))
        frame = pd.DataFrame(self.rows, index=self.numbers, columns=columns, dtype="str")
        lines = tuple(self.lines) if self.with_lines else None
        dates = {column: tuple(numbers) for column, numbers in self.dates.items()}
        problems = tuple(self.problems)
        chunk = Chunk(frame=frame, problems=problems, typed_dates=dates, lines=lines)
        self.dates = {}
        self.numbers, self.lines, self.rows, self.problems = [], [], [], []
        self.size = 0
        return chunk

    def prove_headed(self) -> None:
        """Check that values behind the last heading are slips, and no column of their own.

        Raises:
            SourceError: More than one row in ten has some there.
        """
        if len(self.strays) > max(1, self._count // _ROWS_A_SLIP):
            raise self._no_heading(*self.strays[0])

    def _placed(self, row: Row) -> Iterator[RowProblem]:
        """Yield the row's problems, none of them in a column that the frame has not."""
        layout = self.layout
        for found in row.problems:
            if found.column is None or found.column < len(layout.headings):
                yield found
            elif found.is_error:
                if len(row.cells) == layout.named:
                    self._note_stray(row.number, found.column)
                yield replace(found, column=None)

    def _no_heading(self, number: int, column: int) -> SourceError:
        at = f"row {number:,}, column {column_letter(column)}"
        return self.layout.place.refuse(ProblemCode.HEADING_BLANK, at=at)

    def _check_width(self, row: Row) -> None:
        found, width, named = len(row.cells), self.layout.width, self.layout.named
        if found == width:
            if is_blank(row.cells[named:]):
                self._check_blanks(row)
                return
            code, width = ProblemCode.ROW_TOO_WIDE, named
        else:
            wide = found > width
            code = ProblemCode.ROW_TOO_WIDE if wide else ProblemCode.ROW_TOO_NARROW
        hint = f"{found} cells instead of {width}"
        self.problems.append(RowProblem(row_number=row.number, code=code, hint=hint))

    def _check_blanks(self, row: Row) -> None:
        for column in self._blanks:
            if not row.cells[column].strip():
                continue
            if column < len(self.layout.headings):
                raise self._no_heading(row.number, column)
            self._note_stray(row.number, column)
            hint = f"a value in column {column_letter(column)}, which has no heading"
            code = ProblemCode.ROW_TOO_WIDE
            self.problems.append(RowProblem(row_number=row.number, code=code, hint=hint))
            return

    def _note_stray(self, number: int, column: int) -> None:
        if not self.strays or self.strays[-1][0] != number:
            self.strays.append((number, column))
