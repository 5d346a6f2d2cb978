"""How the acceptance tests run the real command, and read what it leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openpyxl import load_workbook

import importer
from tests.acceptance.server_kit import SandboxProcess

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.sandbox import Sandbox

FOR_COVERAGE = ("COVERAGE_", "COV_CORE_")
"""What subprocesses need of the environment so that their lines are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How one command ended; a traceback on either stream is never right."""

    code: int
    out: str
    err: str
    summary: Mapping[str, Any] = field(default_factory=dict)
    """What `--summary` wrote, if the command wrote one."""

    def __post_init__(self) -> None:
        """Refuse a traceback, whatever the test is about."""
        assert "Traceback" not in self.out + self.err, self.err

    @property
    def results(self) -> Path:
        """Return where the results were written."""
        return Path(self.summary["results"])

    @property
    def counts(self) -> dict[str, int]:
        """Return the status counts that are not zero."""
        names = [
            "booked",
            "skipped",
            "duplicate",
            "invalid",
            "left_out",
            "blank",
            "rejected",
            "unknown",
            "not_sent",
        ]
        return {name: self.summary[name] for name in names if self.summary[name]}

    @property
    def errors(self) -> list[str]:
        """Return the lines on standard error that say what stopped the command."""
        return [line for line in self.err.splitlines() if line.startswith(("error", "stopped:"))]


@dataclass(slots=True, kw_only=True)
class Running:
    """A command that is under way."""

    process: subprocess.Popen[str]
    summary_path: Path

    def finish(self, timeout_s: float = 60) -> Finished:
        """Wait for its end."""
        try:
            out, err = self.process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        written = self.summary_path.read_text("utf-8") if self.summary_path.exists() else "{}"
        return Finished(code=self.process.returncode, out=out, err=err, summary=json.loads(written))


@dataclass(slots=True, kw_only=True)
class Cli:
    """`python -m importer` with a state folder, a temp folder and an environment of its own."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    """Settings, as variables; anything else of this process is kept from the command."""
    _started: list[subprocess.Popen[str]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        """Make the folders and leave only what a clean login would have."""
        for name in ("state", "tmp", "home", "work"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        passed = {k: v for k, v in os.environ.items() if k.startswith(FOR_COVERAGE)}
        self.environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(importer.__file__).parents[1]),
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "LANG": "C.UTF-8",
            "SOLV_IMPORT_STATE_DIR": str(self.state_dir),
            "SOLV_IMPORT_GUARD_DAYS_AHEAD": "off",  # visits that never pass
            "SOLV_IMPORT_NON_INTERACTIVE": "true",
            "SOLV_IMPORT_RATE": "none",
            **passed,
            **self.environ,
        }

    @property
    def state_dir(self) -> Path:
        """Return where ledgers, keys and spool stand."""
        return self.folder / "state"

    def target(self, sandbox: Sandbox | SandboxProcess, **settings: str) -> None:
        """Send to this sandbox from now on."""
        account = sandbox if isinstance(sandbox, SandboxProcess) else sandbox.config
        self.environ |= {
            "SOLV_IMPORT_BASE_URL": sandbox.base_url,
            "SOLV_IMPORT_CLIENT_ID": account.client_id,
            "SOLV_IMPORT_CLIENT_SECRET": account.client_secret,
            **{f"SOLV_IMPORT_{name.upper()}": value for name, value in settings.items()},
        }

    def start(self, *arguments: object, env: Mapping[str, str] | None = None) -> Running:
        """Start a command; `run` and `resume` also write a summary."""
        summary = self.folder / "summary.json"
        summary.unlink(missing_ok=True)
        words = [str(argument) for argument in arguments]
        if words and words[0] in {"run", "resume"} and "--summary" not in words:
            words += ["--summary", str(summary)]
        process = subprocess.Popen(
            [sys.executable, "-m", "importer", *words],
            env=self.environ | dict(env or {}),
            cwd=self.folder / "work",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._started.append(process)
        return Running(process=process, summary_path=summary)

    def stop(self) -> None:
        """Kill whatever a failed test has left running."""
        for process in self._started:
            if process.returncode is None:
                process.kill()
                process.communicate()

    def __call__(
        self, *arguments: object, env: Mapping[str, str] | None = None, timeout_s: float = 60
    ) -> Finished:
        """Run a command to its end."""
        return self.start(*arguments, env=env).finish(timeout_s)


def read_results(path: Path | None) -> dict[int, dict[str, str]]:
    """Return the rows of a results workbook: line on the sheet -> heading -> text."""
    assert path is not None, "no results were written"
    workbook = load_workbook(path)
    lines = [
        ["" if cell is None else str(cell) for cell in line]
        for line in workbook["Results"].iter_rows(values_only=True)
    ]
    workbook.close()
    headings = lines[0]
    return {
        number: dict(zip(headings, line, strict=True)) for number, line in enumerate(lines[1:], 2)
    }


def change_results(path: Path, changes: Mapping[tuple[int, str], str], to: Path) -> Path:
    """Save a results workbook as a person would after changing cells: (line, heading) -> text."""
    workbook = load_workbook(path)
    sheet = workbook["Results"]
    columns = {cell.value: cell.column for cell in sheet[1]}
    for (line, heading), text in changes.items():
        sheet.cell(line, columns[heading], text)
    workbook.save(to)
    workbook.close()
    return to
