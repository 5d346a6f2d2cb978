"""When are two rows the same booking, or the very same request: keyed hashes."""

from __future__ import annotations

import hmac
import json
import re
import unicodedata
from datetime import UTC
from typing import TYPE_CHECKING

from importer.model import Identity

if TYPE_CHECKING:
    from datetime import datetime

    from importer.model import BookingRequest

_APOSTROPHES = (
    "\u02be\u055a\u05f3\u1fbf\ua78c\u2018\u2019\u201b\u02bc\u02b9\u02bb\u2032\u00b4\uff07`"
)
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_UNSEEN = (
    *(0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFEFF, 0xFFA0),
    *range(0x180B, 0x1810),
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
    *range(0xFE00, 0xFE10),
    *range(0xE0000, 0xE1000),
)
"""Unicode's default-ignorable code points: nobody sees them."""
_UNIFIED: dict[int, str | None] = {
    **{ord(sign): "'" for sign in _APOSTROPHES},
    **{ord(sign): "-" for sign in _DASHES},
    **dict.fromkeys(_UNSEEN),
    0x2800: " ",
}
_SPACES = re.compile(r"\s+")
_LENGTH_BYTES = 4


def identify(
    request: BookingRequest, appointment_at: datetime, key: bytes, *, unsent: str = ""
) -> Identity:
    """Return the keyed hashes of one row.

    Args:
        request: The normalized booking request.
        appointment_at: The instant of its appointment, aware.
        key: The ledger's random key; without it a hash says nothing about a patient.
        unsent: What of the name is not sent; with another the row is not the same any more.
    """
    person = (
        request.birth_date,
        comparable_name(request.first_name),
        comparable_name(request.last_name),
    )
    location = str(request.location_id)
    instant = appointment_at.astimezone(UTC).isoformat(timespec="seconds")
    return Identity(
        fingerprint=_keyed(key, "fingerprint", location, instant, *person),
        request=_keyed(key, "request", canonical_body(request), *([unsent] if unsent else [])),
        visitor=_keyed(key, "visitor", location, *person),
    )


def day_of(moment: datetime) -> int:
    """Return the day of an instant, in UTC, as a number that says nothing of the time."""
    return moment.astimezone(UTC).toordinal()


def canonical_body(request: BookingRequest) -> bytes:
    """Return the body as it is sent: JSON in UTF-8, keys sorted, no spaces."""
    body = request.to_body()
    return json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def comparable_name(name: str) -> str:
    """Return a name without what only formatting changes: case, spaces, kind of apostrophe.

    Accents stay, in one form: José and Jose may be two people.
    """
    if not name.isascii():
        # Apostrophes first: NFKC would make a space and an accent of the acute one; and again
        # after it, for those that it takes out of another letter.
        name = unicodedata.normalize("NFKC", name.translate(_UNIFIED)).translate(_UNIFIED)
    folded = name.replace("`", "'").casefold()
    if not folded.isascii():
        folded = unicodedata.normalize("NFKC", folded)
    return _SPACES.sub(" ", folded).strip()


def _keyed(key: bytes, purpose: str, *parts: str | bytes) -> bytes:
    """Return the HMAC-SHA256 of the parts, each with its length, so that none run together."""
    message = bytearray()
    for part in (purpose, *parts):
        content = part.encode() if isinstance(part, str) else part
        message += len(content).to_bytes(_LENGTH_BYTES, "big") + content
    return hmac.digest(key, message, "sha256")
