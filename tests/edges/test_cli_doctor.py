"""`doctor`, `config show`, `explain`, `sandbox` and `demo`."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from importer.cli.checkup import Health, clock_skew
from importer.cli.shell import shell
from importer.cli.target import target_label
from importer.clock import SystemClock
from importer.problems import GROUPS, ProblemCode
from importer.sandbox import Sandbox, running_sandbox
from importer.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

SECRET = "canary-secret"
ONE_ROW = (
    "first_name,last_name,phone,birth_date,appointment_date,location_id\n"
    "Ana,Reyes,(312) 555-0142,1985-04-03,2037-03-02T09:15:00-06:00,4022\n"
)


pytestmark = pytest.mark.usefixtures("own_world")


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Run a sandbox and let the settings name it."""
    with running_sandbox() as running:
        monkeypatch.setenv("SOLV_IMPORT_BASE_URL", running.base_url)
        monkeypatch.setenv("SOLV_IMPORT_CLIENT_ID", running.config.client_id)
        monkeypatch.setenv("SOLV_IMPORT_CLIENT_SECRET", running.config.client_secret)
        yield running


def doctor() -> tuple[int, dict[str, dict[str, Any]]]:
    """Return the exit code and the last finding of each kind."""
    result = CliRunner().invoke(shell, ["doctor", "--json"])
    found = json.loads(result.stdout)["findings"]
    return result.exit_code, {finding["what"]: finding for finding in found}


def test_all_is_well_with_a_sandbox_and_nothing_is_booked(sandbox: Sandbox) -> None:
    code, found = doctor()
    assert code == 0
    assert list(found) == [
        "versions", "packages", "profile", "messages", "state", "disk", "target",
        "lock", "ledger", "clock", "sign-in",
    ]  # fmt: skip
    assert {finding["health"] for finding in found.values()} == {"ok"}
    assert sandbox.bookings() == []


