"""One cell with a whole name, split where a stated pattern leaves no doubt."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never

if TYPE_CHECKING:
    from importer.model import NamePattern

_NOT_IN_A_NAME = re.compile(r"""[0-9()\[\]{}"“”&/\\;:|<>*+=@#?!_]""")
"""Marks of a nickname, a second person or a note: more than a pattern says."""

_TITLES = frozenset(
    (
        *("mr", "mrs", "ms", "miss", "mx", "dr", "prof", "rev", "reverend", "fr", "sgt", "capt"),
        "lt",
    )
)
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "v", "vii", "viii", "esq"})
_DEGREES = frozenset(
    (
        *("phd", "rn", "np", "lpn", "cnp", "fnp", "aprn", "crna", "bsn", "msn", "mph", "mba"),
        *("dds", "dmd", "dvm", "cpa", "pa-c", "pharmd", "psyd", "lcsw", "facp", "facs"),
    )
)
_ONLY_IN_CAPITALS = frozenset({"MD", "DO", "PA", "OD", "VI", "IX"})
"""Degrees and numbers that are somebody's name in small letters: Md Rahman, Vi Nguyen."""
_NOTES = frozenset({"deceased", "aka"})
"""What stands where a name should, and is nobody's."""
_FIRST_AND_MIDDLE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeName:
    """The two halves of one name."""

    first: str = field(repr=False)
    last: str = field(repr=False)
    middle: str = field(default="", repr=False)
    """What the pattern says is not sent."""


def split_name(text: str, pattern: NamePattern) -> WholeName | None:
    """Return the halves of a name that is written just as `pattern` says, else None.

    `Last, First`: one comma; before it the last name, of any number of words; behind it the
    first name, of any number of words but without an initial, which would be a middle name.
    `Last, First Middle`: the same, but behind the comma stand one word, or two of which the
    second is not sent. `First Last`: two words, no more, since nothing says which of three
    belong together. A title, a suffix such as Jr., a degree such as MD, a digit, a bracket or a
    quotation mark is never part of either half, so none of these is split.

    Args:
        text: One line without white space around it, as `tidy` leaves it.
        pattern: How the profile says that names are written.
    """
    if _NOT_IN_A_NAME.search(text):
        return None
    match pattern:
        case "First Last":
            return _by_space(text)
        case "Last, First" | "Last, First Middle":
            return _by_comma(text, has_middle=pattern == "Last, First Middle")
        case _:
            assert_never(pattern)


def _by_space(text: str) -> WholeName | None:
    words = text.split()
    if len(words) != _FIRST_AND_MIDDLE or "," in text or any(map(_is_extra, words)):
        return None
    return WholeName(first=words[0], last=words[1])


def _by_comma(text: str, *, has_middle: bool) -> WholeName | None:
    before, _, behind = text.partition(",")
    last, first = before.split(), behind.split()
    if not last or not first or "," in behind:
        return None
    if any(map(_is_extra, first)) or _has_extra(last):
        return None
    if has_middle:
        middle = " ".join(first[1:])
        is_exact = len(first) <= _FIRST_AND_MIDDLE
        return WholeName(first=first[0], last=" ".join(last), middle=middle) if is_exact else None
    if len(first) > 1 and any(map(_is_initial, first)):
        return None
    return WholeName(first=" ".join(first), last=" ".join(last))


def _has_extra(last: list[str]) -> bool:
    """Return whether a last name is more than that; alone before a comma, Ii is a surname."""
    is_note = any(word.casefold() in _NOTES for word in last)
    return is_note or (len(last) > 1 and any(map(_is_extra, last)))


def _is_extra(word: str) -> bool:
    """Return whether a word is a title, a suffix, a degree or a note."""
    bare, undotted = word.strip(".").casefold(), word.replace(".", "")
    is_known = bare in _TITLES | _SUFFIXES | _NOTES or undotted.casefold() in _DEGREES
    return is_known or undotted in _ONLY_IN_CAPITALS


def _is_initial(word: str) -> bool:
    return len(word.rstrip(".")) == 1
