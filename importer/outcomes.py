"""What one answer means for one booking: booked, rejected, unknown, or surely not taken.

Source:
    Solv Partner API, Create Booking and its error bodies; RFC 9110, sections 9.2.2 and 15.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from importer.model import (
    Booked,
    FieldError,
    NotTaken,
    NotTakenCause,
    Outcome,
    Rejected,
    RunStop,
    Unknown,
)
from importer.printable import printable
from importer.waits_asked import Headers, retry_wait_s, values_of, wait_asked_s

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

_BOOKED = frozenset({200, 201})
_REJECTED = frozenset({400, 404, 406, 409, 410, 413, 414, 422, 431})
_WRONG_ADDRESS = frozenset({405, 415, 501, 505, *range(300, 400)})
_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY, _UNAVAILABLE = 401, 403, 429, 503
_NOT_TAKEN = {
    _UNAUTHORIZED: NotTakenCause.UNAUTHORIZED,
    421: NotTakenCause.MISDIRECTED,
    423: NotTakenCause.LOCKED,
    425: NotTakenCause.TOO_EARLY,
    _TOO_MANY: NotTakenCause.TOO_MANY_REQUESTS,
}

_OLD_TOKEN_S = 50 * 60
_LARGEST_ID = 2**63 - 1
_LONGEST_TEXT = 2_000
_LONGEST_WORD = 128
_MOST_ERRORS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for one request."""

    status: int
    headers: Headers = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)
    """None: the status line came, the body could not be read to its end."""


def outcome_of(
    answer: Answer,
    *,
    token_age_s: float,
    now: datetime,
    trust_503_with_retry_after: bool = False,
) -> Outcome:
    """Return what `answer` says about the booking; what is not listed here is unknown.

    Everything but "booked" is decided by the status line, so it holds for a lost body too.

    Args:
        answer: What came back for the booking request.
        token_age_s: How old its token was; `inf` when it had expired.
        now: The wall clock, for an answer that carries no Date of its own.
        trust_503_with_retry_after: Whether such a 503 says that nothing was taken, which
            is an assumption about Solv.

    Source:
        RFC 9110, section 9.2.2: repeat a POST only when the original was surely not applied.
    """
    cause = _NOT_TAKEN.get(answer.status)
    if answer.status == _FORBIDDEN and _is_about_token(answer, token_age_s):
        cause = NotTakenCause.UNAUTHORIZED
    if answer.status == _UNAVAILABLE and trust_503_with_retry_after:
        asked = retry_wait_s(answer.headers, now)
        cause = None if asked is None else NotTakenCause.UNAVAILABLE
    if cause is not None:
        return _not_taken(answer, cause, now)
    if answer.status == _FORBIDDEN:
        return _forbidden(answer)
    if answer.status in _BOOKED:
        return _booked(answer)
    if answer.status in _WRONG_ADDRESS:
        return _rejected(answer, stop=RunStop.WRONG_ADDRESS)
    if answer.status in _REJECTED:
        return _rejected(answer)
    return _unknown(answer, f"answered {answer.status}", retry_after_s=_pause_of(answer, now))


# What each answer becomes


def _booked(answer: Answer) -> Booked | Unknown:
    """Return the booking, if its id can be read; else nobody knows which one it is."""
    booking = _unwrapped(_document(answer.body))
    booking_id = _booking_id(booking.get("id"))
    if booking_id is None:
        return _unknown(answer, f"answered {answer.status}, id not readable")
    return Booked(
        booking_id=booking_id,
        solv_status=_word(booking.get("status")),
        emr_booking_id=_word(booking.get("emr_booking_id")),
        http_status=answer.status,
        server_ids=server_ids_of(answer.headers),
    )


def _rejected(answer: Answer, *, stop: RunStop | None = None) -> Rejected:
    document = _document(answer.body)
    return Rejected(
        http_status=answer.status,
        errors=tuple(_field_errors(document))[:_MOST_ERRORS],
        text=_words_of(document, answer.body),
        server_ids=server_ids_of(answer.headers),
        stop=stop,
    )


def _forbidden(answer: Answer) -> Rejected | NotTaken:
    """Return a rejection of this row, unless the gateway refused the key of them all."""
    document = _document(answer.body)
    message = document.get("message") if isinstance(document, dict) else None
    if not isinstance(message, str) or message.strip().casefold() != "forbidden":
        return _rejected(answer)
    return NotTaken(
        cause=NotTakenCause.UNAUTHORIZED,
        http_status=answer.status,
        stop=RunStop.GATEWAY_REFUSED,
    )


def _not_taken(answer: Answer, cause: NotTakenCause, now: datetime) -> NotTaken:
    return NotTaken(cause=cause, http_status=answer.status, retry_after_s=_pause_of(answer, now))


