"""Posting: wait a turn, claim a row, post it, write down what came of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar, assert_never

from tenacity import AsyncRetrying, RetryCallState, retry_if_result
from tenacity.wait import wait_random_exponential

from importer.errors import ImporterError, LedgerError
from importer.model import (
    Booked,
    NotTaken,
    NotTakenCause,
    Outcome,
    Rejected,
    State,
    Unknown,
)
from importer.posting.stops import Stop, Stops
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from concurrent.futures import Future

    from importer.ledger import Ledger, PlannedRequest, Spool
    from importer.model import Clock
    from importer.posting.tally import Tally
    from importer.posting.turns import Turns
    from importer.reports import Observer

T = TypeVar("T")

_TRIES = 6
_BUDGET_SHARE = 0.1
_BUDGET_FREE = 20
_AT_ONCE = {
    NotTakenCause.TOO_MANY_REQUESTS,
    NotTakenCause.UNAUTHORIZED,
    NotTakenCause.HELD_BACK,
}
"""Causes that have a wait of their own, or none: no try of the row is charged for them."""


class BookingApi(Protocol):
    """What posting needs of the Partner API: one connection."""

    async def create_booking(
        self, body: bytes, *, before_first_byte: Callable[[], Awaitable[bool]]
    ) -> Outcome:
        """Send one booking request once and say what came of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingEnd:
    """How posting ended; `stop` is None when every row was tried."""

    stop: Stop | None
    error: ImporterError | None = None


