"""A row of a file is booked once, whatever changes around it: zone, default, order, spelling."""

from __future__ import annotations

import csv
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from importer.errors import ExitCode, SettingsError
from importer.pipeline import apply_decisions, plan_file, unknown_worksheet
from tests.acceptance.cli_kit import change_results, read_results
from tests.pipeline.desk import FastClock, bookings_per_patient, counts_of, statuses
from tests.rows import write_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.pipeline.desk import Desk

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]

LOCAL = "2090-05-06 09:30"


@pytest.mark.parametrize("fault", ["", "fault:504"], ids=["booked", "unknown"])
@pytest.mark.parametrize(
    ("blank", "before", "after"),
    [
        ({"appointment_date": LOCAL}, {"timezone": "America/Denver"}, {"timezone": "UTC"}),
        ({"location_id": ""}, {"location_id": "4021"}, {"location_id": "4022"}),
    ],
    ids=["zone", "location"],
)
def test_the_same_file_with_another_setting_books_nobody_again(
    desk: Callable[..., Desk],
    make_row: Make,
    write_csv: Write,
    fault: str,
    blank: dict[str, str],
    before: dict[str, str],
    after: dict[str, str],
) -> None:
    at = desk()
    source = write_csv([make_row(2, reason=fault, **blank)])
    at.run(source, **before)

    again = at.run(source, **after)

    assert len(at.requests) == 1
    assert statuses(again) == {2: "unknown" if fault else "skipped"}
    assert again.exit_code == (ExitCode.UNKNOWN_OUTCOMES if fault else ExitCode.NEEDS_A_PERSON)


