"""Folders on other machines, against a real SFTP server and a real S3 server on this one."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh
import pytest
from s3fs import S3FileSystem  # type: ignore[import-untyped]

from importer.errors import CredentialsError, ExitCode, SettingsError, SourceError, StoppedEarly
from importer.inbox.remote import Access, RemoteFolder, is_remote
from tests.remote_kit import PASSWORD, sftp_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.remote_kit import SftpServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SftpServer]:
    """Return an SFTP server with a folder `drop`."""
    with sftp_server(tmp_path / "server") as served:
        (served.root / "drop").mkdir()
        yield served


def by_key(server: SftpServer) -> Access:
    return Access(known_hosts=server.known_hosts, key_file=server.key_file)


def names(folder: RemoteFolder) -> list[str]:
    return [drop.path.name for drop in folder.look().drops]


@pytest.fixture
def at(server: SftpServer) -> Iterator[Callable[..., RemoteFolder]]:
    """Return what connects to a folder of the server."""
    with ExitStack() as stack:

        def connect(path: str = "drop", access: Access | None = None) -> RemoteFolder:
            folder = RemoteFolder(server.url(path), access or by_key(server))
            return stack.enter_context(folder)

        yield connect


@pytest.mark.parametrize(
    ("named", "is_it"),
    [
        ("sftp://host/drop", True),
        ("S3://bucket/drop", True),
        ("/drop/sftp", False),
        ("sftp:/drop", False),
        ("https://host/visits.csv", False),
    ],
)
def test_a_url_of_sftp_or_s3_is_on_another_machine(named: str, *, is_it: bool) -> None:
    assert is_remote(named) is is_it


# SFTP


def test_files_are_seen_fetched_moved_and_sent(
    at: Callable[..., RemoteFolder], server: SftpServer, tmp_path: Path
) -> None:
    (server.root / "drop" / "visits.csv").write_text("first_name\nAda\n")
    (server.root / "drop" / ".visits.csv.part").write_text("half")
    (server.root / "drop" / "readme.pdf").write_text("no rows")
    folder = at()

    found = folder.look()
    (drop,) = found.drops
    assert [path.name for path in found.others] == ["readme.pdf"]

    copy = folder.fetch(drop, tmp_path)
    assert copy.read_text() == "first_name\nAda\n"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert copy.stat().st_mtime == drop.changed_at.timestamp()

    assert folder.move(drop, server.url("drop/done")) == "/drop/done/visits.csv"
    assert names(folder) == []

    results = tmp_path / "visits.csv.results.xlsx"
    results.write_bytes(b"rows")
    assert folder.send(results) == server.url("drop/visits.csv.results.xlsx")
    results.write_bytes(b"more rows")
    folder.send(results)
    sent = server.root / "drop" / results.name
    assert sent.read_bytes() == b"more rows"
    assert [path.name for path in (server.root / "drop").glob(".*")] == [".visits.csv.part"]


def test_a_file_is_moved_over_nothing(at: Callable[..., RemoteFolder], server: SftpServer) -> None:
    folder = at()
    for text in ("first", "second"):
        (server.root / "drop" / "visits.csv").write_text(text)
        folder.move(folder.look().drops[0], server.url("drop/done"))
    done = server.root / "drop" / "done"
    assert (done / "visits.csv").read_text() == "first"
    assert (done / "visits-2.csv").read_text() == "second"


def test_a_pattern_or_one_file_of_a_server(
    at: Callable[..., RemoteFolder], server: SftpServer
) -> None:
    for name in ("north_1.csv", "north_2.csv", "south.csv"):
        (server.root / "drop" / name).write_text("x")
    assert names(at("drop/north_*.csv")) == [*("north_1.csv", "north_2.csv")]
    assert names(at("drop/south.csv")) == ["south.csv"]


def test_an_account_may_have_a_password(
    at: Callable[..., RemoteFolder], server: SftpServer
) -> None:
    access = Access(known_hosts=server.known_hosts, password=PASSWORD)
    assert names(at(access=access)) == []
    assert PASSWORD not in repr(access)


def test_a_file_that_grew_since_it_was_looked_at_is_not_read(
    at: Callable[..., RemoteFolder], server: SftpServer, tmp_path: Path
) -> None:
    (server.root / "drop" / "visits.csv").write_text("one")
    folder = at()
    (drop,) = folder.look().drops
    (server.root / "drop" / "visits.csv").write_text("one and two")
    with pytest.raises(StoppedEarly, match="still being written"):
        folder.fetch(drop, tmp_path)


def _no_known_hosts(server: SftpServer) -> Access:
    return Access(key_file=server.key_file)


def _another_server(server: SftpServer) -> Access:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    server.known_hosts.write_text(f"[127.0.0.1]:{server.port} {other}")
    return by_key(server)


def _wrong_password(server: SftpServer) -> Access:
    return Access(known_hosts=server.known_hosts, password="wrong")


def _wrong_key(server: SftpServer) -> Access:
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(server.key_file)
    return by_key(server)


@pytest.mark.parametrize(
    ("access", "told"),
    [
        (_no_known_hosts, "is in no file of known hosts"),
        (_another_server, "is not the server that known_hosts has"),
        (_wrong_password, "refuses the account"),
        (_wrong_key, "refuses the account"),
    ],
)
def test_a_stranger_gets_no_file_and_gives_none(
    access: Callable[[SftpServer], Access], told: str, server: SftpServer
) -> None:
    with pytest.raises(CredentialsError, match=told) as caught:
        RemoteFolder(server.url("drop"), access(server))
    assert caught.value.todo
    assert "wrong" not in caught.value.message + caught.value.todo


def test_a_server_that_cannot_be_reached_is_for_later(server: SftpServer) -> None:
    access = by_key(server)
    url = server.url("drop").replace(str(server.port), "1")
    with pytest.raises(StoppedEarly, match="cannot be used") as caught:
        RemoteFolder(url, access)
    assert caught.value.exit_code is ExitCode.STOPPED_EARLY


def test_a_folder_that_is_missing_says_so(at: Callable[..., RemoteFolder]) -> None:
    with pytest.raises(SourceError, match="there is no sftp://"):
        at("nowhere/visits.csv").look()


def test_an_address_with_a_password_is_refused_without_it(server: SftpServer) -> None:
    with pytest.raises(SettingsError, match="holds a password") as caught:
        RemoteFolder(f"sftp://clinic:hunter2@127.0.0.1:{server.port}/drop", by_key(server))
    assert "hunter2" not in caught.value.message + caught.value.todo


def test_a_file_is_not_moved_to_another_server(
    at: Callable[..., RemoteFolder], server: SftpServer
) -> None:
    (server.root / "drop" / "visits.csv").write_text("x")
    folder = at()
    with pytest.raises(SettingsError, match="cannot be moved to s3://bucket"):
        folder.move(folder.look().drops[0], "s3://bucket/done")


def test_results_go_to_no_folder_but_the_one_that_is_named(
    server: SftpServer, tmp_path: Path
) -> None:
    (tmp_path / "x.results.xlsx").write_bytes(b"rows")
    with pytest.raises(SourceError, match="there is no sftp://"):
        RemoteFolder(server.url("drop/out"), by_key(server), is_folder=True)
    assert not list(server.root.rglob("*.xlsx"))


def test_a_name_that_is_no_text_is_a_sentence(
    at: Callable[..., RemoteFolder], server: SftpServer
) -> None:
    (Path(os.fsdecode(os.fsencode(server.root) + b"/drop/Mu\xf1oz.csv"))).write_text("x")
    with pytest.raises(SourceError, match="has a name that is no text"):
        at().look()


# S3


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3FileSystem]:
    """Return an empty bucket of a server on this machine."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - slow to import

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    with ExitStack() as stack:
        stack.callback(server.stop)
        _, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        files = S3FileSystem(skip_instance_cache=True)
        files.mkdir("clinic")
        yield files
        files.rm("clinic", recursive=True)


