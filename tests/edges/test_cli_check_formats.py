"""Every form of `check` tells the same problems; values stand in few of them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import click
import pytest

from importer.cli.problem_lines import annotation
from importer.cli.problem_view import draw_check
from importer.cli.remedies import help_of
from importer.cli.terminal import _UNICODE
from importer.clock import SystemClock
from importer.pipeline import check_file
from importer.problems import ProblemCode as P
from importer.reports import Finding, Look, ProblemExample, ProblemGroup
from importer.settings import load_settings
from tests.edges.check_kit import check

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HEADINGS = "first_name,last_name,phone,birth_date,appointment_date,location_id,email"
GOOD = "Ann,Example,312-555-0142,1985-03-04,2037-03-02T09:00:00-06:00,4021,"
CANARY = "777-888"
FORMS = ["full", "concise", "json", "jsonl", "github"]


pytestmark = pytest.mark.usefixtures("own_world")


@pytest.fixture
def visits(tmp_path: Path) -> Path:
    """Return a file with seven bad phones, a warning and a column that is not sent."""
    bad = [
        f'P{n},Example,"{CANARY}",1985-03-04,2037-03-02T0{n}:00:00-06:00,4021,' for n in range(7)
    ]
    warned = GOOD.removesuffix(",") + ",mailto:ann@example.com"
    lines = [HEADINGS + ",Insurance", *(line + "," for line in [GOOD, *bad]), warned + ","]
    lines[-1] = lines[-1].replace("Ann", "Bea")
    path = tmp_path / "visits.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_concise_is_a_line_for_each_row_and_the_file(visits: Path) -> None:
    code, out, err = check(visits, "--format", "concise")
    lines = out.splitlines()
    assert (code, err, len(lines)) == (1, "", 9)
    assert lines[0] == f"{visits}:3:C IMP220 phone {P.PHONE_NOT_US.sentence}"
    assert lines[7].startswith(f"{visits}:10:G IMP262 email ")
    assert lines[8].startswith(f"{visits}:-:- IMP104 - ")


def test_jsonl_is_a_line_for_each_row_and_a_summary(visits: Path) -> None:
    code, out, _ = check(visits, "--format", "jsonl")
    *problems, summary = [json.loads(line) for line in out.splitlines()]
    assert [p["row"] for p in problems] == [3, 4, 5, 6, 7, 8, 9, 10]
    assert {p["type"] for p in problems} == {"problem"}
    assert problems[-1]["fixable"] is True
    assert (summary["type"], summary["rows_in"], summary["invalid"]) == ("summary", 9, 7)
    assert [kind["rows"] for kind in summary["problems"]] == [7, 1]
    assert (code, summary["exit_code"]) == (1, 1)


def test_json_is_what_the_flag_json_prints(visits: Path) -> None:
    by_flag, by_format = check(visits, "--json"), check(visits, "--format", "json")
    assert by_flag == by_format
    (kind, _) = json.loads(by_flag[1])["problems"]
    assert [example["row"] for example in kind["examples"]] == [3, 4, 5, 6, 7]


def test_github_gets_a_workflow_command_for_each_row(visits: Path) -> None:
    code, out, _ = check(visits, "--format", "github")
    lines = out.splitlines()
    assert code == 1
    assert lines[0].startswith(f"::error file={visits},line=3,title=IMP220 phone::Row 3, column C:")
    assert [line.split()[0] for line in lines] == ["::error"] * 7 + ["::warning"] * 2


def test_a_workflow_command_keeps_its_form_whatever_a_name_or_a_value_holds() -> None:
    example = ProblemExample(3, 4, "a,b\r\n::error::%", "9 digits")
    line = annotation("a,b:c.csv", Finding(P.PHONE_NOT_US, "phone", "C", example), show_values=True)
    assert line.startswith("::error file=a%2Cb%3Ac.csv,line=4,title=IMP220 phone::Row 3, column C:")
    assert "Found: a,b%0D%0A::error::%25." in line
    assert "\n" not in line


@pytest.mark.parametrize("form", FORMS)
def test_values_are_told_only_where_somebody_asked(form: str, visits: Path) -> None:
    _, hidden, _ = check(visits, "--format", form)
    assert CANARY not in hidden
    assert "ann@example.com" not in hidden
    if form != "concise":
        _, shown, _ = check(visits, "--format", form, "--show-values")
        assert CANARY in shown


def test_a_terminal_shows_no_values_in_annotations(
    visits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importer.cli.options.is_seen_by_a_person", lambda: True)
    assert CANARY in check(visits)[1]
    assert CANARY not in check(visits, "--format", "github")[1]
    monkeypatch.setenv("SOLV_IMPORT_SHOW_VALUES", "true")
    assert CANARY in check(visits, "--format", "github")[1]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("codes", ["IMP262", "262,EMAIL_INVALID"])
def test_select_shows_only_these_and_changes_no_exit_code(
    form: str, codes: str, visits: Path
) -> None:
    code, out, _ = check(visits, "--format", form, "--select", codes)
    assert code == 1
    assert "IMP262" in out
    assert "IMP220" not in out
    assert "IMP104" not in out


def test_a_selection_of_no_such_code_is_wrong_use(visits: Path) -> None:
    code, out, err = check(visits, "--select", "IMP999")
    assert (code, out) == (2, "")
    assert "There is no code 'IMP999'" in err


@pytest.mark.parametrize(("show", "rows"), [((), 5), (("--show", 2), 2), (("--show", 0), 7)])
def test_show_says_how_many_rows_of_each_problem(
    show: Sequence[object], rows: int, visits: Path
) -> None:
    code, out, _ = check(visits, "--select", "IMP220", *show)
    assert code == 1
    assert len(re.findall(r"^ +\d+ │", out, re.MULTILINE)) == rows
    more = f"and {7 - rows} more: solv-import check ... --select IMP220 --show 50"
    assert (more in out) == (rows < 7)
    assert "7 with errors" in out


def test_show_holds_for_lines_too(visits: Path) -> None:
    _, out, _ = check(visits, "--format", "concise", "--show", 1)
    assert [line.split()[1] for line in out.splitlines()] == ["IMP220", "IMP262", "IMP104"]


def test_quiet_lines_tell_errors_only(visits: Path) -> None:
    _, out, _ = check(visits, "--format", "concise", "--quiet")
    assert {line.split()[1] for line in out.splitlines()} == {"IMP220"}


def test_a_certain_correction_stands_beside_what_was_found(visits: Path) -> None:
    _, out, _ = check(visits, "--show-values", "--profile", str(profile(visits.parent)))
    block = out.partition("warning[IMP262]")[2]
    assert "email: mailto: removed — 1 row  fixable\n" in block
    assert "   10 │  mailto:ann@example.com  → ann@example.com\n" in block
    assert "= help: solv-import check ... --fix FILE writes a copy with what is suggested." in block
    assert "1 error kind, 1 kind fixable" in out
    assert out.startswith("visits.csv · 9 rows · 7 of 8 columns mapped · profile lakeside\n")


def profile(folder: Path) -> Path:
    path = folder / "lakeside.toml"
    path.write_text("[dates]\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("form", ["full", "concise", "jsonl", "github"])
def test_a_question_about_the_whole_file_is_told_with_its_rows(form: str, tmp_path: Path) -> None:
    path = tmp_path / "local.csv"
    rows = GOOD.replace("T09:00:00-06:00", " 09:00").replace("1985-03-04", "03/04/1985")
    path.write_text(f"{HEADINGS}\n{rows}\n{GOOD.replace('Ann', 'Bea')}\n", encoding="utf-8")
    code, out, err = check(path, "--format", form)
    assert code == 3
    assert "IMP106" in out
    assert "IMP107" in out
    assert err.startswith("error[IMP106]: local.csv: ")
    if form == "jsonl":
        assert json.loads(out.splitlines()[-1])["exit_code"] == 3


def test_the_last_line_of_jsonl_says_what_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "local.csv"
    path.write_text(f"{HEADINGS}\n{GOOD.replace('T09:00:00-06:00', ' 09:00')}\n", encoding="utf-8")
    code, out, _ = check(path, "--format", "jsonl")
    summary = json.loads(out.splitlines()[-1])
    (question,) = summary["questions"]
    assert (code, summary["exit_code"], question["code"]) == (3, 3, "IMP106")
    assert "first 2" in question["hint"]
    assert "--timezone" in question["fix"]


def test_as_one_document_a_question_is_an_error_as_it_always_was(tmp_path: Path) -> None:
    path = tmp_path / "local.csv"
    path.write_text(f"{HEADINGS}\n{GOOD.replace('T09:00:00-06:00', ' 09:00')}\n", encoding="utf-8")
    code, out, _ = check(path, "--json")
    (told,) = [json.loads(line) for line in out.splitlines()]
    assert (code, told["type"], told["code"]) == (3, "error", "IMP106")


def test_a_file_that_cannot_be_read_is_an_annotation_and_a_document(tmp_path: Path) -> None:
    gone = tmp_path / "gone.csv"
    assert check(gone, "--format", "github")[1].startswith(f"::error file={gone},title=IMP001::")
    for form in ("json", "jsonl"):
        code, out, _ = check(gone, "--format", form)
        assert (code, json.loads(out)["code"]) == (3, "IMP001")


@pytest.mark.parametrize(
    ("code", "field", "named", "told"),
    [
        (P.DATE_ORDER_NEEDED, "birth_date", "lakeside", "--date-order MDY"),
        (P.DATE_ORDER_NEEDED, "birth_date", "lakeside", "[dates] in profile lakeside"),
        (P.DATE_ORDER_NEEDED, "birth_date", "", 'orders = { birth_date = "MDY" }'),
        (P.TIMEZONE_NEEDED, "appointment_date", "", 'timezone = "America/Chicago"'),
        (P.LEADING_ZERO_LOST, "address_zip", "lakeside", "pad_zip = true"),
        (P.DATE_TWO_DIGIT_YEAR, "birth_date", "", "two_digit_pivot = 25"),
        (P.REQUIRED_EMPTY, "location_id", "", "--location-id 4021"),
        (P.REQUIRED_EMPTY, "phone", "", "Fill it in."),
        (P.INTEGER_NOT_EXACT, "location_id", "", '"the cell" = 4021'),
        (P.DUPLICATE_IN_FILE, "", "", "--allow-duplicates"),
    ],
)
def test_help_names_the_flag_or_the_line_of_the_profile(
    code: P, field: str, named: str, told: str
) -> None:
    group = ProblemGroup(code=code, field=field, column_letter="C", heading="", rows=2)
    assert told in click.unstyle(help_of(group, named))


def test_all_rows_are_kept_only_when_somebody_asks(visits: Path, tmp_path: Path) -> None:
    settings = load_settings({}, environ={}, folder=tmp_path)
    seen: list[Finding] = []
    report = check_file(
        visits, settings, clock=SystemClock(), look=Look(examples=0, tell=seen.append)
    )
    assert [len(group.examples) for group in report.groups] == [0, 0]
    assert len(seen) == 8
    assert CANARY not in repr(seen)
    drawn = "\n".join(draw_check(report, report, _UNICODE, show_values=True))
    assert "more: " not in drawn
