"""A place on disk for answers that the ledger could no longer take: written before it is needed."""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, assert_never

from importer.ledger import screening
from importer.ledger.disk import sync_folder
from importer.model import Booked, NotTaken, NotTakenCause, Outcome, Rejected, Unknown

if TYPE_CHECKING:
    from pathlib import Path

_RECORD_BYTES = 512
_RECORDS = 256
_HEAD_BYTES = 8
"""Length and CRC-32 of what follows, 4 bytes each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RescuedAnswer:
    """An answer that was read but could not be recorded."""

    row_id: int
    row_key: str
    outcome: Outcome
    """Without its problems: the ledger could not take them, and they may be long."""


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
        """Make sure that the room is there, and open it for writing.

        Raises:
            OSError: There is no room for it.
        """
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        size = os.fstat(self._fd).st_size
        while size < _RECORD_BYTES * _RECORDS:
            size += os.pwrite(self._fd, bytes(_RECORD_BYTES * _RECORDS - size), size)
        os.fsync(self._fd)
        sync_folder(self._path.parent)
        used = [number for number, block in enumerate(self._blocks()) if any(block)]
        self._next = used[-1] + 1 if used else 0

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
        decoded = (_decode(block) for block in self._blocks())
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

    def _blocks(self) -> list[bytes]:
        if self._fd is None:
            return []
        places = range(0, _RECORD_BYTES * _RECORDS, _RECORD_BYTES)
        return [os.pread(self._fd, _RECORD_BYTES, place) for place in places]


def _encode(answer: RescuedAnswer) -> bytes:
    text = json.dumps([answer.row_id, answer.row_key, *_values_of(answer.outcome)]).encode()
    head = len(text).to_bytes(4, "big") + zlib.crc32(text).to_bytes(4, "big")
    return (head + text).ljust(_RECORD_BYTES, b"\0")


def _decode(block: bytes) -> RescuedAnswer | None:
    length = int.from_bytes(block[:4], "big")
    text = block[_HEAD_BYTES : _HEAD_BYTES + length]
    if not length or len(text) != length or zlib.crc32(text) != int.from_bytes(block[4:8], "big"):
        return None
    try:
        row_id, row_key, *values = json.loads(text)
    except (ValueError, TypeError):
        return None
    return RescuedAnswer(row_id=row_id, row_key=row_key, outcome=_outcome_of(values))


def _values_of(outcome: Outcome) -> list[Any]:
    """Return what of an outcome is rescued: nothing that may hold a patient."""
    match outcome:
        case Booked():
            status = screening.status_word(outcome.solv_status)
            return ["booked", outcome.http_status, outcome.booking_id, status]
        case Rejected():
            return ["rejected", outcome.http_status]
        case Unknown():
            return ["unknown", outcome.http_status]
        case NotTaken():
            return ["not taken", outcome.left]
        case _:
            assert_never(outcome)


def _outcome_of(values: list[Any]) -> Outcome:
    match values:
        case ["booked", int(http_status), int(booking_id), str(status)]:
            return Booked(booking_id=booking_id, solv_status=status, http_status=http_status)
        case ["rejected", int(http_status)]:
            return Rejected(http_status=http_status)
        case ["not taken", bool(left)]:
            return NotTaken(cause=NotTakenCause.HELD_BACK, left=left)
        case ["unknown", int() | None as http_status]:
            return Unknown(reason="answer could not be recorded", http_status=http_status)
        case _:
            return Unknown(reason="answer could not be recorded")
