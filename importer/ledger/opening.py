"""Opening a ledger: is it the one that was closed last, whole, and written the way we rely on?"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, text, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateTable

from importer.errors import LedgerError
from importer.ledger.audit_file import Tail, read_tail
from importer.ledger.commit_count import CommitCount
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
    was_closed: bool
    """The process before this one ended in order."""
    count: CommitCount
    """Tells the same beside the ledger."""
    tail: Tail
    """How the audit file ends."""


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
    count = CommitCount(folder.commits_file)
    if sidecar.is_first and not folder.database.exists():
        if count.told():
            raise LedgerError(f"the ledger {folder.database} is missing", todo=RESTORE)
        count.make(0)
        _create(folder, sidecar, target)
    key = _key(folder)
    facts = _facts_of(folder, sidecar, target, key)
    _refuse_rolled_back(folder, facts, count)
    was_closed = sidecar.phase == "closed"
    tail = read_tail(folder.audit_file, facts, key, was_closed=was_closed)
    opening = int(facts["opening"]) + 1
    connection = connect(folder.database, Access.WRITE)
    try:
        announced = replace(sidecar, opening=opening, phase="opening", commits=0)
        _count_opening(connection, folder, announced)
        count.open()
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
        was_closed=was_closed,
        count=count,
        tail=tail,
    )


def prove_sound(folder: LedgerFolder, target: Target) -> Sidecar | None:
    """Return what stands beside a ledger that would be opened; nothing is written.

    Nobody may hold the ledger: what changes while it is looked at does not agree.

    Returns:
        Its sidecar, None when there is no ledger yet.

    Raises:
        LedgerError: Opening it would be refused.
    """
    sidecar = folder.read_sidecar()
    if sidecar is None:
        _refuse_leftovers(folder)
        return None
    count = CommitCount(folder.commits_file)
    if not (sidecar.is_first and not folder.database.exists() and not count.told()):
        key = _key(folder)
        facts = _facts_of(folder, sidecar, target, key)
        _refuse_rolled_back(folder, facts, count)
        read_tail(folder.audit_file, facts, key, was_closed=sidecar.phase == "closed")
    return sidecar


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
    own = (folder.key_file, folder.database, folder.commits_file, folder.rescue_file)
    spooled = folder.spool.iterdir() if folder.spool.is_dir() else ()
    files = (*own, folder.audit_file, *spooled)
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
    log = _beside(place, "-wal")
    is_still = not log.exists()
    # Whoever only looks at a ledger without its log leaves an empty one behind.
    is_lost = is_still or not log.stat().st_size
    if _beside(place, "-journal").exists():
        # Nothing of ours leaves one there, and SQLite would undo changes by it.
        raise LedgerError(f"{place.name}-journal does not belong beside {place}", todo=RESTORE)
    if is_lost and sidecar.phase == "open":
        raise LedgerError(f"{place} has lost its file {place.name}-wal", todo=RESTORE)
    connection = connect(place, Access.READ_STILL if is_still else Access.READ)
    try:
        with connection.begin():
            check_layout(connection, place)
            _refuse_other_layout(connection, place)
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


def _refuse_other_layout(connection: Connection, place: Path) -> None:
    """Raise unless every table and index is as we make them: a lost one would break promises."""
    found = connection.execute(text("SELECT name, sql FROM sqlite_master")).all()
    lost = sorted(_layout().items() - {(row.name, row.sql) for row in found})
    if lost:
        raise LedgerError(f"{place} has lost or changed its {lost[0][0]!r}", todo=RESTORE)


@cache
def _layout() -> dict[str, str]:
    """Return the SQL of every table and index, by name, as SQLite keeps it."""
    dialect = sqlite.dialect()
    made: dict[str, str] = {}
    for table in metadata.sorted_tables:
        made[table.name] = str(CreateTable(table).compile(dialect=dialect)).strip()
        for index in table.indexes:
            made[str(index.name)] = str(CreateIndex(index).compile(dialect=dialect)).strip()
    return made


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


def _refuse_rolled_back(folder: LedgerFolder, facts: Mapping[str, str], count: CommitCount) -> None:
    """Raise unless the ledger holds every change that it is known to have taken."""
    told = count.told()
    if told is None:
        raise LedgerError(
            f"{folder.commits_file} is missing beside {folder.database.name}", todo=RESTORE
        )
    if int(facts["commits"]) < told:
        raise LedgerError(
            f"{folder.database} was put back in the place of a newer one: it holds "
            f"{facts['commits']} changes, {folder.commits_file.name} tells of {told}",
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
