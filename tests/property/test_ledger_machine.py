"""A ledger that no interleaving can make send twice: runs, crashes, answers and decisions."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeAlias

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from importer.ledger import LedgerFolder, PlannedRow, Ruling, planning
from importer.model import (
    Answer,
    Booked,
    NotTaken,
    NotTakenCause,
    Outcome,
    Rejected,
    State,
    Unknown,
)
from tests.edges.ledger_kit import AT, crash, identity, make_row, open_at, plan, query

if TYPE_CHECKING:
    from importer.ledger import Earlier, Ledger, RowRecord
    from importer.model import RowKey

Booking: TypeAlias = tuple[str, int]
"""Word of a fingerprint, and which of its occurrences."""

BOOKINGS = st.sampled_from([("a", 0), ("a", 1), ("b", 0)])
OUTCOMES = st.sampled_from(["booked", "rejected", "unknown", "not taken", "never left"])
FAST_DISK = Path("/dev/shm")  # noqa: S108 - nothing here loses power, so it need not be slow
_MAY_BE_TAKEN = ("booked", "unknown")


class LedgerMachine(RuleBasedStateMachine):
    """Sends as posting does, and dies and decides as people's machines and people do.

    `held` is the promise itself: a booking for which a claim was granted stays held until the
    request is known not to have been taken, or a person says so.
    """

    def __init__(self) -> None:
        super().__init__()
        self.place = TemporaryDirectory(dir=FAST_DISK if FAST_DISK.is_dir() else None)
        self.ledger: Ledger
        self.now: datetime = AT
        self.openings = 0
        self.runs = 0
        self.bookings: dict[int, Booking] = {}
        self.run_of: dict[int, int] = {}
        self.sending: set[int] = set()
        self.held: dict[Booking, int] = {}
        self.keys: dict[int, RowKey] = {}
        self.keys_of_sheet = {number: planning.mint_row_key() for number in range(2, 5)}
        self.acknowledged: dict[int, int] = {}
        self.next_booking_id = 500

    @initialize()
    def make(self) -> None:
        self.ledger = open_at(LedgerFolder(Path(self.place.name) / "ledger"), self.now)

    def teardown(self) -> None:
        self.ledger.__exit__(None, None, None)
        self.place.cleanup()

    # What a run does

    @rule(
        wanted=st.lists(BOOKINGS, min_size=1, unique=True),
        is_careless=st.booleans(),
        is_edited=st.booleans(),
        is_sent=st.booleans(),
    )
    def plan_run(
        self, wanted: list[Booking], *, is_careless: bool, is_edited: bool, is_sent: bool
    ) -> None:
        """Plan a new file, or our results with other bookings typed over the rows.

        A careless one was planned before the other run was sent.
        """
        live = {} if is_careless else self.live(wanted)
        keys = self.keys_of_sheet if is_edited else {}
        rows = [
            self.planned(n, booking, live.get(booking), keys.get(n) or planning.mint_row_key())
            for n, booking in enumerate(wanted, 2)
        ]
        self.runs += 1
        row_ids = plan(self.ledger, *rows, run_id=f"run {self.runs}")
        self.bookings |= zip(row_ids, wanted, strict=True)
        self.run_of |= dict.fromkeys(row_ids, self.runs)
        self.keys |= zip(row_ids, (row.row_key for row in rows), strict=True)
        if is_sent:
            self.claim_all(row_ids)

    @precondition(lambda self: self.bookings)
    @rule(data=st.data())
    def claim(self, data: st.DataObject) -> None:
        newest = sorted(self.bookings)[-6:]
        self.claim_all(data.draw(st.lists(st.sampled_from(newest), min_size=1, max_size=4)))

    @precondition(lambda self: self.sending)
    @rule(data=st.data(), word=OUTCOMES)
    def record(self, data: st.DataObject, word: str) -> None:
        row_id = data.draw(st.sampled_from(sorted(self.sending)))
        self.ledger.record(row_id, self.outcome(row_id, word), self.now).result()
        self.settled(row_id, word)

    @precondition(lambda self: self.bookings)
    @rule()
    def release(self) -> None:
        """Put every rejected row back, as when the first answers are all the same refusal."""
        self.ledger.release(sorted(self.bookings)).result()

    # What befalls it

    @precondition(lambda self: self.bookings and not self.sending)
    @rule()
    def end_and_open(self) -> None:
        self.ledger.__exit__(None, None, None)
        self.open(self.ledger.folder)

    @precondition(lambda self: self.sending)
    @rule(data=st.data(), word=OUTCOMES)
    def die_and_open(self, data: st.DataObject, word: str) -> None:
        """Lose the process; the answer to one request may be in the rescue file."""
        rescued = data.draw(st.sampled_from([None, *sorted(self.sending)]))
        if rescued is not None:
            key = self.row(rescued).row_key
            assert self.ledger.rescue(rescued, key, self.outcome(rescued, word))
            self.settled(rescued, word)
        self.openings += 1
        self.open(crash(self.ledger, f"ledger {self.openings}"))

    # What people say

    @precondition(lambda self: self.bookings)
    @rule(data=st.data(), answer=st.sampled_from(Answer), waits=st.sampled_from([1, 20]))
    def decide(self, data: st.DataObject, answer: Answer, waits: int) -> None:
        row_id = data.draw(st.sampled_from(sorted(self.bookings)))
        row = self.row(row_id)
        self.now += timedelta(minutes=waits)
        self.next_booking_id += 1
        ruling = Ruling(
            row_key=row.row_key,
            answer=answer,
            booking_id=self.next_booking_id if answer is Answer.BOOKED else None,
        )
        refusals = self.ledger.decide(self.run_of[row_id], [ruling], who="ann", at=self.now)
        if refusals:
            return
        first = row.refers_to or row_id
        if answer is Answer.BOOKED:
            self.acknowledged[first] = self.next_booking_id
        else:
            self.held.pop(self.bookings[first], None)

    # What is always true

    @invariant()
    def the_ledger_agrees(self) -> None:
        rows = {
            row[0]: row[1:]
            for row in query(
                self.ledger.folder.database,
                "SELECT row_id, state, booking_id, refers_to, cancelled_at IS NOT NULL FROM row",
            )
        }
        self.every_held_booking_has_one_live_row(rows)
        for row_id, booking_id in self.acknowledged.items():
            assert rows[row_id][1] == booking_id
        for state, booking_id, first, _ in rows.values():
            if first is not None:
                follows_well(state, booking_id, *rows[first][:2])

    def every_held_booking_has_one_live_row(self, rows: dict[int, tuple[Any, ...]]) -> None:
        live = [
            self.bookings[row_id]
            for row_id, (state, _, first, is_cancelled) in rows.items()
            if state in ("sending", "booked", "unknown") and first is None and not is_cancelled
        ]
        assert len(live) == len(set(live))
        assert set(live) == set(self.held)

    # Helpers

    def open(self, folder: LedgerFolder) -> None:
        self.now += timedelta(minutes=1)
        self.ledger = open_at(folder, self.now)
        assert self.ledger.interrupted == len(self.sending)
        self.sending.clear()

    def claim_all(self, row_ids: list[int]) -> None:
        """Claim rows at once; nothing is granted that is held already."""
        claims = [(row_id, self.ledger.claim(row_id, self.now)) for row_id in row_ids]
        for row_id, claimed in claims:
            if claimed.result() is State.SENDING:
                booking = self.bookings[row_id]
                assert booking not in self.held, f"{booking} is sent a second time"
                assert self.keys[row_id] not in {self.keys[held] for held in self.held.values()}
                self.held[booking] = row_id
                self.sending.add(row_id)

    def live(self, wanted: list[Booking]) -> dict[Booking, Earlier]:
        prints = {identity(word).fingerprint: word for word, _ in wanted}
        found = self.ledger.plan(partial(planning.live_by_fingerprint, fingerprints=list(prints)))
        return {(prints[key], occurrence): row for (key, occurrence), row in found.items()}

    def planned(
        self, number: int, booking: Booking, live: Earlier | None, key: RowKey
    ) -> PlannedRow:
        """Return a row as the pipeline plans it: one that is or may be booked is not ready."""
        word, occurrence = booking
        if live is None:
            return make_row(number, word, occurrence=occurrence, row_key=key)
        return make_row(
            number,
            word,
            occurrence=occurrence,
            row_key=key,
            state=State.SKIPPED if live.state is State.BOOKED else State.UNKNOWN,
            refers_to=live.row_id,
            booking_id=live.booking_id,
        )

    def outcome(self, row_id: int, word: str) -> Outcome:
        self.next_booking_id += 1
        match word:
            case "booked":
                self.acknowledged[row_id] = self.next_booking_id
                return Booked(booking_id=self.next_booking_id)
            case "rejected":
                return Rejected(http_status=422)
            case "not taken":
                return NotTaken(cause=NotTakenCause.TOO_MANY_REQUESTS)
            case "never left":
                return NotTaken(cause=NotTakenCause.NO_CONNECTION, left=False)
            case _:
                return Unknown(reason="ReadTimeout")

    def settled(self, row_id: int, word: str) -> None:
        self.sending.discard(row_id)
        if word not in _MAY_BE_TAKEN:
            self.held.pop(self.bookings[row_id], None)

    def row(self, row_id: int) -> RowRecord:
        with self.ledger.history() as history:
            rows = history.rows(self.run_of[row_id])
            return next(row for row in rows if row.row_id == row_id)


def follows_well(state: str, booking_id: int | None, first: str, first_id: int | None) -> None:
    """Fail unless an unknown follower can be settled, and a skipped one carries the booking."""
    if state == State.UNKNOWN:
        assert first in (State.SENDING, State.UNKNOWN)
    else:
        assert (state, first) == (State.SKIPPED, State.BOOKED)
        assert booking_id == first_id


LedgerMachine.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=30,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestLedger = LedgerMachine.TestCase
