"""What a person set as the end of a run: hours of the day, and refusals that are too many."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from importer.errors import ExitCode
from tests.pipeline.desk import FastClock, bookings_per_patient, counts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.pipeline.desk import Desk

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]

LATENCY_S = 0.05
TIMES = 20.0
"""So fast runs the clock of these tests."""


@pytest.fixture(autouse=True)
def in_chicago(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this machine stand in Chicago."""
    monkeypatch.setenv("TZ", "America/Chicago")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def clock_at(hour: int, minute: int) -> FastClock:
    """Return a clock that shows this time of today in Chicago, and runs fast from there."""
    now = datetime.now(UTC)
    shown = now.astimezone().replace(hour=hour, minute=minute, second=0, microsecond=0)
    return FastClock(ahead=shown - now, times=TIMES)


@pytest.mark.parametrize(
    ("hour", "flags", "why"),
    [
        (6, {"deadline": "05:30"}, "the deadline 05:30 has passed"),
        (12, {"window": "20:00-06:00"}, "it is outside the window 20:00-06:00"),
    ],
)
def test_a_run_that_starts_too_late_sends_nothing_and_signs_in_nowhere(
    hour: int,
    flags: dict[str, str],
    why: str,
    desk: Callable[..., Desk],
    make_row: Make,
    write_csv: Write,
) -> None:
    at = desk()
    at.clock = clock_at(hour, 0)
    report = at.run(write_csv(make_row(n) for n in range(2, 6)), **flags)
    assert report.exit_code == ExitCode.STOPPED_EARLY
    assert report.summary.why == why
    assert counts_of(report) == {"not_sent": 4}
    assert not at.sandbox.all_requests()


@pytest.mark.parametrize("flags", [{"deadline": "05:30"}, {"window": "20:00-05:30"}])
def test_a_run_ends_in_time_and_the_same_command_carries_on_the_next_night(
    flags: dict[str, str], desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    source = write_csv(make_row(n) for n in range(2, 302))
    at.clock = clock_at(5, 29)
    report = at.run(source, rate="2/s", **flags)

    counts = counts_of(report)
    assert report.exit_code == ExitCode.STOPPED_EARLY
    assert "05:30" in report.summary.why
    assert set(counts) == {"booked", "not_sent"}

    at.clock = clock_at(20, 0)
    at.clock.ahead += timedelta(days=1)
    again = at.run(source, **flags)
    assert again.exit_code == ExitCode.OK
    assert again.summary.run_id == report.summary.run_id
    assert counts_of(again) == {"booked": 300}
    assert set(bookings_per_patient(at.requests).values()) == {1}


def test_a_run_with_too_many_refusals_stops_and_carries_on_only_with_more_allowed(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    refused = {"location_id": "4999"}
    rows = [make_row(n, **(refused if n % 3 == 0 else {})) for n in range(2, 62)]
    source = write_csv(rows)

    report = at.run(source, in_flight=1, max_rejects="5")
    assert report.exit_code == ExitCode.STOPPED_EARLY
    assert report.summary.why == "6 rows were refused, more than --max-rejects 5"
    assert counts_of(report)["rejected"] == 6
    sent = len(at.requests)

    again = at.run(source, in_flight=1, max_rejects="5")
    assert again.exit_code == ExitCode.STOPPED_EARLY
    assert len(at.requests) == sent

    last = at.run(source, in_flight=1, max_rejects="50%")
    assert counts_of(last) == {"booked": 40, "rejected": 20}
    assert set(bookings_per_patient(at.requests).values()) == {1}


def test_a_canary_goes_one_by_one_and_stops_a_run_that_is_mostly_refused(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk(latency_s=LATENCY_S)
    refused = {"location_id": "4999"}
    rows = [make_row(n, **(refused if n % 3 else {})) for n in range(2, 62)]

    report = at.run(write_csv(rows), in_flight=8, canary="10")

    assert report.exit_code == ExitCode.STOPPED_EARLY
    assert report.summary.why == "6 of the first 10 rows were refused"
    assert len(at.requests) <= 10
    came = sorted(request.mono for request in at.requests)
    assert min(later - earlier for earlier, later in pairwise(came)) >= LATENCY_S
