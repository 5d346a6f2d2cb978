"""Plays scenes on a fork server: its process, its pipe, and what it answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from tests.chaos.crashing.hooks import Hook
from tests.chaos.crashing.life import KILLED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

_ROOT = Path(__file__).parents[3]
_ENDING_S = 20


@dataclass(frozen=True, slots=True)
class Passed:
    """A hook without its number, and how often a life passed it."""

    name: str
    event: str
    count: int

    def hook(self, nth: int) -> Hook:
        """Return one of its occurrences."""
        return Hook.parse(f"{self.name}:{self.event}:{nth}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What became of one scene."""

    command: str
    """Plays it again."""
    hooks: Sequence[Hook]
    """Where lives were to end."""
    violations: Sequence[tuple[str, str]]
    """Invariant, and what is broken."""
    ends: Sequence[int]
    """How each life ended, as `Popen.returncode` tells it."""
    passed: Sequence[Passed]

    @property
    def crashes(self) -> int:
        """Return how many of its lives were killed: threads may never come to a hook again."""
        return list(self.ends).count(KILLED)

    def broken(self, *invariants: str) -> int:
        """Return how many violations there are of these invariants."""
        return sum(invariant in invariants for invariant, _ in self.violations)

    @property
    def told(self) -> str:
        """Return the violations, and how to see them again."""
        found = "; ".join(f"{invariant}: {what}" for invariant, what in self.violations)
        return f"{found or 'nothing broken'}\n    {self.command}"


@dataclass(slots=True)
class Client:
    """A fork server of its own, as a context manager."""

    _process: subprocess.Popen[str] = field(init=False)
    _words: IO[str] = field(init=False)
    """What the server, the sandbox and every life say on their standard error."""

    def __enter__(self) -> Self:
        """Start the server; the first scene waits until it is ready."""
        self._words = tempfile.TemporaryFile("w+", encoding="utf-8")
        environ = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.crashing.server"],
            cwd=_ROOT,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            text=True,
            start_new_session=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the server, its sandbox and whatever lives are left."""
        with suppress(BrokenPipeError):
            self._pipe(self._process.stdin).close()
        try:
            self._process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._pipe(self._process.stdout).close()
        self._words.close()

    def play(
        self,
        kind: str,
        workers: int,
        hooks: Sequence[Hook] = (),
        *,
        bug: str | None = None,
        records: bool = False,
    ) -> Played:
        """Play a scene: one life ends at each hook, the last one by itself.

        Args:
            kind: Of which file.
            workers: How many requests may be under way at once.
            hooks: Where lives end.
            bug: Which one each life has.
            records: Also return the hooks that the last life passed.

        Raises:
            RuntimeError: The server failed.
        """
        named = [str(hook) for hook in hooks]
        job = {
            "kind": kind,
            "workers": workers,
            "hooks": named,
            "bug": bug,
            "records": records,
        }
        stdin = self._pipe(self._process.stdin)
        stdin.write(json.dumps(job) + "\n")
        stdin.flush()
        line = self._pipe(self._process.stdout).readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": self._last_words()}
        if "error" in answer:
            raise RuntimeError(f"{' '.join(named)}: {answer['error']}")
        words = " ".join(f"'{name}'" if "<" in name else name for name in named)
        planted = f" --bug {bug}" if bug else ""
        return Played(
            command=f"python -m tests.chaos.crashing {kind} {workers} {words}{planted}",
            hooks=hooks,
            violations=[(invariant, what) for invariant, what in answer["violations"]],
            ends=answer["ends"],
            passed=[Passed(*values) for values in answer["passed"]],
        )

    def _last_words(self) -> str:
        self._words.seek(0)
        return f"the fork server has ended: {self._words.read()}"

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe
