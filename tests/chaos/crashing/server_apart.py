"""A sandbox in a process of its own, and its log cut into the parts of each scene."""

from __future__ import annotations

import http.client
import json
import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from importer.sandbox import key_path_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.server_kit import SandboxProcess

_SETTLING_S = 10.0


@dataclass(slots=True)
class ServerApart:
    """A sandbox that is told over its admin page when a new scene begins."""

    process: SandboxProcess
    _begun_at: int = field(default=0, init=False)
    """Where in the log the part of this scene begins."""

    @property
    def log(self) -> Path:
        """Return its whole log."""
        return self.process.log_path

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
        connection = http.client.HTTPConnection(urlsplit(self.process.base_url).netloc, timeout=30)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            answer.read()
            if answer.status != http.HTTPStatus.OK:
                raise RuntimeError(f"the sandbox answered {answer.status} to {path}")
        finally:
            connection.close()
