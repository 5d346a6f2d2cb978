"""A visit that was moved in an export books nobody twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from importer.errors import ExitCode
from tests.acceptance.cli_kit import read_results
from tests.pipeline.desk import FastClock, bookings_per_patient, counts_of, statuses

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.pipeline.desk import Desk

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]


def in_days(days: int) -> str:
    """Return a time so many days ahead, as a file holds it."""
    return (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="minutes")


@pytest.fixture
def at(desk: Callable[..., Desk]) -> Desk:
    return desk()


def test_a_visit_at_another_time_is_left_out_and_the_others_go(
    at: Desk, make_row: Make, write_csv: Write
) -> None:
    first, other = make_row(2, appointment_date=in_days(10)), make_row(3)
    assert at.run(write_csv([first, other])).exit_code == ExitCode.OK

    moved = {**first, "appointment_date": in_days(12)}
    report = at.run(write_csv([moved, other, make_row(4)], name="tomorrow.csv"))

    assert report.exit_code == ExitCode.NEEDS_A_PERSON
    assert statuses(report) == {2: "left out", 3: "skipped", 4: "booked"}
    told = read_results(report.results_path)[2]["what_to_fix"]
    assert "another booking to come" in told
    assert "--allow-reschedules" in told
    assert set(bookings_per_patient(at.requests).values()) == {1}

    again = at.run(write_csv([moved, other, make_row(4)], name="tomorrow.csv"))
    assert statuses(again) == {2: "left out", 3: "skipped", 4: "skipped"}

    allowed = at.run(
        write_csv([moved, other, make_row(4)], name="tomorrow.csv"), allow_reschedules=True
    )
    assert statuses(allowed) == {2: "booked", 3: "skipped", 4: "skipped"}


def test_a_second_visit_beside_the_first_is_no_moved_one(
    at: Desk, make_row: Make, write_csv: Write
) -> None:
    first = make_row(2, appointment_date=in_days(10))
    at.run(write_csv([first]))
    second = {**first, "appointment_date": in_days(17)}
    report = at.run(write_csv([first, second], name="both.csv"))
    assert statuses(report) == {2: "skipped", 3: "booked"}


def test_two_visits_in_one_file_are_two(at: Desk, make_row: Make, write_csv: Write) -> None:
    first = make_row(2, appointment_date=in_days(10))
    second = {**first, "appointment_date": in_days(17)}
    assert counts_of(at.run(write_csv([first, second]))) == {"booked": 2}


@pytest.mark.parametrize(
    "change",
    [{"location_id": "4022"}, {"first_name": "Berta"}, {"birth_date": "1971-02-03"}],
    ids=lambda change: next(iter(change)),
)
def test_another_person_or_place_is_no_moved_visit(
    change: dict[str, str], at: Desk, make_row: Make, write_csv: Write
) -> None:
    first = make_row(2, appointment_date=in_days(10))
    at.run(write_csv([first]))
    other = {**first, "appointment_date": in_days(12), **change}
    assert counts_of(at.run(write_csv([other], name="other.csv"))) == {"booked": 1}


def test_a_visit_that_has_passed_is_none_that_was_moved(
    at: Desk, make_row: Make, write_csv: Write
) -> None:
    first = make_row(2, appointment_date=in_days(10))
    at.run(write_csv([first]))
    at.clock = FastClock(ahead=timedelta(days=11))
    next_one = {**first, "appointment_date": in_days(30)}
    assert counts_of(at.run(write_csv([next_one], name="next.csv"))) == {"booked": 1}


def test_a_visit_whose_answer_was_lost_may_have_been_moved_too(
    at: Desk, make_row: Make, write_csv: Write
) -> None:
    first = make_row(2, appointment_date=in_days(10))
    at.sandbox.fault_rate("503", 1.0)
    assert counts_of(at.run(write_csv([first]))) == {"unknown": 1}
    at.sandbox.fault_rate("503", 0)
    moved = {**first, "appointment_date": in_days(12)}
    assert counts_of(at.run(write_csv([moved], name="moved.csv"))) == {"left_out": 1}


def test_a_profile_may_allow_it_for_exports_that_hold_only_what_is_new(
    at: Desk, make_row: Make, write_csv: Write, tmp_path: Path
) -> None:
    profile = tmp_path / "north.toml"
    profile.write_text("[run]\nallow_reschedules = true\n", encoding="utf-8")
    first = make_row(2, appointment_date=in_days(10))
    at.run(write_csv([first]))
    second = {**first, "appointment_date": in_days(17)}
    report = at.run(write_csv([second], name="new.csv"), profile=str(profile))
    assert counts_of(report) == {"booked": 1}


def test_a_held_run_that_carries_on_knows_what_was_booked_meanwhile(
    at: Desk, make_row: Make, write_csv: Write
) -> None:
    first = make_row(2, appointment_date=in_days(10))
    moved = {**first, "appointment_date": in_days(12)}
    held = write_csv([first, make_row(3, phone="555")], name="held.csv")
    assert at.run(held).exit_code == ExitCode.SOURCE
    assert counts_of(at.run(write_csv([moved], name="moved.csv"))) == {"booked": 1}

    report = at.run(held, only_valid=True)
    assert counts_of(report) == {"left_out": 1, "invalid": 1}
    assert len(at.requests) == 1


def test_of_two_equal_bookings_one_may_have_been_moved(
    at: Desk, make_row: Make, write_csv: Write
) -> None:
    first = make_row(2, appointment_date=in_days(10))
    twins = write_csv([first, first])
    assert counts_of(at.run(twins, allow_duplicates=True)) == {"booked": 2}
    moved = {**first, "appointment_date": in_days(12)}
    report = at.run(write_csv([first, moved], name="moved.csv"), allow_duplicates=True)
    assert statuses(report) == {2: "skipped", 3: "left out"}
    assert len(at.requests) == 2
