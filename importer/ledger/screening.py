"""What of somebody else's words may stand in the ledger: names and numbers, never free text."""

from __future__ import annotations

import re

from importer.model import BOOKING_FIELDS

_STATUS = re.compile(r"[A-Z_]{1,40}|[a-z_]{1,40}")
_EMR_ID = re.compile(r"(?=.*[0-9])[A-Za-z0-9_.:-]{1,64}")
_ERROR_TYPE = re.compile(r"[a-z_]{1,40}(?:\.[a-z_]{1,40}){0,3}")
_SERVER_ID = re.compile(r"[a-z0-9-]{1,32}=[A-Za-z0-9_.:=+/-]{1,128}")
_HINT = re.compile(
    r"(?:(?:US|HTTP|column [A-Z]{1,3}|[a-z']+|[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,7})(?:[,;]? |\Z))*"
)
_LONGEST_HINT = 120
_FIELDS = frozenset((*BOOKING_FIELDS, "allow_walkin_scheduling"))


def status_word(text: str) -> str:
    """Return a booking's status, such as `RESERVED`, or "" for anything longer or mixed."""
    return text if _STATUS.fullmatch(text) else ""


def emr_id(text: str) -> str:
    """Return an id of the clinic's own system, which holds a digit, or ""."""
    return text if _EMR_ID.fullmatch(text) else ""


def field_in(loc: str) -> str:
    """Return the API field that an error's place such as `body.phone` names, or ""."""
    return next((part for part in reversed(loc.split(".")) if part in _FIELDS), "")


def error_type(text: str) -> str:
    """Return an error type such as `value_error.missing`, or ""."""
    return text if _ERROR_TYPE.fullmatch(text) else ""


def server_ids(text: str) -> str:
    """Return the `name=value` pairs of request ids; whatever else stands between them goes."""
    return " ".join(pair for pair in text.split(" ") if _SERVER_ID.fullmatch(pair))


def hint(text: str) -> str:
    """Return a hint in our own manner, plain words and counts, or ""."""
    return text if len(text) <= _LONGEST_HINT and _HINT.fullmatch(text) else ""
