"""Archives: the one file in a gzip or ZIP archive, unpacked within limits, nothing by its name."""

from __future__ import annotations

import gzip
import stat
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

from importer.printable import printable
from importer.problems import ProblemCode
from importer.reading.package import Package, sound_archive
from importer.reading.source import Source, Unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.table import Place

_BLOCK = 1 << 20
_NOT_MEANT = ("__MACOSX/",)
_NOT_MEANT_NAMES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
_UNIX = 16
"""From this bit on, an entry's attributes are those of a Unix file."""
_NAMES_SHOWN = 3
_DAMAGED = "The archive is cut off or damaged."
_COPY_AGAIN = "Copy or export it again."


def gunzipped(source: Source) -> Source:
    """Return the file in a gzip archive.

    Raises:
        SourceError: The archive is damaged, or what is inside is too large.
    """
    with source.open() as packed, sound_archive(source.place, _DAMAGED, _COPY_AGAIN):
        unpacked = Unpacked(source.place, _size(packed.seek(0, 2)))
        packed.seek(0)
        with gzip.GzipFile(fileobj=packed) as content:
            while block := content.read(_BLOCK):
                unpacked.write(block)
    name = source.name[:-3] if source.name.lower().endswith(".gz") else source.name
    return replace(source, name=name, plain=unpacked)


def unzipped(source: Source) -> Source:
    """Return the only file in a ZIP archive.

    Raises:
        SourceError: It holds none or several, one that would land elsewhere, or is damaged.
    """
    place = source.place
    with (
        source.open() as packed,
        sound_archive(place, _DAMAGED, _COPY_AGAIN),
        zipfile.ZipFile(packed) as archive,
    ):
        package = Package(archive, place)
        entry = _only_entry(archive, place)
        unpacked = Unpacked(place, _size(entry.compress_size))
        for block in package.blocks(entry.filename):
            unpacked.write(block)
    if unpacked.size != entry.file_size:
        raise place.refuse(ProblemCode.SOURCE_CORRUPT, _DAMAGED, todo=_COPY_AGAIN)
    name = entry.filename.rpartition("/")[2]
    inside = replace(place, file=f"{place.file} ({_shown(name)})")
    return replace(source, name=name, place=inside, plain=unpacked)


def _only_entry(archive: zipfile.ZipFile, place: Place) -> zipfile.ZipInfo:
    entries = list(_entries(archive))
    if len(entries) != 1:
        names = ", ".join(_shown(entry.filename) for entry in entries[:_NAMES_SHOWN])
        more = f" and {len(entries) - _NAMES_SHOWN} more" if len(entries) > _NAMES_SHOWN else ""
        what = f"{len(entries)} files: {names}{more}" if entries else "no file"
        raise place.refuse(ProblemCode.ARCHIVE_UNCLEAR, f"The archive holds {what}.")
    (entry,) = entries
    if stat.S_ISLNK(entry.external_attr >> _UNIX):
        raise place.refuse(ProblemCode.ARCHIVE_UNCLEAR, "The archive holds a link, not a file.")
    # Nothing is ever written under this name; such an archive was still not made by a clinic.
    parts = entry.filename.replace("\\", "/").split("/")
    if ".." in parts or not parts[0] or ":" in parts[0]:
        sentence = "The archive holds a file that would land outside of its folder."
        raise place.refuse(ProblemCode.ARCHIVE_UNCLEAR, sentence)
    return entry


def _entries(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    """Yield the files that somebody meant to pack."""
    for entry in archive.infolist():
        is_ours = entry.filename.startswith(_NOT_MEANT)
        if not (entry.is_dir() or is_ours or entry.filename.split("/")[-1] in _NOT_MEANT_NAMES):
            yield entry


def _shown(name: str) -> str:
    """Return a name from an archive as it may stand in a message."""
    return printable(name, "?")[:80]


def _size(packed: int) -> int:
    return max(1, packed)
