"""What to do about a kind of problem, with the very flag or line of a profile."""

from __future__ import annotations

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
    (P.INTEGER_NOT_EXACT, "location_id"): _Remedy(
        "write Solv's number of the clinic", "values.location_id", '"the cell" = 4021'
    ),
}


def help_of(group: ProblemGroup, profile: str) -> str:
    """Return what to do about a kind of problem.

    Args:
        group: The problem and the rows that have it.
        profile: Its name; "" when there is none.
    """
    remedy = _BY_FIELD.get((group.code, group.field)) or _BY_CODE.get(group.code)
    if remedy is not None:
        return _told(remedy, profile)
    if group.fixable:
        return f"{bold('solv-import check ... --fix FILE')} writes a copy with what is suggested."
    if group.code is P.DUPLICATE_IN_FILE:
        return f"{group.code.fix} Visits that only look alike go with {bold('--allow-duplicates')}."
    return group.code.fix


def _told(remedy: _Remedy, profile: str) -> str:
    named = f"profile {profile}" if profile else "a profile"
    ways = [
        remedy.by_hand,
        f"add {bold(remedy.line)} under {bold(f'[{remedy.section}]')} in {named}",
        f"use {bold(remedy.flag)}" if remedy.flag else "",
    ]
    sentence = ", or ".join(way for way in ways if way)
    return f"{sentence[0].upper()}{sentence[1:]}."
