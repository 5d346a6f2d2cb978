"""The schema refuses what a rule would refuse, and names the problem."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa
import pytest

from importer.model import BOOKING_FIELDS, REQUIRED_FIELDS
from importer.normalize import LONGEST_NAME, LONGEST_TEXT, LONGEST_URL, STATES
from importer.problems import ProblemCode
from schemas import BOOKING, BOOKING_WITH_TEXT_IDS, booking

GOOD = {
    "first_name": "Ann",
    "last_name": "O'Brien",
    "phone": "+13125550142",
    "birth_date": "1985-03-04",
    "appointment_date": "2030-01-07T09:30:00-06:00",
    "location_id": "4021",
    "is_walk_in": "false",
    "email": "ann@example.com",
    "reason": "Cough",
    "birth_sex": "female",
    "address_street": "1 Main St",
    "address_street_secondary": "Apt 2",
    "address_city": "Chicago",
    "address_state": "IL",
    "address_zip": "60601-1234",
    "attribution": "web",
    "custom_booking_management_url": "https://example.com/a?b=c",
    "emr_patient_id": "E-1",
    "paperwork_status": "incomplete",
    "visit_type_id": "12",
}


def failures(
    cells: dict[str, str], schema: pa.DataFrameSchema = BOOKING
) -> set[tuple[int, str, str]]:
    frame = pd.DataFrame([cells], index=[7], dtype=str)
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        report = error.failure_cases
        return set(zip(report["index"], report["column"], report["check"], strict=True))
    return set()


def test_schema_has_the_fields_of_the_api() -> None:
    assert set(BOOKING.columns) == set(BOOKING_FIELDS) == set(GOOD)


@pytest.mark.parametrize("schema", [BOOKING, BOOKING_WITH_TEXT_IDS])
def test_good_row_passes(schema: pa.DataFrameSchema) -> None:
    assert failures(GOOD, schema) == set()


def test_empty_cells_fail_only_where_a_value_is_needed() -> None:
    empty = dict.fromkeys(BOOKING_FIELDS, "")
    assert failures(empty) == {(7, field, "REQUIRED_EMPTY") for field in REQUIRED_FIELDS}


def test_absent_columns_are_not_asked_for() -> None:
    assert failures({"phone": GOOD["phone"]}) == set()


@pytest.mark.parametrize(
    ("field", "text", "problem"),
    [
        ("first_name", "a" * (LONGEST_NAME + 1), "CELL_TOO_LONG"),
        ("last_name", "An\x00n", "CELL_CONTROL_CHARACTER"),
        ("last_name", "An\u202en", "CELL_CONTROL_CHARACTER"),
        ("last_name", "An\ufffd", "CELL_CONTROL_CHARACTER"),
        ("phone", "3125550142", "PHONE_NOT_US"),
        ("phone", "+11125550142", "PHONE_NOT_US"),
        ("phone", "+13125550142\n", "PHONE_NOT_US"),
        ("phone", "+1\u0663\u0661\u06625550142", "PHONE_NOT_US"),
        ("birth_date", "3/4/1985", "DATE_UNREADABLE"),
        ("birth_date", "1985-02-29", "DATE_NOT_IN_CALENDAR"),
        ("appointment_date", "2030-01-07T09:30:00", "APPOINTMENT_UNREADABLE"),
        ("appointment_date", "2030-01-07T09:30:00Z", "APPOINTMENT_UNREADABLE"),
        ("appointment_date", "2030-02-30T09:30:00-06:00", "DATE_NOT_IN_CALENDAR"),
        ("location_id", "12.0", "INTEGER_NOT_EXACT"),
        ("location_id", "0", "INTEGER_NOT_EXACT"),
        ("location_id", "AXjwbE", "INTEGER_NOT_EXACT"),
        ("visit_type_id", "-1", "INTEGER_NOT_EXACT"),
        ("is_walk_in", "yes", "BOOLEAN_UNKNOWN"),
        ("email", "ann", "EMAIL_INVALID"),
        ("email", "ann@example.com lee@example.com", "EMAIL_INVALID"),
        ("reason", "x" * (LONGEST_TEXT + 1), "CELL_TOO_LONG"),
        ("reason", "a\nb", "CELL_CONTROL_CHARACTER"),
        ("birth_sex", "M", "BIRTH_SEX_UNKNOWN"),
        ("address_state", "Illinois", "STATE_UNKNOWN"),
        ("address_zip", "2134", "ZIP_INVALID"),
        ("custom_booking_management_url", "http://example.com", "URL_NOT_HTTPS"),
        ("custom_booking_management_url", "https://a:b@example.com", "URL_NOT_HTTPS"),
    ],
)
def test_bad_cell_fails_by_name(field: str, text: str, problem: str) -> None:
    assert failures(GOOD | {field: text}) == {(7, field, problem)}


def test_location_codes_pass_the_other_schema_only() -> None:
    coded = GOOD | {"location_id": "AXjwbE"}
    assert failures(coded, BOOKING_WITH_TEXT_IDS) == set()
    assert failures(GOOD | {"location_id": "12.5"}, BOOKING_WITH_TEXT_IDS)


def test_every_check_names_a_problem_of_the_catalogue() -> None:
    named = {
        check.error
        for schema in (BOOKING, BOOKING_WITH_TEXT_IDS)
        for column in schema.columns.values()
        for check in column.checks
    }
    assert named
    assert named <= set(ProblemCode.__members__)


def test_limits_are_those_of_the_rules() -> None:
    limits = (booking.LONGEST_NAME, booking.LONGEST_TEXT, booking.LONGEST_URL)
    assert limits == (LONGEST_NAME, LONGEST_TEXT, LONGEST_URL)
    assert all(not failures(GOOD | {"address_state": state}) for state in sorted(STATES)[:3])
