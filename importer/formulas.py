"""Text that a spreadsheet may take for a formula, and the apostrophe that keeps it text."""

from __future__ import annotations

import re
from typing import Final

FORMULA: Final = (
    r"(?:[\t\r\n\x00]|[\s\"\x00-\x1f\u200b-\u200f\u2060\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20])"
)
"""How such a text begins, as a pattern.

What OWASP lists for CSV injection, full-width forms included; spreadsheets look past leading
spaces, quotation marks and characters that cannot be seen.
"""
_FORMULA = re.compile(FORMULA)
_MARK = "'"


def looks_like_formula(text: str) -> bool:
    """Return whether a spreadsheet may run `text` when it meets it untyped."""
    return _FORMULA.match(text) is not None


def marked(text: str) -> str:
    """Return `text` with an apostrophe before what looks like a formula.

    A text that begins with an apostrophe is harmless and stays as it is, so that nothing
    grows when results are imported and written again.
    """
    return _MARK + text if looks_like_formula(text) else text


def unmarked(text: str) -> str:
    """Return `text` without the apostrophe that `marked` puts before a formula."""
    if text.startswith(_MARK) and looks_like_formula(text[1:]):
        return text[1:]
    return text
