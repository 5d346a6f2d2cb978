"""`purge` and `verify --audit` as people and cron run them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.cli_kit import change_results
from tests.edges.terminal_kit import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.sandbox import Sandbox
    from tests.acceptance.cli_kit import Cli

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def imported(
    run_cli: Cli,
    start_sandbox: Callable[..., Sandbox],
    make_row: Callable[..., dict[str, str]],
    write_csv: Callable[..., Path],
) -> tuple[Cli, Sandbox, Path]:
    """Return the command after one run of three rows, of which one is invalid."""
    server = start_sandbox()
    run_cli.target(server)
    source = write_csv([make_row(2), make_row(3, phone="12"), make_row(4)])
    assert run_cli("run", source, "--only-valid").code == 1
    return run_cli, server, source


def test_after_a_purge_nobody_is_booked_again(imported: tuple[Cli, Sandbox, Path]) -> None:
    cli, server, source = imported
    results = source.with_name("visits.csv.results.xlsx")
    (run,) = [json.loads(line) for line in cli("status", "--json").out.splitlines()]
    run_id = run["run_id"]

    dry = cli("purge", "--run", run_id, "--dry-run")
    assert (dry.code, "the history of 3 rows with 1 problem" in dry.out) == (0, True)
    refused = cli("purge", "--run", run_id)
    assert (refused.code, "nobody is here to be asked" in refused.err) == (2, True)
    done = cli("purge", "--run", run_id, "--yes", "--json")
    told = json.loads(done.out)
    assert (done.code, told["is_done"], told["rows"], told["kept"]) == (0, True, 3, [])

    assert "ended, purged" in cli("status").out
    for words in (("results", run_id), ("verify", run_id), ("resume", run_id)):
        gone = cli(*words)
        assert (gone.code, gone.errors[0].partition(" on ")[0]) == (
            2,
            f"error: run {run_id} was purged",
        )
    assert cli("reconcile", run_id).code == 0
    again = cli("run", source, "--only-valid")
    assert again.counts == {"skipped": 2, "invalid": 1}
    fixed = change_results(results, {(3, "phone"): "(206) 555-0177"}, source.with_name("f.xlsx"))
    assert cli("run", fixed).counts == {"booked": 1, "skipped": 2}
    assert len(server.requests()) == 3
    assert cli("verify", "--audit").code == 0


def test_what_is_not_old_enough_stays(imported: tuple[Cli, Sandbox, Path]) -> None:
    cli, _, _ = imported
    told = cli("purge", "--older-than", "90d", "--yes")
    assert (told.code, told.err.strip()) == (0, "There is nothing to purge.")
    assert cli("purge", "--older-than", "soon").code == 2
    assert "--older-than: give days or weeks" in cli("purge", "--older-than", "3 months").err
    assert cli("purge").code == cli("purge", "--older-than", "1d", "--run", "x").code == 2


def test_a_person_is_asked_and_no_is_the_usual_answer(
    imported: tuple[Cli, Sandbox, Path], tmp_path: Path
) -> None:
    cli, _, _ = imported
    (run,) = [json.loads(line) for line in cli("status", "--json").out.splitlines()]
    environ = {**cli.environ, "SOLV_IMPORT_NON_INTERACTIVE": "false"}
    words = ("purge", "--run", run["run_id"])
    with Terminal(arguments=words, folder=tmp_path, environ=environ) as terminal:
        terminal.expect("Delete this? It cannot be undone. [y/N]")
        terminal.type("\r")
        terminal.expect("Nothing was deleted.")
        assert terminal.ended() == 0
    assert "purged" not in cli("status").out


def test_an_audit_that_was_altered_is_named_by_line(imported: tuple[Cli, Sandbox, Path]) -> None:
    cli, server, source = imported
    (file,) = cli.state_dir.glob("*/audit.jsonl")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))
    broken = cli("verify", "--audit")
    place = bytes(content[: len(content) // 2]).count(b"\n") + 1
    assert broken.code == 8
    assert broken.out.startswith(f"line {place}: was altered")
    told = json.loads(cli("verify", "--audit", "--json").out)
    assert [flaw["line"] for flaw in told["flaws"]] == [place]
    assert cli("verify", "--audit", "--source", source).code == 2

    file.unlink()
    before = len(server.all_requests())
    lost = cli("run", source, "--only-valid")
    assert (lost.code, "audit.jsonl is missing" in lost.errors[0]) == (8, True)
    file.touch()
    assert cli("run", source, "--only-valid").code == 1
    assert len(server.all_requests()) == before
    assert "lines 1 to 4 are missing" in cli("verify", "--audit").out
