"""Unknown rows are settled by people: the worksheet goes out, decisions come back, sums close."""

from __future__ import annotations

import csv
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from importer.errors import ExitCode
from importer.pipeline import apply_decisions, unknown_worksheet
from tests.acceptance.cli_kit import read_results
from tests.pipeline.desk import FastClock, bookings_per_patient, counts_of, statuses
from tests.rows import write_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.pipeline import RunReport
    from importer.reports import DecisionReport
    from tests.pipeline.desk import Desk

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]

LATER = timedelta(minutes=16)


def decide(at: Desk, report: RunReport, decisions: dict[int, str]) -> DecisionReport:
    """Fill a fresh worksheet, row number to decision, and take it in."""
    run_id, sheet = report.summary.run_id, at.folder / "worksheet.csv"
    sheet.unlink(missing_ok=True)
    unknown_worksheet(run_id, at.settings(), sheet, clock=at.clock)
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["decision"] = decisions.get(int(row["row_number"]), "")
    write_rows(sheet, rows)
    return apply_decisions(run_id, at.settings(), sheet, who="Ana B.", clock=at.clock)


@pytest.fixture
def unsettled(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> tuple[Desk, RunReport, Path]:
    """Return a run whose rows 3 (booked at Solv), 5 and 6 (not booked) are unknown."""
    at = desk()
    rows = [make_row(n) for n in range(2, 9)]
    rows[1]["reason"] = "fault:504"
    rows[3]["reason"] = "fault:504-uncommitted"
    rows[4]["reason"] = "fault:500"
    source = write_csv(rows)
    report = at.run(source)
    assert statuses(report) | {3: "", 5: "", 6: ""} == {
        n: "" if n in {3, 5, 6} else "booked" for n in range(2, 9)
    }
    assert counts_of(report) == {"booked": 4, "unknown": 3}
    return at, report, source


def id_at_solv(at: Desk) -> int:
    """Return the id of the booking whose answer was lost."""
    return next(r.booking_id for r in at.requests if r.fault == "504" and r.booking_id)


def test_both_answers_settle_the_run_and_the_sum_closes(
    unsettled: tuple[Desk, RunReport, Path],
) -> None:
    at, report, source = unsettled
    at.clock = FastClock(ahead=LATER)

    told = decide(at, report, {3: f"booked {id_at_solv(at)}", 5: "not booked", 6: "not booked"})
    assert (told.booked, told.released, told.still_unknown, told.refused) == (1, 2, 0, ())
    assert told.exit_code == ExitCode.STOPPED_EARLY

    done = at.run(source)
    assert done.summary.run_id == report.summary.run_id
    assert counts_of(done) == {"booked": 7}
    assert done.exit_code == ExitCode.OK
    assert done.summary.requests == len(at.requests) == 9
    assert set(bookings_per_patient(at.requests).values()) == {1}
    ids = [row["booking_id"] for row in read_results(done.results_path).values()]
    assert sorted(ids) == sorted(str(booking.id) for booking in at.sandbox.bookings())


def test_unknown_rows_are_not_sent_by_any_command_before_they_are_settled(
    unsettled: tuple[Desk, RunReport, Path], make_row: Make, write_xlsx: Write
) -> None:
    at, report, source = unsettled
    before = len(at.sandbox.all_requests())

    again = at.run(source, retry_rejected=True)
    elsewhere = at.run(write_xlsx([make_row(3, phone="312-555-0142"), make_row(5)]))
    fed_back = at.run(report.results_path)

    assert counts_of(again) == {"skipped": 4, "unknown": 3}
    assert counts_of(elsewhere) == {"unknown": 2}
    assert counts_of(fed_back) == {"skipped": 4, "unknown": 3}
    assert {r.exit_code for r in (again, elsewhere, fed_back)} == {ExitCode.UNKNOWN_OUTCOMES}
    assert len(at.sandbox.all_requests()) == before


def test_not_booked_is_refused_within_a_quarter_of_an_hour(
    unsettled: tuple[Desk, RunReport, Path],
) -> None:
    at, report, source = unsettled
    at.clock = FastClock(ahead=timedelta(minutes=14))

    told = decide(at, report, {5: "not booked"})

    assert told.released == 0
    assert told.still_unknown == 3
    assert told.exit_code == ExitCode.UNKNOWN_OUTCOMES
    assert "may still be booked" in told.refused[0]
    assert counts_of(at.run(source))["unknown"] == 3
    assert len(at.requests) == 7


def test_a_booking_id_that_stands_on_another_row_is_refused(
    unsettled: tuple[Desk, RunReport, Path],
) -> None:
    at, report, _ = unsettled
    taken = read_results(report.results_path)[2]["booking_id"]
    lost = id_at_solv(at)

    told = decide(at, report, {3: f"booked {taken}", 5: f"booked {lost}", 6: f"booked {lost}"})

    assert told.booked == 1
    assert len(told.refused) == 2
    assert told.still_unknown == 2


def test_one_decision_settles_every_run_that_waits_for_that_booking(
    unsettled: tuple[Desk, RunReport, Path],
) -> None:
    at, report, source = unsettled
    second = at.run(source)
    at.clock = FastClock(ahead=LATER)

    told = decide(at, second, {3: f"booked {id_at_solv(at)}", 5: "not booked", 6: "not booked"})
    done = at.run(source)
    first = at.resume(report.summary.run_id)

    assert told.still_unknown == 0
    assert counts_of(done) == {"skipped": 5, "booked": 2}
    assert counts_of(first) == {"booked": 5, "skipped": 2}
    assert set(bookings_per_patient(at.requests).values()) == {1}
    assert len(at.requests) == 9


def test_a_cancelled_booking_may_be_booked_anew(
    unsettled: tuple[Desk, RunReport, Path], make_row: Make, write_csv: Write
) -> None:
    at, report, _ = unsettled
    keys = {n: row["row_key"] for n, row in read_results(report.results_path).items()}
    sheet = at.folder / "cancel.csv"
    sheet.write_text(f"row_key,decision\n{keys[2]},cancelled\n")

    told = apply_decisions(
        report.summary.run_id, at.settings(), sheet, who="Ana B.", clock=at.clock
    )
    report = at.run(write_csv([make_row(2), make_row(4)], name="again.csv"))

    assert told.cancelled == 1
    assert counts_of(report) == {"booked": 1, "skipped": 1}
    assert statuses(report)[2] == "booked"
    assert max(bookings_per_patient(at.requests).values()) == 2


def test_the_worksheet_shows_who_is_meant_and_the_ledger_who_decided(
    unsettled: tuple[Desk, RunReport, Path],
) -> None:
    at, report, _ = unsettled
    at.clock = FastClock(ahead=LATER)
    decide(at, report, {5: "not booked"})

    sheet = (at.folder / "worksheet.csv").read_text()
    ledger = next((at.folder / "state").glob("*/ledger.db"))

    assert "Sampled" in sheet  # row 3
    assert ledger.read_bytes().count(b"Ana B.") == 2  # the row, and the list of decisions
    assert b"Sampled" not in ledger.read_bytes()
