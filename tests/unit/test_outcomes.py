"""The outcome table, row by row."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.model import Booked, FieldError, NotTaken, NotTakenCause, Rejected, RunStop, Unknown
from importer.outcomes import Answer, outcome_of

if TYPE_CHECKING:
    from importer.waits_asked import Headers

NOW = datetime(2030, 1, 7, 12, 0, 0, tzinfo=UTC)
YOUNG_S = 60.0
OLD_S = 50 * 60.0 + 1


def answered(
    status: int, body: object = b"", *, headers: Headers = (), token_age_s: float = YOUNG_S
) -> object:
    """Return the outcome of one answer; a body that is no bytes is written as JSON."""
    raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    answer = Answer(status=status, headers=headers, body=raw)
    return outcome_of(answer, token_age_s=token_age_s, now=NOW)


# 200 and 201


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize(
    ("body", "booking_id"),
    [
        ({"id": 12}, 12),
        ({"id": "12"}, 12),
        ({"id": 1}, 1),
        ({"id": 2**63 - 1}, 2**63 - 1),
        ({"id": str(2**63 - 1)}, 2**63 - 1),
        ({"meta": {}, "data": {"id": 12}}, 12),
        ({"id": 12, "data": {"id": 13}}, 12),
        (b'\xef\xbb\xbf{"id": 12}', 12),
    ],
)
def test_a_readable_id_is_a_booking(status: int, body: object, booking_id: int) -> None:
    assert answered(status, body) == Booked(booking_id=booking_id, http_status=status)


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize(
    "body",
    [
        None,
        b"",
        b"<html>Welcome</html>",
        b"{",
        b'{"id": 12',
        b'\xff\xfe{"id": 12}',
        b'{"id": 12, "x": NaN}',
        b'{"id": Infinity}',
        b'{"id": 12, "id": 13}',
        b'{"data": {"id": 12}, "data": {"id": 13}}',
        b'{"data": {"id": 12, "id": 12}}',
        b"[" * 200_000,
        b'{"id": ' + b"9" * 5_000 + b"}",
        [],
        [{"id": 12}],
        "12",
        12,
        {},
        {"id": None},
        {"id": ""},
        {"id": "AXjwbE"},
        {"id": " 12 "},
        {"id": "-12"},
        {"id": "+12"},
        {"id": "1_2"},
        {"id": "\u0661\u0662"},
        {"id": 0},
        {"id": "0"},
        {"id": -1},
        {"id": 2**63},
        {"id": str(2**63)},
        {"id": True},
        {"id": 12.0},
        {"id": [12]},
        {"id": None, "data": {"id": 12}},
        {"data": [{"id": 12}]},
        {"data": None},
        {"error": "slot taken"},
    ],
)
def test_success_without_a_readable_id_is_unknown(status: int, body: object) -> None:
    assert answered(status, body) == Unknown(
        reason=f"answered {status}, id not readable", http_status=status
    )


def test_a_null_body_is_unknown() -> None:
    assert answered(200, b"null") == Unknown(
        reason="answered 200, id not readable", http_status=200
    )


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("RESERVED", "RESERVED"),
        (None, ""),
        (7, "7"),
        (True, ""),
        (["CONFIRMED"], ""),
        ({"a": 1}, ""),
        (1.5, ""),
        (" CON\nFIRMED\x00\u202e ", "CON FIRMED"),
        ("x" * 500, "x" * 128),
        ("\ud800", ""),
    ],
)
def test_the_optional_part_never_fails_a_booking(sent: object, kept: str) -> None:
    outcome = answered(200, {"id": 12, "status": sent, "emr_booking_id": sent})
    assert outcome == Booked(booking_id=12, solv_status=kept, emr_booking_id=kept)


def test_missing_status_and_emr_id_are_empty() -> None:
    assert answered(200, {"id": 12, "surprise": 1}) == Booked(booking_id=12)


# Everything that may hide a booking


@pytest.mark.parametrize(
    "status",
    [
        *(202, 203, 204, 205, 206, 207, 226, 299),
        *(408, 402, 407, 411, 412, 416, 417, 418, 424, 426, 428, 451, 499),
        *(500, 502, 503, 504, 506, 507, 508, 511, 520, 521, 522, 523, 524, 525, 526, 527, 529, 599),
        *(0, 100, 101, 103, 199, 600, 999),
    ],
)
@pytest.mark.parametrize("body", [None, b"", {"id": 12}, {"detail": "no"}])
def test_what_the_table_does_not_settle_is_unknown(status: int, body: object) -> None:
    assert answered(status, body) == Unknown(reason=f"answered {status}", http_status=status)


@settings(deadline=None)
@given(status=st.integers(0, 999), body=st.none() | st.binary(max_size=40))
def test_only_200_and_201_are_ever_booked(status: int, body: bytes | None) -> None:
    outcome = answered(status, body)
    assert not isinstance(outcome, Booked) or status in (200, 201)


def test_unavailable_with_retry_after_is_unknown_by_default() -> None:
    outcome = answered(503, headers=(("Retry-After", "30"),))
    assert outcome == Unknown(reason="answered 503", http_status=503, retry_after_s=30.0)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            (("Retry-After", "30"),),
            NotTaken(cause=NotTakenCause.UNAVAILABLE, http_status=503, retry_after_s=30.0),
        ),
        (
            (("Retry-After", "Mon, 07 Jan 2030 12:00:30 GMT"),),
            NotTaken(cause=NotTakenCause.UNAVAILABLE, http_status=503, retry_after_s=30.0),
        ),
        ((), Unknown(reason="answered 503", http_status=503)),
        ((("Retry-After", "soon"),), Unknown(reason="answered 503", http_status=503)),
        ((("X-RateLimit-Reset", "30"),), Unknown(reason="answered 503", http_status=503)),
    ],
)
def test_a_trusted_503_needs_a_readable_retry_after(headers: Headers, expected: object) -> None:
    answer = Answer(status=503, headers=headers, body=None)
    outcome = outcome_of(answer, token_age_s=1.0, now=NOW, trust_503_with_retry_after=True)
    assert outcome == expected


def test_the_trust_in_503_reaches_no_other_status() -> None:
    answer = Answer(status=502, headers=(("Retry-After", "30"),), body=None)
    outcome = outcome_of(answer, token_age_s=1.0, now=NOW, trust_503_with_retry_after=True)
    assert outcome == Unknown(reason="answered 502", http_status=502, retry_after_s=30.0)


# What was refused


@pytest.mark.parametrize("status", [400, 403, 404, 406, 409, 410, 413, 414, 422, 431])
@pytest.mark.parametrize("body", [None, b""])
def test_a_refusal_is_decided_by_the_status_line_alone(status: int, body: bytes | None) -> None:
    assert answered(status, body) == Rejected(http_status=status)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 399, 405, 415, 501, 505])
@pytest.mark.parametrize("body", [None, b"", {"id": 12}])
def test_a_wrong_address_stops_the_run(status: int, body: object) -> None:
    outcome = answered(status, body)
    assert isinstance(outcome, Rejected)
    assert (outcome.http_status, outcome.stop) == (status, RunStop.WRONG_ADDRESS)


FIELD_MISSING = {
    "detail": [{"loc": ["body", "phone"], "msg": "field required", "type": "value_error.missing"}]
}


@pytest.mark.parametrize(
    ("body", "errors", "text"),
    [
        (
            FIELD_MISSING,
            (FieldError(loc="phone", type="value_error.missing"),),
            "phone: field required",
        ),
        (
            {
                "detail": [
                    {
                        "loc": ["body", "phone"],
                        "msg": "Field required",
                        "type": "missing",
                        "input": {"first_name": "Canary"},
                        "ctx": {"doc": "Canary"},
                    },
                    {"loc": ["query", "allow_walkin_scheduling"], "msg": "no", "type": "bool"},
                ]
            },
            (
                FieldError(loc="phone", type="missing"),
                FieldError(loc="allow_walkin_scheduling", type="bool"),
            ),
            "phone: Field required; allow_walkin_scheduling: no",
        ),
        (
            {"detail": [{"loc": ["body"], "msg": "m", "type": "t"}]},
            (FieldError(loc="body", type="t"),),
            "body: m",
        ),
        (
            {"detail": [{"loc": ["body", 17], "msg": "m", "type": "json_invalid"}]},
            (FieldError(loc="body", type="json_invalid"),),
            "body: m",
        ),
        ({"detail": [{"loc": "phone", "type": 3}]}, (FieldError(loc="phone", type=""),), "phone:"),
        ({"detail": [{}]}, (FieldError(loc="", type=""),), ":"),
        (
            {"detail": [{"loc": ["body", "Mary O'Canary"], "msg": "m", "type": "Mary Canary"}]},
            (FieldError(loc="body", type=""),),
            "body: m",
        ),
        (
            {"detail": [{"loc": ["body", "address", "zip"], "msg": "m", "type": "t"}]},
            (FieldError(loc="address.zip", type="t"),),
            "address.zip: m",
        ),
        ({"detail": "Slot taken"}, (), "Slot taken"),
        ({"message": "Bad request"}, (), "Bad request"),
        ({"detail": ["Slot taken"]}, (), '{"detail": ["Slot taken"]}'),
        (b"<html><b>Bad</b>\r\n\x00request</html>", (), "Bad request"),
        (b"caf\xe9", (), "caf\ufffd"),
        (b"<" * 30_000 + b"end", (), "<" * 2_000),
        ({"detail": "x" * 5_000}, (), "x" * 2_000),
        ({"detail": " " * 20_000 + "far down the page"}, (), ""),
        (b" " * 20_000 + b"far down the page", (), ""),
    ],
)
def test_a_422_names_the_field_and_keeps_the_words_apart(
    body: object, errors: tuple[FieldError, ...], text: str
) -> None:
    assert answered(422, body) == Rejected(http_status=422, errors=errors, text=text)


def test_no_more_than_fifty_errors_are_kept() -> None:
    outcome = answered(422, {"detail": FIELD_MISSING["detail"] * 1_000})
    assert isinstance(outcome, Rejected)
    assert len(outcome.errors) == 50


def test_neither_answer_nor_rejection_shows_words_of_the_server() -> None:
    answer = Answer(status=422, headers=(("X", "Canary"),), body=b'{"detail": "Canary"}')
    outcome = outcome_of(answer, token_age_s=1.0, now=NOW)
    assert "Canary" not in repr(answer) + repr(outcome)


# What was surely not taken


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (401, NotTakenCause.UNAUTHORIZED),
        (421, NotTakenCause.MISDIRECTED),
        (423, NotTakenCause.LOCKED),
        (425, NotTakenCause.TOO_EARLY),
        (429, NotTakenCause.TOO_MANY_REQUESTS),
    ],
)
@pytest.mark.parametrize("body", [None, b"", {"id": 12}, {"message": "Forbidden"}])
def test_what_was_not_taken_is_decided_by_the_status_line(
    status: int, cause: NotTakenCause, body: object
) -> None:
    assert answered(status, body) == NotTaken(cause=cause, http_status=status)


@pytest.mark.parametrize("status", [423, 429])
def test_a_wait_that_was_asked_for_is_handed_on(status: int) -> None:
    outcome = answered(status, headers=(("retry-after", "7"),))
    assert isinstance(outcome, NotTaken)
    assert outcome.retry_after_s == 7.0


@pytest.mark.parametrize("status", [423, 429, 500, 503])
def test_a_wait_until_a_date_is_reckoned_from_our_clock_where_the_server_tells_no_time(
    status: int,
) -> None:
    outcome = answered(status, headers=(("Retry-After", "Mon, 07 Jan 2030 12:00:09 GMT"),))
    assert isinstance(outcome, NotTaken | Unknown)
    assert outcome.retry_after_s == 9.0


@pytest.mark.parametrize(("status", "wait_s"), [(429, 30.0), (423, None)])
def test_only_a_429_makes_a_reset_time_a_request_to_wait(status: int, wait_s: float | None) -> None:
    """Some servers tell the reset time with every answer."""
    outcome = answered(status, headers=(("X-RateLimit-Reset", "30"),))
    assert isinstance(outcome, NotTaken)
    assert outcome.retry_after_s == wait_s


TOKEN_REFUSED = NotTaken(cause=NotTakenCause.UNAUTHORIZED, http_status=403)


@pytest.mark.parametrize("body", [None, b"", {"detail": "no"}, {"message": "Forbidden"}])
@pytest.mark.parametrize("token_age_s", [OLD_S, math.inf])
def test_a_403_to_an_old_token_is_about_the_token(body: object, token_age_s: float) -> None:
    assert answered(403, body, token_age_s=token_age_s) == TOKEN_REFUSED


@pytest.mark.parametrize(
    "body",
    [
        {"detail": "Not authenticated"},
        {"detail": "Invalid authentication credentials"},
        {"detail": "Token expired"},
        {"detail": "Expired token."},
        {"detail": "Signature has expired"},
        {"detail": "expired"},
        {"message": "The session has EXPIRED"},
        b"<h1>Token expired</h1>",
        {"detail": "x" * 482 + " not authenticated"},
    ],
)
def test_a_403_that_says_so_is_about_the_token(body: object) -> None:
    assert answered(403, body) == TOKEN_REFUSED


@pytest.mark.parametrize("message", ["Forbidden", "forbidden", " FORBIDDEN "])
def test_a_403_of_the_gateway_stops_the_run(message: str) -> None:
    assert answered(403, {"message": message}) == NotTaken(
        cause=NotTakenCause.UNAUTHORIZED, http_status=403, stop=RunStop.GATEWAY_REFUSED
    )


@pytest.mark.parametrize(
    "body",
    [
        {"detail": "Forbidden"},
        {"detail": "This client may not book at this location"},
        {"detail": "The contract of this location expired"},
        {"message": "Forbidden for this location"},
        {"message": None},
        {"detail": "x" * 483 + " not authenticated"},
        ["Forbidden"],
        b"Forbidden",
    ],
)
def test_any_other_403_is_about_the_row(body: object) -> None:
    outcome = answered(403, body, token_age_s=OLD_S - 1)
    assert isinstance(outcome, Rejected)
    assert outcome.stop is None


# Request ids


def test_the_servers_request_ids_are_kept_and_cleaned() -> None:
    headers = (
        ("X-Request-Id", "abc\x1b[31m-1 2\u00e9"),
        ("x-amzn-RequestId", "z" * 500),
        ("cf-ray", "\n"),
        ("x-other", "1"),
        ("x-request-id", "second"),
    )
    for status in (200, 422, 500):
        outcome = answered(status, {"id": 1}, headers=headers)
        assert isinstance(outcome, Booked | Rejected | Unknown)
        assert outcome.server_ids == f"x-request-id=abc[31m-12 x-amzn-requestid={'z' * 128}"


@pytest.mark.parametrize(
    "name", ["x-request-id", "x-amzn-requestid", "x-amz-apigw-id", "cf-ray", "CF-Ray"]
)
def test_each_gateways_own_id_is_kept(name: str) -> None:
    outcome = answered(500, headers=((name, "a1"),))
    assert isinstance(outcome, Unknown)
    assert outcome.server_ids == f"{name.lower()}=a1"
