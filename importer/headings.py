"""Headings as they are compared: which field one names, how near it comes, how it is shown."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from rapidfuzz import fuzz

from importer.model import DATE_FIELDS
from importer.printable import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.model import DateOrder

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "first_name": (
        *("First", "Given Name", "Forename", "Patient First Name", "Pt First Name"),
        *("Patient First", "First Name of Patient", "Patient Given Name", "FName", "Name First"),
    ),
    "last_name": (
        *("Last", "Surname", "Family Name", "Patient Last Name", "Pt Last Name"),
        *("Patient Last", "Last Name of Patient", "Patient Surname", "LName", "Name Last"),
    ),
    "phone": (
        *("Phone Number", "Phone No", "Telephone", "Telephone Number", "Tel", "Mobile"),
        *("Mobile Phone", "Mobile Number", "Mobile No", "Cell", "Cell Phone", "Cell Number"),
        *("Cellphone Number", "Patient Phone", "Patient Phone Number", "Pt Phone"),
        *("Patient Mobile", "Patient Cell", "Contact Number", "Contact Phone"),
        *("Home Phone", "Primary Phone", "Phone 1"),
    ),
    "birth_date": (
        *("DOB", "D.O.B.", "Date of Birth", "Birthday", "Born", "Patient DOB", "Pt DOB"),
        *("Patient Date of Birth", "Patient Birth Date", "Birth Dt", "Date Birth"),
    ),
    "appointment_date": (
        *("Appointment", "Appt", "Appt Date", "Appointment Time", "Appt Time", "Appt Dt"),
        *("Appointment Date Time", "Appointment Date and Time", "Appointment Datetime"),
        *("Appt Date Time", "Appt Datetime", "Date of Appointment", "Appointment Start"),
        *("Appt Start", "Scheduled Time", "Scheduled For", "Slot"),
        *("Visit Date", "Visit Time", "Date of Visit", "Appointment At"),
    ),
    "location_id": (
        *("Location", "Clinic ID", "Clinic", "Site ID", "Facility ID", "Clinic Location ID"),
        *("Solv Location ID", "Location No", "Location Number", "Loc ID"),
    ),
    "is_walk_in": ("Walk In", "Walkin", "Is Walkin", "Walk In Visit", "Walk In Patient"),
    "email": (
        *("E-mail", "Email Address", "E-mail Address", "Patient Email", "Pt Email"),
        *("Patient Email Address", "Contact Email"),
    ),
    "reason": (
        *("Reason for Visit", "Visit Reason", "Appointment Reason", "Appt Reason"),
        *("Reason for Appointment", "Chief Complaint", "Complaint"),
    ),
    "birth_sex": (
        *("Sex", "Sex at Birth", "Patient Sex", "Pt Sex", "Birth Gender"),
        *("Sex Assigned at Birth", "Assigned Sex at Birth"),
    ),
    "address_street": (
        *("Street", "Street Address", "Address", "Address 1", "Address Line 1", "Addr 1"),
        *("Addr", "Street 1", "Home Address", "Patient Address", "Mailing Address"),
    ),
    "address_street_secondary": (
        *("Address 2", "Address Line 2", "Addr 2", "Street 2", "Apt", "Apartment"),
        *("Suite", "Apt Unit", "Street Secondary", "Secondary Address", "Apt Suite"),
    ),
    "address_city": ("City", "Town", "Patient City", "Home City"),
    "address_state": ("State", "Patient State", "Home State", "US State", "State Code"),
    "address_zip": (
        *("Zip", "Zip Code", "Postal Code", "Post Code", "Postcode", "Patient Zip"),
        *("Patient Zip Code", "Home Zip", "Zip 5"),
    ),
    "attribution": ("Referral Source", "Booking Source", "UTM Source"),
    "custom_booking_management_url": (
        *("Booking Management URL", "Management URL", "Manage URL", "Custom Booking URL"),
        *("Booking URL", "Manage Booking URL"),
    ),
    "emr_patient_id": (
        *("EMR ID", "EHR ID", "EHR Patient ID", "MRN", "Medical Record Number", "Patient ID"),
        *("Medical Record No", "Patient MRN", "Pt MRN", "Chart Number", "Chart No", "Chart ID"),
        *("PID", "Pt ID", "Patient Number", "Patient No", "EMR Patient Number"),
    ),
    "paperwork_status": ("Paperwork", "Forms Status", "Intake Status", "Paperwork State"),
    "visit_type_id": ("Visit Type No", "Appointment Type ID", "Appt Type ID"),
}
"""Other headings that mean a field, whatever their case, spaces, dashes and underscores."""

UNSURE: Mapping[str, tuple[str, ...]] = {
    "location_id": (
        *("Clinic Name", "Clinic Location", "Location Name", "Facility", "Facility Name"),
        *("Site", "Site Name", "Office", "Office Name", "Office Location", "Branch"),
        *("Practice", "Practice Name", "Practice Location", "Practice Site", "Center"),
        *("Appointment Location", "Appt Location", "Visit Location", "Service Location"),
    ),
    "birth_sex": ("Gender", "Patient Gender", "Pt Gender", "Legal Sex", "Administrative Sex"),
}
"""Headings that may mean a field or something else: never taken, and `map` asks about them."""

TIMES_OF_DAY: tuple[str, ...] = (
    *("Time", "Appointment Time", "Appt Time", "Visit Time", "Scheduled Time", "Slot Time"),
    *("Start", "Start Time", "Time Start", "Appt Start", "Appointment Start", "Time of Visit"),
    *("Appointment Start Time", "Appt Start Time", "Time of Appointment", "Time Slot"),
)
"""Headings of a column of times that belong to the day of a visit."""

PLAIN_HEADINGS: Mapping[str, str] = {
    "first_name": "First name",
    "last_name": "Last name",
    "phone": "Phone",
    "birth_date": "Birth date",
    "appointment_date": "Appointment",
    "location_id": "Clinic",
    "is_walk_in": "Walk-in",
    "email": "E-mail",
    "reason": "Reason for visit",
    "birth_sex": "Sex at birth",
    "address_street": "Street address",
    "address_street_secondary": "Address line 2",
    "address_city": "City",
    "address_state": "State",
    "address_zip": "ZIP code",
    "attribution": "Referral source",
    "custom_booking_management_url": "Booking management URL",
    "emr_patient_id": "EMR patient ID",
    "paperwork_status": "Paperwork status",
    "visit_type_id": "Visit type ID",
}
"""Our own words for each field, as the template has them."""

VETO_WORDS: frozenset[str] = frozenset(
    (
        *("guarantor", "emergency", "employer", "spouse", "parent", "guardian", "mother"),
        *("father", "insured", "insurance", "subscriber", "responsible", "partner", "kin"),
        *("provider", "physician", "doctor", "referring", "pharmacy", "work", "fax"),
    )
)
"""A heading with one of these is about somebody else, however near it comes to a field."""

NEAR_ENOUGH = 75
"""Of 100, by token_sort_ratio, and for hints only: at 80 it still offered 2 wrong fields of 70."""

_NOTE = re.compile(r"\((?:required|optional)\)", re.IGNORECASE)
_MAYBE_FORMAT = re.compile(r"\(([dmyhs]+(?:[-/.:, ]{1,2}[dmyhs]+)*)\)", re.IGNORECASE)
_FORMAT_PART = re.compile(r"([a-z])\1*")
_PARTS = frozenset(("d", "dd", "m", "mm", "mmm", "mmmm", "y", "yy", "yyyy", "h", "hh", "s", "ss"))
_ORDER_NOTE = re.compile(
    # DD/MM, DD-MM-YYYY or ddmmyyyy, with nothing before it that it could be the rest of
    r"(?<![a-z0-9/.-])(?P<first>d{1,2}|m{1,2})"
    r"(?:[-/.](?:d{1,2}|m{1,2})(?:[-/.]y{2,4})?|(?P<gap> ?)(?:d{1,2}|m{1,2})(?P=gap)y{2,4})"
    r"(?![a-z0-9])",
    re.IGNORECASE,
)
_CAMEL_STEP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LOOKALIKES = str.maketrans(
    # Cyrillic, then Greek; each letter above the Latin one that it is mistaken for.
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0455\u0458\u04bb\u0501"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0405\u0408"
    "\u03bf\u03b1\u03bd\u03b9\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
    "aeopcyxisjhd" + "ABEKMHOPCTYXISJ" + "oaviABEZHIKMNOPTYX",
)
_LONGEST_SHOWN = 60


def known_field(heading: str) -> str | None:
    """Return the field that a heading names by the API's name or a synonym, or None.

    Case, spaces, dashes, underscores, camel case and a star make no difference, nor does a note
    such as (required), or (MM/DD/YYYY) in a date's heading; nothing merely similar is taken.
    """
    found = _KNOWN.get(heading_key(heading)) or _KNOWN.get(
        heading_key(heading.replace("#", " number"))
    )
    return None if _has_format(heading) and found not in DATE_FIELDS else found


def known_names() -> tuple[str, ...]:
    """Return every heading that is known by itself, as people spell it."""
    return tuple(name for field, names in SYNONYMS.items() for name in (field, *names))


def unsure_field(heading: str) -> str | None:
    """Return the field that a heading may mean, where only a person can say so, or None."""
    return _UNSURE.get(heading_key(heading))


def is_time_of_visit(heading: str) -> bool:
    """Return whether a heading is what people write above the times of visits."""
    return heading_key(heading) in _TIMES


def noted_order(heading: str) -> DateOrder | None:
    """Return the order of day and month that a note such as (DD/MM/YYYY) names, or None."""
    match = _ORDER_NOTE.search(heading)
    if match is None or {"d", "m"} - set(match[0].lower()):
        return None
    return "DMY" if match["first"][0] in "dD" else "MDY"


def heading_key(heading: str) -> str:
    """Return a heading's letters and digits alone, which is how headings are compared."""
    plain = unicodedata.normalize("NFKC", without_note(heading)).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def without_note(heading: str) -> str:
    """Return a heading without a note such as (MM/DD/YYYY) or (required)."""
    return _MAYBE_FORMAT.sub(
        lambda note: "" if _is_format(note) else note[0], _NOTE.sub("", heading)
    )