def test_a_row_corrected_in_the_results_is_not_sent_again_from_its_source(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    source = write_csv([make_row(2), make_row(3), make_row(4, phone="12")])
    held = at.run(source)
    assert held.exit_code == ExitCode.SOURCE
    moved = {(2, "appointment_date"): "2090-06-01T10:00:00-07:00", (4, "phone"): "3125550142"}
    at.run(change_results(held.results_path, moved, tmp_path / "corrected.xlsx"))

    from_source = at.run(source, only_valid=True)

    assert set(bookings_per_patient(at.requests).values()) == {1}
    assert len(at.requests) == 3
    assert counts_of(from_source) == {"skipped": 2, "invalid": 1}


def test_a_worksheet_taken_in_twice_releases_a_row_once(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    at.sandbox.fault_next("502,commit=no", 1)
    run_id = at.run(write_csv([make_row(2)])).summary.run_id
    sheet = tmp_path / "worksheet.csv"
    unknown_worksheet(run_id, at.settings(), sheet, clock=at.clock)
    answer(sheet, "not booked")
    at.clock = FastClock(ahead=timedelta(minutes=16))
    assert apply_decisions(run_id, at.settings(), sheet, who="Ana", clock=at.clock).released == 1
    at.sandbox.fault_next("504", 1)
    at.resume(run_id)
    at.clock = FastClock(ahead=timedelta(minutes=40))

    again = apply_decisions(run_id, at.settings(), sheet, who="Ana", clock=at.clock)

    assert again.released == 0
    assert "earlier attempt" in again.refused[0]
    assert again.still_unknown == 1


def test_a_worksheet_sorted_beside_its_keys_is_refused(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    run_id = at.run(write_csv([make_row(n, reason="fault:504") for n in (2, 3)])).summary.run_id
    sheet = tmp_path / "worksheet.csv"
    unknown_worksheet(run_id, at.settings(), sheet, clock=at.clock)
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        first, second = csv.DictReader(file)
    first["row_key"], second["row_key"] = second["row_key"], first["row_key"]
    write_rows(sheet, [first | {"decision": "booked 7"}, second])

    told = apply_decisions(run_id, at.settings(), sheet, who="Ana", clock=at.clock)

    assert told.booked == 0
    assert "sorted" in told.refused[0]


@pytest.mark.parametrize("heading", ["row_key", "Row Key"])
def test_our_results_are_known_although_somebody_added_a_column(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write, tmp_path: Path, heading: str
) -> None:
    at = desk()
    report = at.run(write_csv([make_row(2), make_row(3)]), results=str(tmp_path / "r.csv"))
    with report.results_path.open(encoding="utf-8-sig", newline="") as file:
        rows = [{**row, heading: row["row_key"], "my notes": "x"} for row in csv.DictReader(file)]
    for row in rows:
        if heading != "row_key":
            del row["row_key"]
    rows[0]["last_name"] = "Somebody-Else"
    write_rows(tmp_path / "edited.csv", rows)

    again = at.run(tmp_path / "edited.csv")

    assert len(at.requests) == 2
    assert counts_of(again) == {"skipped": 2}
    assert again.exit_code == ExitCode.NEEDS_A_PERSON


def test_swapped_row_keys_do_not_swap_booking_ids(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    results = at.run(write_csv([make_row(2), make_row(3)])).results_path
    told = read_results(results)
    swapped = {(2, "row_key"): told[3]["row_key"], (3, "row_key"): told[2]["row_key"]}

    again = at.run(change_results(results, swapped, tmp_path / "sorted.xlsx"))

    ids = {n: row["booking_id"] for n, row in read_results(again.results_path).items()}
    assert ids == {n: row["booking_id"] for n, row in told.items()}


def test_a_state_folder_moved_away_stops_the_run_and_keeps_its_ids(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    state = tmp_path / "state"

    def take_away(_counts: object) -> None:
        if len(at.requests) >= 10 and state.exists():
            state.rename(tmp_path / "elsewhere")

    at.observer.on_progress = take_away

    report = at.run(write_csv(make_row(n) for n in range(2, 102)))

    assert report.exit_code in (ExitCode.LEDGER, ExitCode.UNKNOWN_OUTCOMES)
    assert len(at.requests) < 30
    shown = {row["booking_id"] for row in read_results(report.results_path).values()}
    told = " ".join(at.observer.notices)
    lost = [b.id for b in at.sandbox.bookings() if str(b.id) not in shown and str(b.id) not in told]
    assert lost == []


def test_a_summary_is_not_written_over_its_source_by_another_name(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    source = write_csv([make_row(2)])
    (tmp_path / "link").symlink_to(source.parent)

    with pytest.raises(SettingsError, match="written over"):
        at.run(source, summary=str(tmp_path / "link" / source.name))


def test_one_booking_id_does_not_stand_for_two_rows(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    booked = at.run(write_csv([make_row(2)], name="one.csv"))
    taken = read_results(booked.results_path)[2]["booking_id"]
    confused = desk()  # it counts from the start again, at what is the same target to us
    confused.folder = at.folder

    other = confused.run(write_csv([make_row(3)], name="other.csv"))

    assert taken == str(confused.sandbox.bookings()[0].id)
    assert statuses(other) == {2: "unknown"}


def test_a_server_that_repeats_one_id_stops_the_run(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at.run(write_csv((make_row(n) for n in range(2, 40)), name="one.csv"))
    confused = desk()
    confused.folder = at.folder

    other = confused.run(write_csv((make_row(n) for n in range(40, 70)), name="other.csv"))

    assert other.exit_code == ExitCode.UNKNOWN_OUTCOMES
    assert counts_of(other)["unknown"] <= 4 + 5  # in flight + the breaker
    assert "in a row" in other.summary.why


def test_looking_at_a_plan_changes_nothing(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    source = write_csv([make_row(2), make_row(3), make_row(4, phone="12")])
    settings = at.settings(only_valid=True)
    plans = [
        plan_file(source, settings, clock=at.clock, selection=settings.selection) for _ in range(2)
    ]
    assert [(plan.to_send, plan.invalid) for plan in plans] == [(2, 1), (2, 1)]
    assert at.requests == []
    at.run(source, only_valid=True)

    plan = plan_file(source, settings, clock=at.clock, selection=settings.selection)

    assert (plan.to_send, plan.skipped, plan.invalid) == (0, 2, 1)


def test_results_are_read_as_ours_whatever_the_profile_says_of_their_source(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    source = write_csv([make_row(2), make_row(3, phone="12")])
    shifted = tmp_path / "shifted.csv"
    shifted.write_text("Northside Clinic\n" + source.read_text(encoding="utf-8"), encoding="utf-8")
    first = at.run(shifted, header_row="2", only_valid=True)
    fixed = change_results(first.results_path, {(3, "phone"): "3125550142"}, tmp_path / "f.xlsx")

    again = at.run(fixed, header_row="2")

    assert counts_of(again) == {"booked": 1, "skipped": 1}


def test_a_row_refused_before_is_told_why_again(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    source = write_csv([make_row(2), make_row(3, reason="fault:409")])
    first = read_results(at.run(source).results_path)[3]["what_to_fix"]

    again = read_results(at.run(source).results_path)[3]

    assert again["status"] == "rejected"
    assert "Solv said" in first
    assert first.partition("Solv said")[2] in again["what_to_fix"]


def answer(sheet: Path, decision: str) -> None:
    """Write one decision beside every row of a worksheet."""
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        write_rows(sheet, [row | {"decision": decision} for row in csv.DictReader(file)])
