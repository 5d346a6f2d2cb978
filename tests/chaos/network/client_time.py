"""The importer's time, which can leap: a deadline is met at once, however busy the machine is.

The total deadline stays the 65 s that the product ships with. Nothing is waited for, and no row
meets its deadline because a slow machine was in between.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.pipeline.desk import FastClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.reports import ProgressView

_LOOK_S = 0.01
_SETTLING_S = 0.03
_SETTLING_STEPS = 20
"""What has reached the importer before a leap is read before the leap."""


@dataclass(slots=True, kw_only=True)
class LeapingClock(FastClock):
    """A clock that leaps ahead when told to, and tells when it is slept on."""

    leapt_s: float = 0.0
    on_sleep: Callable[[], object] = field(default=lambda: None)

    def monotonic(self) -> float:
        """Return its seconds."""
        return FastClock.monotonic(self) + self.leapt_s

    async def sleep(self, seconds: float) -> None:
        """Tell, and sleep for so many of its seconds."""
        self.on_sleep()
        await FastClock.sleep(self, seconds)


class LeapingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time can leap: every timer until then is due."""

    leapt_s = 0.0

    def time(self) -> float:
        """Return the loop's own time."""
        return super().time() + self.leapt_s


class _LeapingPolicy(asyncio.DefaultEventLoopPolicy):
    def __init__(self, owner: ClientTime) -> None:
        super().__init__()
        self._owner = owner

    def new_event_loop(self) -> LeapingLoop:
        self._owner.loop = LeapingLoop()
        return self._owner.loop


@dataclass(slots=True, kw_only=True)
class ClientTime:
    """Lets time pass for the importer in a moment when only the struck row is under way."""

    settled_first: int
    """How many rows have an outcome by then."""
    loop: LeapingLoop | None = None
    _settled: int = 0

    def note(self, counts: ProgressView) -> None:
        """Take note of how far the importer is; called by it."""
        self._settled = counts.done

    async def pass_(self, seconds: float) -> None:
        """Return when so many seconds have passed for the importer; from the proxy's loop."""
        # The importer's thread changes both, so no event of this loop could tell.
        while self.loop is None or self._settled < self.settled_first:  # noqa: ASYNC110 - as said
            await asyncio.sleep(_LOOK_S)
        loop, passed = self.loop, Future[None]()

        def settle(step: int) -> None:
            if step < _SETTLING_STEPS:
                loop.call_soon(settle, step + 1)
                return
            loop.leapt_s += seconds
            passed.set_result(None)

        with suppress(RuntimeError):  # the importer has ended meanwhile
            loop.call_soon_threadsafe(loop.call_later, _SETTLING_S, settle, 0)
            await asyncio.wrap_future(passed)

    @contextmanager
    def rules(self) -> Iterator[None]:
        """Let event loops that are made meanwhile, which are the importer's, go by this time."""
        asyncio.set_event_loop_policy(_LeapingPolicy(self))
        try:
            yield
        finally:
            asyncio.set_event_loop_policy(None)
