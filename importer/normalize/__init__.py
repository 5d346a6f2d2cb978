"""Cell text to the form the API takes, field by field; what would need a guess is refused."""

from __future__ import annotations

from importer.normalize.addresses import LONGEST_URL, normalize_email, normalize_url
from importer.normalize.appointments import normalize_appointment
from importer.normalize.cell import Cell
from importer.normalize.dates import (
    FITS_DMY_ONLY,
    FITS_MDY_ONLY,
    DateRules,
    has_short_year,
    normalize_birth_date,
    orders_of,
    read_clock,
)
from importer.normalize.fields import field_rules
from importer.normalize.joins import Joined, join_moment
from importer.normalize.names import split_name
from importer.normalize.numbers import normalize_integer, normalize_location_id
from importer.normalize.order_evidence import OrderEvidence, may_be_turned
from importer.normalize.phone import normalize_phone
from importer.normalize.places import STATES, normalize_state, normalize_zip
from importer.normalize.spelling import suggesting
from importer.normalize.text import (
    LONGEST_NAME,
    LONGEST_TEXT,
    is_empty,
    normalize_name,
    normalize_text,
    tidy,
)
from importer.normalize.values import mapped_id, mapped_value
from importer.normalize.words import normalize_birth_sex, normalize_boolean

__all__ = [
    "FITS_DMY_ONLY",
    "FITS_MDY_ONLY",
    "LONGEST_NAME",
    "LONGEST_TEXT",
    "LONGEST_URL",
    "STATES",
    "Cell",
    "DateRules",
    "Joined",
    "OrderEvidence",
    "field_rules",
    "has_short_year",
    "is_empty",
    "join_moment",
    "mapped_id",
    "mapped_value",
    "may_be_turned",
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
    "orders_of",
    "read_clock",
    "split_name",
    "suggesting",
    "tidy",
]
