"""`solv-import explain`: what a problem code means and how to fix it."""

from __future__ import annotations

import json

import click

from importer.cli.options import setting_options
from importer.cli.shell import command as command_class
from importer.cli.terminal import bold, put
from importer.problems import ProblemCode


@click.command(
    "explain",
    cls=command_class(
        "explain",
        ("solv-import explain IMP220", "one code"),
        ("solv-import explain", "all of them"),
    ),
)
@click.argument("code", required=False, metavar="[CODE]")
@setting_options("json")
@click.option("--markdown", is_flag=True, help="As the page docs/problems.md.")
@click.pass_context
def command(ctx: click.Context, /, code: str | None, **flags: object) -> None:
    """Say what a problem code means and how to fix it."""
    problems = list(ProblemCode) if code is None else [_problem(code, ctx)]
    # No other setting is read: a broken profile must not keep its own problem unexplained.
    if flags["json"]:
        for problem in problems:
            put(json.dumps(_as_json(problem)))
    elif flags["markdown"]:
        put(as_page(problems))
    elif code is None:
        for problem in problems:
            put(f"{problem.code}  {problem.severity.value:<7}  {problem.title}")
    else:
        put(_as_text(problems[0]))


def _problem(code: str, ctx: click.Context) -> ProblemCode:
    word = code.strip().upper()
    for problem in ProblemCode:
        if word in {problem.code, problem.code.removeprefix("IMP"), problem.name}:
            return problem
    raise click.UsageError("There is no such code; `solv-import explain` lists them all.", ctx)


def _as_json(problem: ProblemCode) -> dict[str, str]:
    return {
        "code": problem.code,
        "name": problem.name,
        "severity": problem.severity.value,
        "title": problem.title,
        "sentence": problem.sentence,
        "fix": problem.fix,
    }


def as_page(problems: list[ProblemCode]) -> str:
    """Return the problems as a Markdown page."""
    lines = [
        "# Problems",
        "",
        "Every problem that the importer tells of, made by `solv-import explain --markdown`.",
        "IMP0xx is about the file, 1xx about headings and settings, 2xx about one cell, 3xx about",
        "rows among each other, 4xx about what Solv answered. An *error* keeps a row, or the file,",
        "from being sent; a *warning* is sent and worth a look; a *note* is nothing wrong.",
        "",
        "| code | | problem | what it means | what to do |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {problem.code} | {problem.severity.value} | {problem.title} |"
        f" {problem.sentence} | {problem.fix} |"
        for problem in problems
    ]
    return "\n".join(lines)


def _as_text(problem: ProblemCode) -> str:
    return "\n".join(
        (
            f"{bold(problem.code)} ({problem.severity.value}): {bold(problem.title)}",
            "",
            problem.sentence,
            f"{bold('What to do')}: {problem.fix}",
        )
    )