def _has_format(heading: str) -> bool:
    return any(map(_is_format, _MAYBE_FORMAT.finditer(heading)))


def _is_format(note: re.Match[str]) -> bool:
    """Return whether a note is how a date or a time is written: DD/MM/YYYY, mdy, hh:mm.

    (MD), (M.D), (H) and (S) are a doctor, a home and a spouse, and no formats.
    """
    parts = [part[0] for part in _FORMAT_PART.finditer(note[1].lower())]
    letters = {part[0] for part in parts}
    is_date_or_time = "y" in letters or letters == {"d", "m"} or letters >= {"h", "m"}
    is_spelled = len(parts) > len("md") or any(len(part) > 1 for part in parts)
    is_more = len(letters) > 1 or parts == ["yyyy"]
    return _PARTS.issuperset(parts) and is_date_or_time and is_spelled and is_more


def _words(heading: str) -> str:
    """Return a heading as lower-case words, which is how headings are scored."""
    spaced = _CAMEL_STEP.sub(" ", unicodedata.normalize("NFKC", heading))
    return " ".join(re.findall(r"[^\W_]+", spaced.lower()))


_KNOWN: Mapping[str, str] = {
    heading_key(name): field for field, names in SYNONYMS.items() for name in (field, *names)
}
_UNSURE: Mapping[str, str] = {
    heading_key(name): field for field, names in UNSURE.items() for name in names
}
_TIMES = frozenset(map(heading_key, TIMES_OF_DAY))
_SCORED: Mapping[str, tuple[str, ...]] = {
    field: tuple(_words(name) for name in (field, *names)) for field, names in SYNONYMS.items()
}


