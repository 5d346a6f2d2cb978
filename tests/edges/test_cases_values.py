"""Bad values by case number, each as CSV and as XLSX: exact code and place, or what is sent."""

from __future__ import annotations

from datetime import date, time
from typing import TYPE_CHECKING

import pytest

from importer.errors import SourceError
from importer.pipeline import check_file
from importer.problems import ProblemCode
from tests.edges.case_kit import HEADINGS, Serial
from tests.edges.value_kit import (
    WRITERS,
    Write,
    assert_refused,
    assert_sent,
    file_of,
    one,
    settings_of,
    taken,
    write_xlsx,
)
from tests.pipeline.desk import FastClock
from tests.rows import invented_row

if TYPE_CHECKING:
    from pathlib import Path

    from importer.validate import CheckedRow

P = ProblemCode
REQUIRED_EMPTY, DATE_SERIAL = P.REQUIRED_EMPTY, P.DATE_SERIAL


PHONE = "+13125550142"


@WRITERS
@pytest.mark.parametrize("value", ["3125550142.0", "3.125550142E9", 3125550142, 13125550142.0])
def test_case_56_a_phone_that_is_an_exact_number(
    write: Write, value: object, tmp_path: Path
) -> None:
    assert_sent(one(write, tmp_path, "phone", value), "phone", PHONE)


BAD_VALUES = [
    (57, "phone", "5.55123E+09", P.SCIENTIFIC_PRECISION_LOST),
    (57, "emr_patient_id", "1.23457E+11", P.SCIENTIFIC_PRECISION_LOST),
    (58, "phone", "1e999", P.SCIENTIFIC_PRECISION_LOST),
    (58, "phone", "inf", P.PHONE_LETTERS),
    (58, "location_id", "nan", P.INTEGER_NOT_EXACT),
    (60, "phone", "312-555-0142 / 312-555-0143", P.PHONE_TWO_NUMBERS),
    (60, "phone", "312-CALL-NOW", P.PHONE_LETTERS),
    (60, "phone", "+44 20 7946 0958", P.PHONE_FOREIGN),
    (60, "phone", "000-000-0000", P.PHONE_NOT_US),
    (60, "phone", "555-0100", P.PHONE_NOT_US),
    (61, "address_zip", "2134", P.LEADING_ZERO_LOST),
    (61, "address_zip", "2134.0", P.LEADING_ZERO_LOST),
    (64, "location_id", "12.5", P.INTEGER_NOT_EXACT),
    (64, "location_id", "", P.REQUIRED_EMPTY),
    (65, "location_id", "9007199254740993", P.INTEGER_TOO_LARGE),
    (65, "location_id", "9007199254740992", P.INTEGER_TOO_LARGE),
    (65, "emr_patient_id", "9007199254740992.0", P.INTEGER_TOO_LARGE),
    (65, "emr_patient_id", "1.2345678901234567e+19", P.SCIENTIFIC_PRECISION_LOST),
    (67, "first_name", "\u3164", P.REQUIRED_EMPTY),
    (67, "first_name", "\u2800", P.REQUIRED_EMPTY),
    (68, "last_name", "A\u202eb", P.TEXT_BIDI),
    (73, "is_walk_in", "maybe", P.BOOLEAN_UNKNOWN),
    (74, "birth_sex", "U", P.BIRTH_SEX_UNKNOWN),
    (75, "email", "a@example.com; b@example.com", P.EMAIL_TWO),
    (75, "email", "ann.example.com", P.EMAIL_INVALID),
    (76, "custom_booking_management_url", "javascript:alert(1)", P.URL_NOT_HTTPS),
    (76, "custom_booking_management_url", "http://example.com", P.URL_NOT_HTTPS),
    (41, "first_name", "#N/A", P.CELL_ERROR_VALUE),
]


@WRITERS
@pytest.mark.parametrize(
    ("field", "value", "code"),
    [pytest.param(*rest, id=f"{case}-{rest[0]}-{rest[1]!a}") for case, *rest in BAD_VALUES],
)
def test_a_bad_value_of_case(
    write: Write, field: str, value: str, code: ProblemCode, tmp_path: Path
) -> None:
    row = one(write, tmp_path, field, value)
    errors = [problem for problem in row.problems if problem.is_error]
    assert [(p.code, p.field, p.column) for p in errors] == [(code, field, HEADINGS.index(field))]
    assert row.request is None


