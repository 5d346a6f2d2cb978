"""A command in a pseudo-terminal: what a person sees, and what a person types."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Self

import importer

if TYPE_CHECKING:
    from collections.abc import Mapping

UP, DOWN, ENTER, CTRL_C, CTRL_U = "\x1b[A", "\x1b[B", "\r", "\x03", "\x15"
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|[\r\x07]")
_PATIENCE_S = 15.0


@dataclass(slots=True, kw_only=True)
class Terminal:
    """One command with all three streams on a pseudo-terminal of its own."""

    arguments: tuple[str, ...]
    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    seen: str = ""
    """All that was shown, without what moves the cursor."""
    _read_up_to: int = 0
    _raw: bytes = b""
    _fd: int = -1
    _process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start the command."""
        self._fd, theirs = pty.openpty()
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(importer.__file__).parents[1]),
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            "COLUMNS": "200",
            "PROMPT_TOOLKIT_NO_CPR": "1",
            "SOLV_IMPORT_CONFIG_DIR": str(self.folder / "config"),
            "SOLV_IMPORT_STATE_DIR": str(self.folder / "state"),
            "SOLV_IMPORT_GUARD_DAYS_AHEAD": "off",  # visits that never pass
            **{k: v for k, v in os.environ.items() if k.startswith(("COVERAGE_", "COV_CORE_"))},
            **self.environ,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "importer", *self.arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environ,
            cwd=self.folder,
            start_new_session=True,
        )
        os.close(theirs)
        return self

    def __exit__(self, *_: object) -> None:
        """End the command if a failed test left it."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._fd)

    def expect(self, text: str) -> Self:
        """Wait until the text is shown, after all that was expected before."""
        deadline = monotonic() + _PATIENCE_S
        while (at := self.seen.find(text, self._read_up_to)) < 0:
            if not self._read(deadline):
                unread = self.seen[self._read_up_to :]
                raise AssertionError(f"{text!r} was not shown; unread: {unread!r}")
        self._read_up_to = at + len(text)
        return self

    def type(self, keys: str) -> Self:
        """Type."""
        os.write(self._fd, keys.encode())
        return self

    def ended(self) -> int:
        """Return the exit code, all that was shown being read."""
        assert self._process is not None
        deadline = monotonic() + _PATIENCE_S
        while self._read(deadline):
            pass
        code = self._process.wait(timeout=_PATIENCE_S)
        assert "Traceback" not in self.seen, self.seen
        return code

    def _read(self, deadline: float) -> bool:
        """Read a little; return False at the end, or when the time is over."""
        ready, _, _ = select.select([self._fd], [], [], max(0.0, deadline - monotonic()))
        if not ready:
            return False
        try:
            block = os.read(self._fd, 65_536)
        except OSError:  # the other end is closed
            return False
        self._raw += block
        self.seen = _CONTROL.sub("", self._raw.decode("utf-8", "replace"))
        return bool(block)
