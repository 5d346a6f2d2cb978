"""The schema of a booking: columns of normalized text, index = row number.

It is the safety net under the rules that normalize cells: what they accept must pass, and it
knows nothing of how they work. Every failure is named by its problem code alone; the cell's
value stands in pandera's report too, so that report never leaves the caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.pandas as pa

from schemas.checks import at_most, filled, formed, in_calendar, one_of, safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_NAME = 200
LONGEST_TEXT = 1_000
LONGEST_URL = 2_048

_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = "[0-9]{2}:[0-9]{2}:[0-9]{2}"
_OFFSET = "[+-][0-9]{2}:[0-9]{2}"
_ID = "[1-9][0-9]{0,15}"
_TEXT_ID = "[A-Za-z0-9_-]{1,64}"
_ZIP = "[0-9]{5}(-[0-9]{4})?|[A-Za-z][0-9][A-Za-z][ -]?[0-9][A-Za-z][0-9]"
_EMAIL = r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+"
_URL = r"https://[^\s/?#@\\]+([/?#][^\s\\<>\"]*)?"


def _required(*checks: pa.Check) -> pa.Column:
    return _column(filled(), *checks)


def _text(longest: int) -> pa.Column:
    return _column(safe_text(), at_most(longest))


def _column(*checks: pa.Check) -> pa.Column:
    """Return a column of text that need not be there: what is missing is another's business."""
    return pa.Column(str, list(checks), required=False)


def _schema(location_id: str) -> pa.DataFrameSchema:
    columns = {
        "first_name": _required(safe_text(), at_most(LONGEST_NAME)),
        "last_name": _required(safe_text(), at_most(LONGEST_NAME)),
        "phone": _required(formed(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}", "PHONE_NOT_US")),
        "birth_date": _required(formed(_DAY, "DATE_UNREADABLE"), in_calendar()),
        "appointment_date": _required(
            formed(f"{_DAY}T{_TIME}{_OFFSET}", "APPOINTMENT_UNREADABLE"), in_calendar()
        ),
        "location_id": _required(formed(location_id, "INTEGER_NOT_EXACT")),
        "is_walk_in": _column(one_of(("true", "false"), "BOOLEAN_UNKNOWN")),
        "email": _column(safe_text(), formed(_EMAIL, "EMAIL_INVALID")),
        "birth_sex": _column(one_of(("male", "female"), "BIRTH_SEX_UNKNOWN")),
        "address_state": _column(formed("[A-Z]{2}", "STATE_UNKNOWN")),
        "address_zip": _column(formed(_ZIP, "ZIP_INVALID")),
        "custom_booking_management_url": _column(
            formed(_URL, "URL_NOT_HTTPS"), at_most(LONGEST_URL)
        ),
        "visit_type_id": _column(formed(_ID, "INTEGER_NOT_EXACT")),
    }
    texts: Sequence[tuple[str, int]] = (
        ("reason", LONGEST_TEXT),
        ("address_street", LONGEST_NAME),
        ("address_street_secondary", LONGEST_NAME),
        ("address_city", LONGEST_NAME),
        ("attribution", LONGEST_NAME),
        ("emr_patient_id", LONGEST_NAME),
        ("paperwork_status", LONGEST_NAME),
    )
    columns |= {field: _text(longest) for field, longest in texts}
    return pa.DataFrameSchema(columns)


BOOKING: pa.DataFrameSchema = _schema(_ID)
"""A booking whose location is a number, as Solv documents it."""

BOOKING_WITH_TEXT_IDS: pa.DataFrameSchema = _schema(_TEXT_ID)
"""The same, where the settings allow location codes such as `AXjwbE`."""
