"""How long to wait before the next request: evenly spaced slots, shared by all workers."""

from __future__ import annotations

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
    per_s = count / window_s
    return max(2, min(50, int(-(-per_s // 1))))


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


@dataclass(slots=True)
class Pace:
    """Hands out slots on the monotonic clock; it never sleeps itself.

    Units: seconds.
    """

    spacing_s: float
    """0 means no limit."""
    tolerance_s: float
    """A slot missed by more is given up, and another is reserved."""
    next_free_s: float = 0.0
    slowness: float = field(default=1.0, init=False)
    """1 is full speed; a 429 doubles it, and every answer brings it back a little."""

    def reserve(self, now_s: float) -> float:
        """Return the next slot that nobody has; it is never in the past."""
        slot_s = max(now_s, self.next_free_s)
        self.next_free_s = slot_s + self.spacing_s * self.slowness
        return slot_s

    def is_missed(self, slot_s: float, now_s: float) -> bool:
        """Return whether a request leaving now would leave too late for its slot."""
        return self.spacing_s > 0 and now_s - slot_s > self.tolerance_s

    def hold_until(self, until_s: float) -> None:
        """Give out no slot before `until_s`."""
        self.next_free_s = max(self.next_free_s, until_s)

    def slow_down(self) -> None:
        """Halve the speed, as after a 429."""
        self.slowness = min(_SLOWEST, self.slowness * 2)

    def creep_back(self) -> None:
        """Come a little nearer to full speed, as after an answer."""
        self.slowness = max(1.0, self.slowness * _CREEP)
