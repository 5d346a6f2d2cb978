"""Folders on other machines: SFTP and S3, through fsspec."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from importer.errors import CredentialsError, SettingsError, SourceError, StoppedEarly
from importer.inbox.drops import Drop, Found, sorted_out

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMES: Final = ("sftp", "s3")
_CONNECT_S: Final = 20.0
_EXTRA: Final = "Install them: pip install 'solv-bulk-importer[remote]'."
_LONG_AGO: Final = datetime.fromtimestamp(0, UTC)
_MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How an SFTP server knows us, and how we know it; S3 has ways of its own (AWS_...)."""

    known_hosts: Path | None = None
    """A file of host keys beside ~/.ssh/known_hosts; a server in neither is refused."""
    key_file: Path | None = None
    """A private key; without one those of ~/.ssh and of an agent are tried."""
    password: str | None = field(default=None, repr=False)
    """Of the account, or of the key file."""


def is_remote(named: str) -> bool:
    """Return whether the command line names a folder, a pattern or a file of another machine."""
    return named.partition("://")[0].lower() in SCHEMES


class RemoteFolder:
    """A folder on another machine; a URL of one file or a pattern is its folder and a filter."""

    def __init__(self, url: str, access: Access, *, is_folder: bool = False) -> None:
        """Connect.

        Args:
            url: Of the folder, of one file in it, or a pattern.
            access: How we are known there.
            is_folder: Whether it must be a folder, such as one that results go to.

        Raises:
            SettingsError: The URL cannot be used, or the packages for it are missing.
            CredentialsError: The server refuses us, or is not the one that we know.
            StoppedEarly: It cannot be reached.
        """
        self.url = _plain(url)
        with _told(self.url):
            self._files = _file_system(self.url, access)
            path = str(self._files._strip_protocol(self.url))  # noqa: SLF001 - fsspec has no other name for it
            is_folder = is_folder or self._is_folder(path)
            if is_folder and not self._is_atomic() and not self._files.isdir(path):
                raise FileNotFoundError
        self._folder = path.rstrip("/") or "/" if is_folder else str(PurePosixPath(path).parent)
        self._pattern = "*" if is_folder else PurePosixPath(path).name
        if not is_folder:
            self.url = self.url.rpartition("/")[0]

    def _is_folder(self, path: str) -> bool:
        """Return whether a path is a folder: in S3 one without files is none, and nothing else."""
        if _MAGIC.search(path):
            return False
        return bool(self._files.isdir(path)) or not self._files.isfile(path)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up."""
        client = getattr(self._files, "client", None)
        if client is not None:
            client.close()

    def look(self) -> Found:
        """Return what lies in it now.

        Raises:
            StoppedEarly: It cannot be read.
        """
        with _told(self.url):
            self._files.invalidate_cache()
            listed = [] if self._is_bare() else self._files.ls(self._folder, detail=True)
        drops = [_drop(entry, self.url) for entry in listed if entry["type"] != "directory"]
        return sorted_out(drop for drop in drops if fnmatch(drop.path.name, self._pattern))

    def fetch(self, drop: Drop, folder: Path) -> Path:
        """Copy a file of it into a private folder of this machine; return where.

        Raises:
            StoppedEarly: The connection broke, or the file is another by now.
        """
        place = folder / drop.path.name
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        with _told(self.url):
            self._files.get_file(str(drop.path), str(place))
        if place.stat().st_size != drop.size:
            raise StoppedEarly(
                f"{drop.path.name} is not as long as {self.url} says: it is still being written",
                todo="run the same command again later",
            )
        os.utime(place, (drop.changed_at.timestamp(),) * 2)
        return place

    def send(self, path: Path) -> str:
        """Copy a file of this machine into it, over nothing that is whole; return its URL.

        Raises:
            StoppedEarly: The connection broke; no half of the file has its name.
        """
        part = f"{self._folder}/.{path.name}.{secrets.token_hex(4)}.part"
        target = f"{self._folder}/{path.name}"
        with _told(self.url):
            if self._is_atomic():
                self._files.put_file(str(path), target)
            else:
                self._files.put_file(str(path), part)
                if self._files.exists(target):
                    self._files.rm_file(target)
                self._files.mv(part, target)
        return f"{self.url.rstrip('/')}/{path.name}"

    def move(self, drop: Drop, folder: str) -> str:
        """Move a file of it into another folder of the same machine; return where it is now.

        Args:
            drop: The file.
            folder: The URL of the other folder.

        Raises:
            SettingsError: It is a folder of another machine.
            StoppedEarly: The connection broke, or the server refuses to.
        """
        if _server_of(folder) != _server_of(self.url):
            raise SettingsError(
                f"files of {_server_of(self.url)} cannot be moved to {_server_of(folder)}",
                todo="Name a folder of the same server with --move-to.",
            )
        with _told(self.url):
            target = str(self._files._strip_protocol(_plain(folder))).rstrip("/")  # noqa: SLF001 - as above
            self._files.makedirs(target, exist_ok=True)
            place = self._free(target, drop.path.name)
            self._files.mv(str(drop.path), place)
        return place

    def _is_atomic(self) -> bool:
        """Return whether a file has its name only when all of it is there, as in S3."""
        return urlsplit(self.url).scheme == "s3"

    def _is_bare(self) -> bool:
        """Return whether this is a folder of a bucket that is there, without any file."""
        bucket = self._folder.partition("/")[0]
        is_there = self._is_atomic() and self._files.exists(bucket)
        return is_there and not self._files.exists(self._folder)

    def _free(self, folder: str, name: str) -> str:
        """Return a path in a folder where nothing stands."""
        stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix
        place, number = f"{folder}/{name}", 2
        while self._files.exists(place):
            place, number = f"{folder}/{stem}-{number}{suffix}", number + 1
        return place


def _plain(url: str) -> str:
    """Return a URL in which no password stands.

    Raises:
        SettingsError: One does, or it names no folder.
    """
    parts = urlsplit(url)
    if parts.password is not None:
        raise SettingsError(
            f"the address of {parts.hostname} holds a password, which a list of processes shows",
            todo="Put it into SOLV_IMPORT_SFTP_PASSWORD_FILE, or use a key.",
        )
    if not parts.hostname:
        raise SettingsError(f"{url} names no server.", todo="Write it as sftp://host/folder.")
    return url


def _server_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _file_system(url: str, access: Access) -> Any:  # noqa: ANN401 - fsspec has no types
    try:
        if urlsplit(url).scheme == "s3":
            from s3fs import (  # type: ignore[import-untyped] # noqa: PLC0415 - an extra, slow to import
                S3FileSystem,
            )

            settings = {"connect_timeout": _CONNECT_S, "retries": {"max_attempts": 3}}
            return S3FileSystem(skip_instance_cache=True, config_kwargs=settings)
        from importer.inbox.sftp import sftp_files  # noqa: PLC0415 - as above
    except ImportError as error:
        raise SettingsError(
            f"{url} needs packages that are not installed: {error.name}.", todo=_EXTRA
        ) from None
    return sftp_files(url, access, timeout_s=_CONNECT_S)


def _drop(entry: dict[str, Any], url: str) -> Drop:
    changed_at = entry.get("mtime") or entry.get("LastModified") or _LONG_AGO
    return Drop(path=Path(entry["name"]), size=int(entry["size"]), changed_at=changed_at, url=url)


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Turn what the libraries raise into a sentence; what they say may hold a credential.

    Raises:
        CredentialsError: The server refuses us, or is not the one that we know.
        SourceError: There is no such folder or file.
        StoppedEarly: It cannot be reached, or the connection broke.
    """
    server = _server_of(url)
    try:
        yield
    except PermissionError:
        raise CredentialsError(
            f"{server} refuses access", todo="check the account, its key, and what it may read"
        ) from None
    except UnicodeDecodeError:
        raise SourceError(
            f"a file of {url} has a name that is no text", todo="rename it there"
        ) from None
    except FileNotFoundError:
        raise SourceError(f"there is no {url}", todo="correct the address") from None
    except (OSError, EOFError) as error:
        raise StoppedEarly(
            f"{server} cannot be used: {type(error).__name__}",
            todo="check the network and the address, then run the same command again",
        ) from None
