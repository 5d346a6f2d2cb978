"""Command lines as processes that people and machines do things to, and what is true after."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from zipfile import BadZipFile

from importer.sandbox import SandboxConfig, running_sandbox
from tests.acceptance.cli_kit import FOR_COVERAGE, Cli, Finished, read_results
from tests.chaos.figures import broken, note
from tests.chaos.judging import judged, settings_from

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from importer.sandbox import Sandbox
    from importer.verify import Evidence, Violation

LAYER = "signals and processes"
IN_FLIGHT = 3
_PATIENCE_S = 90.0
"""No life takes longer, on the slowest machine."""
_REPO = Path(__file__).parents[2]
_DONE = {0, 6}


@dataclass(slots=True, kw_only=True)
class Life:
    """One command line that is under way."""

    forker: Forker
    pid: int
    folder: Path
    """Where its streams go."""
    summary: Path

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def is_over(self) -> bool:
        """Return whether it has ended, and with it all its threads, which hold its files."""
        process = Path(f"/proc/{self.pid}")
        state = (process / "stat").read_text("ascii").rpartition(")")[2].split()[0]
        return state == "Z" and len(list((process / "task").iterdir())) == 1

    def end(self, timeout_s: float = _PATIENCE_S) -> Finished:
        """Return how it ended; one that takes longer is killed, and fails the test."""
        code = self.forker.ask({"end": {"pid": self.pid, "timeout_s": timeout_s}})["code"]
        out, err = (_text(self.folder / name) for name in ("out", "err"))
        assert code is not None, f"it had not ended after {timeout_s:g} s\n{err}"
        summary = json.loads(_text(self.summary) or "{}")
        return Finished(code=code, out=out, err=err, summary=summary)

    @property
    def calls(self) -> int:
        """Return how many of our functions it has called, once it has ended."""
        return int(_text(self.folder / "calls") or "0")

    @property
    def place(self) -> str:
        """Return in which of our functions it signaled itself."""
        return " ".join(_text(self.folder / "calls.hit").split())


class Forker:
    """Starts command lines without the second that their imports take; a context manager."""

    def __init__(self, warm_up: Mapping[str, Any]) -> None:
        """Start the process that is to be forked; it runs `warm_up` once."""
        environ = {k: v for k, v in os.environ.items() if not k.startswith(FOR_COVERAGE)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.process_server"],
            cwd=_REPO,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._warm_up = warm_up
        self._started: list[int] = []

    def __enter__(self) -> Self:
        """Return itself, warm."""
        self.ask(self._warm_up)
        return self

    def __exit__(self, *_: object) -> None:
        """End it, and whatever it has started."""
        for pid in self._started:
            self.ask({"end": {"pid": pid, "timeout_s": 0}})
        self._process.communicate()

    def start(self, asked: Mapping[str, Any]) -> int:
        """Start a command line and return its process id."""
        pid = int(self.ask(asked)["pid"])
        self._started.append(pid)
        return pid

    def ask(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to one question."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the process that forks has ended"
        if "end" in asked and asked["end"]["pid"] in self._started:
            self._started.remove(asked["end"]["pid"])
        told: dict[str, Any] = json.loads(line)
        return told


@dataclass(slots=True, kw_only=True)
class Place:
    """One sandbox and one forker, and as many imports as a test needs."""

    folder: Path
    sandbox: Sandbox
    make_row: Callable[..., dict[str, str]]
    forker: Forker = field(init=False)
    _patients: int = field(default=2, init=False)
    _scenes: int = field(default=0, init=False)

    def scene(self, rows: int = 10, **settings: str) -> Scene:
        """Return an import of its own: a folder, a ledger, and patients that nobody else has."""
        return self.scene_of(self.patients(rows), **settings)

    def scene_of(self, rows: Sequence[Mapping[str, str]], **settings: str) -> Scene:
        """Return an import of these rows."""
        self._scenes += 1
        scene = Scene(place=self, folder=self.folder / f"{self._scenes}")
        scene.cli.target(self.sandbox, **{"in_flight": str(IN_FLIGHT)} | settings)
        scene.source = scene.write("visits.csv", rows)
        return scene

    def patients(self, count: int) -> list[dict[str, str]]:
        """Return rows of people who were in no file before."""
        first = self._patients
        self._patients += count
        return [self.make_row(number) for number in range(first, first + count)]


@dataclass(slots=True, kw_only=True)
class Scene:
    """One import: its file, its state folder, its command lines, and what they leave."""

    place: Place
    folder: Path
    cli: Cli = field(init=False)
    source: Path = field(init=False)
    _lives: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Make the folders."""
        self.cli = Cli(folder=self.folder)

    def write(self, name: str, rows: Sequence[Mapping[str, str]]) -> Path:
        """Return a file of these rows."""
        path = self.folder / name
        lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
        path.write_text("\n".join(lines) + "\n", "utf-8")
        return path

    def start(
        self,
        *arguments: object,
        bug: str | None = None,
        moments: Sequence[tuple[int | str, int]] = (),
        ignored: Sequence[int] = (),
        clock: Mapping[str, object] | None = None,
        out: str | None = "out",
        err: str | None = "err",
        most_bytes: int = 0,
    ) -> Life:
        """Start `run` of the file, or what the arguments say, without waiting for it.

        Args:
            arguments: Of the command line.
            bug: What is planted in it.
            moments: At which call of our functions it gets which signal; a call is a number, or
                `file.py:function:n` for the n-th of one function.
            ignored: Signals that it is started to ignore, as by nohup.
            clock: How its wall clock goes wrong: `at` which call, `by_s`, `is_frozen`.
            out: Where standard output goes; None closes it.
            err: Where standard error goes.
            most_bytes: No file may become longer, as on a disk that is full.
        """
        self._lives += 1
        folder = self.folder / f"life{self._lives}"
        folder.mkdir()
        summary = folder / "summary.json"
        asked = order(
            self.cli,
            [str(a) for a in arguments] or ["run", str(self.source), "--summary", str(summary)],
            bug=bug,
            moments=[list(moment) for moment in moments],
            ignored=list(ignored),
            clock=clock,
            out=None if out is None else str(folder / out),
            err=None if err is None else str(folder / err),
            most_bytes=most_bytes,
            calls_file=str(folder / "calls"),
        )
        pid = self.place.forker.start(asked)
        return Life(forker=self.place.forker, pid=pid, folder=folder, summary=summary)

    def run(self, *arguments: object, **how: Any) -> Finished:
        """Let a command line come to its end."""
        return self.start(*arguments, **how).end()

    @property
    def results(self) -> Path:
        """Return where its results go."""
        return self.source.with_name(f"{self.source.name}.results.xlsx")

    def statuses(self) -> list[str]:
        """Return what the results say of every row; none when there are no results."""
        if not self.results.exists():
            return []
        return [row["status"] for row in read_results(self.results).values()]

    def has_half_results(self) -> bool:
        """Return whether what stands under the name of the results is not whole."""
        try:
            rows = len(self.statuses())
        except (BadZipFile, KeyError, ValueError):
            return True
        return rows not in (0, len(self.source.read_text("utf-8").splitlines()) - 1)

    def requests(self) -> int:
        """Return how many requests of anybody have reached the server."""
        return int(self.place.sandbox.counts()["requests"])

    def judged(self, **told: Any) -> tuple[Evidence, list[Violation]]:
        """Return what the newest run shows, and every promise that is broken."""
        settings = settings_from(self.cli.environ, self.cli.folder)
        return judged(settings, self.place.sandbox.log_path, **told)

    def carries_on(self, life: Finished, **told: Any) -> list[Violation]:
        """Return what is broken after this life, and after the same command once more."""
        broken = self.judged(**told)[1] if self._has_run() else []
        assert not self.has_half_results()
        last = self.run()
        assert last.code in _DONE, (life.err, last.err)
        return broken + self.judged(**told)[1]

    def _has_run(self) -> bool:
        """Return whether a run was planned and has results; before that nothing can be judged."""
        return self.results.exists()


