"""What strace is told, and what it told: `-e inject=CALL:signal=SIGKILL:when=N` and its log."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.chaos.needs import need

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CALL = re.compile(
    r"(?P<thread>\d+) +(?P<at_s>\d+\.\d+) (?P<name>\w+)\((?P<rest>.*)", re.ASCII | re.DOTALL
)
_END = re.compile(r"(?P<thread>\d+) +[0-9.]+ \+\+\+ killed by SIGKILL", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracing:
    """What is watched, and what is done to it."""

    calls: tuple[str, ...]
    injections: tuple[str, ...] = ()
    """What is done to them: `write:signal=SIGKILL:when=7`, `fsync:error=EIO:when=3+`.

    `when` counts by call and by thread, and only calls that pass `paths`.
    """
    paths: tuple[Path, ...] = ()
    """Only calls that touch one of these files; empty means any."""
    has_threads: bool = True
    """False: only the first thread, which reads, sends and writes results, but no ledger rows."""

    def injecting(self, call: str, what: str) -> Tracing:
        """Return it with one of its calls disturbed, and no other watched."""
        return replace(self, calls=(call,), injections=(f"{call}:{what}",))

    def command(self, pid: int, log: Path) -> list[str]:
        """Return the command that traces a process that is under way."""
        words = [
            "strace",
            "-qq",
            "-ttt",
            "-y",
            "-o",
            str(log),
            "-e",
            f"trace={','.join(self.calls)}",
        ]
        if self.has_threads:
            words.append("-f")
        for injection in self.injections:
            words += ["-e", f"inject={injection}"]
        for path in self.paths:
            words += ["-P", str(path)]
        return [*words, "-p", str(pid)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the log."""

    thread: int
    at_s: float
    """Unix seconds."""
    name: str
    text: str
    """Arguments and result, as strace writes them."""

    @property
    def is_refused(self) -> bool:
        """Return whether strace made it fail."""
        return self.text.endswith("(INJECTED)")


def calls_of(log: Path) -> list[Call]:
    """Return the calls of a log, in their order."""
    return list(_calls(log))


def _calls(log: Path) -> Iterator[Call]:
    # Without -f the log names no thread: there is only one.
    for line in log.read_text("utf-8", errors="replace").splitlines():
        found = _CALL.match(line) or _CALL.match(f"0 {line}")
        if found is not None:
            yield Call(
                thread=int(found["thread"]),
                at_s=float(found["at_s"]),
                name=found["name"],
                text=found["rest"],
            )


def needs_strace() -> None:
    """Skip the test where strace cannot work; with `CI=true` fail it, as it must run there."""
    need(_why_not())


@functools.cache
def _why_not() -> str:
    if shutil.which("strace") is None:
        return "strace is not here: apt-get install strace"
    tried = subprocess.run(
        ["strace", "-qq", "-f", "-e", "trace=none", "true"],  # noqa: S607 - as on any PATH
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        return f"strace may not trace here (ptrace is forbidden): {tried.stderr.strip()[:200]}"
    return ""
