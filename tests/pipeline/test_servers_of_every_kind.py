"""The same bookings through every dialect of the server, and troubles around them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from importer.errors import ExitCode
from importer.model import BOOKING_FIELDS
from importer.pipeline import write_results_again
from tests.acceptance.cli_kit import read_results
from tests.pipeline.desk import FastClock, bookings_per_patient, counts_of, statuses

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.pipeline.desk import Desk

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]

ALL_FIELDS = {
    "is_walk_in": "yes",
    "email": "ada@example.com",
    "reason": "Sore throat",
    "birth_sex": "F",
    "address_street": "1 Oak St",
    "address_street_secondary": "Apt 2",
    "address_city": "Boston",
    "address_state": "Massachusetts",
    "address_zip": "02108",
    "attribution": "newsletter",
    "custom_booking_management_url": "https://example.com/b/1",
    "emr_patient_id": "MRN-1",
    "paperwork_status": "incomplete",
    "visit_type_id": "2",
}


def test_all_twenty_fields_and_the_query_parameter_arrive(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk(gives_emr_ids=True)
    row = make_row(2) | ALL_FIELDS

    report = at.run(write_csv([row]), allow_walkin_scheduling=True)

    (booking,) = at.sandbox.bookings()
    assert booking.fields is not None
    assert set(booking.fields) == set(BOOKING_FIELDS)
    assert booking.fields["address_zip"] == "02108"
    assert booking.fields["is_walk_in"] is True
    assert booking.fields["visit_type_id"] == 2
    assert booking.allow_walkin_scheduling is True
    told = read_results(report.results_path)[2]
    assert told["solv_status"] == "CONFIRMED"
    assert told["emr_booking_id"] == booking.emr_booking_id
    assert told["booking_id"] == str(booking.id)


def test_empty_cells_are_left_out_of_the_request(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    row = make_row(2) | dict.fromkeys(ALL_FIELDS, "")

    at.run(write_csv([row]), location_id="4022")

    (booking,) = at.sandbox.bookings()
    sent = {name for name, value in (booking.fields or {}).items() if value is not None}
    assert sent == set(BOOKING_FIELDS[:6])


@pytest.mark.parametrize(
    "switches",
    [
        {"dialect": "v2"},
        {"has_envelope": True},
        {"empty_as": "null"},
        {"takes_client_credentials": True, "has_lenient_scopes": True},
    ],
    ids=str,
)
def test_every_dialect_books(
    switches: dict[str, object], desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk(**switches)
    rows = [make_row(2), make_row(3, location_id="4999"), make_row(4, location_id="77")]

    report = at.run(write_csv(rows))

    assert statuses(report) == {2: "booked", 3: "rejected", 4: "rejected"}
    (booking,) = at.sandbox.bookings()
    assert read_results(report.results_path)[2]["booking_id"] == str(booking.id)


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_expired_is_renewed_whether_the_server_says_401_or_403(
    status: int, desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk(unauthorized_status=status)
    at.clock = FastClock(times=200)
    at.sandbox.fault_next("latency,seconds=0.5", 1)
    at.sandbox.fault_next("expire-tokens", 1)

    report = at.run(write_csv(make_row(n) for n in range(2, 12)), in_flight=2)

    assert counts_of(report) == {"booked": 10}
    assert at.token_calls == 2
    assert report.summary.requests == len(at.requests)


@pytest.mark.parametrize("fault", ["429,wait=5", "500", "503", "504", "commit-then-drop"])
def test_a_sign_in_that_fails_for_a_moment_is_tried_again(
    fault: str, desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at.clock = FastClock(times=50)
    at.sandbox.fault_next(fault, 2, on="token")

    report = at.run(write_csv([make_row(2)]))

    assert counts_of(report) == {"booked": 1}
    assert at.token_calls == 3


def test_a_sign_in_that_fails_for_good_sends_nothing_and_may_be_run_again(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at.clock = FastClock(times=50)
    at.sandbox.fault_next("500", 5, on="token")
    source = write_csv([make_row(2), make_row(3)])

    failed = at.run(source)
    done = at.run(source)

    assert failed.exit_code == ExitCode.STOPPED_EARLY
    assert counts_of(failed) == {"not_sent": 2}
    assert counts_of(done) == {"booked": 2}


def test_a_503_with_a_wait_goes_again_only_where_that_is_trusted(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at.clock = FastClock(times=20)
    at.environ["SOLV_IMPORT_TRUST_503"] = "true"
    rows = [make_row(2), make_row(3, reason="fault:503-retry-after,wait=1"), make_row(4)]

    report = at.run(write_csv(rows))

    assert counts_of(report) == {"booked": 3}
    assert len(at.requests) == 4


def test_rejections_carry_the_field_and_the_servers_words(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    rows = [make_row(2), make_row(3, reason="fault:422"), make_row(4, reason="fault:422-string")]

    rows = read_results(at.run(write_csv(rows)).results_path)

    assert "phone" in rows[3]["what_to_fix"]
    assert "invalid phone number" in rows[3]["what_to_fix"]
    assert "This time is not available" in rows[4]["what_to_fix"]
    assert rows[3]["http"] == rows[4]["http"] == "422"


def test_a_run_that_was_accepted_carries_on_without_being_asked_again(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at.sandbox.fault_next("latency,seconds=0", 5)
    at.sandbox.fault_next("504-uncommitted", 5)
    rows = [make_row(n) for n in range(2, 22)]
    rows[7]["phone"] = "12"
    stopped = at.run(write_csv(rows), only_valid=True, in_flight=1)

    report = at.resume()

    assert counts_of(stopped) == {"booked": 5, "unknown": 5, "not_sent": 9, "invalid": 1}
    assert counts_of(report) == {"booked": 14, "unknown": 5, "invalid": 1}


def test_a_choice_of_rows_also_holds_for_a_run_that_carries_on(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk(faults={"gateway-forbidden": 1.0})
    source = write_csv(make_row(n) for n in range(2, 12))
    at.run(source)
    at.sandbox.fault_rate("gateway-forbidden", 0)

    some = at.run(source, rows="3,5")

    assert at.observer.plans[-1].to_send == 2
    assert counts_of(some) == {"booked": 2, "not_sent": 8}
    assert counts_of(at.run(source)) == {"booked": 10}
    assert set(bookings_per_patient(at.requests).values()) == {1}


def test_results_that_cannot_be_written_in_the_end_can_be_written_later(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    folder = tmp_path / "shared"
    folder.mkdir()
    at.observer.on_progress = lambda _: shutil.rmtree(folder, ignore_errors=True)

    report = at.run(write_csv([make_row(2), make_row(3)]), results=folder / "results.xlsx")

    assert report.exit_code == ExitCode.USAGE
    assert report.results_path is None
    assert counts_of(report) == {"booked": 2}
    assert report.summary.run_id in at.observer.notices[-1]
    later = write_results_again(
        report.summary.run_id,
        at.settings(),
        source=None,
        results=tmp_path / "later.xlsx",
        clock=at.clock,
    )
    assert [row["status"] for row in read_results(later).values()] == ["booked", "booked"]


def test_the_private_copy_goes_when_nobody_needs_it_any_more(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    source = write_csv([make_row(2), make_row(3, reason="fault:504-uncommitted"), make_row(4)])

    kept = at.run(source)
    assert len(list(at.folder.glob("state/*/spool/*"))) == 1

    fine = at.run(write_csv([make_row(5)], name="other.csv"))
    folders = [path.name for path in at.folder.glob("state/*/spool/*")]
    assert folders == [kept.summary.run_id]
    assert counts_of(fine) == {"booked": 1}


def test_the_same_input_gives_the_same_plan_and_results(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write, tmp_path: Path
) -> None:
    rows = [make_row(n) for n in range(2, 12)]
    rows[3]["phone"], rows[5] = "12", rows[1]
    source = write_csv(rows)
    told = []
    for name in ("one", "two"):
        at = desk()
        at.folder = tmp_path / name
        at.folder.mkdir()
        report = at.run(source, only_valid=True, results=at.folder / "r.xlsx")
        told.append(
            [
                {k: v for k, v in row.items() if k not in {"booking_id", "row_key"}}
                for row in read_results(report.results_path).values()
            ]
        )
        assert datetime.fromisoformat(report.summary.started_at) <= datetime.now(UTC)

    assert told[0] == told[1]