def order(cli: Cli, arguments: Sequence[str], **more: Any) -> dict[str, Any]:
    """Return a command line as the forking process reads it."""
    plain: dict[str, Any] = {
        "bug": None,
        "moments": [],
        "ignored": [],
        "clock": None,
        "most_bytes": 0,
    }
    return plain | {
        "arguments": list(arguments),
        "environ": cli.environ,
        "folder": str(cli.folder / "work"),
        **more,
    }


@contextmanager
def opened_place(
    folder: Path, make_row: Callable[..., dict[str, str]], **switches: Any
) -> Iterator[Place]:
    """Lend a sandbox and a process that forks command lines."""
    folder.mkdir(parents=True, exist_ok=True)
    config = SandboxConfig(log_path=folder / "requests.jsonl", **switches)
    with running_sandbox(config) as sandbox:
        place = Place(folder=folder, sandbox=sandbox, make_row=make_row)
        warm_up = place.scene(4)
        asked = order(warm_up.cli, ["run", str(warm_up.source)])
        with Forker(asked) as forker:
            place.forker = forker
            yield place


def wait_until(is_so: Callable[[], bool], life: Life | None = None) -> None:
    """Return when something is so; fail when the life is over before, or it takes too long."""
    end_s = time.monotonic() + _PATIENCE_S
    while not is_so():
        assert time.monotonic() < end_s, "it never came to that"
        assert life is None or not life.is_over(), _text(life.folder / "err")
        time.sleep(0.002)


def note_cases(cases: int, violations: Sequence[Violation], **counts: float) -> None:
    """Add to the figures of the layer."""
    note(LAYER, cases=cases, **broken(v.invariant for v in violations), **counts)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return ""
