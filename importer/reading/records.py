"""Lines of text to CSV records, each with the line on which it begins."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, NamedTuple

from importer.problems import ProblemCode, RowProblem
from importer.reading.quotes import split_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.errors import SourceError
    from importer.reading.table import Place

RECORD_LIMIT = 10_000_000
"""The most characters of one record; a broken file must not fill the memory."""
_MOST_CLOSINGS = 100


class Record(NamedTuple):
    """One record, numbered as a spreadsheet shows its rows."""

    number: int
    line: int
    cells: list[str]
    size: int
    line_count: int
    problems: tuple[RowProblem, ...]


class Lines:
    """The physical lines of a text, and those of the record that is being read."""

    def __init__(self, readline: Callable[[int], str], place: Place) -> None:
        """Read from `readline`, which returns "" at the end of the text."""
        self._readline = readline
        self._place = place
        self.number = 0
        self.record: list[str] = []
        self.size = 0

    def __iter__(self) -> Lines:
        """Return itself: the lines can be read once."""
        return self

    def __next__(self) -> str:
        """Return the next line with its end.

        Raises:
            SourceError: The line or its record is longer than any real one.
        """
        line = self._readline(RECORD_LIMIT + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self.record.append(line)
        self.size += len(line)
        if self.size > RECORD_LIMIT:
            raise self._too_long()
        return line

    def begin(self) -> int:
        """Forget the last record; return the line on which the next one begins."""
        self.record.clear()
        self.size = 0
        return self.number + 1

    def _too_long(self) -> SourceError:
        if len(self.record) > 1:
            return self._place.refuse(
                ProblemCode.QUOTE_NOT_CLOSED, at=f"line {self.number - len(self.record) + 1:,}"
            )
        return self._place.refuse(
            ProblemCode.SOURCE_TOO_LARGE,
            f"The line has more than {RECORD_LIMIT:,} characters.",
            at=f"line {self.number:,}",
        )


def records(lines: Lines, delimiter: str, place: Place) -> Iterator[Record]:
    """Yield every record, blank ones included, in the order of the text.

    Raises:
        SourceError: A quotation mark is never closed, or closed where that cannot be.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 0
    while True:
        first_line = lines.begin()
        number += 1
        problems: tuple[RowProblem, ...] = ()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            cells, problems = _mended(lines, delimiter, number, place)
        else:
            if '"' in lines.record[0] and '"' in "".join(cells):
                problems = _strays(lines, delimiter, number)
        yield Record(number, first_line, cells, lines.size, len(lines.record), problems)


def _mended(
    lines: Lines, delimiter: str, number: int, place: Place
) -> tuple[list[str], tuple[RowProblem, ...]]:
    """Take apart what the csv module refused, if its end is certain.

    A stray mark on one line spoils one row. One that spans lines may have swallowed rows,
    so the file is refused.
    """
    first_line = lines.number - len(lines.record) + 1
    text = "".join(lines.record)
    found = split_record(text, delimiter)
    for _ in range(_MOST_CLOSINGS):
        if found.open_at is None or not _read_to_next_mark(lines):
            break
        text = "".join(lines.record)
        found = split_record(text, delimiter)
    broken_at = found.open_at if found.open_at is not None else found.stray_at
    if found.open_at is not None or (found.strays and len(lines.record) > 1):
        line = first_line + _line_ends(text[: broken_at or 0])
        raise place.refuse(ProblemCode.QUOTE_NOT_CLOSED, at=f"line {line:,}")
    return list(found.cells), _stray_problems(number, found.strays)


def _read_to_next_mark(lines: Lines) -> bool:
    """Add lines to the record up to one that may close it; return whether there was one."""
    return any(line.count('"') % 2 for line in lines)


def _strays(lines: Lines, delimiter: str, number: int) -> tuple[RowProblem, ...]:
    found = split_record("".join(lines.record), delimiter)
    return _stray_problems(number, found.strays)


def _stray_problems(number: int, columns: tuple[int, ...]) -> tuple[RowProblem, ...]:
    code = ProblemCode.STRAY_QUOTE
    return tuple(RowProblem(row_number=number, code=code, column=column) for column in columns)


def _line_ends(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")
