"""A template that a person filled in is booked: no question, no warning, the example skipped."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook

from importer.errors import ExitCode, SourceError
from importer.pipeline import check_file
from importer.pipeline.verifying import evidence_of, read_server_log
from importer.problems import ProblemCode
from importer.template import write_template
from importer.verify import verify
from tests.acceptance.cli_kit import read_results
from tests.pipeline.desk import counts_of, statuses
from tests.template_kit import (
    FILLED,
    FILLED_AT_LAKESIDE,
    LAKESIDE,
    fill,
    settings_in,
    template_in,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.reports import CheckReport
    from tests.pipeline.desk import Desk

P = ProblemCode
ZONE = "America/Chicago"
ANA, BOB = FILLED, {**FILLED, "First name *": "Bob", "Phone *": "(312) 555-0143"}


def codes_of(report: CheckReport) -> set[ProblemCode]:
    return {group.code for group in report.groups}


def check(path: Path, at: Desk, **flags: str) -> CheckReport:
    settings = at.settings(**{"timezone": ZONE, **flags})
    return check_file(path, settings, clock=at.clock)


def test_nothing_is_wrong_with_a_filled_template(desk: Callable[..., Desk], tmp_path: Path) -> None:
    checked = check(fill(template_in(tmp_path), [ANA, BOB]), desk())
    assert (checked.ready, checked.blank, checked.invalid) == (2, 1, 0)
    assert (checked.exit_code, checked.file_warnings, checked.questions) == (0, (), ())
    assert codes_of(checked) == {P.EXAMPLE_ROW}


def test_a_filled_template_is_booked_and_its_example_is_not(
    desk: Callable[..., Desk], tmp_path: Path
) -> None:
    at = desk()
    report = at.run(fill(template_in(tmp_path), [ANA, BOB]), timezone=ZONE)
    assert counts_of(report) == {"booked": 2, "blank": 1}
    assert report.exit_code == ExitCode.OK
    assert len(at.requests) == 2
    (plan,) = at.observer.plans
    assert [(group.code, group.rows) for group in plan.groups] == [(P.EXAMPLE_ROW, 1)]
    assert not plan.file_warnings


def test_the_results_say_what_became_of_the_example(
    desk: Callable[..., Desk], tmp_path: Path
) -> None:
    report = desk().run(fill(template_in(tmp_path), [ANA]), timezone=ZONE)
    example, ana = read_results(report.results_path).values()
    assert (example["status"], ana["status"]) == ("blank", "booked")
    assert example["what_to_fix"].startswith(P.EXAMPLE_ROW.sentence.removesuffix("."))
    assert example["Phone *"] == "(202) 555-0147"
    assert example["row_key"] == ""


def test_the_checker_finds_no_broken_promise(desk: Callable[..., Desk], tmp_path: Path) -> None:
    at = desk()
    report = at.run(fill(template_in(tmp_path), [ANA, BOB]), timezone=ZONE)
    server = read_server_log(at.sandbox.log_path)
    found = evidence_of(report.summary.run_id, at.settings(), clock=at.clock, server=server)
    assert verify(found) == []
    assert [row.row_number for row in found.results or ()] == [2, 3, 4]


def test_the_results_of_a_template_are_valid_input_again(
    desk: Callable[..., Desk], tmp_path: Path
) -> None:
    at = desk()
    first = at.run(fill(template_in(tmp_path), [ANA]), timezone=ZONE)
    assert first.results_path is not None
    again = at.run(first.results_path, timezone=ZONE)
    assert counts_of(again) == {"skipped": 1, "blank": 1}
    assert len(at.requests) == 1


def test_a_template_for_a_clinic_reads_with_its_profile(
    desk: Callable[..., Desk], tmp_path: Path
) -> None:
    at = desk()
    path = fill(template_in(tmp_path, LAKESIDE), [FILLED_AT_LAKESIDE])
    profile = str(tmp_path / "lakeside.toml")

    checked = check(path, at, profile=profile)
    assert (checked.ready, checked.blank, checked.file_warnings) == (1, 1, ())
    report = at.run(path, profile=profile)
    assert counts_of(report) == {"booked": 1, "blank": 1}


def test_a_template_says_itself_where_its_headings_are(
    desk: Callable[..., Desk], tmp_path: Path
) -> None:
    profile = '[file]\nheader_row = 3\ndelimiter = ";"\n[dates]\ntimezone = "America/Chicago"\n'
    path = fill(template_in(tmp_path, profile), [ANA])
    report = desk().run(path, profile=str(tmp_path / "lakeside.toml"))
    assert counts_of(report) == {"booked": 1, "blank": 1}


def test_headings_that_the_profile_lists_are_those_of_the_template(
    desk: Callable[..., Desk], tmp_path: Path
) -> None:
    at = desk()
    listed = ["Clinic", "Patient", "Cell #", "DOB", "Appt Date", "Appt Time"]
    template = template_in(tmp_path, f"{LAKESIDE}[file]\nheadings = {listed}\n")
    row = {heading: FILLED_AT_LAKESIDE[f"{heading} *"] for heading in listed}
    report = at.run(fill(template, [row]), profile=str(tmp_path / "lakeside.toml"))
    assert counts_of(report) == {"booked": 1, "blank": 1}


def test_an_unfilled_template_sends_nothing_and_nothing_is_wrong(
    desk: Callable[..., Desk], tmp_path: Path
) -> None:
    at = desk()
    checked = check_file(template_in(tmp_path), at.settings(), clock=at.clock)
    assert (checked.rows_in, checked.ready, checked.blank) == (1, 0, 1)
    assert (checked.exit_code, checked.questions, checked.file_warnings) == (0, (), ())
    report = at.run(template_in(tmp_path))
    assert (counts_of(report), report.exit_code) == ({"blank": 1}, ExitCode.OK)
    assert at.requests == []


def test_an_example_that_was_sorted_to_the_end_is_still_skipped(
    desk: Callable[..., Desk], tmp_path: Path
) -> None:
    path = template_in(tmp_path)
    book = load_workbook(path)
    sheet = book.worksheets[0]
    example = {str(cell.value): str(sheet.cell(2, cell.column).value or "") for cell in sheet[1]}
    book.close()
    fill(path, [dict.fromkeys(example, "") | ANA, BOB, example], first_row=2)
    report = desk().run(path, timezone=ZONE)
    assert statuses(report) == {2: "booked", 3: "booked", 4: "blank"}


def test_a_patient_typed_over_the_whole_example_is_booked(
    desk: Callable[..., Desk], tmp_path: Path
) -> None:
    row = {**ANA, "Reason for visit": "Cough"}
    report = desk().run(fill(template_in(tmp_path), [row], first_row=2), timezone=ZONE)
    assert counts_of(report) == {"booked": 1}


@pytest.mark.parametrize(
    ("left", "code"),
    [
        ("E-mail", P.EXAMPLE_LEFT_OVER),
        ("Reason for visit", P.EXAMPLE_LEFT_OVER),
        ("Phone *", P.EXAMPLE_LEFT_OVER),
        ("Clinic *", P.EXAMPLE_LEFT_OVER),
        ("Birth date *", P.BIRTH_DATE_TOO_OLD),
        ("Appointment *", P.APPOINTMENT_IN_PAST),
    ],
)
def test_a_patient_typed_over_all_but_one_cell_of_the_example_is_held(
    desk: Callable[..., Desk], tmp_path: Path, left: str, code: ProblemCode
) -> None:
    at = desk()
    row = {**ANA, "Reason for visit": "Cough"}
    del row[left]
    path = fill(template_in(tmp_path), [row], first_row=2)

    checked = check(path, at)
    assert (checked.ready, checked.invalid, codes_of(checked)) == (0, 1, {code})
    report = at.run(path, timezone=ZONE, only_valid=True)
    assert counts_of(report) == {"invalid": 1}
    assert at.requests == []


def test_the_example_takes_nobodys_place_in_a_limit(
    desk: Callable[..., Desk], tmp_path: Path
) -> None:
    report = desk().run(fill(template_in(tmp_path), [ANA, BOB]), timezone=ZONE, limit=1)
    assert statuses(report) == {2: "blank", 3: "booked", 4: "left out"}


def test_a_csv_template_that_was_filled_in_is_booked(
    desk: Callable[..., Desk], tmp_path: Path
) -> None:
    path = template_in(tmp_path, name="patients.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        (headings,) = csv.reader(file)
    cells = {heading.removesuffix(" *"): text for heading, text in ANA.items()}
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow([cells.get(heading, "") for heading in headings])
    report = desk().run(path, timezone=ZONE)
    assert (counts_of(report), report.exit_code) == ({"booked": 1}, ExitCode.OK)


def test_a_filled_workbook_saved_as_csv_is_booked_without_its_example(
    desk: Callable[..., Desk], tmp_path: Path
) -> None:
    sheet = load_workbook(fill(template_in(tmp_path), [ANA])).worksheets[0]
    path = tmp_path / "saved.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([cell.value for cell in row] for row in sheet.iter_rows())
    assert counts_of(desk().run(path, timezone=ZONE)) == {"booked": 1, "blank": 1}


def test_long_lists_on_a_sheet_of_their_own_ask_nothing(
    desk: Callable[..., Desk], tmp_path: Path
) -> None:
    clinics = "".join(f'"Clinic on {n}th Street" = {4000 + n}\n' for n in range(30))
    template = template_in(tmp_path, f"[values.location_id]\n{clinics}")
    path = fill(template, [{**ANA, "Clinic *": "Clinic on 21th Street"}])
    at = desk()
    profile = str(tmp_path / "lakeside.toml")
    assert check(path, at, profile=profile).file_warnings == ()
    assert counts_of(at.run(path, profile=profile, timezone=ZONE)) == {"booked": 1, "blank": 1}


def test_a_sheet_that_was_renamed_is_found_and_a_second_one_is_asked_about(
    desk: Callable[..., Desk], tmp_path: Path
) -> None:
    at = desk()
    path = fill(template_in(tmp_path), [ANA])
    book = load_workbook(path)
    book["Patients"].title = "June"
    book.save(path)
    assert check(path, at).sheet == "June"
    book.copy_worksheet(book["June"]).title = "July"
    book.save(path)
    with pytest.raises(SourceError, match="'June', 'July'"):
        check(path, at)


def test_the_sheet_that_a_profile_reads_is_the_one_to_type_into(
    desk: Callable[..., Desk], tmp_path: Path
) -> None:
    path = template_in(tmp_path, '[file]\nsheet = "Visits"\n')
    fill(path, [ANA], sheet="Visits")
    report = desk().run(path, profile=str(tmp_path / "lakeside.toml"), timezone=ZONE)
    assert counts_of(report) == {"booked": 1, "blank": 1}


def test_sheets_of_a_strangers_workbook_are_never_passed_over(
    desk: Callable[..., Desk], tmp_path: Path
) -> None:
    path = fill(template_in(tmp_path), [ANA])
    book = load_workbook(path)
    book.defined_names.clear()
    book.save(path)
    with pytest.raises(SourceError, match="'Patients', 'How to'"):
        check(path, desk())


def test_flags_alone_make_a_template_too(desk: Callable[..., Desk], tmp_path: Path) -> None:
    path = tmp_path / "patients.xlsx"
    write_template(path, settings_in(tmp_path, location_id="4021", timezone=ZONE))
    row = {**ANA, "Clinic": ""}
    del row["Clinic *"]
    report = desk().run(fill(path, [row]), location_id="4021", timezone=ZONE)
    assert counts_of(report) == {"booked": 1, "blank": 1}
