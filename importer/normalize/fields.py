"""Which rule each booking field has."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from importer.normalize.addresses import normalize_email, normalize_url
from importer.normalize.appointments import normalize_appointment
from importer.normalize.dates import normalize_birth_date
from importer.normalize.numbers import (
    normalize_integer,
    normalize_location_id,
    normalize_record_number,
)
from importer.normalize.phone import normalize_phone
from importer.normalize.places import normalize_state, normalize_zip
from importer.normalize.spelling import suggesting
from importer.normalize.text import LONGEST_NAME, normalize_name, normalize_text
from importer.normalize.words import normalize_birth_sex, normalize_boolean

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from importer.normalize.cell import Cell
    from importer.normalize.dates import DateRules

    Rule: TypeAlias = Callable[[str], Cell]

_short_text = partial(normalize_text, longest=LONGEST_NAME)


def field_rules(
    dates: DateRules, today: date, *, pad_zip: bool = False, text_location_ids: bool = False
) -> dict[str, Rule]:
    """Return the rule of each of the twenty booking fields, for one file's settings.

    Cells that they leave carry a suggestion where one is certain.

    Args:
        dates: Zone, order of day and month, century.
        today: The clinic's date.
        pad_zip: Whether lost zeros of ZIP codes are put back.
        text_location_ids: Whether a location may be a short code.
    """
    rules: dict[str, Rule] = {
        "location_id": partial(normalize_location_id, allows_text=text_location_ids),
        "first_name": normalize_name,
        "last_name": normalize_name,
        "phone": normalize_phone,
        "birth_date": partial(normalize_birth_date, rules=dates.of("birth_date"), today=today),
        "appointment_date": partial(normalize_appointment, rules=dates.of("appointment_date")),
        "is_walk_in": normalize_boolean,
        "email": normalize_email,
        "reason": normalize_text,
        "birth_sex": normalize_birth_sex,
        "address_street": _short_text,
        "address_street_secondary": _short_text,
        "address_city": _short_text,
        "address_state": normalize_state,
        "address_zip": partial(normalize_zip, pads=pad_zip),
        "attribution": _short_text,
        "custom_booking_management_url": normalize_url,
        "emr_patient_id": normalize_record_number,
        "paperwork_status": _short_text,
        "visit_type_id": normalize_integer,
    }
    return {name: suggesting(name, rule) for name, rule in rules.items()}
