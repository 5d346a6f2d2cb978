"""What the layers counted, for the report: JSON Lines in the file that `CHAOS_FIGURES` names."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tests.chaos.level import LEVEL, seed

if TYPE_CHECKING:
    from collections.abc import Iterable


def note(layer: str, **counts: float | str) -> None:
    """Add what one test of a layer counted; counts of the same name are summed in the report.

    Args:
        layer: A row of the report, such as `crash points in process`.
        counts: `cases`, what `broken` returns, and whatever else the layer can tell; a name that
            begins with `most_` or `least_` is not summed.
    """
    path = os.environ.get("CHAOS_FIGURES")
    if not path:
        return
    line = json.dumps({"layer": layer, "level": LEVEL.value, "seed": seed(), **counts}) + "\n"
    file = os.open(Path(path), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, line.encode())  # one write, so that lines of two processes do not mix
    finally:
        os.close(file)


def broken(invariants: Iterable[str]) -> dict[str, int]:
    """Return how the report counts broken promises, each named as often as it was broken."""
    found = Counter(invariants)
    named = {
        "duplicates": found["I1"],
        "lost": found["I2"] + found["I3"],
        "wrong": found["I4"],  # booked or rejected that is not true
    }
    return named | {"others": found.total() - sum(named.values())}
