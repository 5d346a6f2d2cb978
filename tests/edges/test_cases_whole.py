"""Every case of what clinics hand in, through the real command: outcome, code, place and fix."""

from __future__ import annotations

import csv
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from importer.cli.shell import shell
from importer.formulas import looks_like_formula
from importer.problems import ProblemCode, Severity, problem_of
from importer.sandbox import running_sandbox
from tests.edges.case_kit import HEADINGS, as_csv, as_xlsx, row_of
from tests.edges.cases_of_files import FILES
from tests.edges.cases_of_values import VALUES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importer.sandbox import Sandbox
    from tests.edges.case_kit import Case

CASES = [*FILES, *VALUES]
WHOLE = [case for case in CASES if case.outcome in "FQ"]
ROWS = [case for case in CASES if case.outcome not in "FQ"]
ALSO = {
    ProblemCode.ROW_TOO_NARROW: {ProblemCode.REQUIRED_EMPTY},
    ProblemCode.DATE_ORDER_MIXED: {ProblemCode.DATE_NOT_IN_CALENDAR},
}
"""What such a row, or another one of its column, has beside the problem of its case."""


pytestmark = pytest.mark.usefixtures("own_world")


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLV_IMPORT_CLIENT_ID", "sandbox-client")
    monkeypatch.setenv("SOLV_IMPORT_CLIENT_SECRET", "sandbox-secret")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Run one sandbox for all cases that must never reach it."""
    with running_sandbox() as running:
        yield running


def checked(case: Case, folder: Path) -> dict[str, Any]:
    """Return what `check` says of a case's file, as a script reads it."""
    words = ["check", str(case.write(folder)), "--json", *case.flags]
    result = CliRunner().invoke(shell, words)
    (told,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert told["exit_code"] == result.exit_code, result.output
    assert isinstance(told, dict)
    return told


def codes(told: dict[str, Any], *severities: Severity) -> set[ProblemCode]:
    """Return the problems of that weight that were told, of rows or of the file."""
    found = {problem_of(one["code"]) for one in (*told["problems"], *told["warnings"])}
    return {code for code in found if code.severity in severities}


@pytest.mark.parametrize("case", ROWS, ids=lambda case: case.id)
def test_a_file_that_can_be_used_gets_what_its_case_says(case: Case, tmp_path: Path) -> None:
    told = checked(case, tmp_path)
    assert told["type"] == "check", told
    is_refused = case.outcome == "R"
    assert told["exit_code"] == (1 if is_refused else 0)
    errors = codes(told, Severity.ERROR)
    if is_refused:
        assert errors - ALSO.get(case.code, set()) == {case.code}
    else:
        assert errors == set()
        expected = {case.code} - {None}
        assert codes(told, Severity.WARNING, Severity.NOTE) == expected
    assert bool(told["invalid"]) is is_refused
    assert told["ready"] + told["invalid"] + told["duplicate"] + told["blank"] == told["rows_in"]
    assert told["ready"] or not told["rows_in"], "the other rows are good"


@pytest.mark.parametrize("case", WHOLE, ids=lambda case: case.id)
def test_a_file_that_cannot_be_used_sends_nothing_and_costs_one_sentence(
    case: Case, tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is there: exit 3, no request, one sentence with code, file, place and what to do."""
    monkeypatch.setenv("SOLV_IMPORT_BASE_URL", sandbox.base_url)
    monkeypatch.setenv("SOLV_IMPORT_RATE", "none")
    path = case.write(tmp_path)
    assert case.code is not None
    words = ["run", str(path), "--yes", "--non-interactive", *case.flags]
    result = CliRunner().invoke(shell, words)
    lines = result.stderr.splitlines()
    assert (result.exit_code, len(lines)) == (3, 2), result.output
    assert lines[0].startswith(f"error[{case.code.code}]: {path.name}"), lines
    assert re.fullmatch(r"help: \S.*[.)]?", lines[1])
    assert result.stdout == ""
    assert sandbox.all_requests() == []
    assert not list(tmp_path.glob("*.results.*"))


@pytest.fixture
def own_sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Run a sandbox for a case that is sent."""
    with running_sandbox() as running:
        monkeypatch.setenv("SOLV_IMPORT_BASE_URL", running.base_url)
        monkeypatch.setenv("SOLV_IMPORT_RATE", "none")
        yield running


WRITERS = pytest.mark.parametrize("write", [as_csv, as_xlsx], ids=["csv", "xlsx"])


def ran(*words: str) -> dict[str, Any]:
    """Return the summary of a run that nobody watches."""
    result = CliRunner().invoke(shell, ["run", *words, "--json", "--non-interactive"])
    summary = json.loads(result.stdout.splitlines()[-1])
    assert summary["exit_code"] == result.exit_code, result.output
    assert isinstance(summary, dict)
    return summary


@WRITERS
def test_case_79_the_same_booking_in_an_earlier_file_is_skipped_with_its_id(
    write: Any, tmp_path: Path, own_sandbox: Sandbox
) -> None:
    rows = [row_of(12), row_of(23)]
    assert ran(str(write([HEADINGS, *rows])(tmp_path)))["booked"] == 2
    sent = len(own_sandbox.requests())
    path = write([HEADINGS, row_of(34), *rows])(tmp_path)
    summary = ran(str(path.rename(tmp_path / f"again{path.suffix}")), "--results", "out.csv")
    assert (summary["booked"], summary["skipped"]) == (1, 2)
    assert len(own_sandbox.requests()) == sent + 1
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        told = [(row["status"], bool(row["booking_id"])) for row in csv.DictReader(file)]
    assert told == [("booked", True), ("skipped", True), ("skipped", True)]


REFUSED = ("=1+1", " =1", "\u00a0=1", "\t=1", "=HYPERLINK(1)", "'=1")
"""A spreadsheet shows the result of each, which the file does not hold."""
FORMULAS = (
    *("+1", "-1", "@SUM(A1)", '"=1', "\uff1d1", "\uff0b1", "\uff201", "O'Example", "'Abdul"),
    *('="00123"', '="+1"'),
)


@WRITERS
@pytest.mark.parametrize("results", ["out.csv", "out.xlsx"])
def test_case_91_a_name_like_a_formula_is_safe_in_results_which_are_valid_input(
    write: Any, results: str, tmp_path: Path, own_sandbox: Sandbox
) -> None:
    """What was marked as text on the way out comes back as it was: every row is skipped."""
    texts = (*FORMULAS, *REFUSED)
    rows = [row_of(12 * n, reason=text, emr_patient_id=text) for n, text in enumerate(texts)]
    path = write([HEADINGS, *rows])(tmp_path)
    first = ran(str(path), "--only-valid", "--results", results)
    assert (first["booked"], first["invalid"]) == (len(FORMULAS), len(REFUSED))
    if results.endswith("csv"):
        with (tmp_path / results).open(encoding="utf-8-sig", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert not [cell for cell in cells if looks_like_formula(cell)]
    else:
        sheet = load_workbook(tmp_path / results)["Results"]
        assert {cell.data_type for row in sheet for cell in row if cell.value} == {"s"}
    again = ran(results, "--only-valid", "--results", "again.csv")
    assert (again["skipped"], again["invalid"]) == (len(FORMULAS), len(REFUSED))
    assert len(own_sandbox.requests()) == len(FORMULAS)
