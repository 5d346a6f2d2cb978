"""One import while it goes on: what every step of it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from importer.ledger import Ledger
    from importer.model import Clock
    from importer.reports import Observer
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
