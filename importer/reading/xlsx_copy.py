"""A workbook with some cells of one sheet changed, and every other part as it was."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from importer.reading.package import refuse_doctype
from importer.reading.shared_texts import SharedTexts, TextElements
from importer.reading.xlsx_scan import ColumnNumbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.problems import ProblemCode
    from importer.reading.edits import Edit, Edits
    from importer.reading.package import Package
    from importer.reading.table import Place

_TEXT_TYPES = ("s", "inlineStr")
"""Cells of text; a formula that shows text is of another type, and stays a formula."""
_HIDDEN_CODE = re.compile("_x[0-9A-Fa-f]{4}_")
"""How a workbook writes a character that XML lacks; typed by a person, it would become one."""


def copy_workbook(
    package: Package, sheet_part: str, edits: Edits, out: IO[bytes], place: Place
) -> Counter[ProblemCode]:
    """Write the workbook again with edits in one sheet; return how many were made, by problem."""
    copied = _SheetCopy(edits=edits, place=place, shared=SharedTexts(package, place))
    with zipfile.ZipFile(out, "w") as archive:
        for part in package.parts():
            info = zipfile.ZipInfo(part.filename, part.date_time)
            info.compress_type, info.external_attr = part.compress_type, part.external_attr
            blocks = package.blocks(part.filename)
            with archive.open(info, "w", force_zip64=True) as target:
                for block in copied.of(blocks) if package.is_part(part, sheet_part) else blocks:
                    target.write(block)
    return copied.made


@dataclass(slots=True, kw_only=True)
class _SheetCopy:
    """One pass over a sheet's XML, which keeps no more than a block and a cell."""

    edits: Edits
    place: Place
    shared: SharedTexts
    made: Counter[ProblemCode] = field(default_factory=Counter)
    _parser: expat.XMLParserType = field(init=False)
    _columns: ColumnNumbers = field(default_factory=ColumnNumbers)
    _row: int = 0
    _column: int = -1
    _wanted: dict[int, Edit] = field(default_factory=dict)
    _held: bytearray = field(default_factory=bytearray, repr=False)
    """What was read and not yet handed on."""
    _held_at: int = 0
    """Where in the part it begins."""
    _safe: int = 0
    """How far the part may be handed on."""
    _cell_at: int | None = None
    """Where the cell begins that is about to change."""
    _cell: tuple[str, dict[str, str], Edit] | None = field(default=None, repr=False)
    _text: TextElements = field(default_factory=TextElements, repr=False)
    """What that cell holds."""
    _ready: list[bytes] = field(default_factory=list, repr=False)

    def of(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the sheet with its edits made."""
        self._parser = expat.ParserCreate()
        refuse_doctype(self._parser, self.place)
        self._parser.StartElementHandler = self._begins
        self._parser.EndElementHandler = self._ends
        self._parser.CharacterDataHandler = self._characters
        for block in blocks:
            self._held += block
            self._parser.Parse(block, False)  # noqa: FBT003 - expat takes no keyword
            self._hand_on(self._safe if self._cell_at is None else self._cell_at)
            yield from self._taken()
        self._parser.Parse(b"", True)  # noqa: FBT003 - as above
        self._hand_on(self._held_at + len(self._held))
        yield from self._taken()

    def _taken(self) -> list[bytes]:
        ready, self._ready = self._ready, []
        return ready

    def _begins(self, name: str, attributes: dict[str, str]) -> None:
        self._safe = self._parser.CurrentByteIndex
        local = name.rpartition(":")[2]
        if self._cell is not None:
            self._text.begins(local)
        match local:
            case "row":
                self._row = int(attributes.get("r") or self._row + 1)
                self._column = -1
                self._wanted = self.edits.of_row(self._row)
            case "c":
                letters = attributes.get("r", "").rstrip("0123456789")
                self._column = self._columns[letters] if letters else self._column + 1
                self._consider(name, attributes)
            case "f":  # of a formula only the result is text
                self._cell = self._cell_at = None
            case _:
                pass

    def _consider(self, name: str, attributes: dict[str, str]) -> None:
        edit = self._wanted.get(self._column)
        is_text = attributes.get("t") in _TEXT_TYPES
        if edit is not None and is_text and not _HIDDEN_CODE.search(edit.after):
            self._cell, self._cell_at = (name, attributes, edit), self._safe
            self._text = TextElements()

    def _characters(self, text: str) -> None:
        if self._cell is not None:
            self._text.characters(text)

    def _ends(self, name: str) -> None:
        end_tag = self._safe = self._parser.CurrentByteIndex
        if self._cell is None or self._cell_at is None:
            return
        if name != self._cell[0]:
            self._text.ends(name.rpartition(":")[2])
            return
        _, attributes, edit = self._cell
        if not self._holds(edit.before, attributes.get("t")):
            self._cell = self._cell_at = None
            return
        self._hand_on(self._cell_at)
        end = self._held.index(b">", end_tag - self._held_at) + 1
        del self._held[:end]
        self._held_at += end
        self._safe = self._held_at
        self._ready.append(_cell_xml(name, attributes, edit.after))
        self.made[edit.code] += 1
        self._cell = self._cell_at = None

    def _holds(self, text: str, kind: str | None) -> bool:
        """Return whether the cell that ends holds that text."""
        found = self._text.text
        return (found, text) in self.shared if kind == "s" else found == text

    def _hand_on(self, until: int) -> None:
        """Let go of what was held, up to this place of the part."""
        count = until - self._held_at
        self._ready.append(bytes(self._held[:count]))
        del self._held[:count]
        self._held_at = until


def _cell_xml(name: str, attributes: dict[str, str], text: str) -> bytes:
    """Return a cell of text, in ASCII, which is the same in every encoding that a part has."""
    prefix = name.removesuffix("c")
    kept = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items() if key != "t")
    inner = f'<{prefix}t xml:space="preserve">{escape(text)}</{prefix}t>'
    cell = f'<{name}{kept} t="inlineStr"><{prefix}is>{inner}</{prefix}is></{name}>'
    return cell.encode("ascii", "xmlcharrefreplace")
