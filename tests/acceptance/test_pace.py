"""A limit of 20 a second at the server, met by the real command."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from importer.sandbox import Limit, most_in_window
from tests.acceptance.server_kit import sandbox_process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.sandbox import Sandbox
    from tests.acceptance.cli_kit import Cli

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]

LIMIT = 20
LEVEL = os.environ.get("CHAOS") or "quick"
JITTER_MS = {"quick": "40"}.get(LEVEL, "20")
"""Where all tests run at once the way to the server varies by more than the 20 ms by default."""
SEEDS = {"quick": range(2)}.get(LEVEL, range(5))


@pytest.mark.slow
@pytest.mark.timeout(90)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_limit_is_kept_cold_and_warm_whatever_the_answers_take(
    seed: int, run_cli: Cli, tmp_path: Path, make_row: Make, write_csv: Write
) -> None:
    slow = ("--fault", "latency,seconds=0.02:0.3", "--fault", "latency,seconds=0.3:0.1")
    files = [
        write_csv((make_row(n) for n in range(first, first + 50)), name=f"{first}.csv")
        for first in (2, 102)
    ]
    limited = ("--limit", f"{LIMIT}/s", "--seed", seed, *slow)
    with sandbox_process(tmp_path / "requests.jsonl", *limited) as server:
        run_cli.target(server, rate=f"{LIMIT}/s", jitter_ms=JITTER_MS)
        both = run_cli("run", *files, "--summary", run_cli.folder / "work")

    assert both.code == 0
    everything = server.all_requests()
    assert sum(request.committed for request in everything) == 100
    assert most_in_window([request.mono for request in everything], 1.0) <= LIMIT
    assert [request.n for request in everything if request.status == 429] == []


@pytest.mark.timeout(60)
def test_a_rate_three_times_the_limit_books_everybody_once(
    run_cli: Cli, start_sandbox: Callable[..., Sandbox], make_row: Make, write_csv: Write
) -> None:
    server = start_sandbox(limit=Limit(requests=LIMIT))
    run_cli.target(server, rate="60/s")

    finished = run_cli("run", write_csv(make_row(n) for n in range(2, 62)))

    assert finished.code == 0
    assert finished.counts == {"booked": 60}
    assert finished.summary["waits_429"] > 0
    assert finished.summary["requests"] == len(server.requests())
    assert len(server.bookings()) == 60
    assert server.duplicates() == {}
