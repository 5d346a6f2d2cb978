"""Number formats of a workbook, and what they show of a cell that keeps something else."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from importer.reading.format_codes import Part, Section, section_of, sections_of, tokens_of
from importer.reading.package import walk
from importer.reading.scan import BELOW_ZERO, MASKED, NO_DAY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from importer.reading.format_codes import Token
    from importer.reading.package import Package
    from importer.reading.table import Place

_STYLES = "xl/styles.xml"
_LONGEST = 255
"""The most characters that a format may have."""
_PLAIN_NUMBER = ("", "")
_NEGATIVES = frozenset({("-", ""), ("(", ")")})
"""What may stand around a negative number, which is no other number for it."""
_MOST_SECTIONS = 3
_BUILT_IN = (
    {
        1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00",
        12: "# ?/?", 13: "# ??/??", 14: "m/d/yyyy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy",
        18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "m/d/yyyy h:mm",
        45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
        41: '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)',
        43: '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)',
    }
    | dict.fromkeys((5, 6), "$#,##0_);($#,##0)")
    | dict.fromkeys((7, 8), "$#,##0.00_);($#,##0.00)")
    | dict.fromkeys((37, 38), "#,##0_);(#,##0)")
    | dict.fromkeys((39, 40), "#,##0.00_);(#,##0.00)")
    | dict.fromkeys((42, 44), '_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_);_(@_)')
    # Dates and times of East Asia, each in the way of its country.
    | dict.fromkeys((*range(27, 37), *range(50, 59)), "yyyy/m/d h:mm")
)  # fmt: skip
"""Formats that go by a number and whose code no file holds."""


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
    def plain_from(self) -> float:
        """Return from where on no number is worth a second look: of a date or a time, and few are.

        A sheet has hundreds of thousands of them.
        """
        first = self.numbers[0] if self.numbers else None
        if first is None or not first.is_moment:
            return math.inf
        return 0.0 if first.has_clock else 1.0

    @cached_property
    def alters_texts(self) -> bool:
        """Return whether a text is shown with more characters, or not at all."""
        return self.shown("x").split() != ["x"]

    def shown(self, text: str) -> str:
        """Return what is shown of a cell of text."""
        if self.texts is None:
            return text
        return "".join(
            text if token.part is Part.TEXT else token.text
            for token in self.texts
            if token.part in (Part.TEXT, Part.LITERAL)
        )

    def finding(self, value: float) -> int | None:
        """Return what is to be said of a cell that keeps this number, None when nothing is.

        Returns:
            A place in the list of `scan`, as `Findings.add` takes it.
        """
        if value >= self.plain_from or not math.isfinite(value):
            return None
        if math.isfinite(self.plain_from):
            # calamine takes the first section's word for it, and a time of day from any of them.
            return BELOW_ZERO if value < 0 else NO_DAY
        return MASKED if self._alters(value) else None

    def _alters(self, value: float) -> bool:
        """Return whether a number is shown as another one, with more characters, or not at all."""
        sections = self.numbers
        if any(section.condition for section in sections):
            return _alters_by_condition(sections, value)
        if len(sections) <= 1:
            return any(_alters(section, value) for section in sections)
        if value < 0:
            return _alters(sections[1], value, signs=_NEGATIVES)
        zero = sections[2] if len(sections) >= _MOST_SECTIONS else sections[0]
        return _alters(sections[0] if value else zero, value)


def _alters_by_condition(sections: Sequence[Section], value: float) -> bool:
    """Return whether a section that may be the number's own one alters it.

    Programs differ about what sections beside one with a condition are for.
    """
    told = [s for s in sections if s.condition is not None and s.condition.holds(value)]
    others = [s for s in sections if s.condition is None]
    signs = {_PLAIN_NUMBER, *(_NEGATIVES if value < 0 else ())}
    chosen = told[:1] or others
    return not chosen or any(_alters(section, value, signs=signs) for section in chosen)


def _alters(
    section: Section,
    value: float,
    *,
    signs: frozenset[tuple[str, str]] | set[tuple[str, str]] = frozenset({_PLAIN_NUMBER}),
) -> bool:
    """Return whether a section shows a number otherwise than as that very number."""
    if section.is_moment or section.is_parted or section.is_scaled:
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
    is_empty = not size and not section.least_digits and not decimals
    return is_empty or section.least_digits > max(1, whole)


@lru_cache(maxsize=1024)
def format_of(code: str) -> NumberFormat:
    """Return what the code of a format says; "" shows everything as it is.

    With fewer than four sections the last one is for texts where it shows one, and texts are
    shown as they are where none does.
    """
    if not code:
        return NumberFormat(numbers=())
    tokens = sections_of(tokens_of(code[:_LONGEST]))
    numbers, texts = tokens[:_MOST_SECTIONS], tokens[_MOST_SECTIONS:]
    if not texts and any(token.part is Part.TEXT for token in tokens[-1]):
        texts = [tokens[-1]]
        # A format of one section is for numbers, too; what is around its @ may be shown.
        numbers = tokens[:-1] or tokens
    sections = tuple(section_of(section) for section in numbers)
    return NumberFormat(numbers=sections, texts=tuple(texts[0]) if texts else None)


@dataclass(slots=True)
class StyleTable:
    """The styles of a workbook as its records or elements come by."""

    codes: dict[int, str] = field(default_factory=dict)
    """The code of each format by its number."""
    styles: list[int] = field(default_factory=list)
    """The format of each style, in the order in which cells count them."""

    def formats(self) -> dict[int, NumberFormat]:
        """Return the formats by style, but for those that show every cell as it is."""
        found = {n: format_of(self.codes.get(n) or _BUILT_IN.get(n, "")) for n in set(self.styles)}
        return {at: found[n] for at, n in enumerate(self.styles) if not found[n].is_plain}


def formats_of(package: Package, place: Place) -> Mapping[str, NumberFormat]:
    """Return the formats of an XLSX workbook by style, as its cells name them.

    Raises:
        SourceError: The part of styles is no XML, or holds a document type definition.
    """
    table = StyleTable()
    where: list[str] = []

    def on_element(name: str, attributes: dict[str, str]) -> None:
        if name in ("cellXfs", "cellStyleXfs", "dxfs"):
            where[:] = [name]
        elif name == "numFmt" and where != ["dxfs"]:
            table.codes[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
        elif name == "xf" and where == ["cellXfs"]:
            table.styles.append(int(attributes.get("numFmtId", "0")))

    if _STYLES in package:
        walk(package.blocks(_STYLES), on_element, place)
    return {str(at): one for at, one in table.formats().items()}
