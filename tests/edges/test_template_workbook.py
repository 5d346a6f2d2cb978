"""The template as a workbook: what a person sees, and what Excel is told."""

from __future__ import annotations

import csv
import re
import stat
from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from importer.errors import SettingsError, SourceError
from importer.example import EXAMPLE
from importer.headings import known_field
from importer.model import BOOKING_FIELDS, REQUIRED_FIELDS
from importer.normalize import DateRules, field_rules
from importer.reading.workbook import TEMPLATE_NAME
from importer.template import LAST_ROW, template_columns, write_template
from importer.template.words import CHOICES, FIELD_WORDS
from tests.edges.reading_kit import read
from tests.edges.workbook_kit import ods_cell, ods_row, pack_ods
from tests.template_kit import LAKESIDE, settings_in, template_in

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

RULES = field_rules(DateRules(timezone=ZoneInfo("America/Chicago")), date(2026, 11, 22))
MANY = '[values.location_id]\n"Smith, Jones" = 1\n' + "".join(
    f'"Clinic on {n}th Street" = {4000 + n}\n' for n in range(30)
)


def data_of(path: Path) -> Worksheet:
    sheet = load_workbook(path).worksheets[0]
    assert sheet.title == "Patients"
    return sheet


def lists_of(path: Path) -> dict[str, Any]:
    """Return by heading the rule that offers a list below it."""
    sheet = data_of(path)
    rules = {}
    for rule in sheet.data_validations.dataValidation:
        (area,) = str(rule.sqref).split()
        heading = sheet[re.sub("[0-9]+", "1", area.partition(":")[0])].value
        assert area.endswith(str(LAST_ROW))
        rules[str(heading)] = rule
    return rules


def words_of(path: Path, rule: Any) -> list[str]:
    """Return the words that a rule offers, from itself or from the sheet that it names."""
    if rule.formula1.startswith('"'):
        return list(rule.formula1.strip('"').split(","))
    sheet, _, area = rule.formula1.partition("!")
    cells = load_workbook(path)[sheet.strip("'")][area.replace("$", "")]
    return [str(cell.value) for (cell,) in cells]


def test_every_booking_field_has_a_column_that_is_known(tmp_path: Path) -> None:
    headings = [cell.value for cell in data_of(template_in(tmp_path))[1]]
    assert [known_field(str(heading)) for heading in headings] == list(BOOKING_FIELDS)
    assert list(FIELD_WORDS) == list(BOOKING_FIELDS)


def test_a_required_heading_has_a_star_a_color_and_a_note(tmp_path: Path) -> None:
    sheet = data_of(template_in(tmp_path))
    colors = {True: set(), False: set()}
    for name, cell in zip(BOOKING_FIELDS, sheet[1], strict=True):
        is_required = name in REQUIRED_FIELDS
        colors[is_required].add(cell.fill.fgColor.rgb)
        assert str(cell.value).endswith("*") == is_required
        assert cell.font.bold
        assert cell.comment is not None
        assert ("Required." in cell.comment.text) == is_required
        assert FIELD_WORDS[name].meaning in cell.comment.text
    assert colors == {True: {"FF1F3A5F"}, False: {"FF5F6B76"}}


@pytest.mark.parametrize("name", BOOKING_FIELDS)
def test_the_sample_on_a_note_is_accepted(name: str) -> None:
    cell = RULES[name](FIELD_WORDS[name].sample)
    assert cell.problem is None


@pytest.mark.parametrize("name", CHOICES)
def test_every_word_of_a_list_is_accepted(name: str) -> None:
    assert all(RULES[name](word).problem is None for word in CHOICES[name])


def test_lists_stop_other_words_and_say_what_to_do(tmp_path: Path) -> None:
    path = template_in(tmp_path)
    rules = lists_of(path)
    assert {heading: words_of(path, rule) for heading, rule in rules.items()} == {
        "Walk-in": ["yes", "no"],
        "Sex at birth": ["female", "male"],
        "Paperwork status": ["incomplete", "complete"],
    }
    for rule in rules.values():
        assert (rule.type, rule.errorStyle or "stop") == ("list", "stop")
        assert rule.showErrorMessage
        assert rule.showInputMessage
        assert rule.allow_blank
        assert "list" in rule.error
        assert len(rule.prompt) <= 255


def test_a_profiles_clinics_words_and_visit_types_are_offered(tmp_path: Path) -> None:
    path = template_in(tmp_path, LAKESIDE)
    words = {heading: words_of(path, rule) for heading, rule in lists_of(path).items()}
    assert words == {
        "Clinic *": ["Lakeview", "Old Town, North"],
        "Walk-in": ["yes", "no"],
        "Sex at birth": ["female", "male"],
        "Paperwork status": ["incomplete", "complete"],
        "Visit type ID": ["Physical"],
    }


