"""What the pipeline tells people: plain values that a terminal, a page or a log may show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypedDict

from importer.model import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from importer.errors import ExitCode
    from importer.guards import Held
    from importer.model import DateOrder
    from importer.problems import FileProblem, ProblemCode


class Totals(TypedDict):
    """How many rows of a run are in each count; together they are all of its rows."""

    booked: int
    skipped: int
    duplicate: int
    invalid: int
    left_out: int
    blank: int
    rejected: int
    unknown: int
    not_sent: int


COUNT_NAMES: Final = tuple(Totals.__annotations__)
"""The counts, in the order people read them."""


def totals_of(counts: Mapping[State, int]) -> Totals:
    """Return the counts of a run whose rows are in these states."""
    return Totals(
        booked=counts.get(State.BOOKED, 0),
        skipped=counts.get(State.SKIPPED, 0),
        duplicate=counts.get(State.DUPLICATE, 0),
        invalid=counts.get(State.INVALID, 0),
        left_out=counts.get(State.LEFT_OUT, 0),
        blank=counts.get(State.BLANK, 0),
        rejected=counts.get(State.REJECTED, 0),
        unknown=counts.get(State.UNKNOWN, 0) + counts.get(State.SENDING, 0),
        not_sent=counts.get(State.READY, 0) + counts.get(State.SUPERSEDED, 0),
    )


def terms_of(counted: object) -> str:
    """Return the counts of a status, a summary or a plan: `1,187 booked + 9 skipped`."""
    counts = ((name.replace("_", " "), getattr(counted, name)) for name in COUNT_NAMES)
    return " + ".join(f"{count:,} {name}" for name, count in counts if count)


class ProblemExample(NamedTuple):
    """One row that has a problem; the value may be a patient's."""

    row_number: int
    line: int | None
    """The line of text it begins on; None for a workbook."""
    value: str
    hint: str
    suggestion: str = ""
    """How the cell could be written, where that is certain; as private as the value."""

    def __repr__(self) -> str:
        """Return it without the value."""
        return f"ProblemExample(row_number={self.row_number}, line={self.line})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemGroup:
    """One kind of problem in one column, with how many rows have it."""

    code: ProblemCode
    field: str
    """The API field; "" when it is about whole rows."""
    column_letter: str
    """The source's column, such as `C`; "" when it has none."""
    heading: str
    """Their heading of it, which the settings know; "" when it has none."""
    rows: int
    examples: tuple[ProblemExample, ...] = ()
    """The first few."""
    fixable: int = 0
    """Of how many rows a certain correction is known."""