def test_a_refused_sign_in_is_exit_4(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLV_IMPORT_CLIENT_SECRET", SECRET)
    code, found = doctor()
    assert (code, found["sign-in"]["health"]) == (4, "wrong")
    assert sandbox.bookings() == []


def test_a_message_target_that_nothing_can_be_sent_to_is_named_by_its_number(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = "json://127.0.0.1:1/told"
    monkeypatch.setenv("SOLV_IMPORT_MESSAGE_TARGETS", f"{known} nobody://{SECRET}")
    code, found = doctor()
    assert (code, found["messages"]["health"]) == (2, "wrong")
    assert found["messages"]["detail"].startswith("target 2 of 2 of the messages is not")
    assert SECRET not in json.dumps(found)
    monkeypatch.setenv("SOLV_IMPORT_MESSAGE_TARGETS", known)
    assert doctor()[1]["messages"]["detail"] == "1 target; none was tried"
    assert sandbox.bookings() == []


def test_an_unset_target_is_exit_2_and_the_rest_is_still_looked_at() -> None:
    result = CliRunner().invoke(shell, ["doctor"])
    assert result.exit_code == 2
    for name in ("BASE_URL", "CLIENT_ID", "CLIENT_SECRET"):
        assert f"SOLV_IMPORT_{name}" in result.stdout
    assert "versions" in result.stdout


def test_a_state_folder_that_others_may_read_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o755)
    (tmp_path / "state").chmod(0o755)
    _, found = doctor()
    assert found["state"]["health"] == "warning"
    assert "chmod -R go= " in found["state"]["todo"]


def test_a_misspelt_variable_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLV_IMPORT_RAET", "1/s")
    _, found = doctor()
    assert "SOLV_IMPORT_RAET" in found["settings"]["detail"]


@pytest.mark.parametrize(("content", "code"), [(b"not a database", 8), (None, 0)])
def test_a_damaged_ledger_is_exit_8(sandbox: Sandbox, content: bytes | None, code: int) -> None:
    Path("june.csv").write_text(ONE_ROW)
    assert CliRunner().invoke(shell, ["run", "june.csv", "--rate", "none"]).exit_code == 0
    (database,) = Path("state").glob("*/ledger.db")
    if content is not None:
        database.write_bytes(content)
    ended, found = doctor()
    assert ended == code, found
    assert len(sandbox.bookings()) == 1


@pytest.mark.parametrize(("minutes", "health"), [(3, Health.WARNING), (10, Health.WRONG)])
def test_a_clock_that_is_off_is_told(
    sandbox: Sandbox, tmp_path: Path, minutes: int, health: Health
) -> None:
    class SlowClock(SystemClock):
        def now(self) -> datetime:
            return super().now() - timedelta(minutes=minutes)

    environ = {"SOLV_IMPORT_BASE_URL": sandbox.base_url}
    settings = load_settings({}, environ=environ, folder=tmp_path)
    finding = clock_skew(settings, SlowClock())
    assert finding.health is health
    # The Date header knows whole seconds only.
    assert abs(int(finding.detail.split()[0]) - 60 * minutes) <= 2


def test_config_show_tells_values_and_origins_but_never_the_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOLV_IMPORT_CLIENT_SECRET", SECRET)
    monkeypatch.setenv("SOLV_IMPORT_RAET", "1/s")
    result = CliRunner().invoke(shell, ["config", "show", "--rate", "3/min", "--timezone", "UTC"])
    assert result.exit_code == 0
    lines = {
        line.split()[0]: [part.strip() for part in line.split("  ") if part.strip()]
        for line in result.stdout.splitlines()
    }
    assert lines["rate"] == ["rate", "3/min", "flag --rate"]
    assert lines["timezone"][1] == "UTC"
    assert lines["client_secret"] == ["client_secret", "set", "variable SOLV_IMPORT_CLIENT_SECRET"]
    assert SECRET not in result.output
    assert "SOLV_IMPORT_RAET" in result.stderr


def test_config_show_as_json_holds_no_secret_either(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    profile = tmp_path / "p.toml"
    profile.write_text(
        '[columns]\n"DOB" = "birth_date"\n[dates.timezones]\n4021 = "America/Chicago"\n'
    )
    monkeypatch.setenv("SOLV_IMPORT_CLIENT_SECRET", SECRET)
    monkeypatch.setenv("SOLV_IMPORT_ROWS", "3,7-9")
    result = CliRunner().invoke(shell, ["config", "show", "--profile", str(profile), "--json"])
    shown = json.loads(result.stdout)
    assert SECRET not in result.output
    assert shown["client_secret"]["value"] == "set"
    assert shown["columns"] == {"value": {"DOB": "birth_date"}, "origin": "profile p"}
    assert shown["timezone_by_location"]["value"] == {"4021": "America/Chicago"}
    assert shown["rows"]["value"] == "3,7-9"
    assert (shown["only_valid"]["value"], shown["header_row"]["value"]) == (False, 1)
    assert (shown["deadline_s"]["value"], shown["base_url"]["value"]) == (65.0, None)


@pytest.mark.parametrize("word", ["IMP220", "imp220", "220", "PHONE_NOT_US"])
def test_explain_takes_a_code_in_any_spelling(word: str) -> None:
    result = CliRunner().invoke(shell, ["explain", word])
    assert result.exit_code == 0
    assert ProblemCode.PHONE_NOT_US.sentence in result.stdout
    assert ProblemCode.PHONE_NOT_US.fix in result.stdout
    assert "Example: 312-555-014 → 312-555-0142\n" in result.stdout


def test_explain_lists_every_code_once_below_its_group() -> None:
    listed = CliRunner().invoke(shell, ["explain"]).stdout.splitlines()
    coded = [line.split()[0] for line in listed if line.startswith("  ")]
    assert coded == [problem.code for problem in ProblemCode]
    assert [line for line in listed if line and not line.startswith(" ")] == list(GROUPS.values())
    objects = CliRunner().invoke(shell, ["explain", "--json"]).stdout.splitlines()
    assert [json.loads(line)["code"] for line in objects] == [p.code for p in ProblemCode]


def test_explain_needs_no_sound_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLV_IMPORT_RATE", "fast")
    assert CliRunner().invoke(shell, ["explain", "220"]).exit_code == 0
    assert CliRunner().invoke(shell, ["explain", "999"]).exit_code == 2


@pytest.mark.parametrize(
    "args", [["--fault", "504"], ["--fault", "nonsense:0.1"], ["--limit", "many"]]
)
def test_a_sandbox_that_cannot_be_is_exit_2(args: list[str]) -> None:
    result = CliRunner().invoke(shell, ["sandbox", "--port", "0", *args])
    assert result.exit_code == 2
    assert result.stderr.startswith("error: --")


def test_a_port_that_is_taken_is_exit_2_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(shell, ["sandbox", "--port", port])
    assert result.exit_code == 2
    assert f"cannot listen on port {port}" in result.stderr
    assert "Name another with --port" in result.stderr


def test_the_sandbox_lists_its_faults() -> None:
    result = CliRunner().invoke(shell, ["sandbox", "--fault", "list"])
    assert "commit-then-drop" in result.stdout


def test_the_sandbox_prints_what_to_paste_and_serves_until_ctrl_c(tmp_path: Path) -> None:
    args = ["sandbox", "--port", "0", "--limit", "20/s", "--log", str(tmp_path / "log.jsonl")]
    with subprocess.Popen(
        [sys.executable, "-m", "importer", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(4)]
        exported = dict(line.strip().removeprefix("export ").split("=", 1) for line in lines)
        assert list(exported) == [
            "SOLV_IMPORT_BASE_URL",
            "SOLV_IMPORT_CLIENT_ID",
            "SOLV_IMPORT_CLIENT_SECRET",
            "SOLV_IMPORT_STATE_DIR",
        ]
        # The ledger of an earlier sandbox would skip what this one has never booked.
        state = Path(exported["SOLV_IMPORT_STATE_DIR"])
        assert state.parent == tmp_path / "state" / "sandbox"
        assert not state.exists()
        with urllib.request.urlopen(exported["SOLV_IMPORT_BASE_URL"] + "/admin/counts") as page:  # noqa: S310 - our own
            assert page.status == 200
        child.send_signal(signal.SIGINT)
        assert child.wait(10) == 0
    assert (tmp_path / "log.jsonl").is_file()


def test_the_demo_books_the_samples_and_then_skips_what_it_booked(tmp_path: Path) -> None:
    result = CliRunner().invoke(shell, ["demo", "--into", "out", "--quiet"])
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[:8:2] == [
        "60 in = 60 booked",
        "60 in = 60 booked",
        "62 in = 52 booked + 1 duplicate + 8 invalid + 1 blank",
        "60 in = 60 skipped",
    ]
    assert "holds 172 bookings, none twice" in result.stdout
    paths = [line.removeprefix("Results: ") for line in result.stdout.splitlines()[1:8:2]]
    assert all(Path(path).is_file() for path in paths)
    assert not (tmp_path / "state").exists()


def test_the_demo_takes_a_file_of_ones_own_and_can_be_run_again(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(ONE_ROW)
    for _ in range(2):
        result = CliRunner().invoke(shell, ["demo", "mine.csv", "--into", "out"])
        assert result.exit_code == 0, result.output
        assert result.stdout.startswith("1 in = 1 booked\n")
        assert "holds 1 booking, none twice" in result.stdout


NO_ZONE = ONE_ROW.replace("T09:15:00-06:00", " 09:15")


def test_the_demo_reads_ones_own_file_as_flags_or_the_environment_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.csv").write_text(NO_ZONE)
    asked = CliRunner().invoke(shell, ["demo", "mine.csv", "--into", "out"])
    assert (asked.exit_code, "--timezone" in asked.stderr) == (3, True)
    flag = ["demo", "mine.csv", "--into", "out", "--timezone", "America/Chicago"]
    assert CliRunner().invoke(shell, flag).exit_code == 0
    monkeypatch.setenv("SOLV_IMPORT_TIMEZONE", "America/Chicago")
    monkeypatch.setenv("SOLV_IMPORT_BASE_URL", "https://solv.example.com")
    told = CliRunner().invoke(shell, ["demo", "mine.csv", "--into", "out"])
    assert told.exit_code == 0, told.output
    assert "SANDBOX http://127.0.0.1" in told.stderr


def test_a_demo_goes_on_after_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(ONE_ROW)
    result = CliRunner().invoke(shell, ["demo", "none.csv", "mine.csv", "--into", "out"])
    assert result.exit_code == 3
    assert "error[IMP001]: none.csv" in result.stderr
    assert result.stdout.startswith("1 in = 1 booked\n")
    assert "The same file again: mine.csv" in result.stderr


@pytest.mark.parametrize(
    ("base_url", "label"),
    [
        ("http://127.0.0.1:8080", "SANDBOX"),
        ("http://[::1]:8080", "SANDBOX"),
        ("https://partner-api-staging.solvhealth.com", "STAGING"),
        ("https://staging.example.com", "STAGING"),
        ("https://partner-api.solvhealth.com", "PRODUCTION"),
        ("https://upstaging.example.com", "PRODUCTION"),
        ("https://example.com/staging", "PRODUCTION"),
    ],
)
def test_a_target_is_called_by_whom_its_bookings_reach(base_url: str, label: str) -> None:
    assert target_label(base_url) == label


def test_a_demo_of_a_file_that_cannot_be_used_is_not_fine() -> None:
    assert CliRunner().invoke(shell, ["demo", "none.csv", "--into", "out"]).exit_code == 3
