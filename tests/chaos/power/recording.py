"""Real commands, one after another in one folder, with all that they did to its files."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.sandbox import key_path_of
from tests.acceptance.cli_kit import Cli
from tests.chaos.power.disk import holds, is_mapped
from tests.chaos.power.replay import Replay
from tests.chaos.power.strace_log import TRACED, events_of
from tests.chaos.tracing.command_lines import Order
from tests.chaos.tracing.strace import Tracing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.sandbox import Sandbox
    from tests.chaos.power.disk import Image
    from tests.chaos.power.strace_log import Event
    from tests.chaos.tracing.command_lines import ForkServer

_NOT_WATCHED = ("tmp", "home")
_SYNC_TAKES_US = 40_000
"""Every sync takes 40 ms, as on a slow disk: whoever does not wait for it is seen."""
_UNTIL_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command that was recorded."""

    words: list[str]
    code: int
    """Negative when it was killed."""
    bug: str = ""


@dataclass(slots=True)
class Tape:
    """What a chain of commands did; it can be read again from its folder."""

    folder: Path
    steps: list[Step] = field(default_factory=list)
    events: list[Event] = field(default_factory=list, repr=False)
    starts: list[int] = field(default_factory=list)
    """At which event each step begins."""

    @property
    def root(self) -> Path:
        """Return the folder that was watched."""
        return self.folder / "root"

    @property
    def request_log(self) -> Path:
        """Return what the server saw."""
        return self.folder / "requests.jsonl"

    def start(self) -> Image:
        """Return what was on the disk before the first command."""
        return image_of(self.folder / "start")

    def replay(self) -> Replay:
        """Return the disk before the first command."""
        return Replay(str(self.root), self.start())

    def add(self, step: Step) -> None:
        """Read the trace of one more command."""
        trace = self.folder / str(len(self.steps)) / "trace"
        self.starts.append(len(self.events))
        self.steps.append(step)
        self.events += events_of(trace, [str(self.root).encode(), b"socket:["])

    def save(self) -> None:
        """Write down what the traces themselves do not tell."""
        told = [{"words": s.words, "code": s.code, "bug": s.bug} for s in self.steps]
        (self.folder / "steps.json").write_text(json.dumps(told, indent=1), "utf-8")


def read_tape(folder: Path) -> Tape:
    """Return a tape that was recorded before."""
    tape = Tape(folder)
    for told in json.loads((folder / "steps.json").read_text("utf-8")):
        tape.add(Step(**told))
    return tape


class Recorder:
    """Runs commands against a sandbox and keeps their traces."""

    def __init__(self, folder: Path, server: ForkServer, bug: str = "") -> None:
        """Begin with the folder of a person who has never run the command."""
        self.tape = Tape(folder)
        self.cli = Cli(folder=self.tape.root)
        self.cli.state_dir.rmdir()  # it is the command that makes it
        self.work = self.tape.root / "work"
        self.summary = self.work / "summary.json"
        self._server = server
        self._bug = bug

    def begin(self, sandbox: Sandbox) -> None:
        """Take the folder as it is now for what has long been on the disk."""
        self.cli.target(sandbox)
        shutil.copytree(
            self.tape.root, self.tape.folder / "start", ignore=shutil.ignore_patterns(*_NOT_WATCHED)
        )

    def run(self, *words: object, until: Callable[[], bool] | None = None) -> Step:
        """Record one command; it is killed as soon as `until` is so."""
        order = Order(
            arguments=words,
            environ=self.cli.environ,
            folder=self.tape.folder,  # not in the root, whose name would be in every line
            bug=self._bug or None,
        )
        told = self.tape.folder / str(len(self.tape.steps))
        life = self._server.start(order, told, _Watching(calls=()))
        if until is not None:
            _wait(until)
            os.kill(life.pid, signal.SIGKILL)
        code = life.end().code
        step = Step(words=[str(word) for word in words], code=code, bug=self._bug)
        self.tape.add(step)
        return step

    def end(self, sandbox: Sandbox) -> Tape:
        """Return the tape, once it is proven that it holds all that was done to the files."""
        shutil.copy(sandbox.log_path, self.tape.request_log)
        shutil.copy(key_path_of(sandbox.log_path), key_path_of(self.tape.request_log))
        replay = self.tape.replay()
        for event in self.tape.events:
            replay.step(event)
        assert _unmapped(holds(replay.disk)) == _unmapped(image_of(self.tape.root))
        self.tape.save()
        return self.tape


def image_of(root: Path) -> Image:
    """Return the files of a folder as they are now, without those that nobody watches."""
    found: Image = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if name.parts[0] not in _NOT_WATCHED:
            found[str(name)] = path.read_bytes() if path.is_file() else None
    return found


def _unmapped(image: Image) -> Image:
    return {path: content for path, content in image.items() if not is_mapped(path)}


def _wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + _UNTIL_S
    while not until():
        assert time.monotonic() < end, "the command never got so far"
        time.sleep(0.01)


class _Watching(Tracing):
    """All that changes files and all that is sent, whole; syncs as slow as on a slow disk."""

    def command(self, pid: int, log: Path) -> list[str]:
        """Return the command that traces a process that is there already."""
        return [
            *("strace", "-f", "-q", "-xx", "-y", "-s", "100000000"),
            *("-e", f"trace={TRACED}", "-e", "signal=none"),
            *("-e", f"inject=fsync,fdatasync:delay_enter={_SYNC_TAKES_US}"),
            *("-o", str(log), "-p", str(pid)),
        ]
