"""What a rule makes of one cell: its text in the API's form, or what is wrong with it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

from importer.problems import ProblemCode, Severity


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as a rule left it.

    With an error `text` is what the source holds; with a warning, or with nothing, it is
    the API's form, and reading that form again changes nothing.
    """

    text: str = field(repr=False)
    problem: ProblemCode | None = None
    hint: str = ""
    """A few words for this case, never a value of the cell."""
    suggestion: str = field(default="", repr=False)
    """How the source could write it so that the problem is gone; "" where that is not certain."""

    @property
    def is_error(self) -> bool:
        """Return whether the cell keeps its row from being sent."""
        return self.problem is not None and self.problem.severity is Severity.ERROR


def with_plain_digits(text: str) -> str:
    """Return the digits of every script, such as Arabic or full-width ones, as 0 to 9.

    Letters stay as they are, and so do superscripts and circled digits, which are signs.
    """
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in text)


def without_wide_digits(text: str) -> str:
    """Return full-width and other styled digits and letters as plain ones (NFKC).

    A text with superscripts, circled or fraction digits stays as it is, because NFKC would
    make an ordinary digit of them: a phone number with a footnote mark would gain a digit.
    """
    if text.isascii() or any(unicodedata.category(letter) == "No" for letter in text):
        return text
    return unicodedata.normalize("NFKC", text)
