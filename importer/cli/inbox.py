"""Folders and patterns on the command line: their files, one after the other, each only once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.cli.terminal import counted, put, say
from importer.errors import ExitCode, worst
from importer.inbox import is_inbox

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from importer.inbox import Drop
    from importer.model import Clock
    from importer.settings import Settings

    Work = Callable[[Path, Settings], ExitCode]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What a command imports: the files that were named, and those that lie in inboxes."""

    names: tuple[str, ...]
    """In the order in which they are imported."""
    drops: Mapping[Path, Drop]
    """Those of inboxes."""
    growing: tuple[Drop, ...] = ()

    def worst_with(self, code: ExitCode) -> ExitCode:
        """Return the exit code of the command: what still grows is left to the next run."""
        for drop in self.growing:
            say(f"{drop.path.name} is still being written: it is left to the next run.")
        return worst(code, ExitCode.STOPPED_EARLY if self.growing else ExitCode.OK)


def sources_of(files: Sequence[str], settings: Settings, clock: Clock) -> Sources:
    """Return the files to import, once those of inboxes stay as they are.

    Raises:
        SourceError: An inbox cannot be read.
        SettingsError: Its files or results have nowhere to go.
        LedgerBusy: Another run is under way.
    """
    inboxes = [name for name in files if is_inbox(name)]
    if not inboxes:
        return Sources(names=tuple(files), drops={})
    from importer.pipeline.inbox import look_into  # noqa: PLC0415 - SQLAlchemy is slow to import

    inbox = look_into(inboxes, settings, clock)
    for other in inbox.others:
        say(f"{other.name} is no CSV file and no workbook: it is left alone.")
    if not inbox.due and not inbox.growing and not settings.quiet:
        say(f"Nothing to import in {', '.join(inboxes)}.")
    plain = [name for name in files if name not in inboxes]
    return Sources(
        names=(*plain, *(str(drop.path) for drop in inbox.due)),
        drops={drop.path: drop for drop in inbox.due},
        growing=inbox.growing,
    )


def import_drop(drop: Drop, settings: Settings, work: Work) -> ExitCode:
    """Import a file of an inbox unless its content was imported before; then put it away.

    Args:
        drop: The file.
        settings: Where results, summary and the file itself go.
        work: Imports one file.

    Raises:
        ImporterError: Whatever stopped the import.
    """
    from importer.pipeline.inbox import (  # noqa: PLC0415 - SQLAlchemy is slow to import
        imported_before,
        put_away,
        settings_for,
    )

    before = imported_before(drop.path, settings)
    if before is None:
        code = work(drop.path, settings_for(drop, settings))
    else:
        code = before.exit_code
        if not settings.quiet or before.unknown:
            unsure = f"; {counted(before.unknown, 'row')} unknown" if before.unknown else ""
            put(f"{drop.path.name} was imported before, by run {before.run.run_id}{unsure}")
    moved = put_away(drop.path, code, settings)
    if moved is not None and not settings.quiet:
        say(f"Moved to {moved}")
    return code
