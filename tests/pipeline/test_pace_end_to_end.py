"""The server's limit is kept by what arrives there: sign-ins, retries and restarts included."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from importer.errors import ExitCode
from importer.ledger import LedgerFolder, open_ledger, target_of
from importer.pipeline.job import Job, Unobserved
from importer.pipeline.sending import owed_waits
from importer.sandbox import Limit, most_in_window
from importer.settings import Selection, load_settings
from tests.pipeline.desk import FastClock, bookings_per_patient, counts_of, sent_per_body

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.pipeline.desk import Desk

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]

JITTER_MS = 40
"""A little wide, as the machine may be busy, but less than a claim comes before its slot."""


def busiest_second(at: Desk) -> int:
    """Return the most requests of any kind that one second saw at the server."""
    return most_in_window([r.mono for r in at.sandbox.all_requests()], 1.0)


@pytest.mark.parametrize("limit", [2, 10])
def test_files_one_right_after_the_other_keep_the_limit_together(
    limit: int, desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk(limit=Limit(requests=limit))
    at.environ["SOLV_IMPORT_JITTER_MS"] = str(JITTER_MS)
    for first in (2, 102, 202):
        rows = (make_row(n) for n in range(first, first + limit + 1))
        report = at.run(write_csv(rows, name=f"{first}.csv"), rate=f"{limit}/s", in_flight=limit)
        assert report.exit_code == ExitCode.OK
        assert report.summary.waits_429 == 0

    assert busiest_second(at) <= limit
    assert len(at.requests) == 3 * (limit + 1)


def test_a_rate_above_the_limit_books_everybody_in_the_end_and_nobody_twice(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk(limit=Limit(requests=20))

    report = at.run(write_csv(make_row(n) for n in range(2, 62)), rate="60/s", in_flight=20)

    assert counts_of(report) == {"booked": 60}
    assert report.summary.waits_429 > 0
    assert report.summary.requests == len(at.requests) == 60 + report.summary.waits_429
    assert set(bookings_per_patient(at.requests).values()) == {1}


def test_a_pause_that_is_too_long_ends_the_run_and_is_kept_for_the_next(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at.clock = FastClock(times=300)
    at.sandbox.fault_next("429,wait=7200", 1)
    source = write_csv([make_row(2), make_row(3)])

    stopped = at.run(source)
    too_early = at.run(source)
    at.clock = FastClock(ahead=timedelta(hours=6))
    done = at.run(source)

    for report in (stopped, too_early):
        assert report.exit_code == ExitCode.STOPPED_EARLY
        assert counts_of(report) == {"not_sent": 2}
    assert "more minutes" in too_early.summary.why
    assert counts_of(done) == {"booked": 2}
    assert sorted(sent_per_body(at.requests).values()) == [1, 2]


def test_a_clock_that_was_set_back_makes_no_pause_of_days(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    """No server is heard that asks for more than a day, so the clock must have gone back."""
    at = desk()
    at.clock = FastClock(ahead=timedelta(days=3))
    at.sandbox.fault_next("429,wait=7200", 1)
    source = write_csv([make_row(2), make_row(3)])

    stopped = at.run(source)
    at.clock = FastClock()
    done = at.run(source)

    assert stopped.exit_code == ExitCode.STOPPED_EARLY
    assert counts_of(done) == {"booked": 2}


def test_nothing_but_429_for_a_quarter_of_an_hour_ends_the_run(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at.clock = FastClock(times=2000)
    at.sandbox.fault_rate("429,wait=100", 1.0)

    report = at.run(write_csv(make_row(n) for n in range(2, 12)))

    assert report.exit_code == ExitCode.STOPPED_EARLY
    assert counts_of(report) == {"not_sent": 10}
    assert "429" in at.observer.notices[-1]
    assert len(at.requests) < 40


def test_after_a_change_of_rate_a_window_and_the_allowance_are_waited(tmp_path: Path) -> None:
    """The last request before may have arrived late, and the first one after early."""
    clock = FastClock()
    environ = {"SOLV_IMPORT_BASE_URL": "http://127.0.0.1:1", "SOLV_IMPORT_CLIENT_ID": "clinic"}
    told = {"rate": "0.5/s", "jitter_ms": 100}
    folder, target = LedgerFolder(tmp_path / "ledger"), target_of(*environ.values())
    with open_ledger(folder, target, at=clock.now()) as ledger:
        job = Job(
            settings=load_settings(told, environ=environ, folder=tmp_path),
            ledger=ledger,
            clock=clock,
            observer=Unobserved(),
            selection=Selection(),
            results=tmp_path / "results.xlsx",
            summary=None,
        )
        in_a_while = clock.now() + timedelta(hours=1)
        ledger.remember_pace(rate="2/s", last_request_at=in_a_while.isoformat())

        assert owed_waits(job) == (pytest.approx(2.1), 0.0)


def test_after_a_crash_at_another_rate_a_window_is_waited_whatever_the_rate_is_now(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    """The crashed run may have sent a window's worth of its own rate a moment ago."""

    def crash(_: object) -> None:
        raise RuntimeError("as if killed")

    at = desk()
    at.run(write_csv([make_row(2)], name="first.csv"), rate="20/s")
    at.observer.on_progress = crash
    with pytest.raises(RuntimeError):
        at.run(write_csv([make_row(3)], name="second.csv"), rate="50/s")

    settings = at.settings(rate="20/s")
    folder = next(path for path in settings.state_dir.iterdir() if path.is_dir())
    target = target_of(settings.base_url, settings.client_id)
    with open_ledger(LedgerFolder(folder), target, at=at.clock.now()) as ledger:
        job = Job(
            settings=settings,
            ledger=ledger,
            clock=at.clock,
            observer=Unobserved(),
            selection=Selection(),
            results=at.folder / "results.xlsx",
            summary=None,
        )
        ledger.remember_pace(last_request_at=(at.clock.now() + timedelta(hours=1)).isoformat())

        assert owed_waits(job)[0] == pytest.approx(1.02)
