"""`map` asks a person in a real terminal, and what it writes reads the file that it was made of."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from openpyxl import Workbook

import importer
from importer.cli.shell import shell
from tests.edges.terminal_kit import CTRL_C, CTRL_U, DOWN, ENTER, UP, Terminal

HEADINGS = ["Patient Name", "Mobil", "DOB", "Appt Date", "Appt Time", "Clinic", "Sex", "Notes"]
ROWS = [
    *(["Lee, Ann", "312-555-0142", "03/14/1985", "02/01/2090", "9:30 AM", "Lakeview", "F", ""],),
    *(["Roe, Bob", "312-555-0143", "03/04/1985", "02/21/2090", "9:45 AM", "lakeview", "U", "x"],),
    *(["Ito, Mai", "312-555-0144", "12/31/1985", "02/22/2090", "1:15 PM", "Uptown", "M", "x"],),
]


pytestmark = pytest.mark.usefixtures("own_world")


def write_csv(folder: Path, headings: list[str], rows: list[list[str]]) -> Path:
    path = folder / "Lakeside June.csv"
    lines = [",".join(f'"{cell}"' for cell in row) for row in [headings, *rows]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_xlsx(folder: Path, headings: list[str], rows: list[list[str]]) -> Path:
    workbook = Workbook()
    for row in [headings, *rows]:
        workbook.worksheets[0].append(row)
    workbook.save(folder / "Lakeside June.xlsx")
    return folder / "Lakeside June.xlsx"


WRITERS = pytest.mark.parametrize("write", [write_csv, write_xlsx], ids=["csv", "xlsx"])


def check(path: Path, profile: Path) -> tuple[int, dict[str, Any]]:
    words = ["check", str(path), "--profile", str(profile), "--json"]
    result = CliRunner().invoke(shell, words)
    return result.exit_code, json.loads(result.stdout)


def suggested(path: Path, *flags: str) -> tuple[str, dict[str, Any]]:
    result = CliRunner().invoke(shell, ["map", str(path), "--show", *flags])
    assert result.exit_code == 0, result.stderr
    return result.stdout, tomllib.loads(result.stdout)


@WRITERS
def test_a_whole_conversation_makes_a_profile_that_reads_its_file(
    write: Any, tmp_path: Path
) -> None:
    source = write(tmp_path, HEADINGS, ROWS)
    environ = {"TZ": "America/New_York"}
    with Terminal(arguments=("map", str(source)), folder=tmp_path, environ=environ) as terminal:
        terminal.expect("8 columns").expect("Lee, Ann | Roe, Bob | Ito, Mai")
        terminal.expect('"Mobil" (312-555-0142').expect("another field").type(ENTER)
        terminal.expect("Which column holds whole names?").expect("each").type(ENTER)
        terminal.expect("How are they written?").expect("Last, First Middle").type(ENTER)
        terminal.expect("birth_date: 2 dates fit only month/day, 0 only day/month, 1 both")
        terminal.expect("day/month").type(ENTER)
        terminal.expect("appointment_date: 2 dates fit only month/day").expect("day/month")
        terminal.type(ENTER)
        terminal.expect("The clinic's zone").expect("another zone").type(DOWN + DOWN + ENTER)
        terminal.expect('location_id: number of "Lakeview" (2 rows; empty leaves').type(
            "4021" + ENTER
        )
        terminal.expect('location_id: number of "Uptown" (1 row; empty leaves').type(
            "north" + ENTER
        )
        terminal.expect("Give a whole number").type(CTRL_U + "4022" + ENTER)
        terminal.expect('birth_sex: "U" (1 row) stands for').expect("such a row is invalid")
        terminal.type(DOWN + DOWN + DOWN + ENTER)
        terminal.expect("be read otherwise?").expect("all is right").type(ENTER)
        terminal.expect("Save it under which name?").expect("lakeside-june").type(ENTER)
        terminal.expect("3 rows: 3 ready, 0 with errors").expect("Next: solv-import check")
        assert terminal.ended() == 0
    profile = tmp_path / "config" / "profiles" / "lakeside-june.toml"
    assert tomllib.loads(profile.read_text("utf-8")) == {
        "columns": {
            "Mobil": "phone",
            "DOB": "birth_date",
            "Clinic": "location_id",
            "Sex": "birth_sex",
        },
        "joined": {"appointment_date": ["Appt Date", "Appt Time"]},
        "split": {"Patient Name": "Last, First"},
        "values": {"location_id": {"Lakeview": 4021, "Uptown": 4022}, "birth_sex": {"U": ""}},
        "dates": {"order": "MDY", "timezone": "America/Chicago"},
        "file": {"headings": HEADINGS},
    }
    code, report = check(source, profile)
    assert (code, report["ready"], report["problems"]) == (0, 3, [])


KNOWN = ["First Name", "Last Name", "Phone", "DOB", "Appointment", "E-mail"]
PLAIN = [["Ann", "Lee", "312-555-0142", "1985-03-14", "2090-02-01T09:30:00-06:00", ""]]


def test_only_what_is_not_sure_is_asked(tmp_path: Path) -> None:
    source = write_csv(tmp_path, KNOWN, PLAIN)
    output = tmp_path / "clinic.toml"
    with Terminal(
        arguments=("map", str(source), "--output", str(output)), folder=tmp_path
    ) as terminal:
        terminal.expect("Which column is location_id?").expect("all rows").type(DOWN + ENTER)
        terminal.expect("number of the location, for all rows").type("4021" + ENTER)
        terminal.expect("be read otherwise?").expect("all is right").type(ENTER)
        terminal.expect("1 row: 1 ready")
        assert terminal.ended() == 0
    assert tomllib.loads(output.read_text("utf-8"))["defaults"] == {"location_id": 4021}
    others = ("stands for", "is written", "zone", "Which column is phone", "whole names")
    assert not any(question in terminal.seen for question in others)
    assert check(source, output)[0] == 0
    assert output.stat().st_mode == source.stat().st_mode, "others may read a profile"


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    source = write_csv(tmp_path, KNOWN, PLAIN)
    words = ("map", str(source), "--output", str(source / "clinic.toml"))
    with Terminal(arguments=words, folder=tmp_path) as terminal:
        terminal.expect("Which column is location_id?").expect("all rows").type(DOWN + ENTER)
        terminal.expect("number of the location, for all rows").type("4021" + ENTER)
        terminal.expect("be read otherwise?").expect("all is right").type(ENTER)
        terminal.expect("cannot be written")
        assert terminal.ended() == 2
    assert "Traceback" not in terminal.seen


def test_words_of_paperwork_and_state_that_are_not_clear_are_asked_for(tmp_path: Path) -> None:
    """What Solv documents is clear, and so is a state by its name; both are not asked for."""
    headings = [*KNOWN, "Location", "Paperwork", "State"]
    people = [("Ann", "complete", "Illinois"), ("Bob", "done", "Ill."), ("Cyd", "Incomplete", "CA")]
    rows = [[first, *PLAIN[0][1:], "4021", *words] for first, *words in people]
    source, output = write_csv(tmp_path, headings, rows), tmp_path / "clinic.toml"
    with Terminal(
        arguments=("map", str(source), "--output", str(output)), folder=tmp_path
    ) as terminal:
        terminal.expect('paperwork_status: "done" (1 row) stands for').expect("send it as it is")
        terminal.type(DOWN + DOWN + ENTER)
        terminal.expect('paperwork_status: "Incomplete" (1 row) stands for').expect("send it as")
        terminal.type(DOWN + ENTER)
        terminal.expect('address_state: "Ill." (1 row) stands for').type("il" + ENTER)
        terminal.expect("be read otherwise?").expect("all is right").type(ENTER)
        terminal.expect("3 rows: 3 ready")
        assert terminal.ended() == 0
    assert tomllib.loads(output.read_text("utf-8"))["values"] == {
        "paperwork_status": {"done": "complete", "Incomplete": "incomplete"},
        "address_state": {"Ill.": "IL"},
    }


def test_a_profile_is_never_written_over_without_asking(tmp_path: Path) -> None:
    source = write_csv(tmp_path, KNOWN, PLAIN)
    output = tmp_path / "clinic.toml"
    output.write_text("# ours\n", encoding="utf-8")
    words = ("map", str(source), "--location-id", "4021", "--output", str(output))
    for answer, code, kept in (("n", 0, True), (ENTER, 0, True), ("y", 0, False)):
        with Terminal(arguments=words, folder=tmp_path) as terminal:
            terminal.expect("be read otherwise?").expect("all is right").type(ENTER)
            terminal.expect("Write over it?").type(answer)
            terminal.expect("Nothing was written" if kept else "Profile:")
            assert terminal.ended() == code
        assert (output.read_text("utf-8") == "# ours\n") is kept


def test_ctrl_c_writes_nothing(tmp_path: Path) -> None:
    source = write_csv(tmp_path, KNOWN, PLAIN)
    with Terminal(arguments=("map", str(source)), folder=tmp_path) as terminal:
        terminal.expect("Which column is location_id?").expect("all rows").type(CTRL_C)
        assert terminal.ended() == 130
    assert not (tmp_path / "config").exists()


def test_headings_that_changed_are_mapped_again_from_the_old_profile(tmp_path: Path) -> None:
    profile = tmp_path / "clinic.toml"
    profile.write_text(
        '[columns]\n"Tel." = "phone"\n"Why" = "reason"\n[defaults]\nlocation_id = 4021\n'
        '[values.birth_sex]\n"U" = ""\n[dates]\ntimezone = "America/Chicago"\n'
        f"[file]\nheadings = {json.dumps([*KNOWN[:2], 'Tel.', *KNOWN[3:]])}\n",
        encoding="utf-8",
    )
    headings = [*KNOWN[:2], "Reach them at", *KNOWN[3:], "Why"]
    source = write_csv(tmp_path, headings, [[*PLAIN[0], "Flu"]])
    assert (
        CliRunner().invoke(shell, ["check", str(source), "--profile", str(profile)]).exit_code == 3
    )
    with Terminal(
        arguments=("map", str(source), "--profile", str(profile)), folder=tmp_path
    ) as terminal:
        terminal.expect("Which column is phone?").expect("Reach them at").type(DOWN + ENTER)
        terminal.expect("be read otherwise?").expect("all is right").type(ENTER)
        terminal.expect('- [columns] "Tel." = "phone"')
        terminal.expect('+ [columns] "Reach them at" = "phone"')
        terminal.expect('- [file] headings: "Tel."').expect('+ [file] headings: "Why"')
        terminal.expect("Write over it?").type("y")
        assert terminal.ended() == 0
    written = tomllib.loads(profile.read_text("utf-8"))
    assert written["columns"]["Reach them at"] == "phone"
    assert written["columns"]["Why"] == "reason"
    assert written["defaults"] == {"location_id": 4021}
    assert written["values"] == {"birth_sex": {"U": ""}}
    assert written["file"]["headings"] == headings
    assert check(source, profile)[0] == 0


def test_two_columns_for_one_field_are_chosen_from(tmp_path: Path) -> None:
    source = write_csv(tmp_path, [*KNOWN, "Mobile"], [[*PLAIN[0], "312-555-0199"]])
    output = tmp_path / "clinic.toml"
    words = ("map", str(source), "--location-id", "4021", "--output", str(output))
    with Terminal(arguments=words, folder=tmp_path) as terminal:
        terminal.expect("Which column is phone?").expect("Mobile").type(DOWN + DOWN + ENTER)
        terminal.expect("be read otherwise?").expect("all is right").type(ENTER)
        terminal.expect("1 row: 1 ready")
        assert terminal.ended() == 0
    assert tomllib.loads(output.read_text("utf-8"))["columns"]["Mobile"] == "phone"
    assert check(source, output)[0] == 0


def test_an_order_is_that_of_the_column_it_was_asked_about(tmp_path: Path) -> None:
    source = write_csv(tmp_path, KNOWN, [[*PLAIN[0][:3], "03/14/1985", *PLAIN[0][4:]]])
    output = tmp_path / "clinic.toml"
    words = ("map", str(source), "--location-id", "4021", "--output", str(output))
    with Terminal(arguments=words, folder=tmp_path) as terminal:
        terminal.expect("1 date fits only month/day").expect("day/month").type(ENTER)
        terminal.expect("be read otherwise?").expect("all is right").type(ENTER)
        assert terminal.ended() == 0
    tables = tomllib.loads(output.read_text("utf-8"))
    assert tables["dates"] == {"orders": {"birth_date": "MDY"}}
    later = [*PLAIN[0][:4], "03/04/2090 09:30 -06:00", ""]
    july = write_csv(tmp_path, KNOWN, [later])
    result = CliRunner().invoke(shell, ["check", str(july), "--profile", str(output)])
    assert (result.exit_code, "appointment_date in column E" in result.stderr) == (3, True)


@pytest.mark.parametrize("more", [[], ["Odd"]], ids=["none-left", "a-wrong-one-left"])
def test_a_doubled_heading_is_the_files_fault_and_is_named(more: list[str], tmp_path: Path) -> None:
    headings = [*KNOWN[:3], "Phone", *KNOWN[3:5], *more]
    row = ["Ann", "Lee", "1", "2", *PLAIN[0][3:5], *more]
    source = write_csv(tmp_path, headings, [row])
    words = ("map", str(source), "--output", str(tmp_path / "clinic.toml"))
    with Terminal(arguments=words, folder=tmp_path) as terminal:
        terminal.expect("no column can be named for phone").expect("of C, D stand there twice")
        assert terminal.ended() == 3


@pytest.mark.parametrize("output", ["lakeside", "lakeside.v2", "here/lakeside"])
def test_a_profile_is_written_only_where_it_is_found_again(output: str, tmp_path: Path) -> None:
    source = write_csv(tmp_path, KNOWN, PLAIN)
    result = CliRunner().invoke(shell, ["map", str(source), "--output", output])
    assert result.exit_code == 2
    assert f"Write --output {output}.toml." in result.stderr


def test_a_name_with_a_dot_is_a_name_of_the_settings_folder_both_ways(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "profiles"
    folder.mkdir(parents=True)
    (folder / "lakeside.v2.toml").write_text("[defaults]\nlocation_id = 4021\n", encoding="utf-8")
    source = write_csv(tmp_path, KNOWN, PLAIN)
    words = ("map", str(source), "--profile", "lakeside.v2")
    with Terminal(arguments=words, folder=tmp_path) as terminal:
        terminal.expect("be read otherwise?").expect("all is right").type(ENTER)
        terminal.expect("Write over it?").type("y")
        terminal.expect("1 row: 1 ready")
        assert terminal.ended() == 0
    assert not (tmp_path / "lakeside.v2").exists()
    assert "headings" in (folder / "lakeside.v2.toml").read_text("utf-8")


def test_a_files_name_stands_in_no_profile_and_suggests_none_where_it_may_be_a_patient(
    tmp_path: Path,
) -> None:
    source = tmp_path / "Zelda Canary 312-555-0142.csv"
    write_csv(tmp_path, KNOWN, PLAIN).rename(source)
    words = ("map", str(source), "--location-id", "4021")
    with Terminal(arguments=words, folder=tmp_path) as terminal:
        terminal.expect("be read otherwise?").expect("all is right").type(ENTER)
        terminal.expect("Save it under which name?").expect("clinic").type(ENTER)
        assert terminal.ended() == 0
    (profile,) = (tmp_path / "config" / "profiles").iterdir()
    assert profile.name == "clinic.toml"
    assert "anary" not in profile.read_text("utf-8")


def test_short_years_ask_for_the_last_one_of_this_century(tmp_path: Path) -> None:
    row = [*PLAIN[0][:3], "03/14/85", *PLAIN[0][4:]]
    source = write_csv(tmp_path, KNOWN, [row])
    output = tmp_path / "clinic.toml"
    words = ("map", str(source), "--location-id", "4021", "--output", str(output))
    with Terminal(arguments=words, folder=tmp_path) as terminal:
        terminal.expect("1 date fits only month/day").expect("day/month").type(ENTER)
        terminal.expect("The last year that is 20xx").type("x" + ENTER)
        terminal.expect("Give a whole number").type(CTRL_U + "30" + ENTER)
        terminal.expect("be read otherwise?").expect("all is right").type(ENTER)
        assert terminal.ended() == 0
    assert tomllib.loads(output.read_text("utf-8"))["dates"] == {
        "orders": {"birth_date": "MDY"},
        "two_digit_pivot": 30,
    }
    assert check(source, output)[0] == 0


@WRITERS
def test_suggestions_are_printed_as_toml_and_doubts_as_comments(write: Any, tmp_path: Path) -> None:
    text, tables = suggested(write(tmp_path, HEADINGS, ROWS), "--show-values")
    assert tables["columns"]["Mobil"] == "phone"
    assert tables["joined"] == {"appointment_date": ["Appt Date", "Appt Time"]}
    assert tables["file"]["headings"] == HEADINGS
    assert "dates" not in tables
    assert "split" not in tables
    for doubt in (
        'Check under [columns]: "Mobil" = "phone" (91 of 100)',
        '"Patient Name" = "Last, First"   splits 3 of 3',
        'birth_date = "MDY"   2 dates fit only month/day, 0 only day/month, 1 both',
        'Needed under [dates]: timezone, the zone of the clinic, such as "America/Chicago"',
        '[values.location_id], with the value in Solv behind each: "Lakeview" (2 rows), "Uptown"',
        'Not sent, unless a line under [columns] says so: "Notes"',
    ):
        assert doubt in text, text


def test_suggestions_hold_no_value_of_a_patient(tmp_path: Path) -> None:
    text, _ = suggested(write_csv(tmp_path, HEADINGS, ROWS))
    assert '[values.location_id]: "their word" = the value in Solv, for 2 words' in text
    assert "Lakeview" not in text
    for row in ROWS:
        assert not any(cell in text for cell in (row[0], row[1], row[2], row[3]))


def test_what_was_told_to_read_the_file_stands_in_the_profile(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    rows = [["June"], KNOWN, *PLAIN]
    path.write_text("\n".join(";".join(row) for row in rows) + "\n", encoding="utf-8")
    flags = ("--header-row", "2", "--delimiter", ";", "--location-id", "4021")
    text, tables = suggested(path, *flags, "--timezone", "America/Denver", "--date-order", "DMY")
    assert tables["file"]["header_row"] == 2
    assert tables["file"]["delimiter"] == ";"
    assert tables["dates"] == {"order": "DMY", "timezone": "America/Denver"}
    profile = tmp_path / "odd.toml"
    profile.write_text(text, encoding="utf-8")
    assert check(path, profile)[0] == 0


@pytest.mark.parametrize(
    "heading",
    ["1985-03-14", "312-555-0142", "a@example.com", "3/4/85", "x" * 61, "MRN 00123456"],
)
def test_a_heading_that_looks_like_data_goes_into_no_profile(heading: str, tmp_path: Path) -> None:
    source = write_csv(tmp_path, [*KNOWN, heading], [[*PLAIN[0], "x"]])
    result = CliRunner().invoke(shell, ["map", str(source), "--show"])
    assert result.exit_code == 3
    assert "column G" in result.stderr
    assert heading not in result.output


def test_nobody_is_asked_where_nobody_can_answer(tmp_path: Path) -> None:
    source = write_csv(tmp_path, KNOWN, PLAIN)
    result = CliRunner().invoke(shell, ["map", str(source)])
    assert result.exit_code == 2
    assert "--show" in result.stderr


def test_headings_that_say_nothing_are_asked_for_one_by_one(tmp_path: Path) -> None:
    headings = ["Given", "Family", "Handy", "Geboren", "Termin", "Uhr", "Ort", "Offen"]
    row = ["Ann", "Lee", "312-555-0142", "14/03/1985", "01/02/2090", "9:30", "4021", "vielleicht"]
    source = write_csv(tmp_path, headings, [row])
    output = tmp_path / "clinic.toml"
    words = ("map", str(source), "--output", str(output))
    with Terminal(arguments=words, folder=tmp_path) as terminal:
        terminal.expect("Which column holds whole names?").expect("a column each").type(UP + ENTER)
        for name in ("first_name", "last_name", "phone", "birth_date", "appointment_date"):
            # Enter alone chooses nothing.
            terminal.expect(f"Which column is {name}?").expect("Offen").type(ENTER)
            terminal.expect(f"Which column is {name}?").expect("Offen").type(DOWN + ENTER)
        terminal.expect('"Termin" holds no time of day. Which column does?').expect("there is none")
        terminal.type(DOWN + ENTER)
        terminal.expect("Which column is location_id?").expect("Offen").type(DOWN + DOWN + ENTER)
        terminal.expect("birth_date: 0 dates fit only month/day, 1 only day/month, 0 both")
        terminal.expect("day/month").type(ENTER)
        terminal.expect("appointment_date: 0 dates fit only").expect("1 both").expect("day/month")
        terminal.type(DOWN + DOWN + ENTER)
        terminal.expect("The clinic's zone").expect("another zone").type(UP + ENTER)
        terminal.expect("Its IANA name").type(CTRL_U + "Chicago" + ENTER)
        terminal.expect("the nearest is America/Chicago").type(CTRL_U + "America/Chicago" + ENTER)
        terminal.expect("be read otherwise?").expect("all is right").type(ENTER)
        terminal.expect("1 row: 1 ready, 0 with errors")
        assert terminal.ended() == 0
    tables = tomllib.loads(output.read_text("utf-8"))
    assert tables["joined"] == {"appointment_date": ["Termin", "Uhr"]}
    assert tables["dates"] == {"order": "DMY", "timezone": "America/Chicago"}
    assert "Offen" not in tables["columns"]
    assert check(source, output)[0] == 0


def test_an_offered_heading_may_be_another_field_or_none(tmp_path: Path) -> None:
    headings = [*KNOWN, "Location", "Visit Reasn Txt", "Walk-in"]
    row = [*PLAIN[0], "4021", "Flu", "maybe"]
    source = write_csv(tmp_path, headings, [row])
    output = tmp_path / "clinic.toml"
    words = ("map", str(source), "--output", str(output))
    with Terminal(arguments=words, folder=tmp_path) as terminal:
        terminal.expect('"Visit Reasn Txt" (Flu) is').expect("another field").type(DOWN + ENTER)
        terminal.expect('"Visit Reasn Txt" (Flu) is').expect("visit_type_id")
        terminal.type(DOWN + DOWN + ENTER)
        terminal.expect('is_walk_in: "maybe" (1 row) stands for').expect("is invalid")
        terminal.type(UP + ENTER)
        terminal.expect("be read otherwise?").expect("all is right").type(ENTER)
        terminal.expect("1 row: 0 ready, 1 with errors").expect("1 row: is_walk_in: neither yes")
        assert terminal.ended() == 0
    columns = tomllib.loads(output.read_text("utf-8"))["columns"]
    assert columns["Visit Reasn Txt"] == "reason"


def test_a_column_of_both_orders_is_said_and_not_asked(tmp_path: Path) -> None:
    born = ("03/14/1985", "14/03/1985", "03/04/1985")
    rows = [[*PLAIN[0][:3], text, *PLAIN[0][4:]] for text in born]
    source = write_csv(tmp_path, KNOWN, rows)
    output = tmp_path / "clinic.toml"
    words = ("map", str(source), "--location-id", "4021", "--output", str(output))
    with Terminal(arguments=words, folder=tmp_path) as terminal:
        terminal.expect("1 both; those that fit both will be invalid")
        terminal.expect("be read otherwise?").expect("all is right").type(ENTER)
        assert terminal.ended() == 0
    code, report = check(source, output)
    assert (code, [problem["code"] for problem in report["problems"]][:1]) == (1, ["IMP211"])


@pytest.mark.parametrize("module", ["importer.cli.map", "importer.cli.run", "importer.pipeline"])
def test_the_library_of_the_questions_is_imported_for_a_conversation_alone(module: str) -> None:
    program = f"import sys, {module}; sys.exit('questionary' in sys.modules)"
    home = Path(importer.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", program], cwd=home, check=False).returncode == 0


def test_a_time_beside_a_day_is_asked_for_although_its_heading_says_little(tmp_path: Path) -> None:
    headings = ["First Name", "Last Name", "Phone", "DOB", "Appt Date", "Time", "Clinic"]
    row = ["Ann", "Lee", "312-555-0142", "1985-03-14", "2090-02-01", "9:30 AM", "4021"]
    source = write_csv(tmp_path, headings, [row])
    text, _ = suggested(source, "--timezone", "America/Chicago")
    assert 'under [joined] instead of [columns]: appointment_date = ["Appt Date", "Time"]' in text
    output = tmp_path / "clinic.toml"
    words = ("map", str(source), "--output", str(output), "--timezone", "America/Chicago")
    with Terminal(arguments=words, folder=tmp_path) as terminal:
        terminal.expect('"Appt Date" holds no time of day. Which column does?').expect("none")
        terminal.type(ENTER)
        terminal.expect("be read otherwise?").expect("all is right").type(ENTER)
        terminal.expect("1 row: 1 ready, 0 with errors")
    tables = tomllib.loads(output.read_text(encoding="utf-8"))
    assert tables["joined"] == {"appointment_date": ["Appt Date", "Time"]}


def test_a_column_below_a_group_of_somebody_else_is_not_suggested(tmp_path: Path) -> None:
    groups = ["Patient", "", "", "Emergency contact", "", "Visit", ""]
    headings = ["First", "Last", "DOB", "Name", "Phone", "Appt", "Clinic"]
    row = ["Ann", "Lee", "1985-03-04", "Bo", "312-555-0142", "2090-02-01 09:30", "4021"]
    text, profile = suggested(write_csv(tmp_path, groups, [headings, row]), "--header-row", "2")
    assert "phone" not in profile["columns"].values()
    assert 'Needed under [columns]: a heading = "phone"' in text
