"""Bugs that only a power loss brings to light: what is said to be on the disk is not there yet."""

from __future__ import annotations

import hashlib
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from importer.ledger import Ledger, changes, connecting, folder
from importer.ledger.disk import sync_folder
from importer.results import atomic
from tests.chaos.planted import bug

if TYPE_CHECKING:
    from datetime import datetime
    from io import BufferedRandom
    from pathlib import Path

    from importer.model import State
    from tests.chaos.planted import Replace


@bug("wal-normal")
def wal_normal(replace: Replace) -> None:
    """Take the popular setting; what is read back agrees with it."""
    replace(connecting, "_PRAGMAS", connecting._PRAGMAS | {"synchronous": 1})  # noqa: SLF001 - what is made wrong here


@bug("default-journal")
def default_journal(replace: Replace) -> None:
    """Take what the standard library gives when nobody asks; what is read back agrees with it."""
    replace(connecting, "_PRAGMAS", connecting._PRAGMAS | {"journal_mode": "delete"})  # noqa: SLF001 - what is made wrong here


@bug("rename-without-fsync")
def rename_without_fsync(replace: Replace) -> None:
    """Believe that a rename alone makes a file appear whole or not at all."""

    def write_durably(path: Path, content: bytes) -> None:
        temporary = path.with_name(f".{path.name}.tmp")
        temporary.write_bytes(content)
        temporary.replace(path)
        sync_folder(path.parent)

    def finished(file: BufferedRandom) -> str:
        file.flush()
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()

    replace(folder, "write_durably", write_durably)
    replace(atomic, "_finished", finished)


@bug("folders-not-synced")
def folders_not_synced(replace: Replace) -> None:
    """Believe that a synced file cannot be in a folder that the disk never heard of."""

    def make_folder(path: Path) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    replace(folder, "make_folder", make_folder)


@bug("claim-before-commit")
def claim_before_commit(replace: Replace) -> None:
    """Grant a claim as soon as its statement has run; it is committed right after."""

    def claim(self: Any, row_id: int, at: datetime) -> Future[State]:
        granted: Future[State] = Future()
        self._last_request_at = at.isoformat()
        self._writer.submit(
            lambda connection: granted.set_result(
                changes.claim(connection, row_id=row_id, at=at.isoformat())
            )
        )
        return granted

    replace(Ledger, "claim", claim)
