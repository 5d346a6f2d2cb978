"""Files that appear whole or not at all; unless said, only their owner may read them.

The temporary file stands beside its target, is locked while its writer lives, and is named so
that the next writer of the same target recognizes what a killed one left, and removes it.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import stat
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from importer.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import BufferedRandom

_PRIVATE, _USUAL = 0o600, 0o666
_NAME_BYTES = 200  # of the 255 that a name may have: the rest is for what is added
_WORK_PREFIX = "results-work-"
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES}


def write_atomically(
    path: Path,
    write: Callable[[IO[bytes]], object],
    before_replace: Callable[[str], None] | None = None,
    *,
    is_private: bool = True,
) -> str:
    """Replace `path` in one step by what `write` writes.

    Args:
        path: What is replaced.
        write: Writes the new content.
        before_replace: Is told its SHA-256 before it stands at `path`, so that a crash right
            after cannot make our own file look like somebody else's.
        is_private: Whether only its owner may read it; else the umask decides.

    Returns:
        The SHA-256 of the new content, in hexadecimal.

    Raises:
        SettingsError: The place cannot be written; what stood there is untouched.
    """
    with _explained(path):
        _sweep(path)
        temp, file = _open_temp(path, _PRIVATE if is_private else _USUAL)
        try:
            with file:
                write(file)
                digest = _finished(file)
                if before_replace is not None:
                    before_replace(digest)
                temp.replace(path)
        except BaseException:
            temp.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    return digest


def prove_writable(path: Path) -> None:
    """Prove that a file can be made at `path`, by making one beside it and removing it.

    Raises:
        SettingsError: It cannot; the message says why and what to do.
    """
    with _explained(path):
        if not path.parent.is_dir():
            raise SettingsError(
                f"{path} cannot be written: there is no such folder.",
                todo="Make the folder, or name another place.",
            )
        _refuse_special(path)
        temp, file = _open_temp(path)
        try:
            with file:
                file.write(b"\n")
                _finished(file)
        finally:
            temp.unlink(missing_ok=True)


def digest_of(path: Path) -> str | None:
    """Return the SHA-256 of a file's content, or None when there is no file.

    Raises:
        SettingsError: It is no regular file, or may not be read.
    """
    with _explained(path):
        _refuse_special(path)
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return None


@contextmanager
def private_folder(work_dir: Path) -> Iterator[Path]:
    """Lend a folder of our own inside `work_dir`, and remove those of killed writers."""
    _sweep_folders(work_dir)
    folder = Path(tempfile.mkdtemp(prefix=_WORK_PREFIX, dir=work_dir))
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(handle)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def fitting_name(name: str, ending: str) -> str:
    """Return `name` + `ending`, with a digest in place of the end of a name that is too long."""
    raw = os.fsencode(name)
    if len(raw) <= _NAME_BYTES:
        return name + ending
    start = raw[:_NAME_BYTES].decode("utf-8", errors="ignore")
    return f"{start}-{hashlib.sha256(raw).hexdigest()[:8]}{ending}"


def _open_temp(path: Path, mode: int = _PRIVATE) -> tuple[Path, BufferedRandom]:
    while True:
        temp = path.with_name(f"{_temp_start(path)}{secrets.token_hex(6)}.tmp")
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.fdopen(os.open(temp, flags, mode), "w+b")
        # Between open and lock, somebody's sweep may take it for a leftover: then once more.
        if _lock(file.fileno()) and temp.exists():
            return temp, file
        file.close()


def _temp_start(path: Path) -> str:
    return "." + fitting_name(path.name, ".")


def _finished(file: BufferedRandom) -> str:
    file.flush()
    os.fsync(file.fileno())
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()


def _sweep(path: Path) -> None:
    leftover = re.compile(re.escape(_temp_start(path)) + r"[0-9a-f]{12}\.tmp")
    with suppress(PermissionError), os.scandir(path.parent) as entries:
        for entry in entries:
            if leftover.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                _remove_unlocked(Path(entry.path), os.unlink)


def _sweep_folders(work_dir: Path) -> None:
    with os.scandir(work_dir) as entries:
        for entry in entries:
            if entry.name.startswith(_WORK_PREFIX) and entry.is_dir(follow_symlinks=False):
                _remove_unlocked(Path(entry.path), shutil.rmtree)


def _remove_unlocked(leftover: Path, remove: Callable[[Path], None]) -> None:
    """Remove what no living writer has locked; a kernel releases the locks of the dead."""
    with suppress(OSError):
        handle = os.open(leftover, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove(leftover)
        finally:
            os.close(handle)


def _lock(handle: int) -> bool:
    """Return False when another process holds it; True also where nothing can be locked."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks; its leftovers are then never swept
        return True
    return True


def _refuse_special(path: Path) -> None:
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        raise SettingsError(
            f"{path} is a folder or a device, not a file.",
            todo="Name a file, such as --results results.xlsx.",
        )


def _sync_folder(folder: Path) -> None:
    """Make the new name durable, where the file system lets a folder be opened and synced."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be written: {error.strerror or type(error).__name__}.",
            todo="Make room there or get the right to write, or name another place.",
        ) from error
