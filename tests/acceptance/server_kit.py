"""A sandbox in a process of its own, as a real server is: no loop of ours delays it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from importer.sandbox import read_request_log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importer.sandbox import LoggedRequest

_START_S = 60
_ADDRESS = b"export SOLV_IMPORT_BASE_URL="
_LAST_LINE = b"export SOLV_IMPORT_STATE_DIR="
"""It is printed once the sandbox listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxProcess:
    """A sandbox that listens; its log can be read at any time, and after its end."""

    base_url: str
    log_path: Path
    process: subprocess.Popen[bytes]
    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"

    @property
    def environ(self) -> dict[str, str]:
        """Return the settings of a command that imports into it."""
        return {
            "SOLV_IMPORT_BASE_URL": self.base_url,
            "SOLV_IMPORT_CLIENT_ID": self.client_id,
            "SOLV_IMPORT_CLIENT_SECRET": self.client_secret,
        }

    def all_requests(self) -> list[LoggedRequest]:
        """Return every request of the log, token calls and broken ones included."""
        return read_request_log(self.log_path)

    def requests(self) -> list[LoggedRequest]:
        """Return the booking requests of the log."""
        return [request for request in self.all_requests() if request.is_booking]


@contextmanager
def sandbox_process(log_path: Path, *options: object) -> Iterator[SandboxProcess]:
    """Run `solv-import sandbox` with these options on a free port, until the block ends."""
    with tempfile.TemporaryFile() as words:  # not a pipe, which nobody would empty
        process = subprocess.Popen(
            [sys.executable, "-m", "importer", "sandbox", "--port", "0", "--log", str(log_path)]
            + [str(option) for option in options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=words,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        try:
            address = _address(process, words)
            yield SandboxProcess(base_url=address, log_path=log_path, process=process)
        finally:
            process.terminate()
            process.communicate()


def _address(process: subprocess.Popen[bytes], words: IO[bytes]) -> str:
    """Wait until it listens and return its base URL."""
    assert process.stdout is not None
    told = b""
    while _LAST_LINE not in told:
        readable, _, _ = select.select([process.stdout], [], [], _START_S)
        assert readable, "the sandbox does not start"
        more = os.read(process.stdout.fileno(), 4096)
        assert more, words.seek(0) or words.read().decode()
        told += more
    (line,) = (line for line in told.splitlines() if line.startswith(_ADDRESS))
    return line.removeprefix(_ADDRESS).decode()
