"""The recorded chains of commands: what a state folder goes through in its life."""

from __future__ import annotations

import csv
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from importer.sandbox import SandboxConfig, running_sandbox
from tests.acceptance.cli_kit import Cli
from tests.chaos.power.recording import Recorder
from tests.chaos.tracing.command_lines import ForkServer, Order
from tests.rows import write_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from importer.sandbox import Sandbox
    from tests.chaos.power.recording import Step, Tape

    MakeRow = Callable[..., dict[str, str]]

FIRST, SECOND = "visits.csv", "more.csv"
IN_FLIGHT = 2
_HANGS = "fault:commit-then-hang"
_DROPS = "fault:commit-then-drop"
_REFUSED = "fault:422"


@contextmanager
def command_server(folder: Path, make_row: MakeRow) -> Iterator[ForkServer]:
    """Lend what starts commands at once, with one run behind it."""
    with running_sandbox(SandboxConfig()) as sandbox:
        cli = Cli(folder=folder)
        cli.target(sandbox)
        write_rows(folder / FIRST, [make_row()])
        warm_up = Order(arguments=["run", folder / FIRST], environ=cli.environ, folder=folder)
        with ForkServer(warm_up) as server:
            yield server


def record_first_run(folder: Path, server: ForkServer, make_row: MakeRow, bug: str = "") -> Tape:
    """Record the first run ever: the ledger is made, a row is rejected, results are written."""
    with running_sandbox(SandboxConfig()) as sandbox:
        recorder = _begun(folder, server, make_row, sandbox, bug)
        _first_run(recorder)
        return recorder.end(sandbox)


def record_three_runs(folder: Path, server: ForkServer, make_row: MakeRow) -> Tape:
    """Record a first run, one that is killed while it sends, and one that carries it on."""
    with running_sandbox(SandboxConfig()) as sandbox:
        recorder = _begun(folder, server, make_row, sandbox)
        _first_run(recorder)
        _killed_run(recorder, sandbox)
        return recorder.end(sandbox)


def record_whole_life(folder: Path, server: ForkServer, make_row: MakeRow) -> Tape:
    """Record the same, then the unknown rows settled, and the first file once more."""
    with running_sandbox(SandboxConfig()) as sandbox:
        recorder = _begun(folder, server, make_row, sandbox)
        _first_run(recorder)
        run_id = _killed_run(recorder, sandbox)
        sheet, answers = recorder.work / "unknown.csv", folder / "answers.csv"
        assert recorder.run("reconcile", run_id, "--worksheet", sheet).code == 6
        _answer(sheet, answers, sandbox)
        decided = recorder.run("reconcile", run_id, "--decisions", answers, "--who", "Ana B.")
        assert decided.code == 0
        assert _run(recorder, FIRST).code == 1
        return recorder.end(sandbox)


def _begun(
    folder: Path, server: ForkServer, make_row: MakeRow, sandbox: Sandbox, bug: str = ""
) -> Recorder:
    recorder = Recorder(folder, server, bug)
    plain = [make_row(number) for number in range(2, 7)]
    write_rows(recorder.work / FIRST, [*plain[:3], make_row(5, reason=_REFUSED), *plain[4:]])
    reasons = ["", _HANGS, "", _HANGS, "", _DROPS, "", ""]
    rows = [make_row(number, reason=reason) for number, reason in enumerate(reasons, 20)]
    write_rows(recorder.work / SECOND, [plain[0], *rows])
    recorder.begin(sandbox)
    return recorder


def _first_run(recorder: Recorder) -> None:
    assert _run(recorder, FIRST).code == 1  # a row was rejected


def _killed_run(recorder: Recorder, sandbox: Sandbox) -> str:
    """Kill a run while both workers wait for answers, and carry it on; return its id."""
    before = len(sandbox.bookings())
    run = ("run", recorder.work / SECOND, "--in-flight", IN_FLIGHT)
    recorder.run(*run, until=lambda: len(sandbox.bookings()) == before + 4)
    assert _run(recorder, SECOND).code == 6  # what was on its way, and one more lost answer
    return str(json.loads(recorder.summary.read_text("utf-8"))["run_id"])


def _run(recorder: Recorder, name: str) -> Step:
    return recorder.run(
        "run", recorder.work / name, "--in-flight", IN_FLIGHT, "--summary", recorder.summary
    )


def _answer(sheet: Path, answers: Path, sandbox: Sandbox) -> None:
    """Look every unknown row up at the server, as a person would."""
    ids = {b.fields["last_name"]: b.id for b in sandbox.bookings() if b.fields}
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    write_rows(answers, ({**row, "decision": f"booked {ids[row['last_name']]}"} for row in rows))
