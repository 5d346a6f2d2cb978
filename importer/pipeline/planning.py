"""Planning a run: what becomes of every row before the first request, and why."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
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
from importer.pipeline.twins import Twins, free_occurrence, grouped, same_booking
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
    live: dict[bytes, list[Earlier]]
    rejected: dict[bytes, Earlier]
    in_file: dict[bytes, planning.FirstInFile]
    wanted: dict[bytes, set[bytes]]
    """By fingerprint, what the rows of the chunk ask for."""


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
    _ready: int = field(default=0, init=False)
    _visits: NearDuplicates = field(default_factory=NearDuplicates, init=False)
    _carried: dict[str, list[tuple[int, bool]]] = field(default_factory=dict, init=False)
    """Row keys that stood in the sheet -> row ids, and whether the row is unchanged."""
    _middle_names: MiddleNames = field(default_factory=MiddleNames, init=False)
    _twins: Twins = field(default_factory=Twins, init=False)
    _passed_over: dict[int, Earlier] = field(default_factory=dict, init=False)
    """By row number, what is booked under the key of a row that says another booking."""
    _keyed_otherwise: dict[int, Earlier] = field(default_factory=dict, init=False)
    """The same by row id."""

    def plan(self, rows: list[CheckedRow]) -> list[PlannedRequest]:
        """Register the rows of one chunk and return those that may be sent."""
        return self.ledger.plan(lambda connection: self._plan(connection, rows))

    def finish(self) -> None:
        """Settle what only the whole file shows: copied row keys, and bookings left without a row.

        Of rows with one key the unchanged one keeps it, and the others are held. A row that was
        changed into another booking is a changed row, unless some other row is what it was.
        """
        copies = [
            row_id
            for holders in self._carried.values()
            if len(holders) > 1
            for row_id, _ in sorted(holders, key=lambda holder: not holder[1])[1:]
        ]
        if copies:
            self.ledger.plan(lambda connection: planning.hold_copies(connection, copies))
        for row_id, booked in self._keyed_otherwise.items():
            if row_id not in copies:
                self.ledger.plan(partial(planning.follow_own_key, row_id=row_id, booked=booked))

    def _plan(self, connection: Connection, rows: list[CheckedRow]) -> list[PlannedRequest]:
        candidates = {row.row_number: self._candidate(row) for row in rows if self._picks(row)}
        known = self._look_up(connection, rows, list(candidates.values()))
        planned = [self._counted(row, candidates.get(row.row_number), known) for row in rows]
        row_ids = planning.add_rows(connection, self.run_number, planned)
        requests = []
        for row, plan, row_id in zip(rows, planned, row_ids, strict=True):
            self._note_carried(row, plan, row_id, known)
            if row.row_number in self._passed_over:
                self._keyed_otherwise[row_id] = self._passed_over.pop(row.row_number)
            if plan.state is State.READY:
                requests.append(request_of(row, row_id, plan.row_key))
        return requests

    def _picks(self, row: CheckedRow) -> bool:
        """Return whether the operator's selection lets the row through."""
        is_chosen = not row.is_blank and self.selection.includes(row.row_number)
        return is_chosen and not self.selection.is_reached(self._ready)

    def _counted(self, row: CheckedRow, candidate: _Candidate | None, known: _Known) -> PlannedRow:
        """Return the planned row, left out once as many before it are to be sent as may be."""
        is_left = self.selection.is_reached(self._ready)
        plan = self._planned(row, None if is_left else candidate, known)
        self._ready += plan.state is State.READY
        return plan

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
        wanted: dict[bytes, set[bytes]] = {}
        for identity in identities if self.settings.allow_duplicates else ():
            wanted.setdefault(identity.fingerprint, set()).add(identity.request)
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
            live=grouped(planning.live_by_fingerprint(connection, fingerprints)),
            rejected=planning.rejected_by_request(connection, [i.request for i in identities]),
            in_file=planning.first_in_run(connection, self.run_number, fingerprints),
            wanted=wanted,
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
        if candidate is not None:
            base = self._decide(replace(base, problems=row.problems), candidate, known)
        if row.row_key:
            self._carried.setdefault(row.row_key, [])
        return base

    def _decide(self, base: PlannedRow, candidate: _Candidate, known: _Known) -> PlannedRow:
        """Return the row in the state it starts in; the first rule that applies decides."""
        keyed = _live_of(known.by_key.get(base.row_key, []), known.roots)
        identity = candidate.identity
        passed = passed_problem(candidate.row, self.now, self.columns)
        if identity is None:
            return self._follow(base, keyed) if keyed else _with(base, State.INVALID, passed)
        first = known.in_file.get(identity.fingerprint)
        if first is not None and not self.settings.allow_duplicates:
            base = replace(base, identity=identity, occurrence=first.count)
            own = self._own(candidate.row, keyed)
            repeated = self._repeated(base, candidate.row, identity, first)
            return repeated if own is None else self._follow(base, own, identity)
        if first is None:
            self._middle_names.add(candidate.row, identity.fingerprint)
        # What the row says now weighs more than the key beside it: keys get moved about.
        live = self._same_booking(identity, known, keyed)
        base = replace(base, identity=identity, occurrence=_occurrence(identity, live, known))
        known.in_file[identity.fingerprint] = _with_row(first, base)
        suspected = suspected_problem(candidate.row, self._visits)
        live = live or keyed
        if live is not None:
            if keyed is not None and live.row_id != keyed.row_id:
                self._passed_over[base.row_number] = keyed
            return self._follow(base, live, identity)
        refused = known.rejected.get(identity.request)
        if refused is not None and not self.settings.retry_rejected:
            return _refused_before(base, refused)
        if passed is not None:
            return _with(base, State.INVALID, passed)
        return _with(base, State.READY, suspected)

    def _own(self, row: CheckedRow, keyed: Earlier | None) -> Earlier | None:
        """Return what is booked under a row's key, None if a row above was copied with it."""
        return None if row.row_key in self._carried else keyed

    def _repeated(
        self,
        base: PlannedRow,
        row: CheckedRow,
        identity: Identity,
        first: planning.FirstInFile,
    ) -> PlannedRow:
        """Return a row whose booking stands further up in the file."""
        told = f"row {first.row_number}"
        problem = self._middle_names.problem_of(row, identity.fingerprint, told)
        return _with(base, State.INVALID if problem.is_error else State.DUPLICATE, problem)

    def _same_booking(
        self, identity: Identity, known: _Known, keyed: Earlier | None
    ) -> Earlier | None:
        """Return the row that is, or may be, this booking.

        Which of several equal ones it is counts only where several were asked for.
        """
        booked = known.live.get(identity.fingerprint, [])
        if not self.settings.allow_duplicates:
            return same_booking(identity, booked)
        wanted = known.wanted.get(identity.fingerprint, set())
        own = keyed if keyed and keyed.fingerprint == identity.fingerprint else None
        found = self._twins.match(identity, booked, own, wanted)
        if found is not None:
            self._twins.take(identity, found)
        return found

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


