"""The answer classifier: no silence is a booking, and no refusal a doubt."""

from __future__ import annotations

import json
from dataclasses import replace as changed
from datetime import UTC, datetime
from typing import TYPE_CHECKING, assert_never

from importer import outcomes
from importer.model import Booked, NotTaken, Rejected, RunStop, Unknown
from importer.outcomes import Answer, outcome_of
from importer.waits_asked import wait_asked_s
from tests.fuzz.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.model import Outcome
    from tests.fuzz.target import Replace

# The table of the Partner API's outcomes once more, by what became of the booking.
_BOOKS = {200, 201}
_REFUSES = {400, 404, 406, 409, 410, 413, 414, 422, 431}
_WRONG_ADDRESS = {405, 415, 501, 505, *range(300, 400)}
_SURELY_NOT_TAKEN = {401, 421, 423, 425, 429}
_STATUSES = (*range(200, 600), 100, 101, 199, 600, 999)
_NOW = datetime(2030, 1, 7, 9, 0, tzinfo=UTC)
_LARGEST_ID = 2**63 - 1
_A_DAY_S = 86_400
_HEADERS = b"\x1e"
"""Ends the headers of an input; one line each, its name before the first colon."""
_BODIES: tuple[object, ...] = (
    {"id": 12345, "status": "RESERVED"},
    {"meta": {}, "data": {"id": "77", "status": "CONFIRMED"}},
    {"status": "RESERVED"},
    {"id": None},
    {"id": True},
    {"id": 12.0},
    {"id": -1},
    {"id": 2**63},
    {"detail": [{"loc": ["body", "phone"], "msg": "bad <b>Ada</b>", "type": "value_error"}]},
    {"detail": "Not authenticated"},
    {"message": "Forbidden"},
    {"message": "Too Many Requests"},
    [],
    "RESERVED",
)
_RAW = (b"", b"Internal Server Error", b'{"id": 1, "id": 2}', b'{"id": NaN}', b"\xff{", b"[" * 200)


def judge(content: bytes) -> None:
    """Classify one answer."""
    flags, answer = _answer(content)
    age_s = (0.0, 3_300.0, float("inf"))[flags % 3]
    trusts = bool(flags & 64)
    found = outcome_of(answer, token_age_s=age_s, now=_NOW, trust_503_with_retry_after=trusts)
    _require_kind(answer, found, age_s=age_s, trusts=trusts)
    _require_bounded(answer, found)
    again = outcome_of(answer, token_age_s=age_s, now=_NOW, trust_503_with_retry_after=trusts)
    assert found == again
    lost = outcome_of(changed(answer, body=None), token_age_s=age_s, now=_NOW)
    assert not isinstance(lost, Booked)


def _answer(content: bytes) -> tuple[int, Answer]:
    padded = content.ljust(3, b"\0")
    status = _STATUSES[int.from_bytes(padded[:2], "big") % len(_STATUSES)]
    lines, _, body = padded[3:].partition(_HEADERS)
    pairs = (line.partition(":") for line in lines.decode("latin-1").split("\n"))
    headers = tuple((name, value) for name, colon, value in pairs if colon)
    return padded[2], Answer(status=status, headers=headers, body=body)


def _require_kind(answer: Answer, found: Outcome, *, age_s: float, trusts: bool) -> None:
    status = answer.status
    match found:
        case Booked():
            assert status in _BOOKS
            assert found.booking_id == _id_in(answer.body or b"")
        case Rejected():
            assert status in _REFUSES | _WRONG_ADDRESS | {403}, status
            assert (found.stop is RunStop.WRONG_ADDRESS) is (status in _WRONG_ADDRESS)
        case NotTaken():
            may_be = _SURELY_NOT_TAKEN | {403} | ({503} if trusts else set())
            assert status in may_be, status
        case Unknown():
            listed = _REFUSES | _WRONG_ADDRESS | _SURELY_NOT_TAKEN | {403}
            assert status not in listed, status
            if status in _BOOKS:
                assert not _is_plainly_booked(answer.body or b""), "an id, and yet unknown"
        case _:
            assert_never(found)
    if status == 403 and age_s > 3_000:
        assert isinstance(found, NotTaken)


def _id_in(body: bytes) -> int | None:
    """Return the id of a booking as a plain reader of JSON sees it."""
    document = json.loads(body)
    booking = document if "id" in document else document["data"]
    number = booking["id"]
    assert type(number) in {int, str}
    assert 0 < int(number) <= _LARGEST_ID
    return int(number)


def _is_plainly_booked(body: bytes) -> bool:
    """Return whether nobody could doubt which booking was made."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return False
    if not isinstance(document, dict) or body.count(b'"id"') != 1 or body.count(b"\\"):
        return False
    number = document.get("id")
    is_one = type(number) is int and 0 < number <= _LARGEST_ID
    return is_one and not any(word in body for word in (b"NaN", b"Infinity", b'"data"'))


def _require_bounded(answer: Answer, found: Outcome) -> None:
    """Fail unless all that is kept of an answer is short, and in plain characters."""
    assert "<" not in repr(answer) or repr(answer).startswith("Answer(status=")
    assert outcomes.server_ids_of(answer.headers).isascii()
    asked = wait_asked_s(answer.headers, _NOW)
    assert asked is None or 0 <= asked <= _A_DAY_S
    match found:
        case Rejected():
            assert len(found.text) <= 2_000
            assert found.text.isprintable()
            assert all((f"{e.loc}{e.type}" or "a").isascii() for e in found.errors)
            assert all(e.loc == e.loc.lower() and " " not in e.loc for e in found.errors)
        case Booked():
            assert len(found.solv_status) <= 128
            assert (found.solv_status + found.emr_booking_id).isprintable()
        case NotTaken() | Unknown():
            pause = found.retry_after_s
            assert pause is None or 0 <= pause <= _A_DAY_S


def _plant(replace: Replace) -> None:
    """Take any number of an answer for its booking."""
    replace(outcomes, "_booking_id", lambda value: value if isinstance(value, int) else None)


def _seeds() -> Iterator[bytes]:
    bodies = (*(json.dumps(body).encode() for body in _BODIES), *_RAW)
    headers = b"Retry-After: 7\nx-request-id: r1\nDate: Mon, 07 Jan 2030 09:00:00 GMT"
    for status in (200, 201, 204, 302, 400, 401, 403, 404, 408, 422, 429, 500, 503):
        start = _STATUSES.index(status).to_bytes(2, "big")
        for flags, body in enumerate(bodies):
            yield start + bytes([flags]) + (headers if flags % 2 else b"") + _HEADERS + body


TARGET = Target(
    name="answers",
    judge=judge,
    seeds=_seeds,
    words=(
        *(
            b'"id"',
            b'"data"',
            b'{"id": 1}',
            b"null",
            b"true",
            b"1e3",
            b"NaN",
            b'"detail"',
            b'"loc"',
        ),
        *(b'"message"', b"Forbidden", b"token expired", b"{", b"}", b"[", b"]", b"\\u0069d", b"-0"),
        *(b"Retry-After: ", b"RateLimit: ", b"X-RateLimit-Reset: ", b"t=", b"r=0", b";", b"\x1e"),
        *(b"Mon, 07 Jan 2030 09:00:00 GMT", b"2030-01-07T09:00:00Z", b"99999999999999999999"),
    ),
    plant=_plant,
)
