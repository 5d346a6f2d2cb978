"""One file, one server, the same faults and kills for every tool; the server's log is the judge."""

from __future__ import annotations

import random
import subprocess
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from importer.sandbox import read_log_key
from importer.sandbox.request_log import canonical_json, keyed_hash
from tests.acceptance.server_kit import sandbox_process
from tests.chaos.rivals.tools import Desk

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chaos.rivals.tools import Tool

ROWS = 250
FAULTS = (
    "commit-then-drop:0.04",
    "504:0.04",
    "503:0.04",
    "429,wait=1:0.04",
    "no-id:0.02",
    "reset-before-read:0.02",
)
"""One answer in five is not what it should be; three of these hide a booking."""
KILLS = 3
_COMMAND_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the server's log, held against what the tool says, shows."""

    tool: str
    scenario: str
    rows: int
    second_bookings: int
    """Bookings beyond the first of a row: patients who are expected twice."""
    lost: int
    """Rows that the server has not, and of which the tool says nothing."""
    wrong: int
    """Rows that the tool calls failed, though the server has them: they will be sent again."""
    asked: int
    """Rows of which the tool says that it cannot know."""


def compare(tool: Tool, scenario: str, source: Path, folder: Path, *, seed: int) -> Verdict:
    """Let one tool import a file under the faults or kills of a scenario, and judge it.

    Args:
        tool: Which.
        scenario: `faults`, or `kills`.
        source: The file.
        folder: An empty folder.
        seed: Decides which requests fail, and when the process is killed.
    """
    faults = [word for fault in FAULTS for word in ("--fault", fault)]
    switches = faults if scenario == "faults" else ["--latency", "0.01"]
    with sandbox_process(folder / "requests.jsonl", "--seed", seed, *switches) as server:
        desk = Desk(folder=folder, source=source, server=server)
        tool.prepare(desk)
        if scenario == "kills":
            _killed(tool, desk, random.Random(seed))
        _run(tool.command(desk), desk)
        if scenario == "faults" and (repair := tool.repair(desk)) is not None:
            (folder / "repaired").touch()
            _run(repair, desk)
        return _verdict(tool, scenario, desk)


def _killed(tool: Tool, desk: Desk, chance: random.Random) -> None:
    """Start the same command, and kill it when the server has seen some more requests of it."""
    for _ in range(KILLS):
        seen = len(desk.server.requests()) + chance.randrange(20, 60)
        process = _started(tool.command(desk), desk)
        while process.poll() is None and len(desk.server.requests()) < seen:
            _wait(process)
        process.kill()
        process.communicate()


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(0.02)
    except subprocess.TimeoutExpired:
        return


def _started(command: list[str], desk: Desk) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=desk.folder,
        env=desk.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _run(command: list[str], desk: Desk) -> None:
    """Run a command to its end, whatever its exit code."""
    process = _started(command, desk)
    try:
        process.wait(_COMMAND_S)
    finally:
        process.kill()
        process.communicate()


def _verdict(tool: Tool, scenario: str, desk: Desk) -> Verdict:
    """Hold what the server made against what the tool says of each row."""
    seen = desk.server.requests()
    made = Counter(r.natural_key for r in seen if r.committed and r.natural_key is not None)
    key = read_log_key(desk.server.log_path)
    booked = {row["emr_patient_id"] for row in desk.rows() if _natural_key(row, key) in made}
    rows = {row["emr_patient_id"] for row in desk.rows()}
    failed, doubted = tool.failed(desk), tool.doubted(desk)
    return Verdict(
        tool=tool.name,
        scenario=scenario,
        rows=len(rows),
        second_bookings=sum(count - 1 for count in made.values()),
        lost=len(rows - booked - failed - doubted),
        wrong=len(booked & failed),
        asked=len(doubted),
    )


def _natural_key(row: dict[str, str], key: bytes) -> str:
    """Return by which hash the server's log names the booking of a row."""
    instant = datetime.fromisoformat(row["appointment_date"]).timestamp()
    names = (row["first_name"].casefold(), row["last_name"].casefold())
    told = [int(row["location_id"]), instant, row["birth_date"], *names]
    return keyed_hash(key, canonical_json(told))
