"""Files that somebody is still writing: they wait until they stay as they are."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from importer.inbox.drops import Drop

_LOOKS = 12
"""After so many looks a file that still grows is left to the next run."""


def settled(
    look: Callable[[], Sequence[Drop]],
    *,
    settle_s: float,
    now: Callable[[], datetime],
    wait: Callable[[float], None],
) -> tuple[list[Drop], list[Drop]]:
    """Return the files that are whole, and those that still grow.

    A file is whole when nobody has written to it for `settle_s`, or when two looks so far apart
    find it the same: clocks of file servers are not always right.

    Args:
        look: Returns what is there now.
        settle_s: Seconds.
        now: The time, aware.
        wait: Waits for so many seconds.
    """
    found = look()
    growing = _written_since(found, now() - timedelta(seconds=settle_s))
    for _ in range(_LOOKS):
        if not growing:
            break
        wait(settle_s)
        before, found = found, look()
        written = _written_since(found, now() - timedelta(seconds=settle_s))
        growing = [drop for drop in written if drop not in before]
    return [drop for drop in found if drop not in growing], growing


def _written_since(drops: Sequence[Drop], at: datetime) -> list[Drop]:
    return [drop for drop in drops if drop.changed_at > at]
