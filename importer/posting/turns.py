"""Whose turn it is: one pace for bookings, retries and token calls alike, and pauses for all."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime
    from random import Random

    from importer.model import Clock
    from importer.pacing import Pace, Slot

_LEAD_S = 0.05
"""A row is claimed, and its connection opened, this long before its slot."""
_NAP_S = 0.2
"""The longest sleep without looking whether the run was halted."""
_OWN_PAUSE_S = 60.0
"""The longest pause that we choose when the server does not say how long."""


@dataclass(slots=True, kw_only=True)
class Turns:
    """Lets requests go one slot at a time, and nobody while the server asked for a pause."""

    pace: Pace
    clock: Clock
    chance: Random
    note: Callable[[datetime], object]
    """Told when a request leaves: the next process owes it a spacing."""
    is_halted: bool = field(default=False, init=False)
    paused_until_s: float = field(default=0.0, init=False)
    _pauses_in_a_row: int = field(default=0, init=False)
    _gate: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    """Who comes first leaves first, so that nobody is overtaken for ever."""

    def halt(self) -> None:
        """Let nobody go any more."""
        self.is_halted = True

    @property
    def paused_s(self) -> float:
        """Return how much longer everybody waits for the server."""
        return max(0.0, self.paused_until_s - self.clock.monotonic())

    async def next_slot(self) -> Slot | None:
        """Reserve a slot and return it just before it comes; None when the run is halted."""
        while not self.is_halted:
            if self.paused_s > 0:
                await self.nap(self.paused_s)
                continue
            slot = self.pace.reserve(self.clock.monotonic())
            await self._sleep_until(slot, _LEAD_S)
            if self._may_go():
                return slot
        return None

    async def reached(self, slot: Slot) -> bool:
        """Wait for the slot, with the connection open and nothing sent; return whether to go.

        A slot that was missed is given up, and another is waited for.
        """
        async with self._gate:
            while True:
                await self._sleep_until(slot)
                if not self._may_go():
                    return False
                if self.pace.leave(slot, self.clock.monotonic()):
                    self.note(self.clock.now())
                    return True

    def moment_of(self, slot: Slot) -> datetime:
        """Return when a slot comes, on the wall clock."""
        return self.clock.now() + timedelta(seconds=slot.at_s - self.clock.monotonic())

    async def take(self, intend: Callable[[datetime], Awaitable[object]]) -> bool:
        """Wait for a slot of its own, as a sign-in does; return whether to go.

        Args:
            intend: Awaited just before the slot; it writes down when a request will leave.
        """
        while (slot := await self.next_slot()) is not None:
            await intend(self.moment_of(slot))
            if await self.reached(slot):
                return True
        return False

    def pause(self, asked_s: float | None) -> None:
        """Stop everybody for as long as the server asked, or for our own guess."""
        if self.paused_s == 0:
            self._pauses_in_a_row += 1
            self.pace.slow_down()
        # "No wait at all" is no help when it comes with a refusal.
        wait_s = asked_s or self._own_pause_s()
        self.paused_until_s = max(self.paused_until_s, self.clock.monotonic() + wait_s)
        self.pace.hold_until(self.paused_until_s)

    def answered(self) -> None:
        """Note an answer that was no 429: the pace creeps back."""
        self._pauses_in_a_row = 0
        self.pace.creep_back()

    async def nap(self, seconds: float) -> None:
        """Sleep, but no longer than until the run is halted."""
        until_s = self.clock.monotonic() + seconds
        while not self.is_halted and (left_s := until_s - self.clock.monotonic()) > 0:
            await self.clock.sleep(min(left_s, _NAP_S))

    def _may_go(self) -> bool:
        return not self.is_halted and self.paused_s == 0

    def _own_pause_s(self) -> float:
        longest_s = min(_OWN_PAUSE_S, 2.0 ** min(self._pauses_in_a_row, 6))
        return longest_s * self.chance.uniform(0.5, 1.0)

    async def _sleep_until(self, slot: Slot, lead_s: float = 0.0) -> None:
        """Sleep until a slot comes, however often it is pushed back meanwhile."""
        while not self.is_halted and (left_s := slot.at_s - lead_s - self.clock.monotonic()) > 0:
            await self.clock.sleep(min(left_s, _NAP_S))
