"""The files of the crash sweeps, and what may become of each of their rows."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from openpyxl import Workbook

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HEADINGS = (
    "first_name",
    "last_name",
    "phone",
    "birth_date",
    "appointment_date",
    "location_id",
    "reason",
)


class Fate(Enum):
    """What may become of a row; `unknown` only as often as processes were killed."""

    BOOKED = frozenset({"booked", "skipped", "unknown"})
    AMBIGUOUS = frozenset({"unknown"})
    """Its answer is lost, or says nothing."""
    REFUSED = frozenset({"rejected", "unknown"})
    INVALID = frozenset({"invalid"})
    DUPLICATE = frozenset({"duplicate"})
    BLANK = frozenset({"blank"})
    BEFORE = frozenset({"skipped"})
    """Booked by the file that was imported before."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a file, and what may become of it."""

    cells: tuple[str, ...]
    fate: Fate


def patient(number: int, fate: Fate = Fate.BOOKED, reason: str = "", **changes: str) -> Line:
    """Return a row of an invented patient; every number is another one at another time."""
    cells = {
        "first_name": "Ada",
        "last_name": f"Sample{chr(ord('a') + number)}",
        "phone": f"+1206555{100 + number:04}",
        "birth_date": f"1990-01-{number + 1:02}",
        "appointment_date": f"2090-05-{number + 1:02}T09:30:00-07:00",
        "location_id": "4021",
        "reason": reason,
    } | changes
    return Line(tuple(cells[name] for name in HEADINGS), fate)


BLANK = Line(("",) * len(HEADINGS), Fate.BLANK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file, and the one imported before it, if any."""

    name: str
    results: str
    """Where they go: the suffix says of which kind."""
    lines: Sequence[Line]
    before: Source | None = None
    rows: dict[int, Fate] = field(init=False)
    """Row number -> its fate."""

    def __post_init__(self) -> None:
        """Number the rows as a spreadsheet does."""
        fates = {number: line.fate for number, line in enumerate(self.lines, 2)}
        object.__setattr__(self, "rows", fates)

    @property
    def ambiguous(self) -> int:
        """Return how many rows stay unknown although no process is killed."""
        return sum(line.fate is Fate.AMBIGUOUS for line in self.lines)

    def write(self, folder: Path) -> Path:
        """Write it, and what was imported before it."""
        if self.before is not None:
            self.before.write(folder)
        path = folder / self.name
        table = [HEADINGS, *(line.cells for line in self.lines)]
        if path.suffix == ".xlsx":
            workbook = Workbook()
            for cells in table:
                workbook.worksheets[0].append([cell or None for cell in cells])
            workbook.save(path)
        else:
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(table)
        return path


_FIRST = Source(
    name="first.csv",
    results="first.results.csv",
    lines=[patient(number) for number in range(20, 23)],
)

SOURCES: dict[str, Source] = {
    "csv": Source(
        name="visits.csv",
        results="visits.results.csv",
        lines=[
            patient(0, last_name="NA"),
            patient(1, reason="fault:429"),
            patient(2, Fate.AMBIGUOUS, "fault:commit-then-drop"),
            patient(3, Fate.REFUSED, "fault:422"),
            patient(4, Fate.AMBIGUOUS, "fault:503"),
            patient(5),
        ],
    ),
    "xlsx": Source(
        name="visits.xlsx",
        results="visits.results.xlsx",
        lines=[
            patient(6),
            BLANK,
            patient(7, last_name="NA"),
            patient(6, Fate.DUPLICATE),
            patient(8, Fate.INVALID, phone="none yet"),
            patient(9),
        ],
    ),
    "second": Source(
        name="second.csv",
        results="second.results.jsonl",
        lines=[
            patient(20, Fate.BEFORE),
            patient(23),
            patient(22, Fate.BEFORE),
            patient(24),
            patient(25),
        ],
        before=_FIRST,
    ),
}
"""Kind -> file: with faults of the server, with rows of every kind, and one that shares rows."""
