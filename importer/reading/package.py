"""The ZIP package of a workbook: proven safe to unpack before anything else reads it."""

from __future__ import annotations

import copy
import struct
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING
from xml.parsers import expat

from importer.problems import ProblemCode

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator, Mapping

    from importer.reading.source import Source
    from importer.reading.table import Place

UNPACKED_LIMIT = 500_000_000
"""The most bytes that a file may unpack to."""
RATIO_LIMIT = 200
"""How many times its packed size a part may unpack to, once it is a `BIG_PART`."""
BIG_PART = 10_000_000
_PART_LIMIT = 10_000
_BLOCK = 1 << 20
_ENCRYPTED_FLAG = 0x1
_FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY")
_LONGEST = max(len(mark) for mark in _FORBIDDEN)
_XML_SUFFIXES = (".xml", ".rels", ".vml")
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    expat.ExpatError,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    KeyError,
    IndexError,
)


@contextmanager
def sound_archive(place: Place, sentence: str = "", todo: str = "") -> Iterator[None]:
    """Turn whatever the ZIP and XML readers raise into one sentence.

    Raises:
        SourceError: The package is damaged.
    """
    try:
        yield
    except _BROKEN:
        # Their texts may quote the content, so none of them is passed on.
        raise place.refuse(ProblemCode.SOURCE_CORRUPT, sentence, todo=todo) from None


class Package:
    """A workbook's parts by name, upper and lower case being the same."""

    def __init__(self, archive: zipfile.ZipFile, place: Place) -> None:
        """Look at the table of contents only.

        Raises:
            SourceError: Two parts share a name, or there are more than any workbook has.
        """
        self._archive = archive
        self._place = place
        parts = archive.infolist()
        self._parts: Mapping[str, zipfile.ZipInfo] = {_key(part.filename): part for part in parts}
        if len(parts) > _PART_LIMIT:
            raise place.refuse(ProblemCode.SOURCE_TOO_LARGE)
        if len(self._parts) != len(parts):
            raise place.refuse(ProblemCode.SOURCE_CORRUPT, "Two parts of it have the same name.")
        if any(part.flag_bits & _ENCRYPTED_FLAG for part in parts):
            raise place.refuse(ProblemCode.SOURCE_ENCRYPTED)

    def __contains__(self, name: str) -> bool:
        """Return whether there is such a part."""
        return _key(name) in self._parts

    def parts(self) -> Iterator[zipfile.ZipInfo]:
        """Yield what the table of contents says of each part, in its order."""
        yield from self._archive.infolist()

    def is_part(self, part: zipfile.ZipInfo, name: str) -> bool:
        """Return whether a part goes by this name."""
        return _key(part.filename) == _key(name)

    def names_like(self, pattern: re.Pattern[str]) -> Iterator[str]:
        """Yield the names of parts, in lower case, in which the pattern is found."""
        return (name for name in self._parts if pattern.search(name))

    def blocks(self, name: str) -> Iterator[bytes]:
        """Yield the content of a part, however long it really is.

        Raises:
            SourceError: There is no such part, or it is packed in an unusual way.
        """
        part = self._parts.get(_key(name))
        if part is None:
            raise self._place.refuse(
                ProblemCode.SOURCE_CORRUPT, "A part of the workbook is missing."
            )
        if part.compress_type not in _PACKINGS:
            sentence = "It is packed in a way that is not read."
            raise self._place.refuse(ProblemCode.SOURCE_CORRUPT, sentence)
        # The size in the table of contents may lie; a reader that believes it would stop there.
        believed = copy.copy(part)
        believed.file_size = UNPACKED_LIMIT + _BLOCK
        with self._archive.open(believed) as content:
            while block := content.read(_BLOCK):
                yield block

    def prove(self) -> None:
        """Unpack every part once, keeping none, and check what comes out.

        Raises:
            SourceError: It unpacks to too much, or holds a document type definition.
        """
        total = 0
        for part in self._parts.values():
            size = 0
            tail = b""
            for block in self.blocks(part.filename):
                size += len(block)
                total += len(block)
                too_dense = size > BIG_PART and size > RATIO_LIMIT * part.compress_size
                if total > UNPACKED_LIMIT or too_dense:
                    raise self._place.refuse(ProblemCode.SOURCE_TOO_LARGE)
                if part.filename.lower().endswith(_XML_SUFFIXES):
                    self._prove_plain_xml(tail + block, at_start=size == len(block))
                    tail = block[-_LONGEST:]
            if size != part.file_size:
                raise self._place.refuse(ProblemCode.SOURCE_CORRUPT)

    def _prove_plain_xml(self, window: bytes, *, at_start: bool) -> None:
        if any(mark in window for mark in _FORBIDDEN):
            raise self._place.refuse(ProblemCode.SOURCE_ACTIVE_CONTENT)
        # In UTF-16 the marks above would not be seen, and calamine finds an empty sheet.
        if at_start and (b"\0" in window[:4] or window.startswith((b"\xff\xfe", b"\xfe\xff"))):
            raise self._place.refuse(ProblemCode.SOURCE_CORRUPT)


@contextmanager
def opened_package(source: Source, place: Place) -> Iterator[Package]:
    """Give the parts of a workbook that is a ZIP archive.

    Raises:
        SourceError: It is damaged.
    """
    with source.open() as file, sound_archive(place), zipfile.ZipFile(file) as archive:
        yield Package(archive, place)


def walk(
    blocks: Iterator[bytes], on_element: Callable[[str, dict[str, str]], None], place: Place
) -> None:
    """Call `on_element` with the local name and the attributes of each element of a part.

    Raises:
        SourceError: The part is no XML, or holds a document type definition.
    """
    parser = expat.ParserCreate()
    refuse_doctype(parser, place)

    def start(name: str, attributes: dict[str, str]) -> None:
        local = {key.rpartition(":")[2]: value for key, value in attributes.items()}
        on_element(name.rpartition(":")[2], local)

    parser.StartElementHandler = start
    feed(parser, blocks)


def feed(parser: expat.XMLParserType, blocks: Iterator[bytes]) -> None:
    """Give a part to a parser, to its end."""
    for block in blocks:
        parser.Parse(block, False)  # noqa: FBT003 - expat takes no keyword
    parser.Parse(b"", True)  # noqa: FBT003 - as above


def refuse_doctype(parser: expat.XMLParserType, place: Place) -> None:
    """Make a parser stop at a document type definition, before it defines an entity."""

    def refuse(*_: object) -> None:
        raise place.refuse(ProblemCode.SOURCE_ACTIVE_CONTENT)

    parser.StartDoctypeDeclHandler = refuse


def _key(name: str) -> str:
    return name.replace("\\", "/").casefold()
