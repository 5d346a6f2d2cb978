"""`template`: what the command says, writes and refuses; `check` of what it wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from importer.cli.shell import shell
from importer.problems import ProblemCode
from tests.template_kit import FILLED, LAKESIDE, fill

pytestmark = pytest.mark.usefixtures("own_world")


@pytest.fixture(autouse=True)
def lakeside(tmp_path: Path) -> None:
    """Let there be a profile among the settings."""
    profiles = tmp_path / "config" / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "lakeside.toml").write_text(LAKESIDE, encoding="utf-8")


def solv_import(*words: str) -> Result:
    return CliRunner().invoke(shell, list(words))


def test_without_a_name_it_writes_patients_xlsx_and_says_what_comes_next() -> None:
    result = solv_import("template")
    assert result.exit_code == 0
    assert result.stdout == "patients.xlsx\n"
    assert "20 columns, 6 required." in result.stderr
    assert "solv-import check FILE --timezone ZONE" in result.stderr
    assert Path("patients.xlsx").exists()
    assert list(Path.cwd().glob("state/*")) == []


def test_with_a_profile_it_says_how_to_read_it_with_that_profile() -> None:
    result = solv_import("template", "lakeside.xlsx", "--profile", "lakeside")
    assert result.exit_code == 0
    assert result.stderr.endswith("solv-import check FILE --profile lakeside.\n")
    assert load_workbook("lakeside.xlsx").worksheets[0]["A1"].value == "Patient *"


def test_a_file_that_is_there_is_written_over_by_force_only() -> None:
    fill(Path(solv_import("template").stdout.strip()), [FILLED])
    typed = Path("patients.xlsx").read_bytes()
    refused = solv_import("template")
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert Path("patients.xlsx").read_bytes() == typed
    assert solv_import("template", "--force").exit_code == 0
    assert load_workbook("patients.xlsx").worksheets[0].max_row == 2


def test_for_scripts_it_lists_the_columns() -> None:
    result = solv_import("template", "june.csv", "--profile", "lakeside", "--json")
    told = json.loads(result.stdout)
    assert (told["type"], told["file"]) == ("template", "june.csv")
    assert told["columns"][0] == {"heading": "Patient", "field": "first_name", "required": True}
    assert result.stderr == ""


def test_quiet_prints_the_path_alone() -> None:
    result = solv_import("template", "--quiet")
    assert (result.stdout, result.stderr) == ("patients.xlsx\n", "")


@pytest.mark.parametrize(
    "words",
    [
        ("patients.ods",),
        ("nowhere/patients.xlsx",),
        ("--profile", "northside"),
        (".",),
    ],
)
def test_what_cannot_be_written_is_exit_2_in_one_sentence(words: tuple[str, ...]) -> None:
    result = solv_import("template", *words)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.stderr


def test_check_tells_of_the_example_and_is_content() -> None:
    solv_import("template")
    fill(Path("patients.xlsx"), [FILLED])
    result = solv_import("check", "patients.xlsx", "--timezone", "America/Chicago")
    assert result.exit_code == 0
    assert "note[IMP043] example row of the template" in result.stdout
    assert "1 ready   0 with errors   1 blank" in result.stdout
    assert "warning" not in result.stdout


def test_a_left_over_cell_is_told_by_column_and_row_without_its_value() -> None:
    solv_import("template")
    fill(Path("patients.xlsx"), [{**FILLED, "Reason for visit": "", "E-mail": ""}], first_row=2)
    fill(Path("patients.xlsx"), [{"Phone *": "(202) 555-0147"}], first_row=2)
    zone = ("--timezone", "America/Chicago")
    result = solv_import("check", "patients.xlsx", "--format", "concise", *zone)
    assert result.exit_code == 1
    assert f"patients.xlsx:2:C {ProblemCode.EXAMPLE_LEFT_OVER.code} phone" in result.stdout
    assert "0147" not in result.stdout


def test_a_corrected_copy_leaves_the_example_as_it_is() -> None:
    solv_import("template")
    fill(Path("patients.xlsx"), [{**FILLED, "E-mail": "mailto:ana.lee@example.com"}])
    words = ("check", "patients.xlsx", "--timezone", "America/Chicago", "--fix", "fixed.xlsx")
    assert solv_import(*words).exit_code == 0
    before, after = (
        [[cell.value for cell in row] for row in load_workbook(name).worksheets[0].iter_rows()]
        for name in ("patients.xlsx", "fixed.xlsx")
    )
    assert after[:2] == before[:2]
    assert "ana.lee@example.com" in after[2]


def test_a_profile_of_exports_with_a_title_goes_with_its_template(tmp_path: Path) -> None:
    """The workbook says itself that its headings stand in row 1; a CSV cannot."""
    titled = LAKESIDE + "\n[file]\nheader_row = 2\n"
    (tmp_path / "config" / "profiles" / "titled.toml").write_text(titled, encoding="utf-8")
    assert solv_import("template", "titled.xlsx", "--profile", "titled").exit_code == 0
    visit = {
        "Patient *": "Lee, Ana",
        "Cell # *": "(312) 555-0142",
        "DOB *": "1985-03-14",
        "Appt Date *": "2090-02-01",
        "Appt Time *": "14:30",
        "Clinic *": "Lakeview",
    }
    fill(Path("titled.xlsx"), [visit])
    checked = solv_import("check", "titled.xlsx", "--profile", "titled", "--json")
    assert (checked.exit_code, json.loads(checked.stdout)["ready"]) == (0, 1), checked.output
    refused = solv_import("template", "titled.csv", "--profile", "titled")
    assert (refused.exit_code, "Name a file that ends in .xlsx" in refused.stderr) == (2, True)