def test_a_list_offers_one_word_a_value_and_no_word_for_nothing(tmp_path: Path) -> None:
    profile = (
        '[values.location_id]\nLakeview = 4021\n"Old Town" = 4022\nLakeveiw = 4021\n'
        '[values.visit_type_id]\nPhysical = 2\nPhys = 2\n"n/a" = ""\n'
        '[values.birth_sex]\nF = "female"\nU = ""\n[values.is_walk_in]\n"?" = ""\n'
        '[values.paperwork_status]\ndone = "complete"\nDONE_ = "complete"\nopen = "incomplete"\n'
    )
    path = template_in(tmp_path, profile)
    words = {heading: words_of(path, rule) for heading, rule in lists_of(path).items()}
    assert words == {
        "Clinic *": ["Lakeview", "Old Town"],
        "Walk-in": ["yes", "no"],
        "Sex at birth": ["female", "male"],
        "Paperwork status": ["done", "open"],
        "Visit type ID": ["Physical"],
    }


def test_clinics_that_have_only_numbers_are_offered_by_number(tmp_path: Path) -> None:
    zones = '[dates.timezones]\n4021 = "America/Chicago"\n4022 = "America/Denver"\n'
    path = template_in(tmp_path, zones + "[values.location_id]\nLakeview = 4021\n")
    assert words_of(path, lists_of(path)["Clinic *"]) == ["Lakeview", "4022"]


def test_many_clinics_stand_on_a_sheet_that_people_see(tmp_path: Path) -> None:
    path = template_in(tmp_path, MANY)
    book = load_workbook(path)
    assert [(s.title, s.sheet_state) for s in book.worksheets] == [
        ("Patients", "visible"),
        ("How to", "visible"),
        ("Lists", "visible"),
    ]
    words = words_of(path, lists_of(path)["Clinic *"])
    assert words[0] == "Smith, Jones"
    assert len(words) == 31


def test_a_short_template_has_no_sheet_of_lists(tmp_path: Path) -> None:
    assert load_workbook(template_in(tmp_path)).sheetnames == ["Patients", "How to"]


@pytest.mark.parametrize("profile", ["", LAKESIDE, MANY])
def test_columns_are_text_to_their_end_and_no_cell_is_a_formula(
    tmp_path: Path, profile: str
) -> None:
    book = load_workbook(template_in(tmp_path, profile))
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            assert all(cell.data_type in ("s", "n", "inlineStr") for cell in row)
            assert all(cell.data_type != "n" or cell.value is None for cell in row)
    data = book.worksheets[0]
    # Neighbors of one width share an element, so each column is looked up by its letters.
    styled = {
        number
        for area in data.column_dimensions.values()
        if area.number_format == "@"
        for number in range(area.min, area.max + 1)
    }
    assert styled == set(range(1, data.max_column + 1))


def test_the_sheet_is_set_up_to_type_into_and_to_print(tmp_path: Path) -> None:
    book = load_workbook(template_in(tmp_path))
    sheet = book.worksheets[0]
    assert book.active is sheet
    assert sheet.freeze_panes == "A2"
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.page_setup.fitToHeight == 0
    assert all(d.width >= 9 for d in sheet.column_dimensions.values())


def test_one_example_row_stands_below_the_headings(tmp_path: Path) -> None:
    sheet = data_of(template_in(tmp_path))
    assert sheet.max_row == 2
    cells = [cell.value or "" for cell in sheet[2]]
    assert cells == [EXAMPLE.get(name, "") for name in BOOKING_FIELDS]
    (rules,) = sheet.conditional_formatting
    assert rules.rules[0].formula == ['$C2="(202) 555-0147"']


def test_how_to_says_what_is_required_how_to_check_and_what_becomes_of_the_example(
    tmp_path: Path,
) -> None:
    sheet = load_workbook(template_in(tmp_path, LAKESIDE))["How to"]
    text = "\n".join(str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value)
    for part in (
        "solv-import check FILE --profile lakeside",
        "solv-import run FILE --profile lakeside",
        "example",
        "never booked",
        "needs a value",
        "America/Chicago",
        "Lakeview; Old Town, North",
        "Empty means no.",
    ):
        assert part in text, part


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("", "Do not write 03/04/1985"),
        ('[dates]\norder = "MDY"\n', "month/day/year"),
        ('[dates]\norders = { birth_date = "DMY" }\n', "day/month/year"),
    ],
)
def test_notes_say_how_dates_are_read(tmp_path: Path, profile: str, said: str) -> None:
    note = data_of(template_in(tmp_path, profile))["D1"].comment
    assert note is not None
    assert "YYYY-MM-DD" in note.text
    assert said in note.text


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("", "the clinic's own time"),
        ('[dates]\ntimezone = "America/Denver"\n', "America/Denver"),
        ('[dates.timezones]\n4021 = "America/Denver"\n', "the clinic's own time"),
    ],
)
def test_the_note_on_the_appointment_says_whose_time_it_is(
    tmp_path: Path, profile: str, said: str
) -> None:
    note = data_of(template_in(tmp_path, profile))["E1"].comment
    assert note is not None
    assert said in note.text


