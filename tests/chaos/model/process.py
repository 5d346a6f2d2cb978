"""One process of the importer in the model: it may be killed, stopped, or run out of disk."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar
from unittest.mock import patch

from importer.errors import ExitCode, LedgerError
from importer.ledger import Ledger, LedgerFolder, changes, open_ledger, target_of
from importer.ledger.writer import Writer
from importer.model import Booked, Outcome
from importer.posting import Stop
from tests.chaos.model.server import SignIn
from tests.chaos.model.sources import BASE_URL, START
from tests.edges.ledger_kit import full_disk
from tests.edges.posting_script_kit import JumpingLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from importer.posting.poster import Poster

T = TypeVar("T")

_NAP_S = 0.2
"""For so long the importer sleeps at most without looking up."""
TARGET = target_of(BASE_URL, "sandbox-client")

Moment: TypeAlias = Literal["before change", "after change", "at request"]
What: TypeAlias = Literal[
    "killed", "disk full", "stopped", "stopped twice", "given up", "clock back", "clock forward"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """What befalls a process, and when."""

    what: What
    moment: Moment
    count: int
    """At which of its ledger changes or requests."""


class Killed(BaseException):
    """The process is no more; nothing may catch this but whoever started it."""


@dataclass(slots=True, kw_only=True)
class ModelClock:
    """The clock of the machine that imports, and the true time behind it."""

    passed_s: float = 0.0
    off_by_s: float = 0.0
    """By how much the machine's clock is wrong."""
    _loop: JumpingLoop | None = None
    _loop_began_s: float = 0.0

    @property
    def true_s(self) -> float:
        """Return how many seconds have passed since the story began."""
        running_s = self._loop.time() - self._loop_began_s if self._loop else 0.0
        return self.passed_s + running_s

    def now(self) -> datetime:
        """Return what the machine takes for the time."""
        return START + timedelta(seconds=self.true_s + self.off_by_s)

    def monotonic(self) -> float:
        """Return true seconds."""
        return self.true_s

    async def sleep(self, seconds: float) -> None:
        """Sleep in time that jumps; what naps, oversleeps: a pause of minutes takes few steps."""
        await asyncio.sleep(seconds if seconds < _NAP_S else seconds * 20)

    async def during(self, main: Coroutine[Any, Any, T]) -> T:
        """Await `main` while the time is that of the running loop."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, JumpingLoop)
        self._loop, self._loop_began_s = loop, loop.time()
        try:
            return await main
        finally:
            self.passed_s, self._loop = self.true_s, None


@dataclass(slots=True, kw_only=True)
class Process:
    """Lives on one opening of the ledger; counts what it changes and what it sends.

    Every change of the ledger is waited for, so that the same story always goes the same way.
    """

    folder: LedgerFolder
    clock: ModelClock
    blow: Blow | None = None
    is_heard_after_its_end: bool = False
    """What was under way when it ended still reaches the server."""
    poster: Poster | None = None
    acknowledged: dict[int, int]
    """Row id -> booking id, of answers that are on disk; it adds its own."""
    rescued: set[int] = field(default_factory=set)
    """Row ids of those answers that only the rescue file could take."""
    is_dead: bool = False
    is_disk_full: bool = False
    sign_in: SignIn = field(init=False)
    _ledger: Ledger | None = None
    _counts: dict[str, int] = field(default_factory=dict)
    _is_counting: bool = True
    _disk: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        """Have no token yet."""
        self.sign_in = SignIn(self)

    def do(self, work: Callable[[Ledger, Process], None]) -> None:
        """Open the ledger and do `work`; after a kill the folder is as the kill found it."""
        try:
            with self._watched(), open_ledger(self.folder, TARGET, at=self.clock.now()) as ledger:
                self._ledger = ledger
                work(ledger, self)
        except Killed:
            assert self.is_dead
        except LedgerError:
            if not self.is_disk_full:
                raise
        finally:
            self._disk.close()
            if self.is_dead:
                shutil.rmtree(self.folder.path)
                self._grave.rename(self.folder.path)

    def must_live(self) -> None:
        """Do nothing more once it is dead."""
        if self.is_dead:
            raise Killed

    def sends(self) -> None:
        """Count a request that has left."""
        self._count("at request")

    @property
    def _grave(self) -> Path:
        return self.folder.path.with_name("as the kill left it")

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Count every change of the ledger, and note which answers are on disk."""
        submit, rescue, process = Writer.submit, Ledger.rescue, self

        def watched(writer: Writer, change: Callable[[Any], T]) -> Future[T]:
            process.must_live()
            process._count("before change")
            done = submit(writer, change)
            failure = done.exception()
            if failure is None:
                process._note(change, done.result())
                process._count("after change")
            return done

        def rescued(ledger: Ledger, row_id: int, row_key: str, outcome: Outcome) -> bool:
            process.must_live()
            is_kept = rescue(ledger, row_id, row_key, outcome)
            if is_kept and isinstance(outcome, Booked):
                process.rescued.add(row_id)
                process.acknowledged[row_id] = outcome.booking_id
            return is_kept

        with patch.object(Writer, "submit", watched), patch.object(Ledger, "rescue", rescued):
            yield

    def _note(self, change: object, written: object) -> None:
        """Remember an answer that is on disk now."""
        if getattr(change, "func", None) is changes.record and isinstance(written, Booked):
            row_id: int = change.keywords["row_id"]  # type: ignore[attr-defined] # a partial
            self.acknowledged[row_id] = written.booking_id

    def _count(self, moment: Moment) -> None:
        """Count a moment; the blow falls when its time has come."""
        if not self._is_counting:
            return
        self._counts[moment] = self._counts.get(moment, 0) + 1
        blow = self.blow
        if blow is not None and (blow.moment, blow.count) == (moment, self._counts[moment]):
            self._strike(blow.what)

    def _strike(self, what: What) -> None:
        match what:
            case "killed":
                self.is_dead = True
                shutil.copytree(self.folder.path, self._grave)
                raise Killed
            case "disk full":
                self._fill_disk()
            case "stopped" | "stopped twice" | "given up":
                self._stop(what)
            case "clock back":
                self.clock.off_by_s -= 3_600
            case "clock forward":
                self.clock.off_by_s += 3_600

    def _fill_disk(self) -> None:
        if self._ledger is None or self._ledger.has_failed:
            return
        self._is_counting = False
        self.is_disk_full = True
        self._disk.enter_context(full_disk(self._ledger))

    def _stop(self, what: What) -> None:
        """Stop as a signal, a second one, or the end of patience after the first one does."""
        if self.poster is None:
            return
        self.poster.halt(Stop(exit_code=ExitCode.INTERRUPTED, why="as asked"))
        if what != "stopped":
            self.poster.abandon(leaves_sending=what == "stopped twice")
