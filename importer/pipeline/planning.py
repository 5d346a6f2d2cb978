"""Planning a run: what becomes of every row before the first request, and why."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from importer.errors import ImporterError, LedgerError
from importer.identity import canonical_body, identify
from importer.ledger import Earlier, NewRun, PlannedRequest, PlannedRow, planning
from importer.model import State
from importer.near_duplicates import NearDuplicates
from importer.pipeline.groups import Grouping
from importer.pipeline.intake import passed_problem, suspected_problem
from importer.pipeline.namesakes import MiddleNames
from importer.pipeline.stored_settings import stored
from importer.problems import ProblemCode, RowProblem

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection

    from importer.columns import ColumnPlan
    from importer.ledger import Ledger, RunRecord, Spool
    from importer.model import Identity, RowKey, RunId
    from importer.pipeline.intake import Intake
    from importer.pipeline.job import Job
    from importer.settings import Selection, Settings
    from importer.validate import CheckedRow


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A row that was selected, with its keyed hashes when it has no error."""

    row: CheckedRow
    identity: Identity | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the ledger knows about the rows of one chunk."""

    keys: dict[int, RowKey]
    by_key: dict[str, list[Earlier]]
    roots: dict[int, Earlier]
    live: dict[tuple[bytes, int], Earlier]
    rejected: dict[bytes, Earlier]
    in_file: dict[bytes, planning.FirstInFile]


@dataclass(slots=True, kw_only=True)
class Planner:
    """Turns checked rows into planned ones, chunk by chunk, in the order of the file.

    Row key and fingerprint are looked up before any rule that depends on the clock: a row that
    was booked before is `skipped` whatever the day.
    """

    ledger: Ledger
    run_number: int
    source_digest: str
    sheet: str
    columns: ColumnPlan
    settings: Settings
    selection: Selection
    now: datetime
    _selected: int = field(default=0, init=False)
    _visits: NearDuplicates = field(default_factory=NearDuplicates, init=False)
    _carried: dict[str, list[tuple[int, bool]]] = field(default_factory=dict, init=False)
    """Row keys that stood in the sheet -> row ids, and whether the row is unchanged."""
    _middle_names: MiddleNames = field(default_factory=MiddleNames, init=False)

    def plan(self, rows: list[CheckedRow]) -> list[PlannedRequest]:
        """Register the rows of one chunk and return those that may be sent."""
        return self.ledger.plan(lambda connection: self._plan(connection, rows))

    def finish(self) -> None:
        """Hold rows that were copied together with their row key: the unchanged one keeps it."""
        copies = [
            row_id
            for holders in self._carried.values()
            if len(holders) > 1
            for row_id, _ in sorted(holders, key=lambda holder: not holder[1])[1:]
        ]
        if copies:
            self.ledger.plan(lambda connection: planning.hold_copies(connection, copies))

    def _plan(self, connection: Connection, rows: list[CheckedRow]) -> list[PlannedRequest]:
        candidates = {row.row_number: self._candidate(row) for row in rows if self._picks(row)}
        known = self._look_up(connection, rows, list(candidates.values()))
        planned = [self._planned(row, candidates.get(row.row_number), known) for row in rows]
        row_ids = planning.add_rows(connection, self.run_number, planned)
        requests = []
        for row, plan, row_id in zip(rows, planned, row_ids, strict=True):
            self._note_carried(row, plan, row_id, known)
            if plan.state is State.READY:
                requests.append(request_of(row, row_id, plan.row_key))
        return requests

    def _picks(self, row: CheckedRow) -> bool:
        """Return whether the operator's selection lets the row through; count it then."""
        if row.is_blank or not self.selection.includes(row.row_number):
            return False
        if self.selection.limit is not None and self._selected >= self.selection.limit:
            return False
        self._selected += 1
        return True

    def _candidate(self, row: CheckedRow) -> _Candidate:
        if row.request is None or row.appointment_at is None:
            return _Candidate(row=row, identity=None)
        return _Candidate(
            row=row,
            identity=identify(
                row.request, row.appointment_at, self.ledger.key, unsent=row.middle_name
            ),
        )

    def _look_up(
        self, connection: Connection, rows: list[CheckedRow], candidates: list[_Candidate]
    ) -> _Known:
        identities = [c.identity for c in candidates if c.identity is not None]
        fingerprints = [identity.fingerprint for identity in identities]
        keys = planning.keys_of_file(
            connection, self.source_digest, self.sheet, [row.row_number for row in rows]
        )
        carried = [row.row_key for row in rows if row.row_key]
        by_key = planning.rows_by_key(connection, [*carried, *keys.values()])
        referred = [e.refers_to for found in by_key.values() for e in found if e.refers_to]
        return _Known(
            keys=keys,
            by_key=by_key,
            roots=planning.rows_by_id(connection, referred),
            live=planning.live_by_fingerprint(connection, fingerprints),
            rejected=planning.rejected_by_request(connection, [i.request for i in identities]),
            in_file=planning.first_in_run(connection, self.run_number, fingerprints),
        )

    def _planned(self, row: CheckedRow, candidate: _Candidate | None, known: _Known) -> PlannedRow:
        if row.row_key and row.row_key not in known.by_key:
            raise LedgerError(
                f"row {row.row_number} carries a row key that this ledger never gave out",
                todo=ProblemCode.ROW_KEY_FOREIGN.fix,
                code=ProblemCode.ROW_KEY_FOREIGN.code,
            )
        key = known.by_key[row.row_key][0].row_key if row.row_key else None
        base = PlannedRow(
            row_number=row.row_number,
            row_key=key or known.keys.get(row.row_number) or planning.mint_row_key(),
            state=State.BLANK if row.is_blank else State.LEFT_OUT,
            problems=row.problems if row.is_blank else (),
        )
        if candidate is None:
            return base
        return self._decide(replace(base, problems=row.problems), candidate, known)

    def _decide(self, base: PlannedRow, candidate: _Candidate, known: _Known) -> PlannedRow:
        """Return the row in the state it starts in; the first rule that applies decides."""
        keyed = _live_of(known.by_key.get(base.row_key, []), known.roots)
        identity = candidate.identity
        passed = passed_problem(candidate.row, self.now, self.columns)
        if identity is None:
            return self._follow(base, keyed) if keyed else _with(base, State.INVALID, passed)
        first = known.in_file.get(identity.fingerprint)
        base = replace(base, identity=identity, occurrence=first.count if first else 0)
        if first is not None and not self.settings.allow_duplicates:
            told = f"row {first.row_number}"
            problem = self._middle_names.problem_of(candidate.row, identity.fingerprint, told)
            return _with(base, State.INVALID if problem.is_error else State.DUPLICATE, problem)
        if first is None:
            self._middle_names.add(candidate.row, identity.fingerprint)
        known.in_file[identity.fingerprint] = planning.FirstInFile(
            row_number=first.row_number if first else base.row_number, count=base.occurrence + 1
        )
        suspected = suspected_problem(candidate.row, self._visits)
        # What the row says now weighs more than the key beside it: keys get moved about.
        live = self._same_booking(known, identity.fingerprint, base.occurrence) or keyed
        if live is not None:
            return self._follow(base, live, identity)
        refused = known.rejected.get(identity.request)
        if refused is not None and not self.settings.retry_rejected:
            return _refused_before(base, refused)
        if passed is not None:
            return _with(base, State.INVALID, passed)
        return _with(base, State.READY, suspected)

    def _same_booking(self, known: _Known, fingerprint: bytes, occurrence: int) -> Earlier | None:
        """Return the row that is, or may be, this booking.

        Which of several equal ones it is counts only where several were asked for.
        """
        same = known.live.get((fingerprint, occurrence))
        if same is not None or self.settings.allow_duplicates:
            return same
        return next((row for (found, _), row in known.live.items() if found == fingerprint), None)

    def _follow(
        self, base: PlannedRow, live: Earlier, identity: Identity | None = None
    ) -> PlannedRow:
        """Return the row as the same booking as an earlier one, which is or may be booked."""
        is_booked = live.state in (State.BOOKED, State.SKIPPED)
        followed = replace(
            base,
            state=State.SKIPPED if is_booked else State.UNKNOWN,
            refers_to=live.refers_to or live.row_id,
            booking_id=live.booking_id,
            solv_status=live.solv_status,
        )
        is_edited = identity is None or identity.request != live.request
        if is_booked and not is_edited:
            return followed
        code = ProblemCode.BOOKED_ROW_EDITED if is_booked else ProblemCode.UNKNOWN_BEFORE
        problem = RowProblem(row_number=base.row_number, code=code)
        return _with(followed, followed.state, problem)

    def _note_carried(self, row: CheckedRow, plan: PlannedRow, row_id: int, known: _Known) -> None:
        if not row.row_key:
            return
        earlier = known.by_key[row.row_key]
        request = plan.identity.request if plan.identity else None
        is_unchanged = any(request == e.request for e in earlier)
        self._carried.setdefault(row.row_key, []).append((row_id, is_unchanged))


