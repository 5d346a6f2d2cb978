"""The results of a run as they stand now: read where we wrote them, and never judged once edited.

People are told to type into their results, so a file that is not byte for byte one that we wrote
says nothing about us. Which ones we wrote, the ledger knows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from importer.errors import SettingsError, SourceError
from importer.reading import ReadOptions, open_table
from importer.reading.workbook import RESULTS_SHEET
from importer.results import digest_of
from importer.verify import Shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.ledger import History, RunRecord

_OURS = frozenset({"row_number", "booking_id", "row_key"})
"""Headings that hardly anybody else has."""
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, SourceError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsFound:
    """The rows of a run's results, or why they are not judged."""

    name: str = ""
    """The file's; "" when none is known to be this run's."""
    rows: Sequence[Shown] | None = None
    not_judged: str = ""
    """Completes a sentence; "" when they are judged, or there is nothing to say of them."""


def results_of(history: History, run: RunRecord, named: Path | None) -> ResultsFound:
    """Return what the results of a run show.

    A run of which the ledger knows no results, as one that was killed or whose ledger could not
    be written, is read whatever stands there: nobody can say that it was edited.

    Args:
        history: The ledger.
        run: Which run.
        named: Where its results are, when they are not where the run wrote them.

    Raises:
        SettingsError: What stands there is no results file of ours, or not a whole one.
    """
    place = named or _place_of(history, run)
    if place is None:
        return ResultsFound()
    digest = digest_of(place)
    if digest is None and named is None:
        again = f"`solv-import results {run.run_id}` writes them again"
        return ResultsFound(name=place.name, not_judged=f"{_named(place, run)}, is gone ({again})")
    is_as_written = digest is None or history.wrote(digest)
    is_noted = run.ended_at is not None or history.has_written(run.run_number)
    if is_as_written or not is_noted:
        return ResultsFound(name=place.name, rows=list(_shown(place)))
    _prove_ours(place)
    edited = f"{_named(place, run)}, edited since it was written"
    return ResultsFound(name=place.name, not_judged=edited)


def _named(place: Path, run: RunRecord) -> str:
    return f"{place.name}, the results of run {run.run_id}"


def _place_of(history: History, run: RunRecord) -> Path | None:
    """Return where the results of a run stand, unless a later run wrote its own there."""
    later = [one for one in history.runs() if one.run_number > run.run_number]
    if run.results_path is None or any(one.results_path == run.results_path for one in later):
        return None
    return Path(run.results_path)


def _shown(path: Path) -> Iterator[Shown]:
    """Yield the rows of a results file.

    Raises:
        SettingsError: It is gone, or is no results file of ours.
    """
    try:
        yield from _shown_lines(path) if _is_lines(path) else _shown_table(path)
    except _UNREADABLE as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> SettingsError:
    return SettingsError(
        f"{path.name} cannot be read as results ({type(error).__name__})",
        todo="write them again with `solv-import results RUN`, or name them with --results",
    )


def _is_lines(path: Path) -> bool:
    return path.suffix.lower() in {".jsonl", ".ndjson"}


def _shown_lines(path: Path) -> Iterator[Shown]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield Shown(
                row_number=row["row_number"], status=row["status"], booking_id=row["booking_id"]
            )


def _shown_table(path: Path) -> Iterator[Shown]:
    table = open_table(path, ReadOptions())
    # Ours stand last; a source may have a heading of the same name before them.
    columns = {heading: place for place, heading in enumerate(table.headings)}
    for chunk in table.chunks():
        numbers, words, ids = (
            chunk.frame[columns[heading]].tolist()
            for heading in ("row_number", "status", "booking_id")
        )
        for number, word, booking_id in zip(numbers, words, ids, strict=True):
            yield Shown(
                row_number=int(number),
                status=word,
                booking_id=int(booking_id) if booking_id else None,
            )


def _prove_ours(path: Path) -> None:
    """Raise unless an edited file opens, and was our results once: a heading of ours is there.

    A file that was cut short opens no more, and nobody edits results into that.

    Raises:
        SettingsError: It does not, or was not.
    """
    try:
        headings = _headings(path)
    except _UNREADABLE as error:
        raise _unreadable(path, error) from None
    if not headings & _OURS:
        raise _unreadable(path, KeyError())


def _headings(path: Path) -> set[str]:
    if _is_lines(path):
        with path.open(encoding="utf-8") as lines:
            return set(json.loads(next(lines, "{}")))
    try:
        return set(open_table(path, ReadOptions()).headings)
    except SourceError:
        # Some programs drop the property of the document by which its sheet is known.
        return set(open_table(path, ReadOptions(sheet=RESULTS_SHEET)).headings)
