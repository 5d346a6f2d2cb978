"""Problems of a whole file as the one error that stops it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.errors import SourceError

if TYPE_CHECKING:
    from importer.problems import FileProblem, ProblemCode

_PLACES_SHOWN = 6
"""As many as there are fields that every booking needs."""


def raise_first(name: str, problems: tuple[FileProblem, ...]) -> None:
    """Raise for problems of a whole file, if there are any.

    Raises:
        SourceError: Says each kind once, with its first few places and the fix of the first.
    """
    error = error_of(name, problems)
    if error is not None:
        raise error


def error_of(name: str, problems: tuple[FileProblem, ...]) -> SourceError | None:
    """Return what `raise_first` would raise, None when there are no problems."""
    if not problems:
        return None
    first = problems[0].code
    return SourceError(f"{name}: {sentence_of(problems)}", todo=first.fix, code=first.code)


def sentence_of(problems: tuple[FileProblem, ...]) -> str:
    """Return problems of a whole file in a line: each kind once, with its first few places."""
    kinds: dict[ProblemCode, list[FileProblem]] = {}
    for problem in problems:
        kinds.setdefault(problem.code, []).append(problem)
    return " ".join(_sentence(code, alike) for code, alike in kinds.items())


def _sentence(code: ProblemCode, alike: list[FileProblem]) -> str:
    """Return what is wrong, once, and where."""
    places = [": ".join(word for word in (p.place, p.hint) if word) for p in alike]
    told = [place for place in places if place]
    more = len(told) - _PLACES_SHOWN
    shown = [*told[:_PLACES_SHOWN], *([f"and {more} more"] if more > 0 else [])]
    return f"{code.sentence.removesuffix('.')}: {'; '.join(shown)}." if shown else code.sentence
