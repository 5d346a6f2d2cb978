"""Fourteen nights of one clinic, by its cron line, good ones and bad ones."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

import importer
from importer.errors import ExitCode
from tests.acceptance.cli_kit import FOR_COVERAGE, read_results
from tests.listeners import webhook
from tests.pipeline.desk import bookings_per_patient
from tests.rows import invented_row, write_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.sandbox import Sandbox
    from tests.listeners import Webhook

ROWS = 20
"""So many rows are usual."""
FIRST_NIGHT = datetime.fromisoformat("2036-01-07T01:15:00+00:00")
CRON_LINE = (
    "15 1 * * *  {bin}/solv-import run {drop} --profile north --yes --non-interactive "
    "--move-to {done} --deadline 05:30 --canary 3 --log {home}/import.log "
    "--metrics {home}/import.prom --summary {home}/last.json >> {home}/cron.log 2>&1"
)
CONFIG = """
[run]
base_url = "{base_url}"
client_id = "{client_id}"
client_secret_file = "{secret}"
rate = "20/s"
"""
PROFILE = """
[run]
only_valid = true
[file]
headings = [{headings}]
[inbox]
settle_s = 0
[guards]
days_ahead = "off"
[messages]
targets = ["{target}"]
heartbeat_url = "{heartbeat}"
"""


@dataclass(slots=True, kw_only=True)
class Clinic:
    """A machine with a cron line, a folder that files are dropped into, and a server far away."""

    folder: Path
    sandbox: Sandbox
    hook: Webhook
    headings: list[str]
    night: int = 0

    def __post_init__(self) -> None:
        """Install the command, its settings and the secret."""
        for name in ("bin", "drop", "home/.config/solv-import/profiles"):
            (self.folder / name).mkdir(parents=True)
        secret = self.home / "secret"
        secret.write_text(self.sandbox.config.client_secret)
        secret.chmod(0o600)
        self.point_to(self.sandbox.base_url)
        listed = ", ".join(f'"{heading}"' for heading in self.headings)
        (self.config / "profiles" / "north.toml").write_text(
            PROFILE.format(
                headings=listed, target=self.hook.target, heartbeat=f"{self.hook.url}/beat"
            )
        )

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def config(self) -> Path:
        return self.home / ".config" / "solv-import"

    @property
    def drop(self) -> Path:
        return self.folder / "drop"

    def point_to(self, base_url: str) -> None:
        """Let the server be there, or nowhere; the ledger stays the same."""
        text = CONFIG.format(
            base_url=base_url,
            client_id=self.sandbox.config.client_id,
            secret=self.home / "secret",
        )
        (self.config / "config.toml").write_text(text)

    def export(self, rows: int = ROWS, *, night: int | None = None) -> Path:
        """Let the clinic's software drop the file of a night."""
        night = self.night if night is None else night
        return write_rows(
            self.drop / f"visits-{night:02}.csv",
            [invented_row(1_000 * (night + 1) + n) for n in range(rows)],
        )

    def command(self, at: datetime) -> list[str]:
        """Return the cron line's command at a moment, as cron hands it to a shell."""
        script = self.folder / "bin" / "solv-import"
        words = f"exec {sys.executable} -m tests.night_clock {at.isoformat()}"
        script.write_text(f'#!/bin/sh\n{words} "$@"\n')
        script.chmod(0o755)
        line = CRON_LINE.format(
            bin=self.folder / "bin",
            drop=self.drop,
            done=self.folder / "done",
            home=self.home,
        )
        return ["/bin/sh", "-c", line.split(None, 5)[5]]

    def environ(self) -> dict[str, str]:
        """Return what cron gives a job, and what a test needs to find its code."""
        passed = {k: v for k, v in os.environ.items() if k.startswith(FOR_COVERAGE)}
        root = str(Path(importer.__file__).parents[1])
        return passed | {
            "HOME": str(self.home),
            "PATH": "/usr/bin:/bin",
            "SHELL": "/bin/sh",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONPATH": root,
        }

    def start(self, *, late: timedelta = timedelta()) -> subprocess.Popen[bytes]:
        """Let cron start the job of this night."""
        at = FIRST_NIGHT + timedelta(days=self.night) + late
        return subprocess.Popen(
            self.command(at), env=self.environ(), cwd=self.home, start_new_session=True
        )

    def sleep(self, *, late: timedelta = timedelta()) -> Night:
        """Let a night pass, and return what it left behind."""
        told, beats = len(self.hook.messages), len(self.hook.paths)
        code = self.start(late=late).wait(60)
        paths = [path for path in self.hook.paths[beats:] if path.startswith("/beat")]
        night = Night(
            code=ExitCode(code),
            messages=self.hook.messages[told:],
            beats=paths,
            metrics=self.metrics(),
        )
        self.night += 1
        return night

    def metrics(self) -> dict[str, float]:
        """Return the samples that a collector would read."""
        text = (self.home / "import.prom").read_text()
        return {
            sample.name + str(sample.labels.get("status", "")): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def said(self) -> str:
        """Return what cron's log holds."""
        return (self.home / "cron.log").read_text()

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run another command by hand, the next morning."""
        morning = FIRST_NIGHT + timedelta(days=self.night, hours=8 - 24)
        return subprocess.run(
            [sys.executable, "-m", "tests.night_clock", morning.isoformat(), *words],
            env=self.environ(),
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
        )

    def settle(self) -> None:
        """Look up in the morning, as a person does in Solv, what is unknown, and write it down."""
        summary = json.loads((self.home / "last.json").read_text())
        if not summary["unknown"]:
            return
        rows = read_results(Path(summary["results"])).values()
        known = {row["booking_id"] for row in rows}
        made = [request.booking_id for request in self.sandbox.requests() if request.committed]
        found = [str(booking_id) for booking_id in made[5 * ROWS :] if str(booking_id) not in known]
        with (self.home / "decided.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["row_key", "decision"])
            for row in rows:
                if row["status"] == "unknown":
                    writer.writerow(
                        [row["row_key"], f"booked {found.pop(0)}" if found else "not booked"]
                    )
        settled = self.ask("reconcile", summary["run_id"], "--decisions", "decided.csv")
        assert settled.returncode in (0, 5), settled.stdout + settled.stderr


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What one night left behind."""

    code: ExitCode
    messages: list[dict[str, str]]
    beats: list[str]
    metrics: dict[str, float]

    @property
    def is_quiet(self) -> bool:
        """Return whether all went well and nobody was told."""
        return not self.messages and self.beats == ["/beat/start", "/beat"]

    def is_told(self, word: str) -> bool:
        """Return whether exactly one message went out, with that word, and the heartbeat failed."""
        is_one = len(self.messages) == 1 and word in str(self.messages[0])
        return is_one and self.beats == ["/beat/start", "/beat/fail"]


@pytest.fixture
def clinic(tmp_path: Path, start_sandbox: Callable[..., Sandbox]) -> Iterator[Clinic]:
    """Return a clinic whose cron job is set up."""
    with webhook() as hook:
        yield Clinic(
            folder=tmp_path,
            sandbox=start_sandbox(latency_s=0.02),
            hook=hook,
            headings=list(invented_row(2)),
        )


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_fortnight_of_cron(clinic: Clinic) -> None:  # noqa: PLR0915 - a night after the other
    good: list[int] = []

    for _ in range(5):
        good.append(clinic.night)
        clinic.export()
        night = clinic.sleep()
        assert night.code == ExitCode.OK, clinic.said()
        assert night.is_quiet
    sent = len(clinic.sandbox.requests())
    assert sent == 5 * ROWS

    # The export is empty.
    bad = clinic.export(rows=1)
    bad.write_text(bad.read_text().splitlines()[0] + "\n")
    night = clinic.sleep()
    assert night.code == ExitCode.SOURCE
    assert night.is_told("exit 3")
    assert "guard no-rows" in clinic.said()
    bad.unlink()

    # It is five times too large.
    bad = clinic.export(rows=5 * ROWS)
    night = clinic.sleep()
    assert night.code == ExitCode.SOURCE
    assert night.is_told("exit 3")
    assert "guard rows: the file has 100 rows" in clinic.said()
    bad.unlink()

    # A heading has another name.
    bad = clinic.export()
    bad.write_text(bad.read_text().replace("phone", "mobile", 1))
    night = clinic.sleep()
    assert night.code == ExitCode.SOURCE
    assert night.is_told("IMP110")
    bad.unlink()

    # The file is half written: its last line is torn.
    bad = clinic.export()
    text = bad.read_text()
    bad.write_text(text[: len(text) * 2 // 5])
    night = clinic.sleep()
    assert night.code == ExitCode.SOURCE
    assert night.is_told("exit 3")
    bad.unlink()
    assert len(clinic.sandbox.requests()) == sent

    # The file is that of a night before, under another name.
    same = clinic.export(night=4)
    same.rename(same.with_name("visits-10.csv"))
    night = clinic.sleep()
    assert night.code == ExitCode.OK
    assert night.is_quiet
    assert "visits-10.csv was imported before" in clinic.said()
    assert len(clinic.sandbox.requests()) == sent

    # The power fails in mid run; the same cron line carries on.
    good.append(clinic.night)
    clinic.export()
    running = clinic.start()
    while len(clinic.sandbox.requests()) < sent + 4 and running.poll() is None:
        time.sleep(0.001)
    os.killpg(running.pid, 9)
    running.wait()
    lost = len(clinic.sandbox.requests()) - sent
    assert 0 < lost < ROWS
    told = len(clinic.said())
    night = clinic.sleep(late=timedelta(minutes=30))
    assert night.code in (ExitCode.OK, ExitCode.UNKNOWN_OUTCOMES)
    assert "resuming run" in clinic.said()[told:]
    assert len(night.messages) == bool(night.code)
    clinic.settle()

    # The server is down; the next night has two files.
    good.append(clinic.night)
    clinic.export()
    clinic.point_to("http://127.0.0.1:1")
    night = clinic.sleep()
    assert night.code == ExitCode.STOPPED_EARLY
    assert night.is_told("exit 5")
    clinic.point_to(clinic.sandbox.base_url)

    # The machine was off at 01:15, and the job starts past its deadline.
    good.append(clinic.night)
    clinic.export()
    before = len(clinic.sandbox.all_requests())
    night = clinic.sleep(late=timedelta(hours=5))
    assert night.code == ExitCode.STOPPED_EARLY
    assert night.is_told("exit 5")
    assert "the deadline 05:30 has passed" in clinic.said()
    assert len(clinic.sandbox.all_requests()) == before

    # The last night makes good what the others left.
    good.append(clinic.night)
    clinic.export()
    night = clinic.sleep()
    assert night.code == ExitCode.OK
    assert night.is_quiet

    booked = bookings_per_patient(clinic.sandbox.requests())
    assert set(booked.values()) == {1}
    assert len(booked) == len(good) * ROWS
    assert clinic.night == 14
    assert night.metrics["solv_import_exit_code"] == night.code

    audit = clinic.ask("verify", "--audit")
    assert audit.returncode == 0, audit.stdout + audit.stderr
