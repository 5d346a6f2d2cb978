"""Opening: every state that a crash can leave is taken up, every other one is refused."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from importer.errors import LedgerError
from importer.ledger import LedgerFolder, open_ledger, target_of
from importer.ledger.folder import RESTORE, key_id
from importer.ledger.schema import SCHEMA_VERSION
from importer.model import State
from tests.edges.ledger_kit import (
    AT,
    TARGET,
    book,
    claim,
    contents,
    count_of,
    crash,
    make_row,
    no_file_beyond,
    open_at,
    plan,
    query,
    states_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> LedgerFolder:
    """A ledger that was opened twice and closed, with one booking."""
    folder = LedgerFolder(tmp_path / "ledger")
    with open_at(folder) as ledger:
        (row_id,) = plan(ledger, make_row())
        book(ledger, row_id, 501)
    with open_at(folder):
        pass
    return folder


def write_sidecar(folder: LedgerFolder, **changes: object) -> None:
    told = json.loads(folder.sidecar_file.read_text())
    folder.sidecar_file.write_text(json.dumps(told | changes))


def never_open(folder: LedgerFolder) -> None:
    """Take back what the first opening wrote after the sidecar and the ledger itself."""
    write_sidecar(folder, opening=1, phase="opening")
    folder.commits_file.unlink()


def write_count(folder: LedgerFolder, count: int) -> None:
    with closing(sqlite3.connect(folder.database)) as connection, connection:
        connection.execute("UPDATE meta SET value = ? WHERE name = 'opening'", (str(count),))


def sidecar(folder: LedgerFolder) -> tuple[int, str]:
    told = json.loads(folder.sidecar_file.read_text())
    return told["opening"], told["phase"]


def refuse(folder: LedgerFolder) -> LedgerError:
    """Return the refusal of a ledger, which stays as it is, byte for byte."""
    before = contents(folder)
    with pytest.raises(LedgerError) as caught:
        open_at(folder)
    assert contents(folder) == before
    return caught.value


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


# What nobody's crash can leave


def delete_database(folder: LedgerFolder) -> None:
    folder.database.unlink()


def delete_sidecar(folder: LedgerFolder) -> None:
    folder.sidecar_file.unlink()


def delete_key(folder: LedgerFolder) -> None:
    folder.key_file.unlink()


def delete_all_but_rescued_answers(folder: LedgerFolder) -> None:
    own = (folder.database, folder.sidecar_file, folder.key_file, folder.commits_file)
    for path in (*own, folder.audit_file):
        path.unlink()


def delete_all_but_the_spool(folder: LedgerFolder) -> None:
    delete_all_but_rescued_answers(folder)
    folder.rescue_file.unlink()
    (folder.spool / "run").mkdir()


def delete_key_of_a_first_opening(folder: LedgerFolder) -> None:
    write_sidecar(folder, opening=1, phase="opening")
    folder.key_file.unlink()


def delete_commits(folder: LedgerFolder) -> None:
    folder.commits_file.unlink()


def cut_commits(folder: LedgerFolder) -> None:
    folder.commits_file.write_bytes(folder.commits_file.read_bytes()[:-1])


def folder_for_commits(folder: LedgerFolder) -> None:
    folder.commits_file.unlink()
    folder.commits_file.mkdir()


def delete_database_of_a_first_opening(folder: LedgerFolder) -> None:
    """A sidecar of old would have a new one made; the count of changes tells of more."""
    write_sidecar(folder, opening=1, phase="opening")
    folder.database.unlink()


def words_for_commits(folder: LedgerFolder) -> None:
    folder.commits_file.write_text("some twenty changes \n")


def more_commits_than_the_ledger_holds(folder: LedgerFolder) -> None:
    folder.commits_file.write_text(f"{9_999:020}\n")


def change_key(folder: LedgerFolder) -> None:
    folder.key_file.write_bytes(bytes(32))


def cut_key(folder: LedgerFolder) -> None:
    folder.key_file.write_bytes(folder.key_file.read_bytes()[:31])


def cut_sidecar(folder: LedgerFolder) -> None:
    folder.sidecar_file.write_bytes(folder.sidecar_file.read_bytes()[:-2])


def empty_sidecar(folder: LedgerFolder) -> None:
    folder.sidecar_file.write_bytes(b"")


def sidecar_of_another_shape(folder: LedgerFolder) -> None:
    folder.sidecar_file.write_text("[2]")


def sidecar_with_a_word_for_a_number(folder: LedgerFolder) -> None:
    write_sidecar(folder, opening="2")


def sidecar_in_no_phase(folder: LedgerFolder) -> None:
    write_sidecar(folder, phase="ajar")


def sidecar_with_a_byte_that_is_no_text(folder: LedgerFolder) -> None:
    folder.sidecar_file.write_bytes(b"\xff" + folder.sidecar_file.read_bytes())


def sidecar_of_another_ledger(folder: LedgerFolder) -> None:
    write_sidecar(folder, ledger_id="0123456789abcdef")


def corrupt_a_page(folder: LedgerFolder) -> None:
    """Overwrite a page in the middle, as a dying disk does."""
    size = folder.database.stat().st_size
    with folder.database.open("r+b") as file:
        file.seek(4096 * (size // 4096 // 2))
        file.write(b"\xa5" * 4096)


def corrupt_the_first_page(folder: LedgerFolder) -> None:
    with folder.database.open("r+b") as file:
        file.write(b"\xa5" * 4096)


def cut_the_database(folder: LedgerFolder) -> None:
    with folder.database.open("r+b") as file:
        file.truncate(4096 * 3 + 100)


def empty_the_database(folder: LedgerFolder) -> None:
    folder.database.write_bytes(b"")


def foreign_database(folder: LedgerFolder) -> None:
    folder.database.unlink()
    with closing(sqlite3.connect(folder.database)) as connection, connection:
        connection.execute("CREATE TABLE meta (name, value)")


def foreign_file(folder: LedgerFolder) -> None:
    folder.database.write_text("a letter to the clinic\n" * 500)


def other_application(folder: LedgerFolder) -> None:
    with closing(sqlite3.connect(folder.database)) as connection:
        connection.execute("PRAGMA application_id = 1")


def database_without_its_facts(folder: LedgerFolder) -> None:
    with closing(sqlite3.connect(folder.database)) as connection, connection:
        connection.execute("DELETE FROM meta")


def database_without_a_table(folder: LedgerFolder) -> None:
    with closing(sqlite3.connect(folder.database)) as connection, connection:
        connection.execute("DROP TABLE meta")


def index_that_lets_a_booking_be_made_twice(folder: LedgerFolder) -> None:
    with closing(sqlite3.connect(folder.database)) as connection, connection:
        connection.execute("DROP INDEX row_live")
        connection.execute("CREATE INDEX row_live ON row (fingerprint, occurrence)")


def journal_of_another_time(folder: LedgerFolder) -> None:
    """SQLite would undo changes by it."""
    (folder.path / "ledger.db-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" * 64)


def commits_that_are_no_number(folder: LedgerFolder) -> None:
    write_sidecar(folder, phase="opening")
    with closing(sqlite3.connect(folder.database)) as connection, connection:
        connection.execute("UPDATE meta SET value = 'many' WHERE name = 'commits'")


def count_that_is_no_number(folder: LedgerFolder) -> None:
    with closing(sqlite3.connect(folder.database)) as connection, connection:
        connection.execute("UPDATE meta SET value = 'two' WHERE name = 'opening'")


def lost_opening(folder: LedgerFolder) -> None:
    write_count(folder, 1)


def ledger_of_another_target(folder: LedgerFolder) -> None:
    other = LedgerFolder(folder.path.with_name("other"))
    with open_ledger(other, target_of("https://api.example.com", "clinic"), at=AT):
        pass
    shutil.rmtree(folder.path)
    shutil.copytree(other.path, folder.path)


def database_of_another_ledger(folder: LedgerFolder) -> None:
    other = LedgerFolder(folder.path.with_name("other"))
    for _ in range(2):
        with open_at(other):
            pass
    shutil.copy(other.database, folder.database)


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (delete_database, "is missing"),
        (delete_sidecar, r"ledger\.opening\.json is missing beside"),
        (delete_key, r"ledger\.key is missing"),
        (delete_all_but_rescued_answers, r"is missing beside rescue\.bin"),
        (delete_all_but_the_spool, "is missing beside run"),
        (delete_key_of_a_first_opening, r"ledger\.key is missing"),
        (delete_commits, r"ledger\.commits is missing beside ledger\.db"),
        (cut_commits, r"ledger\.commits cannot be read"),
        (folder_for_commits, r"ledger\.commits cannot be read"),
        (delete_database_of_a_first_opening, r"ledger\.db is missing"),
        (words_for_commits, r"ledger\.commits cannot be read"),
        (more_commits_than_the_ledger_holds, r"holds \d changes, ledger\.commits tells of 9999"),
        (change_key, "has changed"),
        (cut_key, "is damaged"),
        (cut_sidecar, "cannot be read"),
        (empty_sidecar, "cannot be read"),
        (sidecar_of_another_shape, "cannot be read"),
        (sidecar_with_a_word_for_a_number, "cannot be read"),
        (sidecar_in_no_phase, "cannot be read"),
        (sidecar_with_a_byte_that_is_no_text, "cannot be read"),
        (sidecar_of_another_ledger, "do not belong together"),
        (corrupt_a_page, "damaged|malformed"),
        (corrupt_the_first_page, "not a database"),
        (cut_the_database, "damaged|malformed"),
        (empty_the_database, "not a ledger"),
        (foreign_database, "not a ledger"),
        (foreign_file, "not a database"),
        (other_application, "not a ledger"),
        (database_without_its_facts, "do not belong together"),
        (database_without_a_table, "has lost or changed its 'meta'"),
        (index_that_lets_a_booking_be_made_twice, "has lost or changed its 'row_live'"),
        (journal_of_another_time, "ledger.db-journal does not belong beside"),
        (commits_that_are_no_number, "with many changes"),
        (count_that_is_no_number, "opening two with"),
        (lost_opening, "older or newer"),
        (ledger_of_another_target, "another target"),
        (database_of_another_ledger, "do not belong together"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_tampered_ledger_is_refused_and_left_as_it_is(
    folder: LedgerFolder, tamper: Callable[[LedgerFolder], None], words: str
) -> None:
    tamper(folder)

    error = refuse(folder)

    assert re.search(words, error.message)
    assert error.todo == RESTORE
    assert error.exit_code == 8


def test_a_newer_layout_is_refused_and_asks_for_a_newer_program(folder: LedgerFolder) -> None:
    with closing(sqlite3.connect(folder.database)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")

    error = refuse(folder)

    known = f"has layout {SCHEMA_VERSION + 1}, this program knows {SCHEMA_VERSION}"
    assert known in error.message
    assert "newer" in error.todo


def test_an_older_copy_of_the_database_is_refused(folder: LedgerFolder, tmp_path: Path) -> None:
    copies = [path for path in folder.path.iterdir() if path.name.startswith("ledger.db")]
    kept = [(path, shutil.copy(path, tmp_path)) for path in copies]
    with open_at(folder) as ledger:
        (row_id,) = plan(ledger, make_row(3), run_id="later")
        book(ledger, row_id, 777)
    for path, copy in kept:
        shutil.copy(copy, path)

    assert re.search("opening 2 with .* says closed 3 with", refuse(folder).message)


def test_an_older_copy_that_was_taken_while_it_was_open_is_refused(folder: LedgerFolder) -> None:
    with open_at(folder) as ledger:
        plan(ledger, make_row(), run_id="later")
        old = crash(ledger, "old")
    with open_at(folder):
        pass
    for path in old.path.glob("ledger.db*"):
        shutil.copy(path, folder.path)

    assert re.search("opening 3 with .* says closed 4 with", refuse(folder).message)


def test_an_older_sidecar_is_refused(folder: LedgerFolder, tmp_path: Path) -> None:
    kept = shutil.copy(folder.sidecar_file, tmp_path / "kept")
    with open_at(folder):
        pass
    shutil.copy(kept, folder.sidecar_file)

    assert re.search("opening 3 with .* says closed 2 with", refuse(folder).message)


def test_a_log_that_was_deleted_after_a_crash_is_noticed(folder: LedgerFolder) -> None:
    """Whatever was committed since the last opening stands in it."""
    with open_at(folder) as ledger:
        crashed = crash(ledger)
    for ending in ("-wal", "-shm"):
        (crashed.path / f"ledger.db{ending}").unlink()

    assert "has lost its file ledger.db-wal" in refuse(crashed).message


def test_a_log_that_was_emptied_after_a_crash_is_noticed(folder: LedgerFolder) -> None:
    """Whoever looks at a ledger that has lost its log leaves an empty one behind."""
    with open_at(folder) as ledger:
        crashed = crash(ledger)
    (crashed.path / "ledger.db-wal").write_bytes(b"")

    assert "has lost its file ledger.db-wal" in refuse(crashed).message


def test_a_ledger_put_back_from_earlier_in_an_opening_that_crashed_is_noticed(
    folder: LedgerFolder,
) -> None:
    with open_at(folder) as ledger:
        (row_id,) = plan(ledger, make_row(3), run_id="later")
        earlier = shutil.copytree(folder.path, folder.path.with_name("earlier"))
        book(ledger, row_id, 777)
        crashed = crash(ledger)
    for path in earlier.glob("ledger.db*"):
        shutil.copy(path, crashed.path)

    assert "was put back in the place of a newer one" in refuse(crashed).message


def test_a_power_loss_may_take_the_count_of_changes_back(folder: LedgerFolder) -> None:
    """It is written over in place and not waited for; the ledger itself is."""
    with open_at(folder) as ledger:
        plan(ledger, make_row(3), run_id="later")
        crashed = crash(ledger)
    crashed.commits_file.write_text(f"{0:020}\n")

    with open_at(crashed):
        pass


def test_a_ledger_that_was_refused_opens_once_it_is_restored(
    folder: LedgerFolder, tmp_path: Path
) -> None:
    backup = shutil.copytree(folder.path, tmp_path / "backup")
    change_key(folder)
    refuse(folder)
    shutil.rmtree(folder.path)
    shutil.copytree(backup, folder.path)

    with open_at(folder) as ledger:
        assert [state.value for state in states_of(ledger).values()] == ["booked"]


def test_a_refused_ledger_is_not_held(folder: LedgerFolder) -> None:
    key = folder.key_file.read_bytes()
    change_key(folder)
    refuse(folder)
    folder.key_file.write_bytes(key)

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
