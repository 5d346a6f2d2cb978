"""Print the comparison: `python -m tests.chaos.rivals [SEED...]`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.chaos.rivals.comparing import ROWS, compare
from tests.chaos.rivals.tools import OURS, RIVALS
from tests.rows import invented_row, write_rows


def main(seeds: list[int]) -> None:
    """Let every tool import the same file, and print a line each."""
    print("| seed | scenario | tool | booked twice | lost | called failed, but booked | unknown |")
    print("|---|---|---|---|---|---|---|")
    for seed in seeds:
        for scenario in ("faults", "kills"):
            for tool in (*RIVALS, OURS):
                with tempfile.TemporaryDirectory() as name:
                    folder = Path(name)
                    source = write_rows(
                        folder / "visits.csv", map(invented_row, range(2, 2 + ROWS))
                    )
                    found = compare(tool, scenario, source, folder, seed=seed)
                counts = (found.second_bookings, found.lost, found.wrong, found.asked)
                print("|", " | ".join(map(str, (seed, scenario, tool.name, *counts))), "|")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [1])
