"""An inbox: which of its files are due, which were imported before, and where they go then."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from importer.errors import ExitCode, SettingsError
from importer.inbox import drops_in, move_away, prove_folder, prove_move_to, settled
from importer.ledger import refuse_if_held
from importer.model import State
from importer.pipeline.ledgers import folder_of, history_of
from importer.reading import source_digest
from importer.results import dated_results_path

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from importer.inbox import Drop, Found
    from importer.ledger import RunRecord
    from importer.model import Clock
    from importer.settings import Settings

_DONE = (ExitCode.OK, ExitCode.NEEDS_A_PERSON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """What an inbox holds once its files stay as they are."""

    due: tuple[Drop, ...]
    """Whole files, whoever came first."""
    growing: tuple[Drop, ...]
    """Files that somebody is still writing."""
    others: tuple[Path, ...]
    """Files that no import reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The run that has imported a file before."""

    run: RunRecord
    unknown: int
    """Rows whose outcome nobody has settled yet."""

    @property
    def exit_code(self) -> ExitCode:
        """Return what importing it again comes to."""
        return ExitCode.UNKNOWN_OUTCOMES if self.unknown else ExitCode.OK


def look_into(named: Sequence[str], settings: Settings, clock: Clock) -> Inbox:
    """Return the files of folders and patterns that are due now.

    Raises:
        SourceError: A folder cannot be read.
        SettingsError: Files could not be moved, or results not be written, where they should.
        LedgerBusy: Another run is under way, so nothing is waited for.
    """
    for one in named:
        prove_folder(one)
    if settings.move_to is not None:
        prove_move_to(Path(settings.move_to).expanduser(), [Path(one) for one in named])
    if settings.results is not None and not settings.results.is_dir():
        raise SettingsError(
            "--results must be a folder that exists when files come from a folder.",
            todo="Make it, or leave --results away.",
        )
    refuse_if_held(folder_of(settings).lock_file)
    seen: list[Found] = []

    def look() -> tuple[Drop, ...]:
        seen[:] = [drops_in(named)]
        return seen[0].drops

    due, growing = settled(look, settle_s=settings.settle_s, now=clock.now, wait=_waiting(clock))
    return Inbox(due=tuple(due), growing=tuple(growing), others=seen[0].others)


def imported_before(path: Path, settings: Settings) -> Before | None:
    """Return the run that brought this very content to its end, None when there is none.

    A run with rows that may still be sent is none: importing the file carries it on.

    Raises:
        SourceError: The file cannot be read.
        LedgerError: The ledger cannot be read.
    """
    if not folder_of(settings).database.is_file():
        return None
    digest = source_digest(path)
    with history_of(settings) as history:
        run = history.newest_run_of(digest)
        if run is None or run.exit_code is None:
            return None
        counts = history.counts(run.run_number)
    if counts.get(State.READY) or counts.get(State.SENDING):
        return None
    return Before(run=run, unknown=counts.get(State.UNKNOWN, 0))


def settings_for(drop: Drop, settings: Settings) -> Settings:
    """Return the settings with a place for the results of one file of an inbox.

    The place names when the file was written: a file of the same name, the next night, has
    results of its own.
    """
    folder = settings.results or _moved_to(settings) or drop.path.parent
    place = dated_results_path(folder, drop.path.name, drop.changed_at.astimezone())
    return replace(settings, results=place)


def put_away(path: Path, code: ExitCode, settings: Settings) -> Path | None:
    """Move a file that is imported to where it should go; return where it is now.

    Raises:
        SettingsError: It could not be moved; it is imported all the same.
    """
    folder = _moved_to(settings)
    if folder is None or code not in _DONE:
        return None
    try:
        return move_away(path, folder)
    except OSError as error:
        raise SettingsError(
            f"{path.name} is imported, and could not be moved to {folder}: {error.strerror}.",
            todo="Move it by hand; if it stays, it is known and not imported again.",
        ) from None


def _moved_to(settings: Settings) -> Path | None:
    return None if settings.move_to is None else Path(settings.move_to).expanduser()


def _waiting(clock: Clock) -> Callable[[float], None]:
    return lambda seconds: asyncio.run(clock.sleep(seconds))
