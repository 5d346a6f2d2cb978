"""How the tests of the ledger make one: a folder, runs of invented rows, a crash, a full disk."""

from __future__ import annotations

import hashlib
import resource
import shutil
import sqlite3
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from importer.ledger import (
    History,
    Ledger,
    LedgerFolder,
    NewRun,
    PlannedRow,
    ProblemRecord,
    RowRecord,
    open_ledger,
    planning,
    target_of,
)
from importer.model import Booked, Identity, Outcome, RunId, State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT = datetime(2090, 1, 2, 3, 4, 5, tzinfo=UTC)
TARGET = target_of("http://127.0.0.1:8000", "clinic")


def open_at(folder: LedgerFolder, at: datetime = AT) -> Ledger:
    """Return the ledger in `folder`, open for writing."""
    return open_ledger(folder, TARGET, at=at)


def identity(booking: str, request: str = "") -> Identity:
    """Return an identity in which the same word stands for the same booking."""

    def digest(text: str) -> bytes:
        return hashlib.sha256(text.encode()).digest()

    return Identity(
        fingerprint=digest(booking),
        request=digest(f"request {request or booking}"),
        visitor=digest(f"visitor {booking}"),
    )


def make_row(number: int = 2, booking: str = "", request: str = "", **changes: Any) -> PlannedRow:
    """Return a row that may be sent; every number is another booking."""
    values: dict[str, Any] = {
        "row_number": number,
        "row_key": planning.mint_row_key(),
        "state": State.READY,
        "identity": identity(booking or f"booking {number}", request),
    }
    return PlannedRow(**(values | changes))


def begin(ledger: Ledger, run_id: str = "run", digest: str = "", sheet: str = "") -> int:
    """Return the number of a new run that has no rows yet."""
    return ledger.begin_run(
        NewRun(
            run_id=RunId(run_id),
            source_name="visits.csv",
            source_path="/clinic/visits.csv",
            source_digest=digest or run_id,
            sheet=sheet,
            settings="{}",
            started_at=AT.isoformat(),
        )
    )


def plan(ledger: Ledger, *rows: PlannedRow, run_id: str = "run", digest: str = "") -> list[int]:
    """Register rows as one run that may send; return their row ids."""
    run_number = begin(ledger, run_id, digest)
    row_ids = ledger.add_rows(run_number, rows)
    ledger.finish_planning(run_number, AT)
    return row_ids


def claim(ledger: Ledger, row_id: int, at: datetime = AT) -> State:
    """Claim a row and return the state it has then."""
    return ledger.claim(row_id, at).result()


def record(ledger: Ledger, row_id: int, outcome: Outcome, at: datetime = AT) -> None:
    """Write an outcome down."""
    ledger.record(row_id, outcome, at).result()


def book(ledger: Ledger, row_id: int, booking_id: int) -> None:
    """Claim a row and write down that it was booked."""
    assert claim(ledger, row_id) is State.SENDING
    record(ledger, row_id, Booked(booking_id=booking_id))


def rows_of(ledger: Ledger, run_id: str = "run") -> dict[int, RowRecord]:
    """Return the rows of a run by row number."""
    with ledger.history() as history:
        run = history.run(run_id)
        assert run is not None
        return {row.row_number: row for row in history.rows(run.run_number)}


def row_of(ledger: Ledger, number: int = 2, run_id: str = "run") -> RowRecord:
    """Return one row of a run."""
    return rows_of(ledger, run_id)[number]


def states_of(ledger: Ledger, run_id: str = "run") -> dict[int, State]:
    """Return the states of a run's rows by row number."""
    return {number: row.state for number, row in rows_of(ledger, run_id).items()}


def problems_of(ledger: Ledger, row_id: int) -> list[ProblemRecord]:
    """Return the problems of a row."""
    with ledger.history() as history:
        return history.problems([row_id]).get(row_id, [])


def codes_of(ledger: Ledger, row_id: int) -> list[str]:
    """Return the names of a row's problems."""
    return [problem.code.name for problem in problems_of(ledger, row_id)]


def crash(ledger: Ledger, name: str = "crashed") -> LedgerFolder:
    """Return the folder as it would be if the process had been killed now; the ledger is closed."""
    crashed = ledger.folder.path.with_name(name)
    shutil.rmtree(crashed, ignore_errors=True)
    shutil.copytree(ledger.folder.path, crashed)
    ledger.__exit__(None, None, None)
    return LedgerFolder(crashed)


def contents(folder: LedgerFolder) -> dict[str, bytes]:
    """Return every file of a ledger by name; what only says who is connected is left out."""
    paths = (path for path in folder.path.rglob("*") if path.is_file())
    told = {str(path.relative_to(folder.path)): path.read_bytes() for path in paths}
    return {name: told[name] for name in told if not name.endswith(("-shm", ".lock"))}


def query(database: Path, sql: str) -> list[tuple[Any, ...]]:
    """Return what any other program would read from the ledger, while it may be open."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


def tinker(folder: LedgerFolder, sql: str) -> None:
    """Change the ledger from outside, and leave its log where it is."""
    with closing(sqlite3.connect(f"file:{folder.database}?mode=ro", uri=True)) as keeper:
        keeper.execute("SELECT count(*) FROM meta").fetchall()
        with closing(sqlite3.connect(folder.database)) as connection, connection:
            connection.execute(sql)


def count_of(folder: LedgerFolder) -> int:
    """Return how many ledger openings the database counts."""
    return int(query(folder.database, "SELECT value FROM meta WHERE name = 'opening'")[0][0])


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """Let the disk refuse to make any file larger than `size`."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def full_disk(ledger: Ledger) -> Iterator[None]:
    """Let the disk refuse whatever the ledger appends from now on; the rescue file has its room."""
    log = ledger.folder.path / "ledger.db-wal"
    while log.stat().st_size <= ledger.folder.rescue_file.stat().st_size:
        ledger.remember_pace(rate="x" * 20_000)
    with no_file_beyond(log.stat().st_size):
        yield


def read(folder: LedgerFolder) -> History:
    """Return a read-only view of a ledger that this process does not hold."""
    return History(folder.database)
