"""Cases 39 to 78, in both formats that they apply to: what stands in the cells."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from openpyxl.utils.datetime import CALENDAR_MAC_1904

from importer.problems import ProblemCode as P
from tests.edges.case_kit import (
    HEADINGS,
    Case,
    Serial,
    as_parts,
    as_xlsx,
    book,
    row_of,
    table,
    value,
)

if TYPE_CHECKING:
    from openpyxl import Workbook

CHICAGO = ("--timezone", "America/Chicago")
MDY = ("--date-order", "MDY")
AT = "2090-05-01T09:30:00-07:00"
ANN = {"first_name": "Annika", "last_name": "Sample", "birth_date": "1985-03-14"}
URL = "custom_booking_management_url"


def typed(number: int, outcome: str, code: P | None, *flags: str, **cells: object) -> list[Case]:
    """Return a case of typed cells in a workbook."""
    what = " ".join(f"{name}={found!a}" for name, found in cells.items())
    lines = [HEADINGS, row_of(12), row_of(23, **cells), row_of(34)]
    return book(number, outcome, code, f"typed {what}", as_xlsx(lines), *flags)


def formula(number: int, outcome: str, code: P, xml: str) -> list[Case]:
    """Return a case of a workbook with this cell as a last name."""
    lines = [HEADINGS, row_of(12), row_of(23, last_name=xml)]
    return book(number, outcome, code, "a formula", as_parts(lines))


def column(
    number: int, outcome: str, code: P | None, field: str, values: list[object], *flags: str
) -> list[Case]:
    """Return a case of one row for each value of a field."""
    rows = [row_of(12 * n, **{field: found}) for n, found in enumerate(values, start=1)]
    what = " ".join((f"{field}={values!a}", *flags))
    return table(number, outcome, code, what, [HEADINGS, *rows], *flags)


def pair(
    number: int, outcome: str, code: P | None, what: str, one: Any, other: Any, *flags: str
) -> list[Case]:
    """Return a case of two rows of the same place and day."""
    rows = [row_of(12, **({"appointment_date": AT} | row)) for row in (one, other)]
    return table(number, outcome, code, what, [HEADINGS, *rows], *flags)


def count_from_1904(made: Workbook) -> None:
    """Let the days of a workbook count from 1904."""
    made.epoch = CALENDAR_MAC_1904
    cell = made.worksheets[0].cell(3, HEADINGS.index("birth_date") + 1)
    cell.value, cell.number_format = 29648, "m/d/yyyy"


ERRORS = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "########")
NAMES = (
    *("O'Brien", "Sample-Example", "de la Cruz", "X", "山田", "Иванов", "محمد"),
    *("Null", "NA", "None", "True", "Nan", "Infinity", "May", "1-2"),
)

OF_CELLS = [
    formula(39, "W", P.FORMULA_VALUE_USED, '<c t="str"><f>UPPER("bo")</f><v>BO</v></c>'),
    formula(40, "R", P.FORMULA_NOT_CALCULATED, "<c><f>A2</f></c>"),
    formula(41, "R", P.CELL_ERROR_VALUE, '<c t="e"><f>NA()</f><v>#N/A</v></c>'),
    *(value(41, "R", P.CELL_ERROR_VALUE, last_name=error) for error in ERRORS),
    book(43, "A", None, "days since 1904",
         as_xlsx([HEADINGS, row_of(12), row_of(23)], count_from_1904)),
    typed(44, "R", P.DATE_BEFORE_MARCH_1900, birth_date=Serial(number=60)),
    typed(44, "R", P.DATE_BEFORE_MARCH_1900, birth_date=Serial(number=59)),
    typed(44, "R", P.DATE_BELOW_ZERO, birth_date=Serial(number=-5)),
    typed(44, "R", P.DATE_BEFORE_MARCH_1900, birth_date=Serial(number=0)),
    value(45, "A", None, birth_date="1985-03-04 00:00"),
    value(45, "R", P.BIRTH_DATE_HAS_TIME, birth_date="1985-03-04 09:30"),
    typed(45, "R", P.APPOINTMENT_NO_TIME, appointment_date=date(2090, 2, 1)),
    value(45, "Q", P.TIMEZONE_NEEDED, appointment_date="2090-02-01 09:30"),
    value(45, "A", None, *CHICAGO, appointment_date="2090-02-01 09:30"),
    value(46, "R", P.DATE_SERIAL, birth_date=43831),
    column(47, "Q", P.DATE_ORDER_NEEDED, "birth_date", ["03/04/1985", "12/25/1985"]),
    column(47, "A", None, "birth_date", ["03/04/1985", "12/25/1985"], *MDY),
    column(48, "R", P.DATE_ORDER_MIXED, "birth_date",
           ["03/04/1985", "12/25/1985", "25/12/1985"]),
    column(48, "R", P.DATE_ORDER_MIXED, "birth_date",
           ["03/04/1985", "12/25/1985", "25/12/1985"], *MDY),
    value(49, "R", P.DATE_TWO_DIGIT_YEAR, *MDY, birth_date="03/04/85"),
    *(value(50, "R", P.DATE_NOT_IN_CALENDAR, birth_date=day)
      for day in ("1985-02-29", "1985-04-31", "1985-13-01", "1985-01-00")),
    value(51, "R", P.BIRTH_DATE_IN_FUTURE, birth_date="2089-01-01"),
    value(51, "R", P.BIRTH_DATE_TOO_OLD, birth_date="1830-01-01"),
    *(value(52, "R", P.DATE_PARTIAL, birth_date=day) for day in ("1985", "Mar 85", "3/1985")),
    value(52, "R", P.DATE_UNREADABLE, birth_date="someday"),
    value(53, "R", P.APPOINTMENT_IN_PAST, appointment_date="2020-02-01T09:30:00-06:00"),
    value(53, "R", P.APPOINTMENT_DST_GAP, *CHICAGO, appointment_date="2037-03-08 02:30"),
    value(53, "R", P.APPOINTMENT_DST_OVERLAP, *CHICAGO, appointment_date="2037-11-01 01:30"),
    value(53, "R", P.APPOINTMENT_UNREADABLE, *CHICAGO, appointment_date="2037-02-01 24:00"),
    *(value(54, "A", None, appointment_date=moment)
      for moment in ("2037-02-01T09:30:00Z", "2037-02-01 09:30:00-0800",
                     "2037-02-01T09:30:00.000Z")),
    value(55, "R", P.DATE_UNREADABLE, birth_date="4 März 1985"),
]  # fmt: skip

OF_NUMBERS = [
    *(value(56, "A", None, phone=number)
      for number in ("2065550142.0", "2.065550142E9", 2065550142)),
    value(57, "R", P.SCIENTIFIC_PRECISION_LOST, phone="5.55123E+09"),
    value(57, "R", P.SCIENTIFIC_PRECISION_LOST, emr_patient_id="1.23457E+11"),
    value(58, "R", P.SCIENTIFIC_PRECISION_LOST, phone="1e999"),
    value(58, "R", P.PHONE_LETTERS, phone="inf"),
    value(58, "R", P.INTEGER_NOT_EXACT, location_id="nan"),
    value(59, "A", None, phone="２０６-555-0142"),
    value(59, "A", None, emr_patient_id="A-１２３"),
    value(59, "A", None, address_street="١٢ Example St"),
    value(60, "W", P.PHONE_EXTENSION, phone="206-555-0142 x12"),
    value(60, "R", P.PHONE_TWO_NUMBERS, phone="206-555-0142 / 206-555-0143"),
    value(60, "R", P.PHONE_LETTERS, phone="206-CALL-NOW"),
    value(60, "R", P.PHONE_FOREIGN, phone="+44 20 7946 0958"),
    value(60, "R", P.PHONE_NOT_US, phone="000-000-0000"),
    value(60, "R", P.PHONE_NOT_US, phone="555-0100"),
    value(61, "R", P.LEADING_ZERO_LOST, address_zip="2134"),
    value(61, "R", P.LEADING_ZERO_LOST, address_zip=2134),
    value(62, "A", None, address_zip="02134-1234"),
    value(62, "A", None, address_zip="02134 1234"),
    value(62, "W", P.ZIP_FOREIGN, address_zip="K1A 0B1"),
    value(63, "W", P.APOSTROPHE_REMOVED, emr_patient_id="'0123"),
    *(value(64, "A", None, location_id=number) for number in ("12.0", "1,234", 4021)),
    value(64, "R", P.INTEGER_NOT_EXACT, location_id="12.5"),
    value(64, "R", P.REQUIRED_EMPTY, location_id=""),
    value(65, "R", P.INTEGER_TOO_LARGE, location_id="9007199254740993"),
    typed(65, "R", P.INTEGER_TOO_LARGE, location_id=9007199254740993),
    *(typed(65, "R", P.INTEGER_TOO_LARGE, **{field: 9007199254740993})
      for field in ("emr_patient_id", "reason", "address_street", "last_name")),
]  # fmt: skip

OF_TEXT = [
    value(66, "A", None, last_name="\u00a0 Sample\t "),
    value(67, "W", P.TEXT_INVISIBLE, last_name="Sam\u200bple\u00ad"),
    value(67, "R", P.REQUIRED_EMPTY, last_name="\u3164"),
    value(68, "R", P.TEXT_BIDI, last_name="Sam\u202eple"),
    value(69, "A", None, last_name="Mu\u0308ller"),
    *(value(70 if n < NAMES.index("Null") else 71, "A", None, last_name=name)
      for n, name in enumerate(NAMES)),
    value(70, "W", P.TEXT_EMOJI, first_name="Ada 🎂"),
    value(70, "R", P.REQUIRED_EMPTY, last_name=""),
    *(typed(71, "R", P.CELL_NOT_TEXT, **{field: found})
      for field, found in (("last_name", True), ("last_name", datetime.fromisoformat("2030-01-02")),
                           ("emr_patient_id", date(2030, 1, 2)), ("reason", time(9, 30)),
                           ("paperwork_status", False), ("address_street", date(2030, 5, 1)))),
    typed(71, "A", None, emr_patient_id=12),
    table(72, "F", P.HEADING_LOOKALIKE, "a Cyrillic letter",
          [["First N\u0430me", *HEADINGS[1:]], row_of(12)]),
    *(value(73, "A", None, is_walk_in=word) for word in ("yes", "Y", "1", "TRUE", "x", "", "no")),
    typed(73, "A", None, is_walk_in=True),
    value(73, "R", P.BOOLEAN_UNKNOWN, is_walk_in="maybe"),
    *(value(74, "A", None, birth_sex=word) for word in ("F", "male", "")),
    value(74, "R", P.BIRTH_SEX_UNKNOWN, birth_sex="U"),
    value(75, "W", P.EMAIL_MAILTO, email="mailto:ann@example.com"),
    value(75, "R", P.EMAIL_TWO, email="a@example.com; b@example.com"),
    value(75, "R", P.EMAIL_INVALID, email="ann.example.com"),
    *(value(76, "R", P.URL_NOT_HTTPS, **{URL: found})
      for found in ("javascript:alert(1)", "http://example.com", "https://example.com/a\nb")),
    pair(77, "A", P.DUPLICATE_IN_FILE, "the same row twice", ANN, ANN),
    pair(77, "A", None, "both are sent", ANN, ANN, "--allow-duplicates"),
    *(pair(78, "W", P.SUSPECTED_DUPLICATE, f"{change!a}", ANN, ANN | change)
      for change in ({"first_name": "Anika"}, {"last_name": "Sampel"},
                     {"birth_date": "1985-03-15"}, {"birth_date": "1958-03-14"},
                     {"first_name": "Sample", "last_name": "Annika"},
                     {"appointment_date": "2090-05-01T09:45:00-07:00"})),
    pair(78, "A", None, "a mother and her child", ANN,
         ANN | {"first_name": "Bo", "birth_date": "2020-06-07"}),
    pair(78, "A", None, "twins", ANN, ANN | {"first_name": "Jannik"}),
]  # fmt: skip

VALUES = [case for cases in (*OF_CELLS, *OF_NUMBERS, *OF_TEXT) for case in cases]
