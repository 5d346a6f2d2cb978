"""The same patients once more, in whatever form: nobody is booked twice."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from importer.errors import ExitCode
from importer.problems import ProblemCode
from tests.acceptance.cli_kit import read_results
from tests.pipeline.desk import FastClock, bookings_per_patient, counts_of, statuses

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.sandbox import Sandbox
    from tests.pipeline.desk import Desk

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]

OTHER_HEADINGS = {
    "first_name": "Patient First",
    "last_name": "Patient Last",
    "phone": "Cell #",
    "birth_date": "DOB",
    "appointment_date": "Appt",
    "location_id": "Clinic ID",
}


def test_the_same_file_again_sends_nothing_and_is_fine(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    source = write_csv(make_row(n) for n in range(2, 22))
    first = at.run(source)
    before = len(at.sandbox.all_requests())

    again = at.run(source)

    assert counts_of(first) == {"booked": 20}
    assert counts_of(again) == {"skipped": 20}
    assert again.exit_code == ExitCode.OK
    assert again.summary.requests == 0
    assert len(at.sandbox.all_requests()) == before
    told = {row["booking_id"] for row in read_results(again.results_path).values()}
    assert told == {str(booking.id) for booking in at.sandbox.bookings()}


def test_booked_rows_are_skipped_also_when_their_day_has_passed(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    source = write_csv([make_row(2), make_row(3)])
    at.run(source)
    at.clock = FastClock(ahead=timedelta(days=25_000))

    again = at.run(source)

    assert counts_of(again) == {"skipped": 2}
    assert again.exit_code == ExitCode.OK
    assert len(at.requests) == 2
    assert at.token_calls == 1


def test_rows_whose_day_has_passed_are_invalid_and_not_sent(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at.clock = FastClock(ahead=timedelta(days=25_000))

    report = at.run(write_csv([make_row(2), make_row(3)]), only_valid=True)

    assert counts_of(report) == {"invalid": 2}
    assert at.sandbox.all_requests() == []


def test_a_day_that_passes_while_the_run_waits_is_seen_at_the_claim(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    source = write_csv([make_row(2), make_row(3, phone="wrong"), make_row(4)])
    held = at.run(source)
    at.clock = FastClock(ahead=timedelta(days=25_000))

    report = at.run(source, only_valid=True)

    assert held.exit_code == ExitCode.SOURCE
    assert counts_of(report) == {"invalid": 3}
    assert report.exit_code == ExitCode.NEEDS_A_PERSON
    assert at.sandbox.all_requests() == []


@pytest.mark.parametrize("new_phone", ["", "(312) 555-0199"], ids=["reformatted", "changed"])
def test_the_same_rows_in_another_form_send_nothing(
    new_phone: str, desk: Callable[..., Desk], make_row: Make, write_csv: Write, write_xlsx: Write
) -> None:
    at = desk()
    rows = [make_row(n) for n in range(2, 42)]
    at.run(write_csv(rows))
    before = len(at.sandbox.all_requests())
    for row in rows:
        digits = row["phone"][2:]
        row["phone"] = new_phone or f"({digits[:3]}) {digits[3:6]}-{digits[6:]}"
        instant = datetime.fromisoformat(row["appointment_date"])
        row["appointment_date"] = instant.astimezone(None).isoformat()
        row["last_name"] = f" {row['last_name'].upper()}  "
        del row["emr_patient_id"]
    random.Random(7).shuffle(rows)
    again = write_xlsx(rows, **OTHER_HEADINGS)

    report = at.run(again)

    assert counts_of(report) == {"skipped": 40}
    assert len(at.sandbox.all_requests()) == before
    assert report.exit_code == ExitCode.NEEDS_A_PERSON  # they are told apart by what was sent


def test_rows_that_only_look_alike_are_all_sent(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    twin = make_row(2)
    rows = [
        twin,
        twin | {"first_name": "Bea"},  # twins: same day, same name, same phone
        twin | {"appointment_date": "2090-06-01T08:00:00-07:00"},  # a second appointment
        twin | {"first_name": "Cleo", "birth_date": "1965-04-05"},  # a mother, same phone
        twin | {"location_id": "4022"},  # another clinic
        twin | {"birth_date": "1990-01-04"},  # another person of that name
    ]

    report = at.run(write_csv(rows))

    assert counts_of(report) == {"booked": 6}
    assert len(at.sandbox.bookings()) == 6


def test_rows_that_may_be_one_visit_typed_twice_are_sent_with_a_warning(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    row = make_row(2)
    later = (datetime.fromisoformat(row["appointment_date"]) + timedelta(minutes=15)).isoformat()
    source = write_csv([row, make_row(3), row | {"appointment_date": later}, row])

    report = at.run(source)

    told = {n: found["what_to_fix"] for n, found in read_results(report.results_path).items()}
    assert statuses(report) == {2: "booked", 3: "booked", 4: "booked", 5: "duplicate"}
    assert report.exit_code == ExitCode.OK
    assert (told[2], told[3]) == ("", "")
    assert "all but the same patient (row 2)." in told[4]
    suspected = [g for g in report.groups if g.code is ProblemCode.SUSPECTED_DUPLICATE]
    assert [(group.rows, group.examples[0].row_number) for group in suspected] == [(1, 4)]
    assert len(at.requests) == 3

    again = at.run(write_csv([make_row(3), *[row | {"appointment_date": later}, row]], "b.csv"))

    assert counts_of(again) == {"skipped": 3}
    assert not [g for g in again.groups if g.code is ProblemCode.SUSPECTED_DUPLICATE]


def test_the_same_booking_twice_in_a_file_is_sent_once(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    row = make_row(2)
    source = write_csv([row, make_row(3), row | {"phone": "312-555-0142"}, row])

    report = at.run(source)

    assert statuses(report) == {2: "booked", 3: "booked", 4: "duplicate", 5: "duplicate"}
    assert report.exit_code == ExitCode.OK
    assert "row 2" in read_results(report.results_path)[4]["what_to_fix"]
    assert len(at.requests) == 2


def test_duplicates_are_sent_only_when_asked_for_and_then_once_each(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    source = write_csv([make_row(2)] * 3)

    first = at.run(source, allow_duplicates=True)
    again = at.run(source, allow_duplicates=True)

    assert counts_of(first) == {"booked": 3}
    assert counts_of(again) == {"skipped": 3}
    assert len(at.requests) == 3


@pytest.mark.parametrize("difference", ["client", "host"])
def test_another_target_gets_everything(
    difference: str,
    desk: Callable[..., Desk],
    start_sandbox: Callable[..., Sandbox],
    make_row: Make,
    write_csv: Write,
) -> None:
    at = desk()
    source = write_csv([make_row(2), make_row(3)])
    at.run(source)
    if difference == "client":
        at.sandbox = start_sandbox(client_id="other-client")
    else:
        at.sandbox = start_sandbox(host="::1")
        at.environ["SOLV_IMPORT_BASE_URL"] = at.sandbox.base_url

    report = at.run(source)

    if difference == "client":
        assert counts_of(report) == {"booked": 2}
        assert len(at.requests) == 2
    else:  # every name of this very machine is one target
        assert counts_of(report) == {"skipped": 2}
        assert at.sandbox.all_requests() == []


def test_two_runs_stopped_half_way_that_share_rows_book_nobody_twice(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    first = write_csv((make_row(n) for n in range(2, 42)), name="first.csv")
    second = write_csv((make_row(n) for n in range(22, 62)), name="second.csv")
    stopped = []
    for source in (first, second):
        at.sandbox.reset()
        at.sandbox.fault_next("latency,seconds=0", 10)
        at.sandbox.fault_next("504-uncommitted", 5)
        stopped.append(at.run(source, in_flight=1))

    reports = [at.run(source) for source in (first, second, first)]

    assert [counts_of(r)["unknown"] for r in stopped] == [5, 5]
    assert [r.summary.run_id for r in reports[:2]] == [r.summary.run_id for r in stopped]
    assert set(bookings_per_patient(at.requests).values()) == {1}
    assert len(at.requests) == len({r.body_hmac for r in at.requests}) == 60
    assert not counts_of(reports[0]).get("not_sent")
    assert not counts_of(reports[1]).get("not_sent")


def test_a_rejected_row_goes_again_only_when_corrected_or_asked_for(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    rows = [make_row(2), make_row(3, reason="fault:422,times=2"), make_row(4, location_id="4999")]
    first = at.run(write_csv(rows))
    again = at.run(write_csv(rows))
    sent_before = len(at.requests)
    retried = at.run(write_csv(rows), retry_rejected=True)
    rows[2]["location_id"] = "4021"
    corrected = at.run(write_csv(rows, name="corrected.csv"))

    assert counts_of(first) == {"booked": 1, "rejected": 2}
    assert counts_of(again) == {"skipped": 1, "rejected": 2}
    assert again.exit_code == ExitCode.NEEDS_A_PERSON
    assert sent_before == 3
    assert counts_of(retried) == {"skipped": 1, "rejected": 2}
    assert retried.summary.requests == 2
    assert statuses(corrected)[4] == "booked"
