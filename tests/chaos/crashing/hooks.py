"""Hooks: every call of the importer's own functions, and every return, where a life may end."""

from __future__ import annotations

import fcntl
import os
import pathlib
import shutil
import signal
import sys
import threading
import time
from asyncio import selector_events
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

from sqlalchemy.engine.default import DefaultDialect

import importer

if TYPE_CHECKING:
    from types import CodeType, FrameType

Event: TypeAlias = Literal["call", "return"]
Tracer: TypeAlias = Callable[["FrameType", str, Any], Any]

LAG_S = 0.1
"""How long a thread beside the main one is held at its hook before the process dies: whatever it
told the main thread too early is acted on meanwhile."""

_ROOT = f"{Path(importer.__file__).parent}{os.sep}"
_WATCHED = ("api", "ledger", "pipeline", "posting", "results")
_SYSTEM_CALLS = (
    (os, "fsync"),
    (os, "write"),
    (os, "pwrite"),
    (os, "ftruncate"),
    (fcntl, "flock"),
)
"""Written in C, so that no tracer sees them: each gets a function around it that one does see."""
_DOOR = "(door)"
_SOCKET: Any = selector_events._SelectorSocketTransport  # type: ignore[attr-defined]  # noqa: SLF001 - no public name
_RMTREE: Any = shutil.rmtree
_DOORS: dict[CodeType, str] = {
    DefaultDialect.do_commit.__code__: "disk.commit",
    pathlib.Path.replace.__code__: "disk.replace",
    pathlib.Path.unlink.__code__: "disk.unlink",
    pathlib.Path.mkdir.__code__: "disk.mkdir",
    _RMTREE.__code__: "disk.rmtree",
    _SOCKET.write.__code__: "network.send",
    _SOCKET.close.__code__: "network.close",
    _SOCKET._read_ready.__code__: "network.receive",  # noqa: SLF001 - no public name
}
"""What leads out of the process, and is none of the importer's own functions."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One moment in the life of a process: a function is called, or returns, for the n-th time."""

    name: str
    """As in `ledger.writer.Writer._commit`, or a door such as `network.send`."""
    event: Event
    nth: int = 1

    def __str__(self) -> str:
        """Return it as it is written in commands and messages."""
        return f"{self.name}:{self.event}:{self.nth}"

    @property
    def kind(self) -> str:
        """Return the hook without its number."""
        return f"{self.name}:{self.event}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the hook that `text` names.

        Raises:
            ValueError: It names none.
        """
        name, event, nth = text.split(":")
        if event == "call":
            return cls(name, "call", int(nth))
        if event == "return":
            return cls(name, "return", int(nth))
        raise ValueError(text)


@dataclass(slots=True)
class Watch:
    """Sees the hooks pass in every thread of this process, and kills it at one of them."""

    deadly: Hook | None = None
    passed: Counter[tuple[str, Event]] = field(default_factory=Counter, init=False)
    """How often each was passed, in the order in which they first were."""
    _names: dict[int, str] = field(default_factory=dict, init=False)
    """Id of a code object -> how its hooks are named, "" for one that has none."""
    _codes: list[CodeType] = field(default_factory=list, init=False)
    """Kept alive, so that no other code object gets the id of one that was seen."""

    def begin(self) -> None:
        """Watch from now on, until the process ends."""
        for owner, name in _SYSTEM_CALLS:
            setattr(owner, name, _with_frame(getattr(owner, name)))
        threading.settrace(self._entered)
        sys.settrace(self._entered)

    def _entered(self, frame: FrameType, event: str, arg: object) -> Tracer | None:  # noqa: ARG002 - what settrace calls
        code = frame.f_code
        name = self._names.get(id(code))
        if name is None:
            name = self._note(code)
        if not name:
            return None
        frame.f_trace_lines = False
        self._pass(name, "call")
        return self._within

    def _within(self, frame: FrameType, event: str, arg: object) -> Tracer:  # noqa: ARG002 - what settrace calls
        if event == "return":
            self._pass(self._names[id(frame.f_code)], "return")
        return self._within

    def _note(self, code: CodeType) -> str:
        name = hook_name(code)
        if self.deadly is not None and name != self.deadly.name:
            name = ""
        self._codes.append(code)
        self._names[id(code)] = name
        return name

    def _pass(self, name: str, event: Event) -> None:
        self.passed[name, event] += 1
        if self.deadly is not None and self.deadly == Hook(name, event, self.passed[name, event]):
            die()


def hook_name(code: CodeType) -> str:
    """Return how the hooks of a function are named, "" when it has none."""
    if code.co_filename == _DOOR:
        return code.co_qualname
    if not code.co_filename.startswith(_ROOT):
        return _DOORS.get(code, "")
    place = code.co_filename.removeprefix(_ROOT).removesuffix(".py").replace(os.sep, ".")
    is_ours = place.split(".")[0] in _WATCHED and not code.co_name.startswith("<")
    return f"{place}.{code.co_qualname}" if is_ours else ""


def die() -> None:
    """End this process as `kill -9` does; other threads may go on for a moment before."""
    if threading.current_thread() is not threading.main_thread():
        time.sleep(LAG_S)
    os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()  # in a thread, death may take a moment


def _with_frame(function: Any) -> Callable[..., object]:
    """Return a function that a tracer sees, around one that it does not."""

    def door(*args: object, **kwargs: object) -> object:
        return function(*args, **kwargs)

    door.__code__ = door.__code__.replace(
        co_filename=_DOOR, co_qualname=f"disk.{function.__name__}"
    )
    return door
