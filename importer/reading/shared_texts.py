"""The texts that the cells of a workbook share, known by their hashes only."""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING
from xml.parsers import expat

from importer.reading.package import feed, refuse_doctype

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.package import Package
    from importer.reading.table import Place

_PART = "xl/sharedStrings.xml"
_CODE = re.compile("_x([0-9A-Fa-f]{4})_")


class TextElements:
    """The text of one cell, or of one shared text, as its elements come by."""

    def __init__(self) -> None:
        """Begin with no text."""
        self._pieces: list[str] = []
        self._is_text = False
        self._aside = 0

    def begins(self, name: str) -> None:
        """Take the beginning of an element within it."""
        self._aside += name == "rPh"  # how a Japanese name sounds, which is not its text
        self._is_text = name in ("t", "v") and not self._aside

    def ends(self, name: str) -> None:
        """Take the end of an element within it."""
        self._aside -= name == "rPh"
        self._is_text = False

    def characters(self, text: str) -> None:
        """Take characters."""
        if self._is_text:
            self._pieces.append(text)

    @property
    def text(self) -> str:
        """Return what was met so far."""
        return _CODE.sub(lambda code: chr(int(code[1], 16)), "".join(self._pieces))


class SharedTexts:
    """Answers whether the text of a number is the one that was expected.

    Hashes, because a workbook of patients may have millions of texts.
    """

    def __init__(self, package: Package, place: Place) -> None:
        """Go through the texts of a workbook once, if it has any.

        Raises:
            SourceError: They hold a document type definition.
        """
        self._hashes = array("q")
        self._text: TextElements | None = None
        if _PART in package:
            self._read(package.blocks(_PART), place)

    def __contains__(self, numbered: tuple[str, str]) -> bool:
        """Return whether the text of that number, given as text, is this one."""
        number, text = numbered
        at = int(number) if number.isdecimal() else len(self._hashes)
        return at < len(self._hashes) and self._hashes[at] == hash(text)

    def _read(self, blocks: Iterator[bytes], place: Place) -> None:
        parser = expat.ParserCreate()
        refuse_doctype(parser, place)
        parser.StartElementHandler = self._begins
        parser.EndElementHandler = self._ends
        parser.CharacterDataHandler = self._characters
        feed(parser, blocks)

    def _begins(self, name: str, _: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "si":
            self._text = TextElements()
        elif self._text is not None:
            self._text.begins(local)

    def _ends(self, name: str) -> None:
        local = name.rpartition(":")[2]
        if self._text is not None and local == "si":
            self._hashes.append(hash(self._text.text))
            self._text = None
        elif self._text is not None:
            self._text.ends(local)

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.characters(text)
