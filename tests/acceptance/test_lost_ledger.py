"""A ledger that is lost: what a new one is told, so that nobody is booked twice."""

from __future__ import annotations

import shutil
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

pytestmark = pytest.mark.timeout(90)


def test_rows_that_a_lost_ledger_may_have_sent_are_not_sent_again(
    run_cli: Cli, start_sandbox: Callable[..., Sandbox], make_row: Make, write_csv: Write
) -> None:
    server = start_sandbox()
    run_cli.target(server)
    yesterday = write_csv([make_row(n) for n in (2, 3, 4)], "yesterday.csv")
    assert run_cli("run", yesterday).code == 0
    (folder,) = run_cli.state_dir.glob("127.0.0.1-*")
    (folder / "ledger.key").unlink()

    refused = run_cli("run", yesterday)
    assert refused.code == 8
    assert "--as-unknown" in refused.err

    shutil.move(folder, run_cli.folder / "lost")
    held = run_cli("run", yesterday, "--as-unknown")
    assert (held.code, held.counts) == (6, {"unknown": 3})
    assert "nothing was sent: 3 rows are unknown until they are settled" in held.err

    today = write_csv([make_row(n) for n in (3, 4, 5)], "today.csv")
    ended = run_cli("run", today)
    assert (ended.code, ended.counts) == (6, {"unknown": 2, "booked": 1})
    assert len(server.requests()) == 4
    assert server.duplicates() == {}


def test_what_was_held_is_settled_as_any_unknown_row(
    run_cli: Cli, start_sandbox: Callable[..., Sandbox], make_row: Make, write_csv: Write
) -> None:
    server = start_sandbox()
    run_cli.target(server)
    source = write_csv([make_row(n) for n in (2, 3)])
    before = read_results(run_cli("run", source).results)
    shutil.rmtree(run_cli.state_dir)

    held = run_cli("run", source, "--as-unknown")
    sheet = run_cli.folder / "sheet.csv"
    kept = read_results(held.results)
    lines = [f"{row['row_key']},booked {before[n]['booking_id']}" for n, row in kept.items()]
    sheet.write_text("\n".join(["row_key,decision", *lines]) + "\n")
    settled = run_cli("reconcile", held.summary["run_id"], "--decisions", sheet)

    assert settled.code == 0, settled.err
    again = run_cli("run", source)
    assert (again.code, again.counts) == (0, {"skipped": 2})
    assert run_cli("verify").code == 0
    assert len(server.requests()) == 2
    assert run_cli("doctor").code == 0
