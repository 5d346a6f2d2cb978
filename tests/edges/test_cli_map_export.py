"""`map` on an export as systems write them: a title, thirty headings, a clinic's words, a total."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from openpyxl import Workbook

from importer.cli.shell import shell
from tests.edges.terminal_kit import CTRL_U, DOWN, ENTER, UP, Terminal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("own_world")

TITLE = "Lakeside Clinics, appointments"
HEADINGS = [
    *("Patient Name", "Cell Phone", "DOB", "Appt Date", "Time", "Clinic Name", "Gender"),
    *("Email Address", "MRN", "Visit Kind", "Reason for Visit", "Address", "Address 2", "City"),
    *("State", "Zip", "Insurance", "Member", "Group No", "Guarantor Name", "Guarantor Phone"),
    *("Emergency Contact", "Referring Provider", "Appt Status", "Checked In", "Copay"),
    *("Balance Due", "Created By", "Created On", "Notes"),
]
CLINICS = ["Lakeview", "Lakeview", "Old Town", "Hyde Park", "lakeview", "Lakeveiw"]
SURNAMES = ["Lee", "Roe", "Ito", "Poe", "Berg", "Diaz"]
NAMES = ["Ana", "Bob", "Mai", "Theo M.", "Jon", "Leo"]
GENDERS = ["F", "M", "Female", "Male", "U", "F"]
TIMES = ["9:00 AM", "9:15 am", "09:30", "1:45 PM", "10:00", "TBD"]


def rows() -> list[list[str]]:
    """Return six visits and a total; one name has an initial, one time is no time."""
    visits = [
        [
            f"{SURNAMES[n]}, {NAMES[n]}",
            f"312-555-01{n:02}",
            f"{n + 1:02}/{n + 20}/1985",
            f"02/{n + 20}/2037",
            TIMES[n],
            CLINICS[n],
            GENDERS[n],
            f"patient{n}@example.com",
            *(f"MR{n:04}", "New", "Cough", f"{n + 1} Oak Street", "", "Chicago", "IL", "60601"),
            *("Acme Health", f"M{n}", "G1", "", "", "", "", "Booked", "N", "20.00", "0.00"),
            *("frontdesk", "01/02/2037", ""),
        ]
        for n in range(len(CLINICS))
    ]
    return [*visits, ["Total: 6", *[""] * (len(HEADINGS) - 1)]]


def write_csv(folder: Path, *, title: bool = True) -> Path:
    above = [[TITLE, *[""] * (len(HEADINGS) - 1)]] if title else []
    lines = [",".join(f'"{cell}"' for cell in row) for row in [*above, HEADINGS, *rows()]]
    path = folder / "export.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_xlsx(folder: Path) -> Path:
    workbook = Workbook()
    for row in [[TITLE], HEADINGS, *rows()]:
        workbook.worksheets[0].append(row)
    workbook.save(folder / "export.xlsx")
    return folder / "export.xlsx"


def to_the_words(terminal: Terminal) -> None:
    """Answer everything up to what the clinic's words mean."""
    terminal.expect("Row 1 does not hold column headings").expect("Patient Name | Cell Phone")
    terminal.expect("Are these the headings, in row 2?").type("y")
    terminal.expect('"Clinic Name" (Lakeview | Old Town | Hyde Park) is').expect("another field")
    terminal.type(DOWN + ENTER)
    terminal.expect('"Gender" (F | M | Female) is').expect("the sex at birth; Solv takes male")
    terminal.expect("another field").type(DOWN + ENTER)
    terminal.expect('"Appt Date" holds no time of day. Which column does?').expect("there is none")
    terminal.type(ENTER)
    terminal.expect("Which column holds whole names?").expect("column each").type(ENTER)
    terminal.expect('"Last, First" splits 5 of 6').expect('"Last, First Middle" splits 6 of 6')
    terminal.type(ENTER)
    for name in ("birth_date", "appointment_date"):
        terminal.expect(f"{name}: 6 dates fit only month/day").expect("day/month").type(ENTER)
    terminal.expect("The clinic's zone").expect("another zone").type(DOWN + DOWN + ENTER)


