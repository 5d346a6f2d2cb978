"""Sending one row: wait a turn, claim it, post it, and again only what was surely not taken."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tenacity import AsyncRetrying, RetryCallState, retry_if_result
from tenacity.wait import wait_random_exponential

from importer.errors import ImporterError
from importer.model import Booked, NotTaken, NotTakenCause, Outcome, Unknown

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from importer.ledger import PlannedRequest
    from importer.model import Clock
    from importer.pacing import Slot
    from importer.posting.records import Records
    from importer.posting.turns import Turns

_TRIES = 6
_BUDGET_SHARE = 0.1
_BUDGET_FREE = 20
_AT_ONCE = {
    NotTakenCause.TOO_MANY_REQUESTS,
    NotTakenCause.UNAUTHORIZED,
    NotTakenCause.HELD_BACK,
}
"""Causes with a wait, or an end, of their own: no try of the row is charged for them."""


class BookingApi(Protocol):
    """What posting needs of the Partner API: one connection."""

    async def create_booking(
        self, body: bytes, *, before_first_byte: Callable[[], Awaitable[bool]]
    ) -> Outcome:
        """Send one booking request once and say what came of it."""


@dataclass(slots=True, kw_only=True)
class Sender:
    """Sends rows, each at most once unless it was surely not taken; shared by all workers."""

    records: Records
    turns: Turns
    clock: Clock
    sign_in: Callable[[], Awaitable[object]]
    """Has a token that is still good when it returns; it waits its own turn."""
    judge: Callable[[Outcome, float], None]
    """Lets the outcome of a request slow, pause or stop the run; it is told when it left."""
    leaves_sending: bool = False
    """Whoever is interrupted writes nothing more: the next start finds its row `sending`."""
    _retries: int = field(default=0, init=False)

    async def send(self, request: PlannedRequest, connection: BookingApi) -> Outcome | None:
        """Try one row until there is an outcome, or its safe tries are used up.

        Returns:
            The last outcome; None when the row was not to be sent any more.

        Raises:
            ImporterError: The run cannot go on.
        """
        retrying = AsyncRetrying(
            retry=retry_if_result(_was_not_taken),
            stop=self._has_tried_enough,
            wait=wait_random_exponential(multiplier=1, max=60),
            sleep=self._wait,
            retry_error_callback=_last_outcome,
        )
        outcome: Outcome | None = await retrying(self._try, request, connection)
        return outcome

    async def _wait(self, seconds: float) -> None:
        """Wait before a row goes again, and count it as waiting meanwhile."""
        self.records.tally.waiting += 1
        try:
            await self.turns.nap(seconds)
        finally:
            self.records.tally.waiting -= 1

    async def _try(self, request: PlannedRequest, connection: BookingApi) -> Outcome | None:
        """Send a row once, and again at once for causes that no try is charged for."""
        while True:
            outcome = await self._post_once(request, connection)
            if not isinstance(outcome, NotTaken) or outcome.cause not in _AT_ONCE:
                return outcome

    async def _post_once(self, request: PlannedRequest, connection: BookingApi) -> Outcome | None:
        """Post a row at its turn, unless by then the run is halted or the row is not to go."""
        if self.turns.is_halted or await self._is_too_late(request):
            return None
        await self.sign_in()
        slot = await self.turns.next_slot()
        # The wait may have been long: a pause takes up to 15 minutes.
        if slot is None or await self._is_too_late(request):
            return None
        if not await self.records.claim(request, self.turns.moment_of(slot)):
            return None
        outcome = await self._post_claimed(request, connection, slot)
        if isinstance(outcome, Booked):  # the ledger may know better: the id may be another row's
            outcome = await self.records.record(request, outcome)
            self.judge(outcome, slot.at_s)
            return outcome
        try:
            self.judge(outcome, slot.at_s)
        finally:  # whatever happens, an answer is written down
            await self.records.record(request, outcome)
        return outcome

    async def _is_too_late(self, request: PlannedRequest) -> bool:
        """Return whether its appointment has come; then the row is not sent any more."""
        if request.appointment_at > self.clock.now():
            return False
        await self.records.invalidate(request)
        return True

    async def _post_claimed(
        self, request: PlannedRequest, connection: BookingApi, slot: Slot
    ) -> Outcome:
        """Post a row that is `sending` on disk; an interruption does not leave it in doubt."""
        has_left = False

        async def gate() -> bool:
            nonlocal has_left
            has_left = await self.turns.reached(slot)
            return has_left

        try:
            return await connection.create_booking(request.body, before_first_byte=gate)
        except ImporterError:
            await self.records.record(request, _interrupted(has_left=has_left))
            raise
        except asyncio.CancelledError:
            if not self.leaves_sending:
                await self.records.record(request, _interrupted(has_left=has_left))
            raise

    def _has_tried_enough(self, state: RetryCallState) -> bool:
        """Return whether the row's tries, or the whole run's budget of them, are used up."""
        if state.attempt_number >= _TRIES:
            return True
        outcome = _last_outcome(state)
        if isinstance(outcome, NotTaken) and not outcome.left:
            return False  # the budget spares the server, which has not seen this one
        self._retries += 1
        return self._retries > _BUDGET_FREE + _BUDGET_SHARE * self.records.tally.answered


def _interrupted(*, has_left: bool) -> Outcome:
    if has_left:
        return Unknown(reason="stopped while waiting for the answer")
    return NotTaken(cause=NotTakenCause.HELD_BACK, left=False)


def _was_not_taken(outcome: Outcome | None) -> bool:
    return isinstance(outcome, NotTaken)


def _last_outcome(state: RetryCallState) -> Outcome | None:
    outcome: Outcome | None = state.outcome.result() if state.outcome else None
    return outcome
