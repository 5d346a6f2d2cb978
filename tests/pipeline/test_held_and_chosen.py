"""Runs that are held, changed, or told to send only some rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.errors import ExitCode, SettingsError, SourceError
from importer.pipeline import (
    plan_file,
    resume_run,
    run_statuses,
    verify_run,
    write_results_again,
)
from importer.problems import ProblemCode
from tests.acceptance.cli_kit import read_results
from tests.pipeline.desk import bookings_per_patient, counts_of, statuses

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.pipeline.desk import Desk

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]


def test_invalid_rows_hold_the_whole_run_until_only_valid_is_said(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    source = write_csv([make_row(2), make_row(3, phone="12"), make_row(4), make_row(5)])

    held = at.run(source)

    assert held.exit_code == ExitCode.SOURCE
    assert counts_of(held) == {"invalid": 1, "not_sent": 3}
    assert statuses(held)[3] == "invalid"
    assert at.sandbox.all_requests() == []

    sent = at.run(source, only_valid=True)
    assert sent.exit_code == ExitCode.NEEDS_A_PERSON
    assert sent.summary.run_id == held.summary.run_id
    assert counts_of(sent) == {"booked": 3, "invalid": 1}
    assert len(at.requests) == 3
    assert sent.results_path == held.results_path


def test_a_person_may_let_a_held_run_go(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at.observer.accepts_held = True

    report = at.run(write_csv([make_row(2), make_row(3, phone="12")]))

    assert at.observer.plans[0].is_held
    assert counts_of(report) == {"booked": 1, "invalid": 1}


def test_a_held_run_that_has_sent_nothing_may_be_planned_anew_with_another_zone(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at_nine = "2090-05-06T09:00:00"
    rows = [make_row(2, appointment_date=at_nine), make_row(3, appointment_date=at_nine, phone="1")]
    source = write_csv(rows)
    with pytest.raises(SourceError, match="zone"):
        at.run(source)
    held = at.run(source, timezone="America/Chicago")
    sent = at.run(source, timezone="America/Los_Angeles", only_valid=True)
    again = at.run(source, timezone="America/Los_Angeles", only_valid=True)

    assert held.exit_code == ExitCode.SOURCE
    assert counts_of(sent) == {"booked": 1, "invalid": 1}
    assert sent.summary.run_id != held.summary.run_id
    assert counts_of(again) == {"skipped": 1, "invalid": 1}
    assert [b.fields["appointment_date"] for b in at.sandbox.bookings()] == [
        "2090-05-06T09:00:00-07:00"
    ]


def test_a_corrected_file_books_what_the_held_one_did_not(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    rows = [make_row(2), make_row(3, phone="12"), make_row(4)]
    held = at.run(write_csv(rows))
    rows[1]["phone"] = "312-555-0142"

    sent = at.run(write_csv(rows))

    assert held.exit_code == ExitCode.SOURCE
    assert counts_of(sent) == {"booked": 3}
    assert set(bookings_per_patient(at.requests).values()) == {1}


def test_an_old_held_file_sends_nothing_once_its_rows_are_booked_elsewhere(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    rows = [make_row(2), make_row(3, phone="12")]
    held = write_csv(rows, name="held.csv")
    at.run(held)
    at.run(write_csv(rows[:1], name="other.csv"))
    before = len(at.sandbox.all_requests())

    report = at.run(held, only_valid=True)

    assert counts_of(report) == {"skipped": 1, "invalid": 1}
    assert len(at.requests) == 1
    assert len(at.sandbox.all_requests()) == before


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ({"timezone": "America/Denver"}, "timezone"),
        ({"location_id": "4022"}, "defaults"),
        (
            {"date_order": "DMY", "allow_walkin_scheduling": True},
            "allow_walkin_scheduling, date_order",
        ),
    ],
    ids=["zone", "default", "two"],
)
def test_a_run_half_sent_does_not_carry_on_with_other_settings(
    flags: dict[str, object],
    named: str,
    desk: Callable[..., Desk],
    make_row: Make,
    write_csv: Write,
) -> None:
    at = desk()
    source = write_csv(make_row(n) for n in range(2, 22))
    at.sandbox.fault_next("latency,seconds=0", 5)
    at.sandbox.fault_next("504-uncommitted", 5)
    stopped = at.run(source, in_flight=1)
    before = len(at.sandbox.all_requests())

    with pytest.raises(SourceError) as raised:
        at.run(source, **flags)

    assert stopped.exit_code == ExitCode.UNKNOWN_OUTCOMES
    assert named in raised.value.message
    assert len(at.sandbox.all_requests()) == before
    assert counts_of(at.run(source))["booked"] == 15


def test_a_limit_leaves_the_others_out_and_they_go_next_time(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    source = write_csv(make_row(n) for n in range(2, 14))

    some = at.run(source, limit=5)
    was = statuses(some)
    rest = at.run(source)

    assert counts_of(some) == {"booked": 5, "left_out": 7}
    assert some.exit_code == ExitCode.NEEDS_A_PERSON
    assert [n for n, status in was.items() if status == "booked"] == [2, 3, 4, 5, 6]
    assert counts_of(rest) == {"skipped": 5, "booked": 7}
    assert rest.exit_code == ExitCode.OK
    assert set(bookings_per_patient(at.requests).values()) == {1}


def test_a_limit_counts_the_rows_that_are_sent(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    """Invalid, blank, repeated and booked rows cost nothing; the same command sends the next."""
    at = desk()
    at.run(write_csv([make_row(3)], name="earlier.csv"))
    rows = [make_row(n) for n in range(2, 16)]
    rows[2]["phone"] = rows[9]["phone"] = "12"
    rows[3] = dict.fromkeys(rows[3], "")
    rows[4] = rows[0]
    source = write_csv(rows)
    begun = len(at.requests)

    reports = [at.run(source, limit=4, only_valid=True) for _ in range(4)]

    assert [counts_of(report) for report in reports] == [
        {"booked": 4, "skipped": 1, "duplicate": 1, "invalid": 1, "left_out": 6, "blank": 1},
        {"booked": 4, "skipped": 5, "duplicate": 1, "invalid": 2, "left_out": 1, "blank": 1},
        {"booked": 1, "skipped": 9, "duplicate": 1, "invalid": 2, "blank": 1},
        {"skipped": 10, "duplicate": 1, "invalid": 2, "blank": 1},
    ]
    assert len(at.requests) - begun == 9
    assert set(bookings_per_patient(at.requests).values()) == {1}


def test_invalid_rows_before_the_limit_is_reached_hold_the_run(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    source = write_csv([make_row(2), make_row(3, phone="12"), make_row(4), make_row(5)])
    assert counts_of(at.run(source, limit=1)) == {"booked": 1, "left_out": 3}
    held = at.run(source, limit=2)
    assert (held.exit_code, counts_of(held)) == (
        ExitCode.SOURCE,
        {"skipped": 1, "invalid": 1, "not_sent": 2},
    )


def test_a_limit_counts_what_a_stopped_run_has_left_to_send(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    source = write_csv(make_row(n) for n in range(2, 22))
    at.sandbox.fault_next("latency,seconds=0", 5)
    at.sandbox.fault_next("504-uncommitted", 5)
    stopped = at.run(source, in_flight=1)
    assert counts_of(stopped) == {"booked": 5, "unknown": 5, "not_sent": 10}

    settings = at.settings(limit="4")
    view = plan_file(source, settings, clock=at.clock, selection=settings.selection)
    some = at.run(source, limit="4")
    more = at.run(source, limit="4")

    assert view.to_send == 4
    assert counts_of(some) == {"booked": 9, "unknown": 5, "not_sent": 6}
    assert counts_of(more) == {"booked": 13, "unknown": 5, "not_sent": 2}
    assert {some.summary.run_id, more.summary.run_id} == {stopped.summary.run_id}
    assert len(at.requests) == 18


def test_a_row_that_another_run_has_booked_meanwhile_takes_no_place_of_the_limit(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    source = write_csv([*(make_row(n) for n in range(2, 6)), make_row(6, phone="12")])
    held = at.run(source)
    at.run(write_csv([make_row(2)], name="other.csv"))
    # What was planned whole and has sent nothing is carried on by its id alone.
    settings = at.settings(limit=2, only_valid=True)
    report = resume_run(held.summary.run_id, settings, clock=at.clock, observer=at.observer)
    assert counts_of(report) == {"booked": 2, "skipped": 1, "invalid": 1, "not_sent": 1}


def test_what_a_held_run_did_not_send_stays_not_sent_when_its_file_is_planned_anew(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    source = write_csv([make_row(2), make_row(3, phone="12"), make_row(4), make_row(5)])
    held = at.run(source, results=at.folder / "held.xlsx")
    sent = at.run(source, only_valid=True, limit=2)
    assert sent.summary.run_id != held.summary.run_id

    first, second = run_statuses(at.settings(), None)

    assert (first.not_sent, first.left_out, first.is_closed) == (3, 0, True)
    assert (second.booked, second.left_out, second.is_closed) == (2, 1, False)
    assert set(statuses(held).values()) == {"not sent", "invalid"}
    _, violations = verify_run(held.summary.run_id, at.settings(), clock=at.clock)
    assert violations == []
    again = write_results_again(
        held.summary.run_id,
        at.settings(),
        source=None,
        results=at.folder / "again.xlsx",
        clock=at.clock,
    )
    words = {row["status"]: row["what_to_fix"] for row in read_results(again).values()}
    assert words["not sent"].startswith(ProblemCode.NOT_SENT.sentence)
    with pytest.raises(SettingsError, match="is closed: its file was planned anew"):
        at.resume(held.summary.run_id)


def test_chosen_rows_are_sent_and_a_choice_comes_before_duplicates(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    rows = [make_row(n) for n in range(2, 10)]
    rows[6] = rows[0]  # row 8 is row 2 again, but row 2 is not chosen

    report = at.run(write_csv(rows), rows="3,7-9")

    chosen = [n for n, status in statuses(report).items() if status == "booked"]
    assert chosen == [3, 7, 8, 9]
    assert counts_of(report) == {"booked": 4, "left_out": 4}


def test_blank_rows_are_counted_and_trailing_ones_are_no_rows(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    blank = dict.fromkeys(make_row(2), "")

    report = at.run(write_csv([make_row(2), blank, make_row(4), blank, blank]))

    assert counts_of(report) == {"booked": 2, "blank": 1}
    assert statuses(report) == {2: "booked", 3: "blank", 4: "booked"}


def test_an_empty_list_of_patients_is_fine_and_asks_for_nothing(
    desk: Callable[..., Desk], make_row: Make, tmp_path: Path
) -> None:
    at = desk()
    source = tmp_path / "empty.csv"
    source.write_text(",".join(make_row(2)) + "\n")

    report = at.run(source)

    assert report.exit_code == ExitCode.OK
    assert report.summary.rows_in == 0
    assert [warning.code for warning in report.summary.warnings] == [ProblemCode.NO_ROWS]
    assert [w.code for plan in at.observer.plans for w in plan.file_warnings] == [
        ProblemCode.NO_ROWS
    ]
    assert at.sandbox.all_requests() == []


def test_resume_finishes_a_run_with_its_own_settings_when_the_file_is_gone(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    naive = "2090-05-06T09:{:02}:00"
    source = write_csv(make_row(n, appointment_date=naive.format(n)) for n in range(2, 22))
    at.sandbox.fault_next("latency,seconds=0", 5)
    at.sandbox.fault_next("504-uncommitted", 5)
    stopped = at.run(source, in_flight=1, timezone="America/Chicago")
    source.unlink()

    report = at.resume()

    assert report.summary.run_id == stopped.summary.run_id
    assert counts_of(report) == {"booked": 15, "unknown": 5}
    assert report.results_path == stopped.results_path
    assert {b.fields["appointment_date"][-6:] for b in at.sandbox.bookings()} == {"-05:00"}
