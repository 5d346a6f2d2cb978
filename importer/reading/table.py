"""What reading hands on: headings, and the rows in frames of text with their row numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from importer.errors import SourceError

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Collection, Iterator, Mapping

    import pandas as pd

    from importer.problems import FileProblem, ProblemCode, RowProblem
    from importer.reading.edits import Edits

CHUNK_ROWS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How the person asked the source to be read."""

    sheet: str | None = None
    delimiter: str | None = None
    header_row: int = 1
    """0 where there are no headings; columns are then called by their letters."""
    encoding: str | None = None
    """Of text, as Python spells it; None lets the bytes say."""
    password: str | None = field(default=None, repr=False)
    """Of an encrypted workbook."""
    chunk_rows: int = CHUNK_ROWS
    name: str | None = None
    """The file's name as people know it, where a private copy is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some rows of the source, as text, with what reading itself found wrong.

    Shape:
        Index = row number as the spreadsheet shows it; columns = 0 up to the number of
        headings; all text, "" for an empty cell, never missing.
    """

    frame: pd.DataFrame = field(repr=False)
    problems: tuple[RowProblem, ...]
    typed_dates: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """The rows by column whose cell is a date of the workbook's own, where that was asked."""
    lines: tuple[int, ...] | None
    """The text line on which each row begins; None for a workbook."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The one table of a source; a heading may be a patient where a file has no headings."""

    kind: str
    sheet: str | None
    headings: tuple[str, ...] = field(repr=False)
    warnings: tuple[FileProblem, ...]
    is_results: bool
    """Whether the workbook says that it is one of our results."""
    read: Callable[[Collection[int], Collection[int]], Iterator[Chunk]] = field(repr=False)
    copy: Callable[[Edits, IO[bytes]], Counter[ProblemCode]] | None = field(
        default=None, repr=False
    )
    """Writes the source again with some cells changed; None for a kind that cannot be."""
    is_template: bool = False
    """Whether the workbook says that it was made from our template."""
    of_others: Mapping[int, str] = field(default_factory=dict)
    """Columns over which a line above the headings names somebody else, and its word for them."""
    hidden_columns: frozenset[int] = frozenset()
    """Columns that people do not see on the sheet."""
    detected_encoding: str = ""
    """Of a text that is not UTF-8 and whose encoding nobody named."""

    def chunks(
        self, *, text_columns: Collection[int] = (), date_columns: Collection[int] = ()
    ) -> Iterator[Chunk]:
        """Yield the rows below the headings, from the first one each time it is called.

        Args:
            text_columns: Where text must stand; a typed cell of a workbook is a problem there.
            date_columns: Where a workbook's own dates shall be told from texts.

        Raises:
            SourceError: Something further down makes the whole file unusable.
        """
        return self.read(text_columns, date_columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in a source something is, in the words of a message."""

    file: str
    sheet: str | None = None

    def __str__(self) -> str:
        """Return the words in front of a sentence."""
        return self.file if self.sheet is None else f"{self.file}, sheet {self.sheet!r}"

    def refuse(
        self, code: ProblemCode, sentence: str = "", *, at: str = "", todo: str = ""
    ) -> SourceError:
        """Return the error that refuses the file for `code`.

        Args:
            code: The problem, whose own sentence and fix are used where none is given.
            sentence: What is wrong, in words for this case, without any cell's value.
            at: Row, line or column, such as `line 7`.
            todo: What to do next.
        """
        where = f"{self}, {at}" if at else str(self)
        message = f"{where}: {sentence or code.sentence}"
        return SourceError(message, todo=todo or code.fix, code=code.code)
