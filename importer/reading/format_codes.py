"""The code of a number format, such as `[>9]0;"none"`, taken apart into tokens and sections."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from importer.reading.format_parts import Part, Token
from importer.reading.moment_words import says_more

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_TOKEN = re.compile(
    r"""
    "(?P<quoted>[^"]*)(?:"|\Z)
    |\\(?P<escaped>.)
    |_(?P<room>.)                                   # as wide as that letter
    |\*(?P<filling>.)
    |\[(?P<condition>(?:<=|>=|<>|[<=>])\ *-?[0-9]+(?:\.[0-9]*)?)\]
    |\[\$(?P<currency>[^]-]*)(?:-[^]]*)?\]
    |\[(?P<elapsed>h+|m+|s+)\]
    |\[(?P<script>(?:DB|Nat)Num[^]]*)\]             # digits of another script
    |\[(?P<aside>[^]]*)\]
    |(?P<general>General)
    |(?P<half>AM/PM|A/P|上午/下午|午前/午後|오전/오후)
    |(?P<moment>[dmyhs])
    |(?P<exponent>E[+-])
    |(?P<letter>[egbnqw])                           # eras, weekdays, quarters and weeks
    |(?P<digit>[0#?])
    |(?P<point>\.)
    |(?P<comma>,)
    |(?P<text>@)
    |(?P<end>;)
    |(?P<bare>.)
    """,
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_PARTS = {
    "condition": Part.CONDITION,
    "elapsed": Part.CLOCK,
    "aside": Part.ASIDE,
    "general": Part.GENERAL,
    "half": Part.CLOCK,
    "letter": Part.LETTER,
    "script": Part.SCRIPT,
    "exponent": Part.EXPONENT,
    "digit": Part.DIGIT,
    "point": Part.POINT,
    "comma": Part.COMMA,
    "text": Part.TEXT,
    "end": Part.END,
}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
_CONDITION = re.compile(r"([<>=]{1,2}) *(.+)")
_CORES = frozenset({Part.DIGIT, Part.GENERAL, Part.TEXT})
_SHOWN = frozenset({Part.LITERAL, Part.LETTER, Part.SCRIPT})
"""What is shown of a section for numbers, beside the number."""
_MOST_DECIMALS = 30


def tokens_of(code: str) -> Iterator[Token]:
    """Yield the tokens of a format's code, whatever it is: every character belongs to one."""
    for match in _TOKEN.finditer(code):
        kind, text = match.lastgroup or "", match[match.lastgroup or 0]
        if kind == "moment":
            yield Token(Part.CLOCK if text in "hHsS" else Part.DAY, text)
        elif kind == "room":
            yield Token(Part.LITERAL, " ")
        else:
            yield Token(_PARTS.get(kind, Part.LITERAL), text)


def sections_of(tokens: Iterable[Token]) -> list[list[Token]]:
    """Return the tokens between the semicolons; at least one list, which may be empty."""
    sections: list[list[Token]] = [[]]
    for token in tokens:
        if token.part is Part.END:
            sections.append([])
        else:
            sections[-1].append(token)
    return sections


class Condition(NamedTuple):
    """For which numbers a section is, such as `>=100`."""

    compare: Callable[[float, float], bool]
    limit: float

    def holds(self, value: float) -> bool:
        """Return whether it does for this number."""
        return self.compare(value, self.limit)


def condition_of(text: str) -> Condition | None:
    """Return the condition that a text such as `>=100` says, None when it says none."""
    match = _CONDITION.fullmatch(text)
    if match is None or match[1] not in _COMPARISONS:
        return None
    try:
        return Condition(_COMPARISONS[match[1]], float(match[2]))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What one section of a format does with the numbers, or the texts, that it is for."""

    condition: Condition | None
    before: str
    after: str
    """Characters around the number or the text, without white space."""
    between: str
    """Characters between the digits."""
    is_scaled: bool
    """Whether it shows percent, thousands or millions, or a second point."""
    least_digits: int
    """In front of the point; zeros fill them."""
    decimals: int | None
    """None where no digits are asked for: it shows the number as it is, or not at all."""
    has_exponent: bool
    has_general: bool
    has_text: bool
    has_day: bool
    has_clock: bool
    says_more: bool
    """Whether a date or a time is shown with digits or words of the format's own."""

    @property
    def is_moment(self) -> bool:
        """Return whether it shows a date or a time."""
        return self.has_day or self.has_clock

    @property
    def is_wordy(self) -> bool:
        """Return whether it shows words in place of the number, or nothing."""
        return not (
            self.decimals is not None or self.has_general or self.has_text or self.is_moment
        )

    def hides(self, value: float) -> bool:
        """Return whether a number is shown as no digit at all, which is so of 0 in `#`."""
        is_whole = self.decimals == 0 and not (self.has_general or self.has_text)
        return is_whole and not self.least_digits and not value


def section_of(tokens: Sequence[Token]) -> Section:
    """Return what the tokens of one section say together."""
    parts = [token.part for token in tokens]
    cores = [at for at, part in enumerate(parts) if part in _CORES]
    first, last = (cores[0], cores[-1]) if cores else (len(tokens), len(tokens))
    literals = [(at, t.text) for at, t in enumerate(tokens) if t.part in _SHOWN]
    whole, decimals = _digits(tokens)
    has_clock = Part.CLOCK in parts
    return Section(
        condition=next((condition_of(t.text) for t in tokens if t.part is Part.CONDITION), None),
        before=_visible(text for at, text in literals if at < first),
        after=_visible(text for at, text in literals if at > last),
        between="".join(text for at, text in literals if first < at < last),
        is_scaled=_is_scaled(tokens) or any("%" in text for _, text in literals),
        least_digits=len(whole) - whole.index("0") if "0" in whole else 0,
        decimals=decimals if Part.DIGIT in parts else None,
        has_exponent=Part.EXPONENT in parts,
        has_general=Part.GENERAL in parts,
        has_text=Part.TEXT in parts,
        has_day=Part.DAY in parts and (not has_clock or _names_a_day(tokens)),
        has_clock=has_clock,
        says_more=says_more(tokens),
    )


def _visible(texts: Iterable[str]) -> str:
    return "".join("".join(texts).split())


def _digits(tokens: Iterable[Token]) -> tuple[str, int]:
    """Return the places for digits in front of the point, and how many are behind it."""
    whole, decimals, is_behind = "", 0, False
    for token in tokens:
        if token.part is Part.EXPONENT:
            break
        is_behind |= token.part is Part.POINT
        if token.part is Part.DIGIT:
            whole, decimals = (whole, decimals + 1) if is_behind else (whole + token.text, 0)
    return whole, min(decimals, _MOST_DECIMALS)


def _is_scaled(tokens: Sequence[Token]) -> bool:
    """Return whether a comma stands behind the digits of the whole part, or two points do."""
    is_open = False
    if [token.part for token in tokens].count(Part.POINT) > 1:
        return True
    for token in tokens:
        if token.part is Part.COMMA:
            is_open = True
        elif token.part is Part.DIGIT:
            is_open = False
        elif token.part is Part.POINT and is_open:
            return True
    return is_open


def _names_a_day(tokens: Iterable[Token]) -> bool:
    """Return whether letters beside those of a time say a day: an `m` there means minutes."""
    return any(t.part is Part.DAY and t.text not in "mM" for t in tokens)
