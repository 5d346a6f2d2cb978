"""The command line's shell: help, start-up, and how whatever stops it is told."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from importer.cli.failures import WANTS_JSON
from importer.cli.shell import COMMANDS, Shell, shell
from importer.errors import (
    EXIT_MEANINGS,
    CredentialsError,
    ImporterError,
    LedgerBusy,
    LedgerError,
    SettingsError,
    SourceError,
    StoppedEarly,
)

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = {
    *("pandas", "numpy", "pandera", "rich", "structlog", "httpx", "sqlalchemy", "fastapi"),
    *("apprise", "prometheus_client"),
}

PROBE = """
import sys
sys.argv = ["solv-import", *sys.argv[1:]]
from importer.__main__ import main
try:
    main()
except SystemExit:
    pass
sys.stderr.write("\\nLOADED " + " ".join(sorted(sys.modules)))
"""


pytestmark = pytest.mark.usefixtures("own_world")


def loaded_by(*args: str) -> set[str]:
    """Return the modules that a command has imported when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *args], capture_output=True, text=True, check=True
    )
    return set(done.stderr.rpartition("LOADED ")[2].split())


def raising(error: BaseException) -> Shell:
    """Return a shell whose `check` does nothing but raise."""

    class Broken(Shell):
        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
            del ctx

            @click.command(cmd_name)
            @click.option("--json", "as_json", is_flag=True)
            @click.pass_context
            def broken(inner: click.Context, /, *, as_json: bool) -> None:
                inner.meta[WANTS_JSON] = as_json
                patient = "Canary Patient"
                raise error from ValueError(patient)

            return broken

    return Broken("solv-import")


@pytest.mark.parametrize("args", [("--help",), ("--version",), ()])
def test_the_shell_alone_imports_click_and_the_errors(args: tuple[str, ...]) -> None:
    loaded = loaded_by(*args)
    ours = {name for name in loaded if name.split(".")[0] in {"importer", "schemas"}}
    assert ours == {
        "importer",
        "importer.__main__",
        "importer.cli",
        "importer.cli.shell",
        "importer.cli.streams",
        "importer.errors",
        "importer.printable",
        "importer.signals",
    }
    assert not HEAVY & loaded


@pytest.mark.parametrize("name", [*COMMANDS, "config show"])
def test_the_help_of_a_command_imports_nothing_heavy(name: str) -> None:
    assert not HEAVY & loaded_by(*name.split(), "--help")


def test_help_starts_with_examples_and_ends_with_the_exit_codes() -> None:
    text = CliRunner().invoke(shell, ["--help"], terminal_width=200).output
    assert text.startswith("Examples:\n  solv-import demo")
    table = text.partition("Exit codes:\n")[2].splitlines()
    told = [line.split(maxsplit=1) for line in table if line]
    assert told == [[str(int(code)), meaning] for code, meaning in EXIT_MEANINGS.items()]


@pytest.mark.parametrize("name", [*COMMANDS, "config show"])
def test_the_help_of_every_command_starts_with_examples_that_call_it(name: str) -> None:
    result = CliRunner().invoke(shell, [*name.split(), "--help"], prog_name="solv-import")
    assert result.exit_code == 0
    assert result.output.startswith(f"Examples:\n  solv-import {name}")
    assert "SOLV_IMPORT_RATE" in result.output


def test_no_arguments_show_three_examples_and_no_error() -> None:
    result = CliRunner().invoke(shell, [])
    assert result.exit_code == 0
    assert result.output.count("\n  solv-import ") == 3


def test_python_m_importer_is_the_same_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "importer", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("solv-import, version ")


@pytest.mark.parametrize("args", [["chek"], ["--nope"], ["run"], ["run", "--client-secret", "x"]])
def test_wrong_use_is_exit_2(args: list[str]) -> None:
    assert CliRunner().invoke(shell, args).exit_code == 2


def test_a_misspelt_command_names_the_nearest() -> None:
    assert "Did you mean check?" in CliRunner().invoke(shell, ["chek"]).stderr


@pytest.mark.parametrize(
    "kind", [SettingsError, SourceError, CredentialsError, StoppedEarly, LedgerBusy, LedgerError]
)
def test_an_error_is_one_sentence_what_to_do_and_its_exit_code(kind: type[ImporterError]) -> None:
    result = CliRunner().invoke(raising(kind("It broke.", todo="Mend it.", code="IMP001")), "check")
    assert result.exit_code == kind.exit_code
    assert result.stderr == "error[IMP001]: It broke.\nhelp: Mend it.\n"
    assert result.stdout == ""


def test_with_json_an_error_is_the_last_object_on_standard_output() -> None:
    broken = raising(SourceError("It broke.", todo="Mend it.", code="IMP001"))
    result = CliRunner().invoke(broken, ["check", "--json"])
    assert json.loads(result.stdout) == {
        "type": "error",
        "code": "IMP001",
        "message": "It broke.",
        "todo": "Mend it.",
        "exit_code": 3,
        "exit_reason": "source",
    }


def test_with_json_settings_that_cannot_be_read_are_an_object_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOLV_IMPORT_RATE", "fast")
    result = CliRunner().invoke(shell, ["run", "x.csv", "--json"])
    assert json.loads(result.stdout)["exit_reason"] == "usage"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_ctrl_c_before_anything_is_sent_is_exit_130(error: BaseException) -> None:
    assert CliRunner().invoke(raising(error), ["check"]).exit_code == 130


def test_a_bug_is_exit_70_with_a_private_report_of_places_only(tmp_path: Path) -> None:
    result = CliRunner().invoke(raising(RuntimeError("Canary Patient")), ["check"])
    assert result.exit_code == 70
    (report,) = (tmp_path / "state" / "bugs").iterdir()
    assert str(report) in result.stderr
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    text = report.read_text()
    assert "builtins.RuntimeError" in text
    assert "builtins.ValueError" in text
    assert "test_cli_shell.py:" in text
    assert "Canary" not in text + result.output


def test_a_bug_is_told_also_when_no_report_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    monkeypatch.setenv("SOLV_IMPORT_STATE_DIR", str(in_the_way))
    monkeypatch.setattr("tempfile.tempdir", str(in_the_way))
    result = CliRunner().invoke(raising(RuntimeError("Canary Patient")), ["check"])
    assert result.exit_code == 70
    assert "Canary" not in result.output


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(name: str) -> None:
    result = CliRunner().invoke(shell, ["completion", name])
    assert result.exit_code == 0
    assert "_SOLV_IMPORT_COMPLETE" in result.output


def test_colors_are_left_out_where_nobody_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in CliRunner().invoke(shell, ["explain", "220"], color=True).output
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in CliRunner().invoke(shell, ["explain", "220"], color=True).output