def _occurrence(identity: Identity, live: Earlier | None, known: _Known) -> int:
    """Return which of equal bookings a row is: that of the row it follows, else a free one."""
    if live is not None:
        return live.occurrence
    first = known.in_file.get(identity.fingerprint)
    booked = known.live.get(identity.fingerprint, [])
    return free_occurrence(booked, first.last + 1 if first else 0)


def _with_row(first: planning.FirstInFile | None, row: PlannedRow) -> planning.FirstInFile:
    """Return what stands in the file of a booking, one more row counted."""
    return planning.FirstInFile(
        row_number=first.row_number if first else row.row_number,
        count=first.count + 1 if first else 1,
        last=max(first.last, row.occurrence) if first else row.occurrence,
    )


def _refused_before(base: PlannedRow, refused: Earlier) -> PlannedRow:
    problem = RowProblem(row_number=base.row_number, code=ProblemCode.REJECTED_BEFORE)
    told = refused.refers_to or refused.row_id
    carried = replace(base, http_status=refused.http_status, refers_to=told)
    return _with(carried, State.REJECTED, problem)


def _with(base: PlannedRow, state: State, problem: RowProblem | None) -> PlannedRow:
    problems = base.problems if problem is None else (*base.problems, problem)
    return replace(base, state=state, problems=problems)
