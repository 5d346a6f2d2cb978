"""What the sandbox books, refuses and answers."""

from __future__ import annotations

from typing import Any

import pytest

from importer.sandbox import Policy, Sandbox, SandboxConfig, running_sandbox
from tests.edges.sandbox_kit import BOOKINGS, TOKEN, book, booking_body, signed_in, token_body


def test_the_answer_is_the_booking_object(sandbox: Sandbox) -> None:
    given = {
        "email": "ada@example.com",
        "reason": "Cough",
        "birth_sex": "female",
        "address_street": "1 Test St",
        "address_zip": "00501",
        "custom_booking_management_url": "https://example.com/x",
        "paperwork_status": "complete",
    }
    hidden = {"attribution": "batch 7", "emr_patient_id": "E-1", "visit_type_id": 2}
    answer = book(signed_in(sandbox), **given, **hidden).json()
    assert isinstance(answer["id"], int)
    assert answer["gender"] is None
    assert answer["emr_booking_id"] is None
    assert answer | booking_body(**given) == answer
    assert not set(hidden) & set(answer)


def test_empty_email_and_reason_are_empty_text(sandbox: Sandbox) -> None:
    answer = book(signed_in(sandbox)).json()
    assert (answer["email"], answer["reason"]) == ("", "")
    assert answer["paperwork_status"] == "incomplete"
    assert answer["address_city"] is None


def test_empty_email_and_reason_are_null_by_switch() -> None:
    with running_sandbox(SandboxConfig(empty_as="null")) as sandbox:
        answer = book(signed_in(sandbox)).json()
    assert (answer["email"], answer["reason"]) == (None, None)


@pytest.mark.parametrize(
    ("is_walk_in", "status"), [(True, "CONFIRMED"), (False, "RESERVED"), (None, "RESERVED")]
)
def test_walk_in_decides_the_status(
    sandbox: Sandbox, *, is_walk_in: bool | None, status: str
) -> None:
    answer = book(signed_in(sandbox), is_walk_in=is_walk_in).json()
    assert answer["status"] == status
    assert answer["is_walk_in"] is bool(is_walk_in)


def test_the_same_request_twice_books_twice(sandbox: Sandbox) -> None:
    client = signed_in(sandbox)
    ids = [book(client).json()["id"] for _ in range(3)]
    assert ids == sorted(set(ids))
    assert list(sandbox.duplicates().values()) == [ids]


@pytest.mark.parametrize(
    "change",
    [
        {"first_name": "Eda"},
        {"birth_date": "1990-02-04"},
        {"location_id": 4022},
        {"appointment_date": "2090-05-06T10:00:00-07:00"},
    ],
)
def test_another_person_time_or_place_is_no_duplicate(
    sandbox: Sandbox, change: dict[str, Any]
) -> None:
    client = signed_in(sandbox)
    book(client)
    book(client, **change)
    assert sandbox.duplicates() == {}


@pytest.mark.parametrize(
    "change",
    [
        {"phone": "+15555550199"},
        {"first_name": " ADA "},
        {"appointment_date": "2090-05-06T16:30:00Z"},
        {"appointment_date": "2090-05-06T09:30:00"},
    ],
    ids=["phone", "spelling", "zone", "clinic time"],
)
def test_the_same_booking_written_otherwise_is_a_duplicate(
    sandbox: Sandbox, change: dict[str, Any]
) -> None:
    client = signed_in(sandbox)
    book(client)
    book(client, **change)
    assert len(sandbox.duplicates()) == 1


@pytest.mark.parametrize(
    ("change", "status", "sentence"),
    [
        ({"location_id": 1}, 404, "Location not found"),
        ({"location_id": 4999}, 403, "Not allowed for this location"),
        ({"visit_type_id": 77}, 404, "Visit type not found"),
    ],
)
def test_places_that_cannot_be_booked(
    sandbox: Sandbox, change: dict[str, Any], status: int, sentence: str
) -> None:
    answer = book(signed_in(sandbox), **change)
    assert (answer.status_code, answer.json()) == (status, {"detail": sentence})
    assert sandbox.bookings() == []


@pytest.mark.parametrize(
    ("policy", "status", "detail_type"),
    [("accept", 200, None), ("409", 409, str), ("422-list", 422, list), ("422-string", 422, str)],
)
@pytest.mark.parametrize("kind", ["past_time", "slot_full"])
def test_policies_of_time(kind: str, policy: Policy, status: int, detail_type: type | None) -> None:
    config = SandboxConfig(**{kind: policy}, slot_capacity=1)
    with running_sandbox(config) as sandbox:
        client = signed_in(sandbox)
        if kind == "slot_full":
            assert book(client).status_code == 200
            answer = book(client, first_name="Eda")
        else:
            answer = book(client, appointment_date="2001-01-01T09:00:00Z")
    assert answer.status_code == status
    if detail_type:
        assert isinstance(answer.json()["detail"], detail_type)


def test_an_appointment_that_is_no_time_is_taken_as_text(sandbox: Sandbox) -> None:
    """The documented type is a plain string."""
    client = signed_in(sandbox)
    answers = [book(client, appointment_date="tomorrow").json() for _ in range(2)]
    assert answers[0]["appointment_date"] == "tomorrow"
    assert list(sandbox.duplicates().values()) == [[answer["id"] for answer in answers]]


def test_the_envelope_wraps_bookings_but_never_tokens() -> None:
    with running_sandbox(SandboxConfig(has_envelope=True)) as sandbox:
        client = signed_in(sandbox)
        assert "access_token" in client.post(TOKEN, json=token_body()).json()
        answer = book(client).json()
    assert set(answer) == {"meta", "data"}
    assert answer["data"]["status"] == "RESERVED"


def test_the_walk_in_parameter_is_kept_with_the_booking(sandbox: Sandbox) -> None:
    client = signed_in(sandbox)
    client.post(BOOKINGS, params={"allow_walkin_scheduling": "true"}, json=booking_body())
    book(client)
    kept = [record.allow_walkin_scheduling for record in sandbox.bookings()]
    assert kept == [True, None]


def test_fields_are_kept_for_tests_and_left_out_by_switch() -> None:
    for keeps, wanted in ((True, "Ada"), (False, None)):
        with running_sandbox(SandboxConfig(keeps_bodies=keeps)) as sandbox:
            book(signed_in(sandbox))
            fields = sandbox.bookings()[0].fields
            assert (fields or {}).get("first_name") == wanted
