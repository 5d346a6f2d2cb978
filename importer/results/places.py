"""Where results go: beside the source, and never over somebody's work."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from importer.errors import SettingsError
from importer.results.atomic import digest_of, fitting_name, prove_writable
from importer.results.write import results_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

# x.results.xlsx, x.results-2.xlsx, and what safe_target makes of them with a run id
_RESULTS_NAME = re.compile(
    r"(?P<base>.+)\.results(?:-(?P<number>[0-9]{1,6}))?"
    r"(?:\.[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9a-z]+(?:-[0-9]+)?)?\.(?:xlsx|csv)",
    re.IGNORECASE,
)


def default_results_path(source: Path) -> Path:
    """Return where the results of `source` go when nobody says otherwise.

    The whole name of the source is kept (`northside.csv.results.xlsx`), so that `a.csv` and
    `a.xlsx` in one folder do not share results. Results that are fed in again count up instead
    of growing: `a.csv.results.xlsx`, `a.csv.results-2.xlsx`, `a.csv.results-3.xlsx`.
    """
    earlier = _RESULTS_NAME.fullmatch(source.name)
    if earlier is None:
        return source.with_name(fitting_name(source.name, ".results.xlsx"))
    ending = f".results-{int(earlier['number'] or 1) + 1}.xlsx"
    return source.with_name(fitting_name(earlier["base"], ending))


def dated_results_path(folder: Path, source_name: str, written_at: datetime) -> Path:
    """Return where the results of a file go that comes under the same name night after night.

    Args:
        folder: Where results are kept.
        source_name: The file's name, with its ending.
        written_at: When the file was written, in the zone in which people read it.
    """
    return folder / fitting_name(f"{source_name}.{written_at:%Y-%m-%d-%H%M}", ".results.xlsx")


def prove_places(source: Path, results: Path, summary: Path | None) -> None:
    """Prove before the first request that results and summary can be written, and over nothing.

    Raises:
        SettingsError: They cannot, or two of the three are one file.
    """
    results_kind(results)
    prove_writable(results)
    if summary is None:
        return
    if summary.resolve() in (source.resolve(), results.resolve()):
        raise SettingsError(
            f"the summary would be written over {summary.name}",
            todo="name another file with --summary",
        )
    prove_writable(summary)


def prove_columns(results: Path, columns: int) -> None:
    """Prove before the first request that the results can hold the source's columns.

    Raises:
        SettingsError: A workbook was asked for, and has not as many.
    """
    results_kind(results, columns=columns)


def safe_target(path: Path, is_ours: Callable[[str], bool], run_id: str) -> Path:
    """Return `path`, or a name with the run id in it when what is there must stay.

    Args:
        path: Where the file should go.
        is_ours: Says of a SHA-256 whether that file is ours to replace.
        run_id: Goes into the name: `x.results.2026-11-22-7f3a.xlsx`, then `...-7f3a-2.xlsx`.

    Raises:
        SettingsError: The place holds a folder or a device, or may not be read.
    """
    return next(
        candidate for candidate in _candidates(path, run_id) if _is_free(candidate, is_ours)
    )


def _is_free(path: Path, is_ours: Callable[[str], bool]) -> bool:
    there = digest_of(path)
    return there is None or is_ours(there)


def _candidates(path: Path, run_id: str) -> Iterator[Path]:
    yield path
    yield path.with_name(f"{path.stem}.{run_id}{path.suffix}")
    for number in itertools.count(2):
        yield path.with_name(f"{path.stem}.{run_id}-{number}{path.suffix}")
