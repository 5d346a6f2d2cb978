"""The ledger's files: who may read them, on what disk, under which pragmas, for which target."""

from __future__ import annotations

import os
import resource
import stat
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import SQLAlchemyError

from importer.errors import LedgerError, SettingsError
from importer.ledger import LedgerFolder, PlannedRequest, Spool, open_ledger, target_of
from importer.ledger.connecting import Access, connect, damaged
from importer.ledger.disk import disk_kind, is_network_disk, make_folder, write_durably
from importer.ledger.folder import RESTORE
from importer.model import Rejected
from tests.edges.ledger_kit import (
    AT,
    TARGET,
    book,
    make_row,
    no_file_beyond,
    open_at,
    plan,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def open_umask() -> Iterator[None]:
    """The worst there is: whatever asks for no mode of its own is for everybody."""
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def modes_in(folder: Path) -> dict[str, str]:
    """Return the mode of the folder and of everything in it."""
    paths = [folder, *sorted(folder.rglob("*"))]
    return {str(p.relative_to(folder)): oct(stat.S_IMODE(p.stat().st_mode)) for p in paths}


# Modes


@pytest.mark.usefixtures("open_umask")
def test_nobody_else_may_read_a_byte_while_the_ledger_is_open(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "state" / "ledger")
    spool = Spool(folder.spool / "run")
    with open_at(folder) as ledger:
        (row_id,) = plan(ledger, make_row())
        book(ledger, row_id, 501)
        ledger.rescue(row_id, "key", Rejected(http_status=422))
        spool.prepare()
        spool.place_for("visits.csv")
        spool.keep_words("key", "no such day")
        with spool.request_writer() as write:
            write(PlannedRequest(row_id=1, row_number=2, row_key=make_row().row_key,
                                 appointment_at=AT, body=b"{}"))  # fmt: skip
        with ledger.history():
            modes = modes_in(folder.path)

    assert modes == {
        ".": "0o700",
        "audit.jsonl": "0o600",
        "ledger.db": "0o600",
        "ledger.db-shm": "0o600",
        "ledger.db-wal": "0o600",
        "ledger.key": "0o600",
        "ledger.lock": "0o600",
        "ledger.commits": "0o600",
        "ledger.opening.json": "0o600",
        "rescue.bin": "0o600",
        "spool": "0o700",
        "spool/answers.jsonl": "0o600",
        "spool/run": "0o700",
        "spool/run/requests.jsonl": "0o600",
        "spool/run/source": "0o700",
        "spool/run/work": "0o700",
    }
    assert oct(stat.S_IMODE(folder.path.parent.stat().st_mode)) == "0o700"


@pytest.mark.usefixtures("open_umask")
def test_nobody_else_may_read_what_is_left_when_it_is_closed(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    with open_at(folder):
        pass

    assert modes_in(folder.path) == {
        ".": "0o700",
        "audit.jsonl": "0o600",
        "ledger.db": "0o600",
        "ledger.key": "0o600",
        "ledger.lock": "0o600",
        "ledger.commits": "0o600",
        "ledger.opening.json": "0o600",
        "rescue.bin": "0o600",
        "spool": "0o700",
    }


def test_a_folder_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    folder.spool.mkdir(parents=True)
    folder.path.chmod(0o755)
    folder.spool.chmod(0o755)

    with open_at(folder):
        assert oct(stat.S_IMODE(folder.path.stat().st_mode)) == "0o700"
        assert oct(stat.S_IMODE(folder.spool.stat().st_mode)) == "0o700"


def test_a_state_folder_that_cannot_be_made_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(SettingsError, match="cannot be used") as caught:
        open_at(LedgerFolder(tmp_path / "file" / "ledger"))

    assert "SOLV_IMPORT_STATE_DIR" in caught.value.todo


# Pragmas


def test_the_writer_works_under_the_pragmas_of_the_promise(tmp_path: Path) -> None:
    with open_at(LedgerFolder(tmp_path / "ledger")) as ledger:
        names = ("journal_mode", "synchronous", "fullfsync", "foreign_keys", "secure_delete")
        found = {
            name: ledger.plan(lambda c, n=name: c.exec_driver_sql(f"PRAGMA {n}").scalar_one())
            for name in names
        }

    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "fullfsync": 1,
        "foreign_keys": 1,
        "secure_delete": 1,
    }


def test_a_database_that_does_not_take_a_pragma_is_refused(tmp_path: Path) -> None:
    """A database in memory has no write-ahead log: SQLite says so only when asked again."""
    in_memory = tmp_path.joinpath(":memory:").relative_to(tmp_path)

    with pytest.raises(LedgerError, match="journal_mode is memory, not wal"):
        connect(in_memory, Access.WRITE)


def test_a_connection_makes_no_database(tmp_path: Path) -> None:
    for access in Access:
        with pytest.raises(LedgerError, match="cannot be opened"):
            connect(tmp_path / "absent.db", access)

    assert list(tmp_path.iterdir()) == []


def test_what_is_no_error_of_the_disk_asks_for_a_backup(tmp_path: Path) -> None:
    error = damaged(tmp_path / "ledger.db", SQLAlchemyError("odd"))
    assert error.todo == RESTORE


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    with open_at(folder):
        reader = connect(folder.database, Access.READ)
        with closing(reader), pytest.raises(Exception, match="readonly"), reader.begin():
            reader.exec_driver_sql("DELETE FROM meta")


# Disks

MOUNTS = """\
/dev/vda / ext4 rw 0 0
proc /proc proc rw 0 0
server:/home /mnt/home nfs4 rw 0 0
//server/share /mnt/with\\040space cifs rw 0 0
/dev/vdb /mnt/home/local xfs rw 0 0
me@host: /mnt/ssh fuse.sshfs rw 0 0
/dev/sda1 /mnt/usb fuseblk rw 0 0
old /mnt/twice nfs rw 0 0
new /mnt/twice ext4 rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind", "is_network"),
    [
        ("/var/lib/solv", "ext4", False),
        ("/mnt/home/clinic/state", "nfs4", True),
        ("/mnt/homes/clinic", "ext4", False),
        ("/mnt/with space/state", "cifs", True),
        ("/mnt/home/local/state", "xfs", False),
        ("/mnt/ssh/state", "fuse.sshfs", True),
        ("/mnt/usb/state", "fuseblk", False),
        ("/mnt/twice/state", "ext4", False),
    ],
)
def test_the_innermost_and_newest_mount_says_what_disk_it_is(
    tmp_path: Path, path: str, kind: str, *, is_network: bool
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)

    assert disk_kind(type(tmp_path)(path), mounts) == kind
    assert is_network_disk(kind) is is_network


def test_a_system_without_a_list_of_mounts_is_taken_at_its_word(tmp_path: Path) -> None:
    assert disk_kind(tmp_path, tmp_path / "absent") == ""
    assert not is_network_disk("")


def test_a_network_disk_is_refused_before_anything_is_made_on_it(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\nserver:/x {tmp_path}/net nfs rw 0 0\n")
    folder = LedgerFolder(tmp_path / "net" / "state" / "ledger")

    with pytest.raises(LedgerError, match=r"network disk \(nfs\)") as caught:
        folder.prepare(mounts)

    assert "SOLV_IMPORT_STATE_DIR" in caught.value.todo
    assert not (tmp_path / "net").exists()


def test_the_disk_of_this_test_is_no_network_disk(tmp_path: Path) -> None:
    assert disk_kind(tmp_path) != ""


def test_a_file_that_cannot_be_written_to_its_end_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "small"
    write_durably(path, b"old")

    with no_file_beyond(4), pytest.raises(OSError, match="File too large"):
        write_durably(path, b"new and longer")

    assert path.read_bytes() == b"old"


@pytest.mark.usefixtures("open_umask")
def test_a_folder_is_made_with_those_above_it_for_its_owner_alone(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b" / "c")
    make_folder(tmp_path / "a" / "b" / "c")

    assert set(modes_in(tmp_path / "a").values()) == {"0o700"}


def test_a_folder_above_that_cannot_be_synced_at_all_is_no_obstacle() -> None:
    make_folder(Path("/proc/self"))


def test_a_folder_whose_name_could_not_be_made_durable_is_an_error(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            make_folder(tmp_path / "ledger")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


# Targets


@pytest.mark.parametrize(
    "address",
    [
        "https://api.example.com",
        "https://api.example.com:443",
        "https://API.example.com/v1/",
        "https://api.example.com.",
    ],
)
def test_every_spelling_of_an_address_is_one_target(address: str) -> None:
    assert target_of(address, "clinic") == target_of("https://api.example.com", "clinic")


@pytest.mark.parametrize(
    ("address", "client_id"),
    [
        ("https://api.example.com:8443", "clinic"),
        ("https://api2.example.com", "clinic"),
        ("https://127.example.com", "clinic"),
        ("https://api.example.com", "other clinic"),
        ("http://127.0.0.1", "clinic"),
    ],
)
def test_another_host_port_or_client_is_another_target(address: str, client_id: str) -> None:
    usual = target_of("https://api.example.com", "clinic")

    assert target_of(address, client_id).digest != usual.digest
    assert target_of(address, client_id).folder_name != usual.folder_name


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://api.example.com:8443/v1", "https://api.example.com:8443"),
        ("https://API.example.com.", "https://api.example.com"),
        ("http://api.example.com:443", "http://api.example.com:443"),
        ("http://api.example.com:80", "http://api.example.com"),
        ("http://localhost:8000", "http://127.0.0.1"),
    ],
)
def test_an_address_is_kept_as_scheme_and_host_and_a_port_that_counts(
    address: str, kept: str
) -> None:
    assert target_of(address, "clinic").address == kept


@pytest.mark.parametrize("host", ["127.0.0.1:9", "localhost:10", "[::1]:11", "127.0.0.2"])
def test_the_port_does_not_count_on_this_machine(host: str) -> None:
    assert target_of(f"http://{host}", "clinic") == TARGET


def test_the_client_id_stands_in_no_file_of_the_ledger(tmp_path: Path) -> None:
    target = target_of("https://api.example.com", "clinic-7f31")
    folder = LedgerFolder(tmp_path / target.folder_name)
    with open_ledger(folder, target, at=AT):
        pass

    assert "clinic-7f31" not in target.folder_name
    assert all(b"clinic-7f31" not in p.read_bytes() for p in folder.path.rglob("*") if p.is_file())
