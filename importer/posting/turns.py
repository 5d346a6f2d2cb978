"""Whose turn it is: one pace for bookings, retries and token calls alike, and pauses for all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from importer.model import Clock
    from importer.pacing import Pace

_LEAD_S = 0.05
"""A row is claimed, and its connection opened, this long before its slot."""
_NAP_S = 0.2
"""The longest sleep without looking whether the run was halted."""
_OWN_PAUSE_S = 60.0
"""The longest pause that we choose when the server does not say how long."""


@dataclass(slots=True)
class Turns:
    """Lets requests go one slot at a time, and nobody while the server asked for a pause."""

    pace: Pace
    clock: Clock
    chance: Random
    is_halted: bool = field(default=False, init=False)
    paused_until_s: float = field(default=0.0, init=False)
    _pauses_in_a_row: int = field(default=0, init=False)

    def halt(self) -> None:
        """Let nobody go any more."""
        self.is_halted = True

    @property
    def paused_s(self) -> float:
        """Return how much longer everybody waits for the server."""
        return max(0.0, self.paused_until_s - self.clock.monotonic())

    async def next_slot(self) -> float | None:
        """Reserve a slot and return it just before it comes; None when the run is halted."""
        while not self.is_halted:
            if self.paused_s > 0:
                await self.nap(self.paused_s)
                continue
            slot_s = self.pace.reserve(self.clock.monotonic())
            await self._sleep_until(slot_s - _LEAD_S)
            if not self._may_not_go():
                return slot_s
        return None

    async def reached(self, slot_s: float) -> bool:
        """Wait for the slot, with the connection open and nothing sent; return whether to go.

        A slot that was missed is given up, and another is waited for.
        """
        while True:
            await self._sleep_until(slot_s)
            if self._may_not_go():
                return False
            if not self.pace.is_missed(slot_s, self.clock.monotonic()):
                return True
            slot_s = self.pace.reserve(self.clock.monotonic())

    async def take(self) -> bool:
        """Wait for a slot of its own, as a sign-in does; return whether to go."""
        while (slot_s := await self.next_slot()) is not None:
            if await self.reached(slot_s):
                return True
        return False

    def pause(self, asked_s: float | None) -> float:
        """Stop everybody for as long as the server asked, or for our own guess.

        Returns:
            How long the pause is, in seconds.
        """
        if self.paused_s == 0:
            self._pauses_in_a_row += 1
            self.pace.slow_down()
        wait_s = self._own_pause_s() if asked_s is None else asked_s
        until_s = self.clock.monotonic() + wait_s
        self.paused_until_s = max(self.paused_until_s, until_s)
        self.pace.hold_until(self.paused_until_s)
        return wait_s

    def answered(self) -> None:
        """Note an answer that was no 429: the pace creeps back."""
        self._pauses_in_a_row = 0
        self.pace.creep_back()

    async def nap(self, seconds: float) -> None:
        """Sleep, but no longer than until the run is halted."""
        await self._sleep_until(self.clock.monotonic() + seconds)

    def _may_not_go(self) -> bool:
        return self.is_halted or self.paused_s > 0

    def _own_pause_s(self) -> float:
        longest_s = min(_OWN_PAUSE_S, 2.0 ** min(self._pauses_in_a_row, 6))
        return longest_s * self.chance.uniform(0.5, 1.0)

    async def _sleep_until(self, until_s: float) -> None:
        while not self.is_halted:
            left_s = until_s - self.clock.monotonic()
            if left_s <= 0:
                return
            await self.clock.sleep(min(left_s, _NAP_S))