def plan_run(
    job: Job, run_id: RunId, source: Path, digest: str, intake: Intake, spool: Spool
) -> tuple[RunRecord, Grouping]:
    """Read and check the whole file and register its rows; nothing is sent yet."""
    run_number = job.ledger.begin_run(
        NewRun(
            run_id=run_id,
            source_name=source.name,
            source_path=str(source.absolute()),
            source_digest=digest,
            sheet=intake.sheet,
            settings=stored(job.settings, detected_encoding=intake.table.detected_encoding),
            started_at=job.clock.now().isoformat(timespec="seconds"),
        )
    )
    planner = Planner(
        ledger=job.ledger,
        run_number=run_number,
        source_digest=digest,
        sheet=intake.sheet,
        columns=intake.plan,
        settings=job.settings,
        selection=job.selection,
        now=job.clock.now(),
    )
    grouping = Grouping(intake.table.headings)
    try:
        with spool.request_writer() as write:
            for checked in intake.chunks():
                for position, row in enumerate(checked.rows):
                    grouping.add(checked.chunk, position, row)
                for request in planner.plan(checked.rows):
                    write(request)
        planner.finish()
    except ImporterError:
        if not job.ledger.has_failed:
            job.ledger.plan(planning.sweep_unplanned)
        raise
    job.ledger.finish_planning(run_number, job.clock.now())
    return _run_of(job.ledger, run_id), grouping


