"""An odd file: its bytes, and what its writer knows that it says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from tests.nasty import NASTY
from tests.rows import invented_row

if TYPE_CHECKING:
    from random import Random

Cells: TypeAlias = Sequence[object]
Written: TypeAlias = Mapping[int, Cells]
"""Row number as the spreadsheet shows it -> values, from the first column on."""


class Unsayable:
    """A value that no text stands for: its row must not be sent as if one did."""


UNSAYABLE = Unsayable()

HEADINGS = (*invented_row(), "Notes")
"""The headings of most odd files; the last column is sent nowhere."""
_NAMES = tuple(text for text in NASTY if 0 < len(text) < 40)


@dataclass(frozen=True, slots=True, kw_only=True)
class OddFile:
    """One file of the folder."""

    name: str
    content: bytes = field(repr=False)
    written: Written | None = field(default=None, repr=False)
    """None where nobody can tell, such as after a bit of text was turned."""
    flags: tuple[str, ...] = ()
    must_be: str = ""
    """`read`, `refused`, or "" where both are right."""
    is_cut: bool = False
    """Whether the last rows of `written` may be missing, and the last of all be cut."""
    grows: bytes = field(default=b"", repr=False)
    """What is written behind it while it is read."""


def odd_rows(chance: Random, count: int, *, nasty: Sequence[str] = _NAMES) -> list[list[str]]:
    """Return headings and rows of invented patients, one nasty text in most of the rows."""
    rows = [list(HEADINGS)]
    for number in range(2, count + 2):
        row = [*invented_row(number).values(), f"note {number}"]
        if chance.random() < 0.8:
            row[chance.choice((0, 1, 6, 7, 8, 8, 8))] = chance.choice(nasty)
        rows.append(row)
    return rows


def typed_rows(chance: Random, count: int) -> list[list[object]]:
    """Return headings and rows whose cells have types, as spreadsheet programs write them."""
    rows: list[list[object]] = [list(HEADINGS)]
    for number in range(2, count + 2):
        row: list[object] = [*invented_row(number).values(), ""]
        row[2] = 3125550100 + number
        row[3] = dt.date(1960, 1, 1) + dt.timedelta(days=chance.randrange(20_000))
        row[5] = chance.choice((4021, 4021.0, "4021"))
        row[7] = chance.choice((number, number + 0.5, f"MRN-{number}", 2**53 + 2, 0.1 + 0.2))
        row[8] = chance.choice((True, False, -number, 1e-7, 1e21, 0, None, f"note {number}"))
        rows.append(row)
    return rows


def numbered(rows: Sequence[Cells], *, first: int = 1) -> dict[int, Cells]:
    """Return rows below the first one by their numbers; the first one is the headings."""
    return dict(enumerate(rows[1:], start=first + 1))
