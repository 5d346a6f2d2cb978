"""The sandbox coerces and words its 422 as FastAPI was measured to."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, TypeAlias

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, v1

from importer.sandbox import Dialect, SandboxConfig, running_sandbox
from importer.sandbox.booking_body import Booking, TokenCall, check_body
from tests.edges.sandbox_kit import BOOKINGS, book, booking_body, problems_of, signed_in

if TYPE_CHECKING:
    from collections.abc import Iterator

Clients: TypeAlias = dict[Dialect, httpx.Client]


@pytest.fixture(scope="module")
def clients() -> Iterator[Clients]:
    """Give one signed-in client for each dialect."""
    with (
        running_sandbox(SandboxConfig(dialect="v1")) as first,
        running_sandbox(SandboxConfig(dialect="v2")) as second,
    ):
        yield {"v1": signed_in(first), "v2": signed_in(second)}


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
        ({"location_id": 10**400}, "404", "404"),
        (
            {"location_id": {}},
            ("body", "location_id", "type_error.integer"),
            ("body", "location_id", "int_type"),
        ),
        ({"is_walk_in": "yes"}, "+", "+"),
        ({"is_walk_in": 1.0}, "+", "+"),
        (
            {"is_walk_in": 2},
            ("body", "is_walk_in", "type_error.bool"),
            ("body", "is_walk_in", "bool_parsing"),
        ),
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
    clients: Clients, dialect: Dialect, change: dict[str, Any], v1: object, v2: object
) -> None:
    wanted = v1 if dialect == "v1" else v2
    answer = book(clients[dialect], **change)
    if isinstance(wanted, str):
        assert answer.status_code == {"+": 200, "404": 404}[wanted]
    else:
        assert problems_of(answer) == [wanted]


@pytest.mark.parametrize(
    ("dialect", "kind"), [("v1", "type_error.none.not_allowed"), ("v2", "string_type")]
)
def test_null_is_refused_only_where_a_field_is_required(
    clients: Clients, dialect: Dialect, kind: str
) -> None:
    body = booking_body() | {"phone": None, "email": None, "is_walk_in": None}
    answer = clients[dialect].post(BOOKINGS, json=body)
    assert problems_of(answer) == [("body", "phone", kind)]


def test_dialect_v1_has_the_shape_of_pydantic_1(clients: Clients) -> None:
    answer = book(clients["v1"], phone=None).json()
    assert answer == {
        "detail": [
            {"loc": ["body", "phone"], "msg": "field required", "type": "value_error.missing"}
        ]
    }


def test_dialect_v2_returns_the_whole_body_for_a_missing_field(clients: Clients) -> None:
    answer = book(clients["v2"], phone=None).json()
    assert answer["detail"] == [
        {
            "type": "missing",
            "loc": ["body", "phone"],
            "msg": "Field required",
            "input": booking_body(phone=None),
        }
    ]


@pytest.mark.parametrize("dialect", ["v1", "v2"])
def test_all_problems_come_at_once_the_query_first(clients: Clients, dialect: Dialect) -> None:
    answer = clients[dialect].post(
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
    clients: Clients,
    dialect: Dialect,
    content: bytes,
    headers: dict[str, str],
    wanted: tuple[Any, ...],
) -> None:
    sent = {"content-type": "application/json"} | headers
    answer = clients[dialect].post(BOOKINGS, content=content, headers=sent)
    assert problems_of(answer) == [wanted]


@pytest.mark.parametrize(("dialect", "status"), [("v1", 200), ("v2", 422)])
def test_a_body_without_content_type(clients: Clients, dialect: Dialect, status: int) -> None:
    content = json.dumps(booking_body()).encode()
    assert clients[dialect].post(BOOKINGS, content=content).status_code == status


def test_broken_json_comes_back_in_dialect_v1(clients: Clients) -> None:
    """A 422 may hold a patient: a client must not pass it on."""
    answer = clients["v1"].post(BOOKINGS, content=b'{"first_name": "Ada"')
    assert answer.json()["detail"][0]["ctx"]["doc"] == '{"first_name": "Ada"'


def test_a_body_that_is_no_text_is_a_400(clients: Clients) -> None:
    answer = clients["v1"].post(BOOKINGS, content=b'{"first_name": "\xff"}')
    assert (answer.status_code, answer.json()) == (
        400,
        {"detail": "There was an error parsing the body"},
    )


def test_a_body_that_is_too_long_is_a_413() -> None:
    with running_sandbox(SandboxConfig(max_body_bytes=500)) as sandbox:
        answer = book(signed_in(sandbox), reason="x" * 500)
    assert (answer.status_code, answer.json()) == (413, {"message": "Request Too Long"})


def test_unknown_path_and_method(clients: Clients) -> None:
    client = clients["v1"]
    path, method = client.post("/v1/nowhere"), client.put(BOOKINGS)
    assert (path.status_code, path.json()) == (404, {"detail": "Not Found"})
    assert (method.status_code, method.json()) == (405, {"detail": "Method Not Allowed"})


@pytest.mark.parametrize("model", [Booking, TokenCall])
def test_a_model_shows_no_value(model: type[BaseModel]) -> None:
    values = dict.fromkeys(model.model_fields, "1")
    shown = model.model_validate(values | {"first_name": "Ada", "client_secret": "hush"})
    assert f"{shown!r} {shown}" == f"{model.__name__}(...) {model.__name__}(...)"


class OldBooking(v1.BaseModel):
    """A few fields of each type, in Pydantic 1 itself."""

    first_name: str
    location_id: int
    reason: str | None = None
    visit_type_id: int | None = None
    is_walk_in: bool | None = None


class NewBooking(BaseModel):
    """The same in Pydantic 2, for the sandbox's own reading."""

    first_name: str
    location_id: int
    reason: str | None = None
    visit_type_id: int | None = None
    is_walk_in: bool | None = None