def _run_of(ledger: Ledger, run_id: str) -> RunRecord:
    with ledger.history() as history:
        run = history.run(run_id)
    if run is None:
        raise LedgerError(f"run {run_id} is not in the ledger although it was just planned")
    return run


def request_of(row: CheckedRow, row_id: int, row_key: RowKey) -> PlannedRequest:
    """Return what is sent for a row without errors."""
    assert row.request is not None  # noqa: S101 - only rows without errors become ready
    assert row.appointment_at is not None  # noqa: S101 - the same
    return PlannedRequest(
        row_id=row_id,
        row_number=row.row_number,
        row_key=row_key,
        appointment_at=row.appointment_at,
        body=canonical_body(row.request),
    )


def _live_of(earlier: list[Earlier], roots: dict[int, Earlier]) -> Earlier | None:
    """Return the newest row of a row key behind which there is, or may be, a booking."""
    for row in reversed(earlier):
        root = roots.get(row.refers_to, row) if row.refers_to else row
        if root.state in (State.BOOKED, State.UNKNOWN) and not root.is_cancelled:
            return root
    return None


def _refused_before(base: PlannedRow, refused: Earlier) -> PlannedRow:
    problem = RowProblem(row_number=base.row_number, code=ProblemCode.REJECTED_BEFORE)
    told = refused.refers_to or refused.row_id
    carried = replace(base, http_status=refused.http_status, refers_to=told)
    return _with(carried, State.REJECTED, problem)


def _with(base: PlannedRow, state: State, problem: RowProblem | None) -> PlannedRow:
    problems = base.problems if problem is None else (*base.problems, problem)
    return replace(base, state=state, problems=problems)
