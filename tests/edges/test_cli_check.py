"""`check`: by problem, with values for people only, on real files."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from importer.cli.problem_json import check_as_json
from importer.cli.problem_lines import concise_errors
from importer.cli.problem_view import draw_check, next_steps
from importer.cli.shell import shell
from importer.cli.terminal import _ASCII, _UNICODE
from importer.errors import ExitCode
from importer.problems import FileProblem, ProblemCode
from importer.reports import CheckReport, ProblemExample, ProblemGroup
from tests.edges.check_kit import check

SAMPLES = Path(__file__).parents[2] / "sample_data"
CANARY = "canary-\x1b[2Jvalue"


pytestmark = pytest.mark.usefixtures("own_world")


def report(kinds: int = 1) -> CheckReport:
    group = ProblemGroup(
        code=ProblemCode.PHONE_NOT_US,
        field="phone",
        column_letter="C",
        heading="Cell #",
        rows=18_948,
        examples=(ProblemExample(3, 3, CANARY, "9 digits"), ProblemExample(70, 75, "", "")),
    )
    return CheckReport(
        source_name="june.csv",
        sheet="Patients",
        kind="xlsx",
        rows_in=100_000,
        columns_mapped=14,
        columns_total=16,
        ready=81_050,
        invalid=18_948,
        duplicate=2,
        blank=0,
        groups=(group,) * kinds,
        file_warnings=(FileProblem(code=ProblemCode.COLUMN_UNKNOWN, place="column H"),),
        exit_code=ExitCode.NEEDS_A_PERSON,
    )


def drawn(*, show_values: bool, kinds: int = 1) -> str:
    found = report(kinds)
    lines = [*draw_check(found, found, _ASCII, show_values=show_values), *next_steps(found, "")]
    return click.unstyle("\n".join(lines))


def test_a_problem_is_drawn_once_with_count_column_rows_and_what_to_do() -> None:
    text = drawn(show_values=True)
    for part in (
        "100,000 rows",
        "14 of 16 columns mapped",
        "18,948 rows",
        'column C "Cell #"',
        "and 18,946 more",
        ProblemCode.PHONE_NOT_US.fix,
        "line 75",
        "18,948 with errors",
        "exit 1",
    ):
        assert part in text, part


def test_values_are_masked_where_they_must_not_be_shown() -> None:
    assert "canary" not in drawn(show_values=False)
    assert "***" in drawn(show_values=False)


def test_a_value_cannot_move_the_cursor() -> None:
    assert "canary-\ufffd[2Jvalue" in drawn(show_values=True)


def test_beyond_ten_kinds_only_their_number_is_told() -> None:
    assert "and 2 more kinds" in drawn(show_values=True, kinds=12)


def test_signs_are_ascii_where_the_encoding_is_not_unicode() -> None:
    assert drawn(show_values=False).replace("\x1b", "").isascii()
    assert "┌─" in "\n".join(draw_check(report(), report(), _UNICODE, show_values=False))


def test_a_kind_of_error_is_told_in_a_line() -> None:
    (line,) = concise_errors("june.csv", report().groups)
    assert line.startswith("june.csv:phone column C: error[IMP220]")
    assert line.endswith("18,948 rows, first 3,70")


def test_json_holds_values_only_where_they_may_be_shown() -> None:
    assert "canary" not in json.dumps(check_as_json(report(), show_values=False))
    shown = check_as_json(report(), show_values=True)
    assert shown["problems"][0]["examples"][0]["value"] == CANARY
    assert (shown["exit_code"], shown["exit_reason"]) == (1, "needs_a_person")


def test_the_clean_samples_are_clean() -> None:
    code, out, _ = check(
        str(SAMPLES / "northside_clean.csv"),
        str(SAMPLES / "northside_clean.xlsx"),
        "--profile",
        str(SAMPLES / "northside.toml"),
        "--json",
    )
    found = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [(each["ready"], each["problems"]) for each in found] == [(60, []), (60, [])]


def test_the_messy_sample_has_eight_bad_rows_of_eight_kinds() -> None:
    code, out, _ = check(
        str(SAMPLES / "lakeside_messy.csv"), "--profile", str(SAMPLES / "lakeside.toml"), "--json"
    )
    found = json.loads(out)
    errors = [problem for problem in found["problems"] if problem["severity"] == "error"]
    assert code == 1
    assert (found["rows_in"], found["ready"], found["invalid"]) == (62, 52, 8)
    assert (found["duplicate"], found["blank"], len(errors)) == (1, 1, 8)


def test_piped_output_masks_values_and_names_unknown_headings_by_letter() -> None:
    args = (str(SAMPLES / "lakeside_messy.csv"), "--profile", str(SAMPLES / "lakeside.toml"))
    _, masked, _ = check(*args)
    _, shown, _ = check(*args, "--show-values")
    assert "call the front desk" in shown
    assert "Insurance" in shown
    assert "call the front desk" not in masked
    assert "Insurance" not in masked
    assert "  column H, column I\n" in masked


@pytest.mark.parametrize("shape", ["full", "concise"])
def test_every_shape_prints_on_a_terminal_without_unicode(shape: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text((SAMPLES / "northside_clean.csv").read_text().replace("555-0", "55-0"))
    runner = CliRunner(charset="ascii")
    result = runner.invoke(shell, ["check", str(bad), "--format", shape])
    assert result.exit_code == 1
    assert result.stdout.isascii()


def test_several_files_end_with_the_worst_code_and_one_bad_file_stops_no_other(
    tmp_path: Path,
) -> None:
    clean = str(SAMPLES / "northside_clean.csv")
    code, out, err = check(str(tmp_path / "none.csv"), clean, "--json")
    assert code == 3
    assert [json.loads(line)["type"] for line in out.splitlines()] == ["error", "check"]
    assert err.startswith("error[IMP001]: none.csv")


def test_quiet_tells_each_kind_of_error_in_a_line() -> None:
    messy, profile = str(SAMPLES / "lakeside_messy.csv"), str(SAMPLES / "lakeside.toml")
    code, out, err = check(messy, "--profile", profile, "--quiet")
    lines = out.splitlines()
    assert (code, len(lines), err) == (1, 8, "")
    assert all(": error[IMP2" in line for line in lines)


def test_the_exit_code_is_told_only_when_something_is_wrong() -> None:
    profile = str(SAMPLES / "northside.toml")
    _, out, _ = check(str(SAMPLES / "northside_clean.csv"), "--profile", profile)
    assert out.endswith("Next: solv-import run with the same file and flags\n")


def test_quiet_says_nothing_of_a_clean_file() -> None:
    assert check(str(SAMPLES / "northside_clean.csv"), "--quiet") == (0, "", "")
