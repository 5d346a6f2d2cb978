"""One simulated machine: processes that import files, are killed, and start again."""

from __future__ import annotations

import random
import signal
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from importer.ledger import History, Spool, planning
from importer.pipeline.carrying_on import (
    carry_on,
    close_unfinished,
    is_unfinished,
    run_to_carry_on,
)
from importer.pipeline.groups import Grouping
from importer.pipeline.job import Job, OpenRun, Unobserved
from importer.pipeline.planning import plan_run
from importer.pipeline.sending import send
from importer.settings.values import Selection
from importer.signals import Waiting
from tests.chaos.simulation.disk import Disk
from tests.chaos.simulation.files import SimulatedFile, files_of
from tests.chaos.simulation.network import Network
from tests.chaos.simulation.places import in_place_of_the_real_ones, settings_of
from tests.chaos.simulation.server import Server
from tests.chaos.simulation.timeline import Died, SimulatedClock, SimulatedLoop, Stuck, Timeline

if TYPE_CHECKING:
    from importer.ledger import Ledger, RunRecord
    from importer.posting import Stop
    from tests.chaos.simulation.scenario import Kill, Scenario

_MOST_CALM = 6
"""So many processes at most that nobody disturbs, until everything is settled."""
_OBEYED_S = 30.0
_PLANNING_S = 0.05
_WAIT_S = 1_000.0
"""How long a person waits before the command is given again."""
_LONGER_THAN_ANY_WAY_S = 500.0