def test_a_field_with_a_default_is_not_required_and_says_so(tmp_path: Path) -> None:
    clinic = data_of(template_in(tmp_path, "[defaults]\nlocation_id = 4022\n"))["F1"]
    assert clinic.value == "Clinic"
    assert clinic.comment is not None
    assert "Empty means 4022." in clinic.comment.text


def test_headings_that_a_profile_lists_are_kept_as_they_are(tmp_path: Path) -> None:
    listed = ["Notes", "Clinic", "Patient", "Cell #", "DOB", "Appt Date", "Appt Time"]
    sheet = data_of(template_in(tmp_path, f"{LAKESIDE}[file]\nheadings = {listed}\n"))
    assert [cell.value for cell in sheet[1]] == listed
    assert "not sent" in sheet["A1"].comment.text
    assert [cell.value for cell in sheet[2]] == [
        *(None, "Example clinic", "Patient, Example", "(202) 555-0147", "1890-05-14"),
        *("2020-01-15", "09:30"),
    ]


def test_of_two_listed_headings_that_are_alike_the_mapped_one_is_sent(tmp_path: Path) -> None:
    listed = ["Phone", "Phone #", "First", "Last", "DOB", "Appt", "Clinic"]
    profile = f'[columns]\n"Phone #" = "phone"\n[file]\nheadings = {listed}\n'
    columns = template_columns(settings_in(tmp_path, profile))
    assert [column.field for column in columns] == [
        *("", "phone", "first_name", "last_name", "birth_date", "appointment_date", "location_id")
    ]


def test_a_heading_that_the_profile_gave_away_is_not_given_twice(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, '[columns]\nClinic = "visit_type_id"\n')
    headings = {column.field: column.heading for column in template_columns(settings)}
    assert headings["visit_type_id"] == "Clinic"
    assert headings["location_id"] == "location_id"


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("[file]\nheader_row = 0\n", "without headings"),
        ('[file]\nheadings = ["DOB", "Phone"]\n', "No heading could be matched"),
        ('[file]\nsheet = "How to"\n', "'How to'"),
        ('[file]\nsheet = "June/July"\n', "'June/July'"),
    ],
)
def test_settings_that_no_template_fits_are_refused(
    tmp_path: Path, profile: str, said: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(said)) as caught:
        template_in(tmp_path, profile)
    assert caught.value.todo
    assert not (tmp_path / "patients.xlsx").exists()


def test_a_file_that_is_there_stays_unless_it_may_go(tmp_path: Path) -> None:
    path = tmp_path / "patients.xlsx"
    path.write_text("typed by somebody")
    with pytest.raises(SettingsError, match="exists"):
        write_template(path, settings_in(tmp_path))
    assert path.read_text() == "typed by somebody"
    write_template(path, settings_in(tmp_path), replace=True)
    assert load_workbook(path).sheetnames[0] == "Patients"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_another_suffix_is_refused_with_the_two_that_are_written(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"'\.ods'") as caught:
        template_in(tmp_path, name="patients.ods")
    assert ".xlsx or .csv" in str(caught.value.todo)


def test_the_same_settings_make_the_same_bytes(tmp_path: Path) -> None:
    first = template_in(tmp_path, LAKESIDE).read_bytes()
    assert template_in(tmp_path, LAKESIDE).read_bytes() == first


@pytest.mark.parametrize(("profile", "delimiter"), [("", ","), ('[file]\ndelimiter = ";"\n', ";")])
def test_as_csv_it_is_a_line_of_headings(tmp_path: Path, profile: str, delimiter: str) -> None:
    path = template_in(tmp_path, profile, name="patients.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        (headings,) = csv.reader(file, delimiter=delimiter)
    assert [known_field(heading) for heading in headings] == list(BOOKING_FIELDS)


def test_a_template_saved_as_ods_asks_for_no_sheet(tmp_path: Path) -> None:
    """LibreOffice keeps the name that marks a template, as what it calls a named range."""
    headings = ods_row("".join(map(ods_cell, ["First name *", "Last name *"])))
    tables = f'<table:table table:name="Patients">{headings}</table:table>'
    tables += f'<table:table table:name="How to">{ods_row(ods_cell("1."))}</table:table>'
    named = f'<table:named-range table:name="{TEMPLATE_NAME}" table:base-cell-address="$A$1"/>'
    marked = f"{tables}<table:named-expressions>{named}</table:named-expressions>"
    assert read(pack_ods(tmp_path / "patients.ods", marked)).sheet == "Patients"
    with pytest.raises(SourceError, match="more than one visible sheet"):
        read(pack_ods(tmp_path / "strange.ods", tables))
