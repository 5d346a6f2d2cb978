"""Text in which a terminal finds nothing to obey, whatever a cell, a heading or a file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def printable(text: str, instead: Callable[[str], str] | str = " ") -> str:
    """Return the text without signs that are not printed, line ends included.

    Args:
        text: Anything.
        instead: What stands in the place of such a sign, or what makes it of the sign.
    """
    if text.isprintable():
        return text
    put = instead if callable(instead) else lambda _: instead
    return "".join(sign if sign.isprintable() else put(sign) for sign in text)
