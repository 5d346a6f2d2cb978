"""Opening: every state that a crash, or a disk without room, can leave is taken up."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from importer.errors import LedgerError
from importer.ledger import LedgerFolder, open_ledger
from importer.ledger.folder import RESTORE, key_id
from importer.model import State
from tests.edges.ledger_kit import (
    AT,
    TARGET,
    claim,
    count_of,
    crash,
    make_row,
    no_file_beyond,
    open_at,
    plan,
    query,
    states_of,
)
from tests.edges.opening_kit import never_open, opened_twice, refuse, sidecar, write_sidecar

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> LedgerFolder:
    """A ledger that was opened twice and closed, with one booking."""
    return opened_twice(tmp_path / "ledger")


# What a crash, or nothing, can leave


def test_every_opening_is_counted_in_both_places(folder: LedgerFolder) -> None:
    assert (sidecar(folder), count_of(folder)) == ((2, "closed"), 2)

    with open_at(folder):
        assert (sidecar(folder), count_of(folder)) == ((3, "open"), 3)

    assert (sidecar(folder), count_of(folder)) == ((3, "closed"), 3)


@pytest.mark.parametrize(
    ("said", "phase", "counted"),
    [
        (2, "closed", 2),
        (2, "closing", 2),
        (2, "opening", 2),
        (3, "opening", 2),
    ],
)
def test_a_state_that_a_crash_can_leave_is_taken_up(
    folder: LedgerFolder, said: int, phase: str, counted: int
) -> None:
    write_sidecar(folder, opening=said, phase=phase)

    with open_at(folder) as ledger:
        assert count_of(folder) == counted + 1
        assert sidecar(folder) == (counted + 1, "open")
        assert [state.value for state in states_of(ledger).values()] == ["booked"]


@pytest.mark.parametrize(
    ("said", "phase"),
    [
        (1, "opening"),
        (1, "closing"),
        (1, "closed"),
        (3, "closing"),
        (3, "closed"),
        (4, "opening"),
        (9, "closed"),
    ],
)
def test_any_other_pair_of_counts_is_refused(folder: LedgerFolder, said: int, phase: str) -> None:
    write_sidecar(folder, opening=said, phase=phase)

    error = refuse(folder)

    assert "older or newer than its record: opening 2 with" in error.message
    assert f"ledger.opening.json says {phase} {said} with" in error.message
    assert error.todo == RESTORE


@pytest.mark.parametrize("phase", ["closing", "closed"])
@pytest.mark.parametrize("missing", [1, -1])
def test_a_ledger_that_holds_less_or_more_than_when_it_was_closed_is_refused(
    folder: LedgerFolder, phase: str, missing: int
) -> None:
    """It is a copy from earlier in the same opening."""
    commits = json.loads(folder.sidecar_file.read_text())["commits"]
    write_sidecar(folder, phase=phase, commits=commits + missing)

    assert f"with {commits} changes" in refuse(folder).message


def test_an_open_ledger_without_its_log_is_refused(folder: LedgerFolder) -> None:
    """No crash leaves that: the log is there from the first commit of every opening."""
    write_sidecar(folder, phase="open", commits=0)

    assert "has lost its file ledger.db-wal" in refuse(folder).message


def test_every_commit_is_counted_and_told_when_it_is_closed(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    for commits in (1, 2):
        with open_at(folder):
            pass
        counted = query(folder.database, "SELECT value FROM meta WHERE name = 'commits'")
        assert counted == [(str(commits),)]
        assert json.loads(folder.sidecar_file.read_text())["commits"] == commits


def test_a_process_that_was_killed_leaves_a_ledger_that_opens(folder: LedgerFolder) -> None:
    with open_at(folder) as ledger:
        (row_id,) = plan(ledger, make_row(3), run_id="second")
        claim(ledger, row_id)
        crashed = crash(ledger)

    assert sidecar(crashed) == (3, "open")
    with open_at(crashed) as again:
        assert again.interrupted == 1
        assert sidecar(crashed) == (4, "open")


@pytest.mark.parametrize("missing", [("ledger.db", "ledger.key"), ("ledger.db",)])
def test_a_ledger_that_was_never_open_is_made_again(
    tmp_path: Path, missing: tuple[str, ...]
) -> None:
    """Nothing was sent before the first `open`, so there is nothing to lose."""
    folder = LedgerFolder(tmp_path / "ledger")
    with open_at(folder):
        pass
    never_open(folder)
    for name in missing:
        (folder.path / name).unlink()

    with open_at(folder):
        assert sidecar(folder) == (1, "open")


def test_a_draft_that_a_crash_left_is_made_anew(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    with open_at(folder):
        pass
    never_open(folder)
    folder.database.rename(folder.path / "draft.db")
    for name in ("draft.db-wal", "draft.db-shm", "draft.db-journal"):
        (folder.path / name).write_bytes(b"half a log")

    with open_at(folder):
        pass

    assert not list(folder.path.glob("draft*"))


def test_half_written_small_files_beside_the_real_ones_do_no_harm(folder: LedgerFolder) -> None:
    (folder.path / ".ledger.opening.json.tmp").write_bytes(b'{"ledg')
    (folder.path / ".ledger.key.tmp").write_bytes(b"half")

    with open_at(folder):
        pass


# A disk without room


@pytest.mark.parametrize("size", [10, 40, 4_096, 60_000, 100_000], ids=lambda n: f"{n} bytes")
def test_a_ledger_that_cannot_be_made_is_an_error_and_can_be_made_later(
    tmp_path: Path, size: int
) -> None:
    """Each size stops another step: lock, sidecar, database, rescue file; room is all it needs."""
    folder = LedgerFolder(tmp_path / "ledger")

    with no_file_beyond(size), pytest.raises(LedgerError) as caught:
        open_at(folder)

    assert caught.value.todo.startswith("free some disk space")
    with open_at(folder) as ledger:
        plan(ledger, make_row())


def test_a_disk_that_refuses_the_last_sidecar_does_no_harm(folder: LedgerFolder) -> None:
    ledger = open_at(folder)
    plan(ledger, make_row(3), run_id="later")
    with no_file_beyond(1):
        ledger.__exit__(None, None, None)

    assert (folder.path / "ledger.db-wal").stat().st_size > 0
    assert sidecar(folder) == (3, "open")
    with open_at(folder):
        pass


def test_a_database_that_does_not_take_the_count_is_not_opened(folder: LedgerFolder) -> None:
    with closing(sqlite3.connect(folder.database)) as connection:
        connection.execute(
            "CREATE TRIGGER refuse BEFORE UPDATE ON meta BEGIN SELECT RAISE(ABORT, 'no'); END"
        )

    with pytest.raises(LedgerError, match="cannot be opened"):
        open_at(folder)

    assert (sidecar(folder), count_of(folder)) == ((3, "opening"), 2)
    with closing(sqlite3.connect(folder.database)) as connection:
        connection.execute("DROP TRIGGER refuse")
    with open_at(folder):
        assert (sidecar(folder), count_of(folder)) == ((3, "open"), 3)


def test_the_ledger_keeps_its_id_and_key(folder: LedgerFolder) -> None:
    with open_at(folder) as first:
        kept = (first.ledger_id, first.key)
    with open_at(folder) as second:
        assert (second.ledger_id, second.key) == kept
    assert len(kept[1]) == 32


def test_the_name_of_a_key_is_the_same_for_ever() -> None:
    """Every ledger has it written down: a program that made it otherwise would refuse them all."""
    assert key_id(bytes(range(32))) == "e103cf5703f5c033"


def test_two_ledgers_have_two_keys(tmp_path: Path) -> None:
    folders = [LedgerFolder(tmp_path / name) for name in ("one", "two")]
    keys = set()
    for folder in folders:
        with open_ledger(folder, TARGET, at=AT) as ledger:
            keys.add(ledger.key)
    assert len(keys) == 2


def test_a_ledger_whose_closing_could_not_be_written_down_opens_again(tmp_path: Path) -> None:
    """It looks like after a crash, log and all: not like a ledger whose log was taken away."""
    folder = LedgerFolder(tmp_path / "ledger")
    in_the_way = folder.path / f".{folder.sidecar_file.name}.tmp"
    with open_at(folder) as ledger:
        plan(ledger, make_row())
        in_the_way.mkdir()
    in_the_way.rmdir()

    with open_at(folder) as ledger:
        assert states_of(ledger) == {2: State.READY}
