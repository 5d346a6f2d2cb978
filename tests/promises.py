"""What every value that is sent promises, written down apart from the rules that keep it."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime

LONGEST = {"reason": 1_000, "custom_booking_management_url": 2_048, "email": 254}
"""Most characters by field; 200 for the others."""

_FORMS = {
    "phone": r"\+1[2-9][0-9]{2}[2-9][0-9]{6}",
    "birth_date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "appointment_date": r"[0-9]{4}(?:-[0-9]{2}){2}T[0-9]{2}(?::[0-9]{2}){2}[+-][0-9]{2}:[0-9]{2}",
    "location_id": r"[1-9][0-9]{0,15}|(?=.*[A-Za-z])[A-Za-z0-9_-]{1,64}",
    "visit_type_id": r"[1-9][0-9]{0,15}",
    "is_walk_in": "true|false",
    "birth_sex": "male|female",
    "address_state": "[A-Z]{2}",
    "address_zip": r"[0-9]{5}(?:-[0-9]{4})?|[A-Za-z][0-9][A-Za-z][ -]?[0-9][A-Za-z][0-9]",
    "custom_booking_management_url": r"https://[!-~]+",
    "email": r"[^@\s]+@[^@\s]+",
}
_NEVER_SENT = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Kinds of characters: controls, halves of others, separators of lines."""
_TURNS_TEXT = re.compile("[\u202a-\u202e\u2066-\u2069]")
_UNSEEN = re.compile("[\u00ad\u115f\u1160\u200b\u2060\u3164\ufeff\uffa0]")


def require_sendable(field: str, text: str) -> None:
    """Fail unless a value that no rule refused, and that is not empty, may be sent as it is."""
    assert text, field
    form = _FORMS.get(field)
    assert form is None or re.fullmatch(form, text), (field, text)
    assert len(text) <= LONGEST.get(field, 200), (field, len(text))
    _require_visible(field, text)
    if field == "birth_date":
        date.fromisoformat(text)
    if field == "appointment_date":
        assert datetime.fromisoformat(text).utcoffset() is not None


def _require_visible(field: str, text: str) -> None:
    kinds = {unicodedata.category(sign) for sign in text}
    assert not kinds & _NEVER_SENT, (field, text)
    assert not _TURNS_TEXT.search(text), (field, text)
    assert not _UNSEEN.search(text), (field, text)
    assert "\ufffd" not in text, (field, text)
    assert text == text.strip(), (field, text)
    assert "  " not in text, (field, text)
    if field != "email":
        assert text == unicodedata.normalize("NFC", text), (field, text)
