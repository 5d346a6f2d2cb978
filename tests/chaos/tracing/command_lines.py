"""Command lines that start at once, held until strace has them; see `fork_server`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.acceptance.cli_kit import FOR_COVERAGE, Finished
from tests.chaos.tracing.strace import calls_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.chaos.tracing.strace import Call, Tracing

_REPO = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One command line."""

    arguments: Sequence[object]
    environ: Mapping[str, str]
    folder: Path
    """Its working folder."""
    bug: str | None = None
    """What is planted in it."""

    def to_json(self) -> dict[str, Any]:
        """Return it as the server reads it."""
        return {
            "arguments": [str(argument) for argument in self.arguments],
            "environ": dict(self.environ),
            "folder": str(self.folder),
            "bug": self.bug,
        }


@dataclass(slots=True, kw_only=True)
class Life:
    """One command line that is under way."""

    server: ForkServer
    pid: int
    told: Path
    """Where its streams and its trace go."""
    tracer: subprocess.Popen[bytes] | None

    @property
    def is_alive(self) -> bool:
        """Return whether it has not ended yet."""
        return Path(f"/proc/{self.pid}").exists()

    def end(self) -> Finished:
        """Wait for its end."""
        code = self.server.ended()
        if self.tracer is not None:
            self.tracer.wait()
        out, err = ((self.told / name).read_text("utf-8") for name in ("out", "err"))
        return Finished(code=code, out=out, err=err)

    def calls(self) -> list[Call]:
        """Return what strace saw of it."""
        return calls_of(self.told / "trace")


class ForkServer:
    """Starts command lines, one after another; use it as a context manager."""

    def __init__(self, warm_up: Order) -> None:
        """Start the server; it will run `warm_up` once, in its own process."""
        environ = {k: v for k, v in os.environ.items() if not k.startswith(FOR_COVERAGE)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.tracing.fork_server"],
            cwd=_REPO,
            env=environ,  # its lives end too suddenly to tell which lines they ran
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # so that a life that hangs goes with it
        )
        self._warm_up = warm_up
        self._alive: int | None = None

    def __enter__(self) -> Self:
        """Return itself, warm."""
        self._tell(self._warm_up.to_json())
        self._told()
        return self

    def __exit__(self, *_: object) -> None:
        """End the server and whatever it has started."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def start(self, order: Order, told: Path, tracing: Tracing | None = None) -> Life:
        """Start a command line, traced from its first step."""
        if self._alive is not None:  # a test that failed has left it
            os.kill(self._alive, signal.SIGKILL)
            self.ended()
        told.mkdir(parents=True, exist_ok=True)
        streams = {"out": str(told / "out"), "err": str(told / "err")}
        self._tell(order.to_json() | streams | {"is_traced": tracing is not None})
        pid = self._alive = self._told()["pid"]
        tracer = None
        if tracing is not None:
            tracer = subprocess.Popen(tracing.command(pid, told / "trace"))
        return Life(server=self, pid=pid, told=told, tracer=tracer)

    def ended(self) -> int:
        """Return the exit code of the life that is under way, once it has ended."""
        code = self._told()["code"]
        self._alive = None
        return code

    def _told(self) -> dict[str, int]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the fork server has ended"
        told: dict[str, int] = json.loads(line)
        return told

    def _tell(self, asked: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
