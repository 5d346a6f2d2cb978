"""What nobody's crash can leave is refused, and left as it is."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from importer.ledger import LedgerFolder, open_ledger, target_of
from importer.ledger.folder import RESTORE
from importer.ledger.schema import SCHEMA_VERSION
from tests.edges.ledger_kit import AT, book, crash, make_row, open_at, plan, states_of
from tests.edges.opening_kit import opened_twice, refuse, write_count, write_sidecar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> LedgerFolder:
    """A ledger that was opened twice and closed, with one booking."""
    return opened_twice(tmp_path / "ledger")


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
