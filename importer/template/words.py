"""What the template says of each booking field, in the words of a clinic's office."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class FieldWords(NamedTuple):
    """What is said of one booking field."""

    meaning: str
    form: str
    """How its cells are written; "" where any text will do."""
    sample: str
    """A value that is accepted."""
    width: int
    """Of its column, in characters."""


FIELD_WORDS: Mapping[str, FieldWords] = MappingProxyType(
    {
        "first_name": FieldWords("The patient's first name, without a title.", "", "Ana", 16),
        "last_name": FieldWords("The patient's last name, without a title.", "", "Lee", 18),
        "phone": FieldWords(
            "Where the patient can be reached.",
            "One US number with its area code.",
            "(312) 555-0142",
            17,
        ),
        "birth_date": FieldWords(
            "The day on which the patient was born.",
            "YYYY-MM-DD: year, month, day.",
            "1985-03-14",
            13,
        ),
        "appointment_date": FieldWords(
            "Day and time of the visit; it must be to come.",
            "YYYY-MM-DD HH:MM, hours from 00 to 23.",
            "2030-02-01 14:30",
            18,
        ),
        "location_id": FieldWords(
            "Where the visit is.", "The number that Solv has for the clinic.", "4021", 22
        ),
        "is_walk_in": FieldWords("Whether the patient comes without an appointment.", "", "no", 10),
        "email": FieldWords(
            "The patient's e-mail address.", "One address.", "ana.lee@example.com", 30
        ),
        "reason": FieldWords("Why the patient comes, in a few words.", "", "Sore throat", 30),
        "birth_sex": FieldWords("The patient's sex at birth.", "", "female", 13),
        "address_street": FieldWords("House number and street.", "", "12 Oak Street", 24),
        "address_street_secondary": FieldWords("Apartment, suite or floor.", "", "Apt 4", 16),
        "address_city": FieldWords("The patient's city.", "", "Chicago", 16),
        "address_state": FieldWords(
            "The patient's state.", "Its two letters, or its name.", "IL", 9
        ),
        "address_zip": FieldWords(
            "The patient's ZIP code.",
            "Five digits, a zero in front included, or nine as 60601-1234.",
            "02134",
            12,
        ),
        "attribution": FieldWords("How the patient came to the clinic.", "", "Website", 18),
        "custom_booking_management_url": FieldWords(
            "A page of yours where the patient can change the booking.",
            "A link that begins with https://",
            "https://example.com/visit/1",
            28,
        ),
        "emr_patient_id": FieldWords(
            "The patient's number in your own records.", "", "MRN-1042", 16
        ),
        "paperwork_status": FieldWords(
            "Whether the patient has filled in the clinic's forms.",
            "",
            "incomplete",
            18,
        ),
        "visit_type_id": FieldWords(
            "What kind of visit it is.",
            "The number that Solv has for the kind of visit.",
            "12",
            18,
        ),
    }
)
"""API field -> its column, in the order of the API's page."""

CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "is_walk_in": ("yes", "no"),
        "birth_sex": ("female", "male"),
        "paperwork_status": ("incomplete", "complete"),
    }
)
"""Words to choose from where a profile names none of its own."""
