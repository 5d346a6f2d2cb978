"""The stateful model: whatever people, servers, disks and clocks do, in whatever order."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from importer.ledger import LedgerFolder, Ruling
from importer.model import Answer, State
from tests.chaos.model.judge import Judge, Leave, key_of
from tests.chaos.model.office import Chances, Office, Row, Wishes
from tests.chaos.model.process import Blow
from tests.chaos.model.server import FATES
from tests.chaos.model.sources import NAMES, WITH_ERRORS, Line, Source

if TYPE_CHECKING:
    from importer.verify import Violation
    from tests.chaos.model.office import Run

FAST_DISK = Path("/dev/shm")  # noqa: S108 - nothing here loses power, so it need not be slow

_LINES = st.lists(st.sampled_from(NAMES).map(Line), min_size=1, max_size=5).map(tuple)
_SHEETS = st.lists(_LINES, min_size=1, max_size=2)
_BLOWS = st.builds(
    Blow,
    what=st.sampled_from(
        [
            "killed",
            "disk full",
            "stopped",
            "stopped twice",
            "given up",
            "clock back",
            "clock forward",
        ]
    ),
    moment=st.sampled_from(["before change", "after change", "at request"]),
    count=st.integers(1, 12),
)
_CHANCES = st.builds(
    Chances,
    fates=st.lists(st.sampled_from(list(FATES)), max_size=5).map(tuple),
    blow=st.none() | _BLOWS,
    in_flight=st.integers(1, 4),
    is_heard_after_its_end=st.booleans(),
)
_WISHES = st.builds(
    Wishes,
    allow_duplicates=st.sampled_from([False, False, False, True]),
    retry_rejected=st.booleans(),
    limit=st.sampled_from([None, None, None, 1, 2]),
    declines=st.sampled_from([False, False, False, True]),
)
_NUMBERS = st.integers(0, 9)


class ModelMachine(RuleBasedStateMachine):
    """Imports the files of one small clinic, on one machine, with one server.

    People are truthful: they look a patient up before they say what became of a row. What they
    say wrongly the importer can only believe.
    """

    steps = 0
    """Of all stories of this class."""
    found: ClassVar[list[Violation]] = []
    """Promises that the last step was seen to break."""
    files = Bundle("files")

    def __init__(self) -> None:
        """Begin on an empty disk."""
        super().__init__()
        self.place = TemporaryDirectory(dir=FAST_DISK if FAST_DISK.is_dir() else None)
        self.office = Office(folder=LedgerFolder(Path(self.place.name) / "ledger"))
        self.judge = Judge(self.office)
        self.leave = Leave()
        self.named = 0

    def teardown(self) -> None:
        """Let all faults stop, everything be settled, and every row find its end."""
        try:
            if self.runs:
                self.settle_everything()
        finally:
            self.place.cleanup()

    # Files

    @initialize(target=files, sheets=_SHEETS)
    def first_file(self, sheets: list[tuple[Line, ...]]) -> MultipleResults[Source]:
        """Begin with a file."""
        return self.get(sheets)

    @rule(target=files, sheets=_SHEETS)
    def another_file(self, sheets: list[tuple[Line, ...]]) -> MultipleResults[Source]:
        """Get another one; it may share rows with others, or hold the same one twice."""
        return self.get(sheets)

    @precondition(lambda self: self.runs)
    @rule(
        target=files,
        which=_NUMBERS,
        edits=st.lists(st.none() | st.sampled_from(WITH_ERRORS), max_size=5),
        copies=st.booleans(),
    )
    def results(self, which: int, edits: list[str | None], copies: bool) -> Source:  # noqa: FBT001 - a rule is called by names
        """Take the results of a run for a file, with some rows edited or copied with their key."""
        run = self.run(which)
        source = self.office.source_of(run)
        rows = [row for row in self.office.rows().values() if row.run_number == run.run_number]
        lines = [
            Line(edit or source.lines[row.row_number - 2].name, self.key_in_results(row))
            for row, edit in zip(rows, edits + [None] * len(rows), strict=False)
        ]
        return Source(name=self.name(), lines=(*lines, *(lines[:1] if copies else ())))

    # What the office does

    @rule(source=files)
    def import_file(self, source: Source) -> None:
        """Run a file on a good day."""
        self.office.import_file(source, Wishes(), Chances(in_flight=2))

    @rule(source=files, wishes=_WISHES, chances=_CHANCES)
    def import_file_on_a_bad_day(self, source: Source, wishes: Wishes, chances: Chances) -> None:
        """Run a file."""
        self.leave = Leave(retries=wishes.retry_rejected)
        self.office.import_file(source, wishes, chances)

    @precondition(lambda self: self.runs)
    @rule(which=_NUMBERS, chances=_CHANCES)
    def resume(self, which: int, chances: Chances) -> None:
        """Carry on any run, also one that is done."""
        self.office.resume(self.run(which).run_id, chances)

    @precondition(lambda self: self.runs)
    @rule(
        which=_NUMBERS,
        row=st.none() | _NUMBERS,
        waits_min=st.sampled_from([1, 20]),
        blow=st.none() | _BLOWS,
    )
    def reconcile(self, which: int, row: int | None, waits_min: int, blow: Blow | None) -> None:
        """Look up unknown rows of a run, one or all, and say what was found."""
        self.office.clock.passed_s += 60 * waits_min
        self.settle(self.run(which), row, Chances(blow=blow))

    @precondition(lambda self: self.runs)
    @rule(which=_NUMBERS, row=_NUMBERS)
    def cancel(self, which: int, row: int) -> None:
        """Cancel a booking in Solv, and say so."""
        run = self.run(which)
        booked = [r for r in self.rows_of(run, State.BOOKED) if not r.is_cancelled]
        if booked:
            chosen = booked[row % len(booked)]
            assert chosen.booking_id is not None
            self.office.server.bookings[chosen.booking_id].is_cancelled = True
            ruling = Ruling(row_key=chosen.row_key, answer=Answer.CANCELLED)
            self.leave = Leave(decides=True)
            self.office.decide(run.run_number, [ruling], Chances())

    # What time does

    @rule(hours=st.sampled_from([1, 8, 24]))
    def wait(self, hours: int) -> None:
        """Let hours pass; appointments pass with them."""
        self.office.clock.passed_s += timedelta(hours=hours).total_seconds()

    @rule(hours=st.sampled_from([-1, 1]))
    def set_clock(self, hours: int) -> None:
        """Set the machine's clock; forward, it cuts short the time a person has to wait."""
        self.office.clock.off_by_s += timedelta(hours=hours).total_seconds()
        self.office.server.catch_up(at_once=hours > 0)

    # What is always true

    @invariant()
    def promises_are_kept(self) -> None:
        """Hold everything against the server's log and against what was known before."""
        type(self).steps += 1
        self.office.server.catch_up()
        type(self).found = found = self.judge.violations(self.leave)
        self.leave = Leave()
        assert not found, "\n".join(f"{v.invariant}: {v.what}" for v in found)

    # Helpers

    @property
    def runs(self) -> list[Run]:
        return self.office.runs()

    def run(self, which: int) -> Run:
        runs = self.runs
        return runs[which % len(runs)]

    def get(self, sheets: list[tuple[Line, ...]]) -> MultipleResults[Source]:
        name = self.name()
        return multiple(
            *(Source(name=name, sheet=f"sheet {n}", lines=s) for n, s in enumerate(sheets))
        )

    def name(self) -> str:
        self.named += 1
        return f"file {self.named}"

    def rows_of(self, run: Run, *states: State) -> list[Row]:
        rows = self.office.rows().values()
        return [row for row in rows if row.run_number == run.run_number and row.state in states]

    def key_in_results(self, row: Row) -> str:
        return "" if row.state == State.BLANK else row.row_key

    def settle(self, run: Run, which: int | None, chances: Chances) -> None:
        """Say of unknown rows what the server has."""
        unknown = self.rows_of(run, State.UNKNOWN)
        if not unknown:
            return
        chosen = unknown if which is None else [unknown[which % len(unknown)]]
        on_rows = {row.booking_id for row in self.office.rows().values()}
        rulings = []
        for row in chosen:
            found = self.office.server.found(key_of(self.office.source_of(run), row.row_number))
            new = [booking_id for booking_id in found if booking_id not in on_rows]
            on_rows.update(new[:1])
            answer = Answer.BOOKED if new else Answer.NOT_BOOKED
            rulings.append(
                Ruling(row_key=row.row_key, answer=answer, booking_id=new[0] if new else None)
            )
        self.leave = Leave(decides=True)
        self.office.decide(run.run_number, rulings, chances)

    def settle_everything(self) -> None:
        """Resume and reconcile until nothing is left to do; faults have stopped."""
        for _ in range(6):
            self.office.clock.passed_s += timedelta(hours=3).total_seconds()
            for run in self.runs:
                self.settle(run, None, Chances())
                if self.rows_of(run, State.READY, State.SENDING):
                    self.office.resume(run.run_id, Chances(in_flight=2))
            self.leave = Leave(decides=True)
            self.promises_are_kept()
        left = [row for row in self.office.rows().values() if row.state in _UNSETTLED]
        assert not left, f"never settled: {left}"


_UNSETTLED = (State.READY, State.SENDING, State.UNKNOWN)
