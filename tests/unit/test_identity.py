"""The same booking has the same fingerprint, however it is written."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.identity import canonical_body, comparable_name, identify
from importer.model import BookingRequest, Identity

KEY = b"k" * 32
AT = datetime(2030, 1, 7, 15, 30, tzinfo=UTC)


def make_request(**values: Any) -> BookingRequest:
    given_values: dict[str, Any] = {
        "first_name": "Ann",
        "last_name": "O'Brien",
        "phone": "+13125550142",
        "birth_date": "1985-03-04",
        "appointment_date": "2030-01-07T09:30:00-06:00",
        "location_id": 4021,
    }
    return BookingRequest(**(given_values | values))


def identity_of(at: datetime = AT, key: bytes = KEY, **values: Any) -> Identity:
    return identify(make_request(**values), at, key)


SAME = identity_of()


@pytest.mark.parametrize(
    "values",
    [
        {"first_name": "ANN"},
        {"first_name": " ann "},
        {"first_name": "\uff21nn"},
        {"last_name": "O\u2019Brien"},
        {"last_name": "O\u02bcbrien"},
        {"last_name": "o`brien"},
        {"last_name": "O\u00b4Brien"},
        {"phone": "+13125550199"},
        {"email": "ann@example.com", "reason": "Cough", "is_walk_in": True},
    ],
)
def test_formatting_and_other_fields_keep_the_fingerprint(values: dict[str, Any]) -> None:
    assert identity_of(**values).fingerprint == SAME.fingerprint
    assert identity_of(**values).request != SAME.request


@pytest.mark.parametrize(
    ("written", "other"),
    [
        ("Jos\u00e9", "Jose\u0301"),
        ("JOS\u00c9", "jos\u00e9"),
        ("Mary  Ann", "mary\u00a0ann"),
        ("Smith-Jones", "Smith\u2010Jones"),
        ("Smith\u2013Jones", "Smith\u2212Jones"),
        ("Stra\u00dfe", "STRASSE"),
        ("O\u05f3Brien", "O\u055aBrien"),
        ("\u0149ora", "'nora"),
        ("Ann\ufe0f", "Ann"),
        ("A\u3164nn", "A\U000e0061nn"),
        ("Mary\u2800Ann", "Mary Ann"),
    ],
)
def test_names_that_only_look_different_compare_equal(written: str, other: str) -> None:
    assert comparable_name(written) == comparable_name(other)


@pytest.mark.parametrize(
    ("name", "other"), [("Jos\u00e9", "Jose"), ("Ann", "Anna"), ("Smith Jones", "Smith-Jones")]
)
def test_names_that_may_be_two_people_stay_apart(name: str, other: str) -> None:
    assert comparable_name(name) != comparable_name(other)


@pytest.mark.parametrize(
    "values",
    [
        {"first_name": "Beth"},
        {"last_name": "Lee"},
        {"birth_date": "1985-03-05"},
        {"location_id": 4022},
        {"at": AT + timedelta(minutes=15)},
        {"key": b"l" * 32},
    ],
)
def test_twin_other_day_other_place_or_other_key_changes_the_fingerprint(
    values: dict[str, Any],
) -> None:
    assert identity_of(**values).fingerprint != SAME.fingerprint


def test_parts_do_not_run_together() -> None:
    joined = identity_of(first_name="Ann Lee", last_name="Ray")
    assert joined.fingerprint != identity_of(first_name="Ann", last_name="Lee Ray").fingerprint
    assert joined.fingerprint != identity_of(first_name="AnnLee", last_name="Ray").fingerprint


def test_the_hashes_say_nothing_of_each_other() -> None:
    hashes = {SAME.fingerprint, SAME.request}
    assert len(hashes) == 2
    assert {len(one) for one in hashes} == {32}


def test_body_is_canonical_and_what_the_api_reads() -> None:
    request = make_request(last_name="Nu\u00f1ez", is_walk_in=False, visit_type_id=3)
    body = canonical_body(request)
    assert body.startswith(b'{"appointment_date":"2030-01-07T09:30:00-06:00","birth_date":')
    assert "Nu\u00f1ez".encode() in body
    assert json.loads(body) == request.to_body()
    assert b"email" not in body


@given(minutes=st.integers(min_value=-14 * 60, max_value=14 * 60))
def test_same_instant_in_another_offset_is_the_same_booking(minutes: int) -> None:
    elsewhere = AT.astimezone(timezone(timedelta(minutes=minutes)))
    assert identity_of(at=elsewhere).fingerprint == SAME.fingerprint


@given(name=st.text(max_size=30))
def test_comparing_a_name_twice_changes_nothing(name: str) -> None:
    once = comparable_name(name)
    assert comparable_name(once) == once
