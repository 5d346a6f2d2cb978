"""The number formats of an OpenDocument spreadsheet, by the names of its cells' styles."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.reading.format_codes import condition_of, section_of
from importer.reading.format_parts import Part, Token
from importer.reading.number_formats import NumberFormat
from importer.reading.ods_xml import NUMBER, OFFICE, STYLE, xml_parser
from importer.reading.style_table import StyleCount
from importer.sheet_limits import COLUMN_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from importer.reading.table import Place

_KINDS = frozenset(
    f"{NUMBER}{kind}-style"
    for kind in ("number", "percentage", "currency", "text", "date", "time", "boolean")
)
_TEXT_STYLE = f"{NUMBER}text-style"
_CELL_STYLE = f"{STYLE}style"
_MAP = f"{STYLE}map"
_BODY = f"{OFFICE}body"
_NAME, _FAMILY, _PARENT, _DATA = (
    f"{STYLE}{name}" for name in ("name", "family", "parent-style-name", "data-style-name")
)
_DAYS = frozenset({"day", "month", "year", "era", "day-of-week", "week-of-year", "quarter"})
_CLOCKS = frozenset({"hours", "minutes", "seconds", "am-pm"})
_LITERALS = frozenset({"text", "currency-symbol", "embedded-text", "fill-character"})
_SHOWN: Mapping[str, Sequence[Token]] = {
    "text-content": [Token(Part.TEXT, "@")],
    "boolean": [Token(Part.LITERAL, "TRUE")],
    "currency-symbol": [Token(Part.LITERAL, "¤")],  # where the element is empty: by the country
    "fraction": [Token(Part.DIGIT, "#"), Token(Part.LITERAL, "/"), Token(Part.DIGIT, "#")],
}
_MOST_PARENTS = 20
_MOST_DIGITS = 99


@dataclass(slots=True)
class _DataStyle:
    """One number format: what it shows, and which others it leaves some numbers to."""

    is_for_texts: bool
    tokens: list[Token] = field(default_factory=list)
    maps: list[tuple[str, str]] = field(default_factory=list)
    """Condition and the name of the format that is for it."""


class CellStyles:
    """The formats of cells, from the part of named styles and the head of the content."""

    def __init__(self) -> None:
        """Begin with none."""
        self._data: dict[str, _DataStyle] = {}
        self._cells: dict[str, tuple[str, str]] = {}
        """Parent and format by name of the cell's style."""
        self._known: dict[str, NumberFormat | None] = {}
        self._count: StyleCount | None = None
        self._open: _DataStyle | None = None
        self._is_literal = False
        self._is_over = False

    def read(self, blocks: Iterator[bytes], place: Place) -> None:
        """Take in the styles of a part, up to where the sheets begin.

        Raises:
            SourceError: There are too many, or it holds a document type definition.
        """
        self._is_over = False
        self._count = self._count or StyleCount(place)
        parser = xml_parser(place)
        parser.buffer_text = True
        parser.StartElementHandler = self._begins
        parser.EndElementHandler = self._ends
        parser.CharacterDataHandler = self._characters
        for block in blocks:
            parser.Parse(block, False)  # noqa: FBT003 - expat takes no keyword
            if self._is_over:
                return

    def format_of(self, name: str) -> NumberFormat | None:
        """Return the format of a cell's style, None when it shows the cell as it is."""
        if name not in self._known:
            shown = self._format(self._data_name(name))
            self._known[name] = None if shown is None or shown.is_plain else shown
        return self._known[name]

    def _data_name(self, name: str) -> str:
        """Return the name of the format that a cell's style has, of its own or of a parent."""
        for _ in range(_MOST_PARENTS):
            parent, data = self._cells.get(name, ("", ""))
            if data or not parent:
                return data
            name = parent
        return ""

    def _format(self, name: str) -> NumberFormat | None:
        style = self._data.get(name)
        if style is None:
            return None
        sections = [
            section_of((Token(Part.CONDITION, condition), *self._data[other].tokens))
            for condition, other in style.maps
            if other in self._data and condition_of(condition) is not None
        ]
        if not style.is_for_texts:
            return NumberFormat(numbers=(*sections, section_of(style.tokens)))
        # Alone it is for numbers, too: what is around its text may be shown.
        numbers = sections or [section_of(style.tokens)]
        return NumberFormat(numbers=tuple(numbers), texts=tuple(style.tokens))

    def _begins(self, name: str, attributes: dict[str, str]) -> None:
        if self._is_over:
            return
        self._add(1)
        if name == _BODY:
            self._is_over = True
        elif name in _KINDS:
            self._open = _DataStyle(is_for_texts=name == _TEXT_STYLE)
            self._data[attributes.get(_NAME, "")] = self._open
        elif name == _CELL_STYLE:
            if attributes.get(_FAMILY) == "table-cell":
                known = attributes.get(_PARENT, ""), attributes.get(_DATA, "")
                self._cells[attributes.get(_NAME, "")] = known
        elif self._open is not None:
            self._part_begins(self._open, name, attributes)

    def _part_begins(self, style: _DataStyle, name: str, attributes: dict[str, str]) -> None:
        if name == _MAP:
            condition = attributes.get(f"{STYLE}condition", "").removeprefix("value()")
            style.maps.append((condition, attributes.get(f"{STYLE}apply-style-name", "")))
            return
        kind = name.removeprefix(NUMBER)
        self._is_literal = kind in _LITERALS
        tokens = _tokens(kind, attributes)
        self._add(len(tokens))
        style.tokens += tokens

    def _ends(self, name: str) -> None:
        if name in _KINDS:
            self._open = None
        self._is_literal = False

    def _characters(self, text: str) -> None:
        if self._open is not None and self._is_literal and not self._is_over:
            self._add(len(text))
            self._open.tokens.append(Token(Part.LITERAL, text))

    def _add(self, pieces: int) -> None:
        """Count pieces of styles, of which there may be so many."""
        if self._count is not None:
            self._count.add_piece(pieces)
            self._count.prove(max(len(self._cells), len(self._data)))


