"""What to do about a kind of problem, with the very flag or line of a profile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from importer.cli.terminal import bold
from importer.model import DATE_FIELDS
from importer.problems import ProblemCode as P

if TYPE_CHECKING:
    from importer.reports import ProblemGroup


class _Remedy(NamedTuple):
    """A setting that answers for every row; any part may be empty."""

    by_hand: str
    section: str
    line: str
    flag: str = ""


_BY_CODE = {
    P.TIMEZONE_NEEDED: _Remedy(
        "", "dates", 'timezone = "America/Chicago"', "--timezone America/Chicago"
    ),
    P.APPOINTMENT_NO_TIME: _Remedy(
        "add the time, such as 2030-01-07 09:30",
        "joined",
        'appointment_date = ["the day\'s heading", "the time\'s heading"]',
    ),
    P.DATE_TWO_DIGIT_YEAR: _Remedy(
        "write the year with four digits", "dates", "two_digit_pivot = 25"
    ),
    P.LEADING_ZERO_LOST: _Remedy(
        "format the column as text and type it again", "values", "pad_zip = true"
    ),
}
_BY_FIELD = {
    **{
        (P.DATE_ORDER_NEEDED, name): _Remedy(
            "",
            "dates",
            f'orders = {{ {name} = "MDY" }} (or "DMY", day first)',
            "--date-order MDY or DMY, which means every column of dates",
        )
        for name in DATE_FIELDS
    },
    (P.REQUIRED_EMPTY, "location_id"): _Remedy(
        "fill it in", "defaults", "location_id = 4021", "--location-id 4021"
    ),
}
_UNKNOWN_WORDS = frozenset(
    (code, name)
    for code in (P.INTEGER_NOT_EXACT, P.VALUE_NOT_MAPPED)
    for name in ("location_id", "visit_type_id")
)
"""Where a cell may hold a clinic's own word, for which a line of the profile is missing."""
_MOST_WORDS = 3


def help_of(group: ProblemGroup, profile: str, *, show_values: bool = False) -> str:
    """Return what to do about a kind of problem.

    Args:
        group: The problem and the rows that have it.
        profile: Its name; "" when there is none.
        show_values: Whether values of cells are for whoever reads it.
    """
    if (group.code, group.field) in _UNKNOWN_WORDS:
        return _told(_of_words(group, show_values=show_values), profile)
    remedy = _BY_FIELD.get((group.code, group.field)) or _BY_CODE.get(group.code)
    if remedy is not None:
        return _told(remedy, profile)
    if group.fixable:
        return f"{bold('solv-import check ... --fix FILE')} writes a copy with what is suggested."
    if group.code is P.DUPLICATE_IN_FILE:
        return f"{group.code.fix} Visits that only look alike go with {bold('--allow-duplicates')}."
    return group.code.fix


def _of_words(group: ProblemGroup, *, show_values: bool) -> _Remedy:
    """Return the lines to add for a clinic's own words, by name where values may be shown."""
    shown = [one.value for one in group.examples] if show_values else []
    words = [*dict.fromkeys(word.strip() for word in shown if word.isprintable())]
    quoted = [json.dumps(word, ensure_ascii=False) for word in words[:_MOST_WORDS]]
    lines = ", ".join(f"{word} = NUMBER" for word in quoted or ['"the cell"'])
    what = "the clinic" if group.field == "location_id" else "the visit type"
    return _Remedy(f"write Solv's number of {what}", f"values.{group.field}", lines)


def _told(remedy: _Remedy, profile: str) -> str:
    named = f"profile {profile}" if profile else "a profile"
    ways = [
        remedy.by_hand,
        f"add {bold(remedy.line)} under {bold(f'[{remedy.section}]')} in {named}",
        f"use {bold(remedy.flag)}" if remedy.flag else "",
    ]
    sentence = ", or ".join(way for way in ways if way)
    return f"{sentence[0].upper()}{sentence[1:]}."
