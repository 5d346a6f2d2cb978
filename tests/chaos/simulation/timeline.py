"""Simulated time: one timeline for network, server and faults, and an event loop that follows it.

Nothing waits: when nobody has anything to do, time jumps to the next moment at which somebody has.
"""

from __future__ import annotations

import asyncio
import heapq
import selectors
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from random import Random

STARTED = datetime(2030, 1, 7, 12, tzinfo=UTC)
BEGINS_AT_S = 1_000.0
"""What the timeline shows when a machine starts: not 0, which could be taken for never."""
_MOST_STEPS_AT_ONCE = 100_000

Happening: TypeAlias = Callable[[], object]


class Died(BaseException):
    """The simulated process was killed; it is no error, and nothing of the product catches it."""


class Stuck(Exception):
    """Nothing will ever happen any more, or never an end."""


@dataclass(slots=True)
class Timeline:
    """What will happen outside the process, whatever becomes of the process.

    Units: seconds; the simulated machine starts at `BEGINS_AT_S`.
    """

    now_s: float = BEGINS_AT_S
    ends_s: float = float("inf")
    """A simulation that lasts longer has no end: every wait and retry must be bounded."""
    has_died: bool = False
    """The process was killed a moment ago: it comes to its end at its next step."""
    _coming: list[tuple[float, int, Happening]] = field(default_factory=list, init=False)
    _count: int = field(default=0, init=False)

    def after(self, seconds: float, happening: Happening) -> None:
        """Let something happen so much later; of two at one time the first named comes first."""
        self._count += 1
        heapq.heappush(self._coming, (self.now_s + seconds, self._count, happening))

    def pass_time(self, seconds: float) -> None:
        """Let time pass while no process runs."""
        end_s = self.now_s + seconds
        while self._coming and self._coming[0][0] <= end_s:
            self._happen()
        self.now_s = end_s

    def jump(self, timeout_s: float | None) -> None:
        """Go on to the next thing that happens, at most so far.

        Raises:
            Stuck: There is no such thing, or it has taken too long.
        """
        next_s = self._coming[0][0] if self._coming else None
        if next_s is None and timeout_s is None:
            raise Stuck("nothing will ever happen any more")
        if next_s is not None and (timeout_s is None or next_s <= self.now_s + timeout_s):
            self._happen()
        else:
            assert timeout_s is not None
            self.now_s += timeout_s
        if self.now_s > self.ends_s:
            raise Stuck(f"no end after {self.now_s:.0f} s")

    def _happen(self) -> None:
        at_s, _, happening = heapq.heappop(self._coming)
        self.now_s = max(self.now_s, at_s)
        happening()


class SimulatedLoop(asyncio.SelectorEventLoop):
    """The event loop of one simulated process: asyncio's own, but for its time."""

    def __init__(self, timeline: Timeline) -> None:
        """Follow a timeline."""
        self.timeline = timeline
        self.errors: list[str] = []
        """What no task was there to hear."""
        self.is_over = False
        """The process was killed: what still runs here is no part of the simulation."""
        self.is_in_thread = False
        """What runs now would run in a thread of its own, and may wait."""
        self._after_its_end_s = 0.0
        self._steps, self._last_s = 0, 0.0
        super().__init__(_NoSelector(self))
        self.set_exception_handler(self._note_error)

    def time(self) -> float:
        """Return the simulated time."""
        return self.timeline.now_s + self._after_its_end_s

    def go_on(self, timeout_s: float | None) -> None:
        """Let time pass, instead of waiting for files.

        Raises:
            Died: The process was killed; whatever is cleaned up then is cleaned up nowhere.
            Stuck: It will never end.
        """
        if self.is_over:
            self._after_its_end_s += timeout_s or 0.0
            return
        try:
            self._go_on(timeout_s)
        except BaseException:
            self.is_over = True
            raise

    def _go_on(self, timeout_s: float | None) -> None:
        if not self.timeline.has_died and timeout_s != 0:
            self.timeline.jump(timeout_s)
        if self.timeline.has_died:
            raise Died
        self._steps = self._steps + 1 if self.timeline.now_s == self._last_s else 0
        self._last_s = self.timeline.now_s
        if self._steps > _MOST_STEPS_AT_ONCE:
            raise Stuck("busy for ever at one moment")

    def run_in_executor(  # type: ignore[override] # it answers at once
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Do at once what would be done in a thread, so that the same seed is the same run."""
        del executor
        done = self.create_future()
        self.is_in_thread = True
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever awaits it
            done.set_exception(error)
        finally:
            self.is_in_thread = False
        return done

    def _write_to_self(self) -> None:
        """Wake nobody up: there is one thread."""

    def _note_error(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not self.is_over:
            error = context.get("exception")
            self.errors.append(f"{context['message']} {type(error).__name__}: {error}")


class _NoSelector(selectors.BaseSelector):
    """Watches no file: where a loop would wait for one, the timeline goes on."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        self._loop.go_on(timeout)
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, -1, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, -1, 0, None)

    def get_map(self) -> dict[Any, selectors.SelectorKey]:
        return {}

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        raise KeyError(fileobj)


@dataclass(slots=True, kw_only=True)
class SimulatedClock:
    """The machine's clocks: the wall clock may be set, and sleeps may end too late."""

    timeline: Timeline
    chance: Random
    late_s: float = 0.0
    """By so much a sleep may end too late."""
    set_by_s: float = 0.0
    """By so much the wall clock has been set, back if negative."""

    def now(self) -> datetime:
        """Return the wall clock's time."""
        return STARTED + timedelta(seconds=self.timeline.now_s + self.set_by_s)

    def monotonic(self) -> float:
        """Return the timeline's time."""
        return self.timeline.now_s

    async def sleep(self, seconds: float) -> None:
        """Sleep, now and then too long."""
        late_s = self.chance.random() * self.late_s if self.late_s else 0.0
        await asyncio.sleep(max(0.0, seconds) + late_s)
