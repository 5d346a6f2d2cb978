"""Planning a run: what becomes of every row before the first request, and why."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from importer.errors import ImporterError, LedgerError
from importer.identity import canonical_body, day_of, identify
from importer.ledger import NewRun, PlannedRequest, PlannedRow, planning
from importer.ledger.reschedules import hold_reschedules
from importer.ledger.twins import Twins
from importer.model import State
from importer.near_duplicates import NearDuplicates
from importer.pipeline.carried_keys import CarriedKeys
from importer.pipeline.groups import Grouping
from importer.pipeline.known_rows import LookUp
from importer.pipeline.loose_twins import LooseTwin, LooseTwins
from importer.pipeline.planned_rows import following, in_state, refused_before
from importer.pipeline.recording import admit
from importer.pipeline.row_rules import MiddleNames, passed_problem, suspected_problem
from importer.pipeline.stored_settings import stored

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection

    from importer.columns import ColumnPlan
    from importer.ledger import Earlier, Ledger, RunRecord, Spool
    from importer.model import Identity, RowKey, RunId
    from importer.pipeline.intake import Intake
    from importer.pipeline.job import Job
    from importer.pipeline.known_rows import KnownRows
    from importer.settings import Selection, Settings
    from importer.validate import CheckedRow


@dataclass(slots=True, kw_only=True)
class Planner:
    """Turns checked rows into planned ones, chunk by chunk, in the order of the file.

    Row key and fingerprint are looked up before any rule that depends on the clock: a row that
    was booked before is `skipped` whatever the day.
    """

    ledger: Ledger
    run_number: int
    look_up: LookUp
    columns: ColumnPlan
    settings: Settings
    selection: Selection
    now: datetime
    _ready: int = field(default=0, init=False)
    _visits: NearDuplicates = field(default_factory=NearDuplicates, init=False)
    _carried: CarriedKeys = field(default_factory=CarriedKeys, init=False)
    _middle_names: MiddleNames = field(default_factory=MiddleNames, init=False)
    _twins: Twins = field(default_factory=Twins, init=False)
    _loose: LooseTwins = field(default_factory=LooseTwins, init=False)

    def plan(self, rows: list[CheckedRow]) -> list[PlannedRequest]:
        """Register the rows of one chunk and return those that may be sent."""
        return self.ledger.plan(lambda connection: self._plan(connection, rows))

    def finish(self) -> list[PlannedRequest]:
        """Settle what only the whole file shows; return what is to be sent because of it.

        Copied row keys, bookings without a row, twins of which the other one came later, and
        visits that were moved.
        """
        requests = list(self._loose.settle(self.ledger, self.run_number, self._twins))
        self._carried.settle(self.ledger)
        if not (self.settings.allow_reschedules or self.settings.as_unknown):
            today = day_of(self.now)
            self.ledger.plan(partial(hold_reschedules, run_number=self.run_number, today=today))
        return requests

    def _plan(self, connection: Connection, rows: list[CheckedRow]) -> list[PlannedRequest]:
        picked = {row.row_number: self._identity(row) for row in rows if self._picks(row)}
        identities = [identity for identity in picked.values() if identity is not None]
        known = self.look_up.known(connection, rows, identities)
        planned = []
        for row in rows:
            plan = _base_of(row, known)
            # Once as many before it are to be sent as may be, a row is left out.
            if row.row_number in picked and not self.selection.is_reached(self._ready):
                plan = self._decide(plan, row, picked[row.row_number], known)
            self._ready += plan.state is State.READY
            self._carried.meet(row.row_key)
            planned.append(plan)
        row_ids = planning.add_rows(connection, self.run_number, planned)
        requests = []
        for row, plan, row_id in zip(rows, planned, row_ids, strict=True):
            self._note(row, plan, row_id, known)
            if plan.state is State.READY:
                requests.append(request_of(row, row_id, plan.row_key))
        return requests

    def _picks(self, row: CheckedRow) -> bool:
        """Return whether the operator's selection lets the row through."""
        is_chosen = not row.is_blank and self.selection.includes(row.row_number)
        return is_chosen and not self.selection.is_reached(self._ready)

    def _identity(self, row: CheckedRow) -> Identity | None:
        """Return the keyed hashes of a row, None when it has an error."""
        if row.request is None or row.appointment_at is None:
            return None
        return identify(row.request, row.appointment_at, self.ledger.key, unsent=row.middle_name)

    def _decide(
        self, base: PlannedRow, row: CheckedRow, identity: Identity | None, known: KnownRows
    ) -> PlannedRow:
        """Return the row in the state it starts in; the first rule that applies decides."""
        visit_day = day_of(row.appointment_at) if row.appointment_at else None
        base = replace(base, identity=identity, visit_day=visit_day, problems=row.problems)
        keyed = known.live_under(base.row_key)
        if identity is None:
            passed = passed_problem(row, self.now, self.columns)
            return following(base, keyed) if keyed else in_state(base, State.INVALID, passed)
        first = known.in_file.get(identity.fingerprint)
        is_again = first is not None and not self.settings.allow_duplicates
        if is_again and row.row_key in self._carried:
            keyed = same = None  # a copy, which has no booking of its own
        else:
            same = self._same_booking(identity, known, keyed, is_again=is_again)
        live = same or keyed
        if first is not None and is_again and live is None:
            base = replace(base, occurrence=first.count)
            return self._repeated(base, row, identity, first)
        base = replace(base, occurrence=known.occurrence(identity, same))
        alone = self._unbooked(base, row, identity, known)
        # A row that is not sent, and is no booking of this kind either, makes nothing a duplicate.
        if same is not None or (live is None and alone.state is State.READY):
            self._count(base, row, identity, known)
        if live is None:
            return alone
        if same is not None and keyed is not None and same.row_id != keyed.row_id:
            # What the row says now weighs more than the key beside it: keys get moved about.
            self._carried.pass_over(base.row_number, keyed)
        elif self.settings.allow_duplicates and keyed is None and live.request != identity.request:
            booked = known.booked(identity)
            self._loose.meet(_loose_twin(row, base, alone, live, booked))
        return following(base, live)

    def _count(
        self, base: PlannedRow, row: CheckedRow, identity: Identity, known: KnownRows
    ) -> None:
        """Take note that a row is a booking of its kind, the first in the file or a further one."""
        if identity.fingerprint in known.in_file:
            self._middle_names.add_further(row, identity.fingerprint)
        else:
            self._middle_names.add(row, identity.fingerprint)
        known.count(identity.fingerprint, base)

    def _unbooked(
        self, base: PlannedRow, row: CheckedRow, identity: Identity, known: KnownRows
    ) -> PlannedRow:
        """Return a row behind which there is no booking: ready, unless something keeps it."""
        suspected = suspected_problem(row, self._visits)
        refused = known.rejected.get(identity.request)
        if refused is not None and not self.settings.retry_rejected:
            return refused_before(base, refused)
        passed = passed_problem(row, self.now, self.columns)
        if passed is not None:
            return in_state(base, State.INVALID, passed)
        return in_state(base, State.READY, suspected)

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
        return in_state(base, State.INVALID if problem.is_error else State.DUPLICATE, problem)

    def _same_booking(
        self, identity: Identity, known: KnownRows, keyed: Earlier | None, *, is_again: bool
    ) -> Earlier | None:
        """Return the booking that a row is, or may be, by the rule of `importer.ledger.twins`.

        One that stands in the file already is another booking only where it surely is one.
        """
        booked = known.booked(identity)
        own = keyed if keyed and keyed.fingerprint == identity.fingerprint else None
        found = self._twins.exact(identity.request, booked, own)
        if found is None and not is_again:
            wanted = known.wanted.get(identity.fingerprint, ())
            found = self._twins.edited(booked, wanted)
            if found is None and not self.settings.allow_duplicates:
                found = next(iter(booked), None)
        if found is not None:
            self._twins.take(identity.request, found)
        return found

    def _note(self, row: CheckedRow, plan: PlannedRow, row_id: int, known: KnownRows) -> None:
        """Take note of the key that a row carries, now that the row has an id."""
        self._carried.register(row.row_number, row_id)
        self._loose.register(row.row_number, row_id)
        if row.row_key:
            request = plan.identity.request if plan.identity else None
            is_unchanged = known.has_asked(row.row_key, request)
            self._carried.hold(row.row_key, row_id, is_unchanged=is_unchanged)


