"""One file to read: the words for it, and its plain bytes, whatever they were packed in."""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from importer.problems import ProblemCode
from importer.reading.files import opened
from importer.reading.package import BIG_PART, RATIO_LIMIT, UNPACKED_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importer.problems import FileProblem
    from importer.reading.kinds import Kind
    from importer.reading.table import Place


class Unpacked:
    """What came out of a packed file: bytes on disk that no name leads to, bounded.

    They hold patients: another process cannot find them, and they go when this one does.
    """

    def __init__(self, place: Place, packed_size: int) -> None:
        """Begin with nothing; `packed_size` in bytes says how much may come out.

        Raises:
            SourceError: There is no folder for temporary files that can be written.
        """
        self._place = place
        self._packed_size = packed_size
        self._size = 0
        # Unbuffered, so that every view sees what was written; its end closes it.
        try:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - lives as long as this
        except OSError:
            raise place.refuse(
                ProblemCode.SOURCE_TOO_LARGE,
                "No temporary file can be written to unpack it into.",
                todo="Name a folder that can be written, on a disk with room: TMPDIR.",
            ) from None

    def __del__(self) -> None:
        """Give the bytes back to the disk."""
        if hasattr(self, "_file"):
            self._file.close()

    def write(self, block: bytes) -> int:
        """Keep a block.

        Raises:
            SourceError: It is more than the limits allow, or than the disk takes.
        """
        self._size += len(block)
        too_dense = self._size > BIG_PART and self._size > RATIO_LIMIT * self._packed_size
        if self._size > UNPACKED_LIMIT or too_dense:
            raise self._place.refuse(ProblemCode.SOURCE_TOO_LARGE)
        rest = memoryview(block)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            raise self._place.refuse(
                ProblemCode.SOURCE_TOO_LARGE,
                "There is no room on the disk to unpack it.",
                todo=f"Free some space in {tempfile.gettempdir()}, or name another folder: TMPDIR.",
            ) from None
        return len(block)

    def view(self) -> io.BufferedReader:
        """Return the bytes as an open file with a position of its own."""
        return io.BufferedReader(_View(self))

    def read_at(self, position: int, size: int) -> bytes:
        """Return at most `size` bytes from there on."""
        return os.pread(self._file.fileno(), size, position)

    @property
    def size(self) -> int:
        """Return how many bytes there are."""
        return self._size


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file that is read, perhaps more than once."""

    path: Path
    name: str
    """The name that people know, or that of the one file inside it; it tells the type."""
    place: Place
    """The words for it in messages."""
    plain: Unpacked | None = field(default=None, repr=False)
    """Its bytes, where those at `path` are packed or encrypted."""
    kind: Kind | None = None
    """What its plain bytes are, once that is known."""
    warnings: tuple[FileProblem, ...] = ()
    """What a person may want to know of the way here."""

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Give the plain bytes as an open file, from the first one.

        Raises:
            SourceError: The file is missing, may not be read, or is no regular file.
        """
        if self.plain is None:
            with opened(self.path, self.place) as file:
                yield file
        else:
            with self.plain.view() as view:
                yield view


class _View(io.RawIOBase):
    """A position of its own in unpacked bytes, so that two readers do not disturb each other."""

    def __init__(self, unpacked: Unpacked) -> None:
        super().__init__()
        self._unpacked = unpacked
        self._position = 0

    def readable(self) -> bool:
        """Return that it can be read, which io asks."""
        return True

    def seekable(self) -> bool:
        """Return that it has positions, which io asks."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a position and return it."""
        origins = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._unpacked.size}
        position = origins[whence] + offset
        if position < 0:
            raise ValueError("negative position")
        self._position = position
        return position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def readinto(self, target: bytearray | memoryview) -> int:  # type: ignore[override] # io: any buffer
        """Fill the target with what follows, as far as it goes."""
        block = self._unpacked.read_at(self._position, len(target))
        target[: len(block)] = block
        self._position += len(block)
        return len(block)
