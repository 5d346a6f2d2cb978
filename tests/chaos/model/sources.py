"""The files of the model: rows of one small clinic, shared, edited, repeated, on several sheets.

Every row is read and checked once by the real rules; a file is then a choice of them.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from importer.pipeline.intake import CheckedChunk, Intake, take_in
from tests.edges.posting_kit import settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading import Chunk
    from importer.settings import Settings
    from importer.validate import CheckedRow

BASE_URL = "http://127.0.0.1:1"
"""Nobody listens there: the model has a server of its own."""
START = datetime(2030, 1, 7, 12, tzinfo=UTC)
"""When every story begins."""

_FAR = datetime(2090, 5, 1, 15, tzinfo=UTC)
_BOOKINGS = {
    "Far": _FAR,
    "Farther": _FAR + timedelta(minutes=15),
    "Farthest": _FAR + timedelta(minutes=30),
    "Tonight": START + timedelta(hours=7),
    "Tomorrow": START + timedelta(hours=30),
}
"""Who comes when; the times of the last two pass while the story goes on."""
_EDITS = {
    "": {},
    ", other phone": {"phone": "+12065550199"},
    ", other spelling": {"first_name": "D\N{RIGHT SINGLE QUOTATION MARK}ADA"},
    ", no phone": {"phone": "none"},
}
"""The same booking each time, in another request; the last one is no request at all."""
_BLANK = "blank"
_CHUNK = 3
"""So few rows that a booking and its duplicate may stand in two chunks."""


def _row(who: str, at: datetime) -> dict[str, str]:
    return {
        "first_name": "D'Ada",
        "last_name": who,
        "phone": "+12065550101",
        "birth_date": "1990-02-03",
        "appointment_date": at.isoformat(),
        "location_id": "4021",
    }


_ROWS = {
    _BLANK: {},
    **{
        f"{who}{how}": _row(who, at) | edit
        for who, at in _BOOKINGS.items()
        for how, edit in _EDITS.items()
    },
}
NAMES = tuple(name for name in _ROWS if not name.endswith("no phone"))
"""What rows a file may have; a blank one shrinks best."""
WITH_ERRORS = tuple(_ROWS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Every row that the model knows, read and checked."""

    intake: Intake
    chunk: Chunk
    rows: tuple[CheckedRow, ...]


@cache
def model_settings() -> Settings:
    """Return the settings of the model's clinic."""
    # Another rule would hold some of what a planted bug lets through.
    return settings_of(Path("/model"), BASE_URL, in_flight=4, allow_reschedules="true")


@cache
def pool() -> Pool:
    """Return the rows that files are made of."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pool.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            lines = csv.DictWriter(file, list(_ROWS["Far"]))
            lines.writeheader()
            lines.writerows(_ROWS.values())
        intake = take_in(path, model_settings(), now=START)
        (checked,) = intake.chunks()
    assert [row.is_blank for row in checked.rows].count(True) == 1
    return Pool(intake=intake, chunk=checked.chunk, rows=tuple(checked.rows))


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a file: which of the pool, and the row key that stands beside it."""

    name: str
    row_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One sheet of one file."""

    name: str
    sheet: str = ""
    lines: tuple[Line, ...]

    def intake(self) -> KnownIntake:
        """Return it, opened."""
        known = pool().intake
        return KnownIntake(
            name=self.name,
            table=known.table,
            plan=known.plan,
            rules=known.rules,
            today=known.today,
            source=self,
        )

    def rows(self) -> list[CheckedRow]:
        """Return its rows as reading and checking would."""
        return [_renumbered(line, number) for number, line in enumerate(self.lines, 2)]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIntake(Intake):
    """An intake whose rows are checked already."""

    source: Source

    @property
    def sheet(self) -> str:
        """Return the sheet that is read."""
        return self.source.sheet

    def chunks(self) -> Iterator[CheckedChunk]:
        """Yield every row of the file, a few at a time."""
        places = [place_of(line.name) for line in self.source.lines]
        rows = self.source.rows()
        for start in range(0, len(rows), _CHUNK):
            end = start + _CHUNK
            frame = pool().chunk.frame.iloc[places[start:end]]
            yield CheckedChunk(chunk=replace(pool().chunk, frame=frame), rows=rows[start:end])


def place_of(name: str) -> int:
    """Return where in the pool a row stands."""
    return list(_ROWS).index(name)


def _renumbered(line: Line, number: int) -> CheckedRow:
    row = pool().rows[place_of(line.name)]
    problems = tuple(replace(problem, row_number=number) for problem in row.problems)
    return replace(row, row_number=number, row_key=line.row_key, problems=problems)
