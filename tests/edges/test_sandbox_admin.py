"""The admin page and calls: counts, the fault dial, the clock; from this machine only."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from importer.sandbox import Limit, Sandbox, SandboxConfig, running_sandbox
from importer.sandbox.app import build_app
from importer.sandbox.front import FrontDoor
from importer.sandbox.request_log import RequestLog
from importer.sandbox.state import Call, SandboxState
from tests.edges.sandbox_kit import book, client_of, signed_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import Message


def admin(sandbox: Sandbox) -> httpx.Client:
    """Return a client without any key."""
    client = client_of(sandbox)
    del client.headers["x-api-key"]
    return client


def test_counts(sandbox: Sandbox) -> None:
    client = signed_in(sandbox)
    book(client)
    book(client)
    book(client, location_id=1)
    sandbox.fault_next("commit-then-drop")
    with pytest.raises(httpx.RemoteProtocolError):
        book(client, first_name="Eda")
    counts = admin(sandbox).get("/admin/counts").json()
    assert counts == sandbox.counts()
    assert counts == {
        "requests": 5,
        "bookings": 3,
        "statuses": {"200": 3, "404": 1, "none": 1},
        "duplicates": 1,
    }


def test_bookings_are_listed_without_their_patients(sandbox: Sandbox) -> None:
    book(signed_in(sandbox))
    (listed,) = admin(sandbox).get("/admin/bookings").json()
    logged = sandbox.requests()[0]
    assert listed == {
        "id": logged.booking_id,
        "body_hmac": logged.body_hmac,
        "natural_key": logged.natural_key,
    }


def test_the_page_shows_counts_and_no_patient(sandbox: Sandbox) -> None:
    book(signed_in(sandbox))
    page = admin(sandbox).get("/admin")
    assert page.headers["content-type"].startswith("text/html")
    assert "<td>bookings</td><td>1</td>" in page.text
    assert "<td>answered 200</td><td>2</td>" in page.text
    for value in ("Ada", "Testperson", "5550101"):
        assert value not in page.text


def test_admin_calls_stand_neither_in_the_log_nor_in_the_limit() -> None:
    config = SandboxConfig(limit=Limit(requests=1, window_s=60))
    with running_sandbox(config) as sandbox:
        for _ in range(5):
            assert admin(sandbox).get("/admin/counts").status_code == 200
        assert signed_in(sandbox)
        assert len(sandbox.all_requests()) == 1


@pytest.mark.parametrize(
    ("told", "statuses"),
    [
        ({"fault": "500"}, [500, 200, 200]),
        ({"fault": "500", "next": 2}, [500, 500, 200]),
        ({"fault": "500", "request": 3}, [200, 500, 200]),
        ({"fault": "500", "rate": 1}, [500, 500, 500]),
        ({"fault": "500", "on": "token"}, [200, 200, 200]),
        ({"fault": "500", "on": "any", "next": 1}, [500, 200, 200]),
    ],
)
def test_the_fault_dial(sandbox: Sandbox, told: dict[str, Any], statuses: list[int]) -> None:
    client = signed_in(sandbox)
    assert admin(sandbox).post("/admin/faults", json=told).json() == {"done": True}
    assert [book(client).status_code for _ in range(3)] == statuses


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("faults", b'{"fault": "nonsense"}'),
        ("faults", b'{"fault": "500", "on": "moon"}'),
        ("faults", b'{"fault": "500", "next": 1000000000}'),
        ("faults", b"{}"),
        ("faults", b"{"),
        ("clock", b'{"advance_s": "soon"}'),
        ("limit", b'{"requests": 0}'),
        ("limit", b'{"requests": 1, "colour": 2}'),
        ("reset", b"[1]"),
    ],
)
def test_what_cannot_be_done_is_a_400(sandbox: Sandbox, path: str, content: bytes) -> None:
    assert admin(sandbox).post(f"/admin/{path}", content=content).status_code == 400


def test_tokens_expire_by_call(sandbox: Sandbox) -> None:
    client = signed_in(sandbox, "read:locations")
    admin(sandbox).post("/admin/tokens/expire")
    assert client.get("/v1/partner/locations/4021").status_code == 401


@pytest.mark.parametrize(("seconds", "status"), [(3590, 200), (3600, 401)])
def test_the_clock_advances_by_call(sandbox: Sandbox, seconds: int, status: int) -> None:
    client = signed_in(sandbox)
    admin(sandbox).post("/admin/clock", json={"advance_s": seconds})
    assert book(client).status_code == status


def test_a_limit_is_set_and_taken_away_by_call(sandbox: Sandbox) -> None:
    client = signed_in(sandbox)
    admin(sandbox).post(
        "/admin/limit", json={"requests": 1, "window_s": 60, "headers": "ratelimit"}
    )
    answers = [book(client), book(client)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert "ratelimit" in answers[1].headers
    admin(sandbox).post("/admin/limit", json={})
    assert book(client).status_code == 200


def test_reset_forgets_all_but_the_log_and_never_gives_an_id_twice(sandbox: Sandbox) -> None:
    client = signed_in(sandbox)
    first = book(client).json()["id"]
    sandbox.fault_next("500")
    sandbox.set_limit(Limit(requests=1, window_s=60))
    sandbox.advance_clock(99)
    admin(sandbox).post("/admin/reset")
    assert sandbox.counts() == {"requests": 0, "bookings": 0, "statuses": {}, "duplicates": 0}
    assert book(client).status_code == 401
    assert book(signed_in(sandbox)).json()["id"] == first + 1
    assert len(sandbox.requests()) == 3


def test_the_handle_does_what_the_calls_do(sandbox: Sandbox) -> None:
    client = signed_in(sandbox)
    sandbox.reset()
    assert book(client).status_code == 401
    client = signed_in(sandbox)
    sandbox.expire_tokens()
    assert book(client).status_code == 401


def ask_front(state: SandboxState, path: str, address: str | None, call: Call | None) -> int:
    """Return the status that a request gets which comes from somewhere else."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"x-forwarded-for", b"127.0.0.1"), (b"x-api-key", b"sandbox-client")],
        "client": address and (address, 5),
        "state": {"call": call},
    }
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    asyncio.run(FrontDoor(build_app(state), state)(scope, receive, send))
    return int(sent[0]["status"])


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SandboxState]:
    log = RequestLog(tmp_path / "log.jsonl")
    yield SandboxState(SandboxConfig(), log)
    log.close()


@pytest.mark.parametrize(
    ("address", "status"), [("127.0.0.1", 200), ("::1", 200), ("192.0.2.7", 403), (None, 403)]
)
def test_admin_calls_are_for_this_machine_only(
    state: SandboxState, address: str | None, status: int
) -> None:
    """What a proxy says of the caller is not believed; only the address of the socket is."""
    assert ask_front(state, "/admin/counts", address, None) == status


def test_whoever_comes_during_the_warm_up_is_told_to_wait(state: SandboxState) -> None:
    path = "/v1/partner/locations/4021"
    found = []
    for _ in range(2):
        call = Call(n=1, mono=0.0, method="GET", path=path)
        found.append(ask_front(state, path, "127.0.0.1", call))
        state.become_ready()
    assert found == [503, 401]
