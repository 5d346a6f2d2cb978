"""How the pipeline tests run imports in this process: real files, real ledger, real HTTP."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING

from importer.pipeline import import_file, resume_run
from importer.settings import load_settings
from tests.acceptance.cli_kit import read_results

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.model import Clock
    from importer.pipeline import RunReport
    from importer.reports import PlanView, ProgressView
    from importer.sandbox import LoggedRequest, Sandbox
    from importer.settings import Settings


@dataclass(slots=True, kw_only=True)
class FastClock:
    """A clock that may run ahead of the real one, and faster."""

    ahead: timedelta = timedelta()
    times: float = 1.0
    """So many of its seconds pass in one real second."""
    _started: float = field(default_factory=monotonic, init=False)

    def now(self) -> datetime:
        """Return its wall clock's time."""
        passed = timedelta(seconds=(monotonic() - self._started) * self.times)
        return datetime.now(UTC) + self.ahead + passed * (1 - 1 / self.times)

    def monotonic(self) -> float:
        """Return its seconds."""
        return monotonic() * self.times

    async def sleep(self, seconds: float) -> None:
        """Sleep for so many of its seconds."""
        await asyncio.sleep(seconds / self.times)


@dataclass(slots=True, kw_only=True)
class Recorder:
    """An observer that agrees to every plan that is not held, and remembers what it is told."""

    accepts_held: bool = False
    on_progress: Callable[[ProgressView], object] | None = None
    plans: list[PlanView] = field(default_factory=list)
    views: list[ProgressView] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def planned(self, plan: PlanView) -> bool:
        """Agree, as a script does."""
        self.plans.append(plan)
        return self.accepts_held or not (plan.is_held or plan.held_by)

    def progress(self, counts: ProgressView) -> None:
        """Remember how far it is."""
        self.views.append(counts)
        if self.on_progress is not None:
            self.on_progress(counts)

    def notice(self, text: str) -> None:
        """Remember the sentence."""
        self.notices.append(text)


@dataclass(slots=True, kw_only=True)
class Desk:
    """Imports files into one sandbox, with a state folder of its own."""

    folder: Path
    sandbox: Sandbox
    environ: dict[str, str] = field(default_factory=dict)
    observer: Recorder = field(default_factory=Recorder)
    clock: Clock = field(default_factory=FastClock)

    def settings(self, **flags: object) -> Settings:
        """Return the settings of a script that sends as fast as it can."""
        environ = {
            "SOLV_IMPORT_BASE_URL": self.sandbox.base_url,
            "SOLV_IMPORT_CLIENT_ID": self.sandbox.config.client_id,
            "SOLV_IMPORT_CLIENT_SECRET": self.sandbox.config.client_secret,
            "SOLV_IMPORT_STATE_DIR": str(self.folder / "state"),
            "SOLV_IMPORT_GUARD_DAYS_AHEAD": "off",  # visits that never pass
            "SOLV_IMPORT_CONFIG_DIR": str(self.folder / "config"),
        }
        return load_settings(
            {"rate": "none", "in_flight": 4} | flags,
            environ=environ | self.environ,
            folder=self.folder,
        )

    def run(self, source: Path, **flags: object) -> RunReport:
        """Import a file."""
        settings = self.settings(**flags)
        return import_file(
            source,
            settings,
            clock=self.clock,
            observer=self.observer,
            selection=settings.selection,
        )

    def resume(self, run_id: str | None = None, **flags: object) -> RunReport:
        """Carry a run on."""
        settings = self.settings(**flags)
        return resume_run(run_id, settings, clock=self.clock, observer=self.observer)

    def refuse_after_the_first(self) -> None:
        """Let the gateway refuse everything once something is booked, so that a run stops."""
        self.observer.on_progress = lambda view: (
            self.sandbox.fault_rate("gateway-forbidden", 1.0) if view.booked else None
        )

    def let_all_go(self) -> None:
        """Let the gateway take everything again."""
        self.observer.on_progress = None
        self.sandbox.fault_rate("gateway-forbidden", 0)

    @property
    def requests(self) -> list[LoggedRequest]:
        """Return the booking requests that reached the server."""
        return self.sandbox.requests()

    @property
    def token_calls(self) -> int:
        """Return how often somebody signed in."""
        return len(self.sandbox.all_requests()) - len(self.requests)


def counts_of(report: RunReport) -> dict[str, int]:
    """Return the status counts that are not zero."""
    return {name: count for name, count in report.summary.counts().items() if count}


def statuses(report: RunReport) -> dict[int, str]:
    """Return what the results say of every row, by its line on the sheet."""
    return {n: row["status"] for n, row in read_results(report.results_path).items()}


def sent_per_body(requests: list[LoggedRequest]) -> Counter[str | None]:
    """Return how often each request body reached the server."""
    return Counter(request.body_hmac for request in requests)


def bookings_per_patient(requests: list[LoggedRequest]) -> Counter[str]:
    """Return how many bookings each location, time and patient got."""
    return Counter(r.natural_key for r in requests if r.committed and r.natural_key)
