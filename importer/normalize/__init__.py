"""Cell text to the form the API takes, field by field; what would need a guess is refused."""

from __future__ import annotations

from importer.normalize.addresses import LONGEST_URL, normalize_email, normalize_url
from importer.normalize.appointments import normalize_appointment
from importer.normalize.cell import EMPTY, Cell
from importer.normalize.dates import (
    FITS_DMY_ONLY,
    FITS_MDY_ONLY,
    DateOrder,
    DateRules,
    normalize_birth_date,
)
from importer.normalize.fields import field_rules
from importer.normalize.numbers import normalize_integer, normalize_location_id
from importer.normalize.phone import normalize_phone
from importer.normalize.places import STATES, normalize_state, normalize_zip
from importer.normalize.suggestions import suggesting
from importer.normalize.text import LONGEST_NAME, LONGEST_TEXT, normalize_name, normalize_text
from importer.normalize.words import normalize_birth_sex, normalize_boolean

__all__ = [
    "EMPTY",
    "FITS_DMY_ONLY",
    "FITS_MDY_ONLY",
    "LONGEST_NAME",
    "LONGEST_TEXT",
    "LONGEST_URL",
    "STATES",
    "Cell",
    "DateOrder",
    "DateRules",
    "field_rules",
    "normalize_appointment",
    "normalize_birth_date",
    "normalize_birth_sex",
    "normalize_boolean",
    "normalize_email",
    "normalize_integer",
    "normalize_location_id",
    "normalize_name",
    "normalize_phone",
    "normalize_state",
    "normalize_text",
    "normalize_url",
    "normalize_zip",
    "suggesting",
]
