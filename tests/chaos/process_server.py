"""Forks command lines from a process that has imported everything; see `process_kit`.

Each life is the real `main` in a process of its own, with arguments, environment, folder, streams
and signals as asked. A life may count the calls of our own functions, and signal itself at one of
them, so that an instant of a run can be named and comes again.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import importer
from importer.__main__ import main
from importer.clock import SystemClock
from tests.chaos.planted import planted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

_OURS = str(Path(importer.__file__).parent)
_POLL_S = 0.005
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def serve() -> None:
    """Answer one JSON line after another, until standard input ends; the first one warms up."""
    asks, tells = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    _become(json.loads(asks.readline()))
    with suppress(SystemExit):
        main()  # in this very process, so that all it needs is imported
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page
    tells.write("{}\n")
    tells.flush()
    for line in asks:
        asked = json.loads(line)
        told = _end_of(**asked["end"]) if "end" in asked else {"pid": _fork(asked, asks, tells)}
        tells.write(json.dumps(told) + "\n")
        tells.flush()


def _end_of(pid: int, timeout_s: float) -> dict[str, int | None]:
    """Return how a life ended; one that takes too long is killed, and has no code."""
    until_s = time.monotonic() + timeout_s
    while time.monotonic() < until_s:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return {"code": os.waitstatus_to_exitcode(status)}
        time.sleep(_POLL_S)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return {"code": None}


def _fork(asked: dict[str, Any], *not_theirs: Any) -> int:
    pid = os.fork()
    if pid:
        return pid
    for stream in not_theirs:
        os.close(stream.fileno())
    _run(asked)
    return 0


def _run(asked: dict[str, Any]) -> None:
    """Be the command line; it never returns."""
    code = 1
    try:
        os.setsid()
        for number in _STOPPING:  # the warm-up has left them as a process leaves them at its end
            is_ignored = number in asked["ignored"]
            signal.signal(number, signal.SIG_IGN if is_ignored else signal.SIG_DFL)
        if signal.SIGINT not in asked["ignored"]:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        _take_streams(asked["out"], asked["err"])
        if asked["most_bytes"]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (asked["most_bytes"],) * 2)
        _become(asked)
        with planted(asked["bug"]):
            calls = _Calls(asked["moments"], asked["calls_file"])
            if asked["clock"]:
                calls.clock = clock = _Clock(**asked["clock"])
                # The machine's own clock cannot be set here.
                setattr(SystemClock, "now", lambda _: clock.now())  # noqa: B010 - mypy takes no method to assign to
            sys.setprofile(calls.seen)
            main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.setprofile(None)
        _flush()
        os._exit(code)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, AttributeError):
            stream.flush()


class _Calls:
    """Counts the calls of our functions in the main thread, and signals itself at some."""

    def __init__(self, moments: Sequence[tuple[int | str, int]], calls_file: str) -> None:
        """Take moments: the number of a call, or `file.py:function:its call`, and the signal."""
        self._moments = dict(moments)
        self._file = Path(calls_file)
        self._of: Counter[str] = Counter()
        self.clock: _Clock | None = None

    def seen(self, frame: FrameType, event: str, _arg: object) -> None:
        """Take note of one call or return."""
        if event != "call" or not frame.f_code.co_filename.startswith(_OURS):
            return
        place = f"{Path(frame.f_code.co_filename).name}:{frame.f_code.co_name}"
        self._of[place] += 1
        self._of[""] += 1
        if place == "signals.py:ignore_signals":  # the end of `main`
            self._file.write_text(str(self._of[""]))
        for at in (self._of[""], f"{place}:{self._of[place]}"):
            if self.clock is not None and at == self.clock.at:
                self.clock.go_wrong()
            number = self._moments.pop(at, None)
            if number is not None:
                with self._file.with_suffix(".hit").open("a") as hit:
                    hit.write(f"{self._of['']} {place}\n")
                os.kill(os.getpid(), number)


class _Clock:
    """The wall clock, which goes wrong at a call of one of our functions."""

    def __init__(self, *, at: str, by_s: float, is_frozen: bool) -> None:
        """Be right until then; afterwards be wrong by so much, or stand still."""
        self.at, self._by_s, self._is_frozen = at, by_s, is_frozen
        self._wrong_since: datetime | None = None

    def go_wrong(self) -> None:
        """Jump, or stop."""
        self._wrong_since = datetime.now(UTC)

    def now(self) -> datetime:
        """Return what it shows."""
        true = datetime.now(UTC)
        if self._wrong_since is None:
            return true
        return (self._wrong_since if self._is_frozen else true) + timedelta(seconds=self._by_s)


def _become(asked: dict[str, Any]) -> None:
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environ"])
    tempfile.tempdir = None
    sys.argv = ["importer", *asked["arguments"]]


def _take_streams(out: str | None, err: str | None) -> None:
    """Put the streams where they are wanted; None closes one."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for path, number in ((out, 1), (err, 2)):
        if path is None:
            os.close(number)
            continue
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, number)
        os.close(file)
    for path, number, name in ((out, 1, "stdout"), (err, 2, "stderr")):
        # A process that is started without one has None there.
        setattr(sys, name, None if path is None else os.fdopen(number, "w", closefd=False))


if __name__ == "__main__":
    serve()
