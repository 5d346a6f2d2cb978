"""A disk that refuses the ledger under way stops the run; nothing that was answered is lost."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.cli_kit import read_results

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.sandbox import Sandbox
    from tests.acceptance.cli_kit import Cli

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]


@pytest.mark.timeout(90)
def test_what_was_answered_is_in_the_results_although_the_ledger_could_not_take_it(
    run_cli: Cli, start_sandbox: Callable[..., Sandbox], make_row: Make, write_csv: Write
) -> None:
    server = start_sandbox()
    run_cli.target(server)
    source = write_csv(make_row(n) for n in range(2, 402))
    running = run_cli.start("run", source, "--in-flight", 8)
    while len(server.requests()) < 20:
        assert running.process.poll() is None
    (log,) = run_cli.state_dir.glob("*/ledger.db-wal")
    most = log.stat().st_size + 200_000
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (most, most))
    stopped = running.finish()

    assert stopped.code == 8
    assert "ledger" in stopped.err
    sent = len(server.requests())
    assert 20 <= sent < 400

    done = run_cli("run", source)

    assert done.summary["rows_in"] == 400
    assert done.counts == {"booked": 400}  # the answers in flight were in the rescue file
    assert done.code == 0
    assert len({request.body_hmac for request in server.requests()}) == len(server.requests())
    assert server.duplicates() == {}
    rows = read_results(done.results).values()
    told = {int(row["booking_id"]) for row in rows if row["booking_id"]}
    assert told == {booking.id for booking in server.bookings()}
