"""Which character parts the cells: one that gives the headings and the rows below one width."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from importer.errors import SettingsError, SourceError
from importer.model import DELIMITER_NAMES
from importer.problems import ProblemCode
from importer.reading.characters import is_blank
from importer.reading.heading_row import SAMPLE_ROWS, lettered_headings, prove_headings
from importer.reading.records import Lines, records

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.reading.records import Record
    from importer.reading.table import Place

CANDIDATES = (",", ";", "\t", "|")
_HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How the text of one file becomes cells."""

    delimiter: str
    headings: tuple[str, ...] = field(repr=False)
    """The cells of the heading row, as they stand."""
    above: tuple[tuple[int, Sequence[str]], ...] = field(repr=False)
    """The rows above it, with their numbers."""
    width: int
    """How many cells each row must have."""
    sample: tuple[Sequence[str], ...] = field(repr=False)
    """The first rows below the headings that are not blank."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """What one candidate makes of the sample."""

    delimiter: str
    headings: tuple[str, ...] = field(repr=False)
    above: tuple[tuple[int, Sequence[str]], ...] = field(repr=False)
    rows: tuple[tuple[int, list[str]], ...] = field(repr=False)

    @property
    def width(self) -> int:
        """Return how many cells each row should have.

        A delimiter at the end of every row but not of the headings is one more, empty cell.
        """
        named = len(self.headings)
        wider = named > 1 and self.rows
        if wider and all(len(row) == named + 1 and not row[-1] for _, row in self.rows):
            return named + 1
        return named

    @property
    def share(self) -> float:
        """Return which part of the rows has that width."""
        fitting = sum(1 for _, row in self.rows if len(row) == self.width)
        return fitting / len(self.rows) if self.rows else 1.0

    @property
    def evenness(self) -> tuple[float, int]:
        """Return which part of the rows share one width of several cells, and that width."""
        widths = Counter(len(row) for _, row in self.rows if len(row) > 1)
        width, count = next(iter(widths.most_common(1)), (1, 0))
        return count / max(1, len(self.rows)), width


def named_delimiter(text: str) -> str:
    """Return the character that the person named.

    Raises:
        SettingsError: It cannot part cells.
    """
    delimiter = DELIMITER_NAMES.get(text.lower(), text)
    if len(delimiter) != 1 or delimiter in '"\r\n ' or delimiter.isalnum():
        raise SettingsError(
            "The delimiter must be one character, such as a comma or a tab.",
            todo="Give --delimiter ';' or --delimiter tab.",
        )
    return delimiter


def prove_dialect(
    sample: Sequence[str], candidates: Sequence[str], header_row: int, place: Place
) -> Dialect:
    """Return the dialect of the one candidate that fits the sample.

    Args:
        sample: The first lines of the text.
        candidates: The delimiters to choose from.
        header_row: The number of the heading row.
        place: The file.

    Raises:
        SourceError: None fits, more than one does, or the headings are not where they should be.
    """
    trials = [_try(sample, candidate, header_row, place) for candidate in candidates]
    trial = _best(trials, place)
    broken = [other for other in trials if not other.headings]
    if broken and len(trial.headings) <= 1:
        # One that fits does not read as far as the headings: say where the text is broken.
        deque(_records(sample, broken[0].delimiter, place), maxlen=0)
    rows = trial.rows if len(trial.headings) > 1 else max(trials, key=lambda t: t.evenness).rows
    if header_row:
        prove_headings(trial.headings, header_row, rows, place)
    return Dialect(
        delimiter=trial.delimiter,
        headings=trial.headings,
        above=trial.above,
        width=trial.width,
        sample=tuple(cells for _, cells in trial.rows),
    )


def _best(trials: Sequence[_Trial], place: Place) -> _Trial:
    splitting = [trial for trial in trials if len(trial.headings) > 1]
    if len(splitting) <= 1:
        return next(iter(splitting), trials[0])
    fitting = [trial for trial in splitting if trial.share == 1.0]
    if len(fitting) != 1:
        fitting = [trial for trial in splitting if trial.share > _HALF]
    if len(fitting) != 1:
        raise place.refuse(ProblemCode.DELIMITER_UNCLEAR)
    return fitting[0]


def _try(sample: Sequence[str], delimiter: str, header_row: int, place: Place) -> _Trial:
    found = _until_broken(_records(sample, delimiter, place))
    above = tuple((row.number, row.cells) for row in islice(found, max(0, header_row - 1)))
    heading = next(found, None) if header_row else None
    filled = ((row.number, row.cells) for row in found if not is_blank(row.cells))
    rows = tuple(islice(filled, SAMPLE_ROWS))
    headings = tuple(heading.cells) if heading else ()
    if not header_row:
        widths = Counter(len(cells) for _, cells in rows)
        headings = lettered_headings(max(widths, key=lambda w: (widths[w], w), default=0))
    return _Trial(delimiter=delimiter, headings=headings, above=above, rows=rows)


def _records(sample: Sequence[str], delimiter: str, place: Place) -> Iterator[Record]:
    text = iter(sample)
    return records(Lines(lambda _: next(text, ""), place), delimiter, place)


def _until_broken(found: Iterator[Record]) -> Iterator[Record]:
    """Yield records up to one that this delimiter, or the end of the sample, breaks."""
    try:
        yield from found
    except SourceError:
        return