def _tokens(kind: str, attributes: dict[str, str]) -> Sequence[Token]:
    """Return what an element of a format stands for; words come as characters within it."""
    if kind in _DAYS:
        return [Token(Part.DAY, "d")]
    if kind in _CLOCKS:
        return [Token(Part.CLOCK, "h")]
    if kind in ("number", "scientific-number"):
        return _number_tokens(kind, attributes)
    return _SHOWN.get(kind, ())


def _number_tokens(kind: str, attributes: dict[str, str]) -> list[Token]:
    decimals = _count(attributes, "decimal-places", -1)
    least = _count(attributes, "min-integer-digits", 0)
    if decimals < 0 and kind == "number" and least <= 1:
        return [Token(Part.GENERAL)]
    tokens = [Token(Part.DIGIT, "#"), *[Token(Part.DIGIT, "0")] * least]
    if attributes.get(f"{NUMBER}display-factor", "1") != "1":
        tokens.append(Token(Part.COMMA, ","))
    if decimals > 0:
        tokens += [Token(Part.POINT, "."), *[Token(Part.DIGIT, "0")] * decimals]
    if kind == "scientific-number":
        tokens += [Token(Part.EXPONENT, "E+"), Token(Part.DIGIT, "0")]
    return tokens


def _count(attributes: dict[str, str], name: str, missing: int) -> int:
    return min(_MOST_DIGITS, int(attributes.get(f"{NUMBER}{name}", missing)))


class Defaults:
    """The styles of cells that name none, by column and by row."""

    def __init__(self) -> None:
        """Begin with a sheet whose columns have none."""
        self._ends: list[int] = []
        self._styles: list[str] = []
        self.row = ""
        """The style that the row gives its cells, "" when it leaves that to the columns."""

    def add_columns(self, count: int, style: str) -> None:
        """Take in so many more columns, whose cells have this style."""
        end = self._ends[-1] if self._ends else 0
        if end < COLUMN_LIMIT:
            self._ends.append(end + count)
            self._styles.append(style)

    def style(self, column: int) -> str:
        """Return the style of a cell that names none."""
        at = bisect_right(self._ends, column)
        return self.row or (self._styles[at] if at < len(self._styles) else "")
