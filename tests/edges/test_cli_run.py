"""`run` and what follows it, against a real sandbox; with questions on a real terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from importer.cli.files import destinations
from importer.cli.shell import shell
from importer.errors import SettingsError
from importer.sandbox import Sandbox, running_sandbox
from importer.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLES = Path(__file__).parents[2] / "sample_data"
PRODUCTION = "https://solv.example.com"
HEADINGS = "first_name,last_name,phone,birth_date,appointment_date,location_id"
GOOD = "Ana,Reyes,(312) 555-0142,1985-04-03,2037-03-02T09:15:00-06:00,4022"
BAD = "Ben,Okafor,555-014,1985-04-03,2037-03-02T09:15:00-06:00,4022"


pytestmark = pytest.mark.usefixtures("own_world")


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLV_IMPORT_CLIENT_ID", "sandbox-client")
    monkeypatch.setenv("SOLV_IMPORT_CLIENT_SECRET", "sandbox-secret")
    monkeypatch.setenv("SOLV_IMPORT_BASE_URL", PRODUCTION)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Run a sandbox and let the settings name it."""
    with running_sandbox() as running:
        monkeypatch.setenv("SOLV_IMPORT_BASE_URL", running.base_url)
        monkeypatch.setenv("SOLV_IMPORT_RATE", "none")
        yield running


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """One good row and one bad."""
    path = tmp_path / "june.csv"
    path.write_text(f"{HEADINGS}\n{GOOD}\n{BAD}\n", encoding="utf-8")
    return path


def solv_import(*args: str) -> tuple[int, list[dict[str, object]], str]:
    """Run a command with --json; return its exit code, its objects and its talk."""
    result = CliRunner().invoke(shell, [*args, "--json"])
    return (
        result.exit_code,
        [json.loads(line) for line in result.stdout.splitlines()],
        result.stderr,
    )


