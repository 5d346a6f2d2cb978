"""Where the quotation marks of a CSV record break the rules."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_QUOTE = '"'
_TEXT_FORMULA = re.compile('="[^"]*"')
"""How exports keep the zeros of an id; its marks belong to the formula, not to the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Splitting:
    """One record taken apart, and where its quotation marks are wrong."""

    cells: tuple[str, ...] = field(repr=False)
    spans: tuple[tuple[int, int], ...]
    """Where each cell begins and ends, its marks included."""
    open_at: int | None
    """Where a quoted cell begins that never ends; None when all of them end."""
    strays: tuple[int, ...]
    """The cells with a mark inside that is not doubled, or with text behind the closing one."""
    stray_at: int | None
    """Where the first of those cells begins."""


def split_record(text: str, delimiter: str) -> Splitting:
    """Take one record apart, with the line end that it may have."""
    cells: list[str] = []
    spans: list[tuple[int, int]] = []
    strays: dict[int, int] = {}
    open_at: int | None = None
    position: int | None = 0
    while position is not None:
        begin, quoted = position, ""
        is_quoted = text.startswith(_QUOTE, begin)
        if is_quoted:
            closing = _closing(text, begin)
            quoted = text[begin + 1 : closing].replace('""', _QUOTE)
            open_at = begin if closing == len(text) else None
            position = closing + 1
        behind = position
        bare, position = _up_to(text, position, delimiter)
        spans.append((begin, behind + len(bare)))
        is_text_formula = not is_quoted and _TEXT_FORMULA.fullmatch(bare) is not None
        if (_QUOTE in bare and not is_text_formula) or (is_quoted and bare):
            strays[len(cells)] = begin
        cells.append(quoted + bare)
    return Splitting(
        cells=tuple(cells),
        spans=tuple(spans),
        open_at=open_at,
        strays=tuple(strays),
        stray_at=min(strays.values(), default=None),
    )


def _closing(text: str, opening: int) -> int:
    """Return where the mark stands that ends the cell; the text's end when there is none."""
    position = opening + 1
    while True:
        mark = text.find(_QUOTE, position)
        if mark < 0:
            return len(text)
        if not text.startswith(_QUOTE, mark + 1):
            return mark
        position = mark + 2


def _up_to(text: str, position: int, delimiter: str) -> tuple[str, int | None]:
    """Return the text before the next delimiter, and where the next cell begins, if one does."""
    end = text.find(delimiter, position)
    if end < 0:
        return text[position:].rstrip("\r\n"), None
    return text[position:end], end + 1
