"""A date and a time of day from two cells, as the one text that both halves say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, time
from typing import TYPE_CHECKING, Literal

from importer.normalize.cell import without_wide_digits
from importer.normalize.dates import Unread, read_clock, read_date
from importer.normalize.text import tidy
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from importer.normalize.dates import Clock, DateRules

Half = Literal["date", "time"]

_NO_DAYS = frozenset(
    (date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1), date(1904, 1, 1), date(1970, 1, 1))
)
"""What spreadsheets and databases put in front of a time of day that has no day."""

_BARE_NUMBER = re.compile(r"[0-9]*\.?[0-9]+")


@dataclass(frozen=True, slots=True)
class Joined:
    """What two cells say together, or which of them keeps them from being joined."""

    text: str = field(repr=False)
    """Day and time as one cell would hold them, or one half where a problem keeps them apart.

    "" when both are empty.
    """
    problem: ProblemCode | None = None
    half: Half = "date"
    """Where the problem is."""
    hint: str = ""


def join_moment(day_text: str, time_text: str, rules: DateRules) -> Joined:
    """Return a date cell and a time cell as the text of one cell.

    A half may repeat what the other says, and must not contradict it: a time in the date cell
    is midnight, as a spreadsheet's dates have it, or the time of the time cell; a day in the
    time cell is the same day, or one that stands for none, such as 1899-12-30. A bare number
    is never a time: only the cell's format could say whether 0.5 is noon.
    """
    day_cell, time_cell = tidy(day_text), tidy(time_text)
    if day_cell.is_error:
        return Joined(day_text, day_cell.problem, "date")
    if time_cell.is_error:
        return Joined(time_text, time_cell.problem, "time")
    day, clock_text = without_wide_digits(day_cell.text), without_wide_digits(time_cell.text)
    if not day or not clock_text:
        return _with_empty_half(day, clock_text)
    clock = read_clock(clock_text)
    if clock is None or clock.time is None:
        return Joined(day, ProblemCode.TIME_UNREADABLE, "time", _why_no_time(clock_text, clock))
    return _together(day, clock, clock.time, rules)


def _together(day: str, clock: Clock, at: time, rules: DateRules) -> Joined:
    """Return both halves as one text, unless one contradicts the other."""
    day_again = clock.day
    own = read_clock(day)
    if own is not None:
        if own.offset or own.time not in {time(), at}:
            return Joined(day, ProblemCode.JOINED_PARTS_DIFFER, "date", "it has a time of its own")
        day = own.day
    problem = _trouble_with_day(day_again, day, rules) if day_again else None
    if problem is not None:
        differs = problem is ProblemCode.JOINED_PARTS_DIFFER
        return Joined(day, problem, "time", "it has a day of its own" if differs else "")
    # Seconds would make an offset of what may be the end of the visit.
    is_unsure = clock.offset and not clock.is_offset_sure
    clock_text = at.isoformat("minutes" if is_unsure else "seconds")
    return Joined(f"{day} {clock_text}{clock.offset}")


def _with_empty_half(day: str, clock: str) -> Joined:
    if not day and not clock:
        return Joined("")
    if day:
        return Joined(day, ProblemCode.APPOINTMENT_NO_TIME, "time")
    return Joined(clock, ProblemCode.REQUIRED_EMPTY, "date")


def _why_no_time(text: str, clock: Clock | None) -> str:
    if clock is not None:
        return "there is no such time of day"
    return "a bare number says no time" if _BARE_NUMBER.fullmatch(text) else ""


def _trouble_with_day(text: str, day: str, rules: DateRules) -> ProblemCode | None:
    """Return why a day in the time cell says something else than the date cell, None if not."""
    if text == day:  # the same, also where nobody has said yet how it is to be read
        return None
    found = read_date(text, rules)
    if isinstance(found, Unread):
        is_date = found.problem not in {ProblemCode.DATE_UNREADABLE, ProblemCode.DATE_PARTIAL}
        return ProblemCode.JOINED_PARTS_DIFFER if is_date else ProblemCode.TIME_UNREADABLE
    is_same = found in _NO_DAYS or found == read_date(day, rules)
    return None if is_same else ProblemCode.JOINED_PARTS_DIFFER
