"""A ledger that is not the one that was left is refused before anybody is asked for a token.

Through the real command, to the end: exit 8, one sentence and what to do, no request at the
server, no file of the ledger changed. What one folder alone cannot show stands at the end.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from importer.ledger import LedgerFolder, open_ledger, target_of
from importer.ledger.folder import KEY_BYTES
from tests.chaos.figures import note
from tests.chaos.planted import planted
from tests.chaos.tampering_kit import Clinic, Scene, open_clinic
from tests.edges.ledger_kit import AT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(120)

Tamper: TypeAlias = Callable[[Scene], None]

CASES: list[tuple[str, Tamper, str]] = []
"""Moment of the clinic's life, what somebody did to it then, and what the refusal says."""
DATABASE = ("ledger.db", "ledger.db-wal", "ledger.db-shm")


def tampering(moment: str, says: str) -> Callable[[Tamper], Tamper]:
    """Return a decorator that lists a way to tamper with a ledger."""

    def listed(tamper: Tamper) -> Tamper:
        CASES.append((moment, tamper, says))
        return tamper

    return listed


@pytest.fixture(scope="module")
def clinic(
    tmp_path_factory: pytest.TempPathFactory, make_row: Callable[..., Any]
) -> Iterator[Clinic]:
    with open_clinic(tmp_path_factory.mktemp("clinic"), make_row) as opened:
        yield opened


# Copies of another time


@tampering("closed", "older or newer than its record")
def an_older_copy_was_restored_after_a_run(scene: Scene) -> None:
    scene.put_back("older", *DATABASE)


@tampering("closed", "older or newer than its record")
def an_older_copy_was_restored_with_its_audit(scene: Scene) -> None:
    scene.put_back("older", *DATABASE, "audit.jsonl")


@tampering("closed", "put back in the place of a newer one")
def an_older_copy_was_restored_with_its_sidecar(scene: Scene) -> None:
    scene.put_back("older", *DATABASE, "ledger.opening.json")


@tampering("crashed", "has lost its file ledger.db-wal")
def an_older_copy_was_restored_after_a_crash(scene: Scene) -> None:
    scene.put_back("closed", *DATABASE)


@tampering("crashed", "put back in the place of a newer one")
def an_older_copy_was_restored_with_its_sidecar_after_a_crash(scene: Scene) -> None:
    scene.put_back("closed", *DATABASE, "ledger.opening.json")


@tampering("crashed", "put back in the place of a newer one")
def a_copy_from_earlier_in_the_same_opening_was_put_back(scene: Scene) -> None:
    scene.put_back("earlier", *DATABASE)


@tampering("crashed", "put back in the place of a newer one")
def a_copy_from_earlier_in_the_same_opening_was_put_back_with_its_sidecar(scene: Scene) -> None:
    scene.put_back("earlier", *DATABASE, "ledger.opening.json")


@tampering("closed", "older or newer than its record")
def a_copy_from_while_it_was_open_was_put_back_once_it_was_closed(scene: Scene) -> None:
    scene.put_back("before", *DATABASE)


@tampering("closed", "older or newer than its record")
def only_the_sidecar_was_restored(scene: Scene) -> None:
    scene.put_back("older", "ledger.opening.json")


# The log


@tampering("crashed", "has lost its file ledger.db-wal")
def the_log_was_deleted_after_a_crash(scene: Scene) -> None:
    scene.put_back("closed", "ledger.db-wal", "ledger.db-shm")


@tampering("crashed", "has lost its file ledger.db-wal")
def the_log_was_emptied_after_a_crash(scene: Scene) -> None:
    scene.log.write_bytes(b"")


@tampering("crashed", "has lost its file ledger.db-wal")
def somebody_looked_after_the_log_was_deleted(scene: Scene) -> None:
    """Looking makes an empty log; it must not hide that there was another one."""
    scene.put_back("closed", "ledger.db-wal", "ledger.db-shm")
    assert scene.command("status").code == 0


