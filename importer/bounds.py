"""Bounds that a run keeps to: shares of rows, spans of row counts, hours of the day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

_OFF = "off"
_BOUND = re.compile(r"([0-9]{1,7})(\.[0-9]{1,2})?(%?)")
_SPREAD = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)-([0-9]{1,3}(?:\.[0-9]{1,3})?)")
_AGE = re.compile(r"([1-9][0-9]{0,4})([dw])")
_DAYS = {"d": 1, "w": 7}
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_WHOLE_PERCENT = 100.0


@dataclass(frozen=True, slots=True)
class RowBound:
    """At most so many rows, or such a share of them."""

    rows: int | None = None
    percent: float | None = None

    def is_passed_by(self, rows: int, *, of: int) -> bool:
        """Return whether `rows` of `of` are more than that."""
        if self.percent is None:
            return self.rows is not None and rows > self.rows
        return rows * _WHOLE_PERCENT > self.percent * of

    def __str__(self) -> str:
        """Return it as it is written in a setting."""
        return f"{self.rows}" if self.percent is None else f"{self.percent:g}%"


@dataclass(frozen=True, slots=True)
class RowSpread:
    """From `least` to `most` times a usual number of rows."""

    least: float
    most: float

    def holds(self, rows: int, usual: float) -> bool:
        """Return whether a number of rows lies within."""
        return self.least * usual <= rows <= self.most * usual

    def __str__(self) -> str:
        """Return it as it is written in a setting."""
        return f"{self.least:g}-{self.most:g}"


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of the day in which bookings may leave; one that closes earlier spans midnight."""

    opens: time
    closes: time

    def is_open(self, now: datetime) -> bool:
        """Return whether bookings may leave at a local time."""
        at = now.time()
        if self.opens < self.closes:
            return self.opens <= at < self.closes
        return at >= self.opens or at < self.closes

    def __str__(self) -> str:
        """Return it as it is written in a setting."""
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"


def parse_row_bound(text: str) -> RowBound | None:
    """Return the bound that `50` or `5%` writes, None for `off`.

    Raises:
        ValueError: It is neither; the message says how to write one.
    """
    word = text.strip().lower()
    match = _BOUND.fullmatch(word.replace(" ", ""))
    if word == _OFF:
        return None
    if match is not None and match[3] and float(match[1] + (match[2] or "")) <= _WHOLE_PERCENT:
        return RowBound(percent=float(match[1] + (match[2] or "")))
    if match is not None and not match[2] and not match[3]:
        return RowBound(rows=int(match[1]))
    raise ValueError("give a number of rows or a share of them, such as 50 or 5%, or say off")


def parse_row_spread(text: str) -> RowSpread | None:
    """Return the spread that `0.5-2` writes, None for `off`.

    Raises:
        ValueError: It is none; the message says how to write one.
    """
    word = text.replace(" ", "").lower()
    if word == _OFF:
        return None
    match = _SPREAD.fullmatch(word)
    if match is None or not float(match[1]) <= 1 <= float(match[2]):
        raise ValueError("give how much of the usual number of rows may come, such as 0.5-2")
    return RowSpread(least=float(match[1]), most=float(match[2]))


def parse_time_of_day(text: str) -> time:
    """Return the time of day that `05:30` writes.

    Raises:
        ValueError: It is none; the message says how to write one.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError("give hours and minutes of a day of 24 hours, such as 05:30")
    return time(int(match[1]), int(match[2]))


def parse_age(text: str) -> timedelta:
    """Return the span that `90d` or `12w` writes.

    Raises:
        ValueError: It is none; the message says how to write one.
    """
    match = _AGE.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError("give days or weeks, such as 90d or 12w")
    return timedelta(days=int(match[1]) * _DAYS[match[2]])


def parse_window(text: str) -> Window:
    """Return the hours that `20:00-06:00` writes.

    Raises:
        ValueError: It is none; the message says how to write one.
    """
    first, dash, last = text.replace(" ", "").partition("-")
    if not dash:
        raise ValueError("give when it opens and closes, such as 20:00-06:00")
    window = Window(parse_time_of_day(first), parse_time_of_day(last))
    if window.opens == window.closes:
        raise ValueError("give two times that differ, such as 20:00-06:00")
    return window
