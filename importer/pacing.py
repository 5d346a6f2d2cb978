"""How long to wait before the next request: evenly spaced slots, shared by all workers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

_SLOWEST = 16.0
_CREEP = 0.98


def spacing_s(count: float, window_s: float, jitter_s: float) -> float:
    """Return the seconds between two slots for a limit of `count` in any `window_s`.

    Slots stand (W + J) / L apart. Of L + 1 requests in a row, the last arrives at least W after
    the first as long as each is late by less than J, so no window of W holds more than L.
    """
    return (window_s + jitter_s) / count


def default_in_flight(count: float, window_s: float) -> int:
    """Return how many requests may be under way: a second's worth, between 2 and 50."""
    return max(2, min(50, math.ceil(count / window_s)))


def wait_after_restart_s(since_last_s: float | None, gap_s: float) -> float:
    """Return how long to wait before the first request of this process.

    Args:
        since_last_s: Seconds since the last request of any earlier process, None if there was none;
            negative when the wall clock went back.
        gap_s: The spacing, or a whole window when the rate has changed.
    """
    if since_last_s is None:
        return 0.0
    return min(gap_s, max(0.0, gap_s - since_last_s))


@dataclass(slots=True, eq=False)
class Slot:
    """When one request may leave; while it is to come it may be pushed back, never forward."""

    at_s: float


@dataclass(slots=True)
class Pace:
    """Hands out slots on the monotonic clock; it never sleeps itself.

    Whatever becomes of slots, the requests that leave stand for moments that are at least one
    spacing apart, and none leaves later than `tolerance_s` after its own.

    Units: seconds.
    """

    spacing_s: float
    """0 means no limit."""
    tolerance_s: float
    """A slot missed by more is given up for another."""
    next_free_s: float = 0.0
    slowness: float = field(default=1.0, init=False)
    """1 is full speed; a 429 doubles it, and every answer brings it back a little."""
    _left_s: float = field(default=-math.inf, init=False)
    """The slot of the request that left last."""
    _to_come: list[Slot] = field(default_factory=list, init=False)

    @property
    def gap_s(self) -> float:
        """Return the seconds between two slots at the present speed."""
        return self.spacing_s * self.slowness

    def reserve(self, now_s: float) -> Slot:
        """Return the next slot that nobody has; it is never in the past."""
        slot = Slot(max(now_s, self.next_free_s))
        self._to_come = [*self._after(now_s), slot]
        self.next_free_s = slot.at_s + self.gap_s
        return slot

    def leave(self, slot: Slot, now_s: float) -> bool:
        """Return whether the holder of `slot` may leave now.

        If not, it is to come: it was missed, or one before it was, so it has moved.
        """
        if now_s < slot.at_s:
            return False
        is_near = slot.at_s < self._left_s + self.gap_s
        is_missed = now_s - slot.at_s > self.tolerance_s
        if self.spacing_s > 0 and (is_near or is_missed):
            self._move(slot, now_s)
            return False
        self._left_s = slot.at_s
        return True

    def hold_until(self, until_s: float) -> None:
        """Give out no slot before `until_s`."""
        self.next_free_s = max(self.next_free_s, until_s)

    def slow_down(self) -> None:
        """Halve the speed, as after a 429."""
        self.slowness = min(_SLOWEST, self.slowness * 2)

    def creep_back(self) -> None:
        """Come a little nearer to full speed, as after an answer."""
        self.slowness = max(1.0, self.slowness * _CREEP)

    def _move(self, slot: Slot, now_s: float) -> None:
        """Give a slot the next moment of all; those to come are pushed back to make room."""
        # At the end of the row instead, a connection slow to open would waste every other slot,
        # and a machine slow to wake up would miss one after the other.
        slot.at_s = max(now_s, self._left_s + self.gap_s)
        free_s = slot.at_s + self.gap_s
        for later in self._after(now_s):
            if later is not slot:
                later.at_s = max(later.at_s, free_s)
                free_s = later.at_s + self.gap_s
        self.next_free_s = max(self.next_free_s, free_s)

    def _after(self, now_s: float) -> list[Slot]:
        return [slot for slot in self._to_come if slot.at_s > now_s]
