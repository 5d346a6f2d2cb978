"""What people do with the importer, over the real planning, the real ledger and real posting."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from importer.errors import ImporterError, LedgerError
from importer.ledger import Spool, planning
from importer.pacing import Pace
from importer.pipeline.carrying_on import carry_on, close_unfinished, run_to_carry_on
from importer.pipeline.ending import is_still_needed
from importer.pipeline.groups import Grouping
from importer.pipeline.job import Job, Unobserved
from importer.pipeline.planning import plan_run
from importer.pipeline.sending import owed_waits
from importer.pipeline.stored_settings import restored
from importer.posting.poster import Poster
from importer.posting.stops import LONGEST_PAUSE_S
from importer.posting.tally import Tally
from importer.posting.turns import Turns
from importer.settings import Selection
from tests.chaos.model.process import Blow, ModelClock, Process
from tests.chaos.model.server import ModelConnection, ModelServer
from tests.chaos.model.sources import model_settings
from tests.edges.ledger_kit import query
from tests.edges.posting_script_kit import run_jumping

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.ledger import Ledger, LedgerFolder, PlannedRequest, Ruling, RunRecord
    from importer.settings import Settings
    from tests.chaos.model.sources import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """What befalls one process and its requests."""

    fates: tuple[str, ...] = ()
    """Of the first requests; all others are fine."""
    blow: Blow | None = None
    in_flight: int = 1
    is_heard_after_its_end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the operator asks for."""

    allow_duplicates: bool = False
    retry_rejected: bool = False
    limit: int | None = None
    declines: bool = False
    """Looks at the plan and goes home."""


class Row(NamedTuple):
    """One row of the ledger, as any other program reads it."""

    row_id: int
    run_number: int
    row_number: int
    row_key: str
    state: str
    fingerprint: bytes | None
    occurrence: int
    request: bytes | None
    booking_id: int | None
    refers_to: int | None
    requests: int
    releases: int
    is_settled: int
    is_cancelled: int


class Run(NamedTuple):
    """One planned run, as any other program reads it."""

    run_number: int
    run_id: str
    source_digest: str
    sheet: str


_RUNS = """
    SELECT run_number, run_id, source_digest, sheet
    FROM run WHERE planned_at IS NOT NULL ORDER BY run_number
"""
_ROWS = """
    SELECT row_id, run_number, row_number, row_key, state, fingerprint, occurrence, request,
           booking_id, refers_to, requests, releases, settled_at IS NOT NULL,
           cancelled_at IS NOT NULL
    FROM row JOIN run USING (run_number) WHERE planned_at IS NOT NULL ORDER BY row_id
"""


