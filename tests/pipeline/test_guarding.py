"""Guards hold a run with a profile before its first request, and one word lets it pass once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from importer.errors import ExitCode, SourceError
from importer.pipeline import plan_file
from tests.pipeline.desk import FastClock, bookings_per_patient, counts_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.pipeline import RunReport
    from tests.pipeline.desk import Desk

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]

NIGHTLY = 12
"""So many rows are usual."""


@pytest.fixture
def at(desk: Callable[..., Desk], tmp_path: Path) -> Desk:
    """Return a desk whose runs have a profile."""
    made = desk()
    profile = tmp_path / "north.toml"
    profile.write_text('[run]\nonly_valid = true\n[guards]\ninvalid = "50%"\n', encoding="utf-8")
    made.environ["SOLV_IMPORT_PROFILE"] = str(profile)
    return made


@pytest.fixture
def nights(at: Desk, make_row: Make, write_csv: Write) -> Callable[[int], None]:
    """Return what books so many usual nights."""

    def book(count: int) -> None:
        for night in range(count):
            first = 100 * (night + 1)
            rows = [make_row(n) for n in range(first, first + NIGHTLY)]
            assert at.run(write_csv(rows, name=f"night{night}.csv")).exit_code == ExitCode.OK

    return book


def held(report: RunReport, guard: str) -> bool:
    return report.exit_code == ExitCode.SOURCE and f"guard {guard}:" in report.summary.why


def test_a_file_that_is_much_larger_is_held_until_somebody_says_so(
    at: Desk, nights: Callable[[int], None], make_row: Make, write_csv: Write
) -> None:
    nights(5)
    before = len(at.requests)
    source = write_csv([make_row(n) for n in range(1_000, 1_060)], name="large.csv")

    report = at.run(source)
    assert held(report, "rows")
    assert "60 rows" in report.summary.why
    assert report.stop is not None
    assert "--override rows" in report.stop.todo
    assert counts_of(report) == {"not_sent": 60}
    assert len(at.requests) == before

    assert held(at.run(source), "rows")
    again = at.run(source, override="rows")
    assert again.exit_code == ExitCode.OK
    assert again.summary.run_id == report.summary.run_id
    assert counts_of(again) == {"booked": 60}
    assert set(bookings_per_patient(at.requests).values()) == {1}


def test_four_nights_are_not_enough_to_say_what_is_usual(
    at: Desk, nights: Callable[[int], None], make_row: Make, write_csv: Write
) -> None:
    nights(4)
    report = at.run(write_csv([make_row(n) for n in range(1_000, 1_060)], name="large.csv"))
    assert report.exit_code == ExitCode.OK


def test_runs_of_another_profile_say_nothing(
    at: Desk, nights: Callable[[int], None], make_row: Make, write_csv: Write, tmp_path: Path
) -> None:
    nights(5)
    other = tmp_path / "south.toml"
    other.write_text("", encoding="utf-8")
    source = write_csv([make_row(n) for n in range(1_000, 1_060)], name="large.csv")
    assert at.run(source, profile=str(other)).exit_code == ExitCode.OK


def test_corrected_results_are_few_rows_and_neither_held_nor_counted(
    at: Desk, nights: Callable[[int], None], make_row: Make, write_csv: Write
) -> None:
    nights(5)
    rows = [make_row(n) for n in range(1_000, 1_012)]
    rows[3] |= {"phone": "555"}
    report = at.run(write_csv(rows, name="one_wrong.csv"))
    assert report.exit_code == ExitCode.NEEDS_A_PERSON
    assert report.results_path is not None

    for _ in range(9):
        again = at.run(report.results_path, rows="5-5")
        assert again.exit_code == ExitCode.NEEDS_A_PERSON
    assert at.run(write_csv([make_row(n) for n in range(2, 13)])).exit_code == ExitCode.OK


def test_a_file_without_rows_is_held(at: Desk, write_csv: Write, make_row: Make) -> None:
    source = write_csv([make_row(2)], name="empty.csv")
    source.write_text(source.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    report = at.run(source)
    assert held(report, "no-rows")
    assert not at.sandbox.all_requests()
    assert at.run(source, override="no-rows").exit_code == ExitCode.OK


def test_without_a_profile_a_file_without_rows_is_no_fault(
    desk: Callable[..., Desk], write_csv: Write, make_row: Make
) -> None:
    source = write_csv([make_row(2)], name="empty.csv")
    source.write_text(source.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    assert desk().run(source).exit_code == ExitCode.OK


def test_too_many_invalid_rows_hold_although_only_valid_is_set(
    at: Desk, make_row: Make, write_csv: Write
) -> None:
    rows = [make_row(n, **({"phone": "555"} if n % 3 else {})) for n in range(2, 32)]
    report = at.run(write_csv(rows))
    assert held(report, "invalid")
    assert "20 of 30 rows are invalid, more than 50%" in report.summary.why
    assert not at.requests


def test_visits_far_ahead_hold_and_the_row_is_named(
    at: Desk, make_row: Make, write_csv: Write
) -> None:
    at.environ["SOLV_IMPORT_GUARD_DAYS_AHEAD"] = "30"
    near = (datetime.now(UTC) + timedelta(days=20)).isoformat(timespec="minutes")
    far = (datetime.now(UTC) + timedelta(days=40)).isoformat(timespec="minutes")
    rows = [make_row(n, appointment_date=far if n in (4, 6) else near) for n in range(2, 9)]
    report = at.run(write_csv(rows))
    assert held(report, "days-ahead")
    assert "2 of the visits are more than 30 days ahead, the first in row 4" in report.summary.why
    assert not at.requests


def test_a_profile_of_another_server_is_refused_before_anything_is_read(
    at: Desk, make_row: Make, write_csv: Write
) -> None:
    at.environ["SOLV_IMPORT_GUARD_BASE_URL"] = "https://api.example.com"
    with pytest.raises(SourceError, match="guard server: this profile books at https") as caught:
        at.run(write_csv([make_row(2)]))
    assert "--override server" in caught.value.todo
    assert not (at.folder / "state").exists()
    assert at.run(write_csv([make_row(2)]), override="server").exit_code == ExitCode.OK


def test_changed_headings_pass_once_by_their_name(
    at: Desk, make_row: Make, write_csv: Write, tmp_path: Path
) -> None:
    headings = ", ".join(f'"{name}"' for name in [*make_row(2)][:-1])
    profile = tmp_path / "north.toml"
    profile.write_text(f"[file]\nheadings = [{headings}]\n", encoding="utf-8")
    source = write_csv([make_row(2)])
    with pytest.raises(SourceError) as caught:
        at.run(source)
    assert caught.value.code == "IMP110"
    assert at.run(source, override="headings").exit_code == ExitCode.OK


def test_a_run_that_was_let_pass_is_not_held_when_it_carries_on(
    at: Desk, nights: Callable[[int], None], make_row: Make, write_csv: Write
) -> None:
    nights(5)
    source = write_csv([make_row(n) for n in range(1_000, 1_060)], name="large.csv")
    at.sandbox.fault_rate("503", 1.0)
    stopped = at.run(source, override="rows")
    assert stopped.exit_code == ExitCode.UNKNOWN_OUTCOMES
    at.sandbox.fault_rate("503", 0)
    again = at.run(source)
    assert not again.summary.not_sent
    assert again.summary.run_id == stopped.summary.run_id


def test_a_dry_run_names_the_guard(
    at: Desk, nights: Callable[[int], None], make_row: Make, write_csv: Write
) -> None:
    nights(5)
    settings = at.settings()
    plan = plan_file(
        write_csv([make_row(n) for n in range(1_000, 1_060)], name="large.csv"),
        settings,
        clock=FastClock(),
        selection=settings.selection,
    )
    assert [held.guard for held in plan.held_by] == ["rows"]


def test_a_held_run_is_held_when_it_is_resumed_without_its_profile(
    at: Desk, nights: Callable[[int], None], make_row: Make, write_csv: Write
) -> None:
    nights(5)
    source = write_csv([make_row(n) for n in range(1_000, 1_060)], name="large.csv")
    assert held(at.run(source), "rows")
    before = len(at.requests)
    del at.environ["SOLV_IMPORT_PROFILE"]
    assert held(at.resume(), "rows")
    assert len(at.requests) == before
    assert counts_of(at.resume(override="rows")) == {"booked": 60}
