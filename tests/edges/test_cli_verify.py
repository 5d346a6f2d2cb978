"""`verify`: what was kept is said to be kept, and what was broken is named and ends with 8.

The runs and the request logs are real; what is broken is broken in a copy of the log, in the
results, or in the ledger. Results that somebody edited are no broken promise.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from importer.cli.shell import shell
from importer.errors import ExitCode
from importer.sandbox import key_path_of, running_sandbox
from tests.acceptance.cli_kit import change_results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS = 4
WRONG = [
    "I3  row 4: the results show another booking id",
    "I4  row 3: booked, the results say rejected",
]
"""What is said of results in which these two cells were changed."""


@pytest.fixture
def log(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    make_row: Callable[..., Any],
    write_csv: Callable[..., Path],
) -> Iterator[Path]:
    """Import `visits.csv` into a sandbox and return its request log; settings name this run."""
    monkeypatch.chdir(tmp_path)
    with running_sandbox() as sandbox:
        for name, value in {
            "CONFIG_DIR": str(tmp_path / "config"),
            "STATE_DIR": str(tmp_path / "state"),
            "BASE_URL": sandbox.base_url,
            "CLIENT_ID": sandbox.config.client_id,
            "CLIENT_SECRET": sandbox.config.client_secret,
            "RATE": "none",
        }.items():
            monkeypatch.setenv(f"SOLV_IMPORT_{name}", value)
        write_csv(make_row(n) for n in range(2, ROWS + 2))
        assert invoke("run", "visits.csv").exit_code == ExitCode.OK
        yield sandbox.log_path


def invoke(*words: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(shell, [*words])


def verify(*words: str | Path) -> Result:
    """Run `verify`; no traceback and no bug report, whatever it is about."""
    result = invoke("verify", *(str(word) for word in words))
    assert "Traceback" not in result.output
    assert result.exit_code != ExitCode.BUG, result.stderr
    return result


def copied(log: Path, lines: list[dict[str, Any]], to: Path) -> Path:
    """Write a log of these lines, with the key of the original beside it."""
    to.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    shutil.copy(key_path_of(log), key_path_of(to))
    return to


def entries(log: Path) -> list[dict[str, Any]]:
    """Return the lines of a request log."""
    return [json.loads(line) for line in log.read_text().splitlines()]


def number_of_a_booking(log: Path) -> int:
    """Return the number of the last request that booked."""
    return max(entry["n"] for entry in entries(log) if entry.get("committed"))


def in_ledger(folder: Path, statement: str, *values: str) -> None:
    """Change the ledger as no command would."""
    (ledger,) = folder.glob("state/*/ledger.db")
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute(statement, values)


def run_id_of(log: Path) -> str:
    """Return the id of the only run."""
    assert log.exists()
    return str(json.loads(invoke("status", "--json").stdout)["run_id"])


# Kept


def test_a_run_whose_source_ledger_results_and_log_agree_ends_with_0(log: Path) -> None:
    result = verify("--request-log", log)
    assert result.exit_code == ExitCode.OK
    assert result.stdout == ""
    assert result.stderr == (
        f"Run {run_id_of(log)}: every promise kept; 4 rows of the source, the ledger, "
        "visits.csv.results.xlsx and 4 requests at the server agree.\n"
        "Not judged: the pace, as no limit was named (--server-limit).\n"
    )


def test_without_a_log_it_says_what_it_could_not_judge(log: Path) -> None:
    result = verify()
    assert result.exit_code == ExitCode.OK
    assert result.stderr.splitlines() == [
        (
            f"Run {run_id_of(log)}: every promise kept; 4 rows of the source, the ledger and "
            "visits.csv.results.xlsx agree."
        ),
        "Not judged: what was sent and booked, as only the server can tell (--request-log).",
    ]


def test_json_says_what_was_held_together(log: Path) -> None:
    words = ("--json", "--request-log", log, "--server-limit", "5000/s")
    kept = {
        "type": "verify",
        "run_id": run_id_of(log),
        "results": "visits.csv.results.xlsx",
        "results_judged": True,
        "not_judged": [],
        "rows": 4,
        "requests": 4,
        "violations": [],
    }
    assert json.loads(verify(*words).stdout) == kept
    without = json.loads(verify("--json").stdout)
    assert without["requests"] is None
    assert len(without["not_judged"]) == 1


def test_a_run_that_is_under_way_is_not_judged(log: Path, tmp_path: Path) -> None:
    (lock,) = tmp_path.glob("state/*/*.lock")
    lock.write_text(json.dumps({"pid": os.getpid(), "since": "now"}))
    assert verify("--request-log", log).exit_code == ExitCode.LEDGER_BUSY
    lock.write_text("")
    assert verify("--request-log", log).exit_code == ExitCode.OK


def test_the_part_of_a_run_id_that_people_type_is_enough(log: Path, tmp_path: Path) -> None:
    (ledger,) = tmp_path.glob("state/*/ledger.db")
    with closing(sqlite3.connect(ledger)) as connection:
        ((run_id,),) = connection.execute("SELECT run_id FROM run").fetchall()
    assert verify(run_id[-6:], "--request-log", log).exit_code == ExitCode.OK


# Broken


def test_a_booking_that_the_server_never_made_is_named(log: Path, tmp_path: Path) -> None:
    gone = number_of_a_booking(log)
    rest = [entry for entry in entries(log) if entry["n"] != gone]
    result = verify("--request-log", copied(log, rest, tmp_path / "less.jsonl"))
    assert result.exit_code == ExitCode.LEDGER
    assert result.stdout.startswith("I4  row ")
    assert result.stdout.endswith(": booked, but the server has no such id\n")
    assert "1 broken promise between 4 rows of the source, the ledger, " in result.stderr
    assert " and 3 requests at the server.\n" in result.stderr


def test_a_booking_request_that_came_twice_is_named(log: Path, tmp_path: Path) -> None:
    again = number_of_a_booking(log)
    twice = [entry | {"n": 1_000} for entry in entries(log) if entry["n"] == again]
    doubled = copied(log, entries(log) + twice, tmp_path / "more.jsonl")
    result = verify("--request-log", doubled)
    assert result.exit_code == ExitCode.LEDGER
    first, second = result.stdout.splitlines()
    assert first.startswith("I1  row ")
    assert first.endswith(": 2 requests that may have been taken, 1 allowed")
    assert second.endswith(": 2 bookings of one patient at one time, 1 allowed")
    assert ": 2 broken promises between 4 rows" in result.stderr


def test_results_that_we_wrote_wrong_are_named(log: Path, tmp_path: Path) -> None:
    """What the ledger knows as written by us is judged by what stands in it."""
    results = tmp_path / "visits.csv.results.xlsx"
    change_results(results, {(3, "status"): "rejected", (4, "booking_id"): "7"}, results)
    in_ledger(
        tmp_path, "INSERT INTO written VALUES (?, 1)", sha256(results.read_bytes()).hexdigest()
    )
    result = verify("--request-log", log)
    assert result.exit_code == ExitCode.LEDGER
    assert result.stdout.splitlines() == WRONG


def test_results_of_which_the_ledger_knows_nothing_are_judged(log: Path, tmp_path: Path) -> None:
    """A run that was killed, or whose ledger was refused by the disk: nobody has edited them."""
    results = tmp_path / "visits.csv.results.xlsx"
    change_results(results, {(3, "status"): "rejected", (4, "booking_id"): "7"}, results)
    in_ledger(tmp_path, "DELETE FROM written")
    in_ledger(tmp_path, "UPDATE run SET ended_at = NULL")
    result = verify("--request-log", log)
    assert (result.exit_code, result.stdout.splitlines()) == (ExitCode.LEDGER, WRONG)


def test_broken_promises_stand_in_the_json_too(log: Path, tmp_path: Path) -> None:
    empty = copied(log, [], tmp_path / "empty.jsonl")
    result = verify("--request-log", empty, "--json")
    assert result.exit_code == ExitCode.LEDGER
    told = json.loads(result.stdout)
    assert told["requests"] == 0
    assert told["violations"] == [
        {"invariant": "I4", "what": f"row {n}: booked, but the server has no such id"}
        for n in range(2, ROWS + 2)
    ]


def test_of_many_broken_promises_the_first_are_told(
    log: Path, make_row: Callable[..., Any], write_csv: Callable[..., Path], tmp_path: Path
) -> None:
    write_csv((make_row(n) for n in range(20, 43)), name="many.csv")
    assert invoke("run", "many.csv").exit_code == ExitCode.OK
    empty = copied(log, [], tmp_path / "empty.jsonl")
    lines = verify("--request-log", empty).stdout.splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and 3 more: see them all with --json"
    assert len(json.loads(verify("--request-log", empty, "--json").stdout)["violations"]) == 23


def test_the_limit_of_the_server_is_held_against_every_window(log: Path) -> None:
    assert verify("--request-log", log, "--server-limit", "100/s").exit_code == ExitCode.OK
    assert verify("--request-log", log, "--server-limit", "none").exit_code == ExitCode.OK
    result = verify("--request-log", log, "--server-limit", "2/h")
    assert result.exit_code == ExitCode.LEDGER
    assert result.stdout == "I5  5 requests within 3600 s, 2 allowed\n"


def test_no_patient_stands_in_what_it_says(log: Path, tmp_path: Path) -> None:
    empty = copied(log, [], tmp_path / "empty.jsonl")
    result = verify("--request-log", empty, "-vv")
    assert not [word for word in ("Ada", "Sample", "555", "MRN") if word in result.output]


# What it cannot judge


@pytest.mark.parametrize("run_id", ["nightly", "2090-01-01-abcdef"])
def test_a_run_that_never_was_ends_with_2(log: Path, run_id: str) -> None:
    result = verify(run_id, "--request-log", log)
    assert result.exit_code == ExitCode.USAGE
    assert f"There is no run {run_id}." in result.stderr


def test_a_log_without_its_key_ends_with_2(log: Path, tmp_path: Path) -> None:
    lone = copied(log, entries(log), tmp_path / "lone.jsonl")
    key_path_of(lone).unlink()
    result = verify("--request-log", lone)
    assert result.exit_code == ExitCode.USAGE
    assert "lone.jsonl cannot be read as a request log" in result.stderr
    assert "its key beside it" in result.stderr


def test_a_limit_needs_a_log(log: Path) -> None:
    assert log.exists()
    result = verify("--server-limit", "20/s")
    assert result.exit_code == ExitCode.USAGE
    assert "--server-limit needs --request-log" in result.stderr


def test_a_limit_must_be_written_as_one(log: Path) -> None:
    result = verify("--request-log", log, "--server-limit", "fast")
    assert result.exit_code == ExitCode.USAGE
    assert "write it as 2/s, 10/min or 100/h" in result.stderr


def test_a_source_that_has_changed_ends_with_3(log: Path, tmp_path: Path) -> None:
    with (tmp_path / "visits.csv").open("a") as file:
        file.write("\n")
    result = verify("--request-log", log)
    assert result.exit_code == ExitCode.SOURCE


def test_a_source_that_has_moved_is_named(log: Path, tmp_path: Path) -> None:
    moved = (tmp_path / "visits.csv").rename(tmp_path / "moved.csv")
    assert verify("--request-log", log).exit_code == ExitCode.SOURCE
    assert verify("--request-log", log, "--source", moved).exit_code == ExitCode.OK


# Results that a person has in hand


def test_edited_results_are_not_judged_and_all_else_is(log: Path, tmp_path: Path) -> None:
    results = tmp_path / "visits.csv.results.xlsx"
    change_results(results, {(3, "status"): "rejected", (4, "booking_id"): "7"}, results)
    kept = verify("--request-log", log, "--server-limit", "5000/s")
    assert (kept.exit_code, kept.stdout) == (ExitCode.OK, "")
    run = run_id_of(log)
    assert kept.stderr.splitlines() == [
        (
            f"Run {run}: every promise kept; 4 rows of the source, the ledger and 4 requests at "
            "the server agree."
        ),
        (
            f"Not judged: visits.csv.results.xlsx, the results of run {run}, edited since it was "
            "written."
        ),
    ]
    broken = verify("--request-log", copied(log, [], tmp_path / "empty.jsonl"))
    assert broken.exit_code == ExitCode.LEDGER
    assert "booked, but the server has no such id" in broken.stdout
    assert "edited since it was written" in broken.stderr


def test_json_says_that_edited_results_are_not_judged(log: Path, tmp_path: Path) -> None:
    results = tmp_path / "visits.csv.results.xlsx"
    change_results(results, {(3, "status"): "rejected"}, results)
    told = json.loads(verify("--json", "--request-log", log, "--server-limit", "5000/s").stdout)
    assert (told["results"], told["results_judged"]) == (results.name, False)
    assert told["violations"] == []
    (why,) = told["not_judged"]
    assert why.endswith("edited since it was written")


def test_results_of_which_a_row_was_deleted_are_the_source_of_the_next_run(
    log: Path, make_row: Callable[..., Any], write_csv: Callable[..., Path], tmp_path: Path
) -> None:
    """As the help for a totals row says: delete it, and run that very file."""
    total = dict.fromkeys(make_row(2), "") | {"first_name": "Total: 2"}
    write_csv([make_row(30), make_row(31), total], name="june.csv")
    assert invoke("run", "june.csv").exit_code == ExitCode.SOURCE
    results = tmp_path / "june.csv.results.xlsx"
    workbook = load_workbook(results)
    workbook["Results"].delete_rows(4)
    workbook.save(results)
    assert invoke("run", results.name).exit_code == ExitCode.OK

    ids = [json.loads(line)["run_id"] for line in invoke("status", "--json").stdout.splitlines()]
    held = verify(ids[1], "--request-log", log)
    assert (held.exit_code, held.stdout) == (ExitCode.OK, "")
    assert f"{results.name}, the results of run {ids[1]}, edited since" in held.stderr
    sent = verify("--request-log", log)
    assert sent.exit_code == ExitCode.OK
    assert f"Run {ids[2]}: every promise kept; 2 rows of the source, the" in sent.stderr
    assert "edited" not in sent.stderr


def test_results_that_were_deleted_are_not_judged_and_all_else_is(
    log: Path, tmp_path: Path
) -> None:
    (tmp_path / "visits.csv.results.xlsx").unlink()
    result = verify("--request-log", log)
    assert result.exit_code == ExitCode.OK
    assert "Not judged: visits.csv.results.xlsx, the results of run " in result.stderr
    assert f"is gone (`solv-import results {run_id_of(log)}` writes them again)." in result.stderr


def test_results_that_were_cut_short_end_with_2(log: Path, tmp_path: Path) -> None:
    """Nobody edits a workbook into one that does not open."""
    results = tmp_path / "visits.csv.results.xlsx"
    results.write_bytes(results.read_bytes()[:2000])
    result = verify("--request-log", log)
    assert result.exit_code == ExitCode.USAGE
    assert "visits.csv.results.xlsx cannot be read as results" in result.stderr
    assert "write them again with `solv-import results RUN`" in result.stderr


def test_results_that_are_named_and_not_there_end_with_2(log: Path) -> None:
    result = verify("--request-log", log, "--results", "nowhere.xlsx")
    assert result.exit_code == ExitCode.USAGE
    assert "nowhere.xlsx cannot be read as results" in result.stderr


def test_results_that_are_named_are_judged_while_they_are_as_we_wrote_them(
    log: Path, tmp_path: Path
) -> None:
    """A copy is; one that a program saved, which may drop what names its sheet, is edited."""
    kept = Path(shutil.copy(tmp_path / "visits.csv.results.xlsx", tmp_path / "kept.xlsx"))
    words = ("--request-log", log, "--results", kept, "--json")
    copied_whole = json.loads(verify(*words).stdout)
    workbook = load_workbook(kept)
    workbook.custom_doc_props.props.clear()
    workbook.save(kept)
    saved = json.loads(verify(*words).stdout)
    assert (copied_whole["results"], copied_whole["results_judged"]) == ("kept.xlsx", True)
    assert (saved["results"], saved["results_judged"]) == ("kept.xlsx", False)
    assert copied_whole["violations"] == saved["violations"] == []


def test_without_any_ledger_it_ends_with_8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLV_IMPORT_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("SOLV_IMPORT_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("SOLV_IMPORT_GUARD_DAYS_AHEAD", "off")  # visits that never pass
    monkeypatch.setenv("SOLV_IMPORT_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("SOLV_IMPORT_CLIENT_ID", "clinic")
    result = verify()
    assert result.exit_code == ExitCode.LEDGER
    assert "there is no ledger" in result.stderr
