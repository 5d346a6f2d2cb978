"""A run that is asked to stop says what it has done, and the same command carries on."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.cli_kit import read_results

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.sandbox import Sandbox
    from tests.acceptance.cli_kit import Cli, Running

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]

pytestmark = pytest.mark.timeout(90)


def wait_for_requests(server: Sandbox, running: Running, count: int) -> None:
    """Return when that many booking requests have arrived."""
    while len(server.requests()) < count:
        assert running.process.poll() is None
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["TERM", "INT"]
)
def test_one_signal_waits_for_what_is_under_way_and_writes_the_results(
    number: signal.Signals,
    code: int,
    run_cli: Cli,
    start_sandbox: Callable[..., Sandbox],
    make_row: Make,
    write_csv: Write,
) -> None:
    server = start_sandbox(latency_s=0.3)
    run_cli.target(server)
    source = write_csv(make_row(n) for n in range(2, 42))
    running = run_cli.start("run", source, "--in-flight", 4)
    wait_for_requests(server, running, 10)

    running.process.send_signal(number)
    stopped = running.finish(timeout_s=20)

    assert stopped.code == code
    sent = len(server.requests())
    assert stopped.counts == {"booked": sent, "not_sent": 40 - sent}
    assert stopped.summary["exit_code"] == code
    words = Counter(row["status"] for row in read_results(stopped.results).values())
    assert words == {"booked": sent, "not sent": 40 - sent}

    done = run_cli("run", source, "--in-flight", 20)
    assert done.code == 0
    assert done.counts == {"booked": 40}
    assert done.summary["run_id"] == stopped.summary["run_id"]
    assert done.summary["requests"] == len(server.requests()) == 40
    assert server.duplicates() == {}


def test_a_second_signal_leaves_at_once_and_says_what_is_unknown(
    run_cli: Cli, start_sandbox: Callable[..., Sandbox], make_row: Make, write_csv: Write
) -> None:
    server = start_sandbox()
    run_cli.target(server)
    server.fault_next("latency,seconds=0", 5)
    server.fault_next("commit-then-hang", 4)
    source = write_csv(make_row(n) for n in range(2, 42))
    running = run_cli.start("run", source, "--in-flight", 4)
    wait_for_requests(server, running, 9)

    running.process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert running.process.poll() is None  # it waits for the four answers
    running.process.send_signal(signal.SIGINT)
    stopped = running.finish(timeout_s=10)

    assert stopped.code == 6
    assert stopped.counts == {"booked": 5, "unknown": 4, "not_sent": 31}
    words = Counter(row["status"] for row in read_results(stopped.results).values())
    assert words == {"booked": 5, "unknown": 4, "not sent": 31}

    done = run_cli("resume")
    assert done.code == 6
    assert done.counts == {"booked": 36, "unknown": 4}
    assert len(server.requests()) == len(server.bookings()) == 40
    assert server.duplicates() == {}


@pytest.mark.parametrize("wait", ["pause", "sign-in"])
def test_a_run_that_only_waits_stops_as_well(
    wait: str, run_cli: Cli, start_sandbox: Callable[..., Sandbox], make_row: Make, write_csv: Write
) -> None:
    if wait == "sign-in" and os.environ.get("CHAOS") != "full":
        pytest.skip("it takes the 20 seconds that are given to what is under way")
    server = start_sandbox()
    run_cli.target(server)
    server.fault_next("429,wait=600", 1)
    if wait == "sign-in":
        server.fault_next("latency,seconds=60", 1, on="token")
    running = run_cli.start("run", write_csv([make_row(2), make_row(3)]))
    while len(server.all_requests()) < (2 if wait == "pause" else 1):
        assert running.process.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)

    running.process.send_signal(signal.SIGTERM)
    stopped = running.finish(timeout_s=30)

    assert stopped.code == 143
    assert stopped.counts == {"not_sent": 2}
    assert server.bookings() == []
