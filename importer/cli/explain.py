"""`solv-import explain`: what a problem code means and how to fix it."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING

import click

from importer.cli.code_names import problem_named
from importer.cli.options import setting_options
from importer.cli.shell import command as command_class
from importer.cli.terminal import bold, put, signs
from importer.problems import GROUPS, ProblemCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@click.command(
    "explain",
    cls=command_class(
        "explain",
        ("solv-import explain IMP220", "one code, with an example"),
        ("solv-import explain", "all of them, by group"),
    ),
)
@click.argument("code", required=False, metavar="[CODE]")
@setting_options("json")
def command(code: str | None, **flags: object) -> None:
    """Say what a problem code means and how to fix it."""
    problems = list(ProblemCode) if code is None else [problem_named(code)]
    # No other setting is read: a broken profile must not keep its own problem unexplained.
    if flags["json"]:
        lines: Iterable[str] = (json.dumps(_as_json(problem)) for problem in problems)
    else:
        lines = _as_list(problems) if code is None else _as_text(problems[0])
    for line in lines:
        put(line)


def _as_json(problem: ProblemCode) -> dict[str, object]:
    return {
        "code": problem.code,
        "name": problem.name,
        "group": GROUPS[problem.group],
        "severity": problem.severity.value,
        "title": problem.title,
        "sentence": problem.sentence,
        "fix": problem.fix,
        "example": problem.example._asdict(),
    }


def _as_list(problems: list[ProblemCode]) -> Iterator[str]:
    for number, (group, members) in enumerate(groupby(problems, key=lambda p: p.group)):
        yield ("\n" if number else "") + bold(GROUPS[group])
        for problem in members:
            yield f"  {problem.code}  {problem.severity.value:<7}  {problem.title}"


def _as_text(problem: ProblemCode) -> Iterator[str]:
    before, after = problem.example
    yield f"{bold(problem.code)} ({problem.severity.value}): {bold(problem.title)}"
    yield ""
    yield problem.sentence
    yield f"{bold('What to do')}: {problem.fix}"
    yield f"{bold('Example')}: {before} {signs().arrow} {after}"