def plan_run(
    job: Job, run_id: RunId, source: Path, digest: str, intake: Intake, spool: Spool
) -> tuple[RunRecord, Grouping]:
    """Read and check the whole file and register its rows; nothing is sent yet."""
    begun = NewRun(
        run_id=run_id,
        source_name=source.name,
        source_path=str(source.absolute()),
        source_digest=digest,
        sheet=intake.sheet,
        settings=stored(
            job.settings,
            detected_encoding=intake.table.detected_encoding,
            is_results=intake.plan.row_key is not None,
        ),
        started_at=job.clock.now().isoformat(timespec="seconds"),
    )
    run_number = job.ledger.begin_run(begun)
    planner = Planner(
        ledger=job.ledger,
        run_number=run_number,
        look_up=LookUp(
            run_number=run_number,
            source_digest=digest,
            sheet=intake.sheet,
        ),
        columns=intake.plan,
        settings=job.settings,
        selection=job.selection,
        now=job.clock.now(),
    )
    grouping = Grouping(intake.table.headings)
    try:
        _plan_all(planner, intake, grouping, spool)
    except ImporterError:
        if not job.ledger.has_failed:
            job.ledger.plan(planning.sweep_unplanned)
        raise
    if job.is_rehearsal:
        job.ledger.finish_planning(run_number, job.clock.now())
    else:
        admit(job, begun, run_number)
    return _run_of(job.ledger, run_id), grouping


def _plan_all(planner: Planner, intake: Intake, grouping: Grouping, spool: Spool) -> None:
    """Plan every row of the file, and put the requests that may be sent into the spool."""
    with spool.request_writer() as write:
        for checked in intake.chunks():
            for position, row in enumerate(checked.rows):
                grouping.add(checked.chunk, position, row)
            for request in planner.plan(checked.rows):
                write(request)
        for request in planner.finish():
            write(request)


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


def _loose_twin(
    row: CheckedRow, base: PlannedRow, alone: PlannedRow, live: Earlier, booked: Sequence[Earlier]
) -> LooseTwin:
    """Return a row that follows a booking which a later row may turn out to be."""
    request = request_of(row, 0, base.row_key)
    return LooseTwin(booking=live, booked=booked, undecided=base, unbooked=alone, request=request)


def _base_of(row: CheckedRow, known: KnownRows) -> PlannedRow:
    """Return a row before any rule has judged it: blank, or left out by the operator."""
    return PlannedRow(
        row_number=row.row_number,
        row_key=known.key_of(row),
        state=State.BLANK if row.is_blank else State.LEFT_OUT,
        problems=row.problems if row.is_blank else (),
    )
