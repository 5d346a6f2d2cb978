"""CSV: text to rows of exactly the width that the headings promise."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING

from importer.errors import SettingsError
from importer.formulas import looks_like_formula, marked, unmarked
from importer.our_columns import our_columns
from importer.problems import FileProblem, ProblemCode, RowProblem
from importer.reading.asides import AsideCheck, aside_check
from importer.reading.characters import error_values, inspect, is_blank
from importer.reading.csv_copy import BytesCopy, edited_record
from importer.reading.decoding import survey, text_of
from importer.reading.delimiters import CANDIDATES, Dialect, named_delimiter, prove_dialect
from importer.reading.groups_above import others_above
from importer.reading.heading_row import SAMPLE_ROWS, checked_header_row, trimmed_headings
from importer.reading.records import Lines, Record, records
from importer.reading.rows import Layout, Row, chunks_of
from importer.reading.table import Chunk, ReadOptions, Table
from importer.sheet_limits import CELL_LIMIT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from importer.reading.decoding import Survey
    from importer.reading.edits import Edit, Edits
    from importer.reading.source import Source
    from importer.reading.table import Place

_SEP_LINE = re.compile(r'\A"?sep=(.)"?[\r\n]*\Z', re.IGNORECASE)
_LINE_END = re.compile("\r\n|\r|\n")
_SAMPLE_CHARACTERS = 2_000_000
_SUSPICIOUS_WIDTH = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _CsvSource:
    """A CSV file that was surveyed, and how its text becomes cells."""

    source: Source
    found: Survey
    has_sep_line: bool
    dialect: Dialect = field(repr=False)
    aside_of: AsideCheck = field(repr=False)
    options: ReadOptions
    is_ours: bool
    """Whether these are results of ours, in which an apostrophe stands before formulas."""

    def table(self) -> Table:
        """Return the table that the rest of the importer sees."""
        return Table(
            kind="csv",
            sheet=None,
            headings=trimmed_headings(self.dialect.headings),
            warnings=(*self.source.warnings, *self._warnings()),
            is_results=False,
            read=self.chunks,
            copy=self.copy if self.source.plain is None else None,
            of_others=others_above(self.dialect.above, self.dialect.headings),
            detected_encoding=self.found.codec if self.found.is_detected else "",
        )

    def copy(self, edits: Edits, out: IO[bytes]) -> Counter[ProblemCode]:
        """Write the file again with its edits made; return how many were, by problem.

        Everything else stays as it is, to the byte.
        """
        made: Counter[ProblemCode] = Counter()
        with self.source.open() as plain, _lines_of(self.source, self.found) as lines:
            out.write(plain.read(self.found.start))
            copied = BytesCopy(plain=plain, out=out, codec=self.found.codec)
            for raw, edited, done in self._edited(lines, edits, copied):
                if copied.write(raw, edited):
                    made.update(edit.code for edit in done)
            shutil.copyfileobj(plain, out)
        return made

    def _edited(
        self, lines: Lines, edits: Edits, copied: BytesCopy
    ) -> Iterator[tuple[str, str, list[Edit]]]:
        """Yield each record as it is and as it shall be, and the edits that this takes."""
        if self.has_sep_line:
            first = next(lines)
            yield first, first, []
        for record in records(lines, self.dialect.delimiter, self.source.place):
            raw, wanted = "".join(lines.record), edits.of_row(record.number)
            safe = filter(None, map(self._safe, wanted.values()))
            fitting = [edit for edit in safe if copied.can_hold(edit.after)]
            if not fitting or record.problems:
                yield raw, raw, []
            else:
                yield raw, *edited_record(raw, record.cells, fitting, self.dialect.delimiter)

    def _safe(self, edit: Edit) -> Edit | None:
        """Return an edit as text that no spreadsheet runs, None where that cannot be."""
        if self.is_ours:
            return edit._replace(before=marked(edit.before), after=marked(edit.after))
        return None if looks_like_formula(edit.after) else edit

    def chunks(
        self, _text_columns: Collection[int], _date_columns: Collection[int]
    ) -> Iterator[Chunk]:
        """Yield the rows below the headings; every cell is text."""
        layout = Layout(
            place=self.source.place,
            headings=trimmed_headings(self.dialect.headings),
            named=len(self.dialect.headings),
            width=self.dialect.width,
        )
        chunk_rows = self.options.chunk_rows
        return chunks_of(self._rows(), layout, chunk_rows=chunk_rows, with_lines=True)

    def _rows(self) -> Iterator[Row]:
        header_row = self.options.header_row
        with _lines_of(self.source, self.found) as lines:
            if self.has_sep_line:
                next(lines)
            for record in records(lines, self.dialect.delimiter, self.source.place):
                number, line, cells, size, line_count, problems = record
                if number <= header_row:
                    continue
                if self.is_ours:
                    cells = list(map(unmarked, cells))
                if self.found.has_odd or size > CELL_LIMIT:
                    cells, odd = inspect(number, cells)
                    problems += self._with_offset(odd, record)
                if "#" in "".join(cells):
                    problems += error_values(number, cells)
                if line_count > 1 and not problems:
                    problems = _swallowed(record, self.dialect)
                if aside := self.aside_of(cells):
                    problems = _aside(number, aside)
                yield Row(number, line, cells, size, problems)

    def _with_offset(self, found: tuple[RowProblem, ...], record: Record) -> tuple[RowProblem, ...]:
        """Return the problems with where in the file the first byte is that is no text."""
        offset = self.found.undecoded.first_in(record.line, record.line_count) if found else None
        if offset is None:
            return found
        hint = f"byte {offset + 1:,} of the file"
        code = ProblemCode.CELL_NOT_DECODABLE
        return tuple(replace(one, hint=hint) if one.code is code else one for one in found)

    def _warnings(self) -> Iterator[FileProblem]:
        place, found = str(self.source.place), self.found
        if found.is_detected:
            hint = f"({found.codec}, first on line {found.undecoded.lines[0]:,})"
            code = ProblemCode.ENCODING_DETECTED
            yield FileProblem(code=code, place=place, hint=hint)
        if found.has_end_mark:
            yield FileProblem(code=ProblemCode.END_OF_FILE_MARK, place=place)


def _aside(number: int, code: ProblemCode) -> tuple[RowProblem, ...]:
    """Return what is wrong with a row that nobody meant to book: nothing else counts."""
    return (RowProblem(row_number=number, code=code),)


def open_csv(source: Source, options: ReadOptions) -> Table:
    """Survey a CSV file and return its table.

    Raises:
        SourceError: Its encoding, its delimiter or its headings are not clear.
        SettingsError: The delimiter or the heading row asked for cannot be.
    """
    header_row = checked_header_row(options.header_row)
    with source.open() as file:
        found = survey(file, source.place, options.encoding)
    sample, is_whole = _sample(source, found, lines=header_row + SAMPLE_ROWS)
    sep = _SEP_LINE.match(sample[0]) if sample else None
    if sep:
        del sample[0]
    if is_whole and is_blank(sample):
        raise source.place.refuse(ProblemCode.SOURCE_EMPTY)
    candidates = CANDIDATES if sep is None else (_delimiter_of(sep[1], source.place),)
    if options.delimiter is not None:
        candidates = (named_delimiter(options.delimiter),)
    dialect = prove_dialect(sample, candidates, header_row, source.place)
    is_ours = bool(our_columns(dialect.headings))
    if is_ours:
        dialect = replace(dialect, headings=tuple(map(unmarked, dialect.headings)))
    return _CsvSource(
        source=source,
        found=found,
        has_sep_line=sep is not None,
        dialect=dialect,
        aside_of=aside_check(
            dialect.headings if header_row else (), dialect.sample, len(dialect.headings)
        ),
        options=options,
        is_ours=is_ours,
    ).table()


def _delimiter_of(text: str, place: Place) -> str:
    """Return the delimiter that the file's own first line names.

    Raises:
        SourceError: It cannot part cells.
    """
    try:
        return named_delimiter(text)
    except SettingsError:
        sentence = "Its first line, sep=, names a character that cannot part cells."
        raise place.refuse(ProblemCode.DELIMITER_UNCLEAR, sentence, at="line 1") from None


@contextmanager
def _lines_of(source: Source, found: Survey) -> Iterator[Lines]:
    with source.open() as file, text_of(file, found) as text:
        yield Lines(text.readline, source.place)


def _sample(source: Source, found: Survey, *, lines: int) -> tuple[list[str], bool]:
    """Return the first lines, and whether they are all."""
    sample: list[str] = []
    characters = 0
    with _lines_of(source, found) as text:
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
