"""How far a run has come, counted as the answers come in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from importer.model import State
from importer.reports import ProgressView


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts the rows that this process has settled, out of `total` that may be sent."""

    run_id: str
    total: int
    limit_per_s: float | None
    waiting: int = 0
    """Rows that were not taken and go again."""
    _states: Counter[State] = field(default_factory=Counter, init=False)
    _problems: Counter[str] = field(default_factory=Counter, init=False)
    _last_problem: str = field(default="", init=False)

    @property
    def answered(self) -> int:
        """Return how many rows have an outcome."""
        return sum(self._states.values())

    def add(self, state: State, problem: str = "") -> None:
        """Count one settled row, and what was wrong with it."""
        self._states[state] += 1
        if problem:
            self._problems[problem] += 1
            self._last_problem = problem

    def free_rejected(self, rows: int) -> None:
        """Take back rejections that were about the run, not about the rows."""
        self._states[State.REJECTED] -= rows

    def view(self, *, paused_s: float) -> ProgressView:
        """Return the counts as they are shown."""
        return ProgressView(
            run_id=self.run_id,
            total=self.total,
            done=self.answered,
            booked=self._states[State.BOOKED],
            rejected=self._states[State.REJECTED],
            unknown=self._states[State.UNKNOWN],
            waiting=self.waiting,
            skipped=self._states[State.SKIPPED],
            limit_per_s=self.limit_per_s,
            paused_s=paused_s,
            last_problem=self._last_problem,
            last_problem_rows=self._problems[self._last_problem],
        )
