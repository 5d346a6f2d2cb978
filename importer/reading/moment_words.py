"""Words that formats of dates and times put between their parts, and that change no date."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from importer.reading.format_parts import Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.reading.format_parts import Token

_WORD = re.compile(r"[^\W_]+")
_HARMLESS = frozenset(
    """
    T of the at on st nd rd th
    h m s hr hrs min sec
    de del di do den d ti iti i k ko eko kl klo uhr um le gada metų mėnesio diena päiv r
    \N{CYRILLIC SMALL LETTER GHE} ч 年 月 日 時 时 分 秒 點 点 號 号 年度 년 월 일 시 분 초
    """.casefold().split()
)
"""What Excel and LibreOffice write in the dates of their languages.

No Z, which is a zone, and no a or p, which are halves of the day.
"""
_FRACTION = re.compile(r"s\.0+")
_SIGNS = {Part.CLOCK: "s", Part.POINT: ".", Part.COMMA: ".", Part.DIGIT: "0"}


def says_more(tokens: Sequence[Token]) -> bool:
    """Return whether a section for dates shows more than a date or a time of day.

    Such as digits or words of its own, which may say another year or another hour.
    """
    if any(token.part in (Part.TEXT, Part.GENERAL) for token in tokens):
        return True
    # Digits belong behind the point of the seconds only.
    signs = "".join(_SIGNS.get(token.part, " ") for token in tokens)
    if "0" in _FRACTION.sub("", signs):
        return True
    return any(word.casefold() not in _HARMLESS for word in _words(tokens))


def _words(tokens: Sequence[Token]) -> Iterator[str]:
    """Yield the words and numbers of literals; bare characters come one by one."""
    shown = (token for token in tokens if token.part is not Part.ASIDE)
    for part, run in groupby(shown, key=lambda token: token.part):
        if part is Part.LITERAL:
            yield from _WORD.findall("".join(token.text for token in run))
