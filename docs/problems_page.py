"""Write docs/problems.md from the catalogue: `make docs`."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from importer.problems import GROUPS, ProblemCode

PAGE = Path(__file__).with_name("problems.md")

_BEGINNING = """\
# Problems

Every problem that the importer tells of; `solv-import explain CODE` shows one. An *error* keeps a
row, or the file, from being sent; a *warning* is sent and worth a look; a *note* is nothing wrong.
This page is written from the catalogue in `importer/problems/` by `make docs`.
"""


def page() -> str:
    """Return the page as Markdown."""
    parts = [_BEGINNING]
    for group, problems in groupby(ProblemCode, key=lambda problem: problem.group):
        parts.append(f"\n## {GROUPS[group]} (IMP{group}xx)\n\n{_table(list(problems))}\n")
    return "".join(parts)


def _table(problems: list[ProblemCode]) -> str:
    head = (
        "| code | | problem | what it means | what to do | example |",
        "|---|---|---|---|---|---|",
    )
    return "\n".join([*head, *(_line(problem) for problem in problems)])


def _line(problem: ProblemCode) -> str:
    before, after = problem.example
    cells = (
        problem.code,
        problem.severity.value,
        problem.title,
        problem.sentence,
        problem.fix,
        f"`{before}` → `{after}`",
    )
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
