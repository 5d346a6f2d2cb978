"""Sources as bytes: may they be opened, what is their digest, a private copy."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from importer.problems import ProblemCode
from importer.reading.table import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK = 1 << 20
_PRIVATE = 0o600


@contextmanager
def opened(path: Path, place: Place | None = None) -> Iterator[BinaryIO]:
    """Give the source as an open file, which is a regular one.

    Raises:
        SourceError: It is missing, may not be read, or is a folder, pipe or device.
    """
    place = place or Place(file=path.name)
    try:
        # A named pipe would wait for its writer for ever without O_NONBLOCK.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise place.refuse(ProblemCode.SOURCE_NOT_FOUND, _reason(error)) from None
    mode = os.fstat(fd).st_mode
    if not stat.S_ISREG(mode):
        os.close(fd)
        what = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
        raise place.refuse(ProblemCode.SOURCE_NOT_FOUND, f"This is {what}, not a file.")
    with os.fdopen(fd, "rb") as source:
        yield source


def source_digest(path: Path) -> str:
    """Return the SHA-256 of the file's content, in hex.

    Raises:
        SourceError: The file cannot be read.
    """
    digest = hashlib.sha256()
    with opened(path) as source:
        while block := source.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def copy_privately(source: Path, target: Path) -> str:
    """Copy a source to a new file that only its owner reads; return the copy's digest.

    The copy is on disk when this returns, so that what was validated is what is sent.

    Raises:
        SourceError: The source cannot be read.
        FileExistsError: There is a file at `target` already.
    """
    digest = hashlib.sha256()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    with opened(source) as original, os.fdopen(os.open(target, flags, _PRIVATE), "wb") as copy:
        while block := original.read(_BLOCK):
            digest.update(block)
            copy.write(block)
        copy.flush()
        os.fsync(copy.fileno())
    _sync_folder(target.parent)
    return digest.hexdigest()


def prove_unchanged(path: Path, digest: str) -> None:
    """Check that a file still has the content that was copied.

    Raises:
        SourceError: Somebody writes it, so that what was copied may be half of it.
    """
    if source_digest(path) != digest:
        raise Place(file=path.name).refuse(ProblemCode.SOURCE_CHANGING)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _reason(error: OSError | ValueError) -> str:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return "There is no such file."
        case PermissionError():
            return "The file may not be read."
        case _:
            return "The file cannot be opened."
