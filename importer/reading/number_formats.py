"""Number formats of a workbook, and what they show of a cell that keeps something else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from importer.reading.format_codes import section_of, sections_of, tokens_of
from importer.reading.format_parts import Part
from importer.reading.misleading import TRUTHS, is_honest, misleads
from importer.reading.scan import BELOW_ZERO, MASKED, NO_DAY, RESTYLED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.reading.format_codes import Section
    from importer.reading.format_parts import Token

LONGEST_CODE = 255
"""The most characters that a format may have."""
_SIGNS = frozenset({("", "")})
_NEGATIVES = frozenset({("-", ""), ("(", ")")})
"""What may stand around a negative number, which is no other number for it."""
_MOST_SECTIONS = 3
_WHOLE = frozenset({Part.TEXT, Part.GENERAL})
_UNSEEN = frozenset({Part.ASIDE, Part.CONDITION, Part.SCRIPT})
_NOTHING = section_of(())


@dataclass(frozen=True, kw_only=True)
class NumberFormat:
    """What a format shows of the cells that have it."""

    numbers: tuple[Section, ...]
    """Sections for numbers; none where they are shown as they are."""
    texts: tuple[Token, ...] | None = None
    """The section for texts; None where they are shown as they are."""

    @property
    def is_plain(self) -> bool:
        """Return whether it shows every cell as it is."""
        return not self.alters_texts and all(
            (section.has_general or section.has_text)
            and section.condition is None
            and not _alters(section, 1.0)
            for section in self.numbers
        )

    @cached_property
    def first_moment(self) -> float | None:
        """Return the first number that it shows as a date or a time, None when it shows none.

        calamine takes the first section's word for it, and a time of day from any of them.
        """
        first = self.numbers[0] if self.numbers else None
        if first is None or not first.is_moment:
            return None
        return 0.0 if first.has_clock else 1.0

    @cached_property
    def plain_from(self) -> float:
        """Return from where on no number is worth a second look: of a date or a time, and few are.

        A sheet has hundreds of thousands of them.
        """
        is_odd = self.says_more or any(not section.is_moment for section in self.numbers)
        return math.inf if self.first_moment is None or is_odd else self.first_moment

    @cached_property
    def says_more(self) -> bool:
        """Return whether it shows dates with digits or words of its own."""
        return any(section.is_moment and section.says_more for section in self.numbers)

    @cached_property
    def alters_texts(self) -> bool:
        """Return whether a text is shown with more characters, or not at all."""
        return self.shown("x").split() != ["x"]

    def shown(self, text: str) -> str:
        """Return what is shown of a cell of text."""
        if self.texts is None:
            return text
        return "".join(
            text if token.part in _WHOLE else token.text
            for token in self.texts
            if token.part not in _UNSEEN
        )

    def finding(self, value: float) -> int | None:
        """Return what is to be said of a cell that keeps this number, None when nothing is.

        Returns:
            A place in the list of `scan`, as `Findings.add` takes it.
        """
        if value >= self.plain_from or not math.isfinite(value):
            return None
        if value > 0 and self._section is not None:
            return RESTYLED if _alters(self._section, value) else None
        first = self.first_moment
        if first is not None and value < first:
            return BELOW_ZERO if value < 0 else NO_DAY
        sections, signs = self._sections_for(value)
        if any(misleads(s, value) or s.is_moment != (first is not None) for s in sections):
            return MASKED
        if first is not None:
            return None
        return RESTYLED if any(_alters(s, value, signs=signs) for s in sections) else None

    def truth_finding(self, *, value: bool) -> int | None:
        """Return what is to be said of a cell that keeps TRUE or FALSE, None when nothing is.

        Some programs show the format's words for it, others never do.
        """
        words = {truth: self._words_for(truth) for truth in (True, False)}
        if (said := words[value]) is None:
            sections, _ = self._sections_for(value)
            numbers = (s for s in sections if not (s.is_wordy or s.is_moment))
            return MASKED if any(misleads(section, value) for section in numbers) else None
        if said in TRUTHS:
            return None if TRUTHS[said] == value else MASKED
        # Words of another language, or the same one for both.
        return MASKED if not said or words[not value] in (said, None) else None

    @cached_property
    def _section(self) -> Section | None:
        """The section for every number above zero, where there is one and it is honest.

        So it is of nearly all formats, and a sheet has hundreds of thousands of such numbers.
        """
        if not self.numbers or any(section.condition for section in self.numbers):
            return None
        return self.numbers[0] if is_honest(self.numbers[0]) else None

    def _words_for(self, value: float) -> str | None:
        """Return what is shown in place of a number, None where it is the number."""
        sections, _ = self._sections_for(value)
        words = {section.before.casefold() for section in sections if section.is_wordy}
        return words.pop() if len(words) == 1 else None

    def _sections_for(self, value: float) -> tuple[Sequence[Section], frozenset[tuple[str, str]]]:
        """Return the sections that may show a number, and the signs around it that change nothing.

        Programs differ about what sections beside one with a condition are for.
        """
        sections = self.numbers
        signs = _SIGNS | _NEGATIVES if value < 0 else _SIGNS
        if any(section.condition for section in sections):
            told = [s for s in sections if s.condition is not None and s.condition.holds(value)]
            others = [s for s in sections if s.condition is None]
            return told[:1] or others or [_NOTHING], signs
        if len(sections) <= 1:
            return sections, _SIGNS
        if value < 0:
            return sections[1:2], _NEGATIVES
        is_third = not value and len(sections) >= _MOST_SECTIONS
        return sections[2:3] if is_third else sections[:1], _SIGNS


def _alters(section: Section, value: float, *, signs: frozenset[tuple[str, str]] = _SIGNS) -> bool:
    """Return whether a section shows a number otherwise than as that very number."""
    if section.is_moment or section.between or section.is_scaled:
        return True
    if (section.before, section.after) not in signs:
        return True
    if section.has_general or section.has_text:
        return False
    return section.decimals is None or _alters_digits(section, section.decimals, abs(value))


def _alters_digits(section: Section, decimals: int, size: float) -> bool:
    """Return whether digits are cut off, or zeros put in front."""
    if section.has_exponent:
        return float(f"{size:.{decimals + max(0, section.least_digits - 1)}e}") != size
    if float(f"{size:.{decimals}f}") != size:
        return True
    whole = len(str(int(size))) if size >= 1 else 0
    return section.hides(size) or section.least_digits > max(1, whole)


@lru_cache(maxsize=1024)
def format_of(code: str) -> NumberFormat:
    """Return what the code of a format says; "" shows everything as it is.

    With fewer than four sections the last one is for texts where it shows one, and texts are
    shown as they are where none does.
    """
    if not code:
        return NumberFormat(numbers=())
    tokens = sections_of(tokens_of(code[:LONGEST_CODE]))
    numbers, texts = tokens[:_MOST_SECTIONS], tokens[_MOST_SECTIONS:]
    if not texts and any(token.part is Part.TEXT for token in tokens[-1]):
        texts = [tokens[-1]]
        # A format of one section is for numbers, too; what is around its @ may be shown.
        numbers = tokens[:-1] or tokens
    sections = tuple(section_of(section) for section in numbers)
    return NumberFormat(numbers=sections, texts=tuple(texts[0]) if texts else None)
