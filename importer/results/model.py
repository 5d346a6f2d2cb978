"""What the results say: one row of them, the totals of a run, one kind of problem."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from importer.model import STATUS_WORDS, State
from importer.reports import COUNT_NAMES, terms_of

if TYPE_CHECKING:
    from importer.problems import FileProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """One row of the source and what became of it."""

    row_number: int
    cells: tuple[str, ...] = field(repr=False)
    """Their cells, as many as there are headings; result columns of an earlier run removed."""
    status: State
    booking_id: int | None = None
    what_to_fix: str = field(default="", repr=False)
    solv_status: str = ""
    emr_booking_id: str = field(default="", repr=False)
    http_status: int | None = None
    server_ids: str = ""
    row_key: str = ""
    problem_cells: tuple[tuple[int, str], ...] = field(default=(), repr=False)
    """Cells to paint red: index into `cells`, and the note to put there ("" for none)."""

    @property
    def status_word(self) -> str:
        """Return the status as people read it; a row left `sending` is `unknown`."""
        return STATUS_WORDS[State.UNKNOWN if self.status is State.SENDING else self.status]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The totals of a run; its status counts always add up to `rows_in`."""

    run_id: str
    exit_code: int
    exit_reason: str
    source: str
    rows_in: int
    booked: int = 0
    skipped: int = 0
    duplicate: int = 0
    invalid: int = 0
    left_out: int = 0
    blank: int = 0
    rejected: int = 0
    unknown: int = 0
    not_sent: int = 0
    requests: int = 0
    """Booking requests over the run's whole life."""
    waits_429: int = 0
    started_at: str
    """ISO 8601."""
    ended_at: str
    """ISO 8601; "" while the run has not ended."""
    target: str = ""
    sheet: str = ""
    """"" for a source without sheets."""
    results: str = ""
    """Path of the results; "" when none were written."""
    version: str = ""
    why: str = ""
    """Why it ended before every row was tried, or could not begin; "" when it went to its end."""
    warnings: tuple[FileProblem, ...] = ()
    """What a person may want to know of the whole file."""
    runs: tuple[str, ...] = ()
    """The runs of all files of a folder, whose counts these are; empty for one file."""

    def __post_init__(self) -> None:
        """Refuse counts that lose a row.

        Raises:
            ValueError: A count is negative, or they do not add up to `rows_in`.
        """
        counts = self.counts().values()
        if min(counts) < 0 or sum(counts) != self.rows_in:
            message = f"{self.rows_in} rows in, but the counts add up to {sum(counts)}"
            raise ValueError(message)

    def counts(self) -> dict[str, int]:
        """Return the status counts by their names, in the order people read them."""
        return {name: getattr(self, name) for name in COUNT_NAMES}

    def conservation_line(self) -> str:
        """Return `1,204 in = 1,187 booked + 9 skipped + 7 invalid + 1 unknown`."""
        return " = ".join(filter(None, [f"{self.rows_in:,} in", terms_of(self)]))

    def to_json(self) -> dict[str, Any]:
        """Return what `--summary` writes; `docs/summary.schema.json` describes it."""
        warnings = [
            {"code": one.code.code, "place": one.place, "hint": one.hint} for one in self.warnings
        ]
        return asdict(self) | {"warnings": warnings, "runs": list(self.runs)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorKind:
    """One kind of problem in one column, with how many rows have it."""

    code: str
    field: str
    column_letter: str
    problem: str
    rows: int
    first_rows: tuple[int, ...]
    fix: str
