"""Names and free text: trimmed, composed, and free of what cannot be seen."""

from __future__ import annotations

import re
import unicodedata

from importer.normalize.cell import Cell
from importer.problems import ProblemCode

LONGEST_CELL = 32_767
"""Excel's own limit of one cell; nothing longer is looked at."""

LONGEST_NAME = 200
"""Solv names no limit; longer than this it is a moved column, not a name or a street."""

LONGEST_TEXT = 1_000
"""Solv names no limit; a reason for a visit is a sentence or two, not a page."""

_SPACES = " \t\r\n\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000"
_SPACE_RUN = re.compile(f"[{_SPACES}]+")
_EDGE_SPACES = re.compile(f"^[{_SPACES}]+|[{_SPACES}]+$")
_LINE_BREAK = re.compile("[\r\n\u2028\u2029]")
_NOT_DECODED = re.compile("[\ud800-\udfff\ufffd]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")

_INVISIBLE = re.compile(
    "[\u115f\u1160\u3164\uffa0\U000e0000-\U000e007f]"  # fillers, tags
    "|[\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb]"
    # Joiners belong between the letters of Persian and Indic names and inside emoji; elsewhere
    # they are leftovers of a copy.
    "|(?<![\u0590-\u1dff\u2600-\u2fff\u3001-\ufefe\U00010000-\U0010ffff])[\u200c\u200d]"
    "|[\u200c\u200d](?![\u0590-\u1dff\u2600-\u2fff\u3001-\ufefe\U00010000-\U0010ffff])"
)

_EXCEL_TEXT_MARK = re.compile(r"^'+(?=[0-9=+\-@])")
"""The apostrophe by which a spreadsheet marks text; `'Abdul` and `O'Brien` are names."""

_ERROR_VALUES = frozenset(
    (
        *("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!"),
        *("#CALC!", "#FIELD!", "#BLOCKED!", "#GETTING_DATA"),
    )
)
"""What a spreadsheet writes into a CSV where a formula failed; never anybody's name."""

_EMOJI = re.compile("[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]")


def normalize_name(text: str) -> Cell:
    """Return a person's name as it is sent: any script, any length from one letter."""
    cell = tidy(text, joins_lines=False)
    if cell.is_error:
        return cell
    if len(cell.text) > LONGEST_NAME:
        return Cell(text, ProblemCode.CELL_TOO_LONG, f"at most {LONGEST_NAME} characters")
    if cell.problem is None and not cell.text.isascii() and _EMOJI.search(cell.text):
        return Cell(cell.text, ProblemCode.TEXT_EMOJI)
    return cell


def normalize_text(text: str, *, longest: int = LONGEST_TEXT) -> Cell:
    """Return free text on one line, of at most `longest` characters."""
    cell = tidy(text)
    if not cell.is_error and len(cell.text) > longest:
        return Cell(text, ProblemCode.CELL_TOO_LONG, f"at most {longest} characters")
    return cell


def tidy(text: str, *, joins_lines: bool = True) -> Cell:
    """Return `text` trimmed, in NFC, single-spaced, without invisible characters.

    Args:
        text: What the source holds.
        joins_lines: Whether a line break inside becomes a space; otherwise it is refused.
    """
    if _is_plain(text):
        return Cell(text)
    if (refused := _refusal(text, joins_lines=joins_lines)) is not None:
        return Cell(text, refused)
    problem: ProblemCode | None = None
    settled = ""
    # Taking one thing away can bring another to the edge, so it goes on until nothing changes.
    while settled != text:
        settled = text
        text, removed = _without_extras(text)
        problem = problem or removed
    return Cell(text, problem)


def is_empty(text: str) -> bool:
    """Return whether nobody sees anything in a cell, so that it takes the default."""
    return not text.strip() or (not text.isascii() and not tidy(text).text)


def _is_plain(text: str) -> bool:
    """Return whether `text` is ASCII with nothing to tidy, as nearly every cell is."""
    return (
        text.isascii()
        and text.isprintable()
        and len(text) <= LONGEST_CELL
        and text[:1] not in {" ", "'", "#"}
        and text[-1:] != " "
        and "  " not in text
    )


def _refusal(text: str, *, joins_lines: bool) -> ProblemCode | None:
    """Return why `text` cannot be mended, or None."""
    if len(text) > LONGEST_CELL:
        return ProblemCode.CELL_TOO_LONG
    if text.strip().upper() in _ERROR_VALUES:
        return ProblemCode.CELL_ERROR_VALUE
    return _refused_character(text, joins_lines=joins_lines)


def _refused_character(text: str, *, joins_lines: bool) -> ProblemCode | None:
    if _NOT_DECODED.search(text):
        return ProblemCode.CELL_NOT_DECODABLE
    if _CONTROL.search(text):
        return ProblemCode.CELL_CONTROL_CHARACTER
    if _BIDI.search(text):
        return ProblemCode.TEXT_BIDI
    if not joins_lines and _LINE_BREAK.search(_EDGE_SPACES.sub("", text)):
        return ProblemCode.CELL_CONTROL_CHARACTER
    return None


def _without_extras(text: str) -> tuple[str, ProblemCode | None]:
    """Return `text` one step tidier, and the warning about what was taken away."""
    composed = unicodedata.normalize("NFC", text)
    spaced = _SPACE_RUN.sub(" ", composed).strip(" ")
    visible = _INVISIBLE.sub("", spaced)
    if visible != spaced:
        return visible, ProblemCode.TEXT_INVISIBLE
    unmarked = _EXCEL_TEXT_MARK.sub("", visible)
    return unmarked, None if unmarked == visible else ProblemCode.APOSTROPHE_REMOVED
