"""How long a server asks to wait, in whatever header and words it says so.

Source:
    RFC 9110, section 10.2.3; the drafts of the IETF's RateLimit headers.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Headers: TypeAlias = tuple[tuple[str, str], ...]
"""Names as the server spelled them, repeated ones included, in its order."""

_LONGEST_WAIT_S = 86_400.0


def wait_asked_s(headers: Headers, now: datetime) -> float | None:
    """Return for how many seconds the server asks everybody to wait, None if it does not.

    Retry-After comes before RateLimit, and that before X-RateLimit-Reset; a header that
    cannot be read is as good as absent. Never below 0, never above a day.
    """
    readers = (retry_wait_s, _rate_limit_s, _x_rate_limit_s)
    waits = (reader(headers, now) for reader in readers)
    return next((wait for wait in waits if wait is not None), None)


def values_of(headers: Headers, name: str) -> Iterator[str]:
    """Yield every value of one header, whatever its case."""
    return (value for found, value in headers if found.lower() == name)


def retry_wait_s(headers: Headers, now: datetime) -> float | None:
    """Return the wait of `Retry-After` in seconds, None where none can be read."""
    return _longest(
        _seconds_or_date(text, headers, now) for text in values_of(headers, "retry-after")
    )


def _seconds_or_date(text: str, headers: Headers, now: datetime) -> float | None:
    seconds = _number(text)
    if seconds is not None:
        return seconds
    return _until(_http_date(text), headers, now)


def _rate_limit_s(headers: Headers, now: datetime) -> float | None:
    """Return the wait of the IETF's headers, in the spelling of any of its drafts."""
    items = [item for text in values_of(headers, "ratelimit") for item in text.split(",")]
    # Of several limits the used-up ones say how long to wait.
    used_up = [item for item in items if re.search(r"(?:^|;)\s*r=0\s*(?:;|$)", item)]
    waits = (
        re.search(r"(?:^|;)\s*(?:t|reset)=([0-9]{1,15})\s*(?:;|$)", i) for i in used_up or items
    )
    asked = _longest(float(found[1]) for found in waits if found)
    if asked is not None:
        return asked
    return _longest(_reset_s(text, headers, now) for text in values_of(headers, "ratelimit-reset"))


def _x_rate_limit_s(headers: Headers, now: datetime) -> float | None:
    """Return the wait of the unwritten custom, with or without a suffix to its name."""
    resets = [text for name, text in headers if name.lower().startswith("x-ratelimit-reset")]
    return _longest(_reset_s(text, headers, now) for text in resets)


_FIRST_UNIX_S, _FIRST_UNIX_MS = 1e9, 1e12


def _reset_s(text: str, headers: Headers, now: datetime) -> float | None:
    """Return the wait until a reset: seconds from now, or unix time in s or ms, or ISO 8601."""
    number = _number(text)
    if number is None:
        return _until(_iso_date(text), headers, now)
    if number <= _FIRST_UNIX_S:
        return number
    unix_s = number / 1_000 if number > _FIRST_UNIX_MS else number
    return unix_s - _server_time(headers, now).timestamp()


def _number(text: str) -> float | None:
    """Return a plain decimal number; what only Python would call one is none."""
    found = re.fullmatch(r"\s*(-?[0-9]{1,15}(?:\.[0-9]{1,9})?)\s*", text)
    return float(found[1]) if found else None


def _http_date(text: str) -> datetime | None:
    """Return any of the three HTTP date forms; the one without a zone is UTC by definition."""
    try:
        return _in_utc(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _iso_date(text: str) -> datetime | None:
    try:
        return _in_utc(datetime.fromisoformat(text.strip()))
    except (ValueError, OverflowError):
        return None


def _in_utc(when: datetime) -> datetime:
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


def _server_time(headers: Headers, now: datetime) -> datetime:
    """Return what time it is for the server: its clock made the dates that we read."""
    dates = (_http_date(text) for text in values_of(headers, "date"))
    return next((date for date in dates if date is not None), now)


def _until(when: datetime | None, headers: Headers, now: datetime) -> float | None:
    return None if when is None else (when - _server_time(headers, now)).total_seconds()


def _longest(waits: Iterable[float | None]) -> float | None:
    """Return the longest of what could be read, within a day, or None."""
    found = [wait for wait in waits if wait is not None]
    return min(max(*found, 0.0), _LONGEST_WAIT_S) if found else None
