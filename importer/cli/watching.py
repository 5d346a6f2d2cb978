"""Watches a run for the log and the metrics, on its way to whoever draws it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from importer.reports import COUNT_NAMES

if TYPE_CHECKING:
    from importer.model import Clock
    from importer.reports import Observer, PlanView, ProgressView

_NEW_PAUSE_S = 1.0
"""An end of a pause that moves by less is the same pause, read again."""


@dataclass(slots=True, kw_only=True)
class Watched:
    """An observer that passes everything on, and keeps what the end of a command tells."""

    observer: Observer
    clock: Clock
    shows_values: bool
    """Whether sentences may hold headings, as they may on a terminal; the log has none then."""
    run_id: str = ""
    bookings: int = 0
    """Made in this process."""
    sending_s: float = 0.0
    _began_s: float = field(default=0.0, init=False)
    _paused_until_s: float = field(default=0.0, init=False)

    def planned(self, plan: PlanView) -> bool:
        """Name the run on every line from now on, and log the plan."""
        self.run_id = plan.run_id
        structlog.contextvars.bind_contextvars(run=plan.run_id)
        log = structlog.get_logger()
        counts = {name: getattr(plan, name) for name in COUNT_NAMES}
        facts = {"rows_in": plan.rows_in, "to_send": plan.to_send, "rate": plan.rate, **counts}
        log.info("planned", is_resumed=plan.is_resumed, is_held=plan.is_held, **facts)
        may_go = self.observer.planned(plan)
        self._began_s = self.clock.monotonic()
        if not may_go:
            log.info("held", is_held=plan.is_held)
        return may_go

    def progress(self, counts: ProgressView) -> None:
        """Count, and log a pause that the server asked for."""
        now = self.clock.monotonic()
        self.bookings, self.sending_s = counts.booked, now - self._began_s
        if counts.paused_s > 0 and now + counts.paused_s > self._paused_until_s + _NEW_PAUSE_S:
            self._paused_until_s = now + counts.paused_s
            wait_s = round(counts.paused_s, 1)
            structlog.get_logger().info("paused by the server", wait_s=wait_s, done=counts.done)
        self.observer.progress(counts)

    def notice(self, text: str) -> None:
        """Log the sentence, unless it may name what only a terminal sees."""
        structlog.get_logger().info("notice", reason="" if self.shows_values else text)
        self.observer.notice(text)
