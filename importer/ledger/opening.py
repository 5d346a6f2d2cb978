"""Opening a ledger: is it the one that was closed last, whole, and written the way we rely on?"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, text, update
from sqlalchemy.exc import SQLAlchemyError

from importer.errors import LedgerError
from importer.ledger.connecting import (
    Access,
    check_layout,
    connect,
    damaged,
    hang_up,
    read_meta,
)
from importer.ledger.disk import sync, sync_folder
from importer.ledger.folder import (
    KEY_BYTES,
    RESTORE,
    LedgerFolder,
    Phase,
    Sidecar,
    Target,
    key_id,
)
from importer.ledger.schema import APPLICATION_ID, SCHEMA_VERSION, meta_table, metadata

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A ledger that may be written, and its place in the count of openings."""

    connection: Connection
    ledger_id: str
    key: bytes
    opening: int
    commits: int
    """How many batches the ledger has taken in its life."""


def open_for_writing(folder: LedgerFolder, target: Target) -> Opened:
    """Open the ledger of `target`, or make it; the caller holds the lock.

    Everything is checked before the first byte is written: a refused ledger stays as it is.

    Raises:
        LedgerError: It is missing, older, copied, damaged, or its key has changed.
    """
    sidecar = folder.read_sidecar()
    if sidecar is None:
        _refuse_leftovers(folder)
        sidecar = Sidecar(ledger_id=secrets.token_hex(8), opening=1, phase="opening")
        folder.write_sidecar(sidecar)
    if sidecar.is_first and not folder.database.exists():
        _create(folder, sidecar, target)
    key = _key(folder)
    facts = _facts_of(folder, sidecar, target, key)
    opening = int(facts["opening"]) + 1
    connection = connect(folder.database, Access.WRITE)
    try:
        announced = replace(sidecar, opening=opening, phase="opening", commits=0)
        _count_opening(connection, folder, announced)
    except BaseException as error:
        hang_up(connection, folder.database)
        if isinstance(error, SQLAlchemyError):
            raise damaged(folder.database, error) from None
        raise
    return Opened(
        connection=connection,
        ledger_id=sidecar.ledger_id,
        key=key,
        opening=opening,
        commits=int(facts["commits"]),
    )


def note_closing(folder: LedgerFolder, opened: Opened, phase: Phase, commits: int) -> bool:
    """Write down that the ledger is being closed, or was; return whether the disk took it."""
    said = Sidecar(ledger_id=opened.ledger_id, opening=opened.opening, phase=phase, commits=commits)
    try:
        folder.write_sidecar(said)
    except OSError:
        return False
    return True


def _refuse_leftovers(folder: LedgerFolder) -> None:
    """Raise if there was a ledger here: the sidecar is the first file that is ever written."""
    files = (folder.key_file, folder.database, folder.rescue_file, *folder.spool.iterdir())
    for path in files:
        if path.exists():
            raise LedgerError(f"{folder.sidecar_file} is missing beside {path.name}", todo=RESTORE)


def _create(folder: LedgerFolder, sidecar: Sidecar, target: Target) -> None:
    """Make the database under another name first: where `ledger.db` stands, it is whole."""
    key = folder.read_key() or folder.make_key()
    draft = folder.path / "draft.db"
    wal = _beside(draft, "-wal")
    for leftover in (draft, wal, _beside(draft, "-shm"), _beside(draft, "-journal")):
        leftover.unlink(missing_ok=True)
    # SQLite would make it readable for everybody; -wal and -shm take its mode after it.
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    connection = connect(draft, Access.WRITE)
    try:
        with connection.begin():
            _fill(connection, sidecar, target, key)
    except SQLAlchemyError as error:
        raise damaged(draft, error) from None
    finally:
        connection.close()
    if wal.exists():
        raise LedgerError(f"{draft} could not be written to its end", todo="free some disk space")
    sync(draft)
    draft.replace(folder.database)
    sync_folder(folder.path)