@pytest.mark.parametrize("write", [write_csv, write_xlsx], ids=["csv", "xlsx"])
def test_an_export_is_mapped_from_its_title_to_its_total(write: Any, tmp_path: Path) -> None:
    source = write(tmp_path)
    with Terminal(arguments=("map", str(source)), folder=tmp_path) as terminal:
        to_the_words(terminal)
        terminal.expect("Solv has a number for each location, such as 4021")
        terminal.expect('location_id: number of "Lakeview" (3 rows; empty').type("4021" + ENTER)
        terminal.expect('location_id: number of "Old Town" (1 row; empty').type("4022" + ENTER)
        terminal.expect('location_id: number of "Hyde Park" (1 row').type(ENTER)
        terminal.expect('"Lakeveiw" (1 row) looks like "Lakeview". It is').expect("rows invalid")
        terminal.type(DOWN + ENTER)
        terminal.expect('birth_sex: "U" (1 row) stands for').expect("such a row is invalid")
        terminal.type(UP + UP + ENTER)
        terminal.expect("be read otherwise?").expect('"Visit Kind" = not sent').type(ENTER)
        terminal.expect("The file's own name is proposed").expect("export").type(ENTER)
        terminal.expect("7 rows: 4 ready, 3 with errors")
        terminal.expect("location_id: word or id that the profile does not know (IMP207)")
        terminal.expect("Next: solv-import check").expect("--profile export\n")
        assert terminal.ended() == 0
    written = tomllib.loads((tmp_path / "config/profiles/export.toml").read_text("utf-8"))
    assert written["joined"] == {"appointment_date": ["Appt Date", "Time"]}
    assert written["split"] == {"Patient Name": "Last, First Middle"}
    assert written["columns"]["Gender"] == "birth_sex"
    assert written["values"] == {
        "location_id": {"Lakeview": 4021, "Old Town": 4022, "Lakeveiw": 4021},
        "birth_sex": {"U": ""},
    }
    assert written["dates"] == {"order": "MDY", "timezone": "America/Chicago"}
    assert written["file"] == {"header_row": 2, "headings": HEADINGS}


def test_a_word_may_be_answered_with_a_word_named_before(tmp_path: Path) -> None:
    output = tmp_path / "clinic.toml"
    words = ("map", str(write_csv(tmp_path)), "--output", str(output))
    with Terminal(arguments=words, folder=tmp_path) as terminal:
        to_the_words(terminal)
        terminal.expect('number of "Lakeview" (3 rows;').type("4021" + ENTER)
        terminal.expect('number of "Old Town" (1 row;').type("downtown" + ENTER)
        terminal.expect("Give a whole number").type(CTRL_U + "LAKEVIEW" + ENTER)
        terminal.expect('number of "Hyde Park" (1 row;').type("4023" + ENTER)
        terminal.expect("It is").expect("another number").type(DOWN + DOWN + ENTER)
        terminal.expect('number of "Lakeveiw" (1 row;').type("4024" + ENTER)
        terminal.expect('birth_sex: "U"').expect("is invalid").type(UP + UP + ENTER)
        terminal.expect("be read otherwise?").expect("all is right").type(ENTER)
        terminal.expect("--profile clinic.toml\n")
        assert terminal.ended() == 0
    assert tomllib.loads(output.read_text("utf-8"))["values"]["location_id"] == {
        "Lakeview": 4021,
        "Old Town": 4021,
        "Hyde Park": 4023,
        "Lakeveiw": 4024,
    }


