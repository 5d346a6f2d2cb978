"""What the catalogue says of one problem."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How much a problem weighs."""

    ERROR = "error"
    """The row, or the file where it is about the whole file, is not sent."""
    WARNING = "warning"
    """It is sent; somebody may want to look."""
    NOTE = "note"
    """Nothing is wrong."""


E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE


class Example(NamedTuple):
    """An invented case of a problem; what cannot be seen is written as `<its name>`."""

    before: str
    """What is found."""
    after: str
    """What it should be, or what becomes of it."""


class Entry(NamedTuple):
    """One problem in the words of every surface."""

    severity: Severity
    title: str
    """A few words without a full stop."""
    sentence: str
    """What is wrong."""
    fix: str
    """What to do; `Nothing.` where nothing is to be done."""
    example: Example
