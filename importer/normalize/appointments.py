"""Appointment times with the clinic's offset; a time that could be two instants is refused."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from importer.normalize.cell import Cell, without_wide_digits
from importer.normalize.dates import DateRules, Unread, read_clock, read_date
from importer.normalize.text import tidy
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from datetime import tzinfo
    from zoneinfo import ZoneInfo

    from importer.normalize.dates import Clock

_OFFSET = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})?")
_OFFSETS = (timedelta(hours=-12), timedelta(hours=14))
"""What the zones of the world are behind UTC, and ahead of it, at most."""
_QUARTER = 15
"""Every offset of today is a multiple of so many minutes."""
_TWO_READINGS = frozenset((ProblemCode.DATE_ORDER_NEEDED, ProblemCode.DATE_ORDER_MIXED))
_YEARS = range(1980, 2200)
"""Outside it the year was mistyped; inside it every zone's offset is whole minutes."""


def normalize_appointment(text: str, rules: DateRules, location: str = "") -> Cell:
    """Return an appointment as ISO 8601 with seconds and offset: `2026-12-01T09:30:00-08:00`.

    An offset that a program wrote is kept whatever zone is set (`Z` becomes `+00:00`), so a
    time that came from Solv's slots is sent as it came. Behind a time as people write it, a sign
    and a number may be the end of the visit: they pass where they are the offset that the zone
    has then. Fractions of a second pass when they are zeros.

    Args:
        text: What the source holds.
        rules: Zone and order of day and month.
        location: The row's location id, normalized; it chooses among the zones.
    """
    cell = tidy(text)
    if cell.is_error or not cell.text:
        return cell
    instant = _read(without_wide_digits(cell.text), rules, location)
    if isinstance(instant, Unread):
        return Cell(text, instant.problem, instant.hint)
    return Cell(instant.isoformat(), cell.problem)


def _read(text: str, rules: DateRules, location: str) -> datetime | Unread:
    clock = read_clock(text)
    if clock is None:
        return _without_time(text, rules)
    day = read_date(clock.day, rules)
    if isinstance(day, Unread):
        is_vague = day.problem is ProblemCode.DATE_UNREADABLE
        return Unread(ProblemCode.APPOINTMENT_UNREADABLE) if is_vague else day
    if clock.time is None:
        return Unread(ProblemCode.APPOINTMENT_UNREADABLE, "there is no such time of day")
    if day.year not in _YEARS:
        return Unread(ProblemCode.APPOINTMENT_UNREADABLE, "the year cannot be right")
    return _at(datetime.combine(day, clock.time), clock, rules, location)


def _at(local: datetime, clock: Clock, rules: DateRules, location: str) -> datetime | Unread:
    """Return the instant of a time, by its own offset or by the zone that is for it."""
    if clock.is_offset_sure:
        return _with_offset(local, clock.offset)
    zone = rules.timezone_by_location.get(location, rules.timezone)
    if zone is None:
        return Unread(ProblemCode.TIMEZONE_NEEDED)
    return _unless_span(local, clock.offset, zone) if clock.offset else _in_zone(local, zone)


def _without_time(text: str, rules: DateRules) -> Unread:
    """Return why a text without a time of day is no appointment; it is never midnight."""
    day = read_date(text, rules)
    if not isinstance(day, Unread) or day.problem in _TWO_READINGS:
        return Unread(ProblemCode.APPOINTMENT_NO_TIME)
    if day.problem is ProblemCode.DATE_UNREADABLE:
        return Unread(ProblemCode.APPOINTMENT_UNREADABLE)
    return day


def _with_offset(local: datetime, written: str) -> datetime | Unread:
    match = _OFFSET.fullmatch(written)
    if match is None:  # Z, UTC or GMT
        return local.replace(tzinfo=UTC)
    minutes = int(match[3] or 0)
    ahead = timedelta(hours=int(match[2]), minutes=minutes)
    offset = ahead if match[1] == "+" else -ahead
    least, most = _OFFSETS
    if not least <= offset <= most or minutes not in range(0, 60, _QUARTER):
        return Unread(ProblemCode.APPOINTMENT_UNREADABLE, "there is no such offset")
    return local.replace(tzinfo=timezone(offset))


def _unless_span(local: datetime, written: str, zone: ZoneInfo) -> datetime | Unread:
    """Return the instant if clocks of `zone` are that far off UTC then, on either side of a gap."""
    instant = _with_offset(local, written)
    if isinstance(instant, datetime):
        usual = {_offset(local.replace(fold=fold), zone) for fold in (0, 1)}
        if instant.utcoffset() in usual:
            return instant
    return Unread(ProblemCode.APPOINTMENT_SPAN)


def _in_zone(local: datetime, zone: ZoneInfo) -> datetime | Unread:
    """Return the one instant at which clocks of `zone` show `local`."""
    before, after = (_offset(local.replace(fold=fold), zone) for fold in (0, 1))
    if before < after:
        return Unread(ProblemCode.APPOINTMENT_DST_GAP)
    if before > after:
        return Unread(ProblemCode.APPOINTMENT_DST_OVERLAP)
    return local.replace(tzinfo=timezone(before))


def _offset(local: datetime, zone: tzinfo) -> timedelta:
    """Return what `zone` is ahead of UTC at `local`, whose fold says which time is meant."""
    return zone.utcoffset(local) or timedelta()
