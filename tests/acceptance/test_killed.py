"""`kill -9` at any instant: nobody is booked twice, and what is not known says so."""

from __future__ import annotations

import csv
import os
import random
import shutil
import signal
import sqlite3
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from importer.pipeline import apply_decisions
from importer.settings import load_settings
from tests.acceptance.cli_kit import read_results
from tests.pipeline.desk import FastClock, bookings_per_patient
from tests.rows import write_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.sandbox import Sandbox
    from tests.acceptance.cli_kit import Cli, Finished

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]

ROWS = 600
"""More than all the kills together let through."""
IN_FLIGHT = 8
SEEDS = range(1, 5) if os.environ.get("CHAOS") == "full" else (1,)


class Killer:
    """Starts the same command again and again, and kills it when something is so."""

    def __init__(self, cli: Cli, source: Path, sandbox: Sandbox) -> None:
        """Take the command, the file and the server."""
        self.cli, self.source, self.sandbox = cli, source, sandbox
        self.kills = 0

    def run(self) -> Finished:
        """Let the command come to its end."""
        return self.cli("run", self.source, "--in-flight", IN_FLIGHT)

    def kill_when(self, is_so: Callable[[], bool]) -> None:
        """Start the command, and kill it as soon as `is_so`, or let it end before."""
        running = self.cli.start("run", self.source, "--in-flight", IN_FLIGHT)
        try:
            while running.process.poll() is None and not is_so():
                time.sleep(0.001)
        finally:
            running.process.kill()
            running.process.communicate()
        self.kills += running.process.returncode == -signal.SIGKILL
        assert self.states["sending"] <= IN_FLIGHT

    def kill_after(self, seconds: float, *, or_requests: int) -> None:
        """Kill the command so long after its start, or earlier on a machine that is quick."""
        end = time.monotonic() + seconds
        is_far = self._have_been(or_requests)
        self.kill_when(lambda: time.monotonic() >= end or is_far())

    def kill_after_requests(self, more: int) -> None:
        """Kill the command when so many more requests have been answered."""
        self.kill_when(self._have_been(more))

    def _have_been(self, more: int) -> Callable[[], bool]:
        wanted = self.sandbox.counts()["requests"] + more
        return lambda: self.sandbox.counts()["requests"] >= wanted

    @property
    def states(self) -> Counter[str]:
        """Return how many rows of the newest run are in each state on the killed disk."""
        return states_on_disk(self.cli.state_dir)

    def is_reading(self) -> bool:
        """Return whether a private copy of the source stands there."""
        return any(self.cli.state_dir.glob("*/spool/*/source/*"))

    def is_writing_results(self) -> bool:
        """Return whether the workbook is being made."""
        return any(self.cli.state_dir.glob("*/spool/*/work/*"))


def states_on_disk(state_dir: Path) -> Counter[str]:
    """Return the states of the newest run; read from a copy, as the journal may be hot."""
    for folder in state_dir.iterdir():
        with tempfile.TemporaryDirectory() as copy:
            for name in folder.glob("ledger.db*"):
                shutil.copy(name, copy)
            return _states(Path(copy) / "ledger.db")
    return Counter()


def _states(database: Path) -> Counter[str]:
    connection = sqlite3.connect(database)
    try:
        found = connection.execute(
            "SELECT state, count(*) FROM row"
            " WHERE run_number = (SELECT max(run_number) FROM run WHERE planned_at)"
            " GROUP BY state"
        )
        return Counter(dict(found.fetchall()))
    except sqlite3.OperationalError:
        return Counter()  # killed before there were tables
    finally:
        connection.close()


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_killed_again_and_again_books_everybody_once_in_the_end(
    seed: int, run_cli: Cli, start_sandbox: Callable[..., Sandbox], make_row: Make, write_csv: Write
) -> None:
    """While reading, while sending, while resuming, at any time, and while writing results."""
    chance = random.Random(seed)
    server = start_sandbox()
    run_cli.target(server)
    source = write_csv(make_row(n) for n in range(2, ROWS + 2))
    killer = Killer(run_cli, source, server)

    killer.kill_when(killer.is_reading)
    killer.kill_after_requests(chance.randrange(1, 150))
    killer.kill_after_requests(chance.randrange(1, 100))
    killer.kill_after(chance.uniform(0.2, 3.0), or_requests=100)
    killer.kill_after_requests(chance.randrange(20, 200))
    killer.kill_when(killer.is_writing_results)
    assert killer.kills >= 5  # rows are left for each: a quick machine may miss only the last
    last = killer.run()

    counts = last.counts
    unknown = counts.get("unknown", 0)
    assert last.code == (6 if unknown else 0)
    assert unknown <= IN_FLIGHT * (killer.kills - 1)
    # The killed run had nothing left to send, so this is a new one, in which they are skipped.
    assert counts == {"skipped": ROWS - unknown} | ({"unknown": unknown} if unknown else {})
    assert last.summary["rows_in"] == ROWS
    assert_log_and_results_agree(server, read_results(last.results))
    whole = [r.body_hmac for r in server.requests() if r.body_hmac]  # a kill may cut one in two
    assert set(Counter(whole).values()) == {1}

    settle(run_cli, last, server)
    done = killer.run()
    assert done.code == 0
    assert sum(done.counts.values()) == ROWS
    assert set(done.counts) <= {"booked", "skipped"}
    assert_log_and_results_agree(server, read_results(done.results))
    assert set(bookings_per_patient(server.requests()).values()) == {1}
    assert len(server.bookings()) == ROWS


def assert_log_and_results_agree(server: Sandbox, rows: dict[int, dict[str, str]]) -> None:
    """Every row once; booked rows hold the server's own ids; the others are not booked there."""
    assert [row["emr_patient_id"] for row in rows.values()] == [f"MRN-{n}" for n in rows]
    assert list(rows) == list(range(2, ROWS + 2))
    at_server = {b.fields["emr_patient_id"]: str(b.id) for b in server.bookings() if b.fields}
    assert len(at_server) == len(server.bookings())
    for row in rows.values():
        booking_id = at_server.get(row["emr_patient_id"])
        match row["status"]:
            case "booked" | "skipped":
                assert row["booking_id"] == booking_id is not None
            case "unknown":
                assert row["booking_id"] == ""
            case _:
                assert booking_id is None


def settle(cli: Cli, report: Finished, server: Sandbox) -> None:
    """Look every unknown row up at the server, as a person would, and take the answers in."""
    at_server = {b.fields["last_name"]: b.id for b in server.bookings() if b.fields}
    sheet = cli.folder / "worksheet.csv"
    run_id = report.summary["run_id"]
    written = cli("reconcile", run_id, "--worksheet", sheet)
    if written.code == 0:
        return  # every kill came between two requests
    assert written.code == 6
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == report.counts["unknown"]
    for row in rows:
        booking_id = at_server.get(row["last_name"])
        row["decision"] = f"booked {booking_id}" if booking_id else "not booked"
    write_rows(sheet, rows)
    refused = cli("reconcile", run_id, "--decisions", sheet, "--who", "Ana B.")
    lost = sum(row["decision"] == "not booked" for row in rows)
    assert refused.err.count("may still be booked") == lost
    assert refused.code == (6 if lost else 0)
    if lost:
        settings = load_settings({}, environ=cli.environ, folder=cli.folder)
        clock = FastClock(ahead=timedelta(minutes=16))
        told = apply_decisions(run_id, settings, sheet, who="Ana B.", clock=clock)
        assert told.released == lost
        assert told.still_unknown == 0
