"""The systemd units are sound, closed to what they need not, and run the command as it is."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from importer.cli.run import command as run
from importer.errors import ExitCode
from importer.settings import SPECS
from tests.chaos.needs import need
from tests.operations.night_kit import INSTALLED, PAGES, ROOT, arguments_of

if TYPE_CHECKING:
    from pathlib import Path

UNITS = ("solv-import.service", "solv-import.timer", "solv-import-alert.service")
DRAIN_S = 20
"""So long requests in flight may take after a request to stop."""
SERVICE = PAGES / "solv-import.service"


def values(name: str) -> list[str]:
    """Return what the service says under that name, line by line."""
    lines = SERVICE.read_text("utf-8").splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{name}=")]


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Return a folder of the units, with a command that is there."""
    why_not = "" if shutil.which("systemd-analyze") else "systemd-analyze is not on the PATH"
    need(why_not and f"{why_not}: apt-get install --no-install-recommends systemd")
    for name in UNITS:
        text = (PAGES / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace(f"{INSTALLED}/solv-import", "/bin/true"))
    return tmp_path


def analyzed(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *words],  # noqa: S607 - it is on the PATH
        env={"SYSTEMD_UNIT_PATH": f"{folder}:", "PATH": "/usr/bin:/bin"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_systemd_finds_nothing_wrong_with_the_units(units: Path) -> None:
    checked = analyzed(units, "verify", "--man=no", *(f"./{name}" for name in UNITS))
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_directive_that_systemd_does_not_know_would_be_noticed(units: Path) -> None:
    with (units / "solv-import.service").open("a") as unit:
        unit.write("ProtectEverything=yes\n")
    checked = analyzed(units, "verify", "--man=no", "./solv-import.service")
    assert "ProtectEverything" in checked.stderr


def test_the_service_is_exposed_to_next_to_nothing(units: Path) -> None:
    """Systemd counts from 0 to 10, here in tenths; an ordinary service has 9.6."""
    looked = analyzed(units, "security", "--offline=yes", "--threshold=20", "./solv-import.service")
    assert looked.returncode == 0, looked.stdout


def test_the_service_runs_the_command_with_settings_that_exist() -> None:
    (command,) = values("ExecStart")
    with run.make_context("run", arguments_of(command)) as ctx:
        assert ctx.params["yes"]
    known = {spec.variable for spec in SPECS.values()} | {"SOLV_IMPORT_CONFIG_DIR"}
    assert {line.partition("=")[0] for line in values("Environment")} <= known


def test_a_stop_leaves_time_for_the_requests_in_flight_and_the_results() -> None:
    (stop_s,) = values("TimeoutStopSec")
    assert int(stop_s) >= DRAIN_S + 60


def test_only_what_needs_nobody_at_night_counts_as_success() -> None:
    (codes,) = values("SuccessExitStatus")
    fine = {ExitCode.NEEDS_A_PERSON, ExitCode.TERMINATED}
    assert {ExitCode(int(code)) for code in codes.split()} == fine


def test_the_secret_is_lent_under_the_name_that_the_setting_reads() -> None:
    (lent,) = values("LoadCredential")
    name = lent.partition(":")[0]
    assert f"SOLV_IMPORT_CLIENT_SECRET_FILE=%d/{name}" in values("Environment")
    assert lent in (ROOT / "docs" / "operations" / "systemd.md").read_text("utf-8")
