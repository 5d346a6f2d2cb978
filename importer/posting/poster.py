"""Posting the rows of one run: workers that share a pace, and when they all stop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.errors import ImporterError, LedgerError
from importer.model import NotTaken, NotTakenCause, Outcome, Unknown
from importer.posting.records import Records
from importer.posting.refusals import Refusals
from importer.posting.sender import BookingApi, Sender
from importer.posting.stops import Stop, Stops

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from importer.ledger import Ledger, PlannedRequest, Spool
    from importer.model import Clock
    from importer.posting.tally import Tally
    from importer.posting.turns import Turns
    from importer.reports import Observer


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingEnd:
    """How posting ended; `stop` is None when every row was tried."""

    stop: Stop | None


@dataclass(slots=True, kw_only=True)
class Poster:
    """Lets one worker a connection send the planned requests of one run."""

    ledger: Ledger
    spool: Spool
    clock: Clock
    turns: Turns
    sign_in: Callable[[], Awaitable[object]]
    """Has a token that is still good when it returns; it waits its own turn."""
    observer: Observer
    tally: Tally
    refusals: Refusals = field(default_factory=Refusals)
    _records: Records = field(init=False)
    _sender: Sender = field(init=False)
    _stops: Stops = field(default_factory=Stops, init=False)
    _stop: Stop | None = field(default=None, init=False)
    _ledger_error: LedgerError | None = field(default=None, init=False)
    _may_all_go: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _workers: list[asyncio.Task[None]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        """Put together what the workers share."""
        self._records = Records(
            ledger=self.ledger,
            spool=self.spool,
            clock=self.clock,
            turns=self.turns,
            tally=self.tally,
            observer=self.observer,
        )
        self._sender = Sender(
            records=self._records,
            turns=self.turns,
            clock=self.clock,
            sign_in=self.sign_in,
            judge=self._judge,
        )

    async def post(
        self, requests: Iterator[PlannedRequest], connections: Sequence[BookingApi]
    ) -> PostingEnd:
        """Send every request, one worker a connection; the first ones go alone until answered.

        Raises:
            LedgerError: The ledger could not be written; what was in flight is in the rescue file.
        """
        self._workers = [
            asyncio.create_task(self._work(requests, connection, is_first=number == 0))
            for number, connection in enumerate(connections)
        ]
        ends = await asyncio.gather(*self._workers, return_exceptions=True)
        if self._ledger_error is not None:
            raise self._ledger_error
        for end in ends:
            if isinstance(end, Exception):
                raise end
        if self._stop is not None and self._stop.frees is not None:
            await self._records.free_rejected(self._stop.frees)
        return self.end()

    def end(self) -> PostingEnd:
        """Return how posting ended, as far as is known now."""
        return PostingEnd(stop=self._stop)

    def halt(self, stop: Stop) -> None:
        """Send nothing more; what is in flight may still be answered. The first reason stays."""
        self._stop = self._stop or stop
        self.turns.halt()
        self._may_all_go.set()

    def abandon(self, *, leaves_sending: bool) -> None:
        """Wait for no answer any more: what is in flight becomes unknown, now or at start-up."""
        self._sender.leaves_sending |= leaves_sending
        for worker in self._workers:
            worker.cancel()

    async def _work(
        self, requests: Iterator[PlannedRequest], connection: BookingApi, *, is_first: bool
    ) -> None:
        try:
            if not is_first:
                await self._may_all_go.wait()
            while not self.turns.is_halted and (request := next(requests, None)) is not None:
                outcome = await self._sender.send(request, connection)
                if _is_unreached(outcome):
                    self._consider(self._stops.after_row_without_connection())
        except ImporterError as error:
            self._fail(error)
        except BaseException:
            self.turns.halt()
            raise
        finally:
            if is_first:
                self._may_all_go.set()

    def _fail(self, error: ImporterError) -> None:
        """Stop for an error; one of the ledger weighs more than any other."""
        if isinstance(error, LedgerError):
            self._ledger_error = self._ledger_error or error
        self.halt(Stop(exit_code=error.exit_code, why=error.message, todo=error.todo))

    def _judge(self, outcome: Outcome, left_s: float) -> None:
        """Let an outcome slow, pause or stop the run."""
        wait_s = outcome.retry_after_s if isinstance(outcome, NotTaken | Unknown) else None
        if wait_s is not None or _is_too_many(outcome):
            self.turns.pause(wait_s)
            # The whole of it: an earlier answer may have asked for longer.
            self.ledger.remember_pause(self.clock.now(), self.turns.paused_s)
        elif not isinstance(outcome, NotTaken):
            self.turns.answered()
        self._consider(self._stops.after(outcome, self.clock.monotonic(), left_s=left_s))
        self._consider(self.refusals.after(outcome))
        if self.refusals.is_past_canary:
            self._may_all_go.set()

    def _consider(self, stop: Stop | None) -> None:
        if stop is not None:
            self.halt(stop)


def _is_too_many(outcome: Outcome) -> bool:
    return isinstance(outcome, NotTaken) and outcome.cause is NotTakenCause.TOO_MANY_REQUESTS


def _is_unreached(outcome: Outcome | None) -> bool:
    return isinstance(outcome, NotTaken) and outcome.cause is NotTakenCause.NO_CONNECTION