GOOD_VALUES = [
    (59, "phone", "\uff13\uff11\uff12-555-0142", PHONE, None),
    (60, "phone", "312-555-0142 x12", PHONE, P.PHONE_EXTENSION),
    (62, "address_zip", "02134 1234", "02134-1234", None),
    (62, "address_zip", "K1A 0B1", "K1A 0B1", P.ZIP_FOREIGN),
    (63, "emr_patient_id", "'0123", "0123", P.APOSTROPHE_REMOVED),
    (64, "location_id", "4021.0", 4021, None),
    (64, "location_id", "1,234", 1234, None),
    (66, "last_name", "\u00a0 Lee\t ", "Lee", None),
    (67, "last_name", "L\u200bee\u00ad", "Lee", P.TEXT_INVISIBLE),
    (69, "last_name", "Mu\u0308ller", "M\u00fcller", None),
    (70, "last_name", "O'Brien-de la Cruz", "O'Brien-de la Cruz", None),
    (70, "last_name", "\u5c71\u7530", "\u5c71\u7530", None),
    (70, "last_name", "X", "X", None),
    (71, "last_name", "Null", "Null", None),
    (71, "last_name", "NA", "NA", None),
    (71, "last_name", "1-2", "1-2", None),
    (73, "is_walk_in", "x", True, None),
    (73, "is_walk_in", "FALSE", False, None),
    (74, "birth_sex", "F", "female", None),
    (74, "birth_sex", "", None, None),
    (75, "email", "mailto:ann@example.com", "ann@example.com", P.EMAIL_MAILTO),
]


@WRITERS
@pytest.mark.parametrize(
    ("field", "value", "sent", "warning"),
    [pytest.param(*rest, id=f"{case}-{rest[0]}-{rest[1]!a}") for case, *rest in GOOD_VALUES],
)
def test_a_value_that_can_be_mended_of_case(
    write: Write,
    field: str,
    value: str,
    sent: object,
    warning: ProblemCode | None,
    tmp_path: Path,
) -> None:
    assert_sent(one(write, tmp_path, field, value), field, sent, warning)


@WRITERS
def test_case_61_a_profile_puts_lost_zeros_back(write: Write, tmp_path: Path) -> None:
    row = one(write, tmp_path, "address_zip", "2134", profile="[values]\npad_zip = true\n")
    assert_sent(row, "address_zip", "02134", P.ZIP_PADDED)


def test_case_65_a_number_cell_that_lost_digits(tmp_path: Path) -> None:
    row = one(write_xlsx, tmp_path, "location_id", 9007199254740993)
    assert_refused(row, "location_id", P.INTEGER_TOO_LARGE)
    row = one(write_xlsx, tmp_path, "emr_patient_id", 9007199254740993)
    assert_refused(row, "emr_patient_id", P.INTEGER_TOO_LARGE)


@WRITERS
def test_case_72_a_heading_of_look_alike_letters_stops_the_file(
    write: Write, tmp_path: Path
) -> None:
    headings = ["First N\u0430me", *HEADINGS[1:]]
    path = write(tmp_path, [headings, [invented_row().get(name, "") for name in HEADINGS]])
    with pytest.raises(SourceError) as caught:
        taken(path, settings_of(tmp_path))
    assert caught.value.code == P.HEADING_LOOKALIKE.code
    assert "column A: it looks like first_name" in caught.value.message


@WRITERS
@pytest.mark.parametrize(
    ("field", "word", "value", "sent"),
    [
        ("birth_sex", "U", '""', None),
        ("birth_sex", "W", '"female"', "female"),
        ("is_walk_in", "maybe", "false", False),
        ("location_id", "Lakeview", "4022\n4021 = 4021", 4022),
        ("visit_type_id", "Flu shot", "7", 7),
        ("paperwork_status", "done", '"complete"', "complete"),
        ("address_state", "Ill.", '"IL"', "IL"),
    ],
)
def test_case_73_74_a_profile_says_what_a_word_stands_for(
    write: Write, field: str, word: str, value: str, sent: object, tmp_path: Path
) -> None:
    profile = f'[values.{field}]\n"{word}" = {value}\n'
    row = one(write, tmp_path, field, f" {word.upper()} ", profile=profile)
    assert_sent(row, field, sent)


