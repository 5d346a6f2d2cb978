"""What posting writes down: claims, outcomes, and whatever the ledger can no longer take."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, assert_never

import structlog

from importer.model import Booked, NotTaken, Outcome, Rejected, State, Unknown
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from concurrent.futures import Future
    from datetime import datetime

    from importer.ledger import Ledger, PlannedRequest, Spool
    from importer.model import Clock
    from importer.posting.tally import Tally
    from importer.posting.turns import Turns
    from importer.reports import Observer

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Records:
    """Writes down what becomes of each row, and tells people how far the run is."""

    ledger: Ledger
    spool: Spool
    clock: Clock
    turns: Turns
    tally: Tally
    observer: Observer
    _rejected: dict[int, int] = field(default_factory=dict, init=False)
    """Row id -> status."""

    async def claim(self, request: PlannedRequest, at: datetime) -> bool:
        """Write down that a row will be sent then; return whether it is ours to send."""
        state = await durable(self.ledger.claim(request.row_id, at))
        if state is not State.SENDING:
            self._note(state)
        return state is State.SENDING

    async def invalidate(self, request: PlannedRequest) -> None:
        """Write down that the time of an appointment has come before its request could go."""
        problem = ProblemCode.APPOINTMENT_IN_PAST
        await durable(self.ledger.invalidate(request.row_id, problem, self.clock.now()))
        self._note(State.INVALID)

    async def record(self, request: PlannedRequest, outcome: Outcome) -> Outcome:
        """Write an outcome down; what the ledger cannot take goes to the rescue file.

        Returns:
            What was written, which may be less sure than what the server said.

        Raises:
            LedgerError: The ledger could not take it.
        """
        try:
            written = await durable(self.ledger.record(request.row_id, outcome, self.clock.now()))
        except Exception:
            self._rescue(request, outcome)
            raise
        if isinstance(outcome, Rejected) and outcome.text:
            self._keep_words(request, outcome.text)
        self._count(request, written)
        return written

    async def free_rejected(self, status: int) -> None:
        """Put the rows rejected with `status` back to `ready`: it was about the whole run."""
        row_ids = [row_id for row_id, told in self._rejected.items() if told == status]
        await durable(self.ledger.release(row_ids))
        self.tally.free_rejected(len(row_ids))
        self._show()

    def _count(self, request: PlannedRequest, outcome: Outcome) -> None:
        _log_row(request, outcome)
        match outcome:
            case Booked():
                self._note(State.BOOKED)
            case Rejected():
                self._rejected[request.row_id] = outcome.http_status
                self._note(State.REJECTED, _problem_words(outcome))
            case Unknown():
                self._note(State.UNKNOWN)
            case NotTaken():
                self._show()
            case _:
                assert_never(outcome)

    def _note(self, state: State, problem: str = "") -> None:
        self.tally.add(state, problem)
        self._show()

    def _show(self) -> None:
        self.observer.progress(self.tally.view(paused_s=self.turns.paused_s))

    def _keep_words(self, request: PlannedRequest, text: str) -> None:
        try:
            self.spool.keep_words(request.row_key, text)
        except OSError:  # words are a comfort; the outcome itself is in the ledger
            self.observer.notice("the server's own words could not be kept: the disk refused them")

    def _rescue(self, request: PlannedRequest, outcome: Outcome) -> None:
        kept = self.ledger.rescue(request.row_id, request.row_key, outcome)
        where = "kept in the rescue file" if kept else "NOT on disk: write it down"
        said = f"row {request.row_number} ({request.row_key}): {_word_for(outcome)}, {where}"
        self.observer.notice(said)


def _log_row(request: PlannedRequest, outcome: Outcome) -> None:
    """Log what became of a row, for whoever asked to be told; never what is in it."""
    if structlog.is_configured():
        structlog.get_logger().debug(
            "row",
            row=request.row_number,
            state=_word_for(outcome),
            http_status=outcome.http_status,
        )


async def durable(future: Future[T]) -> T:
    """Return what a change of the ledger came to, once it is on disk.

    A cancellation takes effect right after: whoever is cancelled must know what was written, and
    rescue an answer that could not be.
    """
    change = asyncio.wrap_future(future)
    is_cancelled = False
    while not change.done():
        try:
            await asyncio.wait([change])
        except asyncio.CancelledError:
            is_cancelled = True
    task = asyncio.current_task()
    if is_cancelled and task is not None:
        task.cancel()
    return change.result()


def _word_for(outcome: Outcome) -> str:
    match outcome:
        case Booked():
            return f"booked {outcome.booking_id}"
        case Rejected():
            return "rejected"
        case Unknown():
            return "unknown"
        case NotTaken():
            return "not taken"
        case _:
            assert_never(outcome)


def _problem_words(outcome: Rejected) -> str:
    field_name = outcome.errors[0].loc.rpartition(".")[2] if outcome.errors else ""
    return f"{outcome.http_status} {field_name}".strip()
