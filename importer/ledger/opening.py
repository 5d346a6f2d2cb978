"""Opening a ledger: is it the one that was closed last, whole, and written the way we rely on?"""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import Connection, create_engine, event, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from importer.errors import LedgerError
from importer.ledger.folder import RESTORE, LedgerFolder, Sidecar, Target, key_id, sync_folder
from importer.ledger.schema import APPLICATION_ID, SCHEMA_VERSION, meta_table, metadata

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

_PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
"""What must be read back after it was set; 2 is FULL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A ledger that may be written, and its place in the count of openings."""

    connection: Connection
    ledger_id: str
    key: bytes
    opening: int


def open_for_writing(folder: LedgerFolder, target: Target) -> Opened:
    """Open the ledger of `target`, or make it; the caller holds the lock.

    Raises:
        LedgerError: It is missing, older, copied, damaged, or its key has changed.
    """
    sidecar = folder.read_sidecar()
    is_new = sidecar is None or (sidecar.opening == 1 and sidecar.phase == "opening")
    if sidecar is None:
        _refuse_leftovers(folder)
        sidecar = Sidecar(ledger_id=secrets.token_hex(8), opening=1, phase="opening")
        folder.write_sidecar(sidecar)
    key = folder.read_key()
    if key is None and is_new:
        key = folder.make_key()
    if key is None or len(key) != 32:  # noqa: PLR2004 - 256 bits
        raise LedgerError(f"the fingerprint key {folder.key_file} is missing", todo=RESTORE)
    if not is_new and not folder.database.exists():
        raise LedgerError(f"the ledger {folder.database} is missing", todo=RESTORE)
    connection = connect(folder.database)
    try:
        opening = _take_up(connection, folder, sidecar, target, key, is_new=is_new)
    except SQLAlchemyError as error:
        connection.close()
        raise _damaged(folder.database, error) from None
    except LedgerError:
        connection.close()
        raise
    return Opened(connection=connection, ledger_id=sidecar.ledger_id, key=key, opening=opening)


def connect(database: Path, *, is_read_only: bool = False) -> Connection:
    """Return a connection with the pragmas that the promises rest on, read back."""
    engine = _engine(database, is_read_only=is_read_only)
    try:
        connection = engine.connect()
    except SQLAlchemyError as error:
        raise _damaged(database, error) from None
    return connection


def _engine(database: Path, *, is_read_only: bool) -> Engine:
    uri = f"file:{quote(str(database))}?mode={'ro' if is_read_only else 'rwc'}"
    engine = create_engine(
        "sqlite://",
        poolclass=NullPool,
        creator=lambda: sqlite3.connect(uri, uri=True, check_same_thread=False, timeout=5.0),
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
        connection.isolation_level = None  # BEGIN is ours: the driver's comes too late for DDL
        if is_read_only:
            return
        for name, wanted in _PRAGMAS.items():
            connection.execute(f"PRAGMA {name}={wanted}")
            (found,) = connection.execute(f"PRAGMA {name}").fetchone()
            if found != wanted:
                raise LedgerError(f"the ledger's {name} is {found}, not {wanted}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if is_read_only else "BEGIN IMMEDIATE")

    return engine


def read_meta(connection: Connection) -> dict[str, str]:
    """Return the facts that the ledger keeps about itself."""
    found = connection.execute(select(meta_table.c.name, meta_table.c.value))
    return {row.name: row.value for row in found}


def close(folder: LedgerFolder, opened: Opened) -> None:
    """Write down that the ledger was closed in order."""
    folder.write_sidecar(
        Sidecar(ledger_id=opened.ledger_id, opening=opened.opening, phase="closed")
    )


def _take_up(
    connection: Connection,
    folder: LedgerFolder,
    sidecar: Sidecar,
    target: Target,
    key: bytes,
    *,
    is_new: bool,
) -> int:
    """Check the ledger against its sidecar, then count this opening on both."""
    with connection.begin():
        tables = connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar_one()
        if is_new and not tables:
            _create(connection, sidecar, target, key)
    sync_folder(folder.path)
    with connection.begin():
        counted = _verify(connection, folder, sidecar, target, key)
    opening = counted + 1
    ledger_id = sidecar.ledger_id
    folder.write_sidecar(Sidecar(ledger_id=ledger_id, opening=opening, phase="opening"))
    with connection.begin():
        connection.execute(
            update(meta_table).where(meta_table.c.name == "opening").values(value=str(opening))
        )
    folder.write_sidecar(Sidecar(ledger_id=ledger_id, opening=opening, phase="open"))
    return opening


def _create(connection: Connection, sidecar: Sidecar, target: Target, key: bytes) -> None:
    metadata.create_all(connection)
    facts = {
        "ledger_id": sidecar.ledger_id,
        "target": target.digest,
        "address": target.address,
        "key_id": key_id(key),
        "opening": "0",
    }
    connection.execute(insert(meta_table), [{"name": n, "value": v} for n, v in facts.items()])
    connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
    connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")


def _verify(
    connection: Connection, folder: LedgerFolder, sidecar: Sidecar, target: Target, key: bytes
) -> int:
    """Return the ledger's own count of openings, once everything about it agrees."""
    place = folder.database
    if connection.execute(text("PRAGMA application_id")).scalar_one() != APPLICATION_ID:
        raise LedgerError(f"{place} is not a ledger of this program", todo=RESTORE)
    version = connection.execute(text("PRAGMA user_version")).scalar_one()
    if version != SCHEMA_VERSION:
        raise LedgerError(
            f"{place} has layout {version}, this program knows {SCHEMA_VERSION}",
            todo="use the version of solv-import that wrote it, or a newer one",
        )
    if connection.execute(text("PRAGMA quick_check(1)")).scalar_one() != "ok":
        raise LedgerError(f"{place} is damaged", todo=RESTORE)
    facts = read_meta(connection)
    if facts["ledger_id"] != sidecar.ledger_id:
        raise LedgerError(
            f"{place} and {folder.sidecar_file.name} do not belong together", todo=RESTORE
        )
    if facts["target"] != target.digest:
        raise LedgerError(f"{place} belongs to another target or client id", todo=RESTORE)
    if facts["key_id"] != key_id(key):
        raise LedgerError(f"the fingerprint key {folder.key_file} has changed", todo=RESTORE)
    counted = int(facts["opening"])
    if not _can_follow(sidecar, counted):
        raise LedgerError(
            f"{place} is older or newer than its record: opened {counted} times, "
            f"{folder.sidecar_file.name} says {sidecar.phase} {sidecar.opening}",
            todo=RESTORE,
        )
    return counted


def _can_follow(sidecar: Sidecar, counted: int) -> bool:
    """Return whether a crash, or nothing, can have left these two counts."""
    if sidecar.phase == "opening":
        return counted in (sidecar.opening - 1, sidecar.opening)
    return counted == sidecar.opening


def _refuse_leftovers(folder: LedgerFolder) -> None:
    for path in (folder.key_file, folder.database):
        if path.exists():
            raise LedgerError(f"{folder.sidecar_file} is missing beside {path.name}", todo=RESTORE)


def _damaged(database: Path, error: SQLAlchemyError) -> LedgerError:
    cause = getattr(error, "orig", None)
    return LedgerError(f"the ledger {database} cannot be opened: {cause}", todo=RESTORE)
