"""Every fault at once, by chance: the run is repeated until nothing is left, and nobody is lost."""

from __future__ import annotations

import os
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from importer.errors import ExitCode
from importer.pipeline import apply_decisions
from tests.acceptance.cli_kit import read_results
from tests.pipeline.desk import FastClock, bookings_per_patient, counts_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.pipeline import RunReport
    from tests.pipeline.desk import Desk

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]

FAULTS = {
    "500": 0.02,
    "500,commit=yes": 0.02,
    "502": 0.01,
    "504": 0.03,
    "409": 0.03,
    "423": 0.03,
    "429,wait=0.3": 0.05,
    "429,headers=x-ratelimit,wait=0.3": 0.02,
    "close-before-read": 0.02,
    "reset-before-read": 0.02,
    "commit-then-drop": 0.02,
    "commit-then-reset": 0.02,
    "truncated": 0.02,
    "garbage": 0.01,
    "unparsable": 0.02,
    "no-id": 0.01,
    "202": 0.01,
    "latency,seconds=0.05": 0.1,
}
SURELY_NOT_TAKEN = {423, 429}
ROWS = 250
SEEDS = range(12) if os.environ.get("CHAOS") == "full" else range(2)


def run_until_nothing_is_left(at: Desk, source: Path) -> RunReport:
    """Run the same command again and again, as cron does."""
    for _ in range(60):
        report = at.run(source, in_flight=8)
        if not counts_of(report).get("not_sent"):
            return report
        assert report.exit_code in {ExitCode.UNKNOWN_OUTCOMES, ExitCode.STOPPED_EARLY}
    raise AssertionError("the run never ends")


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_storm_of_faults_books_nobody_twice_and_loses_nobody(
    seed: int, desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk(seed=seed, faults=FAULTS)
    at.clock = FastClock(times=10)
    source = write_csv(make_row(n) for n in range(2, ROWS + 2))

    report = run_until_nothing_is_left(at, source)

    perhaps_taken = [r for r in at.requests if r.body_hmac and r.status not in SURELY_NOT_TAKEN]
    assert set(Counter(r.body_hmac for r in perhaps_taken).values()) == {1}
    assert report.summary.requests == len(at.requests)
    rows = read_results(report.results_path)
    at_server = {b.fields["emr_patient_id"]: str(b.id) for b in at.sandbox.bookings() if b.fields}
    sheet = ["row_key,decision"]
    for row in rows.values():
        booking_id = at_server.get(row["emr_patient_id"])
        match row["status"]:
            case "booked":
                assert row["booking_id"] == booking_id is not None
            case "unknown":
                decision = f"booked {booking_id}" if booking_id else "not booked"
                sheet.append(f"{row['row_key']},{decision}")
            case status:
                assert (status, booking_id) == ("rejected", None)

    (at.folder / "sheet.csv").write_text("\n".join(sheet))
    at.clock = FastClock(ahead=timedelta(hours=1), times=10)
    told = apply_decisions(
        report.summary.run_id, at.settings(), at.folder / "sheet.csv", who="Ana", clock=at.clock
    )
    assert told.refused == ()
    assert told.still_unknown == 0
    for fault in FAULTS:
        at.sandbox.fault_rate(fault, 0)
    done = at.run(source, retry_rejected=True)

    assert counts_of(done) == {"booked": ROWS}
    assert done.exit_code == ExitCode.OK
    assert set(bookings_per_patient(at.requests).values()) == {1}
    assert len(at.sandbox.bookings()) == ROWS
    assert done.summary.requests == len(at.requests)
