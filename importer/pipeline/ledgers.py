"""Which ledger a command is about, and opening it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from importer.ledger import History, LedgerFolder, Spool, open_ledger, purging, target_of
from importer.pipeline.ending import is_still_needed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.ledger import Ledger
    from importer.model import Clock
    from importer.settings import Settings


def folder_of(settings: Settings) -> LedgerFolder:
    """Return where the ledger of the target stands, or would stand."""
    target = target_of(settings.base_url, settings.client_id)
    return LedgerFolder(settings.state_dir / target.folder_name)


def existing_folders(settings: Settings) -> list[LedgerFolder]:
    """Return the ledger of the target, or those of every target when none is set."""
    if settings.base_url and settings.client_id:
        folders = [folder_of(settings)]
    elif settings.state_dir.is_dir():
        folders = [LedgerFolder(folder) for folder in sorted(settings.state_dir.iterdir())]
    else:
        folders = []
    return [folder for folder in folders if folder.database.is_file()]


def history_of(settings: Settings) -> History:
    """Return a read-only view of the target's ledger, which may be in use.

    Raises:
        LedgerError: There is none, or it cannot be read.
    """
    return History(folder_of(settings).database)


def opened(settings: Settings, clock: Clock) -> Ledger:
    """Return the ledger of the target, held alone until its context ends.

    Raises:
        LedgerBusy: Another run holds it.
        LedgerError: It cannot be trusted.
    """
    target = target_of(settings.base_url, settings.client_id)
    return open_ledger(folder_of(settings), target, at=clock.now())


@contextmanager
def opened_and_swept(settings: Settings, clock: Clock) -> Iterator[Ledger]:
    """Give the ledger of the target, without private copies that no run needs any more.

    Raises:
        LedgerBusy: Another run holds it.
        LedgerError: It cannot be trusted.
    """
    with opened(settings, clock) as ledger:
        _sweep(ledger)
        purging.sweep(ledger)
        yield ledger


def _sweep(ledger: Ledger) -> None:
    with ledger.history() as history:
        for kept in ledger.folder.spool.iterdir():
            if kept.is_dir() and not _is_needed(history, kept.name):
                Spool(kept).remove()


def _is_needed(history: History, run_id: str) -> bool:
    """Return whether any row of a run still needs its private copy of the source."""
    run = history.run(run_id)
    return run is not None and is_still_needed(history.counts(run.run_number))
