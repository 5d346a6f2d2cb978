"""Print the comparison: `python -m tests.chaos.rivals [SEED...]`."""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tests.chaos.rivals.comparing import ROWS, compare, write_rows
from tests.chaos.rivals.tools import OURS, RIVALS

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def main(seeds: list[int]) -> None:
    """Let every tool import the same file, and print a line each."""
    print("| seed | scenario | tool | second bookings | lost | wrong | asked |")  # noqa: T201
    print("|---|---|---|---|---|---|---|")  # noqa: T201
    for seed in seeds:
        for scenario in ("faults", "kills"):
            for tool in (*RIVALS, OURS):
                with tempfile.TemporaryDirectory() as name:
                    folder = Path(name)
                    source = write_rows(folder / "visits.csv", rows())
                    found = compare(tool, scenario, source, folder, seed=seed)
                counts = (found.second_bookings, found.lost, found.wrong, found.asked)
                print("|", " | ".join(map(str, (seed, scenario, tool.name, *counts))), "|")  # noqa: T201


def rows() -> list[dict[str, str]]:
    """Return invented patients, each at another time."""
    first = datetime(2090, 5, 1, 8, tzinfo=UTC)
    return [
        {
            "first_name": "Ada",
            "last_name": "Sample" + _LETTERS[number // 26] + _LETTERS[number % 26],
            "phone": f"+1206555{100 + number % 100:04}",
            "birth_date": (date(1990, 1, 1) + timedelta(days=number)).isoformat(),
            "appointment_date": (first + timedelta(minutes=15 * number)).isoformat(),
            "location_id": "4021",
            "emr_patient_id": f"MRN-{number}",
        }
        for number in range(ROWS)
    ]


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [1])
