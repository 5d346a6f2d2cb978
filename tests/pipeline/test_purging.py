"""A purge, and everything that may be done with its runs afterwards: nobody is booked twice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from importer.errors import ExitCode, SettingsError
from importer.ledger import Spool
from importer.pipeline import (
    apply_decisions,
    purge,
    purge_plan,
    run_statuses,
    verify_audit,
    verify_run,
    write_results_again,
)
from importer.pipeline.ledgers import folder_of
from tests.acceptance.cli_kit import change_results, read_results
from tests.pipeline.desk import Desk, FastClock, bookings_per_patient, counts_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.pipeline import RunReport
    from importer.reports import PurgeReport

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]


def purged(at: Desk, *reports: RunReport) -> None:
    """Purge runs."""
    for report in reports:
        plan = purge_plan(at.settings(), run_id=report.summary.run_id)
        purge(at.settings(), plan, clock=at.clock)


def older_than(at: Desk, days: int) -> PurgeReport:
    """Return what a purge would delete so many days from now."""
    later = at.clock.now() + timedelta(days=100)
    return purge_plan(at.settings(), before=later - timedelta(days=days))


@pytest.fixture
def imported(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> tuple[Desk, RunReport, Path]:
    """Return a desk and a purged run of five rows: one is invalid, one was refused."""
    at = desk()
    rows = [make_row(n) for n in range(2, 7)]
    rows[2]["phone"] = "12"
    rows[3]["reason"] = "fault:422"
    source = write_csv(rows)
    report = at.run(source, only_valid=True)
    assert counts_of(report) == {"booked": 3, "invalid": 1, "rejected": 1}
    purged(at, report)
    return at, report, source


def test_the_same_file_again_books_nobody(imported: tuple[Desk, RunReport, Path]) -> None:
    at, first, source = imported
    before = len(at.requests)
    again = at.run(source, only_valid=True)
    assert counts_of(again) == {"skipped": 3, "invalid": 1, "rejected": 1}
    assert len(at.requests) == before
    ids = [{row["booking_id"] for row in read_results(r.results_path).values()} for r in (first,)]
    assert {row["booking_id"] for row in read_results(again.results_path).values()} in ids
    assert verify_audit(None, at.settings()).flaws == ()


def test_the_same_rows_in_another_file_book_nobody(
    imported: tuple[Desk, RunReport, Path], make_row: Make, write_csv: Write
) -> None:
    at, _, _ = imported
    before = len(at.requests)
    other = at.run(write_csv([make_row(6), make_row(3, phone="+12065550199")], name="other.csv"))
    assert counts_of(other) == {"skipped": 2}
    assert len(at.requests) == before


def test_corrected_results_of_a_purged_run_book_only_what_was_corrected(
    imported: tuple[Desk, RunReport, Path],
) -> None:
    at, report, _ = imported
    assert report.results_path is not None
    changes = {
        (4, "phone"): "(206) 555-0177",  # was invalid
        (5, "reason"): "",  # was refused
        (2, "appointment_date"): "2090-07-01T09:00:00-07:00",  # is booked, and was changed
    }
    fixed = change_results(report.results_path, changes, at.folder / "fixed.xlsx")
    again = at.run(fixed)
    assert counts_of(again) == {"booked": 2, "skipped": 3}
    assert again.exit_code == ExitCode.NEEDS_A_PERSON  # a booked row that was edited
    assert set(bookings_per_patient(at.requests).values()) == {1}


def test_a_refused_row_goes_again_only_when_it_is_asked_for(
    imported: tuple[Desk, RunReport, Path],
) -> None:
    at, _, source = imported
    again = at.run(source, only_valid=True, retry_rejected=True)
    assert counts_of(again) == {"skipped": 3, "invalid": 1, "booked": 1}
    assert len(at.requests) == 5
    assert set(bookings_per_patient(at.requests).values()) == {1}


def test_a_booking_of_a_purged_run_may_be_said_to_be_cancelled(
    imported: tuple[Desk, RunReport, Path],
) -> None:
    at, report, source = imported
    key = read_results(report.results_path)[2]["row_key"]
    sheet = at.folder / "decisions.csv"
    sheet.write_text(f"row_key,decision\n{key},cancelled\n")
    run_id = report.summary.run_id
    told = apply_decisions(run_id, at.settings(), sheet, who="Ana B.", clock=at.clock)
    assert (told.cancelled, told.results_path) == (1, None)
    assert counts_of(at.run(source, only_valid=True))["booked"] == 1
    assert verify_audit(None, at.settings()).flaws == ()


def test_its_line_and_counts_stay(imported: tuple[Desk, RunReport, Path]) -> None:
    at, report, _ = imported
    (status,) = run_statuses(at.settings(), report.summary.run_id)
    assert (status.rows_in, status.booked, status.invalid, status.rejected) == (5, 3, 1, 1)
    assert status.purged_at is not None
    of_run = verify_audit(report.summary.run_id, at.settings()).of_run
    assert [line.kind for line in of_run] == ["planned", "accepted", "ended", "purged"]
    assert of_run[-1].facts["booked"] == 3


def test_what_needs_its_history_says_that_it_is_gone(
    imported: tuple[Desk, RunReport, Path],
) -> None:
    at, report, source = imported
    run_id, settings = report.summary.run_id, at.settings()
    says = "was purged on"
    with pytest.raises(SettingsError, match=says):
        write_results_again(run_id, settings, source=source, results=None, clock=at.clock)
    with pytest.raises(SettingsError, match=says):
        verify_run(run_id, settings, clock=at.clock)
    with pytest.raises(SettingsError, match=says):
        at.resume(run_id)
    with pytest.raises(SettingsError, match="was purged already"):
        purge_plan(settings, run_id=run_id)
    with pytest.raises(SettingsError, match="no run 2090-x"):
        purge_plan(settings, run_id="2090-x")


def test_a_younger_run_is_verified_as_before(imported: tuple[Desk, RunReport, Path]) -> None:
    at, _, source = imported
    again = at.run(source, only_valid=True)
    _, violations = verify_run(again.summary.run_id, at.settings(), clock=at.clock)
    assert violations == []


def test_a_run_with_open_rows_is_never_purged(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    unknown = at.run(write_csv([make_row(2, reason="fault:504"), make_row(3)]))
    held = at.run(write_csv([make_row(5), make_row(6, phone="12")], name="held.csv"))
    done = at.run(write_csv([make_row(9)], name="done.csv"))
    with pytest.raises(SettingsError, match="has 1 row unknown, so it is not purged") as caught:
        purge_plan(at.settings(), run_id=unknown.summary.run_id)
    assert caught.value.todo == f"solv-import reconcile {unknown.summary.run_id}"
    with pytest.raises(SettingsError, match="has 1 row not sent, so it is not purged"):
        purge_plan(at.settings(), run_id=held.summary.run_id)
    plan = older_than(at, 30)
    assert [run.run_id for run in plan.runs] == [done.summary.run_id]
    assert [why.partition(": ")[0] for why in plan.kept] == [
        f"run {unknown.summary.run_id} has 1 row unknown",
        f"run {held.summary.run_id} has 1 row not sent",
    ]
    purge(at.settings(), plan, clock=at.clock)
    assert older_than(at, 30).runs == ()


def test_only_what_is_old_enough_goes(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at.run(write_csv([make_row(2)]))
    assert [run.rows for run in older_than(at, 99).runs] == [1]
    assert older_than(at, 101).runs == ()


def test_a_plan_counts_what_goes_and_changes_nothing(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    report = at.run(write_csv([make_row(2, reason="fault:422"), make_row(3)]))
    folder = folder_of(at.settings())
    left = Spool(folder.spool / report.summary.run_id)
    left.prepare()
    left.place_for("visits.csv").write_text("Ada,Sample")  # as a kill at the end leaves it
    plan = purge_plan(at.settings(), run_id=report.summary.run_id)
    assert (plan.rows, plan.files, plan.size_bytes, plan.answers) == (2, 1, 10, 1)
    assert plan.problems >= 1
    assert left.words()
    purge(at.settings(), plan, clock=FastClock())
    assert not left.path.exists()
    assert left.words() == {}
