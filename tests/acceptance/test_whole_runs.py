"""Whole runs of the real command against a real server, judged by the server's own log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from importer.sandbox import Limit
from sample_data.make_sample import write_sample
from tests.acceptance.cli_kit import read_results

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.sandbox import Sandbox
    from tests.acceptance.cli_kit import Cli, Finished

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]

SCHEMA = json.loads(Path("docs/summary.schema.json").read_text("utf-8"))


def assert_summary(finished: Finished) -> None:
    """The summary keeps its documented shape, its sum and the process's own exit code."""
    jsonschema.validate(dict(finished.summary), SCHEMA, format_checker=jsonschema.FormatChecker())
    assert sum(finished.counts.values()) == finished.summary["rows_in"]
    assert finished.summary["exit_code"] == finished.code


@pytest.mark.timeout(120)
def test_a_thousand_rows_a_tenth_of_them_bad(
    run_cli: Cli, start_sandbox: Callable[..., Sandbox], tmp_path: Path
) -> None:
    server = start_sandbox()
    run_cli.target(server)
    source = tmp_path / "thousand.csv"
    write_sample(source, rows=1000, seed=5, bad=100)
    text = source.read_text("utf-8").replace("Rash", "fault:409")
    source.write_text(text, "utf-8")
    refused = text.count("fault:409")

    held = run_cli("run", source)
    assert held.code == 3
    assert held.counts == {"invalid": 100, "not_sent": 900}
    assert len(held.errors) <= 9  # a line a kind of problem, not a line a row
    assert server.all_requests() == []
    assert_summary(held)
    assert held.summary["requests"] == 0

    sent = run_cli("run", source, "--only-valid")
    assert sent.code == 1
    rejected = sent.counts["rejected"]
    assert 0 < rejected <= refused
    assert sent.counts == {"booked": 900 - rejected, "rejected": rejected, "invalid": 100}
    assert len(server.requests()) == sent.summary["requests"] == 900
    assert len(server.bookings()) == 900 - rejected
    assert server.duplicates() == {}
    assert_summary(sent)

    assert_results_match_the_source(sent, source, server)

    again = run_cli("run", source, "--only-valid")
    assert again.code == 1
    assert again.counts == {"skipped": 900 - rejected, "rejected": rejected, "invalid": 100}
    assert again.summary["requests"] == 0
    assert len(server.all_requests()) == 901
    assert_summary(again)


def assert_results_match_the_source(sent: Finished, source: Path, server: Sandbox) -> None:
    """Every line of the source stands in the results once, on the line of its row number."""
    lines = source.read_text("utf-8").splitlines()
    rows = read_results(sent.results)
    assert list(rows) == list(range(2, len(lines) + 1))
    ids = {booking.id: booking.fields for booking in server.bookings()}
    for number, row in rows.items():
        assert list(row.values())[:13] == lines[number - 1].split(",")
        if row["status"] == "booked":
            assert ids.pop(int(row["booking_id"]))["last_name"] == row["Last Name"]
        else:
            assert row["booking_id"] == ""
            assert row["what_to_fix"]
    assert ids == {}


@pytest.mark.timeout(60)
def test_a_clean_file_again_and_again_in_another_form(
    run_cli: Cli,
    start_sandbox: Callable[..., Sandbox],
    make_row: Make,
    write_csv: Write,
    write_xlsx: Write,
) -> None:
    server = start_sandbox()
    run_cli.target(server)
    rows = [make_row(n) for n in range(2, 42)]
    source = write_csv(rows)

    first = run_cli("run", source)
    again = run_cli("run", source)
    for row in rows:
        row["phone"] = row["phone"].removeprefix("+1")
    other = run_cli("run", write_xlsx(rows[::-1], first_name="Patient First", birth_date="DOB"))

    assert [first.code, again.code, other.code] == [0, 0, 0]
    assert first.counts == {"booked": 40}
    assert again.counts == other.counts == {"skipped": 40}
    assert len(server.requests()) == 40
    assert len(server.all_requests()) == 41  # one sign-in, for the first of them
    assert "40 in = 40 skipped" in again.out
    for finished in (first, again, other):
        assert_summary(finished)


@pytest.mark.timeout(60)
def test_summaries_of_runs_that_stop_or_do_not_know_keep_their_shape(
    run_cli: Cli, start_sandbox: Callable[..., Sandbox], make_row: Make, write_csv: Write
) -> None:
    server = start_sandbox(limit=Limit(requests=30, window_s=0.5))
    run_cli.target(server)
    source = write_csv(make_row(n) for n in range(2, 82))

    server.fault_next("422", 20)
    stopped = run_cli("run", source, "--in-flight", 1)
    server.fault_next("latency,seconds=0", 10)
    server.fault_next("500", 1)
    resumed = run_cli("resume")

    assert stopped.code == 5
    assert stopped.counts == {"rejected": 20, "not_sent": 60}
    assert_summary(stopped)
    assert resumed.code == 6
    assert resumed.counts == {"rejected": 20, "booked": 59, "unknown": 1}
    assert resumed.summary["run_id"] == stopped.summary["run_id"]
    assert resumed.summary["waits_429"] > 0
    assert resumed.summary["requests"] == len(server.requests())
    assert_summary(resumed)
