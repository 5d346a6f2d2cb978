"""The hours in which bookings may leave, as this machine's clock on the wall shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from importer.errors import ExitCode
from importer.posting.stops import Stop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import time

    from importer.bounds import Window

_HALF_A_DAY = timedelta(hours=12)
_AGAIN = "run the same command again then: it carries on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When bookings may leave; without a deadline and a window at any time.

    A deadline has passed for the twelve hours after it, so that a run which starts too late
    does not take it for tomorrow's.
    """

    deadline: time | None = None
    window: Window | None = None

    def refusal(self, now: datetime) -> Stop | None:
        """Return why nothing may leave now, None when it may.

        Args:
            now: The time, aware.
        """
        local = now.astimezone()
        if self.window is not None and not self.window.is_open(local):
            return _stopped(f"it is outside the window {self.window}")
        if self.deadline is not None and now - _last(self.deadline, local) < _HALF_A_DAY:
            return _stopped(f"the deadline {self.deadline:%H:%M} has passed")
        return None

    def end(self, now: datetime) -> tuple[datetime, Stop] | None:
        """Return when they are over, and what is said then; None when they never are.

        Args:
            now: A time, aware, at which bookings may leave.
        """
        local = now.astimezone()
        ends: list[tuple[datetime, Stop]] = []
        if self.deadline is not None:
            stop = _stopped(f"the deadline {self.deadline:%H:%M} has come")
            ends.append((_next(self.deadline, local), stop))
        if self.window is not None:
            stop = _stopped(f"the window {self.window} has closed")
            ends.append((_next(self.window.closes, local), stop))
        return min(ends, key=lambda end: end[0], default=None)


def _stopped(why: str) -> Stop:
    return Stop(exit_code=ExitCode.STOPPED_EARLY, why=why, todo=_AGAIN)


def _next(at: time, local: datetime) -> datetime:
    """Return when the clock on the wall shows `at` next."""
    return min(moment for moment in _on_the_wall(local, at) if moment > local)


def _last(at: time, local: datetime) -> datetime:
    """Return when the clock on the wall showed `at` last; now counts."""
    return max(moment for moment in _on_the_wall(local, at) if moment <= local)


def _on_the_wall(local: datetime, at: time) -> Iterator[datetime]:
    """Yield the instants at which the clock shows a time on that day and those beside it.

    When the clock is put back it shows a time twice; when it is put on, a time that is left out
    counts as the instant at which it would have come.
    """
    for days in (-1, 0, 1):
        moment = datetime.combine(local.date() + timedelta(days=days), at)
        for fold in (0, 1):
            yield moment.replace(fold=fold).astimezone(UTC)
