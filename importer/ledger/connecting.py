"""Connections to the ledger's database: the pragmas that the promises rest on, read back."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import Connection, create_engine, delete, event, insert, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from importer.errors import LedgerError
from importer.ledger.folder import RESTORE
from importer.ledger.schema import APPLICATION_ID, SCHEMA_VERSION, meta_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy import Engine

_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,
    "fullfsync": 1,
    "foreign_keys": 1,
    "secure_delete": 1,
}
"""What must be read back after it was set; 2 is FULL, and `fullfsync` matters on macOS."""

_DISK_REFUSED = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_PRIMARY = 0xFF
"""What of an error code says which error it is: https://sqlite.org/rescode.html."""


class Access(Enum):
    """How a connection may touch the database; the value is its part of the URI."""

    WRITE = "mode=rw"
    READ = "mode=ro"
    """Beside a writer; it may leave an empty `-wal` and a `-shm` behind, nothing else."""
    READ_STILL = "mode=ro&immutable=1"
    """While surely nobody writes and no `-wal` is there: it leaves no trace at all."""


def connect(database: Path, access: Access) -> Connection:
    """Return a connection to a database that is there already.

    Raises:
        LedgerError: It cannot be opened, or does not take a pragma.
    """
    try:
        return _engine(database, access).connect()
    except SQLAlchemyError as error:
        raise damaged(database, error) from None


def _engine(database: Path, access: Access) -> Engine:
    uri = f"file:{quote(str(database))}?{access.value}"
    engine = create_engine(
        "sqlite://",
        poolclass=NullPool,
        creator=lambda: sqlite3.connect(uri, uri=True, check_same_thread=False, timeout=5.0),
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
        connection.isolation_level = None  # BEGIN is ours: the driver's comes too late for DDL
        if access is Access.WRITE:
            try:
                _set_pragmas(connection)
            except BaseException:
                connection.close()
                raise

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if access is Access.WRITE else "BEGIN")

    return engine


def _set_pragmas(connection: sqlite3.Connection) -> None:
    for name, wanted in _PRAGMAS.items():
        connection.execute(f"PRAGMA {name}={wanted}")
        (found,) = connection.execute(f"PRAGMA {name}").fetchone()
        if found != wanted:
            raise LedgerError(
                f"the ledger's {name} is {found}, not {wanted}",
                todo="name a folder on a local disk with SOLV_IMPORT_STATE_DIR",
            )


def hang_up(connection: Connection, database: Path) -> None:
    """Close a connection as a crash would: the `-wal` stays, for the sidecar still says `open`.

    The last connection to be closed moves the log into the database and deletes it, unless that
    one may only read.
    """
    with suppress(SQLAlchemyError, LedgerError), closing(connect(database, Access.READ)) as keeper:
        read_meta(keeper)  # only a reader that has read keeps the log
        connection.close()
    connection.close()


def check_layout(connection: Connection, database: Path) -> None:
    """Raise unless the database is a ledger of the layout that we know.

    Raises:
        LedgerError: It is another program's, or of another version of this one.
    """
    found = connection.execute(text("PRAGMA application_id")).scalar_one()
    if found != APPLICATION_ID:
        raise LedgerError(f"{database} is not a ledger of this program", todo=RESTORE)
    version = connection.execute(text("PRAGMA user_version")).scalar_one()
    if version != SCHEMA_VERSION:
        raise LedgerError(
            f"{database} has layout {version}, this program knows {SCHEMA_VERSION}",
            todo="use the version of solv-import that wrote it, or a newer one",
        )


def read_meta(connection: Connection) -> dict[str, str]:
    """Return the facts that the ledger keeps about itself."""
    found = connection.execute(select(meta_table.c.name, meta_table.c.value))
    return {row.name: row.value for row in found}


def write_meta(connection: Connection, values: Mapping[str, str]) -> None:
    """Replace facts that the ledger keeps about itself."""
    connection.execute(delete(meta_table).where(meta_table.c.name.in_(values)))
    connection.execute(insert(meta_table), [{"name": n, "value": v} for n, v in values.items()])


def empty_log(connection: Connection) -> None:
    """Move all of the log into the database and empty it; a reader beside us may prevent that.

    Only while the ledger is being closed: an open one that lost its log is refused.
    """
    driver: Any = connection.connection.driver_connection
    with suppress(sqlite3.Error):  # closing does the same, once nobody reads any more
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def damaged(database: Path, error: SQLAlchemyError) -> LedgerError:
    """Return what to raise when SQLite itself refuses the database."""
    cause = getattr(error, "orig", None)
    is_disk = getattr(cause, "sqlite_errorcode", 0) & _PRIMARY in _DISK_REFUSED
    return LedgerError(
        f"the ledger {database} cannot be opened: {cause}",
        todo="free some disk space or mend the disk, then run the same command again"
        if is_disk
        else RESTORE,
    )
