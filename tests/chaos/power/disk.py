"""A disk that may lose power: what is surely on it, what may be, and what it may hold afterwards.

The model is that of a journaling file system, taken conservatively:

* `fsync` and `fdatasync` of a file make its content and size durable, nothing else: not its name.
* Writes that were not synced are lost, kept or torn, each by itself, in any order. The unit is the
  sector: what stands in it is some state that it really had in memory since the last sync.
* The size follows its own order: it may be older than what was written, so that an end is cut
  off, or newer, so that there are zeros instead.
* Names (create, rename, remove) take effect in the order of one folder; how far that order came
  is unknown until the folder itself is synced. Two folders do not wait for each other.
* What is mapped into memory and never written (`-shm`) may hold anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SECTOR = 512
_MAPPED = "-shm"
_MAPPED_BYTES = 32_768


@dataclass(slots=True, eq=False)
class Write:
    """Bytes at a place of a file."""

    offset: int
    data: bytes = field(repr=False)
    has_ended: bool = False

    def apply(self, content: bytearray) -> None:
        """Do it."""
        _stretch(content, self.offset)
        content[self.offset : self.offset + len(self.data)] = self.data


@dataclass(slots=True, eq=False)
class Resize:
    """A new size of a file."""

    size: int
    has_ended: bool = False

    def apply(self, content: bytearray) -> None:
        """Do it."""
        del content[self.size :]
        _stretch(content, self.size)


@dataclass(slots=True, eq=False)
class File:
    """A file: what is durable of it, and what has been done to it since."""

    durable: bytes = b""
    pending: list[Write | Resize] = field(default_factory=list)
    is_mapped: bool = False

    def content(self) -> bytes:
        """Return what a program reads from it."""
        now = bytearray(self.durable)
        for change in self.pending:
            change.apply(now)
        return bytes(now)


@dataclass(slots=True, eq=False)
class Naming:
    """One change of a folder: a name gets another meaning, or none; a rename changes two."""

    entries: Mapping[str, Node | None]
    has_ended: bool = False


@dataclass(slots=True, eq=False)
class Folder:
    """A folder: the names that are durable, and what has been done to them since."""

    durable: dict[str, Node] = field(default_factory=dict)
    pending: list[Naming] = field(default_factory=list)

    def names(self, changes: int | None = None) -> dict[str, Node]:
        """Return its names after so many of the pending changes; after all of them when None."""
        now = dict(self.durable)
        for naming in self.pending[:changes]:
            _rename(now, naming)
        return now


Node: TypeAlias = File | Folder
Image: TypeAlias = dict[str, bytes | None]
"""Path below the root -> content, None for a folder: what the disk holds after a power loss."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What the power loss leaves of what was not synced; `chance` decides in between."""

    names_kept: float | None
    """1 keeps them all, 0 none; None: up to any point of each folder's order."""
    writes_kept: float
    writes_torn: float = 0.0


CORNERS = (
    Fate(names_kept=0, writes_kept=0),
    Fate(names_kept=1, writes_kept=1),
    Fate(names_kept=1, writes_kept=0),
    Fate(names_kept=0, writes_kept=1),
)


def fate_of(number: int, chance: Random) -> Fate:
    """Return the fate of a seed: the four extremes first, chance afterwards."""
    if number < len(CORNERS):
        return CORNERS[number]
    return Fate(
        names_kept=chance.choice([None, None, 0, 1]),
        writes_kept=chance.choice([0.0, 0.1, 0.5, 0.9, 1.0]),
        writes_torn=chance.choice([0.0, 0.2, 0.6]),
    )


def left_by(root: Folder, fate: Fate, chance: Random) -> Image:
    """Return one legal state of the disk after the power has failed now."""
    return dict(_left(root, "", fate, chance))


def holds(root: Folder) -> Image:
    """Return what every program sees while the power is on."""
    return left_by(root, CORNERS[1], Random(0))


def _left(
    folder: Folder, path: str, fate: Fate, chance: Random
) -> Iterator[tuple[str, bytes | None]]:
    for name, node in folder.names(_how_far(len(folder.pending), fate, chance)).items():
        place = f"{path}/{name}" if path else name
        if isinstance(node, Folder):
            yield place, None
            yield from _left(node, place, fate, chance)
        elif node.is_mapped:
            size = chance.choice([0, _MAPPED_BYTES])
            yield place, chance.randbytes(size) if chance.random() < 0.5 else bytes(size)
        else:
            yield place, _content_left(node, fate, chance)


def _how_far(changes: int, fate: Fate, chance: Random) -> int:
    """Return how many of so many changes of names or size the disk has."""
    return chance.randint(0, changes) if fate.names_kept is None else int(changes * fate.names_kept)


def _content_left(file: File, fate: Fate, chance: Random) -> bytes:
    known = _how_far(len(file.pending), fate, chance)
    memory, disk = bytearray(file.durable), bytearray(file.durable)
    size = len(disk)
    for number, change in enumerate(file.pending):
        change.apply(memory)
        if number < known:
            size = len(memory)
        if isinstance(change, Write):
            _write_back(change, memory, disk, fate, chance)
        elif number < known:
            change.apply(disk)
        else:
            break  # what follows went to blocks that the file does not have without this change
    Resize(size).apply(disk)
    return bytes(disk)


def _write_back(
    write: Write, memory: bytearray, disk: bytearray, fate: Fate, chance: Random
) -> None:
    """Copy sectors of a write to the disk, as memory holds them then."""
    is_kept = chance.random() < fate.writes_kept
    is_torn = chance.random() < fate.writes_torn
    first = write.offset // SECTOR * SECTOR
    for start in range(first, write.offset + len(write.data), SECTOR):
        if chance.random() < 0.5 if is_torn else is_kept:
            sector = memory[start : start + SECTOR]
            _stretch(disk, start)
            disk[start : start + len(sector)] = sector


def _rename(names: dict[str, Node], naming: Naming) -> None:
    for name, node in naming.entries.items():
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node


def settle(node: Node, changes: list[Write | Resize] | list[Naming]) -> None:
    """Make changes durable that a sync has covered."""
    covered = {id(change) for change in changes}
    if isinstance(node, Folder):
        for naming in node.pending:
            if id(naming) in covered:
                _rename(node.durable, naming)
        node.pending = [naming for naming in node.pending if id(naming) not in covered]
    else:
        now = bytearray(node.durable)
        for change in node.pending:
            if id(change) in covered:
                change.apply(now)
        node.durable = bytes(now)
        node.pending = [change for change in node.pending if id(change) not in covered]


def is_mapped(name: str) -> bool:
    """Return whether a file of that name changes by memory, not by writes."""
    return name.endswith(_MAPPED)


def _stretch(content: bytearray, size: int) -> None:
    if len(content) < size:
        content.extend(bytes(size - len(content)))
