"""Time that jumps, and a script in the place of a server, for what no server does on demand.

No test stands here; the name keeps it beside those that use it.
"""

from __future__ import annotations

import asyncio
import selectors
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from importer.errors import ImporterError
from importer.model import Booked, NotTaken, NotTakenCause, Outcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine
    from concurrent.futures import Future

    from importer.model import Clock

T = TypeVar("T")

NOON = datetime(2030, 1, 7, 12, tzinfo=UTC)
_REAL_WAIT_S = 5.0


# Time that jumps


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer as soon as nothing else can happen.

    It never jumps over a ledger that is still writing, so that a commit takes no time at all
    unless a test says how long.
    """

    def __init__(self) -> None:
        """Start at a time that is nobody's zero."""
        self.passed_s = 1_000.0
        self.writing: list[Future[Any]] = []
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """Return the loop's own time."""
        return self.passed_s

    def is_writing(self) -> bool:
        """Return whether a change of the ledger is on its way to the disk."""
        self.writing = [future for future in self.writing if not future.done()]
        return bool(self.writing)


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        was_writing = self._loop.is_writing()
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if was_writing or timeout is None:
            ready = super().select(_REAL_WAIT_S)
            assert ready, "nothing will ever happen any more"
            return ready
        self._loop.passed_s += timeout
        return ready


def run_jumping(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` in time that jumps."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(main)


@dataclass(slots=True, kw_only=True)
class LoopClock:
    """The running loop's time; `late_s` says by how much each sleep ends too late."""

    started: datetime = NOON
    late_s: Callable[[], float] = lambda: 0.0

    def now(self) -> datetime:
        """Return noon, and what has passed since."""
        return self.started + timedelta(seconds=self.monotonic() - 1_000)

    def monotonic(self) -> float:
        """Return the loop's time."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Sleep, and oversleep as told."""
        await asyncio.sleep(seconds + self.late_s())


# A script in the place of a server


Answer: TypeAlias = Outcome | BaseException
Script: TypeAlias = Callable[[int, int], Answer]
"""Row number and how often it was asked before -> what comes of it."""


@dataclass(slots=True, kw_only=True)
class Departure:
    """A request that left, and what came of it."""

    row_number: int
    at_s: float
    answer: Answer
    answered_s: float | None = None
    """When the answer came; None if nobody waited for it any more."""


@dataclass(slots=True, kw_only=True)
class ScriptedServer:
    """Answers as told, after `answer_s`; its connections take `connect_s` to open."""

    clock: Clock
    script: Script
    connect_s: Callable[[], float] = lambda: 0.0
    answer_s: Callable[[], float] = lambda: 0.1
    departures: list[Departure] = field(default_factory=list)
    asked: Counter[int] = field(default_factory=Counter)
    held_back: int = 0
    in_flight: int = 0
    most_in_flight: int = 0

    def connections(self, count: int) -> list[ScriptedConnection]:
        """Return so many connections to it."""
        return [ScriptedConnection(server=self) for _ in range(count)]

    @property
    def times(self) -> list[float]:
        """Return when requests left."""
        return [departure.at_s for departure in self.departures]

    @property
    def rows(self) -> list[int]:
        """Return the rows of the requests that left, in their order."""
        return [departure.row_number for departure in self.departures]


@dataclass(slots=True, kw_only=True)
class ScriptedConnection:
    """One connection to a scripted server; as strict as a real one about the gate."""

    server: ScriptedServer

    async def create_booking(
        self, body: bytes, *, before_first_byte: Callable[[], Awaitable[bool]]
    ) -> Outcome:
        """Open, wait at the gate, leave, and answer."""
        server, row_number = self.server, int(body)
        answer = server.script(row_number, server.asked[row_number])
        await server.clock.sleep(server.connect_s())
        if isinstance(answer, ImporterError):
            raise answer
        if isinstance(answer, NotTaken) and not answer.left:
            server.asked[row_number] += 1
            return answer
        if not await before_first_byte():
            server.held_back += 1
            return HELD_BACK
        server.asked[row_number] += 1
        departure = Departure(row_number=row_number, at_s=server.clock.monotonic(), answer=answer)
        server.departures.append(departure)
        return await self._answer(departure)

    async def _answer(self, departure: Departure) -> Outcome:
        server = self.server
        server.in_flight += 1
        server.most_in_flight = max(server.most_in_flight, server.in_flight)
        try:
            await server.clock.sleep(server.answer_s())
        finally:
            server.in_flight -= 1
        departure.answered_s = server.clock.monotonic()
        if isinstance(departure.answer, BaseException):
            raise departure.answer
        return departure.answer


def booked(row_number: int) -> Booked:
    """Return a booking whose id tells its row."""
    return Booked(booking_id=9_000 + row_number)


def all_booked(row_number: int, _asked: int) -> Answer:
    """Book every row; a script."""
    return booked(row_number)


def always(answer: Answer) -> Script:
    """Return a script that has one answer for all."""
    return lambda _row_number, _asked: answer


def first(*answers: Answer) -> Script:
    """Return a script that answers these to the first requests, and books all the others."""
    left = iter(answers)
    return lambda row_number, _asked: next(left, booked(row_number))


def per_row(**answers: Answer | tuple[Answer, ...]) -> Script:
    """Return a script for some rows (`row_3=...`), each answer once, and then booked."""

    def script(row_number: int, asked: int) -> Answer:
        told = answers.get(f"row_{row_number}", ())
        turns = told if isinstance(told, tuple) else (told,)
        return turns[asked] if asked < len(turns) else booked(row_number)

    return script


HELD_BACK = NotTaken(cause=NotTakenCause.HELD_BACK, left=False)
UNREACHED = NotTaken(cause=NotTakenCause.NO_CONNECTION, reason="ConnectError", left=False)


def not_taken(cause: NotTakenCause, wait_s: float | None = None) -> NotTaken:
    """Return a refusal to look at a request."""
    return NotTaken(cause=cause, http_status=429, retry_after_s=wait_s)


def too_many(wait_s: float | None = None) -> NotTaken:
    """Return a 429."""
    return not_taken(NotTakenCause.TOO_MANY_REQUESTS, wait_s)
