"""What strace wrote, as calls that begin and end: what changed files, and what went over a wire."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TRACED = (
    "open,openat,creat,write,pwrite64,writev,pwritev,pwritev2,truncate,ftruncate,fallocate,"
    "fsync,fdatasync,sync,syncfs,sync_file_range,msync,copy_file_range,sendfile,splice,"
    "rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,mkdir,mkdirat,"
    "lseek,sendto,sendmsg,recvfrom"
)
"""Whatever may change a file or send a byte; a call that the model does not know is refused."""

_LINE = re.compile(r"(?P<pid>\d+) +(?P<rest>.*)")
_CALL = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+|\?)(?P<more>.*)")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(?P<rest>.*)")
_UNFINISHED = " <unfinished ...>"
_HANDLE = re.compile(r"(?:AT_FDCWD|\d+)<(?P<path>[^>]*)>")
_ENDED = "+++ exited with "


class Moment(Enum):
    """What happens at one instant of a trace."""

    START = "start"
    """The process has begun."""
    BEGIN = "begin"
    END = "end"
    EXIT = "exit"
    """The process has told its exit code."""


@dataclass(slots=True, eq=False)
class Call:
    """One system call; its arguments are decoded when they are asked for."""

    pid: int
    name: str
    arguments: list[str]
    result: int | None
    """None: the process was killed in it."""

    @property
    def has_failed(self) -> bool:
        """Return whether it changed nothing."""
        return self.result is not None and self.result < 0

    def text(self, place: int) -> str:
        """Return an argument that is a path."""
        return self.data(place).decode()

    def data(self, place: int) -> bytes:
        """Return an argument that is bytes."""
        return _unescaped(self.arguments[place].strip('"'))

    def number(self, place: int) -> int:
        """Return an argument that is a number."""
        return int(self.arguments[place], 0)

    def handle(self, place: int = 0) -> str:
        """Return what a file descriptor is open on, as the kernel names it at that moment."""
        found = _HANDLE.fullmatch(self.arguments[place])
        return "" if found is None else _unescaped(found["path"]).decode()


@dataclass(frozen=True, slots=True)
class Event:
    """One instant of a trace; between two of them the power may fail."""

    moment: Moment
    call: Call | None = None


def events_of(trace: Path, words: list[bytes]) -> list[Event]:
    """Return the events of one process whose lines hold one of `words`, in their order."""
    wanted = [_escaped(word) for word in words]
    with trace.open(encoding="ascii") as lines:
        return list(_events(lines, wanted))


def _events(lines: Iterator[str], wanted: list[str]) -> Iterator[Event]:
    begun: dict[int, tuple[str, Call]] = {}
    first_pid = 0
    yield Event(Moment.START)
    for line in lines:
        found = _LINE.match(line)
        if found is None:
            continue
        pid, rest = int(found["pid"]), found["rest"]
        first_pid = first_pid or pid
        if rest.startswith(_ENDED) and pid == first_pid:
            yield Event(Moment.EXIT)
        if rest.endswith(_UNFINISHED):
            if any(word in rest for word in wanted):
                call = Call(pid, rest.partition("(")[0], [], None)
                begun[pid] = (rest.removesuffix(_UNFINISHED), call)
                yield Event(Moment.BEGIN, call)
            continue
        resumed = _RESUMED.fullmatch(rest)
        if resumed is not None and pid in begun:
            start, call = begun.pop(pid)
            _fill(call, start + resumed["rest"])
            yield Event(Moment.END, call)
        elif resumed is None and any(word in rest for word in wanted):
            call = Call(pid, "", [], None)
            if _fill(call, rest):
                yield Event(Moment.BEGIN, call)
                yield Event(Moment.END, call)
    for start, call in begun.values():  # killed in it
        _fill(call, start + ") = ?")


def _fill(call: Call, text: str) -> bool:
    """Put what a whole line tells into a call; return False when it is no call."""
    found = _CALL.fullmatch(text)
    if found is None:
        return False
    call.name = found["name"]
    call.arguments = found["arguments"].split(", ")
    call.result = None if found["result"] == "?" else int(found["result"])
    return True


def _unescaped(text: str) -> bytes:
    r"""Return the bytes of `\x2f\x76`, as `strace -xx` writes all text."""
    return bytes.fromhex(text.replace("\\x", ""))


def _escaped(content: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in content)
