"""The files of a simulated run: invented rows, read and checked already."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from importer.columns import plan_columns
from importer.identity import canonical_body
from importer.model import BOOKING_FIELDS, BookingRequest
from importer.pipeline.intake import CheckedChunk
from importer.validate import CheckedRow
from tests.chaos.simulation.timeline import BEGINS_AT_S, STARTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from tests.chaos.simulation.scenario import Scenario

_FAR_AHEAD = datetime(2090, 5, 1, 15, tzinfo=UTC)
_SOON_SHARE = 0.02


@dataclass(slots=True, kw_only=True, eq=False)
class SimulatedFile:
    """A file of invented rows, read and checked already."""

    name: str
    rows: Sequence[CheckedRow]
    planned_s: float | None = None
    """When its plan was accepted."""
    headings: tuple[str, ...] = BOOKING_FIELDS
    sheet: str = ""
    detected_encoding: str = ""

    @property
    def table(self) -> SimulatedFile:
        """Return what has the headings."""
        return self

    @property
    def plan(self) -> Any:
        """Return which column holds which field."""
        return plan_columns(self.headings, show_headings=False)

    def chunks(self) -> Iterator[CheckedChunk]:
        """Yield all rows."""
        yield CheckedChunk(chunk=None, rows=list(self.rows))  # type: ignore[arg-type] # nobody reads it here

    def bodies(self) -> dict[int, str]:
        """Return the body of each row that would be sent."""
        return {
            row.row_number: canonical_body(row.request).decode() for row in self.rows if row.request
        }


def row_of(number: int, *, person: int, at: datetime, phone: int = 0) -> CheckedRow:
    """Return one checked row; the same person at the same time is the same booking."""
    request = BookingRequest(
        first_name="Ada",
        last_name=f"Sample{person}",
        phone=f"+1206555{100 + (person + phone) % 100:04}",
        birth_date="1990-01-02",
        appointment_date=at.isoformat(),
        location_id=4021,
    )
    return CheckedRow(
        row_number=number,
        line=number,
        is_blank=False,
        request=request,
        appointment_at=at,
        problems=(),
        row_key="",
    )


def files_of(scenario: Scenario, chance: Random) -> list[SimulatedFile]:
    """Return the files of a scenario: some rows come too late, half of the second were there."""
    first = []
    for number in range(scenario.rows):
        at = _FAR_AHEAD + timedelta(minutes=15 * number)
        if chance.random() < _SOON_SHARE and not scenario.is_calm:
            at = STARTED + timedelta(seconds=BEGINS_AT_S + round(60.0 * chance.random()))
        first.append(row_of(number + 2, person=number, at=at))
    files = [SimulatedFile(name="first.csv", rows=first)]
    if scenario.has_second_file:
        shared = [row for row in first if chance.random() < 0.5]
        again = [
            replace(row, row_number=number + 2, request=_reworded(row, chance))
            for number, row in enumerate(shared)
        ]
        more = [
            row_of(len(again) + n + 2, person=10_000 + n, at=_FAR_AHEAD) for n in range(len(again))
        ]
        files.append(SimulatedFile(name="second.csv", rows=[*again, *more]))
    return files


def _reworded(row: CheckedRow, chance: Random) -> BookingRequest:
    """Return the same booking, at times with another phone."""
    assert row.request is not None
    return replace(row.request, phone="+12065550199") if chance.random() < 0.3 else row.request