def test_a_bucket_is_an_inbox_too(bucket: S3FileSystem, tmp_path: Path) -> None:
    bucket.pipe("clinic/drop/visits.csv", b"first_name\nAda\n")
    bucket.pipe("clinic/drop/later/other.csv", b"x")
    folder = RemoteFolder("s3://clinic/drop", Access())

    (drop,) = folder.look().drops
    assert folder.fetch(drop, tmp_path).read_bytes() == b"first_name\nAda\n"
    folder.move(drop, "s3://clinic/done")
    assert names(folder) == []
    assert bucket.exists("clinic/done/visits.csv")

    results = tmp_path / "visits.csv.results.xlsx"
    results.write_bytes(b"rows")
    folder.send(results)
    assert bucket.cat("clinic/drop/visits.csv.results.xlsx") == b"rows"


def test_results_go_below_the_prefix_that_is_named(bucket: S3FileSystem, tmp_path: Path) -> None:
    (tmp_path / "x.results.xlsx").write_bytes(b"rows")
    RemoteFolder("s3://clinic/private/results", Access(), is_folder=True).send(
        tmp_path / "x.results.xlsx"
    )
    assert bucket.find("clinic") == ["clinic/private/results/x.results.xlsx"]


def test_a_prefix_without_files_is_an_empty_inbox(bucket: S3FileSystem) -> None:
    del bucket
    assert RemoteFolder("s3://clinic/drop", Access()).look().drops == ()


def test_a_bucket_that_is_not_there_says_so(bucket: S3FileSystem) -> None:
    del bucket
    with pytest.raises(SourceError, match="there is no s3://nowhere"):
        RemoteFolder("s3://nowhere/drop", Access()).look()
