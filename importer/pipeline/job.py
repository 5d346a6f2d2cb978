"""One import while it goes on: what every step of it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from importer.ledger import Ledger, RunRecord, Spool
    from importer.model import Clock
    from importer.pipeline.intake import Intake
    from importer.reports import Observer, PlanView, ProgressView
    from importer.settings import Selection, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One import: where it goes, how, and who is told."""

    settings: Settings
    ledger: Ledger
    clock: Clock
    observer: Observer
    selection: Selection
    results: Path
    summary: Path | None
    is_rehearsal: bool = False
    """Planned only to be looked at, and forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """A run with all that its results are made of: its rows, their cells, the server's words."""

    ledger: Ledger
    run: RunRecord
    intake: Intake
    spool: Spool


class Unobserved:
    """An observer that is told everything and says nothing."""

    def planned(self, plan: PlanView) -> bool:
        """Go on."""
        del plan
        return True

    def progress(self, counts: ProgressView) -> None:
        """Pass over it."""

    def notice(self, text: str) -> None:
        """Pass over it."""
