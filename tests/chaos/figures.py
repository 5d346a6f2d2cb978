"""What the layers counted, for the report: JSON Lines in the file that `CHAOS_FIGURES` names."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.chaos.level import LEVEL, seed


def note(layer: str, **counts: float | str) -> None:
    """Add what one test of a layer counted; counts of the same name are summed in the report.

    Args:
        layer: A row of the report, such as `crash points in process`.
        counts: `cases`, `duplicates`, `lost`, `wrong` (booked or rejected that is not true), and
            whatever else the layer can tell; a name that begins with `most_` or `least_` is not
            summed.
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