WORDS = ["yes", "No", "ON", "t", " true", "1", "12", " 7 ", "1_0", "1.5", "-3", "", "x", "nan"]
VALUES = st.one_of(
    st.sampled_from(WORDS),
    st.text(max_size=5),
    st.integers(-3, 3) | st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans() | st.none(),
    st.lists(st.integers(), max_size=1) | st.dictionaries(st.text(max_size=1), st.integers()),
)
BODIES = st.fixed_dictionaries({}, optional=dict.fromkeys(NewBooking.model_fields, VALUES))


@settings(deadline=None)
@given(BODIES)
def test_dialect_v1_takes_and_refuses_what_pydantic_1_does(body: dict[str, Any]) -> None:
    found = check_body(NewBooking, json.dumps(body).encode(), "application/json", "v1")
    try:
        taken = OldBooking(**body).dict()
    except v1.ValidationError as error:
        wanted = [problem | {"loc": ["body", *problem["loc"]]} for problem in error.errors()]
        assert found.problems == wanted
    else:
        assert (found.fields, found.problems) == (taken, [])


def real_app() -> FastAPI:
    """Return an endpoint of the installed FastAPI that takes a booking."""
    app = FastAPI()

    @app.post("/")
    async def book(booking: NewBooking) -> dict[str, Any]:
        return booking.model_dump()

    return app


REAL_APP = real_app()


@settings(deadline=None)
@given(BODIES)
def test_dialect_v2_answers_what_the_installed_fastapi_does(body: dict[str, Any]) -> None:
    content = json.dumps(body).encode()

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=REAL_APP)
        headers = {"content-type": "application/json"}
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.post("/", content=content, headers=headers)

    found = check_body(NewBooking, content, "application/json", "v2")
    answer = asyncio.run(asked())
    if found.problems:
        assert (answer.status_code, answer.json()) == (422, {"detail": found.problems})
    else:
        assert (answer.status_code, answer.json()) == (200, found.fields)
