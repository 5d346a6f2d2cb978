"""A place on disk for answers that the ledger could no longer take: written before it is needed."""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_RECORD_BYTES = 512
_RECORDS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class RescuedAnswer:
    """An answer that was read but could not be recorded."""

    row_id: int
    row_key: str
    status: str
    booking_id: int | None
    solv_status: str
    http_status: int | None


class RescueFile:
    """Preallocated room for 256 answers, more than are ever in flight.

    The zeros are really written, so that a full disk cannot take the room away.
    """

    def __init__(self, path: Path) -> None:
        """Name the file; `prepare` makes it."""
        self._path = path
        self._fd: int | None = None
        self._next = 0

    def prepare(self) -> None:
        """Make sure that the room is there, and open it for writing."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        missing = _RECORD_BYTES * _RECORDS - os.fstat(fd).st_size
        if missing > 0:
            os.pwrite(fd, bytes(missing), os.fstat(fd).st_size)
            os.fsync(fd)
        self._fd = fd
        self._next = len(self.answers())

    def write(self, answer: RescuedAnswer) -> bool:
        """Put one answer on disk; return False when there is no room or the disk fails too."""
        if self._fd is None or self._next >= _RECORDS:
            return False
        try:
            os.pwrite(self._fd, _encode(answer), self._next * _RECORD_BYTES)
            os.fsync(self._fd)
        except OSError:
            return False
        self._next += 1
        return True

    def answers(self) -> list[RescuedAnswer]:
        """Return what an earlier process left here; a torn record is no answer."""
        if self._fd is None:
            return []
        blocks = (os.pread(self._fd, _RECORD_BYTES, n * _RECORD_BYTES) for n in range(_RECORDS))
        decoded = (_decode(block) for block in blocks)
        return [answer for answer in decoded if answer is not None]

    def clear(self) -> None:
        """Forget the answers, once the ledger has them."""
        if self._fd is not None and self._next:
            os.pwrite(self._fd, bytes(_RECORD_BYTES * _RECORDS), 0)
            os.fsync(self._fd)
            self._next = 0

    def close(self) -> None:
        """Close the file."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _encode(answer: RescuedAnswer) -> bytes:
    text = json.dumps(
        [
            answer.row_id,
            answer.row_key,
            answer.status,
            answer.booking_id,
            answer.solv_status[:40],
            answer.http_status,
        ]
    ).encode()
    head = len(text).to_bytes(4, "big") + zlib.crc32(text).to_bytes(4, "big")
    return (head + text).ljust(_RECORD_BYTES, b"\0")


def _decode(block: bytes) -> RescuedAnswer | None:
    length = int.from_bytes(block[:4], "big")
    text = block[8 : 8 + length]
    if not length or len(text) != length or zlib.crc32(text) != int.from_bytes(block[4:8], "big"):
        return None
    row_id, row_key, status, booking_id, solv_status, http_status = json.loads(text)
    return RescuedAnswer(
        row_id=row_id,
        row_key=row_key,
        status=status,
        booking_id=booking_id,
        solv_status=solv_status,
        http_status=http_status,
    )
