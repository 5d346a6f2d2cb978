"""Cell text that no program runs as a formula and every program can read."""

from __future__ import annotations

import re

XLSX_CELL_LIMIT = 32_767
"""Characters in a cell of a workbook, counted in UTF-16 units as Excel does."""

# What OWASP lists for CSV injection, full-width forms included; spreadsheets look past leading
# spaces, quotation marks and characters that cannot be seen.
_FORMULA = re.compile(
    r"[\t\r\n\x00]|[\s\"\x00-\x1f\u200b-\u200f\u2060\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]"
)
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_CONTROL_PICTURES = 0x2400
_FIRST_PRINTABLE = 0x20
_NO_CHARACTER = "\N{REPLACEMENT CHARACTER}"


def looks_like_formula(text: str) -> bool:
    """Return whether a spreadsheet may run `text` when it meets it untyped."""
    return _FORMULA.match(text) is not None


def csv_text(text: str) -> str:
    """Return `text` for a CSV cell, an apostrophe before what looks like a formula.

    A text that begins with an apostrophe is harmless and stays as it is, so that nothing
    grows when results are imported and written again. The way back: an apostrophe before one
    of the characters above is removed when a cell is read.
    """
    return f"'{utf8_text(text)}" if looks_like_formula(text) else utf8_text(text)


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
    return text if len(text) <= XLSX_CELL_LIMIT // 2 else _cut(text)


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(_CONTROL_PICTURES + code) if code < _FIRST_PRINTABLE else _NO_CHARACTER


def _cut(text: str) -> str:
    units = text.encode("utf-16-le")
    if len(units) // 2 <= XLSX_CELL_LIMIT:
        return text
    mark = f" [cut here: {len(text):,} characters; results as CSV or JSON Lines hold them all]"
    kept = units[: 2 * (XLSX_CELL_LIMIT - len(mark))]
    return kept.decode("utf-16-le", errors="ignore") + mark
