"""What goes into the ledger and what comes out of it, as frozen types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importer.model import Identity, RowKey, RunId, State
    from importer.problems import ProblemCode, RowProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """One import of one file, before its rows are known."""

    run_id: RunId
    source_name: str
    source_path: str
    source_digest: str
    sheet: str
    settings: str
    """JSON of everything that changes requests."""
    started_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run, as the ledger holds it."""

    run_number: int
    run_id: RunId
    source_name: str
    source_path: str
    source_digest: str
    sheet: str
    settings: str
    waits_429: int
    started_at: str
    planned_at: str
    """When the whole file had been read, validated and registered."""
    ended_at: str | None
    exit_code: int | None
    is_accepted: bool
    """Somebody, or `only_valid`, said to go on without its invalid rows."""
    results_path: str | None
    ended_counts: str | None = None
    """JSON of its counts at its last end."""
    purged_at: str | None = None
    """When what it held of its rows was deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRow:
    """One row of a new run, with the state it starts in."""

    row_number: int
    row_key: RowKey
    state: State
    identity: Identity | None = None
    visit_day: int | None = None
    """The day of the visit, as `identity.day_of` counts; None for a row with an error."""
    occurrence: int = 0
    booking_id: int | None = None
    solv_status: str = ""
    refers_to: int | None = None
    http_status: int | None = None
    problems: tuple[RowProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRecord:
    """One row, as the ledger holds it."""

    row_id: int
    row_number: int
    row_key: RowKey
    state: State
    occurrence: int
    request: bytes | None
    booking_id: int | None
    solv_status: str
    emr_booking_id: str
    http_status: int | None
    server_ids: str
    reason: str
    requests: int
    sending_at: str | None
    refers_to: int | None
    told_key: RowKey
    """The key of the row that the server's answer was about: its own, or the one it refers to."""
    is_cancelled: bool
    releases: int
    """How often the operator allowed it to be sent again."""
    is_settled: bool
    """A person said what became of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRuns:
    """What other runs of the ledger did about the booking that one row asks for."""

    requests: int = 0
    """How often they claimed the very same request."""
    occurrences: int = 0
    """How many such bookings all runs together, this one too, were to make."""
    released: int = 0
    """How often the operator let it be sent again."""
    cancelled: int = 0
    """How many of its bookings the operator said were cancelled."""
    is_live: bool = False
    """One of them has booked it, or may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How often one request may have been booked, by what the rows of all runs ask for."""

    fingerprint: bytes
    request: bytes
    most: int
    """Rows of one run that are bookings of it, and how often a person let it be sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemRecord:
    """One problem of one row, as the ledger holds it."""

    code: ProblemCode
    field: str
    column: int | None
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """An earlier row that a new one must be compared with."""

    row_id: int
    run_number: int
    row_key: RowKey
    state: State
    fingerprint: bytes | None
    occurrence: int
    request: bytes | None
    booking_id: int | None
    solv_status: str
    is_cancelled: bool
    refers_to: int | None
    http_status: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemKind:
    """One kind of problem in one column of one run, and which rows have it."""

    code: ProblemCode
    field: str
    column: int | None
    rows: int
    first_rows: tuple[int, ...]
