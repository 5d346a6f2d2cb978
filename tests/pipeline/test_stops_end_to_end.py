"""Answers that are about the run and not about a row stop it, and lose nothing."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from importer.errors import ExitCode
from importer.pipeline import ending
from importer.sandbox import SandboxConfig, running_sandbox
from tests.acceptance.echo_server import answering
from tests.pipeline.desk import FastClock, bookings_per_patient, counts_of, sent_per_body, statuses

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.pipeline.desk import Desk

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]


@pytest.mark.parametrize("in_flight", [1, 8])
@pytest.mark.parametrize(
    ("fault", "code"),
    [("403", ExitCode.CREDENTIALS), ("404", ExitCode.USAGE), ("302", ExitCode.USAGE)],
)
def test_the_first_answers_all_alike_send_their_rows_back_to_not_sent(
    fault: str,
    code: ExitCode,
    in_flight: int,
    desk: Callable[..., Desk],
    make_row: Make,
    write_csv: Write,
) -> None:
    at = desk(faults={fault: 1.0})
    source = write_csv(make_row(n) for n in range(2, 42))

    report = at.run(source, in_flight=in_flight)

    assert report.exit_code == code
    assert counts_of(report) == {"not_sent": 40}
    assert len(at.requests) <= 5 + in_flight - 1
    assert report.summary.requests == len(at.requests)

    at.sandbox.fault_rate(fault, 0)
    again = at.run(source, in_flight=in_flight)
    assert again.exit_code == ExitCode.OK
    assert again.summary.run_id == report.summary.run_id
    assert counts_of(again) == {"booked": 40}
    assert again.summary.requests == len(at.requests)
    assert set(bookings_per_patient(at.requests).values()) == {1}


def test_a_gateway_that_refuses_the_key_stops_at_the_first_answer(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk(faults={"gateway-forbidden": 1.0})

    report = at.run(write_csv(make_row(n) for n in range(2, 12)), in_flight=8)

    assert report.exit_code == ExitCode.CREDENTIALS
    assert counts_of(report) == {"not_sent": 10}
    assert len(at.requests) == 1


def test_a_403_later_on_is_about_its_row(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    rows = [make_row(2), make_row(3, location_id="4999"), make_row(4)]

    report = at.run(write_csv(rows))

    assert statuses(report) == {2: "booked", 3: "rejected", 4: "booked"}
    assert report.exit_code == ExitCode.NEEDS_A_PERSON


def test_twenty_rejections_from_the_start_stop_the_run(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk(faults={"422": 1.0})
    source = write_csv(make_row(n) for n in range(2, 62))

    report = at.run(source, in_flight=1)

    assert report.exit_code == ExitCode.STOPPED_EARLY
    assert counts_of(report) == {"rejected": 20, "not_sent": 40}
    assert len(at.requests) == 20


def test_five_answers_in_a_row_that_may_hide_a_booking_stop_the_run(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at.sandbox.fault_next("latency,seconds=0", 10)
    at.sandbox.fault_next("504", 100)
    source = write_csv(make_row(n) for n in range(2, 62))

    report = at.run(source, in_flight=8)

    counts = counts_of(report)
    assert report.exit_code == ExitCode.UNKNOWN_OUTCOMES
    assert counts["booked"] == 10
    assert 5 <= counts["unknown"] <= 8 + 5
    assert len(at.requests) == counts["booked"] + counts["unknown"]
    assert set(sent_per_body(at.requests).values()) == {1}


def test_a_token_that_ends_in_the_middle_is_renewed_once_for_all_workers(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    # A token that is refused within a minute of its sign-in would stop the run.
    at.clock = FastClock(times=200)
    at.sandbox.fault_next("latency,seconds=0.5", 1)
    at.sandbox.fault_next("latency,seconds=0", 19)
    at.sandbox.fault_next("expire-tokens", 1)

    report = at.run(write_csv(make_row(n) for n in range(2, 62)), in_flight=4)

    assert report.exit_code == ExitCode.OK
    assert counts_of(report) == {"booked": 60}
    assert at.token_calls == 2
    assert set(bookings_per_patient(at.requests).values()) == {1}
    assert report.summary.requests == len(at.requests)


def test_a_token_refused_as_soon_as_it_is_given_stops_the_run(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk(faults={"401": 1.0})

    report = at.run(write_csv(make_row(n) for n in range(2, 12)))

    assert report.exit_code == ExitCode.CREDENTIALS
    assert counts_of(report) == {"not_sent": 10}
    assert len(at.requests) == 1


@pytest.mark.parametrize(
    ("switches", "secret"),
    [
        ({}, "wrong"),
        ({"bad_credentials_status": 403}, "wrong"),
        ({"granted_scopes": ("read:locations",)}, "sandbox-secret"),
    ],
    ids=["secret", "secret-403", "scope"],
)
def test_a_refused_sign_in_sends_no_booking(
    switches: dict[str, object],
    secret: str,
    desk: Callable[..., Desk],
    make_row: Make,
    write_csv: Write,
) -> None:
    at = desk(**switches)
    at.environ["SOLV_IMPORT_CLIENT_SECRET"] = secret

    report = at.run(write_csv([make_row(2), make_row(3)]))

    assert report.exit_code == ExitCode.CREDENTIALS
    assert counts_of(report) == {"not_sent": 2}
    assert at.requests == []
    assert at.token_calls == 1


def test_a_server_that_goes_and_comes_back_gets_every_row_once(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write, tmp_path: Path
) -> None:
    log = tmp_path / "requests.jsonl"
    source = write_csv(make_row(n) for n in range(2, 82))
    with running_sandbox(SandboxConfig(log_path=log)) as first:
        port = int(first.base_url.rpartition(":")[2])
        at = desk()
        at.sandbox = first
        at.clock = FastClock(times=20)
        at.run(source, limit=30, results=tmp_path / "a.xlsx")
    report = at.run(source)

    assert report.exit_code == ExitCode.STOPPED_EARLY
    assert counts_of(report) == {"skipped": 30, "not_sent": 50}

    with running_sandbox(SandboxConfig(log_path=log, port=port)) as second:
        at.sandbox = second
        again = at.run(source)
        assert counts_of(again) == {"skipped": 30, "booked": 50}
        assert again.summary.run_id == report.summary.run_id
        assert set(bookings_per_patient(second.requests()).values()) == {1}
        assert len(second.requests()) == 80


def test_a_server_that_dies_under_way_leaves_at_most_what_was_in_flight_unknown(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write, tmp_path: Path
) -> None:
    log = tmp_path / "requests.jsonl"
    source = write_csv(make_row(n) for n in range(2, 82))
    at = desk()
    at.clock = FastClock(times=20)
    with ExitStack() as stack:
        first = stack.enter_context(running_sandbox(SandboxConfig(log_path=log)))
        port = int(first.base_url.rpartition(":")[2])
        at.sandbox = first
        at.observer.on_progress = lambda view: stack.close() if view.done == 30 else None

        report = at.run(source, in_flight=4)

    before = counts_of(report)
    unknown = before.get("unknown", 0)
    assert unknown <= 4
    assert report.exit_code == (ExitCode.UNKNOWN_OUTCOMES if unknown else ExitCode.STOPPED_EARLY)
    assert before["not_sent"] > 0

    at.observer.on_progress = None
    with running_sandbox(SandboxConfig(log_path=log, port=port)) as second:
        at.sandbox = second
        again = at.run(source)
        assert counts_of(again).get("unknown", 0) == unknown
        assert counts_of(again)["booked"] == 80 - unknown
        assert set(bookings_per_patient(second.requests()).values()) == {1}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_the_key_goes_nowhere_else(
    status: int, desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    elsewhere = {"Location": f"{at.sandbox.base_url}/v1/partner/bookings"}
    with answering(lambda _number, _body: (status, elsewhere, b"")) as url:
        at.environ["SOLV_IMPORT_BASE_URL"] = url
        report = at.run(write_csv([make_row(2), make_row(3)]))

    assert report.exit_code == ExitCode.USAGE
    assert counts_of(report) == {"not_sent": 2}
    assert "redirected" in at.observer.notices[-1]
    assert at.sandbox.all_requests() == []


@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(),
    reason="signals reach the main thread only",
)
@pytest.mark.parametrize("lost", [0, 1])
def test_a_long_file_does_not_keep_a_stop_waiting_for_its_results(
    lost: int,
    desk: Callable[..., Desk],
    make_row: Make,
    write_csv: Write,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A million lines take minutes, also when a row is unknown and the exit code says that."""
    monkeypatch.setattr(ending, "_MANY_ROWS", 5)
    at = desk()
    at.sandbox.fault_next("commit-then-drop", lost)
    stops = [signal.SIGTERM]
    at.observer.on_progress = lambda _: stops and signal.raise_signal(stops.pop())
    source = write_csv(make_row(n) for n in range(2, 22))

    report = at.run(source, in_flight=1)

    assert report.exit_code == (ExitCode.UNKNOWN_OUTCOMES if lost else ExitCode.TERMINATED)
    assert report.results_path is None
    assert any("results are written by" in notice for notice in at.observer.notices)
    assert counts_of(at.run(source)) == {"booked": 20 - lost} | ({"unknown": 1} if lost else {})
