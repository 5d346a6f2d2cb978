"""The styles of an XLSX workbook, as its cells name them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.parsers import expat

from importer.reading.package import refuse_doctype
from importer.reading.style_table import STYLE_LIMIT, StyleTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.number_formats import NumberFormat
    from importer.reading.style_table import CellFormats
    from importer.reading.table import Place

_CELLS, _NAMED, _CONDITIONAL = "cellXfs", "cellStyleXfs", "dxfs"
_LISTS = frozenset({_CELLS, _NAMED, _CONDITIONAL})
_INDEX = re.compile(r"[ \t\r\n]*\+?([0-9]{1,9})[ \t\r\n]*")


class NamedFormats(dict[str, "NumberFormat | None"]):
    """The format of each style by what a cell writes for it: `01` is the style `1`."""

    def __init__(self, formats: CellFormats | None = None) -> None:
        """Begin with none looked up; without formats every cell is shown as it is."""
        super().__init__()
        self._formats = formats

    def __missing__(self, name: str) -> NumberFormat | None:
        """Return the format of a style; ValueError when the name is no number."""
        match = _INDEX.fullmatch(name)
        if match is None:
            raise ValueError
        style = int(match[1])
        found = self._formats[style] if self._formats is not None else None
        # Others may be as many as there are cells.
        if style < STYLE_LIMIT and name == str(style):
            self[name] = found
        return found


def read_styles(blocks: Iterator[bytes], place: Place) -> CellFormats:
    """Return the formats of a workbook by style.

    What stands behind the styles of cells is not read, and of the block that they end in no
    element is looked at.

    Raises:
        SourceError: There are too many, or the part holds a document type definition.
        ExpatError: It is no XML.
        ValueError: A number of it is none.
    """
    reader = _Reader(place)
    for block in blocks:
        reader.parser.Parse(block, False)  # noqa: FBT003 - expat takes no keyword
        if reader.is_over:
            return reader.table.formats()
    reader.parser.Parse(b"", True)  # noqa: FBT003 - as above
    return reader.table.formats()


class _Reader:
    """The state of one pass over the part."""

    def __init__(self, place: Place) -> None:
        self.table = StyleTable(place)
        self.is_over = False
        self._list = ""
        """Of styles, the one that is open or was the last."""
        self._has_cells = False
        """Whether the styles of cells came to their end."""
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._begins
        self.parser.EndElementHandler = self._ends
        refuse_doctype(self.parser, place)

    def _begins(self, name: str, attributes: dict[str, str]) -> None:
        self.table.count.add_piece()
        local = name.rpartition(":")[2]
        if local in _LISTS:
            self._list = local
        elif local == "numFmt" and self._list != _CONDITIONAL:
            self.table.add_format(int(attributes["numFmtId"]), attributes.get("formatCode", ""))
        elif local == "xf" and self._list == _CELLS:
            self.table.add_style(int(attributes.get("numFmtId", "0")))
        elif local == "xf" and self._list == _NAMED:
            self.table.add_named()

    def _ends(self, name: str) -> None:
        self._has_cells = self._has_cells or name.rpartition(":")[2] == _CELLS
        # Formats that come behind their styles are waited for, which is against the rules.
        if self._has_cells and self.table.is_complete:
            self.is_over = True
            self.parser.StartElementHandler = self.parser.EndElementHandler = None
