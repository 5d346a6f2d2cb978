"""A trace done again on the model of a disk, instant by instant."""

from __future__ import annotations

import os
import posixpath
from collections import defaultdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from tests.chaos.power.disk import File, Folder, Naming, Resize, Write, is_mapped, settle
from tests.chaos.power.strace_log import Moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.chaos.power.disk import Image, Node
    from tests.chaos.power.strace_log import Call, Event

_GONE = " (deleted)"
_SYNCS = frozenset({"fsync", "fdatasync"})
_NETWORK = frozenset({"sendto", "sendmsg", "recvfrom"})


class Replay:
    """The disk as it is after some events of a trace."""

    def __init__(self, root: str, start: Image) -> None:
        """Begin with files that have long been on the disk."""
        self.disk = Folder()
        self.versions: defaultdict[str, list[bytes | None]] = defaultdict(list)
        """Name -> every content that was ever renamed to it, the oldest first; None: removed."""
        self._root = root
        self._places: dict[str, int] = {}
        """Open file descriptor -> where it writes next; -1 stands for the end of the file."""
        self._open: dict[int, tuple[Node, list[Write | Resize] | list[Naming]]] = {}
        """Calls under way -> what they have changed, or will make durable."""
        for path, content in start.items():
            folder, name = self._parent(path)
            folder.durable[name] = Folder() if content is None else File(durable=content)

    def step(self, event: Event) -> None:
        """Do one event."""
        call = event.call
        if event.moment is Moment.START:
            self._places.clear()
        if call is None or call.has_failed or call.name in _NETWORK:
            return
        if event.moment is Moment.BEGIN:
            self._begin(call)
        elif call.name in _SYNCS:
            if id(call) in self._open:
                settle(*self._open.pop(id(call)))
        else:
            for change in self._open.pop(id(call), (None, []))[1]:
                change.has_ended = True

    def _begin(self, call: Call) -> None:
        doers: Mapping[str, Callable[[Call], None]] = {
            "openat": self._openat,
            "lseek": self._lseek,
            "write": self._write,
            "pwrite64": self._pwrite,
            "ftruncate": self._ftruncate,
            "fsync": self._sync,
            "fdatasync": self._sync,
            "rename": self._rename,
            "unlink": self._unlink,
            "rmdir": self._unlink,
            "unlinkat": self._unlink,
            "mkdir": self._mkdir,
        }
        assert call.name in doers, f"the model of the disk does not know {call.name}"
        doers[call.name](call)

    # What the calls do

    def _openat(self, call: Call) -> None:
        path = self._below(posixpath.join(call.handle(), call.text(1)))
        if path is None:
            return
        flags = call.arguments[2].split("|")
        node = self._find(path)
        if node is None:
            assert "O_CREAT" in flags, path
            folder, name = self._parent(path)
            self._name(call, folder, {name: File(is_mapped=is_mapped(name))})
        elif "O_TRUNC" in flags and isinstance(node, File) and node.content():
            self._change(call, node, Resize(0))
        self._places[str(call.result)] = -1 if "O_APPEND" in flags else 0

    def _lseek(self, call: Call) -> None:
        if self._places.get(_number(call)) != -1:
            self._places[_number(call)] = call.result or 0

    def _write(self, call: Call) -> None:
        file = self._file(call)
        if file is None:
            return
        place = self._places[_number(call)]
        offset = len(file.content()) if place == -1 else place
        data = call.data(1)[: call.result]
        if place != -1:
            self._places[_number(call)] = offset + len(data)
        self._change(call, file, Write(offset, data))

    def _pwrite(self, call: Call) -> None:
        file = self._file(call)
        if file is not None:
            self._change(call, file, Write(call.number(3), call.data(1)[: call.result]))

    def _ftruncate(self, call: Call) -> None:
        file = self._file(call)
        if file is not None and not file.is_mapped:
            self._change(call, file, Resize(call.number(1)))

    def _sync(self, call: Call) -> None:
        """Cover what has ended before the sync began."""
        path = self._below(call.handle())
        node = None if path is None else self._find(path)
        if node is None:
            return
        covered = []
        for change in node.pending:
            if not change.has_ended:
                break
            covered.append(change)
        self._open[id(call)] = (node, covered)  # type: ignore[assignment] # all of its kind

    def _rename(self, call: Call) -> None:
        old, new = self._below(call.text(0)), self._below(call.text(1))
        if old is None or new is None:
            assert old is new, "the model of the disk knows no rename from elsewhere"
            return
        folder, name = self._parent(old)
        assert posixpath.dirname(old) == posixpath.dirname(new), "nor one into another folder"
        node = self._find(old)
        assert isinstance(node, File), old
        self.versions[new].append(node.content())
        self._name(call, folder, {name: None, posixpath.basename(new): node})

    def _unlink(self, call: Call) -> None:
        """Remove a file or a folder, by its path or by its name in an open folder."""
        if call.name == "unlinkat":
            path = self._below(posixpath.join(call.handle(), call.text(1)))
        else:
            path = self._below(call.text(0))
        if path is None:
            return
        folder, name = self._parent(path)
        self._name(call, folder, {name: None})
        if path in self.versions:
            self.versions[path].append(None)

    def _mkdir(self, call: Call) -> None:
        path = self._below(call.text(0))
        if path is not None:
            folder, name = self._parent(path)
            self._name(call, folder, {name: Folder()})

    # Where they do it

    def _change(self, call: Call, file: File, change: Write | Resize) -> None:
        file.pending.append(change)
        self._open[id(call)] = (file, [change])

    def _name(self, call: Call, folder: Folder, entries: Mapping[str, Node | None]) -> None:
        naming = Naming(entries)
        folder.pending.append(naming)
        self._open[id(call)] = (folder, [naming])

    def _below(self, path: str) -> str | None:
        """Return a path below the root, None when it is elsewhere or has no name any more."""
        if path.endswith(_GONE) or not path.startswith(self._root + os.sep):
            return "" if path == self._root else None
        return posixpath.normpath(path.removeprefix(self._root + os.sep))

    def _find(self, path: str) -> Node | None:
        node: Node | None = self.disk
        for name in PurePosixPath(path).parts:
            assert isinstance(node, Folder), path
            node = node.names().get(name)
            if node is None:
                return None
        return node

    def _parent(self, path: str) -> tuple[Folder, str]:
        folder = self._find(posixpath.dirname(path))
        assert isinstance(folder, Folder), path
        return folder, posixpath.basename(path)

    def _file(self, call: Call) -> File | None:
        path = self._below(call.handle())
        if path is None:
            return None
        node = self._find(path)
        assert isinstance(node, File), path
        return node


def _number(call: Call) -> str:
    """Return the number of the file descriptor that a call is about."""
    return call.arguments[0].partition("<")[0]
