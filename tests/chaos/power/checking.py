"""A disk after a power loss, opened: by SQLite alone, and by the importer itself."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from importer.errors import LedgerError
from importer.identity import _keyed as keyed_hash
from importer.ledger import LedgerFolder, open_ledger, target_of
from importer.ledger.folder import key_id
from importer.model import State
from importer.sandbox import SandboxConfig
from importer.verify import Violation
from tests.chaos.memory_disk import folder_in_memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.chaos.power.disk import Image
    from tests.chaos.power.facts import Instant
    from tests.chaos.power.traffic import Exchange

Booking: TypeAlias = tuple[bytes, int | None]
"""The keyed hash of a request, and the id of the booking that was made of it."""

TARGET = target_of("http://127.0.0.1:1", SandboxConfig().client_id)
_FOLDER = f"state/{TARGET.folder_name}"
_INTENT = frozenset({State.SENDING, State.BOOKED, State.REJECTED, State.UNKNOWN})
_NEEDS_SOURCE = (State.READY, State.SENDING, State.UNKNOWN)
_LATER = datetime(2090, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What of a ledger is judged."""

    by_request: dict[bytes, list[tuple[State, int | None]]] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)
    needed_sources: dict[str, str] = field(default_factory=dict)
    """Run id -> digest, of the runs that may be carried on."""
    written: frozenset[str] = frozenset()

    @property
    def booked(self) -> frozenset[Booking]:
        """Return every request that was booked, with the id of its booking."""
        return frozenset(
            (request, booking_id)
            for request, held in self.by_request.items()
            for state, booking_id in held
            if state is State.BOOKED
        )


def rows_in(image: Image) -> tuple[Rows, bytes]:
    """Return what the ledger of a disk holds, read by SQLite alone, and its key.

    Raises:
        sqlite3.Error: SQLite cannot read it.
        ValueError: It is damaged.
    """
    beside = f"{_FOLDER}/ledger."
    files: Image = {
        path.removeprefix(f"{_FOLDER}/"): content
        for path, content in image.items()
        if path.startswith(beside)
    }
    with laid_out(files) as folder:
        rows = _read(folder / "ledger.db") if "ledger.db" in files else Rows()
    return rows, files.get("ledger.key") or b""


@contextmanager
def laid_out(image: Image) -> Iterator[Path]:
    """Lend a folder with these files, in memory where the system can."""
    with folder_in_memory("power-loss-") as root:
        lay_out(image, root)
        yield root


def lay_out(image: Image, root: Path) -> None:
    """Write these files into a folder."""
    for path, content in image.items():
        if content is None:
            (root / path).mkdir()
        else:
            (root / path).write_bytes(content)


def violations_by_sqlite(image: Image, instant: Instant) -> list[Violation]:
    """Return what is broken, judged by the files and by SQLite alone."""
    try:
        rows, key = rows_in(image)
    except (sqlite3.Error, ValueError) as error:
        return [Violation(invariant="corrupt", what=f"SQLite says: {error}")]
    return [
        *_lost(instant.left, rows, key, instant.at),
        *_unbooked(instant, rows),
        *_other_key(rows, key),
        *_torn_files(image, instant, rows),
        *_torn_sources(image, rows),
    ]


def violations_by_opening(image: Image, instant: Instant) -> list[Violation]:
    """Return what is broken, judged by opening the ledger as the next command does."""
    with laid_out(image) as root:
        folder = LedgerFolder(root / _FOLDER)
        try:
            with open_ledger(folder, TARGET, at=_LATER):
                pass
        except LedgerError as error:
            said = error.message.replace(f"{root}/", "")
            return [Violation(invariant="I9", what=f"refused falsely: {said}")]
        rows = _read(folder.database)
        key = folder.key_file.read_bytes()
    return [
        *_lost(instant.left, rows, key, instant.at),
        *_unbooked(instant, rows),
        *_still_sending(rows),
    ]


