"""Tell people how a run goes, in lines for a log or in JSON Lines; the bar has its own module."""

from __future__ import annotations

import json
from collections import deque
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import click

from importer.cli.plan_view import draw_plan, plan_as_json
from importer.cli.terminal import can_answer, counted, put, say, signs
from importer.guards import sentence_of

if TYPE_CHECKING:
    from importer.model import Clock
    from importer.reports import PlanView, ProgressView
    from importer.settings import Settings

_WINDOW_S = 60.0
_SAMPLE_S = 0.5
_MEASURED_S = 3.0
"""Below this a few early answers would promise too much."""
_LINE_EVERY_S = 30.0
_LINE_EVERY_SHARE = 0.05
_LINES_APART_S = 2.0


@dataclass(slots=True)
class Pulse:
    """How fast rows are answered, over the last minute."""

    samples: deque[tuple[float, int]] = field(default_factory=deque)

    def add(self, now: float, done: int) -> None:
        """Take note of how many rows are done at `now`."""
        if self.samples and now - self.samples[-1][0] < _SAMPLE_S:
            return
        self.samples.append((now, done))
        while len(self.samples) > 1 and now - self.samples[0][0] > _WINDOW_S:
            self.samples.popleft()

    def per_s(self, now: float, done: int) -> float:
        """Return the rows a second since the oldest sample."""
        then, before = self.samples[0] if self.samples else (now, done)
        return (done - before) / (now - then) if now > then else 0.0

    def eta_s(self, now: float, counts: ProgressView) -> float | None:
        """Return the seconds left, None before anything can be said.

        Measured speed decides; the limit only until there is something to measure.
        """
        left = counts.total - counts.done
        if not left:
            return 0.0
        measured = self.per_s(now, counts.done)
        span_s = now - self.samples[0][0] if self.samples else 0.0
        limit = counts.limit_per_s or measured
        speed = (
            measured if span_s >= _MEASURED_S and measured > 0 else min(limit, measured or limit)
        )
        return left / speed + counts.paused_s if speed > 0 else None


class Narrator(AbstractContextManager["Narrator"]):
    """What every way of telling shares: the plan, the question, the notices."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Keep whom to ask and what time it is."""
        self.settings = settings
        self.clock = clock
        self.pulse = Pulse()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""

    def planned(self, plan: PlanView) -> bool:
        """Show the plan and return whether to go on, asking where somebody can answer."""
        self.show_plan(plan)
        if plan.held_by and not self._passes_guards(plan):
            return False
        if not plan.to_send:
            return not plan.is_held
        if plan.is_held:
            return self._goes_on_without_invalid(plan)
        if plan.is_loopback or self.settings.yes:
            return True
        return self._may_ask() and click.confirm(
            f"Send {counted(plan.to_send, 'booking')} to {plan.base_url}?", default=False, err=True
        )

    def _passes_guards(self, plan: PlanView) -> bool:
        # --yes answers where bookings go, not whether the file is what it should be.
        if self.settings.yes or not self._may_ask() or not plan.to_send:
            return False
        held = sentence_of(plan.held_by)
        return click.confirm(f"{held}. Go on all the same?", default=False, err=True)

    def _goes_on_without_invalid(self, plan: PlanView) -> bool:
        # --yes answers where bookings go, not whether rows may stay behind.
        if self.settings.yes or not self._may_ask():
            return False
        others = f"the other {counted(plan.to_send, 'booking')} to {plan.base_url}"
        stay = "is invalid and stays" if plan.invalid == 1 else "are invalid and stay"
        invalid = f"{counted(plan.invalid, 'row')} {stay}"
        return click.confirm(
            f"{invalid} behind. Send {others}?",
            default=False,
            err=True,
        )

    def _may_ask(self) -> bool:
        return can_answer() and not self.settings.non_interactive

    def show_plan(self, plan: PlanView) -> None:
        """Say what is about to happen."""
        for line in draw_plan(plan, signs(err=True), show_values=self.settings.show_values):
            say(line)

    def progress(self, counts: ProgressView) -> None:
        """Take note of how far it is."""

    def notice(self, text: str) -> None:
        """Print one sentence for a person."""
        say(text)


class QuietNarrator(Narrator):
    """Says only what goes wrong; a question is still asked, with what it is about."""

    def show_plan(self, plan: PlanView) -> None:
        """Say nothing: the plan is not wrong."""


class LineNarrator(Narrator):
    """A line every 30 seconds or 5 %, two seconds apart at least, and one at the end."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Start without a line."""
        super().__init__(settings, clock)
        self._last_at: float | None = None
        self._last_done = 0

    def progress(self, counts: ProgressView) -> None:
        """Print a line when enough has happened since the last."""
        now = self.clock.monotonic()
        self.pulse.add(now, counts.done)
        if self._last_at is None:
            self._last_at, self._last_done = now, counts.done
        is_time = now - self._last_at >= _LINE_EVERY_S
        # A file of a hundred rows must not fill a log with twenty lines a second.
        is_apart = now - self._last_at >= _LINES_APART_S
        is_step = counts.done - self._last_done >= counts.total * _LINE_EVERY_SHARE
        is_end = counts.done == counts.total > self._last_done
        if is_time or is_end or (is_step and is_apart):
            self._last_at, self._last_done = now, counts.done
            self.write(counts, now)

    def write(self, counts: ProgressView, now: float) -> None:
        """Print one line."""
        eta_s = self.pulse.eta_s(now, counts)
        say(
            f"{self.clock.now():%Y-%m-%dT%H:%M:%SZ} run={counts.run_id}"
            f" done={counts.done}/{counts.total} booked={counts.booked}"
            f" rejected={counts.rejected} unknown={counts.unknown}"
            f" rate={self.pulse.per_s(now, counts.done):.2f}"
            f" eta_s={'?' if eta_s is None else round(eta_s)}"
            + (f" paused_s={round(counts.paused_s)}" if counts.paused_s > 0 else "")
        )


class JsonNarrator(LineNarrator):
    """The same lines as JSON on standard output."""

    def show_plan(self, plan: PlanView) -> None:
        """Print the plan as one object."""
        shown = plan_as_json(plan, show_values=self.settings.show_values)
        put(json.dumps(shown, ensure_ascii=False))

    def write(self, counts: ProgressView, now: float) -> None:
        """Print one object."""
        names = ("run_id", "done", "total", "booked", "rejected", "unknown", "waiting")
        eta_s = self.pulse.eta_s(now, counts)
        put(
            json.dumps(
                {
                    "type": "progress",
                    "at": f"{self.clock.now():%Y-%m-%dT%H:%M:%SZ}",
                    **{name: getattr(counts, name) for name in names},
                    "rate": round(self.pulse.per_s(now, counts.done), 2),
                    "eta_s": None if eta_s is None else round(eta_s),
                    "paused_s": round(counts.paused_s),
                }
            )
        )
