"""One catalogue feeds every surface, so each entry must be able to stand on all of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from docs.problems_page import PAGE, page
from importer.problems import GROUPS, ProblemCode, Severity, problem_of
from importer.problems.answers import ANSWERS
from importer.problems.cells import CELLS
from importer.problems.file import FILE
from importer.problems.headings import HEADINGS
from importer.problems.rows import ROWS

ROOT = Path(__file__).parents[2]
SOURCES = "\n".join(
    path.read_text()
    for package in ("importer", "schemas")
    for path in (ROOT / package).rglob("*.py")
    if path.parent.name != "problems"
)


@pytest.mark.parametrize("problem", ProblemCode)
def test_a_problem_says_what_is_wrong_and_what_to_do(problem: ProblemCode) -> None:
    assert re.fullmatch(r"IMP[0-4]\d\d", problem.code)
    assert problem_of(problem.code) is problem
    assert problem.sentence.endswith(".")
    assert problem.fix.endswith(".")
    assert problem.title == problem.title.strip(". ")
    assert isinstance(problem.severity, Severity)


@pytest.mark.parametrize("problem", ProblemCode)
def test_a_problem_has_a_short_invented_example(problem: ProblemCode) -> None:
    for text in problem.example:
        assert text == text.strip()
        assert 0 < len(text) <= 60
        assert text.isprintable()
    assert problem.example.before != problem.example.after


@pytest.mark.parametrize(
    ("digit", "entries"),
    list(zip(GROUPS, (FILE, HEADINGS, CELLS, ROWS, ANSWERS), strict=True)),
    ids=GROUPS.values(),
)
def test_an_entry_stands_in_its_group_and_has_a_name(digit: str, entries: dict[str, Any]) -> None:
    assert list(entries) == [p.code for p in ProblemCode if p.group == digit]


def test_the_page_of_problems_is_not_stale() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == page(), "write it again: make docs"
    assert written.count("\n| IMP") == len(ProblemCode)


def test_codes_come_once_and_in_order() -> None:
    codes = [problem.code for problem in ProblemCode]
    assert codes == sorted(set(codes))


@pytest.mark.parametrize("problem", ProblemCode)
def test_a_problem_that_is_explained_can_happen(problem: ProblemCode) -> None:
    assert re.search(rf"\b{problem.name}\b", SOURCES), f"nothing reports {problem.name}"