def _read(database: Path) -> Rows:
    """Return what a ledger holds.

    Raises:
        sqlite3.Error: SQLite cannot read it.
        ValueError: It is damaged.
    """
    with closing(sqlite3.connect(database)) as connection:
        (told,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if told != "ok":
            raise ValueError(told)
        found = connection.execute("SELECT request, state, booking_id FROM row ORDER BY row_id")
        by_request: dict[bytes, list[tuple[State, int | None]]] = {}
        for request, state, booking_id in found:
            by_request.setdefault(request or b"", []).append((State(state), booking_id))
        return Rows(
            by_request=by_request,
            meta=dict(connection.execute("SELECT name, value FROM meta").fetchall()),
            needed_sources=dict(_needed_sources(connection)),
            written=frozenset(d for (d,) in connection.execute("SELECT digest FROM written")),
        )


def _needed_sources(connection: sqlite3.Connection) -> list[tuple[Any, Any]]:
    return connection.execute(
        "SELECT DISTINCT run_id, source_digest FROM run JOIN row USING (run_number)"
        " WHERE planned_at IS NOT NULL AND state IN (?, ?, ?)",
        _NEEDS_SOURCE,
    ).fetchall()


def _lost(left: Sequence[Exchange], rows: Rows, key: bytes, at: int) -> Iterator[Violation]:
    """I6 and I3: intents of what has left, and answers that something already relied on."""
    for number, exchange in enumerate(left, 1):
        held = rows.by_request.get(keyed_hash(key, "request", exchange.body), [])
        is_answered = exchange.answered_at is not None and exchange.answered_at < at
        if is_answered and not exchange.may_be_taken:
            continue
        if not any(state in _INTENT for state, _ in held):
            states = [state.value for state, _ in held] or "not there"
            yield Violation(invariant="I6", what=f"request {number} has left, its row is {states}")
        elif exchange.relied_on_at is not None and exchange.relied_on_at < at:
            is_there = (
                (State.BOOKED, exchange.booking_id) in held
                if exchange.booking_id is not None
                else any(state is State.REJECTED for state, _ in held)
            )
            if not is_there:
                yield Violation(invariant="I3", what=f"the answer to request {number} is lost")


def _unbooked(instant: Instant, rows: Rows) -> Iterator[Violation]:
    """I3: what a command had written down when it ended, an operator's decisions too."""
    missing = instant.booked - rows.booked
    if missing:
        what = f"{len(missing)} bookings are lost that a finished command had written down"
        yield Violation(invariant="I3", what=what)


def _still_sending(rows: Rows) -> Iterator[Violation]:
    states = {state for held in rows.by_request.values() for state, _ in held}
    if State.SENDING in states:
        yield Violation(invariant="I4", what="a row is still sending after the ledger was opened")


def _other_key(rows: Rows, key: bytes) -> Iterator[Violation]:
    """The key is durable before the first hash that is made with it."""
    if rows.meta and rows.meta["key_id"] != key_id(key):
        yield Violation(invariant="key", what="the ledger was made with another key than is there")


def _torn_files(image: Image, instant: Instant, rows: Rows) -> Iterator[Violation]:
    """What is written in one step is there as a whole, and results are known as ours."""
    for path, versions in instant.whole_files.items():
        there = image.get(path)
        is_results = there is not None and ".results." in path
        if there not in versions:
            yield Violation(invariant="whole files", what=f"{path} is half, lost or too old")
        elif is_results and hashlib.sha256(there or b"").hexdigest() not in rows.written:
            yield Violation(invariant="whole files", what=f"{path} is not known as ours")


def _torn_sources(image: Image, rows: Rows) -> Iterator[Violation]:
    """The private copy of a run that may be carried on is whole, or is not there."""
    for run_id, digest in rows.needed_sources.items():
        inside = f"{_FOLDER}/spool/{run_id}/source/"
        for path, content in image.items():
            if path.startswith(inside) and hashlib.sha256(content or b"").hexdigest() != digest:
                yield Violation(
                    invariant="whole files", what="the private copy of a source is half"
                )
