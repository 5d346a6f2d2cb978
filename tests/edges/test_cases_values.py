"""Bad values by case number, each as CSV and as XLSX: exact code and place, or what is sent."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from importer.errors import OpenQuestion, SourceError
from importer.model import BOOKING_FIELDS, OrdersConfirmed
from importer.pipeline import check_file
from importer.pipeline.intake import take_in
from importer.problems import ProblemCode
from importer.settings import load_settings
from tests.pipeline.desk import FastClock
from tests.rows import invented_row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from importer.settings import Settings
    from importer.validate import CheckedRow

Cells: TypeAlias = list[Any]
P = ProblemCode
NOW = datetime(2030, 1, 7, 18, 0, tzinfo=UTC)
HEADINGS = [name for name in BOOKING_FIELDS if name != "attribution"]
REQUIRED_EMPTY, DATE_SERIAL = P.REQUIRED_EMPTY, P.DATE_SERIAL


@dataclass(frozen=True, kw_only=True)
class Serial:
    """A number that a workbook shows in some format."""

    number: float
    shown_as: str = "m/d/yyyy"


def write_csv(folder: Path, lines: Sequence[Cells]) -> Path:
    path = folder / "visits.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
    return path


def write_xlsx(folder: Path, lines: Sequence[Cells]) -> Path:
    workbook = Workbook()
    for number, line in enumerate(lines, start=1):
        for column, value in enumerate(line, start=1):
            cell = workbook.worksheets[0].cell(number, column)
            if isinstance(value, Serial):
                cell.value, cell.number_format = value.number, value.shown_as
            elif value != "":
                cell.value = value
                cell.data_type = "s" if isinstance(value, str) else cell.data_type
    workbook.save(folder / "visits.xlsx")
    return folder / "visits.xlsx"


WRITERS = pytest.mark.parametrize("write", [write_csv, write_xlsx], ids=["csv", "xlsx"])
Write: TypeAlias = "Callable[[Path, Sequence[Cells]], Path]"


def settings_of(folder: Path, profile: str = "", **flags: object) -> Settings:
    if profile:
        (folder / "clinic.toml").write_text(profile, encoding="utf-8")
        flags["profile"] = str(folder / "clinic.toml")
    environ = {"SOLV_IMPORT_CONFIG_DIR": str(folder / "config")}
    return load_settings(flags, environ=environ, folder=folder)


def file_of(write: Write, folder: Path, *changes: dict[str, object]) -> Path:
    rows = [{**invented_row(n), **change} for n, change in enumerate(changes, start=2)]
    return write(folder, [HEADINGS, *([row.get(name, "") for name in HEADINGS] for row in rows)])


def taken(path: Path, settings: Settings) -> list[CheckedRow]:
    intake = take_in(path, settings, now=NOW)
    return [row for chunk in intake.chunks() for row in chunk.rows]


def one(write: Write, folder: Path, field: str, value: object, **how: Any) -> CheckedRow:
    """Return the row that holds one value; the row above it is always ready."""
    first, row = taken(file_of(write, folder, {}, {field: value}), settings_of(folder, **how))
    assert (first.request is not None, row.row_number) == (True, 3)
    return row


def assert_refused(row: CheckedRow, field: str, code: ProblemCode) -> None:
    told = [(p.row_number, p.code, p.field, p.column) for p in row.problems]
    assert told == [(3, code, field, HEADINGS.index(field))]
    assert row.request is None


def assert_sent(
    row: CheckedRow, field: str, sent: object, warning: ProblemCode | None = None
) -> None:
    assert [p.code for p in row.problems] == ([] if warning is None else [warning])
    assert row.request is not None
    assert getattr(row.request, field) == sent


def test_case_43_days_count_from_1904_where_the_workbook_says_so(tmp_path: Path) -> None:
    path = file_of(write_xlsx, tmp_path, {"birth_date": Serial(number=29648)})
    workbook = load_workbook(path)
    assert taken(path, settings_of(tmp_path))[0].request is not None
    workbook.epoch = CALENDAR_MAC_1904
    cell = workbook.worksheets[0].cell(2, 4)
    cell.value, cell.number_format = 29648, "m/d/yyyy"
    workbook.save(path)
    (row,) = taken(path, settings_of(tmp_path))
    assert row.request is not None
    assert row.request.birth_date == "1985-03-04"


@pytest.mark.parametrize(
    ("serial", "code"),
    [
        (-5, P.DATE_BELOW_ZERO),  # calamine has a time of day there, and so it has for 0
        *((serial, P.DATE_BEFORE_MARCH_1900) for serial in (0, 0.5, 1, 31, 59, 60, 59.5)),
    ],
)
def test_case_44_a_date_cell_before_march_1900_is_no_day(
    serial: float, code: P, tmp_path: Path
) -> None:
    row = one(write_xlsx, tmp_path, "birth_date", Serial(number=serial))
    (problem,) = row.problems
    assert problem.code is code
    assert (problem.field, problem.column, row.request) == ("birth_date", 3, None)


def test_case_44_the_first_sure_day_is_read(tmp_path: Path) -> None:
    row = one(write_xlsx, tmp_path, "birth_date", Serial(number=61))
    assert_sent(row, "birth_date", "1900-03-01")


@WRITERS
@pytest.mark.parametrize("value", ["1985-03-04 00:00", "1985-03-04T00:00:00"])
def test_case_45_midnight_behind_a_birth_date_is_dropped(
    write: Write, value: str, tmp_path: Path
) -> None:
    assert_sent(one(write, tmp_path, "birth_date", value), "birth_date", "1985-03-04")


@WRITERS
def test_case_45_another_time_behind_a_birth_date_is_refused(write: Write, tmp_path: Path) -> None:
    row = one(write, tmp_path, "birth_date", "1985-03-04 09:30")
    assert_refused(row, "birth_date", P.BIRTH_DATE_HAS_TIME)


def test_case_45_typed_cells_follow_the_same_rule(tmp_path: Path) -> None:
    day = datetime.fromisoformat("1985-03-04T00:00:00")
    row = one(write_xlsx, tmp_path, "birth_date", day)
    assert_sent(row, "birth_date", "1985-03-04")
    row = one(write_xlsx, tmp_path, "birth_date", day.replace(hour=9))
    assert_refused(row, "birth_date", P.BIRTH_DATE_HAS_TIME)
    row = one(write_xlsx, tmp_path, "appointment_date", date(2030, 2, 1))
    assert_refused(row, "appointment_date", P.APPOINTMENT_NO_TIME)


@WRITERS
def test_case_45_a_local_time_needs_a_zone_and_an_offset_none(write: Write, tmp_path: Path) -> None:
    local = file_of(write, tmp_path, {"appointment_date": "2030-02-01 09:30"})
    with pytest.raises(SourceError) as caught:
        taken(local, settings_of(tmp_path))
    assert caught.value.code == P.TIMEZONE_NEEDED.code
    row = one(write, tmp_path, "appointment_date", "2030-02-01T09:30:00-08:00", timezone="UTC")
    assert_sent(row, "appointment_date", "2030-02-01T09:30:00-08:00")


@WRITERS
@pytest.mark.parametrize("value", [43831, "43831", "31110.5"])
def test_case_46_a_number_is_no_date(write: Write, value: object, tmp_path: Path) -> None:
    assert_refused(one(write, tmp_path, "birth_date", value), "birth_date", DATE_SERIAL)


@WRITERS
def test_case_47_the_order_is_a_question_with_its_evidence(write: Write, tmp_path: Path) -> None:
    born = ["03/04/1985", "03/14/1985", "12/25/1985"]
    path = file_of(write, tmp_path, *({"birth_date": text} for text in born))
    with pytest.raises(OpenQuestion) as caught:
        taken(path, settings_of(tmp_path))
    assert caught.value.code == P.DATE_ORDER_NEEDED.code
    assert "2 dates fit only month/day, 0 only day/month, 1 both" in caught.value.message
    assert 'say orders = { birth_date = "MDY" }' in caught.value.todo
    assert "--date-order MDY, which means every column" in caught.value.todo
    assert caught.value.answer == OrdersConfirmed(orders={"birth_date": "MDY"})


@WRITERS
def test_case_47_a_flag_or_a_profile_decides(write: Write, tmp_path: Path) -> None:
    row = one(write, tmp_path, "birth_date", "03/04/1985", date_order="MDY")
    assert_sent(row, "birth_date", "1985-03-04")
    profile = '[dates.orders]\nbirth_date = "DMY"\n'
    row = one(write, tmp_path, "birth_date", "03/04/1985", profile=profile)
    assert_sent(row, "birth_date", "1985-04-03")


@WRITERS
@pytest.mark.parametrize("order", [None, "MDY", "DMY"])
def test_case_48_a_column_of_both_orders_loses_what_fits_both(
    write: Write, order: str | None, tmp_path: Path
) -> None:
    born = ["03/04/1985", "03/14/1985", "25/12/1985", "05/05/1985", "1985-03-04"]
    path = file_of(write, tmp_path, *({"birth_date": text} for text in born))
    flags = {} if order is None else {"date_order": order}
    rows = taken(path, settings_of(tmp_path, **flags))
    sent = [row.request.birth_date if row.request else row.problems[0].code for row in rows]
    refused = P.DATE_NOT_IN_CALENDAR
    assert sent == [
        P.DATE_ORDER_MIXED,
        refused if order == "DMY" else "1985-03-14",
        refused if order == "MDY" else "1985-12-25",
        "1985-05-05",
        "1985-03-04",
    ]


@WRITERS
def test_case_48_the_other_column_keeps_its_order(write: Write, tmp_path: Path) -> None:
    times = ["03/04/2030 09:30-06:00", "03/14/2030 09:30-06:00"]
    born = ["25/12/1985", "12/25/1985"]
    changes = ({"birth_date": b, "appointment_date": t} for b, t in zip(born, times, strict=True))
    rows = taken(file_of(write, tmp_path, *changes), settings_of(tmp_path, date_order="MDY"))
    assert [problem.field for row in rows for problem in row.problems] == ["birth_date"]
    assert rows[1].request is not None


@WRITERS
@pytest.mark.parametrize("value", ["03/04/85", "Mar 4, 85", "3-4-85"])
def test_case_49_a_short_year_needs_the_profiles_pivot(
    write: Write, value: str, tmp_path: Path
) -> None:
    row = one(write, tmp_path, "birth_date", value, date_order="MDY")
    assert_refused(row, "birth_date", P.DATE_TWO_DIGIT_YEAR)
    profile = '[dates]\norder = "MDY"\ntwo_digit_pivot = 30\n'
    row = one(write, tmp_path, "birth_date", value, profile=profile)
    assert_sent(row, "birth_date", "1985-03-04")


@WRITERS
@pytest.mark.parametrize("value", ["1985-02-29", "1985-04-31", "1985-13-01", "04/31/1985"])
def test_case_50_a_day_that_is_not_in_the_calendar(
    write: Write, value: str, tmp_path: Path
) -> None:
    row = one(write, tmp_path, "birth_date", value, date_order="MDY")
    assert_refused(row, "birth_date", P.DATE_NOT_IN_CALENDAR)


@WRITERS
@pytest.mark.parametrize(
    ("value", "code"),
    [("2030-01-08", P.BIRTH_DATE_IN_FUTURE), ("1899-01-06", P.BIRTH_DATE_TOO_OLD)],
)
def test_case_51_a_birth_date_that_cannot_be(
    write: Write, value: str, code: ProblemCode, tmp_path: Path
) -> None:
    assert_refused(one(write, tmp_path, "birth_date", value), "birth_date", code)


@WRITERS
def test_case_51_born_today_is_worth_a_look(write: Write, tmp_path: Path) -> None:
    row = one(write, tmp_path, "birth_date", "2030-01-07")
    assert_sent(row, "birth_date", "2030-01-07", P.BIRTH_DATE_TODAY)


@WRITERS
@pytest.mark.parametrize("value", ["1985", "Mar 85", "1985-03", "3/1985"])
def test_case_52_part_of_a_date_is_none(write: Write, value: str, tmp_path: Path) -> None:
    assert_refused(one(write, tmp_path, "birth_date", value), "birth_date", P.DATE_PARTIAL)


@WRITERS
@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2030-03-10 02:30", P.APPOINTMENT_DST_GAP),
        ("2030-11-03 01:30", P.APPOINTMENT_DST_OVERLAP),
        ("2030-02-01 24:00", P.APPOINTMENT_UNREADABLE),
        ("2030-02-01", P.APPOINTMENT_NO_TIME),
    ],
)
def test_case_53_an_hour_that_is_none_or_two(
    write: Write, value: str, code: ProblemCode, tmp_path: Path
) -> None:
    row = one(write, tmp_path, "appointment_date", value, timezone="America/Chicago")
    assert_refused(row, "appointment_date", code)


@WRITERS
def test_case_53_an_appointment_that_has_passed(write: Write, tmp_path: Path) -> None:
    path = file_of(write, tmp_path, {"appointment_date": "2020-02-01T09:30:00-06:00"})
    report = check_file(path, settings_of(tmp_path), clock=FastClock())
    (group,) = report.groups
    assert (group.code, group.column_letter) == (P.APPOINTMENT_IN_PAST, "E")


@WRITERS
@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("2030-02-01T09:30:00Z", "2030-02-01T09:30:00+00:00"),
        ("2030-02-01T09:30:00-08:00", "2030-02-01T09:30:00-08:00"),
        ("2030-02-01 09:30-0800", "2030-02-01T09:30:00-08:00"),
        ("2030-02-01T09:30:00.000000000Z", "2030-02-01T09:30:00+00:00"),
        ("2030-02-01T09:30", "2030-02-01T09:30:00-06:00"),
    ],
)
def test_case_54_iso_times_are_read(write: Write, value: str, sent: str, tmp_path: Path) -> None:
    row = one(write, tmp_path, "appointment_date", value, timezone="America/Chicago")
    assert_sent(row, "appointment_date", sent)


@WRITERS
@pytest.mark.parametrize("value", ["4 März 1985", "4 mai 1985", "1405/12/13 AP", "昭和60年"])
def test_case_55_months_of_another_language_or_calendar(
    write: Write, value: str, tmp_path: Path
) -> None:
    assert_refused(one(write, tmp_path, "birth_date", value), "birth_date", P.DATE_UNREADABLE)


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