@dataclass(slots=True, kw_only=True)
class Office:
    """One machine with one ledger, one server, and the people at it."""

    folder: LedgerFolder
    clock: ModelClock = field(default_factory=ModelClock)
    server: ModelServer = field(init=False)
    sources: dict[tuple[str, str], Source] = field(default_factory=dict)
    """By file and sheet, as a run names them."""
    planned_s: dict[str, float] = field(default_factory=dict)
    """Run id -> when, in true time, its whole file had been read and registered."""
    rescued: set[int] = field(default_factory=set)
    """Row ids of those that stood in the rescue file, until the ledger was opened again."""

    def __post_init__(self) -> None:
        """Have a server that nobody else uses."""
        self.server = ModelServer(clock=self.clock)

    # What people do

    def import_file(self, source: Source, wishes: Wishes, chances: Chances) -> ImporterError | None:
        """Run a file as `solv-import run FILE` does; return why it could not be."""
        self.sources[source.name, source.sheet] = source

        def work(ledger: Ledger, process: Process) -> None:
            job = self._job(ledger, _settings_of(wishes), Selection(limit=wishes.limit))
            run = run_to_carry_on(job, source.name, source.sheet)
            if run is None:
                close_unfinished(job, source.name, source.sheet)
                run = self._plan(job, source)
            else:
                self._carry_on(job, run)
            if not wishes.declines:
                self._send(job, run, process, chances)

        return self._in_process(work, chances)

    def resume(self, run_id: str, chances: Chances) -> ImporterError | None:
        """Carry a run on as `solv-import resume RUN` does; return why it could not be."""

        def work(ledger: Ledger, process: Process) -> None:
            with ledger.history() as history:
                run = history.run(run_id)
            assert run is not None
            job = self._job(ledger, restored(model_settings(), run.settings), Selection())
            self._carry_on(job, run)
            self._send(job, run, process, chances)

        return self._in_process(work, chances)

    def decide(self, run_number: int, rulings: list[Ruling], chances: Chances) -> None:
        """Take decisions as `solv-import reconcile RUN` does."""

        def work(ledger: Ledger, _: Process) -> None:
            ledger.decide(run_number, rulings, who="Ana", at=self.clock.now())

        self._in_process(work, chances)

    # What anybody can see

    def rows(self) -> dict[int, Row]:
        """Return every row of every planned run."""
        if not self.folder.database.exists():
            return {}
        return {row[0]: Row(*row) for row in query(self.folder.database, _ROWS)}

    def runs(self) -> list[Run]:
        """Return every planned run, the oldest first."""
        if not self.folder.database.exists():
            return []
        return [Run(*run) for run in query(self.folder.database, _RUNS)]

    def source_of(self, run: Run | RunRecord) -> Source:
        """Return the file that a run imports."""
        return self.sources[run.source_digest, run.sheet]

    # One process

    def _in_process(
        self, work: Callable[[Ledger, Process], None], chances: Chances
    ) -> ImporterError | None:
        process = Process(
            folder=self.folder,
            clock=self.clock,
            acknowledged=self.server.acknowledged,
            blow=chances.blow,
            is_heard_after_its_end=chances.is_heard_after_its_end,
        )
        off_by_s = self.clock.off_by_s
        try:
            process.do(work)
        except LedgerError:
            raise
        except ImporterError as error:
            return error
        finally:
            self.rescued |= process.rescued
            if self.clock.off_by_s > off_by_s:
                # Set forward, the clock cuts short the time for which a person must wait.
                self.server.catch_up(at_once=True)
        return None

    def _job(self, ledger: Ledger, settings: Settings, selection: Selection) -> Job:
        return Job(
            settings=settings,
            ledger=ledger,
            clock=self.clock,
            observer=Unobserved(),
            selection=selection,
            results=Path("results.xlsx"),  # the model writes none
            summary=None,
        )

    def _plan(self, job: Job, source: Source) -> RunRecord:
        """Plan a new run of a file; what may be sent stands in its spool then."""
        run_id = planning.mint_run_id(f"{job.clock.now():%Y-%m-%d}")
        spool = Spool(job.ledger.folder.spool / run_id)
        spool.prepare()
        path = Path(source.name)
        run, _ = plan_run(job, run_id, path, source.name, source.intake(), spool)
        return run

    def _carry_on(self, job: Job, run: RunRecord) -> None:
        """Put what is left of a run into its spool."""
        intake = self.source_of(run).intake()
        spool = Spool(job.ledger.folder.spool / run.run_id)
        spool.prepare()
        with spool.request_writer() as write:
            for request in carry_on(job, run, intake, Grouping(intake.table.headings)):
                write(request)

    def _send(self, job: Job, run: RunRecord, process: Process, chances: Chances) -> None:
        """Post what stands in the spool of a run, and end the run."""
        ledger = job.ledger
        spool = Spool(ledger.folder.spool / run.run_id)
        self.planned_s.setdefault(run.run_id, self.clock.true_s)
        requests = list(spool.requests())
        if requests:
            ledger.update_run(run.run_number, is_accepted=1)
            self._post(job, spool, requests, process, chances)
        process.must_live()
        ledger.update_run(run.run_number, ended_at=self.clock.now().isoformat(), exit_code=0)
        with ledger.history() as history:
            if not is_still_needed(history.counts(run.run_number)):
                spool.remove()

    def _post(
        self,
        job: Job,
        spool: Spool,
        requests: list[PlannedRequest],
        process: Process,
        chances: Chances,
    ) -> None:
        _, paused_s = owed_waits(job)
        if paused_s > LONGEST_PAUSE_S:
            return
        self.server.expect(chances.fates)
        turns = Turns(
            pace=Pace(spacing_s=0.0, tolerance_s=0.01),
            clock=self.clock,
            chance=Random(7),
            note=job.ledger.note_request,
        )
        connections = [
            ModelConnection(server=self.server, process=process) for _ in range(chances.in_flight)
        ]

        async def main() -> None:
            if paused_s > 0:
                turns.pause(paused_s)
            process.poster = Poster(
                ledger=job.ledger,
                spool=spool,
                clock=self.clock,
                turns=turns,
                sign_in=process.sign_in,
                observer=Unobserved(),
                tally=Tally(run_id="model", total=len(requests), limit_per_s=None),
            )
            await process.poster.post(iter(requests), connections)

        run_jumping(self.clock.during(main()))


def _settings_of(wishes: Wishes) -> Settings:
    return replace(
        model_settings(),
        allow_duplicates=wishes.allow_duplicates,
        retry_rejected=wishes.retry_rejected,
    )
