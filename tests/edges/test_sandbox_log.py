"""The request log is complete, in order, on its way to disk before the answer, and says nothing."""

from __future__ import annotations

import json
import stat
import time
from typing import TYPE_CHECKING, Any

import pytest

from importer.sandbox import (
    LoggedRequest,
    Sandbox,
    SandboxConfig,
    body_hmac,
    key_path_of,
    read_log_key,
    read_request_log,
    running_sandbox,
)
from tests.edges.sandbox_kit import (
    BOOKINGS,
    TOKEN,
    book,
    booking_body,
    client_of,
    raw_client,
    signed_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with running_sandbox(SandboxConfig(log_path=tmp_path / "log.jsonl")) as running:
        yield running


def lines_of(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [json.loads(line) for line in sandbox.log_path.read_text().splitlines()]


def until_logged(sandbox: Sandbox, count: int) -> list[LoggedRequest]:
    """Wait for what the server notices only when the client has gone."""
    for _ in range(500):
        if len(found := [r for r in sandbox.all_requests() if r.is_answered]) >= count:
            return found
        time.sleep(0.01)
    raise AssertionError("the log stayed short")


def test_two_lines_a_request_arrived_first(sandbox: Sandbox) -> None:
    before = time.time()
    made = book(signed_in(sandbox)).json()
    token_arrived, token_answered, arrived, answered = lines_of(sandbox)
    assert (token_arrived["n"], token_answered["n"]) == (1, 1)
    assert (token_arrived["method"], token_arrived["path"]) == ("POST", TOKEN)
    assert arrived == {
        "event": "arrived",
        "n": 2,
        "at": arrived["at"],
        "mono": arrived["mono"],
        "method": "POST",
        "path": BOOKINGS,
    }
    assert answered == {
        "event": "answered",
        "n": 2,
        "status": 200,
        "committed": True,
        "booking_id": made["id"],
        "body_hmac": answered["body_hmac"],
        "natural_key": answered["natural_key"],
        "fault": None,
    }
    assert before - 1 < token_arrived["at"] <= arrived["at"] < time.time() + 1


def test_the_line_is_written_before_the_answer_leaves(sandbox: Sandbox) -> None:
    """Whoever has read an answer finds it in the log."""
    client = signed_in(sandbox)
    for number in range(30):
        answer = book(client, first_name=f"Ada{number}")
        assert sandbox.requests()[-1].booking_id == answer.json()["id"]


def test_the_hash_is_of_the_body_however_it_is_written(sandbox: Sandbox) -> None:
    client = signed_in(sandbox)
    book(client)
    backwards = dict(reversed(booking_body().items()))
    client.post(
        BOOKINGS,
        content=json.dumps(backwards, indent=2).encode(),
        headers={"content-type": "application/json"},
    )
    book(client, first_name="Eda")
    first, second, other = (request.body_hmac for request in sandbox.requests())
    assert first == second != other
    key = read_log_key(sandbox.log_path)
    assert first == body_hmac(key, json.dumps(booking_body()).encode())


def test_key_and_log_are_for_their_owner_only(sandbox: Sandbox) -> None:
    key_path = key_path_of(sandbox.log_path)
    assert key_path.parent == sandbox.log_path.parent
    for path in (key_path, sandbox.log_path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(read_log_key(sandbox.log_path)) == 32


def test_the_log_holds_no_patient_value(sandbox: Sandbox) -> None:
    """Not even those that come in a path, a query, a broken body or a method."""
    canary = "Zyxwvut"
    client = signed_in(sandbox)
    book(client, first_name=canary, reason=canary, email=f"{canary}@example.com")
    book(client, first_name=canary, location_id=1)
    client.post(f"/v1/{canary}", json={})
    client.post(f"{BOOKINGS}?{canary}=1", content=f'{{"{canary}'.encode())
    client.get(f"/v1/partner/locations/4021/slots?name={canary}")
    client.patch(f"/v1/partner/external_bookings/{canary}", json={})
    client.request(canary.upper(), BOOKINGS)
    client.get(f"/v1/partner/locations/{canary} {canary}")
    folder = sandbox.log_path.parent
    written = b"".join(path.read_bytes() for path in folder.iterdir())
    assert len(sandbox.all_requests()) == 9
    for value in (canary, "Testperson", "5550101", "1990-02-03", "sandbox-secret"):
        assert value.lower().encode() not in written.lower()


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/v1/partner/locations/4021", "/v1/partner/locations/4021"),
        ("/v2/partner/locations/4021/slots", "/v2/partner/locations/4021/slots"),
        ("/v1/partner/external_bookings/E-7", "/v1/partner/external_bookings/{id}"),
        ("/v1/elsewhere", "(unknown path)"),
    ],
)
def test_paths_are_shown_when_the_api_has_them(sandbox: Sandbox, path: str, shown: str) -> None:
    client_of(sandbox).get(path)
    assert sandbox.all_requests()[0].path == shown


def test_bytes_that_never_became_a_request_are_logged(sandbox: Sandbox) -> None:
    with raw_client(sandbox) as raw:
        raw.send(b"POST /v1/par")
    broken = until_logged(sandbox, 2)[1]
    assert (broken.method, broken.path, broken.status) == (None, None, None)


def test_a_request_without_its_whole_body_is_logged_and_books_nothing(sandbox: Sandbox) -> None:
    with raw_client(sandbox) as raw:
        body = json.dumps(booking_body()).encode()
        raw.send(raw.request_bytes(body)[:-1])
    broken = until_logged(sandbox, 2)[1]
    assert (broken.path, broken.status, broken.committed) == (BOOKINGS, None, False)
    assert sandbox.bookings() == []


def test_a_connection_without_a_byte_is_not_logged(sandbox: Sandbox) -> None:
    with raw_client(sandbox):
        pass
    assert len(until_logged(sandbox, 1)) == 1


def test_what_is_no_http_is_logged_with_its_400(sandbox: Sandbox) -> None:
    with raw_client(sandbox) as raw:
        raw.send(b"\x16\x03\x01 hello\r\n\r\n")
        assert raw.read_until_end().startswith(b"HTTP/1.1 400 ")
    broken = until_logged(sandbox, 2)[1]
    assert (broken.method, broken.path, broken.status) == (None, None, 400)


@pytest.mark.parametrize("is_late", [False, True])
def test_a_body_that_stops_being_http_is_one_request(sandbox: Sandbox, *, is_late: bool) -> None:
    with raw_client(sandbox) as raw:
        head = raw.request_bytes(b"", {"Transfer-Encoding": "chunked"})
        head = head.replace(b"Content-Length: 0\r\n", b"")
        if is_late:
            raw.send(head)
            time.sleep(0.05)
            raw.send(b"no chunk\r\n")
        else:
            raw.send(head + b"no chunk\r\n")
        assert raw.read_until_end().startswith(b"HTTP/1.1 400 ")
    (broken,) = until_logged(sandbox, 2)[1:]
    assert (broken.path, broken.status, broken.committed) == (BOOKINGS, 400, False)


def test_arrival_is_the_first_byte_not_the_last(sandbox: Sandbox) -> None:
    with raw_client(sandbox) as raw:
        whole = raw.request_bytes(json.dumps(booking_body()).encode())
        for cut in (10, len(whole) - 10):
            raw.send(whole[:cut])
            whole = whole[cut:]
            middle = time.monotonic()
            time.sleep(0.1)
        raw.send(whole)
        assert raw.read_for(0.2).startswith(b"HTTP/1.1 200")
    (request,) = sandbox.requests()
    assert request.mono < middle - 0.05


def test_pipelined_requests_are_two(sandbox: Sandbox) -> None:
    with raw_client(sandbox) as raw:
        one = raw.request_bytes(json.dumps(booking_body()).encode())
        raw.send(one + one)
        got = raw.read_for(0.2)
    assert got.count(b"HTTP/1.1 200 OK") == 2
    assert [request.committed for request in sandbox.requests()] == [True, True]


def test_kept_connections_stamp_every_request_anew(sandbox: Sandbox) -> None:
    with raw_client(sandbox) as raw:
        for _ in range(2):
            raw.send_booking()
            assert b"200 OK" in raw.read_for(0.1)
    first, second = sandbox.requests()
    assert second.mono - first.mono >= 0.1


def test_another_start_goes_on_with_log_key_ids_and_bookings(tmp_path: Path) -> None:
    config = SandboxConfig(log_path=tmp_path / "log.jsonl")
    with running_sandbox(config) as first:
        earlier = book(signed_in(first)).json()["id"]
    with running_sandbox(config) as second:
        assert [record.id for record in second.bookings()] == [earlier]
        later = book(signed_in(second)).json()["id"]
        assert later == earlier + 1
        assert list(second.duplicates().values()) == [[earlier, later]]
        assert [request.n for request in second.all_requests()] == [1, 2, 3, 4]


def test_a_torn_last_line_is_cut_off_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with running_sandbox(SandboxConfig(log_path=path)) as first:
        book(signed_in(first))
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"event":"arr')
    assert len(read_request_log(path)) == 2
    with running_sandbox(SandboxConfig(log_path=path)):
        assert path.read_bytes() == whole


def test_a_request_that_the_server_did_not_survive_is_unanswered(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(
        '{"event":"arrived","n":1,"at":1.5,"mono":2.5,"method":"POST","path":"/v1/auth/token"}\n'
    )
    (request,) = read_request_log(path)
    assert (request.is_answered, request.status, request.is_booking) == (False, None, False)


def test_a_private_log_goes_with_the_server_but_can_still_be_read() -> None:
    with running_sandbox() as sandbox:
        book(signed_in(sandbox))
        folder = sandbox.log_path.parent
        assert folder.exists()
    assert not folder.exists()
    assert len(sandbox.requests()) == 1
    assert len(sandbox.bookings()) == 1
