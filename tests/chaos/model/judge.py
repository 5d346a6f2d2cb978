"""The judge of the model: the importer's own checker over every run, and what may never change."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from importer.identity import canonical_body
from importer.model import State
from importer.verify import Evidence, Held, Violation, verify
from tests.chaos.model.server import natural_key
from tests.chaos.model.sources import place_of, pool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.model.office import Office, Row, Run
    from tests.chaos.model.sources import Source

_WHILE_RUNNING = frozenset({State.READY, State.SENDING})
"""What a row may leave by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """What one step may change of rows that were decided, because a person said so."""

    decides: bool = False
    """A person settles rows that are unknown, or says that a booking is cancelled."""
    retries: bool = False
    """The operator lets rejected rows go again."""


@dataclass(slots=True)
class Judge:
    """Compares the ledger with the server's log, and with what it held a step before."""

    office: Office
    _before: dict[int, Row] = field(default_factory=dict)

    def violations(self, leave: Leave) -> list[Violation]:
        """Return every promise that the story has broken so far."""
        rows, runs = self.office.rows(), self.office.runs()
        found = [
            *self._of_runs(rows, runs),
            *self._of_bookings(rows, runs),
            *self._of_acknowledged(rows),
            *self._of_changes(rows, leave),
        ]
        self._before = rows
        return found

    def _of_runs(self, rows: dict[int, Row], runs: list[Run]) -> Iterator[Violation]:
        """Ask the checker about every run, by the same rules as the importer gathers evidence."""
        for run in runs:
            mine = [row for row in rows.values() if row.run_number == run.run_number]
            lines = dict(enumerate(self.office.source_of(run).lines, 2))
            evidence = Evidence(
                source_rows=list(lines),
                ledger=[_held(row, _body_of(lines[row.row_number].name), rows) for row in mine],
                requests=self.office.server.log,
                planned_s=self.office.planned_s.get(run.run_id),
            )
            yield from verify(evidence)

    def _of_bookings(self, rows: dict[int, Row], runs: list[Run]) -> Iterator[Violation]:
        """Nobody has more bookings that stand than the operator asked for."""
        most = dict[str, int]()
        names = {run.run_number: self.office.source_of(run) for run in runs}
        for row in rows.values():
            if row.state == State.DUPLICATE:
                continue
            key = key_of(names[row.run_number], row.row_number)
            most[key] = max(most.get(key, 1), row.occurrence + 1)
        for key, count in self.office.server.live().items():
            if count > most.get(key, 0):
                yield Violation(invariant="I1", what=f"{key}: {count} bookings that stand")

    def _of_acknowledged(self, rows: dict[int, Row]) -> Iterator[Violation]:
        """What was answered and on disk is there for ever."""
        for row_id, booking_id in self.office.server.acknowledged.items():
            row = rows.get(row_id)
            if row and row.state == State.SENDING and row_id in self.office.rescued:
                continue  # the next opening of the ledger takes it up
            if row is None or (row.state, row.booking_id) != (State.BOOKED, booking_id):
                yield Violation(
                    invariant="I3", what=f"booking {booking_id} is gone from {_told(row)}"
                )

    def _of_changes(self, rows: dict[int, Row], leave: Leave) -> Iterator[Violation]:
        """A row that was decided stays decided; an unknown one is settled by a person only."""
        for row_id, before in self._before.items():
            now = rows.get(row_id)
            if now is None:
                yield Violation(invariant="I2", what=f"{_told(before)} is gone")
            elif not _may_become(before, now, leave):
                yield Violation(invariant="I4", what=f"{_told(before)} became {_told(now)}")


def _held(row: Row, body: str, rows: dict[int, Row]) -> Held:
    """Return a row as the checker wants it, with what other runs did about the same booking."""
    sent = [o for o in rows.values() if o.requests and o.fingerprint == row.fingerprint is not None]
    same = [other for other in sent if other.run_number != row.run_number]
    return Held(
        row_number=row.row_number,
        state=State(row.state),
        booking_id=row.booking_id,
        body="" if row.state in {State.LEFT_OUT, State.SUPERSEDED} else body,
        occurrence=row.occurrence,
        is_reference=row.refers_to is not None,
        allowed_again=row.releases + row.is_cancelled,
        is_settled=bool(row.is_settled),
        requests_elsewhere=sum(o.requests for o in same if o.request == row.request),
        occurrences_anywhere=len({o.occurrence for o in sent}),
        allowed_elsewhere=sum(o.releases + o.is_cancelled for o in same),
        cancelled_elsewhere=sum(o.is_cancelled for o in same),
        is_live_elsewhere=any(_is_live(o) for o in same),
    )


def _is_live(row: Row) -> bool:
    """Return whether there is, or may be, a booking of its own behind a row."""
    may_be = row.state in (State.SENDING, State.BOOKED, State.UNKNOWN)
    return may_be and row.refers_to is None and not row.is_cancelled


def _told(row: Row | None) -> str:
    """Return a row in words."""
    if row is None:
        return "the ledger"
    return (
        f"row {row.row_number} of run {row.run_number}, {row.state} {row.booking_id or ''}".rstrip()
    )


def _may_become(before: Row, now: Row, leave: Leave) -> bool:
    if before.state in _WHILE_RUNNING or before == now:
        return True
    if before.state == State.UNKNOWN:
        return leave.decides
    if before.state == State.BOOKED:
        kept = now._replace(is_cancelled=before.is_cancelled, is_settled=before.is_settled)
        return leave.decides and kept == before
    return before.state == State.REJECTED and leave.retries


def key_of(source: Source, row_number: int) -> str:
    """Return place, time and patient of a row, also of one with an error; "" for a blank one."""
    return _key_of_name(source.lines[row_number - 2].name.partition(",")[0])


@cache
def _key_of_name(name: str) -> str:
    body = _body_of(name)
    return natural_key(body.encode()) if body else ""


@cache
def _body_of(name: str) -> str:
    """Return what a row would send, "" for one that would send nothing."""
    request = pool().rows[place_of(name)].request
    return canonical_body(request).decode() if request else ""