def _fill(connection: Connection, sidecar: Sidecar, target: Target, key: bytes) -> None:
    metadata.create_all(connection)
    facts = {
        "ledger_id": sidecar.ledger_id,
        "target": target.digest,
        "address": target.address,
        "key_id": key_id(key),
        "opening": "0",
        "commits": "0",
    }
    connection.execute(insert(meta_table), [{"name": n, "value": v} for n, v in facts.items()])
    connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
    connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")


def _key(folder: LedgerFolder) -> bytes:
    key = folder.read_key()
    if key is None:
        raise LedgerError(f"the fingerprint key {folder.key_file} is missing", todo=RESTORE)
    if len(key) != KEY_BYTES:
        raise LedgerError(f"the fingerprint key {folder.key_file} is damaged", todo=RESTORE)
    return key


def _facts_of(
    folder: LedgerFolder, sidecar: Sidecar, target: Target, key: bytes
) -> Mapping[str, str]:
    """Return what the ledger says about itself, once everything about it agrees."""
    place = folder.database
    if not place.exists():
        raise LedgerError(f"the ledger {place} is missing", todo=RESTORE)
    is_still = not _beside(place, "-wal").exists()
    if is_still and sidecar.phase == "open":
        raise LedgerError(f"{place} has lost its file {place.name}-wal", todo=RESTORE)
    connection = connect(place, Access.READ_STILL if is_still else Access.READ)
    try:
        with connection.begin():
            check_layout(connection, place)
            if connection.execute(text("PRAGMA quick_check(1)")).scalar_one() != "ok":
                raise LedgerError(f"{place} is damaged", todo=RESTORE)
            facts = read_meta(connection)
    except SQLAlchemyError as error:
        raise damaged(place, error) from None
    finally:
        connection.close()
    _refuse_strangers(folder, facts, sidecar, target, key)
    _refuse_other_age(folder, facts, sidecar)
    return facts


def _refuse_strangers(
    folder: LedgerFolder, facts: Mapping[str, str], sidecar: Sidecar, target: Target, key: bytes
) -> None:
    """Raise unless ledger, sidecar, target and key belong together."""
    place = folder.database
    if facts.get("ledger_id") != sidecar.ledger_id:
        raise LedgerError(
            f"{place} and {folder.sidecar_file.name} do not belong together", todo=RESTORE
        )
    if facts.get("target") != target.digest:
        raise LedgerError(f"{place} belongs to another target or client id", todo=RESTORE)
    if facts.get("key_id") != key_id(key):
        raise LedgerError(f"the fingerprint key {folder.key_file} has changed", todo=RESTORE)


def _refuse_other_age(folder: LedgerFolder, facts: Mapping[str, str], sidecar: Sidecar) -> None:
    """Raise unless a crash, or nothing, can have left this ledger beside this sidecar."""
    counted, commits = facts.get("opening", ""), facts.get("commits", "")
    agreed = {str(sidecar.opening)}
    if sidecar.phase == "opening":
        agreed.add(str(sidecar.opening - 1))
    is_open = sidecar.phase in ("opening", "open")
    is_whole = commits.isdecimal() if is_open else commits == str(sidecar.commits)
    if counted not in agreed or not is_whole:
        raise LedgerError(
            f"{folder.database} is older or newer than its record: opening {counted} with "
            f"{commits} changes, {folder.sidecar_file.name} says {sidecar.phase} "
            f"{sidecar.opening} with {sidecar.commits}",
            todo=RESTORE,
        )


def _count_opening(connection: Connection, folder: LedgerFolder, opening: Sidecar) -> None:
    """Count this opening: announced in the sidecar, done in the ledger, confirmed."""
    folder.write_sidecar(opening)
    with connection.begin():
        connection.execute(
            update(meta_table)
            .where(meta_table.c.name == "opening")
            .values(value=str(opening.opening))
        )
    folder.write_sidecar(replace(opening, phase="open"))


def _beside(database: Path, ending: str) -> Path:
    return database.with_name(database.name + ending)
