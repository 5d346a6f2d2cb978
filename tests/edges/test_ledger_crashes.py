"""Killed at every step: real processes, SIGKILL, and whatever they leave opens again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from importer.ledger import LedgerFolder
from importer.model import State
from tests.edges.ledger_kit import (
    book,
    claim,
    make_row,
    open_at,
    plan,
    query,
    row_of,
    rows_of,
    states_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

ROOT = Path(__file__).parents[2]
_STEPS = {"open", "write", "pwrite", "replace", "mkdir", "connect", "commit"}
"""Calls that change what stands on the disk: between any two of them a process may die."""


# What runs in the child processes


def kill_at(step: int) -> None:
    """Kill this process before its `step`th call that changes what stands on the disk."""
    seen = 0

    def watch(_frame: FrameType, kind: str, called: object) -> None:
        nonlocal seen
        is_step = kind == "c_call" and getattr(called, "__name__", "") in _STEPS
        if is_step and not isinstance(getattr(called, "__self__", None), str):
            seen += 1
            if seen == step:
                os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(watch)
    sys.setprofile(watch)


def make(folder: LedgerFolder) -> None:
    """Make a ledger with two rows to send."""
    with open_at(folder) as ledger:
        plan(ledger, make_row(2), make_row(3))


def send(folder: LedgerFolder) -> None:
    """Open a ledger again, as the next night does, and book one row of the two."""
    with open_at(folder) as ledger:
        first, second = rows_of(ledger).values()
        book(ledger, first.row_id, 501)
        claim(ledger, second.row_id)


def sweep(job: Callable[[LedgerFolder], None], start: Path, places: Path) -> list[int]:
    """Run `job` in a child for every step, killed there; return how each child ended.

    The last child is not killed: it had fewer steps than that.
    """
    ends = []
    for step in range(1, 2_000):
        folder = LedgerFolder(places / f"{step:04}")
        if start.exists():
            shutil.copytree(start, folder.path)
        child = os.fork()
        if child == 0:
            kill_at(step)
            job(folder)
            os._exit(0)
        ends.append(os.waitpid(child, 0)[1])
        if not ends[-1]:
            return ends
    return ends


def main(name: str, start: str, places: str) -> None:
    """Print how the children ended."""
    print(json.dumps(sweep(globals()[name], Path(start), Path(places))))  # noqa: T201 - what its parent reads


# The tests


def killed_everywhere(name: str, tmp_path: Path) -> list[LedgerFolder]:
    """Return what each killed child left, the one that lived to its end last."""
    places = tmp_path / "places"
    places.mkdir()
    code = (
        f"from {__name__} import main; main({name!r}, {str(tmp_path / 'start')!r}, {str(places)!r})"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={name: os.environ[name] for name in os.environ if not name.startswith("COV")},
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    ends = json.loads(told)
    assert set(ends[:-1]) == {signal.SIGKILL}
    assert ends[-1] == 0
    return [LedgerFolder(path) for path in sorted(places.iterdir())]


@pytest.mark.timeout(120)
def test_a_ledger_killed_at_any_step_of_being_made_opens(tmp_path: Path) -> None:
    folders = killed_everywhere("make", tmp_path)

    assert len(folders) > 35
    found = set()
    for folder in folders:
        with open_at(folder) as ledger:
            is_planned = query(folder.database, "SELECT 1 FROM run")
            found.add(len(rows_of(ledger)) if is_planned else 0)
    assert found == {0, 2}


@pytest.mark.timeout(120)
def test_a_ledger_killed_at_any_step_of_sending_loses_nothing(tmp_path: Path) -> None:
    make(LedgerFolder(tmp_path / "start"))
    found = set()

    for folder in killed_everywhere("send", tmp_path):
        with open_at(folder) as ledger:
            found.add(tuple(states_of(ledger).values()))
            assert (row_of(ledger).state is State.BOOKED) == (row_of(ledger).booking_id == 501)

    assert found == {
        (State.READY, State.READY),
        (State.UNKNOWN, State.READY),
        (State.BOOKED, State.READY),
        (State.BOOKED, State.UNKNOWN),
    }


HELD = """
import os, signal, sys
from pathlib import Path
from importer.ledger import LedgerFolder
from tests.edges.ledger_kit import AT, claim, open_at

ledger = open_at(LedgerFolder(Path(sys.argv[1])))
for row_id in range(1, 6):
    claim(ledger, row_id)
    print(row_id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_every_claim_that_was_granted_survives_the_process(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    with open_at(folder) as ledger:
        plan(ledger, *(make_row(number) for number in range(2, 10)))

    told = subprocess.run(
        [sys.executable, "-c", HELD, str(folder.path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert told.returncode == -signal.SIGKILL
    assert told.stdout.split() == ["1", "2", "3", "4", "5"]
    with open_at(folder) as ledger:
        assert ledger.interrupted == 5
        assert list(states_of(ledger).values()) == [State.UNKNOWN] * 5 + [State.READY] * 3
