"""Folders and patterns on the command line: their files, one after the other, each only once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from importer.cli.terminal import counted, put, say
from importer.errors import ExitCode, SourceError, worst
from importer.inbox import is_inbox, is_remote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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
    """Those of inboxes, by their names."""
    growing: list[Drop] = field(default_factory=list)
    """Files that somebody is still writing; one that changes before its turn comes to them."""
    unsettled: list[Drop] = field(default_factory=list)
    """Files that were imported before, with rows whose outcome is still unknown."""
    is_inbox: bool = False
    """Whether any inbox was named; it may be empty."""

    def worst_with(self, code: ExitCode) -> ExitCode:
        """Return the exit code of the command: what still grows is left to the next run."""
        for drop in self.growing:
            say(f"{drop.path.name} is still being written: it is left to the next run.")
        left = [ExitCode.STOPPED_EARLY] if self.growing else []
        return worst(code, *left, *([ExitCode.UNKNOWN_OUTCOMES] if self.unsettled else []))


def sources_of(files: Sequence[str], settings: Settings, clock: Clock) -> Sources:
    """Return the files to import, once those of inboxes stay as they are.

    Raises:
        ImporterError: An inbox cannot be read, its files or results have nowhere to go, or
            another run is under way.
    """
    inboxes = [name for name in files if is_remote(name) or is_inbox(name)]
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
        names=(*plain, *(drop.place for drop in inbox.due)),
        drops={Path(drop.place): drop for drop in inbox.due},
        growing=list(inbox.growing),
        is_inbox=True,
    )


def import_drop(drop: Drop, sources: Sources, settings: Settings, work: Work) -> ExitCode:
    """Import a file of an inbox unless its content was imported before; then put it away.

    Args:
        drop: The file.
        sources: Is told when somebody writes to the file again.
        settings: Where results, summary and the file itself go.
        work: Imports one file.

    Raises:
        ImporterError: Whatever stopped the import.
    """
    from importer.pipeline.inbox import (  # noqa: PLC0415 - SQLAlchemy is slow to import
        imported_before,
        is_whole,
        local_copy,
        put_away,
        settings_for,
    )

    _refuse_odd_name(drop)
    if not is_whole(drop, settings):
        sources.growing.append(drop)
        return ExitCode.OK
    with local_copy(drop, settings) as path:
        before = imported_before(path, settings)
        # What is unknown of a file that was imported before keeps no other file waiting.
        code = ExitCode.OK if before else work(path, settings_for(drop, path, settings))
    if before is not None and before.unknown:
        sources.unsettled.append(drop)
    if before is not None and (before.unknown or not settings.quiet):
        unsure = f"; {counted(before.unknown, 'row')} unknown" if before.unknown else ""
        put(f"{drop.path.name} was imported before, by run {before.run.run_id}{unsure}")
    if not is_whole(drop, settings):
        sources.growing.append(drop)
        return code
    if drop in sources.unsettled:
        return code
    moved = put_away(drop, code, settings)
    if moved and not settings.quiet:
        say(f"Moved to {moved}")
    return code


def plan_drop(drop: Drop, settings: Settings, work: Work) -> ExitCode:
    """Do as `import_drop`, but only say what would be done."""
    from importer.pipeline.inbox import (  # noqa: PLC0415 - SQLAlchemy is slow to import
        imported_before,
        local_copy,
        settings_for,
    )

    with local_copy(drop, settings) as path:
        before = imported_before(path, settings)
        if before is None:
            return work(path, settings_for(drop, path, settings))
    put(f"{drop.path.name} was imported before, by run {before.run.run_id}")
    return before.exit_code


def _refuse_odd_name(drop: Drop) -> None:
    """Raise if the name of a file is no text, so that nothing could tell of it.

    Raises:
        SourceError: It is none.
    """
    try:
        drop.path.name.encode()
    except UnicodeEncodeError:
        shown = drop.path.name.encode("ascii", "backslashreplace").decode()
        raise SourceError(
            f"a file of the inbox has a name that is no text: {shown}", todo="rename it"
        ) from None


def upload(results: Path, settings: Settings) -> None:
    """Copy results to where `--upload-results` says.

    Raises:
        ImporterError: They could not be copied; they are on this machine.
    """
    from importer.pipeline.inbox import upload_results  # noqa: PLC0415 - as above

    place = upload_results(results, settings)
    if not settings.quiet:
        say(f"Results are at {place}, too")
