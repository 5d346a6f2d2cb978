"""The sandbox coerces and words its 422 as FastAPI was measured to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from importer.sandbox import Dialect, Sandbox, SandboxConfig, running_sandbox
from tests.edges.sandbox_kit import BOOKINGS, book, booking_body, problems_of, signed_in

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox() as running:
        yield running


@pytest.mark.parametrize(
    ("change", "v1", "v2"),
    [
        (
            {"phone": None},
            ("body", "phone", "value_error.missing"),
            ("body", "phone", "missing"),
        ),
        ({"phone": 5555550101}, "+", ("body", "phone", "string_type")),
        ({"location_id": "4021"}, "+", "+"),
        ({"location_id": " 4021 "}, "+", "+"),
        ({"location_id": 4021.7}, "+", ("body", "location_id", "int_from_float")),
        (
            {"location_id": "AXjwbE"},
            ("body", "location_id", "type_error.integer"),
            ("body", "location_id", "int_parsing"),
        ),
        ({"is_walk_in": "yes"}, "+", "+"),
        (
            {"is_walk_in": "maybe"},
            ("body", "is_walk_in", "type_error.bool"),
            ("body", "is_walk_in", "bool_parsing"),
        ),
        ({"first_name": ""}, "+", "+"),
        ({"unheard_of": 1}, "+", "+"),
        (
            {"first_name": ["Ada"]},
            ("body", "first_name", "type_error.str"),
            ("body", "first_name", "string_type"),
        ),
    ],
    ids=lambda value: str(value)[:40],
)
@pytest.mark.parametrize("dialect", ["v1", "v2"])
def test_coercion_is_as_measured(
    dialect: Dialect, change: dict[str, Any], v1: object, v2: object
) -> None:
    wanted = v1 if dialect == "v1" else v2
    with running_sandbox(SandboxConfig(dialect=dialect)) as sandbox:
        answer = book(signed_in(sandbox), **change)
    if wanted == "+":
        assert answer.status_code == 200
    else:
        assert problems_of(answer) == [wanted]


@pytest.mark.parametrize(
    ("dialect", "kind"), [("v1", "type_error.none.not_allowed"), ("v2", "string_type")]
)
def test_null_is_refused_only_where_a_field_is_required(dialect: Dialect, kind: str) -> None:
    with running_sandbox(SandboxConfig(dialect=dialect)) as sandbox:
        client = signed_in(sandbox)
        body = booking_body() | {"phone": None, "email": None, "is_walk_in": None}
        assert problems_of(client.post(BOOKINGS, json=body)) == [("body", "phone", kind)]


def test_dialect_v1_has_the_shape_of_pydantic_1(sandbox: Sandbox) -> None:
    answer = book(signed_in(sandbox), phone=None).json()
    assert answer == {
        "detail": [
            {"loc": ["body", "phone"], "msg": "field required", "type": "value_error.missing"}
        ]
    }


def test_dialect_v2_returns_the_whole_body_for_a_missing_field() -> None:
    with running_sandbox(SandboxConfig(dialect="v2")) as sandbox:
        answer = book(signed_in(sandbox), phone=None).json()
    assert answer["detail"] == [
        {
            "type": "missing",
            "loc": ["body", "phone"],
            "msg": "Field required",
            "input": booking_body(phone=None),
        }
    ]


@pytest.mark.parametrize("dialect", ["v1", "v2"])
def test_all_problems_come_at_once_the_query_first(dialect: Dialect) -> None:
    with running_sandbox(SandboxConfig(dialect=dialect)) as sandbox:
        answer = signed_in(sandbox).post(
            BOOKINGS, params={"allow_walkin_scheduling": "perhaps"}, json={"location_id": "x"}
        )
    places = [place[:-1] for place in problems_of(answer)]
    assert places[0] == ("query", "allow_walkin_scheduling")
    assert [place[1] for place in places[1:]] == list(booking_body())


@pytest.mark.parametrize(
    ("dialect", "content", "headers", "wanted"),
    [
        ("v1", b'{"a":', {}, ("body", 5, "value_error.jsondecode")),
        ("v2", b'{"a":', {}, ("body", 5, "json_invalid")),
        ("v1", b"", {}, ("body", "value_error.missing")),
        ("v2", b"", {}, ("body", "missing")),
        ("v1", b"[]", {}, ("body", "type_error.dict")),
        ("v2", b"[]", {}, ("body", "model_attributes_type")),
        ("v1", b"{}", {"content-type": "text/plain"}, ("body", "type_error.dict")),
        ("v2", b"{}", {"content-type": "text/plain"}, ("body", "model_attributes_type")),
    ],
)
def test_bodies_that_are_no_object(
    dialect: Dialect, content: bytes, headers: dict[str, str], wanted: tuple[Any, ...]
) -> None:
    sent = {"content-type": "application/json"} | headers
    with running_sandbox(SandboxConfig(dialect=dialect)) as sandbox:
        answer = signed_in(sandbox).post(BOOKINGS, content=content, headers=sent)
    assert problems_of(answer) == [wanted]


@pytest.mark.parametrize(("dialect", "status"), [("v1", 200), ("v2", 422)])
def test_a_body_without_content_type(dialect: Dialect, status: int) -> None:
    with running_sandbox(SandboxConfig(dialect=dialect)) as sandbox:
        client = signed_in(sandbox)
        content = httpx.Request("POST", "http://x", json=booking_body()).content
        assert client.post(BOOKINGS, content=content).status_code == status


def test_broken_json_comes_back_in_dialect_v1(sandbox: Sandbox) -> None:
    """A 422 may hold a patient: a client must not pass it on."""
    answer = signed_in(sandbox).post(BOOKINGS, content=b'{"first_name": "Ada"')
    assert answer.json()["detail"][0]["ctx"]["doc"] == '{"first_name": "Ada"'


def test_a_body_that_is_no_text_is_a_400(sandbox: Sandbox) -> None:
    answer = signed_in(sandbox).post(BOOKINGS, content=b'{"first_name": "\xff"}')
    assert (answer.status_code, answer.json()) == (
        400,
        {"detail": "There was an error parsing the body"},
    )


def test_a_body_that_is_too_long_is_a_413() -> None:
    with running_sandbox(SandboxConfig(max_body_bytes=500)) as sandbox:
        answer = book(signed_in(sandbox), reason="x" * 500)
    assert (answer.status_code, answer.json()) == (413, {"message": "Request Too Long"})


def test_unknown_path_and_method(sandbox: Sandbox) -> None:
    client = signed_in(sandbox)
    path, method = client.post("/v1/nowhere"), client.put(BOOKINGS)
    assert (path.status_code, path.json()) == (404, {"detail": "Not Found"})
    assert (method.status_code, method.json()) == (405, {"detail": "Method Not Allowed"})