@tampering("crashed", "put back in the place of a newer one")
def the_log_was_cut(scene: Scene) -> None:
    os.truncate(scene.log, scene.log.stat().st_size // 4096 * 4096 - 4096)


@tampering("crashed", "older or newer than its record|put back|damaged")
def the_log_was_cut_to_its_half(scene: Scene) -> None:
    os.truncate(scene.log, scene.log.stat().st_size // 2)


@tampering("crashed", "older or newer than its record|put back|damaged")
def the_log_has_a_bad_page_in_its_middle(scene: Scene) -> None:
    """SQLite leaves it, and all that follows, out."""
    with scene.log.open("r+b") as log:
        log.seek(scene.log.stat().st_size // 2)
        log.write(b"\xa5" * 512)


@tampering("crashed", "older or newer than its record|put back|damaged|malformed")
def the_log_is_of_another_time(scene: Scene) -> None:
    scene.put_back("before", "ledger.db-wal", "ledger.db-shm")


@tampering("closed", "older or newer than its record|put back|damaged|malformed")
def a_log_of_another_time_lies_beside_a_closed_ledger(scene: Scene) -> None:
    scene.put_back("before", "ledger.db-wal", "ledger.db-shm")


@tampering("closed", "does not belong beside")
def a_journal_lies_beside_it(scene: Scene) -> None:
    """SQLite would undo changes by it."""
    journal = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7".ljust(512, b"\0")
    (scene.ledger.path / "ledger.db-journal").write_bytes(journal + bytes(4096))


# The database


@tampering("closed", "is missing")
def the_ledger_was_deleted(scene: Scene) -> None:
    scene.ledger.database.unlink()


@tampering("crashed", "is missing")
def the_ledger_was_deleted_after_a_crash(scene: Scene) -> None:
    for name in DATABASE:
        (scene.ledger.path / name).unlink(missing_ok=True)


@tampering("closed", "damaged|malformed")
def the_ledger_was_cut(scene: Scene) -> None:
    os.truncate(scene.ledger.database, scene.ledger.database.stat().st_size // 2)


@tampering("closed", "is not a ledger of this program")
def the_ledger_is_empty(scene: Scene) -> None:
    scene.ledger.database.write_bytes(b"")


@tampering("closed", "is not a ledger of this program")
def the_ledger_is_of_another_program(scene: Scene) -> None:
    scene.tinker("PRAGMA application_id = 7")


@tampering("closed", "has layout 99")
def the_ledger_is_of_another_version(scene: Scene) -> None:
    scene.tinker("PRAGMA user_version = 99")


@tampering("closed", "damaged|malformed")
def a_page_of_the_ledger_is_corrupt(scene: Scene) -> None:
    pages = scene.ledger.database.stat().st_size // 4096
    with scene.ledger.database.open("r+b") as file:
        file.seek(4096 * (pages // 2))
        file.write(b"\xa5" * 4096)


@tampering("closed", "file is not a database")
def the_ledger_is_no_database(scene: Scene) -> None:
    scene.ledger.database.write_text("a letter to the clinic\n" * 500)


@tampering("closed", "do not belong together")
def the_ledger_was_replaced_by_a_fresh_one(scene: Scene) -> None:
    fresh = _fresh(scene, scene.clinic.sandbox.base_url)
    shutil.copy(fresh.database, scene.ledger.database)


@tampering("closed", "do not belong together")
def the_facts_of_the_ledger_were_deleted(scene: Scene) -> None:
    scene.tinker("DELETE FROM meta")


@tampering("closed", "older or newer than its record")
def the_ledger_forgot_how_often_it_was_opened(scene: Scene) -> None:
    scene.tinker("DELETE FROM meta WHERE name = 'opening'")


@tampering("closed", "has lost or changed its 'row_live'")
def the_unique_index_was_dropped(scene: Scene) -> None:
    scene.tinker("DROP INDEX row_live")


@tampering("closed", "has lost or changed its 'row_live_key'")
def the_unique_index_is_not_unique_any_more(scene: Scene) -> None:
    scene.tinker("DROP INDEX row_live_key", "CREATE INDEX row_live_key ON row (row_key)")


@tampering("closed", "has lost or changed its 'decision'")
def a_table_was_dropped(scene: Scene) -> None:
    scene.tinker("DROP TABLE decision")


@tampering("closed", "cannot be opened")
def the_ledger_is_a_folder(scene: Scene) -> None:
    scene.ledger.database.unlink()
    scene.ledger.database.mkdir()


@tampering("closed", "is missing|cannot be opened")
def the_ledger_is_a_link_to_itself(scene: Scene) -> None:
    scene.ledger.database.unlink()
    scene.ledger.database.symlink_to(scene.ledger.database.name)


# The key


@tampering("closed", "ledger.key is missing")
def the_key_was_deleted(scene: Scene) -> None:
    scene.ledger.key_file.unlink()


@tampering("closed", "ledger.key has changed")
def the_key_was_changed(scene: Scene) -> None:
    scene.ledger.key_file.write_bytes(bytes(KEY_BYTES))


@tampering("closed", "ledger.key is damaged")
def the_key_is_too_short(scene: Scene) -> None:
    scene.ledger.key_file.write_bytes(scene.ledger.key_file.read_bytes()[:-1])


@tampering("closed", "ledger.key is damaged")
def the_key_is_too_long(scene: Scene) -> None:
    scene.ledger.key_file.write_bytes(scene.ledger.key_file.read_bytes() + b"\n")


# The small files beside it


@tampering("closed", "ledger.opening.json is missing")
def the_sidecar_was_deleted(scene: Scene) -> None:
    scene.ledger.sidecar_file.unlink()


@tampering("closed", "ledger.opening.json cannot be read")
def the_sidecar_is_garbage(scene: Scene) -> None:
    scene.ledger.sidecar_file.write_bytes(b"\0" * 97)


@tampering("closed", "ledger.opening.json cannot be read")
def the_sidecar_is_a_folder(scene: Scene) -> None:
    scene.ledger.sidecar_file.unlink()
    scene.ledger.sidecar_file.mkdir()


@tampering("closed", "do not belong together")
def the_sidecar_is_of_another_ledger(scene: Scene) -> None:
    fresh = _fresh(scene, scene.clinic.sandbox.base_url)
    shutil.copy(fresh.sidecar_file, scene.ledger.sidecar_file)


@tampering("closed", "older or newer than its record")
def the_sidecar_counts_too_many_openings(scene: Scene) -> None:
    _say(scene, opening=lambda counted: counted + 1)


@tampering("closed", "older or newer than its record")
def the_sidecar_counts_too_few_openings(scene: Scene) -> None:
    _say(scene, opening=lambda counted: counted - 1)


@tampering("closed", "older or newer than its record")
def the_sidecar_tells_of_more_changes(scene: Scene) -> None:
    _say(scene, commits=lambda counted: counted + 1)


@tampering("closed", "older or newer than its record")
def the_sidecar_says_that_nothing_was_ever_sent(scene: Scene) -> None:
    _say(scene, opening=lambda _: 1, phase=lambda _: "opening")


@tampering("closed", "is missing")
def the_ledger_was_deleted_and_the_sidecar_says_that_nothing_was_ever_sent(scene: Scene) -> None:
    scene.ledger.database.unlink()
    _say(scene, opening=lambda _: 1, phase=lambda _: "opening")


@tampering("closed", "ledger.commits is missing")
def the_count_of_changes_was_deleted(scene: Scene) -> None:
    scene.ledger.commits_file.unlink()


@tampering("closed", "ledger.commits cannot be read")
def the_count_of_changes_is_garbage(scene: Scene) -> None:
    scene.ledger.commits_file.write_bytes(b"\0" * 21)


# Folders


@tampering("closed", "belongs to another target")
def a_ledger_of_another_target_was_copied_in(scene: Scene) -> None:
    other = _fresh(scene, "https://api.example.com")
    place = scene.ledger.path
    shutil.rmtree(place)
    shutil.copytree(other.path, place)


@tampering("closed", "ledger.key is missing")
def the_ledger_was_copied_to_another_machine_without_its_key(scene: Scene) -> None:
    kept = {*DATABASE, scene.ledger.sidecar_file.name, scene.ledger.commits_file.name}
    for path in scene.ledger.path.iterdir():
        if path.is_file() and path.name not in kept:
            path.unlink()


@tampering("closed", "ledger.opening.json is missing beside")
def all_but_the_spool_was_deleted(scene: Scene) -> None:
    for path in scene.ledger.path.iterdir():
        if path.is_file():
            path.unlink()
    (scene.ledger.spool / "2026-11-22-7f3a9c").mkdir()


# The audit


@tampering("closed", "audit.jsonl is missing")
def the_audit_was_deleted(scene: Scene) -> None:
    scene.ledger.audit_file.unlink()


@tampering("crashed", "audit.jsonl does not end as the ledger knows")
def the_tail_of_the_audit_was_cut(scene: Scene) -> None:
    lines = scene.ledger.audit_file.read_bytes().splitlines(keepends=True)
    scene.ledger.audit_file.write_bytes(b"".join(lines[:-1]))


@tampering("closed", "audit.jsonl does not end as the ledger knows")
def a_line_was_added_to_the_audit(scene: Scene) -> None:
    lines = scene.ledger.audit_file.read_bytes().splitlines(keepends=True)
    scene.ledger.audit_file.write_bytes(b"".join([*lines, lines[-1]]))


@tampering("closed", "audit.jsonl does not end as the ledger knows")
def the_last_line_of_the_audit_was_altered(scene: Scene) -> None:
    content = scene.ledger.audit_file.read_bytes()
    scene.ledger.audit_file.write_bytes(content.replace(b'"booked":1', b'"booked":9'))


@pytest.mark.parametrize(("moment", "tamper", "says"), CASES, ids=[c[1].__name__ for c in CASES])
def test_nothing_is_sent_when(
    clinic: Clinic, tmp_path: Path, moment: str, tamper: Tamper, says: str
) -> None:
    refuse_after(clinic.scene(moment, tmp_path), tamper, says)

    note("tampered ledgers", cases=1, refused=1, duplicates=0, lost=0, wrong=0)


def refuse_after(scene: Scene, tamper: Tamper, says: str) -> None:
    """Fail unless a ledger is refused once it was tampered with, before anything happens."""
    tamper(scene)
    before = scene.files()
    ended = scene.import_visits()
    assert (ended.code, ended.requests) == (8, 0), ended
    assert len(ended.errors) == len(ended.help) == 1, ended
    assert re.search(says, ended.errors[0]), ended.errors
    assert scene.files() == before


def test_a_ledger_that_nobody_tampered_with_is_taken_up(clinic: Clinic, tmp_path: Path) -> None:
    """So what is refused above is refused for what was done to it."""
    closed = clinic.scene("closed", tmp_path / "closed").import_visits()
    crashed = clinic.scene("crashed", tmp_path / "crashed").import_visits()

    assert (closed.code, closed.bookings) == (0, 5)
    assert (crashed.code, crashed.bookings) == (0, 1)


@pytest.mark.parametrize("content", [b"\xa5", b"\0"], ids=["garbage", "nothing"])
def test_a_rescue_file_that_cannot_be_read_lets_nothing_be_sent_again(
    clinic: Clinic, tmp_path: Path, content: bytes
) -> None:
    """It may have held answers; the rows that they were about are unknown without them."""
    scene = clinic.scene("crashed", tmp_path)
    scene.ledger.rescue_file.write_bytes(content * scene.ledger.rescue_file.stat().st_size)

    ended = scene.import_visits()

    assert (ended.code, ended.bookings) == (0, 1)


def test_a_whole_state_folder_of_another_time_is_taken_for_what_it_says(
    clinic: Clinic, tmp_path: Path
) -> None:
    """The limit of what one folder can show: nothing in it remembers what came after."""
    ended = clinic.scene("older", tmp_path).import_visits()

    assert (ended.code, ended.bookings) == (0, 6)  # row 3 is booked a second time


def test_a_planted_bug_lets_a_changed_key_pass(clinic: Clinic, tmp_path: Path) -> None:
    """With a new key nobody is recognized, and everybody is sent again."""
    for name, tamper, says in (
        ("deleted", the_key_was_deleted, "ledger.key is missing"),
        ("changed", the_key_was_changed, "ledger.key has changed"),
    ):
        refuse_after(clinic.scene("closed", tmp_path / name), tamper, says)
        scene = clinic.scene("closed", tmp_path / f"{name}, with the bug")
        with planted("key-regenerated-silently"), pytest.raises(AssertionError, match="bookings=7"):
            refuse_after(scene, tamper, says)


@pytest.mark.parametrize(
    ("name", "tamper"),
    [
        ("commits-not-counted", a_copy_from_earlier_in_the_same_opening_was_put_back),
        ("sidecar-not-read", an_older_copy_was_restored_with_its_audit),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_planted_bug_lets_an_older_ledger_pass(
    clinic: Clinic, tmp_path: Path, name: str, tamper: Tamper
) -> None:
    moment, _, says = next(case for case in CASES if case[1] is tamper)
    refuse_after(clinic.scene(moment, tmp_path / "well"), tamper, says)

    with planted(name), pytest.raises(AssertionError, match="bookings="):
        refuse_after(clinic.scene(moment, tmp_path / "with the bug"), tamper, says)


def _fresh(scene: Scene, base_url: str) -> LedgerFolder:
    """Return a ledger that was opened as often as the clinic's, and holds nothing."""
    target = target_of(base_url, scene.clinic.sandbox.config.client_id)
    folder = LedgerFolder(scene.place / "fresh" / "ledger")
    for _ in range(2):
        with open_ledger(folder, target, at=AT):
            pass
    return folder


def _say(scene: Scene, **changes: Callable[[Any], object]) -> None:
    """Change what the sidecar says."""
    told = json.loads(scene.ledger.sidecar_file.read_bytes())
    changed = {name: change(told[name]) for name, change in changes.items()}
    scene.ledger.sidecar_file.write_text(json.dumps(told | changed))
