"""Number formats of a workbook that show something else than the cell keeps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from importer.reading.package import walk

if TYPE_CHECKING:
    from importer.reading.package import Package
    from importer.reading.table import Place

_STYLES = "xl/styles.xml"
_SHOWN_OTHERWISE = frozenset({9, 10, 12, 13})
"""Formats with a number of their own that show percent or fractions."""
_LITERAL = re.compile(r'"([^"]*)"|\\(.)', re.DOTALL)
_NOT_SHOWN = re.compile(r"\[[^\]]*\]|[_*].", re.DOTALL)
"""Colors, conditions and languages; room as wide as a letter, and a letter that fills."""
_OF_DATES = re.compile("[dmyhs]", re.IGNORECASE)
_PARTED = re.compile(r"[0#?][-()/ ]+[0#?]")
_WORD = re.compile(r"\w")
_SECTION = re.compile(r'(?:"[^"]*"|\\.|[^;])+', re.DOTALL)
_LONGEST = 255
"""The most characters that a format may have."""


class Masks(NamedTuple):
    """The styles, as cells name them, whose cells do not show what they keep."""

    numbers: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()


def masks_of(package: Package, place: Place) -> Masks:
    """Return which styles of a workbook add zeros, signs or words to what a cell keeps.

    Raises:
        SourceError: The part of styles is no XML, or holds a document type definition.
    """
    formats: dict[int, str] = {}
    styles: list[int] = []
    where: list[str] = []

    def on_element(name: str, attributes: dict[str, str]) -> None:
        if name in ("cellXfs", "cellStyleXfs", "dxfs"):
            where[:] = [name]
        elif name == "numFmt" and where != ["dxfs"]:
            formats[int(attributes["numFmtId"])] = attributes.get("formatCode", "")[:_LONGEST]
        elif name == "xf" and where == ["cellXfs"]:
            styles.append(int(attributes.get("numFmtId", "0")))

    if _STYLES in package:
        walk(package.blocks(_STYLES), on_element, place)
    numbers = {n for n in set(styles) if n in _SHOWN_OTHERWISE or masks_numbers(formats.get(n, ""))}
    texts = {n for n in set(styles) if masks_texts(formats.get(n, ""))}
    return Masks(
        numbers=frozenset(str(at) for at, number in enumerate(styles) if number in numbers),
        texts=frozenset(str(at) for at, number in enumerate(styles) if number in texts),
    )


def masks_numbers(code: str) -> bool:
    """Return whether a format shows a number with zeros, signs or words that it has not."""
    shown = _NOT_SHOWN.sub("", code)
    bare = _LITERAL.sub("", shown)
    if _OF_DATES.search(bare.replace("General", "")):
        return False
    if "%" in bare or _PARTED.search(bare) or _has_words(shown):
        return True
    # Accounting shows a dash for nothing, which is no word.
    if any(_signs_a_number(section) for section in _SECTION.findall(shown)):
        return True
    return any(section.partition(".")[0].count("0") > 1 for section in bare.split(";"))


def masks_texts(code: str) -> bool:
    """Return whether a format shows a text with words that it has not."""
    shown = _NOT_SHOWN.sub("", code)
    return "@" in _LITERAL.sub("", shown) and _has_words(shown)


def _has_words(shown: str) -> bool:
    return any(_WORD.search(words or letter) for words, letter in _LITERAL.findall(shown))


def _signs_a_number(section: str) -> bool:
    has_digits = not {"0", "#", "?"}.isdisjoint(_LITERAL.sub("", section))
    return has_digits and any((w or letter).strip() for w, letter in _LITERAL.findall(section))