@dataclass(slots=True, kw_only=True)
class Poster:
    """Sends the planned requests of one run, each of them at most once unless surely not taken."""

    ledger: Ledger
    spool: Spool
    clock: Clock
    turns: Turns
    sign_in: Callable[[], Awaitable[object]]
    """Has a token that is still good when it returns; it waits its own turn."""
    observer: Observer
    tally: Tally
    _stops: Stops = field(init=False)
    _stop: Stop | None = field(default=None, init=False)
    _error: ImporterError | None = field(default=None, init=False)
    _first_answer: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _workers: set[asyncio.Task[None]] = field(default_factory=set, init=False)
    _retries: int = field(default=0, init=False)
    _rejected: list[int] = field(default_factory=list, init=False)
    _leaves_sending: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Start counting silence from now."""
        self._stops = Stops(started_s=self.clock.monotonic())

    async def post(
        self, requests: Iterator[PlannedRequest], connections: Sequence[BookingApi]
    ) -> PostingEnd:
        """Send every request, one worker a connection; the first goes alone until answered.

        Raises:
            LedgerError: The ledger could not be written; what was in flight is in the rescue file.
        """
        self._workers = {
            asyncio.create_task(self._work(requests, connection, is_first=number == 0))
            for number, connection in enumerate(connections)
        }
        results = await asyncio.gather(*self._workers, return_exceptions=True)
        bugs = [r for r in results if isinstance(r, Exception)]
        if isinstance(self._error, LedgerError):
            raise self._error
        if bugs:
            raise bugs[0]
        await self._free_rejected()
        return PostingEnd(stop=self._stop, error=self._error)

    def halt(self, stop: Stop) -> None:
        """Send nothing more; what is in flight may still be answered. The first reason stays."""
        self._stop = self._stop or stop
        self.turns.halt()
        self._first_answer.set()

    def abandon(self, *, leaves_sending: bool) -> None:
        """Wait for no answer any more: what is in flight becomes unknown, now or at start-up."""
        self._leaves_sending = leaves_sending
        for worker in self._workers:
            worker.cancel()

    async def _work(
        self, requests: Iterator[PlannedRequest], connection: BookingApi, *, is_first: bool
    ) -> None:
        try:
            if not is_first:
                await self._first_answer.wait()
            while not self.turns.is_halted:
                request = next(requests, None)
                if request is None:
                    break
                await self._send(request, connection)
        except ImporterError as error:
            self._fail(error)
        except BaseException:
            self.turns.halt()
            raise
        finally:
            if is_first:
                self._first_answer.set()

    def _fail(self, error: ImporterError) -> None:
        """Stop for an error; one of the ledger weighs more than any other."""
        if self._error is None or isinstance(error, LedgerError):
            self._error = error
        self.halt(Stop(exit_code=error.exit_code, why=error.message, todo=error.todo))

    async def _send(self, request: PlannedRequest, connection: BookingApi) -> None:
        """Try one row until there is an outcome, or its safe tries are used up."""
        retrying = AsyncRetrying(
            retry=retry_if_result(self._may_go_again),
            stop=self._has_tried_enough,
            wait=wait_random_exponential(multiplier=1, max=60),
            sleep=self.turns.nap,
            retry_error_callback=_last_outcome,
        )
        outcome: Outcome | None = await retrying(self._try, request, connection)
        if isinstance(outcome, NotTaken) and outcome.cause is NotTakenCause.NO_CONNECTION:
            self._consider(self._stops.after_row_without_connection())

    async def _try(self, request: PlannedRequest, connection: BookingApi) -> Outcome | None:
        """Send a row once; again at once only for causes that no try is charged for.

        Returns:
            The outcome, None when the row is not to be sent any more.
        """
        while True:
            outcome = await self._post_once(request, connection)
            again = isinstance(outcome, NotTaken) and outcome.cause in _AT_ONCE
            if not again or self.turns.is_halted:
                return outcome

    async def _post_once(self, request: PlannedRequest, connection: BookingApi) -> Outcome | None:
        if request.appointment_at <= self.clock.now():
            change = self.ledger.invalidate(
                request.row_id, ProblemCode.APPOINTMENT_IN_PAST, self.clock.now()
            )
            await _durable(change)
            self._note(State.INVALID)
            return None
        await self.sign_in()
        slot_s = await self.turns.next_slot()
        if slot_s is None:
            return None
        state = await _durable(self.ledger.claim(request.row_id, self.clock.now()))
        if state is not State.SENDING:
            self._note(state)
            return None
        return await self._post_claimed(request, connection, slot_s)

    async def _post_claimed(
        self, request: PlannedRequest, connection: BookingApi, slot_s: float
    ) -> Outcome:
        """Post a row that is `sending` on disk, and leave it in no doubt unless it is."""
        never_left = NotTaken(cause=NotTakenCause.HELD_BACK, left=False)
        try:
            outcome = await connection.create_booking(
                request.body, before_first_byte=partial(self.turns.reached, slot_s)
            )
        except ImporterError:
            await self._record(request, never_left)
            raise
        except asyncio.CancelledError:
            if not self._leaves_sending:
                await self._record(request, Unknown(reason="stopped while waiting for the answer"))
            raise
        await self._record(request, outcome)
        self._judge(outcome)
        return outcome

    async def _record(self, request: PlannedRequest, outcome: Outcome) -> None:
        """Write an outcome down; if the ledger cannot take it, the rescue file does."""
        if isinstance(outcome, Rejected) and outcome.text:
            self._keep_words(request.row_key, outcome.text)
        try:
            await _durable(self.ledger.record(request.row_id, outcome, self.clock.now()))
        except LedgerError:
            self._rescue(request, outcome)
            raise
        self._count(request, outcome)

    def _count(self, request: PlannedRequest, outcome: Outcome) -> None:
        match outcome:
            case Booked():
                self._note(State.BOOKED)
            case Rejected():
                self._rejected.append(request.row_id)
                self._note(State.REJECTED, problem=_problem_words(outcome))
            case Unknown():
                self._note(State.UNKNOWN)
            case NotTaken():
                pass
            case _:
                assert_never(outcome)

    def _keep_words(self, row_key: str, text: str) -> None:
        try:
            self.spool.keep_words(row_key, text)
        except OSError:  # words are a comfort; the outcome itself goes to the ledger
            self.observer.notice("the server's own words could not be kept: the disk refused them")

    def _rescue(self, request: PlannedRequest, outcome: Outcome) -> None:
        kept = self.ledger.rescue(request.row_id, request.row_key, outcome)
        where = "kept in the rescue file" if kept else "NOT on disk: write it down"
        booking = getattr(outcome, "booking_id", None)
        self.observer.notice(
            f"row {request.row_number} ({request.row_key}): {type(outcome).__name__.lower()}"
            f"{f' {booking}' if booking else ''}, {where}"
        )

    def _judge(self, outcome: Outcome) -> None:
        """Let the outcome slow, pause or stop the run."""
        now_s = self.clock.monotonic()
        wait_s = outcome.retry_after_s if isinstance(outcome, NotTaken | Unknown) else None
        if isinstance(outcome, NotTaken) and outcome.cause is NotTakenCause.TOO_MANY_REQUESTS:
            self.tally.waits_429 += 1
            self._consider(self._stops.after_pause(self._pause(wait_s), now_s))
        elif wait_s is not None:
            self._pause(wait_s)
        elif not isinstance(outcome, NotTaken):
            self.turns.answered()
        self._consider(self._stops.after(outcome, now_s))
        if not isinstance(outcome, NotTaken):
            self._first_answer.set()
        self.observer.progress(self.tally.view(paused_s=self.turns.paused_s))

    def _pause(self, asked_s: float | None) -> float:
        wait_s = self.turns.pause(asked_s)
        self.ledger.remember_pause(self.clock.now(), wait_s)
        return wait_s

    def _consider(self, stop: Stop | None) -> None:
        if stop is not None:
            self.halt(stop)

    def _note(self, state: State, problem: str = "") -> None:
        self.tally.add(state, problem)
        self.observer.progress(self.tally.view(paused_s=self.turns.paused_s))

    def _may_go_again(self, outcome: Outcome | None) -> bool:
        return isinstance(outcome, NotTaken) and not self.turns.is_halted

    def _has_tried_enough(self, state: RetryCallState) -> bool:
        """Return whether the row's tries, or the whole run's budget of them, are used up."""
        self._retries += 1
        budget = _BUDGET_FREE + _BUDGET_SHARE * self.tally.answered
        return state.attempt_number >= _TRIES or self._retries > budget

    async def _free_rejected(self) -> None:
        if self._stop is not None and self._stop.frees_rejected and self._rejected:
            await _durable(self.ledger.release(self._rejected))
            self.tally.free_rejected(len(self._rejected))


def _last_outcome(retry_state: RetryCallState) -> Outcome | None:
    if retry_state.outcome is None:
        return None
    outcome: Outcome | None = retry_state.outcome.result()
    return outcome


async def _durable(future: Future[T]) -> T:
    """Return what a ledger change came to, once it is on disk."""
    return await asyncio.wrap_future(future)


def _problem_words(outcome: Rejected) -> str:
    field_name = outcome.errors[0].loc.rpartition(".")[2] if outcome.errors else ""
    return f"{outcome.http_status} {field_name}".strip()
