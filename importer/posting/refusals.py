"""How many refusals a person lets a run have, at its start and in all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.errors import ExitCode
from importer.model import NotTaken, Rejected
from importer.posting.stops import Stop

if TYPE_CHECKING:
    from importer.bounds import RowBound
    from importer.model import Outcome

_TODO = "read Solv's words in the results, then run the same command again"


@dataclass(slots=True, kw_only=True)
class Refusals:
    """Counts the rows that Solv refuses, in the order in which answers come."""

    most: RowBound | None = None
    """More of them stop the run."""
    rows: int = 0
    """How many rows the run sends in all; a share is of these."""
    refused: int = 0
    """By earlier processes of the run."""
    canary: int = 1
    """So many rows go one by one before the others; 1 is what every run does."""
    _answered: int = field(default=0, init=False)
    _refused_first: int = field(default=0, init=False)

    @property
    def is_past_canary(self) -> bool:
        """Return whether the rows that go one by one have been answered."""
        return self._answered >= self.canary

    def before(self) -> Stop | None:
        """Return why a run must not carry on: earlier processes had more than they may."""
        return self._of_all()

    def after(self, outcome: Outcome) -> Stop | None:
        """Return why the run must stop after this outcome, None when it may go on."""
        if isinstance(outcome, NotTaken):
            return None
        is_first = not self.is_past_canary
        self._answered += 1
        if not isinstance(outcome, Rejected):
            return None
        self.refused += 1
        self._refused_first += is_first
        return self._of_canary() or self._of_all()

    def _of_canary(self) -> Stop | None:
        if self.canary == 1 or self._refused_first * 2 <= self.canary:
            return None
        why = f"{self._refused_first} of the first {self.canary} rows were refused"
        return Stop(exit_code=ExitCode.STOPPED_EARLY, why=why, todo=_TODO)

    def _of_all(self) -> Stop | None:
        if self.most is None or not self.most.is_passed_by(self.refused, of=self.rows):
            return None
        why = f"{self.refused} rows were refused, more than --max-rejects {self.most}"
        return Stop(exit_code=ExitCode.STOPPED_EARLY, why=why, todo=_TODO)
