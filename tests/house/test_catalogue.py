"""One catalogue feeds every surface, so each entry must be able to stand on all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from importer.problems import ProblemCode, Severity, problem_of

ROOT = Path(__file__).parents[2]
SOURCES = "\n".join(
    path.read_text()
    for package in ("importer", "schemas")
    for path in (ROOT / package).rglob("*.py")
    if path.name != "problems.py"
)


@pytest.mark.parametrize("problem", ProblemCode)
def test_a_problem_says_what_is_wrong_and_what_to_do(problem: ProblemCode) -> None:
    assert re.fullmatch(r"IMP[0-4]\d\d", problem.code)
    assert problem_of(problem.code) is problem
    assert problem.sentence.endswith(".")
    assert problem.fix.endswith(".")
    assert problem.title == problem.title.strip(". ")
    assert isinstance(problem.severity, Severity)


def test_codes_come_once_and_in_order() -> None:
    codes = [problem.code for problem in ProblemCode]
    assert codes == sorted(set(codes))


@pytest.mark.parametrize("problem", ProblemCode)
def test_a_problem_that_is_explained_can_happen(problem: ProblemCode) -> None:
    assert re.search(rf"\b{problem.name}\b", SOURCES), f"nothing reports {problem.name}"
