"""Free places of a clinic, half-hourly, counting down as it is booked."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.sandbox.config import Location
    from importer.sandbox.store import BookingStore

_OPENS = time(9)
_SLOTS_A_DAY = 16
_SLOT = timedelta(minutes=30)


def slots_of(
    location: Location, store: BookingStore, *, now: float, days: int, capacity: int
) -> list[dict[str, Any]]:
    """Return the slots from `now` to the end of the last of `days`, today being the first."""
    zone = ZoneInfo(location.timezone)
    found = []
    for start in _starts(datetime.fromtimestamp(now, zone), days):
        instant = start.timestamp()
        if instant <= now:
            continue
        free = max(0, capacity - store.taken(location, instant))
        found.append(
            {
                "appointment_date": start.isoformat(),
                "availability": free,
                "busy": free == 0,
                "location_ids": [str(location.id)],
            }
        )
    return found


def _starts(today: datetime, days: int) -> Iterator[datetime]:
    """Yield when slots begin; half hours are counted in UTC, so that none is skipped by DST."""
    for day in range(max(0, days)):
        opening = datetime.combine(
            today.date() + timedelta(days=day), _OPENS, tzinfo=today.tzinfo
        ).astimezone(UTC)
        for number in range(_SLOTS_A_DAY):
            yield (opening + number * _SLOT).astimezone(today.tzinfo)
