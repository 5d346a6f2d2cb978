"""The tools that are compared: how each is set up, started, and started again."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.request import Request, urlopen

from tests.rows import write_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.acceptance.server_kit import SandboxProcess

ROOT = Path(__file__).parents[3]
BENCH = Path(os.environ.get("BENCH_VENV") or ROOT / ".venv-bench") / "bin"
"""Where the other tools are installed: `make bench-tools`."""


@dataclass(slots=True, kw_only=True)
class Desk:
    """One tool's folder, the file to import, and the server."""

    folder: Path
    source: Path
    server: SandboxProcess
    environ: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Sign in once: the other tools take a token, they cannot get one."""
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "URL": self.server.base_url,
            "CLIENT": self.server.client_id,
            "TOKEN": _token(self.server),
        }

    def rows(self) -> list[dict[str, str]]:
        """Return the rows of the file."""
        with self.source.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


class Tool(Protocol):
    """One way of getting a CSV file into the API."""

    name: str

    def prepare(self, desk: Desk) -> None:
        """Write what the tool needs beside the source."""

    def command(self, desk: Desk) -> list[str]:
        """Return the command that imports the file; a person repeats it after a crash."""

    def repair(self, desk: Desk) -> list[str] | None:
        """Return the tool's own way to go on after failures, None when there is nothing to do."""

    def failed(self, desk: Desk) -> set[str]:
        """Return the rows that the tool calls not booked, by `emr_patient_id`."""

    def doubted(self, desk: Desk) -> set[str]:
        """Return the rows of which the tool says that it does not know."""