def on_a_terminal(*args: str, answer: str) -> tuple[int, str]:
    """Run a command on a terminal of its own, answer its question, and return what it drew."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "importer", *args],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "COLUMNS": "120", "PYTHONIOENCODING": "utf-8"},
        cwd=Path(__file__).parents[2],
    )
    os.close(theirs)
    drawn, is_answered, end = b"", False, time.monotonic() + 15
    with suppress(OSError):  # a closed terminal reads as an error
        while time.monotonic() < end:
            if select.select([ours], [], [], 0.1)[0]:
                drawn += os.read(ours, 65536)
            if b"[y/N]" in drawn and not is_answered:
                is_answered = True
                os.write(ours, answer.encode() + b"\n")
    code = child.wait(5)
    os.close(ours)
    return code, drawn.decode("utf-8", "replace")


def test_a_clean_file_is_booked_and_the_summary_is_the_last_object(sandbox: Sandbox) -> None:
    name = str(SAMPLES / "northside_clean.csv")
    code, said, _ = solv_import("run", name, "--limit", "5", "--results", "out.xlsx")
    assert code == 1  # the others are left out
    assert said[0]["type"] == "plan"
    assert said[-1] | {"booked": 5, "left_out": 55, "type": "summary"} == said[-1]
    assert len(sandbox.requests()) == 5
    assert Path("out.xlsx").is_file()


def test_the_conservation_line_and_the_path_are_the_data(sandbox: Sandbox, source: Path) -> None:
    result = CliRunner().invoke(shell, ["run", str(source), "--only-valid", "--results", "o.xlsx"])
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == "2 in = 1 booked + 1 invalid"
    assert result.stdout.splitlines()[1].startswith("Results: ")
    assert "Next: 1 invalid row: correct the red cells" in result.stderr
    assert len(sandbox.bookings()) == 1


def test_quiet_is_silent_when_all_went_well(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "good.csv"
    path.write_text(f"{HEADINGS}\n{GOOD}\n", encoding="utf-8")
    result = CliRunner().invoke(shell, ["run", str(path), "--quiet"])
    assert (result.exit_code, result.output) == (0, "")
    assert len(sandbox.bookings()) == 1


def test_invalid_rows_hold_an_unattended_run_even_with_yes(sandbox: Sandbox, source: Path) -> None:
    code, said, told = solv_import("run", str(source), "--yes")
    assert code == 3
    assert said[-1] | {"invalid": 1, "not_sent": 1, "exit_reason": "source"} == said[-1]
    assert "--only-valid" in told
    assert sandbox.all_requests() == []


@pytest.mark.parametrize(("flags", "ended"), [([], 3), (["--only-valid"], 1)])
def test_a_dry_run_says_what_would_be_sent_and_sends_nothing(
    sandbox: Sandbox, source: Path, flags: list[str], ended: int
) -> None:
    code, said, _ = solv_import("run", str(source), "--dry-run", *flags)
    (plan,) = said
    assert (code, plan["exit_code"]) == (ended, ended)
    assert plan | {"type": "plan", "to_send": 1, "invalid": 1, "run_id": ""} == plan
    drawn = CliRunner().invoke(shell, ["run", str(source), "--dry-run", *flags])
    assert drawn.exit_code == ended
    assert "2 rows · 1 to send · 1 invalid" in drawn.stdout
    assert "nothing was sent" in drawn.stderr
    assert sandbox.all_requests() == []
    assert CliRunner().invoke(shell, ["status"]).stderr == "No runs yet.\n"


def test_a_dry_run_looks_into_the_ledger(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "good.csv"
    path.write_text(f"{HEADINGS}\n{GOOD}\n", encoding="utf-8")
    assert CliRunner().invoke(shell, ["run", str(path)]).exit_code == 0
    drawn = CliRunner().invoke(shell, ["run", str(path), "--dry-run"])
    assert drawn.exit_code == 0
    assert "1 row · 0 to send · 1 skipped (booked before)" in drawn.stdout
    assert len(sandbox.bookings()) == 1
    quiet = CliRunner().invoke(shell, ["run", str(path), "--dry-run", "--quiet"])
    assert quiet.output == ""


def test_several_files_are_named_above_what_is_said_of_them(sandbox: Sandbox, source: Path) -> None:
    result = CliRunner().invoke(shell, ["run", "none.csv", str(source), "--only-valid"])
    assert result.exit_code == 3
    assert "none.csv (1 of 2)\nerror[IMP001]" in result.stderr
    assert f"{source} (2 of 2)\n" in result.stderr
    alone = CliRunner().invoke(shell, ["run", str(source), "--only-valid"])
    assert " of 1)" not in alone.stderr
    assert len(sandbox.bookings()) == 1


def test_quiet_tells_each_kind_of_error_and_no_advice(sandbox: Sandbox, source: Path) -> None:
    result = CliRunner().invoke(shell, ["run", str(source), "--only-valid", "--quiet"])
    assert result.exit_code == 1
    assert result.stderr.startswith("june.csv:phone column C: error[IMP220]")
    assert "Next" not in result.stderr
    assert len(sandbox.bookings()) == 1


@pytest.mark.parametrize(
    ("flags", "step"),
    [
        (["--rows", "3", "--only-valid"], "1 row left out: run again without --rows"),
        (["--limit", "1", "--only-valid"], "1 row left out: run again without --limit"),
        (["--rows", "300", "--only-valid"], "no row was selected: --rows names none"),
        ([], "1 valid row held back by the invalid ones; to send them without: solv-import resume"),
    ],
)
def test_the_next_step_follows_from_what_became_of_the_rows(
    sandbox: Sandbox, source: Path, flags: list[str], step: str
) -> None:
    result = CliRunner().invoke(shell, ["run", str(source), *flags])
    assert any(line.startswith("Next: ") and step in line for line in result.stderr.splitlines())
    assert len(sandbox.bookings()) <= 1


def test_a_row_refused_before_may_go_again_when_asked(sandbox: Sandbox, source: Path) -> None:
    sandbox.fault_next("422")
    first = CliRunner().invoke(shell, ["run", str(source), "--only-valid"])
    assert "1 row refused by Solv: what_to_fix says why" in first.stderr
    second = CliRunner().invoke(shell, ["run", str(source), "--only-valid"])
    assert "1 row refused in an earlier run" in second.stderr
    assert "--retry-rejected" in second.stderr


def test_a_stop_is_told_without_a_stray_full_stop(
    monkeypatch: pytest.MonkeyPatch, source: Path
) -> None:
    monkeypatch.setenv("SOLV_IMPORT_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("SOLV_IMPORT_RATE", "none")
    result = CliRunner().invoke(shell, ["run", str(source), "--only-valid"])
    assert result.exit_code == 5
    assert "stopped: " in result.stderr
    assert ".;" not in result.stderr
    told = CliRunner().invoke(shell, ["status"]).stdout
    assert "carry on: solv-import resume" in told


def test_a_held_run_may_be_resumed_by_the_end_of_its_id(sandbox: Sandbox, source: Path) -> None:
    _, said, _ = solv_import("run", str(source))
    run_id = str(said[-1]["run_id"])
    told = CliRunner().invoke(shell, ["status", run_id[-6:]]).stdout
    assert f"{run_id}  held" in told
    assert f"solv-import resume {run_id} --only-valid" in told
    code, said, _ = solv_import("resume", run_id[-6:], "--only-valid")
    assert (code, said[-1]["run_id"], said[-1]["booked"]) == (1, run_id, 1)
    assert len(sandbox.bookings()) == 1


def test_status_shows_the_port_and_says_not_sent_of_a_run_that_is_closed(
    sandbox: Sandbox, source: Path
) -> None:
    """A ledger on this machine serves every port; a held file that is planned anew is closed."""
    _, held, _ = solv_import("run", str(source))
    assert held[-1]["not_sent"] == 1
    solv_import("run", str(source), "--only-valid", "--limit", "1")
    code, runs, _ = solv_import("status")
    assert (code, [run["target"] for run in runs]) == (0, [sandbox.base_url] * 2)
    assert [(run["not_sent"], run["left_out"], run["is_closed"]) for run in runs] == [
        (1, 0, True),
        (0, 1, False),
    ]
    first, second = (
        CliRunner().invoke(shell, ["status", str(run["run_id"])]).stdout for run in runs
    )
    assert f"closed  june.csv  {sandbox.base_url}" in first
    assert "2 in = 1 invalid + 1 not sent" in first
    assert "its file was planned anew: a later run has the rows that were not sent" in first
    assert "resume" not in first
    assert f"ended  june.csv  {sandbox.base_url}" in second
    refused = CliRunner().invoke(shell, ["resume", str(runs[0]["run_id"])])
    assert (refused.exit_code, "is closed" in refused.stderr) == (2, True)


def test_a_file_without_rows_is_told_and_no_error(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_text(f"{HEADINGS}\n", encoding="utf-8")
    for command in (["run"], ["run", "--dry-run"], ["check"]):
        result = CliRunner().invoke(shell, [*command, str(path)])
        assert result.exit_code == 0
        assert "warning[IMP037] Nothing stands below the headings" in result.output
    _, said, _ = solv_import("run", str(path))
    assert said[-1]["warnings"] == [{"code": "IMP037", "place": "", "hint": ""}]
    assert sandbox.requests() == []


@pytest.mark.parametrize("command", ["status", "resume", "results", "reconcile"])
def test_an_id_that_no_run_or_several_have_is_refused_with_the_nearest(
    sandbox: Sandbox, source: Path, command: str
) -> None:
    ids = [str(solv_import("run", str(source), "--only-valid")[1][-1]["run_id"]) for _ in range(2)]
    several = CliRunner().invoke(shell, [command, ids[0][:10]])
    assert several.exit_code == 2
    assert "fits 2 runs" in several.stderr
    assert f"{ids[0]}, {ids[1]}" in several.stderr
    flipped = ids[1][:-1] + ("0" if ids[1][-1] != "0" else "1")
    misspelt = CliRunner().invoke(shell, [command, flipped])
    assert misspelt.exit_code == 2
    assert ids[1] in misspelt.stderr.partition("Did you mean ")[2]
    nothing_like_it = CliRunner().invoke(shell, [command, "zzz"])
    assert "List the runs with: solv-import status" in nothing_like_it.stderr
    assert len(sandbox.bookings()) == 1


@pytest.mark.parametrize("flags", [[], ["--non-interactive"]])
def test_nobody_there_and_no_yes_is_exit_2_before_the_file_is_read(flags: list[str]) -> None:
    result = CliRunner().invoke(shell, ["run", "no-such-file.csv", *flags])
    assert result.exit_code == 2
    assert "nobody is here to be asked" in result.stderr
    assert "Add --yes" in result.stderr


@pytest.mark.parametrize("args", [["run", "june.csv"], ["resume"], ["results", "x"]])
def test_an_unset_target_is_exit_2_and_named(
    args: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOLV_IMPORT_BASE_URL")
    result = CliRunner().invoke(shell, args)
    assert result.exit_code == 2
    assert "SOLV_IMPORT_BASE_URL is not set" in result.stderr


def test_a_wrong_secret_is_exit_4_in_one_sentence(
    sandbox: Sandbox, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOLV_IMPORT_CLIENT_SECRET", "canary-wrong")
    result = CliRunner().invoke(shell, ["run", str(source), "--only-valid"])
    assert result.exit_code == 4
    assert "Traceback" not in result.output
    assert "canary" not in result.output
    assert sandbox.requests() == []


def test_status_results_and_resume_tell_of_the_run(sandbox: Sandbox, source: Path) -> None:
    _, said, _ = solv_import("run", str(source), "--only-valid")
    run_id = str(said[-1]["run_id"])
    code, runs, _ = solv_import("status")
    assert (code, runs[0]["run_id"], runs[0]["booked"]) == (0, run_id, 1)
    code, written, _ = solv_import("results", run_id, "--results", "again.csv")
    assert (code, written[0]["results"]) == (0, "again.csv")
    assert "booked" in Path("again.csv").read_text(encoding="utf-8-sig")
    code, _, told = solv_import("resume")
    assert code == 2
    assert "no run of this target" in told
    assert len(sandbox.requests()) == 1


@pytest.mark.parametrize("command", ["run", "resume"])
def test_headings_are_named_off_a_terminal_only_when_asked(
    sandbox: Sandbox, source: Path, command: str
) -> None:
    source.write_text(f"{HEADINGS},Insurance\n{GOOD},x\n{BAD},x\n", encoding="utf-8")
    first = CliRunner().invoke(shell, ["run", str(source)])
    assert (first.exit_code, "Insurance" in first.stderr) == (3, False)
    args = ["run", str(source)] if command == "run" else ["resume"]
    shown = CliRunner().invoke(shell, [*args, "--only-valid", "--show-values"])
    assert (shown.exit_code, "Insurance" in shown.stderr) == (1, True)
    assert "555-014" in shown.stderr
    assert len(sandbox.bookings()) == 1


def test_status_says_so_when_there_are_no_runs() -> None:
    result = CliRunner().invoke(shell, ["status"])
    assert (result.exit_code, result.stderr) == (0, "No runs yet.\n")


def test_an_unknown_row_goes_out_to_a_worksheet_and_comes_back(
    sandbox: Sandbox, source: Path
) -> None:
    sandbox.fault_next("504")
    code, said, _ = solv_import("run", str(source), "--only-valid")
    run_id = str(said[-1]["run_id"])
    assert (code, said[-1]["unknown"]) == (6, 1)
    assert "reconcile" in CliRunner().invoke(shell, ["status"]).stdout
    assert solv_import("run", str(source), "--only-valid")[0] == 6  # it points at the first run
    told = CliRunner().invoke(shell, ["status"]).stdout
    assert told.count("solv-import reconcile") == 1
    assert f"settle the unknown rows of {run_id} first" in told
    code, sheet, _ = solv_import("reconcile", run_id, "--worksheet", "w.csv")
    assert (code, sheet[0]["rows"]) == (6, 1)
    code, refused, _ = solv_import("reconcile", run_id, "--worksheet", "w.csv")
    assert (code, refused[0]["type"]) == (2, "error")
    text = Path("w.csv").read_text(encoding="utf-8-sig").rstrip()
    Path("w.csv").write_text(text.removesuffix('""') + '"booked 100001"\n', encoding="utf-8")
    code, done, _ = solv_import("reconcile", run_id, "--decisions", "w.csv", "--who", "Ana B.")
    assert (code, done[0]["booked"], done[0]["still_unknown"]) == (1, 1, 0)
    assert len(sandbox.requests()) == 1
    result = CliRunner().invoke(shell, ["reconcile", run_id, "--worksheet", "none.csv"])
    assert (result.exit_code, Path("none.csv").exists()) == (0, False)
    result = CliRunner().invoke(shell, ["reconcile", run_id, "--worksheet", "w.csv"])
    assert (result.exit_code, "nothing to settle" in result.stderr) == (0, True)
    code, sheet, _ = solv_import("reconcile", run_id)
    assert (code, sheet[0]["rows"]) == (0, 0)


def test_reconcile_and_results_say_to_people_what_to_do_next(
    sandbox: Sandbox, source: Path
) -> None:
    sandbox.fault_next("504")
    _, said, _ = solv_import("run", str(source), "--only-valid")
    run_id = str(said[-1]["run_id"])
    sheet = CliRunner().invoke(shell, ["reconcile", run_id, "--worksheet", "w.csv"])
    assert sheet.stdout == "1 unknown row: w.csv\n"
    assert f"solv-import reconcile {run_id} --decisions w.csv" in sheet.stderr
    text = Path("w.csv").read_text(encoding="utf-8-sig").rstrip()
    Path("w.csv").write_text(text.removesuffix('""') + '"not booked"\n', encoding="utf-8")
    early = CliRunner().invoke(shell, ["reconcile", run_id, "--decisions", "w.csv"])
    assert early.exit_code == 6
    assert early.stdout.startswith("0 booked, 0 may be sent again, 0 cancelled")
    assert "not taken: " in early.stderr
    written = CliRunner().invoke(shell, ["results", run_id, "--results", "again.csv"])
    assert written.stdout == "again.csv\n"
    both = ["reconcile", run_id, "--decisions", "w.csv", "--worksheet", "v.csv"]
    assert CliRunner().invoke(shell, both).exit_code == 2


@pytest.mark.parametrize(("answer", "code", "booked"), [("n", 3, 0), ("y", 1, 1), ("", 3, 0)])
def test_on_a_terminal_invalid_rows_are_asked_about_and_no_is_the_default(
    sandbox: Sandbox, source: Path, answer: str, code: int, booked: int
) -> None:
    ended, drawn = on_a_terminal("run", str(source), answer=answer)
    assert ended == code, drawn
    assert "1 row is invalid and stays behind. Send the other 1 booking" in drawn
    assert len(sandbox.bookings()) == booked


def test_on_a_terminal_values_are_shown_and_a_real_target_is_asked_about(source: Path) -> None:
    ended, drawn = on_a_terminal("run", str(source), "--rate", "2/s", "--only-valid", answer="n")
    assert ended == 3, drawn
    assert "555-014" in drawn
    assert f"Send 1 booking to {PRODUCTION}?" in drawn
    assert "PRODUCTION" in drawn


def test_several_files_need_a_folder_for_their_results(tmp_path: Path) -> None:
    def places(*files: str, **flags: object) -> dict[Path, tuple[Path | None, Path | None]]:
        environ = {"SOLV_IMPORT_CONFIG_DIR": str(tmp_path)}
        return destinations(files, load_settings(flags, environ=environ, folder=tmp_path))

    assert places("a.csv", "b.csv") == {Path("a.csv"): (None, None), Path("b.csv"): (None, None)}
    assert places("a.csv", results="one.csv")[Path("a.csv")][0] == Path("one.csv")
    spread = places("x/a.csv", "b.xlsx", results=tmp_path, summary=tmp_path)
    assert spread[Path("x/a.csv")] == (
        tmp_path / "a.csv.results.xlsx",
        tmp_path / "a.csv.summary.json",
    )
    with pytest.raises(SettingsError, match="--results must be a folder"):
        places("a.csv", "b.csv", results="one.csv")
    with pytest.raises(SettingsError, match="same name"):
        places("x/a.csv", "y/a.csv", summary=tmp_path)


def test_after_a_refused_sign_in_the_next_file_is_not_started(
    sandbox: Sandbox, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = tmp_path / "july.csv"
    second.write_text(source.read_text())
    monkeypatch.setenv("SOLV_IMPORT_CLIENT_SECRET", "wrong")
    result = CliRunner().invoke(shell, ["run", str(source), str(second), "--only-valid"])
    assert result.exit_code == 4
    assert "Not started: july.csv" in result.stderr
    assert sandbox.requests() == []
