"""Tell people how a run goes, in lines for a log or in JSON Lines; the bar has its own module."""

from __future__ import annotations

import json
from collections import deque
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import click

from importer.cli.problem_view import draw_problems, group_as_json
from importer.cli.terminal import bold, can_answer, duration, put, say, signs

if TYPE_CHECKING:
    from importer.model import Clock
    from importer.reports import PlanView, ProgressView
    from importer.settings import Settings

_WINDOW_S = 60.0
_SAMPLE_S = 0.5
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
        """Return the seconds left, None before anything can be said."""
        speeds = [self.per_s(now, counts.done), counts.limit_per_s or 0.0]
        known = [speed for speed in speeds if speed > 0]
        left = counts.total - counts.done
        if left and not known:
            return None
        return left / min(known) + counts.paused_s if left else 0.0


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
        if not plan.to_send:
            return not plan.is_held
        if plan.is_held:
            return self._goes_on_without_invalid(plan)
        if plan.is_loopback or self.settings.yes:
            return True
        return self._may_ask() and click.confirm(
            f"Send {_bookings(plan.to_send)} to {plan.base_url}?", default=False, err=True
        )

    def _goes_on_without_invalid(self, plan: PlanView) -> bool:
        # --yes answers where bookings go, not whether rows may stay behind.
        if self.settings.yes or not self._may_ask():
            return False
        others = f"the other {_bookings(plan.to_send)} to {plan.base_url}"
        return click.confirm(
            f"{plan.invalid:,} rows are invalid and stay behind. Send {others}?",
            default=False,
            err=True,
        )

    def _may_ask(self) -> bool:
        return can_answer() and not self.settings.non_interactive

    def show_plan(self, plan: PlanView) -> None:
        """Say what is about to happen."""
        if self.settings.quiet:
            return
        shown = signs(err=True)
        for line in draw_problems(
            plan.groups, plan.file_warnings, shown, show_values=self.settings.show_values
        ):
            say(line)
        middle = f" {shown.middle} "
        kind = "Sandbox" if plan.is_loopback else "PRODUCTION"
        say(
            middle.join(
                (
                    f"{bold(kind)} {plan.base_url}",
                    f"run {bold(plan.run_id)}" + (" (carried on)" if plan.is_resumed else ""),
                    f"limit {plan.rate}",
                    f"{plan.in_flight} in flight",
                    f"ledger {plan.ledger}",
                )
            )
        )
        say(middle.join(_plan_counts(plan)))

    def progress(self, counts: ProgressView) -> None:
        """Take note of how far it is."""

    def notice(self, text: str) -> None:
        """Print one sentence for a person."""
        say(text)


def _bookings(count: int) -> str:
    return f"{count:,} {'booking' if count == 1 else 'bookings'}"


def _plan_counts(plan: PlanView) -> list[str]:
    earlier = (
        (plan.booked, "booked before it was stopped"),
        (plan.skipped, "skipped (booked before)"),
        (plan.duplicate, "duplicate"),
        (plan.invalid, "invalid"),
        (plan.left_out, "left out"),
        (plan.rejected, "rejected before"),
        (plan.unknown, "unknown"),
        (plan.blank, "blank"),
    )
    words = [f"{plan.rows_in:,} rows", bold(f"{plan.to_send:,} to send")]
    words += [f"{count:,} {word}" for count, word in earlier if count]
    if plan.to_send and plan.estimated_s is not None:
        words.append(f"about {duration(plan.estimated_s)}")
    return words


class QuietNarrator(Narrator):
    """Says only what goes wrong."""


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
        )


class JsonNarrator(LineNarrator):
    """The same lines as JSON on standard output."""

    def show_plan(self, plan: PlanView) -> None:
        """Print the plan as one object."""
        names = (
            "run_id", "source_name", "base_url", "rate", "in_flight", "rows_in", "to_send",
            "booked", "skipped", "duplicate", "invalid", "left_out", "blank", "rejected",
            "unknown", "estimated_s",
        )  # fmt: skip
        shown: dict[str, object] = {name: getattr(plan, name) for name in names}
        shown["ledger"], shown["results"] = str(plan.ledger), str(plan.results)
        show_values = self.settings.show_values
        shown["problems"] = [group_as_json(group, show_values=show_values) for group in plan.groups]
        put(json.dumps({"type": "plan", **shown}, ensure_ascii=False))

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
                }
            )
        )