def test_headings_in_no_other_row_are_not_taken_without_a_yes(tmp_path: Path) -> None:
    source = write_csv(tmp_path)
    with Terminal(arguments=("map", str(source)), folder=tmp_path) as terminal:
        terminal.expect("Are these the headings, in row 2?").type(ENTER)
        terminal.expect("IMP015").expect("--header-row 2")
        assert terminal.ended() == 3


def test_nobody_there_is_told_the_flag_that_names_the_row(tmp_path: Path) -> None:
    result = CliRunner().invoke(shell, ["map", str(write_csv(tmp_path))])
    assert (result.exit_code, "--show --header-row 2" in result.stderr) == (2, True)


def shown(path: Path, *flags: str) -> str:
    result = CliRunner().invoke(shell, ["map", str(path), "--show", *flags])
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_what_is_proposed_is_a_profile_and_the_rest_are_comments(tmp_path: Path) -> None:
    text = shown(write_csv(tmp_path, title=False))
    tables = tomllib.loads(text)
    assert not {"Clinic Name", "Gender", "Time"} & set(tables["columns"])
    for line in (
        'values.location_id]: "Clinic Name" = "location_id"',
        'and not gender: "Gender" = "birth_sex"',
        '"Patient Name" = "Last, First Middle"   splits 6 of 6',
        '[joined] instead of [columns]: appointment_date = ["Appt Date", "Time"]',
        '[values.location_id]: "their word" = the value in Solv, for 4 words',
        'such as "America/Chicago"',
        '"Insurance", "Member", "Group No"',
    ):
        assert line in text, text
    assert "Needed under [columns]" not in text, "every field has a line that may be right"
    assert not any(word in text for word in (*CLINICS, *SURNAMES, "312-555", "1985"))
    named = shown(write_csv(tmp_path, title=False), "--show-values")
    assert '"Lakeview" (3 rows), "Old Town" (1 rows)' in named
    assert '"Lakeveiw" (1 rows, like "Lakeview")' in named


def test_an_order_that_no_date_tells_is_no_value(tmp_path: Path) -> None:
    path = tmp_path / "few.csv"
    path.write_text("DOB,Phone,First name\n03/04/1985,312-555-0142,Ann\n", encoding="utf-8")
    text = shown(path)
    assert 'birth_date = "MDY" (month first) or "DMY" (day first)   0 dates fit only' in text
    assert 'Needed under [columns]: a heading = "appointment_date"' in text


OURS = """
[columns]
"Cell Phone" = "phone"
Gender = "birth_sex"

[split]
"Patient Name" = "Last, First Middle"

[joined]
appointment_date = ["Appt Date", "Time"]

[values]
pad_zip = false

[values.birth_sex]
U = ""

[dates]
order = "MDY"
timezone = "America/Chicago"

[defaults]
location_id = 4021
reason = "Visit"

[run]
only_valid = true
rate = "1/s"
in_flight = 3
deadline_s = 30.5
"""


def test_what_map_does_not_ask_about_is_carried_over(tmp_path: Path) -> None:
    profile = tmp_path / "clinic.toml"
    profile.write_text(OURS, encoding="utf-8")
    source = write_csv(tmp_path, title=False)
    tables = tomllib.loads(shown(source, "--profile", str(profile)))
    before = tomllib.loads(OURS)
    assert tables["run"] == before["run"]
    assert tables["values"] == before["values"]
    assert (tables["defaults"], tables["dates"]) == (before["defaults"], before["dates"])


