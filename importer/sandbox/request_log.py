"""The log of every request that reached the sandbox: what it saw, before it answered.

JSON Lines, two lines a request. No patient value: bodies stand as keyed hashes only.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BOOKINGS_PATH = "/v1/partner/bookings"
TOKEN_PATH = "/v1/auth/token"  # noqa: S105 - a path
UNKNOWN_PATH = "(unknown path)"

_KNOWN_PATH = re.compile(r"/v1/partner/locations/\w{1,12}|/v[12]/partner/locations/\w{1,12}/slots")
_EXTERNAL_PATH = re.compile(r"(/v1/partner/external_bookings/)[^/]+(/reschedule)?")
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_KEY_BYTES = 32
_SYNC_EVERY_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRequest:
    """One request of the log, both of its lines joined."""

    n: int
    at: float
    """Unix seconds at its first byte."""
    mono: float
    """The same moment on the server's monotonic clock."""
    method: str | None
    """None: the connection ended before the request said."""
    path: str | None
    is_answered: bool = False
    """False: the second line is missing, the server died in between."""
    status: int | None = None
    """None: no status line left the server."""
    committed: bool = False
    booking_id: int | None = None
    body_hmac: str | None = None
    natural_key: str | None = None
    """Keyed hash of location, instant, birth date and names, of a committed booking."""
    fault: str | None = None

    @property
    def is_booking(self) -> bool:
        """Tell whether it asked for a booking."""
        return self.method == "POST" and self.path == BOOKINGS_PATH


def canonical_json(parsed: object) -> bytes:
    """Return `parsed` as compact JSON with sorted keys, UTF-8."""
    return json.dumps(parsed, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        errors="surrogatepass"
    )


def keyed_hash(key: bytes, content: bytes) -> str:
    """Return HMAC-SHA256 of `content` in hexadecimal."""
    return hmac.digest(key, content, "sha256").hex()


def body_hmac(key: bytes, body: bytes) -> str | None:
    """Return the keyed hash of a request's body in canonical form, or as it came if no JSON.

    None stands for a request without a body.
    """
    if not body:
        return None
    try:
        content = canonical_json(json.loads(body))
    except (ValueError, RecursionError):
        content = body
    return keyed_hash(key, content)


def key_path_of(log_path: Path) -> Path:
    """Return where the key of a request log stands."""
    return log_path.with_name(log_path.name + ".key")


def read_log_key(log_path: Path) -> bytes:
    """Return the key of an existing request log."""
    return bytes.fromhex(key_path_of(log_path).read_text("ascii").strip())


def read_request_log(log_path: Path) -> list[LoggedRequest]:
    """Return all requests of a log in their order; a torn last line is left out."""
    found: dict[int, dict[str, Any]] = {}
    for entry in _entries(log_path):
        is_answered = entry.pop("event") == "answered"
        seen = found.setdefault(entry["n"], {})
        seen.update(entry)
        if is_answered:
            seen["is_answered"] = True
    return [LoggedRequest(**entry) for entry in found.values()]


def _entries(log_path: Path) -> Iterator[dict[str, Any]]:
    with log_path.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield json.loads(line)


def shown_path(path: str) -> str:
    """Return `path` when the API has it, without foreign ids; else a word: it may hold anything."""
    if path in {BOOKINGS_PATH, TOKEN_PATH} or _KNOWN_PATH.fullmatch(path):
        return path
    external = _EXTERNAL_PATH.fullmatch(path)
    return f"{external[1]}{{id}}{external[2] or ''}" if external else UNKNOWN_PATH


class RequestLog:
    """Writes the log: each line to the system at once, to the disk from a thread of its own."""

    def __init__(self, path: Path) -> None:
        """Open `path` and its key for appending; numbers go on where it ends."""
        self.path = path
        self.key = _open_key(path)
        _cut_torn_line(path)
        self.earlier = read_request_log(path) if path.exists() else []
        self._last = max((request.n for request in self.earlier), default=0)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._dirty = threading.Event()
        self._closing = threading.Event()
        self._syncer = threading.Thread(target=self._sync, name="sandbox-log", daemon=True)
        self._syncer.start()

    def arrived(self, *, at: float, mono: float, method: str | None, path: str | None) -> int:
        """Write the first line of a request and return its number."""
        self._last += 1
        known = method if method in _METHODS or method is None else "(unknown method)"
        self._write(
            {
                "event": "arrived",
                "n": self._last,
                "at": round(at, 6),
                "mono": round(mono, 6),
                "method": known,
                "path": path if path is None else shown_path(path),
            }
        )
        return self._last

    def answered(self, n: int, **facts: str | float | bool | None) -> None:
        """Write the second line of request `n`; returns when the system has it."""
        self._write({"event": "answered", "n": n, **facts})

    def close(self) -> None:
        """Bring everything to the disk and close the file."""
        self._closing.set()
        self._dirty.set()
        self._syncer.join()
        os.fsync(self._file)
        os.close(self._file)

    def _write(self, entry: dict[str, Any]) -> None:
        os.write(self._file, json.dumps(entry, separators=(",", ":")).encode() + b"\n")
        self._dirty.set()

    def _sync(self) -> None:
        """Sync after writes, not after each one."""
        while not self._closing.is_set():
            self._dirty.wait()
            self._dirty.clear()
            os.fsync(self._file)
            self._closing.wait(_SYNC_EVERY_S)


def _open_key(log_path: Path) -> bytes:
    """Return the key beside the log, made now if there is none."""
    path = key_path_of(log_path)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read_log_key(log_path)
    key = os.urandom(_KEY_BYTES)
    with os.fdopen(file, "w", encoding="ascii") as fresh:
        fresh.write(key.hex() + "\n")
    return key


def _cut_torn_line(path: Path) -> None:
    """Drop a last line that a killed server left half written."""
    if path.exists():
        whole, newline, _ = path.read_bytes().rpartition(b"\n")
        os.truncate(path, len(whole) + len(newline))
