"""The results of a run as a file; its suffix says of which kind."""

from __future__ import annotations

from enum import Enum
from typing import IO, TYPE_CHECKING, assert_never

from importer.errors import SettingsError
from importer.our_columns import OUR_HEADINGS
from importer.results.atomic import write_atomically
from importer.results.csv_file import write_csv
from importer.results.jsonl_file import write_jsonl
from importer.results.workbook import write_workbook
from importer.sheet_limits import COLUMN_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from importer.results.model import ErrorKind, ResultRow, Summary


class ResultsKind(Enum):
    """The kinds of results files."""

    WORKBOOK = "workbook"
    CSV = "csv"
    JSON_LINES = "json lines"


_KINDS = {
    ".xlsx": ResultsKind.WORKBOOK,
    ".csv": ResultsKind.CSV,
    ".jsonl": ResultsKind.JSON_LINES,
    ".ndjson": ResultsKind.JSON_LINES,
}


def results_kind(path: Path, *, columns: int = 0) -> ResultsKind:
    """Return what kind of results file `path` names.

    Args:
        path: Where the results are to go.
        columns: How many columns the source has.

    Raises:
        SettingsError: The suffix is none of ours, or a workbook cannot hold as many columns.
    """
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise SettingsError(
            f"Results cannot be written as '{path.suffix}'.",
            todo="Name a file that ends in .xlsx, .csv or .jsonl with --results.",
        )
    if kind is ResultsKind.WORKBOOK and columns + len(OUR_HEADINGS) > COLUMN_LIMIT:
        raise SettingsError(
            f"A workbook holds {COLUMN_LIMIT:,} columns; the source has {columns:,} and the "
            f"results add {len(OUR_HEADINGS)}.",
            todo=f"Write them as CSV: --results {path.with_suffix('.csv').name}",
        )
    return kind


def write_results(  # noqa: PLR0913 - what results are made of, once
    path: Path,
    *,
    headings: Sequence[str],
    rows: Iterator[ResultRow],
    summary: Summary,
    errors: Sequence[ErrorKind],
    work_dir: Path,
    before_replace: Callable[[str], None] | None = None,
) -> str:
    """Write the results in one step and in bounded memory.

    Args:
        path: Where they go; the suffix says of which kind.
        headings: The source's, without result columns of an earlier run.
        rows: Every row of the source once, in its order; each with a cell for each heading.
        summary: The run's totals.
        errors: One line each in the workbook.
        work_dir: A folder that nobody else can read; a workbook's rows wait there.
        before_replace: Is told the SHA-256 before the file stands at `path`.

    Returns:
        The SHA-256 of what was written.

    Raises:
        SettingsError: The suffix is none of ours, or the place cannot be written.
    """
    kind = results_kind(path, columns=len(headings))

    def write(file: IO[bytes]) -> None:
        match kind:
            case ResultsKind.CSV:
                write_csv(file, headings, rows)
            case ResultsKind.JSON_LINES:
                write_jsonl(file, headings, rows)
            case ResultsKind.WORKBOOK:
                write_workbook(
                    file,
                    headings=headings,
                    rows=rows,
                    summary=summary,
                    errors=errors,
                    work_dir=work_dir,
                )
            case _:
                assert_never(kind)

    return write_atomically(path, write, before_replace)
