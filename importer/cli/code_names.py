"""Problem codes as people type them: `IMP220`, `220` or `PHONE_NOT_US`."""

from __future__ import annotations

import click

from importer.problems import ProblemCode


def problem_named(word: str) -> ProblemCode:
    """Return the problem that is meant.

    Raises:
        UsageError: There is none.
    """
    name = word.strip().upper()
    for problem in ProblemCode:
        if name in {problem.code, problem.code.removeprefix("IMP"), problem.name}:
            return problem
    raise click.UsageError(f"There is no code {word!r}; `solv-import explain` lists them all.")


def problems_named(words: str | None) -> frozenset[ProblemCode]:
    """Return the problems of a list such as `IMP220,221`; none when there is no list.

    Raises:
        UsageError: One of them is none.
    """
    return frozenset(problem_named(word) for word in words.split(",")) if words else frozenset()
