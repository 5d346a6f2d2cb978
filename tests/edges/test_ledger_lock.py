"""The lock: one writer at a time, named to whoever comes second, given up by a killed process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from importer.errors import LedgerBusy
from importer.ledger import LedgerFolder, is_held
from importer.model import State
from tests.edges.ledger_kit import AT, make_row, open_at, plan, states_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from importer.ledger import LedgerFolder
from tests.edges.ledger_kit import AT, claim, make_row, open_at, plan

with open_at(LedgerFolder(Path(sys.argv[1]))) as ledger:
    (row_id,) = plan(ledger, make_row())
    claim(ledger, row_id)
    print("held", flush=True)
    sys.stdin.read()
"""
SECOND = """
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from importer.errors import LedgerBusy
from importer.ledger import LedgerFolder
from tests.edges.ledger_kit import open_at

try:
    open_at(LedgerFolder(Path(sys.argv[1])))
except LedgerBusy as busy:
    print(busy.message)
"""


@contextmanager
def holder(folder: LedgerFolder) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold the ledger, with one row being sent."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder.path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_who_comes_second_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    with holder(folder) as process:
        with pytest.raises(LedgerBusy) as caught:
            open_at(folder)

        assert f"process {process.pid}, since {AT.isoformat()}" in caught.value.message
        assert "wait" in caught.value.todo
        assert is_held(folder.lock_file)


def test_another_process_is_refused_while_this_one_holds_it(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    with open_at(folder):
        told = subprocess.run(
            [sys.executable, "-c", SECOND, str(folder.path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout

    assert f"process {os.getpid()}, since {AT.isoformat()}" in told


def test_a_refused_opening_leaves_the_holder_its_lock(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    with open_at(folder):
        for _ in range(2):
            with pytest.raises(LedgerBusy):
                open_at(folder)


def test_a_killed_process_gives_the_ledger_up(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    with holder(folder) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()

        assert not is_held(folder.lock_file)
        with open_at(folder) as ledger:
            assert ledger.interrupted == 1
            assert states_of(ledger) == {2: State.UNKNOWN}


def test_asking_who_holds_it_disturbs_nobody(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    with holder(folder) as process:
        assert is_held(folder.lock_file)
        process.communicate()
        assert process.returncode == 0


def test_it_is_free_again_after_an_end_in_order(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    with open_at(folder) as ledger:
        plan(ledger, make_row())
        assert is_held(folder.lock_file)

    assert not is_held(folder.lock_file)
    with open_at(folder):
        pass


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "no json",
        '{"pid": "x"}',
        '{"pid": 0}',
        '{"pid": -1}',
        '{"pid": 99999999}',
        '{"pid": 99999999999999999999}',
    ],
)
def test_a_lock_file_that_names_nobody_alive_says_that_nobody_holds_it(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "lock"
    assert not is_held(path)
    path.write_text(text)
    assert not is_held(path)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may signal everybody; drop that right for a while, if we have it."""
    real, effective, saved = os.getresuid()
    if effective == 0:
        os.setresuid(65534, 65534, saved)  # the saved one is the way back
    try:
        yield
    finally:
        if effective == 0:
            os.setresuid(real, effective, saved)


def test_a_process_of_another_user_counts_as_alive() -> None:
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "lock"
        path.write_text('{"pid": 1}')
        path.chmod(0o644)

        with as_nobody():
            assert is_held(path)


def test_what_the_holder_wrote_is_not_trusted(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    with open_at(folder):
        folder.lock_file.write_text("not what we write")
        with pytest.raises(LedgerBusy, match=r"another run holds this ledger$"):
            open_at(folder)