class Finding(NamedTuple):
    """One problem of one row, told as soon as it is found."""

    code: ProblemCode
    field: str
    """The API field; "" when it is about the whole row."""
    column_letter: str
    """The source's column, such as `C`; "" when it has none."""
    found: ProblemExample


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How closely `check` looks at a file."""

    examples: int | None = 5
    """How many rows of each problem the report names; None for all of them."""
    tell: Callable[[Finding], None] | None = None
    """Is told every problem of every row, in the order of the rows."""
    tells_spelling: bool = False
    """Whether cells that are sent in another spelling are told, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What `check` found; `rows_in` = ready + invalid + duplicate + blank."""

    source_name: str
    sheet: str | None
    kind: str
    """`csv`, `xlsx`, `ods` ...: what the file is, whatever its name says."""
    rows_in: int
    columns_mapped: int
    columns_total: int
    ready: int
    invalid: int
    duplicate: int
    blank: int
    groups: tuple[ProblemGroup, ...]
    """Most rows first, errors before warnings."""
    file_warnings: tuple[FileProblem, ...]
    exit_code: ExitCode
    questions: tuple[FileProblem, ...] = ()
    """What one answer settles for the whole file; until then it cannot be imported."""
    confirmable: Mapping[str, DateOrder] = field(default_factory=dict)
    """By field the order that a yes to all questions settles; empty when a yes is not enough."""
    profile: str = ""
    """Its name; "" when there is none."""
    fixable: int = 0
    """Of how many cells a certain correction is known, those counted that no problem is told of."""
    can_be_fixed: bool = False
    """Whether a corrected copy of a file of this kind can be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FixReport:
    """A corrected copy, and how many of its cells differ from the source, by problem."""

    path: Path
    cells: Mapping[ProblemCode, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """What a run is about to do, before its first request."""

    run_id: str
    source_name: str
    base_url: str
    is_loopback: bool
    is_resumed: bool
    ledger: Path
    results: Path
    rate: str
    """As it may be written in a setting, such as `5/s`."""
    in_flight: int
    rows_in: int
    to_send: int
    booked: int
    """By this same run, before it was stopped."""
    skipped: int
    duplicate: int
    invalid: int
    left_out: int
    blank: int
    rejected: int
    unknown: int
    not_sent: int
    """Ready to go; `to_send` of them go now."""
    estimated_s: float | None
    """How long the sending takes at least; None without a limit."""
    is_held: bool
    """Rows are invalid and `only_valid` is not set: go on only if a person says so."""
    held_by: tuple[Held, ...] = ()
    """Guards of the profile: go on only if a person says so."""
    groups: tuple[ProblemGroup, ...] = ()
    file_warnings: tuple[FileProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressView:
    """How far a run has come; `done` counts answered rows of the `total` to send."""

    run_id: str
    total: int
    done: int
    booked: int
    rejected: int
    unknown: int
    waiting: int = 0
    """Not taken, so they will go again."""
    skipped: int = 0
    limit_per_s: float | None = None
    paused_s: float = 0.0
    """How much longer the server asked everybody to wait."""
    last_problem: str = ""
    """A code and a field, such as `422 phone`; never the server's words."""
    last_problem_rows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """One run as the ledger has it; the counts add up to `rows_in`."""

    run_id: str
    source: str
    target: str
    """The address that it was begun with."""
    ledger: Path
    """Which holds it; on this machine one serves every port."""
    started_at: datetime
    ended_at: datetime | None
    is_running: bool
    rows_in: int
    booked: int
    skipped: int
    duplicate: int
    invalid: int
    left_out: int
    blank: int
    rejected: int
    unknown: int
    not_sent: int
    results: Path | None = None
    exit_code: ExitCode | None = None
    """What the run ended with; None while it has not."""
    purged_at: datetime | None = None
    """When what became of its rows was deleted, but for these counts."""
    is_closed: bool = False
    """Its file was planned anew: a later run has the rows that this one did not send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionReport:
    """What became of the decisions in a reconcile worksheet."""

    run_id: str
    booked: int
    released: int
    """Said to be not booked: they may be sent again."""
    cancelled: int
    left: int
    """Without a decision, as before."""
    refused: tuple[str, ...]
    """One sentence for each decision that cannot be, naming its row."""
    still_unknown: int
    exit_code: ExitCode
    results_path: Path | None = field(default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """One line of the audit that tells of a run."""

    line: int
    """Counted from 1."""
    at: str
    kind: str
    who: str
    """User and machine: `clinic@desk-3`."""
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What the audit file is worth."""

    path: Path
    lines: int
    flaws: tuple[tuple[int, str], ...]
    """Line, counted from 1, and what is wrong there."""
    unknown_lines: int
    """Whole lines that a crash kept from the ledger; its next opening takes them up."""
    run_id: str | None = None
    of_run: tuple[AuditLine, ...] = ()
    """What it tells of that run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgedRun:
    """One run whose rows' history may go, or went."""

    run_id: str
    ended_at: datetime
    rows: int
    problems: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeReport:
    """What a purge deletes, or deleted."""

    runs: tuple[PurgedRun, ...]
    files: int
    size_bytes: int
    """Of those files."""
    answers: int
    """How many rows' answers of the server, in its own words."""
    kept: tuple[str, ...]
    """One sentence for each run that is old enough, and why it stays."""

    @property
    def rows(self) -> int:
        """Return how many rows lose their history."""
        return sum(run.rows for run in self.runs)

    @property
    def problems(self) -> int:
        """Return how many problems of theirs go."""
        return sum(run.problems for run in self.runs)


class Observer(Protocol):
    """Is told how a run goes; the command line draws it, a test counts it."""

    def planned(self, plan: PlanView) -> bool:
        """Return whether to go on.

        Asked once, after everything is validated and before the first request. When
        `plan.is_held`, True means that a person saw the invalid rows and goes on without them.
        """

    def progress(self, counts: ProgressView) -> None:
        """Take note of how far it is; called often, so it must be quick."""

    def notice(self, text: str) -> None:
        """Pass on one sentence for a person, without any patient value."""
