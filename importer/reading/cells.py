"""Typed cells to the one text that stands for each."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TypeAlias, assert_never

CellValue: TypeAlias = str | bool | int | float | datetime | date | time | timedelta

_EXACT_BELOW = float(2**53)
"""From here on a cell's number may stand for several whole numbers."""
_ROUNDING = timedelta(milliseconds=50)
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_ANY_DAY = date(2000, 1, 1)
_FIRST_SURE_DAY = date(1900, 3, 1)
"""Before it spreadsheets count a February 29th that never was, so a cell may mean either day."""
_DAY_BEFORE_FIRST = date(1899, 12, 31)


def cell_text(value: CellValue) -> str:
    """Return the text of a cell: ISO dates and times, whole numbers without a point.

    A number too large to be exact keeps its point or exponent, so that it can be told.
    """
    match value:
        case str():
            return value
        case float():
            return str(int(value)) if _is_exact_integer(value) else repr(value)
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case _:
            return _moment_text(value)


def _moment_text(value: datetime | date | time | timedelta) -> str:
    match value:
        case date() if date(value.year, value.month, value.day) < _FIRST_SURE_DAY:
            # As a bare number it is read as no date, by nobody.
            return str((date(value.year, value.month, value.day) - _DAY_BEFORE_FIRST).days)
        case datetime():
            return _rounded(value).isoformat()
        case date():
            return value.isoformat()
        case time():
            return _rounded(datetime.combine(_ANY_DAY, value)).time().isoformat()
        case timedelta():
            return _duration(value)
        case _:
            assert_never(value)


def _is_exact_integer(value: float) -> bool:
    return value.is_integer() and abs(value) < _EXACT_BELOW


def _rounded(moment: datetime) -> datetime:
    """Return the whole second that was meant; workbooks keep times as fractions of a day."""
    past = timedelta(microseconds=moment.microsecond)
    if past <= _ROUNDING:
        return moment - past
    if _SECOND - past <= _ROUNDING:
        return moment - past + _SECOND
    return moment


def _duration(value: timedelta) -> str:
    """Return hours, minutes and seconds; a duration of under a day is a time of day."""
    if not timedelta(0) <= value < _DAY:
        return f"{value.total_seconds() / 3600:g} hours"
    return _rounded(datetime.combine(_ANY_DAY, time.min) + value).time().isoformat()
