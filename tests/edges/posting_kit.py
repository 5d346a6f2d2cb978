"""How the tests of posting run it: a run on a real ledger, posted to a script or a real server.

No test stands here; the name keeps it beside those that use it.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from importer.clock import SystemClock
from importer.ledger import PlannedRequest, Spool, open_ledger, target_of
from importer.ledger.folder import LedgerFolder
from importer.model import RowKey, State
from importer.pacing import Pace, spacing_s
from importer.posting import Session
from importer.posting.poster import Poster
from importer.posting.tally import Tally
from importer.posting.turns import Turns
from importer.settings import load_settings
from tests.edges.ledger_kit import make_row, plan, rows_of
from tests.edges.posting_script_kit import (
    NOON,
    JumpingLoop,
    LoopClock,
    Script,
    ScriptedServer,
    run_jumping,
)
from tests.edges.sandbox_kit import booking_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from importer.ledger import Ledger, RowRecord
    from importer.model import Clock
    from importer.posting import PostingEnd
    from importer.reports import PlanView, ProgressView
    from importer.settings import Settings

TARGET = target_of("http://127.0.0.1:1", "sandbox-client")
FAR_AHEAD = datetime(2090, 5, 1, 15, tzinfo=UTC)
JITTER_S = 0.02


@dataclass(slots=True)
class Watcher:
    """An observer that remembers what it is told."""

    views: list[ProgressView] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def planned(self, plan: PlanView) -> bool:
        """Agree."""
        raise NotImplementedError

    def progress(self, counts: ProgressView) -> None:
        """Remember how far it is."""
        self.views.append(counts)

    def notice(self, text: str) -> None:
        """Remember the sentence."""
        self.notices.append(text)


async def signed_in() -> None:
    """Have a token."""


@dataclass(slots=True, kw_only=True)
class Desk:
    """One run, planned on a real ledger and ready to be posted."""

    ledger: Ledger
    spool: Spool
    requests: list[PlannedRequest]
    clock: Clock = field(default_factory=LoopClock)
    watcher: Watcher = field(default_factory=Watcher)

    def turns(self, per_s: float = 0.0) -> Turns:
        """Return turns at this pace, 0 for no limit."""
        spacing = spacing_s(per_s, 1.0, JITTER_S) if per_s else 0.0
        return Turns(
            pace=Pace(spacing_s=spacing, tolerance_s=JITTER_S / 2),
            clock=self.clock,
            chance=random.Random(7),
            note=self.ledger.note_request,
        )

    def poster(self, turns: Turns, sign_in: Callable[[], Awaitable[object]] = signed_in) -> Poster:
        """Return a poster of this run."""
        return Poster(
            ledger=self.ledger,
            spool=self.spool,
            clock=self.clock,
            turns=turns,
            sign_in=sign_in,
            observer=self.watcher,
            tally=Tally(run_id="run", total=len(self.requests), limit_per_s=None),
        )

    def post(
        self,
        script: Script,
        *,
        in_flight: int = 4,
        per_s: float = 0.0,
        meanwhile: Callable[[Poster, ScriptedServer], Awaitable[object]] | None = None,
        requests: Iterator[PlannedRequest] | None = None,
        sign_in: Callable[[], Awaitable[object]] = signed_in,
        **timing: Any,
    ) -> tuple[PostingEnd, ScriptedServer]:
        """Post the run to a scripted server, in time that jumps.

        Args:
            script: What comes of each request.
            in_flight: How many connections there are.
            per_s: The pace, 0 for no limit.
            meanwhile: Runs beside the posting, which ends by itself.
            requests: What is posted, if not all that was planned.
            sign_in: Has a token.
            timing: Of the server: `connect_s`, `answer_s`.
        """
        server = ScriptedServer(clock=self.clock, script=script, **timing)

        async def main() -> PostingEnd:
            self._watch_writes()
            planned = requests or iter(self.requests)
            poster = self.poster(self.turns(per_s), sign_in)
            beside = asyncio.ensure_future(meanwhile(poster, server)) if meanwhile else None
            try:
                return await poster.post(planned, server.connections(in_flight))
            finally:
                if beside is not None:
                    await beside

        return run_jumping(main()), server

    def bookings(self) -> Iterator[PlannedRequest]:
        """Yield the requests with bodies that a server of bookings takes."""
        for request in self.requests:
            yield replace(request, body=booking_of(request.row_number))

    def session(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        wait_s: float = 0.0,
        paused_s: float = 0.0,
    ) -> Session:
        """Return a session of real HTTP; its requests stand in the spool, as bookings."""
        with self.spool.request_writer() as write:
            for request in self.bookings():
                write(request)
        return Session(
            settings=settings,
            ledger=self.ledger,
            spool=self.spool,
            clock=clock or SystemClock(),
            observer=self.watcher,
            run_id="run",
            rows=len(self.requests),
            wait_s=wait_s,
            paused_s=paused_s,
        )

    def rows(self) -> dict[int, RowRecord]:
        """Return what the ledger holds of each row."""
        return rows_of(self.ledger)

    def states(self) -> Counter[State]:
        """Return how many rows are in each state."""
        return Counter(row.state for row in self.rows().values())

    def _watch_writes(self) -> None:
        """Let time stand still while the ledger writes."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, JumpingLoop)
        submit = type(self.ledger._writer).submit  # noqa: SLF001 - what the loop must wait for
        writer = self.ledger._writer  # noqa: SLF001 - where changes wait for the disk

        def watched(change: Callable[[Any], Any]) -> Future[Any]:
            done = submit(writer, change)
            loop.writing.append(done)
            return done

        writer.submit = watched  # type: ignore[method-assign] # what it stands in for


def booking_of(row_number: int) -> bytes:
    """Return the body of an invented booking; every row is another time."""
    at = FAR_AHEAD + timedelta(minutes=15 * row_number)
    return json.dumps(booking_body(appointment_date=at.isoformat())).encode()


def settings_of(folder: Path, base_url: str, **flags: object) -> Settings:
    """Return the settings of a script that sends as fast as it can, or as `flags` say."""
    environ = {
        "SOLV_IMPORT_BASE_URL": base_url,
        "SOLV_IMPORT_CLIENT_ID": "sandbox-client",
        "SOLV_IMPORT_CLIENT_SECRET": "sandbox-secret",
        "SOLV_IMPORT_STATE_DIR": str(folder / "state"),
        "SOLV_IMPORT_CONFIG_DIR": str(folder / "config"),
    }
    return load_settings({"rate": "none"} | flags, environ=environ, folder=folder)


@contextmanager
def open_desk(folder: Path, rows: int, *, appointments: Iterable[datetime] = ()) -> Iterator[Desk]:
    """Plan a run of `rows` rows, 2 and on, whose bodies are their row numbers."""
    with open_ledger(LedgerFolder(folder / "ledger"), TARGET, at=NOON) as ledger:
        numbers = range(2, 2 + rows)
        keys = [RowKey(f"key-{number}") for number in numbers]
        planned = [make_row(n, row_key=key) for n, key in zip(numbers, keys, strict=True)]
        row_ids = plan(ledger, *planned)
        times = [*appointments, *[FAR_AHEAD] * rows][:rows]
        spool = Spool(ledger.folder.spool / "run")
        spool.prepare()
        requests = [
            PlannedRequest(
                row_id=row_id, row_number=n, row_key=key, appointment_at=at, body=str(n).encode()
            )
            for row_id, n, key, at in zip(row_ids, numbers, keys, times, strict=True)
        ]
        yield Desk(ledger=ledger, spool=spool, requests=requests)