class Ours:
    """This program."""

    name = "solv-import"

    def prepare(self, desk: Desk) -> None:
        """Set it up by variables alone."""
        desk.environ |= desk.server.environ | {
            "PYTHONPATH": str(ROOT),
            "SOLV_IMPORT_STATE_DIR": str(desk.folder / "state"),
            "SOLV_IMPORT_RATE": "none",
            "SOLV_IMPORT_IN_FLIGHT": "4",
            "SOLV_IMPORT_DEADLINE_S": "2",
        }

    def command(self, desk: Desk) -> list[str]:
        """Return the command."""
        results = str(desk.folder / "results.jsonl")
        run = [sys.executable, "-m", "importer", "run", str(desk.source)]
        return [*run, "--yes", "--results", results]

    def repair(self, desk: Desk) -> list[str] | None:
        """Return the same command: it carries on."""
        return self.command(desk)

    def failed(self, desk: Desk) -> set[str]:
        """Return the rows that are neither booked, now or earlier, nor unknown."""
        return {
            row
            for row, status in self._told(desk)
            if status not in {"booked", "skipped", "unknown"}
        }

    def doubted(self, desk: Desk) -> set[str]:
        """Return the rows whose status is `unknown`."""
        return {row for row, status in self._told(desk) if status == "unknown"}

    def _told(self, desk: Desk) -> Iterator[tuple[str, str]]:
        for line in (desk.folder / "results.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            yield row["cells"]["emr_patient_id"], row["status"]


class NaiveScript:
    """The script that people write."""

    name = "script: requests, urllib3 Retry"

    def prepare(self, desk: Desk) -> None:
        """Nothing to set up."""

    def command(self, desk: Desk) -> list[str]:
        """Return the command."""
        script = naive_script_path()
        return [str(BENCH / "python"), script, str(desk.source), str(desk.folder / "done.json")]

    def repair(self, desk: Desk) -> list[str] | None:
        """Return a run of only the rows that failed, as a careful person does."""
        failed = self.failed(desk)
        rows = [row for row in desk.rows() if row["emr_patient_id"] in failed]
        if not rows:
            return None
        again = write_rows(desk.folder / "failed.csv", rows)
        return [*self.command(desk)[:2], str(again), str(desk.folder / "again.json")]

    def failed(self, desk: Desk) -> set[str]:
        """Return what the newest results list as failed."""
        again, first = desk.folder / "again.json", desk.folder / "done.json"
        newest = again if again.exists() else first
        if not newest.exists():
            return set()
        return {row["row"] for row in json.loads(newest.read_text("utf-8")) if "failed" in row}

    def doubted(self, desk: Desk) -> set[str]:
        """Return nothing: a row is booked or failed."""
        del desk
        return set()


class BulkPost:
    """`bulk-post` from PyPI: CSV rows to HTTP requests, with retries and a redrive file."""

    name = "bulk-post"

    def prepare(self, desk: Desk) -> None:
        """Nothing to set up."""

    def command(self, desk: Desk) -> list[str]:
        """Return the command."""
        return self._posting(desk, desk.source, "failed.csv")

    def repair(self, desk: Desk) -> list[str] | None:
        """Return a run of its redrive file, as its guide says."""
        redrive = desk.folder / "failed.csv"
        return self._posting(desk, redrive, "again.csv") if redrive.exists() else None

    def _posting(self, desk: Desk, source: Path, redrive: str) -> list[str]:
        fields = desk.rows()[0]
        pairs = (
            f'"{name}": {{{{{name}}}}}' if name == "location_id" else f'"{name}": "{{{{{name}}}}}"'
            for name in fields
        )
        return [
            *(str(BENCH / "bulk-post"), "--url", f"{desk.server.base_url}/v1/partner/bookings"),
            *("--csv", str(source), "--body", f"{{{', '.join(pairs)}}}"),
            *("--auth-type", "bearer", "--token", desk.environ["TOKEN"]),
            *("--header", f"x-api-key: {desk.server.client_id}", "--timeout", "2"),
            *("--parallel", "--concurrency-level", "4", "--retry-on", "429,500,502,503,504"),
            *("--max-retries", "3", "--retry-delay", "50"),
            *("--redrive-file", str(desk.folder / redrive)),
        ]

    def failed(self, desk: Desk) -> set[str]:
        """Return what stands in the newest redrive file."""
        again, first = desk.folder / "again.csv", desk.folder / "failed.csv"
        redrive = again if (desk.folder / "repaired").exists() else first
        if not redrive.exists():
            return set()
        with redrive.open(encoding="utf-8", newline="") as file:
            return {row["emr_patient_id"] for row in csv.DictReader(file)}

    def doubted(self, desk: Desk) -> set[str]:
        """Return nothing: a row is sent or in the redrive file."""
        del desk
        return set()


class Drt:
    """`drt-core` from PyPI: rows of a database to a REST API, with retries and dead letters."""

    name = "drt-core"

    def prepare(self, desk: Desk) -> None:
        """Load the file into SQLite, as it reads no CSV, and write its project."""
        rows = desk.rows()
        with closing(sqlite3.connect(desk.folder / "visits.sqlite")) as database, database:
            database.execute(f"CREATE TABLE visits ({', '.join(rows[0])})")
            marks = ", ".join("?" for _ in rows[0])
            insert = f"INSERT INTO visits VALUES ({marks})"  # noqa: S608 - marks only
            database.executemany(insert, [tuple(row.values()) for row in rows])
        for path, text in _DRT_PROJECT.items():
            (desk.folder / path).parent.mkdir(exist_ok=True)
            (desk.folder / path).write_text(text, "utf-8")
        body = ", ".join(
            f'"{name}": {{{{ row.{name} }}}}'
            if name == "location_id"
            else f'"{name}": "{{{{ row.{name} }}}}"'
            for name in rows[0]
        )
        sync = _DRT_SYNC.format(url=desk.server.base_url, client=desk.server.client_id, body=body)
        (desk.folder / "syncs" / "book.yml").write_text(sync, "utf-8")

    def command(self, desk: Desk) -> list[str]:
        """Return the command."""
        del desk
        return [str(BENCH / "drt"), "run", "--select", "book"]

    def repair(self, desk: Desk) -> list[str] | None:
        """Return the replay of its dead letters."""
        return [str(BENCH / "drt"), "retry", "book"] if self.failed(desk) else None

    def failed(self, desk: Desk) -> set[str]:
        """Return what stands in the dead letter queue."""
        letters = desk.folder / ".drt" / "dlq" / "book.jsonl"
        if not letters.exists():
            return set()
        told = (json.loads(line) for line in letters.read_text("utf-8").splitlines())
        return {letter["record"]["emr_patient_id"] for letter in told}

    def doubted(self, desk: Desk) -> set[str]:
        """Return nothing: a row is sent or a dead letter."""
        del desk
        return set()


RIVALS: tuple[Tool, ...] = (NaiveScript(), BulkPost(), Drt())
OURS: Tool = Ours()


def naive_script_path() -> str:
    """Return where the script stands."""
    return str(Path(__file__).with_name("naive_script.py"))


def _token(server: SandboxProcess) -> str:
    sign_in = {
        "client_id": server.client_id,
        "client_secret": server.client_secret,
        "grant_type": "service_api",
        "scope": "write:bookings",
    }
    request = Request(  # noqa: S310 - loopback
        f"{server.base_url}/v1/auth/token",
        data=json.dumps(sign_in).encode(),
        headers={"Content-Type": "application/json", "x-api-key": server.client_id},
    )
    with urlopen(request, timeout=20) as answer:  # noqa: S310 - loopback
        return str(json.load(answer)["access_token"])


_DRT_PROJECT = {
    "drt_project.yml": 'name: visits\nversion: "0.1"\nprofile: dev\n',
    ".drt/profiles.yml": "profiles:\n  dev:\n    type: sqlite\n    database: visits.sqlite\n",
    "syncs/.keep": "",
}
_DRT_SYNC = """\
name: book
model: SELECT * FROM visits
destination:
  type: rest_api
  url: {url}/v1/partner/bookings
  method: POST
  headers:
    Content-Type: application/json
    x-api-key: {client}
  body_template: |
    {{{body}}}
  auth:
    type: bearer
    token_env: TOKEN
sync:
  mode: full
  batch_size: 50
  rate_limit:
    requests_per_second: 1000
  retry:
    max_attempts: 3
    initial_backoff: 0.05
  on_error: skip
  dlq:
    enabled: true
"""