@WRITERS
def test_case_77_the_same_row_twice_is_sent_once(write: Write, tmp_path: Path) -> None:
    row = invented_row(2)
    report = check_file(
        file_of(write, tmp_path, row, row), settings_of(tmp_path), clock=FastClock()
    )
    assert (report.ready, report.duplicate) == (1, 1)
    (group,) = report.groups
    assert (group.code, group.examples[0].row_number) == (P.DUPLICATE_IN_FILE, 3)


JOINED = '[joined]\nappointment_date = ["Day", "Time"]\n[dates]\ntimezone = "America/Chicago"\n'


def joined(write: Write, folder: Path, day: object, clock: object) -> CheckedRow:
    row = invented_row(2)
    del row["appointment_date"]
    lines = [[*row, "Day", "Time"], [*row.values(), day, clock]]
    (checked,) = taken(write(folder, lines), settings_of(folder, JOINED))
    return checked


@WRITERS
def test_a_date_and_a_time_column_of_text_are_joined(write: Write, tmp_path: Path) -> None:
    row = joined(write, tmp_path, "2030-02-01", "9:30 AM")
    assert_sent(row, "appointment_date", "2030-02-01T09:30:00-06:00")


@pytest.mark.parametrize(
    ("day", "clock"),
    [
        (date(2030, 2, 1), time(9, 30)),
        (Serial(number=47515), Serial(number=0.395833333333, shown_as="h:mm AM/PM")),
        (Serial(number=47515), Serial(number=0.395833333333, shown_as="m/d/yyyy h:mm")),
        (Serial(number=47515), "09:30"),
        ("Feb 1, 2030", Serial(number=47515.395833333336, shown_as="m/d/yyyy h:mm")),
    ],
)
def test_typed_cells_of_a_date_and_a_time_are_joined(
    day: object, clock: object, tmp_path: Path
) -> None:
    row = joined(write_xlsx, tmp_path, day, clock)
    assert_sent(row, "appointment_date", "2030-02-01T09:30:00-06:00")


@WRITERS
@pytest.mark.parametrize(
    ("day", "clock", "code", "column"),
    [
        ("2030-02-01", "", P.APPOINTMENT_NO_TIME, 8),
        ("", "09:30", P.REQUIRED_EMPTY, 7),
        ("2030-02-01", 0.395833333333, P.TIME_UNREADABLE, 8),
        ("2030-02-01 08:00", "09:30", P.JOINED_PARTS_DIFFER, 7),
        (47515, "09:30", P.DATE_SERIAL, 7),
    ],
)
def test_halves_that_make_no_moment_are_told_in_their_cell(
    write: Write, day: object, clock: object, code: ProblemCode, column: int, tmp_path: Path
) -> None:
    row = joined(write, tmp_path, day, clock)
    assert [(p.code, p.column) for p in row.problems] == [(code, column)]


@WRITERS
def test_whole_names_are_split_and_the_others_told(write: Write, tmp_path: Path) -> None:
    people = ["van der Berg, Ana", "Smith Jr., Bob", "Bob Smith"]
    rows = []
    for number, name in enumerate(people, start=2):
        row = invented_row(number)
        del row["first_name"], row["last_name"]
        rows.append({"Patient": name} | row)
    path = write(tmp_path, [[*rows[0]], *([*row.values()] for row in rows)])
    found = taken(path, settings_of(tmp_path, '[split]\nPatient = "Last, First"\n'))
    assert found[0].request is not None
    assert (found[0].request.first_name, found[0].request.last_name) == ("Ana", "van der Berg")
    for row in found[1:]:
        assert [(p.code, p.column) for p in row.problems] == [(P.NAME_NOT_SPLIT, 0)]
