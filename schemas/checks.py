"""Vectorized checks on columns of text; each names the problem that a failure is.

An empty cell passes every check but `filled`: whether a field is needed is one question, its
form another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pandera.pandas as pa

if TYPE_CHECKING:
    from collections.abc import Callable

    Column = pd.Series[str]
    Verdicts = pd.Series[bool]

_UNSAFE = (
    "\x00-\x1f\x7f-\x9f"  # control characters
    "\u202a-\u202e\u2066-\u2069"  # turn the direction of text round
    "\ufffd"  # stands where bytes could not be decoded
)


def filled() -> pa.Check:
    """Refuse an empty cell."""
    return _check(lambda cells: cells != "", "REQUIRED_EMPTY")


def formed(pattern: str, problem: str) -> pa.Check:
    """Refuse a cell of another form than `pattern`; an empty one passes."""
    optional = f"(?:{pattern})?"
    return _check(lambda cells: cells.str.fullmatch(optional), problem)


def one_of(words: tuple[str, ...], problem: str) -> pa.Check:
    """Refuse a cell that is none of `words`; an empty one passes."""
    return _check(lambda cells: cells.isin(["", *words]), problem)


def at_most(characters: int) -> pa.Check:
    """Refuse a cell of more characters."""
    return _check(lambda cells: cells.str.len() <= characters, "CELL_TOO_LONG")


def safe_text() -> pa.Check:
    """Refuse control characters, and those that reverse how text is shown."""
    return _check(lambda cells: ~cells.str.contains(f"[{_UNSAFE}]"), "CELL_CONTROL_CHARACTER")


def in_calendar(problem: str = "DATE_NOT_IN_CALENDAR") -> pa.Check:
    """Refuse a day such as February 30th; what has not the form of a day passes."""

    def exists(cells: Column) -> Verdicts:
        days = cells.str.slice(0, 10)
        is_day = days.str.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}")
        return ~is_day | pd.to_datetime(days, format="%Y-%m-%d", errors="coerce").notna()

    return _check(exists, problem)


def _check(judge: Callable[[Column], Verdicts], problem: str) -> pa.Check:
    return pa.Check(judge, error=problem)
