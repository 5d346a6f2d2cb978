"""A sandbox in a process of its own, and its log cut into the parts of each scene."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from importer.sandbox import key_path_of

if TYPE_CHECKING:
    from pathlib import Path

_URL = re.compile(r"SOLV_IMPORT_BASE_URL=(\S+)")
_SETTLING_S = 10.0


@dataclass(slots=True)
class ServerApart:
    """The command `solv-import sandbox`, told over its admin page when a new scene begins."""

    log: Path
    base_url: str = field(default="", init=False)
    _process: subprocess.Popen[str] = field(init=False)
    _begun_at: int = field(default=0, init=False)
    """Where in the log the part of this scene begins."""

    def __post_init__(self) -> None:
        """Start it, and wait until it listens."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "importer", "sandbox", "--port", "0", "--log", self.log],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := _URL.search(line):
                self.base_url = found[1].strip("'\"")
            if "STATE_DIR" in line:
                return
        raise RuntimeError("the sandbox did not start")

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()

    def begin_scene(self) -> None:
        """Forget bookings and tokens, and begin a new part of the log."""
        self._ask("POST", "/admin/reset")
        self._begun_at = self.log.stat().st_size

    def lines_of_scene(self) -> bytes:
        """Return the part of the log since the scene began, once every request is answered.

        A request of a killed process may be under way still: what came after that process comes
        behind it.
        """
        end_s = time.monotonic() + _SETTLING_S
        while True:
            self._ask("GET", "/admin/counts")
            lines = self._part()
            open_ones = {line["n"] for line in lines} - {
                line["n"] for line in lines if line["event"] == "answered"
            }
            if not open_ones or time.monotonic() > end_s:
                break
        begun = {line["n"] for line in lines if line["event"] == "arrived"}
        whole = (json.dumps(line).encode() + b"\n" for line in lines if line["n"] in begun)
        return b"".join(whole)

    def share_key(self, log: Path) -> None:
        """Put the key of the log beside a copy of it."""
        shutil.copy(key_path_of(self.log), key_path_of(log))

    def _part(self) -> list[dict[str, Any]]:
        with self.log.open("rb") as lines:
            lines.seek(self._begun_at)
            return [json.loads(line) for line in lines if line.endswith(b"\n")]

    def _ask(self, method: str, path: str) -> None:
        connection = http.client.HTTPConnection(urlsplit(self.base_url).netloc, timeout=30)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            answer.read()
            if answer.status != http.HTTPStatus.OK:
                raise RuntimeError(f"the sandbox answered {answer.status} to {path}")
        finally:
            connection.close()
