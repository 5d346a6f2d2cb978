"""Typed cells to the one text that stands for each."""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from typing import TypeAlias, assert_never

from importer.problems import ProblemCode
from importer.sheet_limits import EXACT_LIMIT

CellValue: TypeAlias = str | bool | int | float | datetime | date | time | timedelta

_ROUNDING = timedelta(milliseconds=50)
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_ANY_DAY = date(2000, 1, 1)
_SHOWN_WHOLE = 11
"""So many characters of a fraction are shown without rounding, if the column is wide enough."""
_FIRST_SURE_DAY = (1900, 3, 1)


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


def doubt_of(value: CellValue) -> ProblemCode | None:
    """Return why the text of a typed cell would be a guess, None when it is not.

    Spreadsheet programs count a day too many before March 1900, each in its own way.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return ProblemCode.CELL_ERROR_VALUE
    if isinstance(value, date) and value.timetuple()[:3] < _FIRST_SURE_DAY:
        return ProblemCode.DATE_BEFORE_MARCH_1900
    return None


def loss_of(value: CellValue) -> ProblemCode | None:
    """Return why a typed cell is not the text that somebody typed, None when it is.

    A spreadsheet program makes a date of 1-2, TRUE of a name, and rounds a long number.
    """
    match value:
        case str():
            return None
        case bool():
            return ProblemCode.CELL_NOT_TEXT
        case float() | int():
            return _loss_of_number(value)
        case _:
            return ProblemCode.CELL_NOT_TEXT


def _loss_of_number(value: float) -> ProblemCode | None:
    """Return why a number is not what people see: each program rounds a fraction in its own way."""
    if not math.isfinite(value):
        return None
    if abs(value) >= EXACT_LIMIT:
        return ProblemCode.INTEGER_TOO_LARGE
    text = cell_text(value).removeprefix("-")
    is_long = "e" in text or ("." in text and len(text) > _SHOWN_WHOLE)
    return ProblemCode.CELL_SHOWN_OTHERWISE if is_long else None


def _moment_text(value: datetime | date | time | timedelta) -> str:
    match value:
        case datetime():
            return _rounded(value).isoformat()
        case date():
            return value.isoformat()
        case time():
            return _clock(datetime.combine(_ANY_DAY, value))
        case timedelta():
            return _duration(value)
        case _:
            assert_never(value)


def _is_exact_integer(value: float) -> bool:
    return value.is_integer() and abs(value) < EXACT_LIMIT


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
    return _clock(datetime.combine(_ANY_DAY, time.min) + value)


def _clock(moment: datetime) -> str:
    """Return the time of day on `_ANY_DAY`; the midnight at its end is another day's."""
    rounded = _rounded(moment)
    return rounded.time().isoformat() if rounded.date() == _ANY_DAY else "24:00:00"
