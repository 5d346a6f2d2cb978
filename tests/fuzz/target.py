"""What is fuzzed: one function that takes bytes, what it begins with, and what it must keep."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from importer.errors import SourceError
from importer.problems import ProblemCode, Severity, problem_of
from tests.edges.reading_kit import read

if TYPE_CHECKING:
    from tests.edges.reading_kit import Outcome

Replace: TypeAlias = Callable[[Any, str, object], None]
"""Puts a value in the place of an attribute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A part of the importer that takes bytes from outside."""

    name: str
    judge: Callable[[bytes], None]
    """Raises when the importer breaks a promise over these bytes."""
    seeds: Callable[[], Iterable[bytes]]
    """Inputs to begin with, made by code."""
    words: tuple[bytes, ...]
    """What a mutation may put in."""
    plant: Callable[[Replace], None]
    """Puts in a bug that the judge must find."""


@functools.cache
def scratch() -> Path:
    """Return a folder for the files of this process; whoever starts it removes them."""
    return Path(tempfile.mkdtemp(prefix="fuzz-"))


def loaded(content: bytes, name: str, **options: Any) -> Outcome | None:
    """Return what reading makes of a file; None where it refuses it in one clear sentence.

    Raises:
        AssertionError: Its rows do not fit its headings, or its sentence is not clear.
    """
    path = scratch() / name
    path.write_bytes(content)
    try:
        outcome = read(path, **options)
    except SourceError as error:
        require_clear(error, name)
        return None
    for row, code, column in outcome.problems:
        assert row in outcome.rows, (code, row)
        assert column is None or 0 <= column < len(outcome.headings), (code, column)
    return outcome


def require_clear(error: SourceError, name: str) -> None:
    """Fail unless an error names the file, says one sentence, and what to do."""
    assert error.message.startswith(name), error.message
    assert error.message.isprintable(), error.message
    assert error.todo
    assert problem_of(error.code) is not None
    assert error.__cause__ is None


def refused_rows(outcome: Outcome) -> set[int]:
    """Return the rows that are not sent."""
    return {
        row for row, code, _ in outcome.problems if ProblemCode[code].severity is Severity.ERROR
    }
