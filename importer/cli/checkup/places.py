"""Where files come from and go to: the inbox, the results, the records."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from importer.cli.checkup.finding import Finding, warning
from importer.cli.checkup.machine import existing, files_in, results_folders
from importer.cli.terminal import counted
from importer.errors import SettingsError, SourceError
from importer.inbox import drops_in, is_inbox, prove_folder
from importer.results import prove_writable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.settings import Settings


def sources(settings: Settings, named: Sequence[str]) -> Iterator[Finding]:
    """Yield whether what would be imported can be read, and the results be written."""
    for one in named:
        if "://" in one:
            yield Finding(what="source", detail="a URL is first tried by the run itself")
        elif is_inbox(one):
            yield _inbox(one)
        else:
            yield _file(Path(one))
    is_folder_needed = any("://" in one or is_inbox(one) for one in named)
    if is_folder_needed and settings.results is not None and not settings.results.is_dir():
        raise SettingsError(
            f"--results {settings.results} is no folder, and files come from one.",
            todo="Make the folder, or leave --results away.",
        )
    for folder in results_folders(settings, files_in(named)):
        prove_writable(folder / "results.xlsx")
        yield Finding(what="results", detail=f"{folder.absolute()} can be written")


def _inbox(named: str) -> Finding:
    prove_folder(named)
    found = drops_in([named])
    others = f", {counted(len(found.others), 'file')} that no import reads" if found.others else ""
    return Finding(what="source", detail=f"{named}: {counted(len(found.drops), 'file')}{others}")


def _file(path: Path) -> Finding:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read: {error.strerror}",
            todo="correct its name, or let this user read it",
        ) from None
    return Finding(what="source", detail=f"{path} can be read")


def move_to(settings: Settings, named: Sequence[str]) -> Iterator[Finding]:
    """Yield whether files that are imported can be put away.

    Raises:
        SettingsError: They cannot.
    """
    if settings.move_to is None or "://" in settings.move_to:
        return
    folder = Path(settings.move_to).expanduser()
    place = existing(folder)
    if not (place.is_dir() and os.access(place, os.W_OK | os.X_OK)):
        raise SettingsError(
            f"--move-to {folder} cannot be written.", todo="Let this user write to it."
        )
    for inbox in (Path(one) for one in named):
        if inbox.is_dir() and not os.access(inbox, os.W_OK | os.X_OK):
            raise SettingsError(
                f"files cannot be moved out of {inbox}", todo="Let this user write to it, too."
            )
    made = "" if folder.is_dir() else " (the first run makes it)"
    yield Finding(what="move-to", detail=f"{folder}{made}")


def records(settings: Settings) -> Iterator[Finding]:
    """Yield whether summary, log and metrics have a place.

    Raises:
        SettingsError: One has none.
    """
    places = [path for path in (settings.summary, settings.log, settings.metrics) if path]
    for path in places:
        prove_writable(path / "summary.json" if path.is_dir() else path)
        yield Finding(what="records", detail=f"{path} can be written")
    if settings.metrics is not None and settings.metrics.suffix != ".prom":
        yield warning(
            "records",
            f"{settings.metrics} does not end in .prom: no textfile collector reads it",
            "Give it a name such as solv-import.prom.",
        )