def _unknown(answer: Answer, reason: str, *, retry_after_s: float | None = None) -> Unknown:
    return Unknown(
        reason=reason,
        http_status=answer.status,
        server_ids=server_ids_of(answer.headers),
        retry_after_s=retry_after_s,
    )


def _pause_of(answer: Answer, now: datetime) -> float | None:
    # A reset time stands in every answer of some servers: only a 429 makes it a request.
    if answer.status == _TOO_MANY:
        return wait_asked_s(answer.headers, now)
    return retry_wait_s(answer.headers, now)


# What stands in a body


def _document(body: bytes | None) -> Any:  # noqa: ANN401 - whatever JSON the server sent
    """Return the body's JSON, None when there is none or it says two things at once."""
    try:
        return json.loads(body or b"", object_pairs_hook=_object, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if names.count("id") > 1 or names.count("data") > 1:
        raise ValueError("which one?")
    return dict(pairs)


def _no_number(text: str) -> Any:  # noqa: ANN401 - what json asks of this hook
    raise ValueError(text)


def _unwrapped(document: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON the server sent
    """Return the booking itself, taken out of the `meta` and `data` envelope if it is in one."""
    if isinstance(document, dict) and "id" not in document:
        document = document.get("data")
    return document if isinstance(document, dict) else {}


def _booking_id(value: object) -> int | None:
    """Return an id that a ledger can keep, or None; True and 12.0 are none."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,19}", value):
        value = int(value)
    if type(value) is not int or not 0 < value <= _LARGEST_ID:
        return None
    return value


def _word(value: object) -> str:
    """Return a short value of an answer as one line of text, "" when it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return " ".join(printable(str(value)[:_LONGEST_TEXT]).split())[:_LONGEST_WORD]


def _details(document: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - as `_document`
    """Yield the entries of FastAPI's list of what is wrong."""
    detail = document.get("detail") if isinstance(document, dict) else None
    yield from (one for one in detail if isinstance(one, dict)) if isinstance(detail, list) else ()


def _field_errors(document: Any) -> Iterator[FieldError]:  # noqa: ANN401 - as `_document`
    """Yield place and type of each fault; its text, input and context may hold a patient."""
    for detail in _details(document):
        yield FieldError(loc=_place(detail.get("loc")), type=_identifiers([detail.get("type")]))


def _place(loc: object) -> str:
    """Return the API field at fault, such as `phone`."""
    parts = loc if isinstance(loc, list) else [loc]
    return _identifiers(parts[1:]) or _identifiers(parts)


def _identifiers(parts: Iterable[object]) -> str:
    # The ledger keeps these: only what is surely a name of the API's own may pass.
    names = (part for part in parts if isinstance(part, str))
    return ".".join(name for name in names if re.fullmatch(r"[a-z][a-z0-9_.]{0,63}", name))


def _words_of(document: Any, body: bytes | None) -> str:  # noqa: ANN401 - as `_document`
    """Return the server's own words, as short as a results sheet can show."""
    told = [document.get(name) for name in ("detail", "message")] if _is_object(document) else []
    words = next((text for text in told if isinstance(text, str)), "") or "; ".join(
        f"{_place(detail.get('loc'))}: {detail.get('msg', '')}" for detail in _details(document)
    )
    words = words or (body or b"")[: _LONGEST_TEXT * 10].decode(errors="replace")
    untagged = re.sub(r"<[^<>]*>", " ", words[: _LONGEST_TEXT * 10])
    return " ".join(printable(untagged).split())[:_LONGEST_TEXT]


def _is_object(document: object) -> bool:
    return isinstance(document, dict)


_TOKEN = r"\b(?:token|jwt|signature|credentials?|session)\b"  # noqa: S105 - a pattern
_ABOUT_TOKEN = re.compile(
    rf"not authenticated|invalid authentication credentials|^expired\W*$"
    rf"|{_TOKEN}.*\bexpired\b|\bexpired\b.*{_TOKEN}",
    re.IGNORECASE,
)


def _is_about_token(answer: Answer, token_age_s: float) -> bool:
    """Return whether a 403 is FastAPI's older way of saying 401."""
    if token_age_s > _OLD_TOKEN_S:
        return True
    words = _words_of(_document(answer.body), answer.body)
    return _ABOUT_TOKEN.search(words[:500]) is not None


def server_ids_of(headers: Headers) -> str:
    """Return the request ids that Solv support would ask for, as `name=value` pairs."""
    wanted = ("x-request-id", "x-amzn-requestid", "x-amz-apigw-id", "cf-ray")
    found = ((name, next(values_of(headers, name), "")) for name in wanted)
    clean = ((name, re.sub(r"[^!-~]", "", value)[:_LONGEST_WORD]) for name, value in found)
    return " ".join(f"{name}={value}" for name, value in clean if value)
