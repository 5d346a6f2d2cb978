"""Tokens, keys and scopes of the sandbox."""

from __future__ import annotations

from typing import Literal

import pytest

from importer.sandbox import Sandbox, SandboxConfig, running_sandbox
from tests.edges.sandbox_kit import (
    BOOKINGS,
    TOKEN,
    book,
    client_of,
    problems_of,
    signed_in,
    token_body,
)


def test_a_booking_token_expires_after_an_hour(sandbox: Sandbox) -> None:
    answer = client_of(sandbox).post(TOKEN, json=token_body()).json()
    assert answer["token_type"] == "bearer"
    assert answer["grant_type"] == "service_api"
    assert answer["expires_in"] == 3600
    assert answer["expiration_timestamp"].endswith("Z")
    assert answer["refresh_token"]


def test_a_location_token_says_nothing_of_expiry_and_never_expires(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    answer = client.post(TOKEN, json=token_body(scope="read:locations")).json()
    assert set(answer) == {"access_token", "token_type", "grant_type"}
    sandbox.advance_clock(10_000_000)
    client.headers["Authorization"] = f"Bearer {answer['access_token']}"
    assert client.get("/v1/partner/locations/4021").status_code == 200


@pytest.mark.parametrize(
    ("age_s", "status"), [(3598, 200), (3600, 401), (3601, 401)], ids=["just under", "at", "over"]
)
def test_token_age_decides(age_s: float, status: int) -> None:
    with running_sandbox(SandboxConfig(clock=lambda: 4_000_000_000.0)) as sandbox:
        client = signed_in(sandbox)
        sandbox.advance_clock(age_s)
        answer = book(client)
    assert answer.status_code == status
    if status == 401:
        assert answer.json() == {"detail": "Token has expired"}
        assert answer.headers["www-authenticate"] == "Bearer"


def test_several_tokens_live_at_once(sandbox: Sandbox) -> None:
    first, second = signed_in(sandbox), signed_in(sandbox)
    assert first.headers["Authorization"] != second.headers["Authorization"]
    assert book(first).status_code == book(second).status_code == 200


def test_token_calls_want_the_documented_fields(sandbox: Sandbox) -> None:
    answer = client_of(sandbox).post(TOKEN, json={"client_id": "sandbox-client"})
    assert problems_of(answer) == [
        ("body", name, "value_error.missing") for name in ("client_secret", "grant_type", "scope")
    ]


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_wrong_secret_is_refused(status: Literal[400, 401, 403]) -> None:
    config = SandboxConfig(bad_credentials_status=status)
    with running_sandbox(config) as sandbox:
        answer = client_of(sandbox).post(TOKEN, json=token_body(client_secret="wrong"))
    assert (answer.status_code, answer.json()) == (
        status,
        {"detail": "Invalid client credentials"},
    )


@pytest.mark.parametrize(("is_taken", "status"), [(False, 422), (True, 200)])
def test_client_credentials_is_taken_only_by_switch(*, is_taken: bool, status: int) -> None:
    with running_sandbox(SandboxConfig(takes_client_credentials=is_taken)) as sandbox:
        answer = client_of(sandbox).post(TOKEN, json=token_body(grant_type="client_credentials"))
    assert answer.status_code == status
    if is_taken:
        assert answer.json()["grant_type"] == "client_credentials"


@pytest.mark.parametrize("scope", ["write:bookings read:locations", "write", ""])
def test_scopes_are_separated_by_commas(sandbox: Sandbox, scope: str) -> None:
    answer = client_of(sandbox).post(TOKEN, json=token_body(scope=scope))
    assert problems_of(answer) == [("body", "scope", "value_error")]


def test_a_scope_that_was_not_granted_is_refused() -> None:
    with running_sandbox(SandboxConfig(granted_scopes=("read:locations",))) as sandbox:
        assert client_of(sandbox).post(TOKEN, json=token_body()).status_code == 403


@pytest.mark.parametrize(
    ("scope", "statuses"),
    [
        ("write:bookings", (200, 403, 403)),
        ("read:locations", (403, 200, 200)),
        ("write:bookings,read:locations", (200, 200, 200)),
    ],
)
def test_each_call_wants_its_scope(
    sandbox: Sandbox, scope: str, statuses: tuple[int, int, int]
) -> None:
    client = signed_in(sandbox, scope)
    place = "partner/locations/4021"
    found = (book(client), client.get(f"/v1/{place}"), client.get(f"/v2/{place}/slots"))
    assert tuple(answer.status_code for answer in found) == statuses


def test_the_lenient_switch_lets_a_booking_token_read_slots() -> None:
    with running_sandbox(SandboxConfig(has_lenient_scopes=True)) as sandbox:
        client = signed_in(sandbox, "write:bookings")
        assert client.get("/v1/partner/locations/4021/slots").status_code == 200
        assert book(signed_in(sandbox, "read:locations")).status_code == 403


@pytest.mark.parametrize("key", ["", "somebody-else"])
@pytest.mark.parametrize("path", [TOKEN, BOOKINGS, "/v1/partner/locations/4021", "/nowhere"])
def test_a_wrong_key_is_refused_by_the_gateway(sandbox: Sandbox, path: str, key: str) -> None:
    answer = client_of(sandbox, **{"x-api-key": key}).post(path, json={})
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("", "Not authenticated"),
        ("Basic abc", "Invalid authentication credentials"),
        ("Bearer made-up", "Could not validate credentials"),
    ],
)
def test_a_token_that_does_not_open_is_refused(
    status: Literal[401, 403], header: str, sentence: str
) -> None:
    with running_sandbox(SandboxConfig(unauthorized_status=status)) as sandbox:
        answer = book(client_of(sandbox, Authorization=header))
    assert (answer.status_code, answer.json()) == (status, {"detail": sentence})
    assert ("www-authenticate" in answer.headers) == (status == 401)
