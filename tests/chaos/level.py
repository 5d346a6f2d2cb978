"""How much chaos: a share in `make check`, all of it in `make chaos`, more for the report."""

from __future__ import annotations

import os
from enum import Enum


class Level(Enum):
    """What `CHAOS` says."""

    QUICK = "quick"
    """In `make check`: less than four minutes on two cores, all layers together."""
    FULL = "full"
    """In `make chaos`: less than thirty minutes."""
    REPORT = "report"
    """In `make reliability-report`: as many cases as the published figures name."""


LEVEL = Level(os.environ.get("CHAOS") or "quick")


def share(*, quick: int, full: int, report: int) -> int:
    """Return how many cases this run tries."""
    return {Level.QUICK: quick, Level.FULL: full, Level.REPORT: report}[LEVEL]


def seed() -> int:
    """Return the first seed: `CHAOS_SEED`, so that any run can be repeated."""
    return int(os.environ.get("CHAOS_SEED") or "1")
