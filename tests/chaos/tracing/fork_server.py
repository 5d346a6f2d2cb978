"""A process that has imported everything, and forks one command line after another.

A command spends most of its first second on imports, which no kill and no fault is about. Here
every life begins after them: the child takes its arguments, environment, folder and streams, and,
when it is to be traced, waits until a tracer holds it. Then it runs the real `main`.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
import tempfile
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, TextIO

from importer.__main__ import main
from tests.chaos.planted import planted

_ATTACH_S = 20.0
_NEVER_RAN = 99
"""An exit code that no command has: this very file went wrong."""
_PR_SET_PTRACER = 0x59616D61
_PR_SET_PTRACER_ANY = -1


def serve() -> None:
    """Answer one JSON line after another, until standard input ends; the first one warms up."""
    asks, tells = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    _take_streams(os.devnull, os.devnull)  # libraries may keep the streams that they saw first
    _warm_up(json.loads(asks.readline()))
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page
    _tell(tells, is_ready=True)
    for line in asks:
        _live(json.loads(line), tells)


def _warm_up(asked: dict[str, Any]) -> None:
    """Run a command line to its end in this very process, so that all it needs is imported."""
    _become(asked)
    with suppress(SystemExit):
        main()


def _live(asked: dict[str, Any], tells: TextIO) -> None:
    """Fork a command line, let it go when its tracer is there, and tell how it ended."""
    waits, goes = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(goes)
        _run(asked, waits)
    os.close(waits)
    _tell(tells, pid=pid)
    if asked["is_traced"]:
        _wait_for_tracer(pid)
    os.write(goes, b"go")
    os.close(goes)
    _, status = os.waitpid(pid, 0)
    _tell(tells, code=os.waitstatus_to_exitcode(status))


def _wait_for_tracer(pid: int) -> None:
    end_s = time.monotonic() + _ATTACH_S
    while "TracerPid:\t0\n" in Path(f"/proc/{pid}/status").read_text("ascii"):
        if time.monotonic() > end_s:
            raise TimeoutError("strace has not attached itself")
        time.sleep(0.001)


def _run(asked: dict[str, Any], waits: int) -> None:
    """Be the command line; it never returns."""
    code = _NEVER_RAN
    try:
        # Where only a parent may trace, strace, which is no parent, needs this leave.
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_long(_PR_SET_PTRACER_ANY), 0, 0, 0)
        _take_streams(asked["out"], asked["err"])
        _become(asked)
        with planted(asked["bug"]) if asked["bug"] else nullcontext():
            os.read(waits, 2)
            os.close(waits)
            main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _become(asked: dict[str, Any]) -> None:
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environ"])
    tempfile.tempdir = None
    sys.argv = ["importer", *asked["arguments"]]


def _take_streams(out: str, err: str) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for path, stream in ((out, 1), (err, 2)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, stream)
        os.close(file)


def _tell(tells: TextIO, **facts: float) -> None:
    tells.write(json.dumps(facts) + "\n")
    tells.flush()


if __name__ == "__main__":
    serve()