def test_a_column_that_was_left_out_is_mapped_and_the_changes_are_shown(tmp_path: Path) -> None:
    profile = tmp_path / "clinic.toml"
    profile.write_text(OURS, encoding="utf-8")
    words = ("map", str(write_csv(tmp_path, title=False)), "--profile", str(profile))
    with Terminal(arguments=words, folder=tmp_path) as terminal:
        terminal.expect('"Patient Name" first_name and last_name, "Last, First Middle"')
        terminal.expect('"Clinic Name" (Lakeview').expect("another field")
        terminal.type(DOWN + DOWN + ENTER)
        terminal.expect("be read otherwise?").expect('"Visit Kind" = not sent')
        terminal.type(DOWN * 10 + ENTER)
        terminal.expect('"Visit Kind" (New) is').expect("as it is").expect("attribution")
        terminal.type(UP + ENTER)
        terminal.expect('visit_type_id: number of "New" (6 rows; empty').type("7" + ENTER)
        terminal.expect("be read otherwise?").expect('"Visit Kind" = visit_type_id').type(ENTER)
        terminal.expect('+ [columns] "Visit Kind" = "visit_type_id"')
        terminal.expect("+ [values.visit_type_id] New = 7").expect("Its comments, and the order")
        terminal.expect("Write over it?").type("y")
        assert terminal.ended() == 0
    assert "- [" not in terminal.seen
    written = tomllib.loads(profile.read_text("utf-8"))
    assert written["run"] == tomllib.loads(OURS)["run"]
    assert written["values"]["visit_type_id"] == {"New": 7}


def test_a_correction_asks_again_what_depended_on_it(tmp_path: Path) -> None:
    """Another column of dates has an order of its own, and a required field needs a column."""
    profile = tmp_path / "clinic.toml"
    profile.write_text(OURS, encoding="utf-8")
    words = ("map", str(write_csv(tmp_path, title=False)), "--profile", str(profile))
    with Terminal(arguments=words, folder=tmp_path) as terminal:
        terminal.expect('"Clinic Name" (Lakeview').expect("another field")
        terminal.type(DOWN + DOWN + ENTER)
        terminal.expect("be read otherwise?").expect("all is right").type(UP + UP + ENTER)
        terminal.expect('"Created On" (01/02/2037) is').expect("birth_date (column C now)")
        # as it is, not sent, names, time of day, first name, last name, phone, birth date
        terminal.type(DOWN * 7 + ENTER)
        terminal.expect("birth_date: 0 dates fit only month/day").expect("6 both")
        terminal.expect("day/month").type(DOWN + DOWN + ENTER)
        terminal.expect("be read otherwise?").expect('"DOB" = not sent').type(DOWN + DOWN + ENTER)
        terminal.expect('"Cell Phone" (312').expect("as it is").type(DOWN + ENTER)
        terminal.expect("Which column is phone?").expect("Cell Phone").type(DOWN + ENTER)
        terminal.expect("be read otherwise?").expect("all is right").type(ENTER)
        terminal.expect("Write over it?").type("n")
        terminal.expect("Nothing was written.")
        assert terminal.ended() == 0
    assert profile.read_text("utf-8") == OURS


def test_a_profile_that_says_it_all_already_keeps_its_comments(tmp_path: Path) -> None:
    source, profile = write_csv(tmp_path, title=False), tmp_path / "clinic.toml"
    text = OURS + "[file]\nheadings = " + json.dumps(HEADINGS)
    tables = tomllib.loads(shown(source, "--timezone", "America/Chicago"))
    lines = [f'"{heading}" = "{name}"' for heading, name in tables["columns"].items()]
    mine = [line for line in lines if "Cell Phone" not in line and "Appt Date" not in line]
    text = "# ours\n" + text.replace("[split]", "\n".join(mine) + "\n\n[split]", 1)
    profile.write_text(text, encoding="utf-8")
    words = ("map", str(source), "--profile", str(profile))
    with Terminal(arguments=words, folder=tmp_path) as terminal:
        terminal.expect("be read otherwise?").expect("all is right").type(ENTER)
        terminal.expect("says all of this already; it stays as it is")
        assert terminal.ended() == 0
    assert profile.read_text("utf-8") == text


