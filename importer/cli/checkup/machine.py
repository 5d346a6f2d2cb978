"""What this machine gives: versions, packages, a private folder, a disk with room."""

from __future__ import annotations

import platform
import shutil
import sqlite3
import stat
import tempfile
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from importer import __version__
from importer.cli.checkup.finding import Finding, Health, warning, wrong
from importer.cli.terminal import counted
from importer.errors import ExitCode, LedgerError
from importer.ledger.disk import MOUNTS, disk_kind, is_network_disk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.settings import Settings

_LIBRARIES = ("pandas", "pandera", "httpx", "sqlalchemy", "openpyxl", "python-calamine", "apprise")
_TWO_WRITERS = ((3, 7, 0), (3, 51, 2))
"""These versions of SQLite can corrupt a log that two connections write."""
_MB = 1_000_000
_LEAST_ROOM = 100 * _MB
_STATE_SHARE, _STATE_BASE = 20, 10 * _MB
"""What a run needs in the state folder: its copy, its requests, ledger and log, by measurement."""
_RESULTS_SHARE, _RESULTS_BASE = 2, _MB


def versions() -> Iterator[Finding]:
    """Yield who we are and what we run on."""
    told = [
        f"solv-import {__version__}",
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}{_sqlite_note()}",
        *(f"{name} {_version_of(name)}" for name in _LIBRARIES),
    ]
    yield Finding(what="versions", detail=", ".join(told))


def _sqlite_note() -> str:
    first, last = _TWO_WRITERS
    is_old = first <= sqlite3.sqlite_version_info <= last
    return " (safe with one writer, as the lock has it)" if is_old else ""


def _version_of(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def packages() -> Iterator[Finding]:
    """Yield whether `importer` and `schemas` are ours: both names are easily taken."""
    roots = {name: _root_of(name) for name in ("importer", "schemas")}
    if len(set(roots.values())) == 1:
        yield Finding(what="packages", detail=f"importer and schemas from {roots['importer']}")
        return
    yield Finding(
        what="packages",
        health=Health.WRONG,
        detail="; ".join(f"{name} from {root or 'nowhere'}" for name, root in roots.items()),
        todo="Another package has this name: use a virtual environment of its own, and unset "
        "PYTHONPATH.",
        exit_code=ExitCode.USAGE,
    )


def _root_of(name: str) -> Path | None:
    spec = find_spec(name)
    return Path(spec.origin).parents[1] if spec is not None and spec.origin else None


def private_folder(folder: Path) -> Iterator[Finding]:
    """Yield whether the folder of ledgers and keys can be written, and by nobody else."""
    _prove_writable(folder)
    if not folder.is_dir():
        yield Finding(what="state", detail=f"{folder} (the first run makes it)")
        return
    open_to_others = [path for path in (folder, *sorted(folder.rglob("*"))) if _is_open(path)]
    if not open_to_others:
        yield Finding(what="state", detail=f"{folder}, private and writable")
        return
    more = f", and {counted(len(open_to_others) - 1, 'more')}" if open_to_others[1:] else ""
    yield warning(
        "state", f"{open_to_others[0]}{more} may be read by others", f"Run: chmod -R go= {folder}"
    )


def _prove_writable(folder: Path) -> None:
    """Write to the folder, or to the one that it will stand in, and leave nothing there."""
    with tempfile.TemporaryFile(dir=existing(folder)) as probe:
        probe.write(b"\n")
        probe.flush()


def existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that is there."""
    return next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())


def _is_open(path: Path) -> bool:
    if path.is_symlink():
        return False
    return bool(stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO))


def network_disk(folder: Path, mounts: Path = MOUNTS) -> Iterator[Finding]:
    """Yield that the folder is on a disk whose locks and syncs cannot be trusted."""
    kind = disk_kind(folder, mounts)
    if is_network_disk(kind):
        error = LedgerError(
            f"the state folder {folder} is on a network disk ({kind})",
            todo="Name a folder on a local disk with SOLV_IMPORT_STATE_DIR.",
        )
        yield wrong("state", error)


def room(settings: Settings, named: Sequence[str]) -> Iterator[Finding]:
    """Yield whether the disks have room: for the files that are planned, or for an ordinary run."""
    sizes = [path.stat().st_size for path in files_in(named)]
    wanted = {settings.state_dir: _wanted(sizes, _STATE_SHARE, _STATE_BASE)}
    for folder in results_folders(settings, files_in(named)) if sizes else ():
        wanted[folder] = _wanted(sizes, _RESULTS_SHARE, _RESULTS_BASE)
    by_disk: dict[int, tuple[Path, int]] = {}
    for folder, size in wanted.items():
        disk = existing(folder).stat().st_dev
        place, so_far = by_disk.get(disk, (folder, 0))
        by_disk[disk] = (place, so_far + size)
    for place, size in by_disk.values():
        yield _room_at(place, size if sizes else _LEAST_ROOM, planned=len(sizes))


def _wanted(sizes: list[int], share: int, base: int) -> int:
    """Return bytes: the files come one after the other, and each leaves its rows behind."""
    return sum(sizes) * share + base


def results_folders(settings: Settings, files: Sequence[Path]) -> list[Path]:
    """Return the folders that the results of these files will lie in."""
    results = settings.results
    if results is not None:
        return [results if results.is_dir() else results.parent]
    return sorted({path.parent for path in files})


def _room_at(place: Path, size: int, *, planned: int) -> Finding:
    free = shutil.disk_usage(existing(place)).free
    wanted = f"{counted(planned, 'file')} will need" if planned else "a run should have"
    detail = f"{place}: {free // _MB:,} MB free; {wanted} about {-(-size // _MB):,} MB"
    if free >= size:
        return Finding(what="disk", detail=detail)
    return Finding(
        what="disk",
        health=Health.WRONG,
        detail=detail,
        todo="Make room there, or name another state folder with SOLV_IMPORT_STATE_DIR, other "
        "results with --results.",
        exit_code=ExitCode.USAGE,
    )


def files_in(named: Sequence[str]) -> list[Path]:
    """Return the files that a run would import: those named, and those of folders and patterns."""
    from importer.inbox import drops_in, is_inbox  # noqa: PLC0415 - only where files are named

    plain = [Path(name) for name in named if not is_inbox(name)]
    found = drops_in([name for name in named if is_inbox(name)])
    return [*(path for path in plain if path.is_file()), *(drop.path for drop in found.drops)]
