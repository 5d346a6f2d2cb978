"""The pieces that the code of a number format is made of."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple


class Part(Enum):
    """What a token of a format stands for."""

    LITERAL = auto()
    """Characters that are shown as they are."""
    LETTER = auto()
    """One that stands for a part of a date in some programs, and for itself in others."""
    SCRIPT = auto()
    """That digits are shown in another script."""
    DIGIT = auto()
    POINT = auto()
    COMMA = auto()
    EXPONENT = auto()
    GENERAL = auto()
    """The number as it is."""
    TEXT = auto()
    """The text as it is."""
    DAY = auto()
    CLOCK = auto()
    CONDITION = auto()
    ASIDE = auto()
    """Colors and languages, which show nothing."""
    END = auto()
    """Of a section."""


class Token(NamedTuple):
    """A piece of a format and the characters that say it, or that it shows."""

    part: Part
    text: str = ""