def test_check_says_of_gender_that_it_is_left_out_and_may_be_meant(tmp_path: Path) -> None:
    profile = tmp_path / "clinic.toml"
    profile.write_text(OURS.replace('Gender = "birth_sex"', ""), encoding="utf-8")
    source = write_csv(tmp_path, title=False)
    words = ["check", str(source), "--profile", str(profile)]
    said = CliRunner().invoke(shell, words).stdout
    assert "column G it may be birth_sex; only a person knows: solv-import map asks" in said
    listed = profile.read_text("utf-8") + "[file]\nheadings = " + json.dumps(HEADINGS)
    profile.write_text(listed, encoding="utf-8")
    assert "it may be birth_sex" not in CliRunner().invoke(shell, words).stdout


def test_what_a_profile_lists_and_leaves_out_is_not_asked_again(tmp_path: Path) -> None:
    profile = tmp_path / "clinic.toml"
    profile.write_text(OURS + "[file]\nheadings = " + json.dumps(HEADINGS), encoding="utf-8")
    words = ("map", str(write_csv(tmp_path, title=False)), "--profile", str(profile))
    with Terminal(arguments=words, folder=tmp_path) as terminal:
        terminal.expect("be read otherwise?").expect('"Clinic Name" = not sent').type(ENTER)
        terminal.expect("Write over it?").type("n")
        assert terminal.ended() == 0
    assert "another field" not in terminal.seen


def test_a_row_of_headings_that_is_named_anew_is_not_the_old_one(tmp_path: Path) -> None:
    profile = tmp_path / "clinic.toml"
    profile.write_text(OURS + "[file]\nheader_row = 2\n", encoding="utf-8")
    source = write_csv(tmp_path, title=False)
    text = shown(source, "--profile", str(profile), "--header-row", "1")
    assert tomllib.loads(text)["file"]["header_row"] == 1


def test_a_time_that_is_no_time_keeps_no_column_of_times_from_being_asked_about(
    tmp_path: Path,
) -> None:
    """Both headings are known names of the appointment, and one cell says TBD."""
    source = tmp_path / "visits.csv"
    source.write_text(
        "First,Last,Phone,DOB,Appt Date,Appt Time,Clinic ID\n"
        "Ann,Lee,312-555-0142,1985-03-14,2090-02-01,9:30 AM,4021\n"
        "Bob,Roe,312-555-0143,1985-03-14,2090-02-02,10:30 AM,4021\n"
        "Mai,Ito,312-555-0144,1985-03-14,2090-02-03,TBD,4021\n",
        encoding="utf-8",
    )
    output = tmp_path / "clinic.toml"
    words = ("map", str(source), "--output", str(output), "--timezone", "America/Chicago")
    with Terminal(arguments=words, folder=tmp_path) as terminal:
        terminal.expect("Which column is appointment_date?").expect("Appt Time").type(DOWN + ENTER)
        terminal.expect('"Appt Date" holds no time of day').expect("there is none").type(ENTER)
        terminal.expect("be read otherwise?").expect("all is right").type(ENTER)
        terminal.expect("3 rows: 2 ready, 1 with errors")
        assert terminal.ended() == 0
    joined = tomllib.loads(output.read_text("utf-8"))["joined"]
    assert joined == {"appointment_date": ["Appt Date", "Appt Time"]}


def test_days_without_a_time_anywhere_are_said_and_the_reason_stands_at_the_end(
    tmp_path: Path,
) -> None:
    source = tmp_path / "visits.csv"
    source.write_text(
        "First,Last,Phone,DOB,Appt Date,Clinic ID\n"
        "Ann,Lee,312-555-0142,1985-03-14,2090-02-01,4021\n",
        encoding="utf-8",
    )
    words = ("map", str(source), "--output", str(tmp_path / "clinic.toml"))
    with Terminal(arguments=words, folder=tmp_path) as terminal:
        terminal.expect('"Appt Date" holds no time of day, and no other column holds times')
        terminal.expect("be read otherwise?").expect("all is right").type(ENTER)
        terminal.expect("1 row: 0 ready, 1 with errors")
        terminal.expect("1 row: appointment_date: time of day missing (IMP230)")
        assert terminal.ended() == 0
