"""CSV: text in UTF-8 to rows of exactly the width that the headings promise."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from importer.problems import FileProblem, ProblemCode, RowProblem
from importer.reading.characters import CELL_LIMIT, inspect, is_blank
from importer.reading.csv_copy import edited_record
from importer.reading.decoding import survey, text_of
from importer.reading.delimiters import CANDIDATES, Dialect, named_delimiter, prove_dialect
from importer.reading.files import opened
from importer.reading.headings import SAMPLE_ROWS, checked_header_row, trimmed_headings
from importer.reading.records import Lines, Record, records
from importer.reading.rows import Layout, Row, chunks_of
from importer.reading.table import Chunk, Place, ReadOptions, Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importer.reading.decoding import Survey
    from importer.reading.edits import Edit, Edits

_SEP_LINE = re.compile(r'\A"?sep=(.)"?[\r\n]*\Z', re.IGNORECASE)
_LINE_END = re.compile("\r\n|\r|\n")
_SAMPLE_CHARACTERS = 2_000_000
_SUSPICIOUS_WIDTH = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _CsvSource:
    """A CSV file that was surveyed, and how its text becomes cells."""

    path: Path
    place: Place
    found: Survey
    has_sep_line: bool
    dialect: Dialect = field(repr=False)
    options: ReadOptions

    def table(self) -> Table:
        """Return the table that the rest of the importer sees."""
        warnings = (FileProblem(code=ProblemCode.END_OF_FILE_MARK, place=str(self.place)),)
        return Table(
            kind="csv",
            sheet=None,
            headings=trimmed_headings(self.dialect.headings),
            warnings=warnings if self.found.has_end_mark else (),
            is_results=False,
            read=self.chunks,
            copy=self.copy,
        )

    def copy(self, edits: Edits, out: IO[bytes]) -> Counter[ProblemCode]:
        """Write the file again with its edits made; return how many were, by problem.

        Everything else stays as it is, to the byte.
        """
        made: Counter[ProblemCode] = Counter()
        with opened(self.path, self.place) as source:
            out.write(source.read(self.found.start))
            with text_of(source, self.found) as text:
                for raw, done in self._copied(Lines(text.readline, self.place), edits):
                    out.write(raw.encode(text.encoding, text.errors or "strict"))
                    made.update(edit.code for edit in done)
            source.seek(self.found.end)
            shutil.copyfileobj(source, out)
        return made

    def _copied(self, lines: Lines, edits: Edits) -> Iterator[tuple[str, list[Edit]]]:
        """Yield the text of each record, and the edits that were made in it."""
        if self.has_sep_line:
            yield next(lines), []
        for record in records(lines, self.dialect.delimiter, self.place):
            raw, wanted = "".join(lines.record), edits.of_row(record.number)
            if not wanted or record.problems:
                yield raw, []
            else:
                yield edited_record(raw, record.cells, wanted.values(), self.dialect.delimiter)

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows below the headings."""
        layout = Layout(
            place=self.place,
            headings=trimmed_headings(self.dialect.headings),
            named=len(self.dialect.headings),
            width=self.dialect.width,
        )
        chunk_rows = self.options.chunk_rows
        return chunks_of(self._rows(), layout, chunk_rows=chunk_rows, with_lines=True)

    def _rows(self) -> Iterator[Row]:
        header_row, headings = self.options.header_row, list(self.dialect.headings)
        with _lines_of(self.path, self.place, self.found) as lines:
            if self.has_sep_line:
                next(lines)
            for record in records(lines, self.dialect.delimiter, self.place):
                number, line, cells, size, line_count, problems = record
                if number <= header_row:
                    continue
                if self.found.has_odd or size > CELL_LIMIT:
                    cells, odd = inspect(number, cells)
                    problems += odd
                if line_count > 1 and not problems:
                    problems = _swallowed(record, self.dialect)
                if cells == headings:
                    again = RowProblem(row_number=number, code=ProblemCode.HEADER_REPEATED)
                    problems += (again,)
                yield Row(number, line, cells, size, problems)


def open_csv(path: Path, options: ReadOptions, place: Place) -> Table:
    """Survey a CSV file and return its table.

    Raises:
        SourceError: Its encoding, its delimiter or its headings are not clear.
        SettingsError: The delimiter or the heading row asked for cannot be.
    """
    header_row = checked_header_row(options.header_row)
    with opened(path, place) as source:
        found = survey(source, place)
    sample, is_whole = _sample(path, place, found, lines=header_row + SAMPLE_ROWS)
    sep = _SEP_LINE.match(sample[0]) if sample else None
    if sep:
        del sample[0]
    if is_whole and is_blank(sample):
        raise place.refuse(ProblemCode.SOURCE_EMPTY)
    candidates = CANDIDATES if sep is None else (named_delimiter(sep[1]),)
    if options.delimiter is not None:
        candidates = (named_delimiter(options.delimiter),)
    return _CsvSource(
        path=path,
        place=place,
        found=found,
        has_sep_line=sep is not None,
        dialect=prove_dialect(sample, candidates, header_row, place),
        options=options,
    ).table()


@contextmanager
def _lines_of(path: Path, place: Place, found: Survey) -> Iterator[Lines]:
    with opened(path, place) as source, text_of(source, found) as text:
        yield Lines(text.readline, place)


def _sample(path: Path, place: Place, found: Survey, *, lines: int) -> tuple[list[str], bool]:
    """Return the first lines, and whether they are all."""
    sample: list[str] = []
    characters = 0
    with _lines_of(path, place, found) as text:
        for line in text:
            text.begin()
            sample.append(line)
            characters += len(line)
            if len(sample) >= lines or characters > _SAMPLE_CHARACTERS:
                return sample, False
    return sample, True


def _swallowed(record: Record, dialect: Dialect) -> tuple[RowProblem, ...]:
    """Return a problem where a cell of several lines holds one that looks like a whole row.

    A mark left out swallows rows without changing the width; nothing else would tell.
    """
    if dialect.width < _SUSPICIOUS_WIDTH:
        return ()
    for column, cell in enumerate(record.cells):
        inner = _LINE_END.split(cell)[1:]
        if any(line.count(dialect.delimiter) >= dialect.width - 1 for line in inner):
            hint = f"the cell holds {len(inner) + 1:,} lines, one of which looks like a row"
            code = ProblemCode.STRAY_QUOTE
            return (RowProblem(row_number=record.number, code=code, column=column, hint=hint),)
    return ()