def is_plain_name(heading: str, field: str) -> bool:
    """Return whether a heading is the field's own name, or the template's words for it."""
    return heading_key(heading) in (heading_key(field), heading_key(PLAIN_HEADINGS[field]))


def imitated_field(heading: str) -> str | None:
    """Return the field that a heading would name if its foreign letters were Latin ones."""
    latin = heading.translate(_LOOKALIKES)
    return None if latin == heading else known_field(latin)


def score_of(field: str, heading: str) -> float:
    """Return how near a heading comes to a field, of 100; 0 for somebody else's data."""
    words = _words(heading)
    if not VETO_WORDS.isdisjoint(words.split()):
        return 0.0
    return max(fuzz.token_sort_ratio(words, name) for name in _SCORED[field])


def word_of_another(text: str) -> str:
    """Return the word by which a line above headings is about somebody else, "" for none."""
    words = _words(text).split()
    return next((word for word in words if {word, word.removesuffix("s")} & VETO_WORDS), "")


def shown_heading(heading: str) -> str:
    """Return a heading as it may stand on a terminal: quoted, short, printable."""
    plain = printable(heading)
    short = plain if len(plain) <= _LONGEST_SHOWN else f"{plain[:_LONGEST_SHOWN]}…"
    return f'"{short}"'
