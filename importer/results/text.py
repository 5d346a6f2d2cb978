"""Cell text that no program runs as a formula and every program can read."""

from __future__ import annotations

import re

from importer.formulas import marked
from importer.sheet_limits import CELL_LIMIT

_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_CONTROL_PICTURES = 0x2400
_FIRST_PRINTABLE = 0x20
_NO_CHARACTER = "\N{REPLACEMENT CHARACTER}"


def csv_text(text: str) -> str:
    """Return `text` for a CSV cell, an apostrophe before what looks like a formula.

    The way back: reading takes it off again where the headings are those of results, and the
    rules of the fields do so in any file.
    """
    return marked(utf8_text(text))


def utf8_text(text: str) -> str:
    """Return `text` with half characters (lone surrogates) replaced by U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub(_NO_CHARACTER, text)


def xlsx_text(text: str) -> str:
    """Return `text` as a workbook can hold it; whatever is replaced stays visible.

    Line ends become LF, as a workbook has no other; control characters become their pictures
    (U+2400 and on); characters that XML cannot hold become U+FFFD; what is longer than a cell
    can be is cut and says so.
    """
    if _NOT_IN_XML.search(text) is not None:
        text = _NOT_IN_XML.sub(_visible, text.replace("\r\n", "\n").replace("\r", "\n"))
    return text if len(text) <= CELL_LIMIT // 2 else _cut(text)


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(_CONTROL_PICTURES + code) if code < _FIRST_PRINTABLE else _NO_CHARACTER


def _cut(text: str) -> str:
    units = text.encode("utf-16-le")
    if len(units) // 2 <= CELL_LIMIT:
        return text
    mark = f" [cut here: {len(text):,} characters; results as CSV or JSON Lines hold them all]"
    kept = units[: 2 * (CELL_LIMIT - len(mark))]
    return kept.decode("utf-16-le", errors="ignore") + mark