@dataclass(slots=True, kw_only=True)
class Machine:
    """Runs one scenario from its start until everything is settled."""

    scenario: Scenario
    folder: Path
    """Where the files of machines are."""
    timeline: Timeline = field(default_factory=Timeline)
    complaints: list[str] = field(default_factory=list)
    """What ended too late or not at all."""
    files: list[SimulatedFile] = field(init=False)
    server: Server = field(init=False)
    disk: Disk = field(init=False)
    process: int = field(default=0, init=False)
    ends: list[tuple[int, float, str]] = field(default_factory=list, init=False)
    """Process, moment and how it ended."""
    _network: Network = field(init=False)
    _clock: SimulatedClock = field(init=False)
    _kill: Kill | None = field(default=None, init=False)
    _steps: int = field(default=0, init=False)
    _asked_to_end_s: float | None = field(default=None, init=False)
    _loop: SimulatedLoop | None = field(default=None, init=False)
    _usual_handler: Any = field(init=False)
    """What hears a signal while no process of the simulation does."""

    def __post_init__(self) -> None:
        """Put the machine together."""
        self._usual_handler = signal.getsignal(signal.SIGTERM)
        scenario = self.scenario
        self.timeline.ends_s = self.timeline.now_s + scenario.most_s
        chance = {name: random.Random(f"{name} {scenario.seed}") for name in "abcdef"}
        self.files = files_of(scenario, chance["a"])
        numbers = range(scenario.rows)
        bodies = list(self.files[0].bodies().values())
        refused = frozenset(
            bodies[n] for n in numbers if chance["b"].random() < scenario.refuses_share
        )
        self.server = Server(
            scenario=scenario, timeline=self.timeline, chance=chance["c"], refused=refused
        )
        self._network = Network(
            scenario=scenario,
            timeline=self.timeline,
            server=self.server,
            chance=chance["d"],
            step=self._step,
        )
        self._clock = SimulatedClock(
            timeline=self.timeline, chance=chance["e"], late_s=scenario.late_s
        )
        self.disk = Disk(
            folder=self.folder,
            commit_s=lambda: scenario.commit_s * chance["f"].random(),
            step=self._step,
        )

    def run(self) -> None:
        """Run the processes of the scenario, then undisturbed ones until all is settled."""
        self._announce()
        kills = list(self.scenario.kills)
        undisturbed = 0
        with in_place_of_the_real_ones(self.scenario.seed, self._network, self._new_loop):
            while undisturbed < _MOST_CALM:
                kill = kills.pop(0) if kills else None
                end = self._live(self.files[self.process % len(self.files)], kill)
                if end is _End.STUCK:
                    return
                if end is _End.KILLED and kill is not None:
                    self.timeline.pass_time(kill.restart_s)
                    continue
                if self._is_settled():
                    break
                self.server.is_calm |= not kills
                undisturbed += not kills
                self.timeline.pass_time(_WAIT_S if end is _End.STOPPED else 1.0)
            else:
                self.complaints.append(f"rows left after {undisturbed} runs that nobody disturbed")
        self.timeline.pass_time(_LONGER_THAN_ANY_WAY_S)

    def _new_loop(self) -> SimulatedLoop:
        self._loop = SimulatedLoop(self.timeline)
        return self._loop

    def _announce(self) -> None:
        """Let the timeline know what comes of itself."""
        scenario, after = self.scenario, self.timeline.after
        if scenario.calm_s < scenario.most_s:
            after(scenario.calm_s, self.server.calm_down)
        for at_s, by_s in scenario.clock_jumps:
            after(at_s, partial(self._set_clock, by_s))
        for at_s in scenario.signals:
            after(at_s, self._signal)

    def _set_clock(self, by_s: float) -> None:
        self._clock.set_by_s += by_s

    def _signal(self) -> None:
        """Ask the process to end, if one runs that would hear it."""
        heard = signal.getsignal(signal.SIGTERM)
        if callable(heard) and heard is not self._usual_handler and not self.timeline.has_died:
            self._asked_to_end_s = self._asked_to_end_s or self.timeline.now_s
            heard(signal.SIGTERM, None)

    def _live(self, file: SimulatedFile, kill: Kill | None) -> _End:
        """Run one process on one file, to its end or until it is killed."""
        self.process += 1
        self._network.process = self.process
        self.timeline.has_died = False
        self._kill, self._steps, self._asked_to_end_s = kill, 0, None
        if kill is not None and not kill.steps:
            self.timeline.after(kill.after_s, partial(self._die, self.process))
        try:
            with self.disk.opened(self._clock.now()) as ledger:
                end = _End.STOPPED if self._import(file, ledger) else _End.ENDED
        except Died:
            end = _End.KILLED
        except Stuck as error:
            self.complaints.append(str(error))
            end = _End.STUCK
        self._kill = None
        self._complain_of_the_end()
        self.ends.append((self.process, self.timeline.now_s, end.value))
        return end

    def _complain_of_the_end(self) -> None:
        asked_s = self._asked_to_end_s
        if asked_s is not None and self.timeline.now_s > asked_s + _OBEYED_S:
            took_s = self.timeline.now_s - asked_s
            self.complaints.append(f"ended {took_s:.1f} s after it was asked to")
        if self._loop is not None:
            self.complaints += self._loop.errors
        self._loop = None

    def _import(self, file: SimulatedFile, ledger: Ledger) -> Stop | None:
        """Plan a file or carry its run on, and post it, as the pipeline does."""
        job = Job(
            settings=settings_of(self.scenario, self.folder),
            ledger=ledger,
            clock=self._clock,
            observer=Unobserved(),
            selection=Selection(),
            results=self.folder / "unwritten.xlsx",
            summary=None,
        )
        run, spool, rows = self._planned(job, file)
        self.timeline.pass_time(_PLANNING_S)
        if not rows:
            return None
        intake: Any = file
        opened = OpenRun(ledger=ledger, run=run, intake=intake, spool=spool)
        return send(job, opened, rows, Waiting())

    def _planned(self, job: Job, file: SimulatedFile) -> tuple[RunRecord, Spool, int]:
        intake: Any = file
        run = run_to_carry_on(job, file.name, file.sheet)
        if run is None:
            close_unfinished(job, file.name, file.sheet)
            run_id = planning.mint_run_id(f"{job.clock.now():%Y-%m-%d}")
            spool = Spool(job.ledger.folder.spool / run_id)
            spool.prepare()
            source = Path(file.name)
            run, _ = plan_run(job, run_id, source, file.name, intake, spool)
            file.planned_s = file.planned_s or self.timeline.now_s
            return run, spool, sum(1 for _ in spool.requests())
        spool = Spool(job.ledger.folder.spool / run.run_id)
        left = list(carry_on(job, run, intake, Grouping(file.headings)))
        with spool.request_writer() as write:
            for request in left:
                write(request)
        return run, spool, len(left)

    def _step(self) -> None:
        """Count a moment at which a crash would leave something else behind."""
        self._steps += 1
        if self._kill is not None and self._steps == self._kill.steps:
            self._die(self.process)

    def _die(self, process: int) -> None:
        """Kill a process, if it still runs; what it has read but not written down is lost."""
        if process != self.process or self._kill is None or self.timeline.has_died:
            return
        self.timeline.has_died = True
        self.disk.crash()
        self._network.process = None
        self.server.forget_answers(process, within_s=3 * self.scenario.commit_s)

    def _is_settled(self) -> bool:
        with History(self.disk.read().database) as history:
            runs = [history.newest_run_of(file.name, file.sheet) for file in self.files]
            return all(run is not None and not is_unfinished(history, run) for run in runs)


class _End(Enum):
    """How a process ended."""

    ENDED = "ended"
    STOPPED = "stopped"
    KILLED = "killed"
    STUCK = "stuck"
