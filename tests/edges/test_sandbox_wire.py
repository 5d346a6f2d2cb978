"""Faults of the connection itself, seen byte by byte from a bare socket."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING

import pytest

from importer.sandbox import WIRE_FAULTS, Sandbox, running_sandbox
from tests.edges.sandbox_kit import book, raw_client, signed_in

if TYPE_CHECKING:
    from collections.abc import Callable

BEFORE_READ = ("close-before-read", "reset-before-read")


def settled(holds: Callable[[], bool]) -> bool:
    """Wait until something holds that the server does on its own time."""
    for _ in range(500):
        if holds():
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("fault", ["close-before-read", "commit-then-drop"])
def test_drop_is_an_orderly_end_without_a_byte(sandbox: Sandbox, fault: str) -> None:
    with raw_client(sandbox) as raw:
        sandbox.fault_next(fault)
        raw.send_booking()
        assert raw.read_until_end() == b""


@pytest.mark.parametrize("fault", ["reset-before-read", "commit-then-reset"])
def test_reset_is_a_reset(sandbox: Sandbox, fault: str) -> None:
    with raw_client(sandbox) as raw:
        sandbox.fault_next(fault)
        raw.send_booking()
        with pytest.raises(ConnectionResetError):
            raw.read_until_end()


@pytest.mark.parametrize("fault", BEFORE_READ)
def test_nothing_is_read_before_the_end(sandbox: Sandbox, fault: str) -> None:
    """The head alone is enough: the server does not wait for the body."""
    with raw_client(sandbox) as raw:
        sandbox.fault_next(fault)
        raw.send(raw.request_bytes(b"", {"Content-Length": "400"}))
        if fault == "close-before-read":
            assert raw.read_until_end() == b""
            raw.send(b"x" * 400)
        else:
            with pytest.raises(ConnectionResetError):
                raw.read_until_end()
    (request,) = sandbox.requests()
    assert (request.status, request.committed, request.body_hmac) == (None, False, None)


@pytest.mark.parametrize("fault", sorted(WIRE_FAULTS))
def test_the_log_knows_whether_it_booked(sandbox: Sandbox, fault: str) -> None:
    with raw_client(sandbox) as raw:
        sandbox.fault_next(f"{fault},seconds=0.0001")
        raw.send_booking()
        try:
            raw.read_until_end()
        except ConnectionResetError:
            assert "reset" in fault
    (request,) = sandbox.requests()
    assert request.fault == fault
    assert request.is_answered
    assert request.committed == (fault not in BEFORE_READ)
    assert len(sandbox.bookings()) == int(request.committed)
    has_status = fault in {"drip", "truncated", "stall-after-headers"}
    assert request.status == (200 if has_status else None)


@pytest.mark.parametrize("fault", sorted(WIRE_FAULTS))
def test_the_next_request_goes_as_usual(sandbox: Sandbox, fault: str) -> None:
    client = signed_in(sandbox)
    with raw_client(sandbox) as raw:
        sandbox.fault_next(f"{fault},seconds=0.0001")
        raw.send_booking()
        with contextlib.suppress(ConnectionResetError):
            raw.read_until_end()
        assert book(client).status_code == 200


@pytest.mark.parametrize("fault", sorted(WIRE_FAULTS))
def test_a_marker_reaches_the_wire_too(sandbox: Sandbox, fault: str) -> None:
    with raw_client(sandbox) as raw:
        raw.send_booking(reason=f"fault:{fault},seconds=0.0001")
        try:
            got = raw.read_until_end()
        except ConnectionResetError:
            got = b""
    assert sandbox.requests()[0].fault == fault
    assert (b"200 OK" in got) == (fault in {"drip", "truncated", "stall-after-headers"})


def test_truncated_announces_more_than_it_sends(sandbox: Sandbox) -> None:
    with raw_client(sandbox) as raw:
        sandbox.fault_next("truncated")
        raw.send_booking()
        head, _, body = raw.read_until_end().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    announced = int(head.rpartition(b"content-length: ")[2])
    assert 0 < len(body) < announced
    assert body.startswith(b'{"id"')


def test_garbage_is_no_status_line(sandbox: Sandbox) -> None:
    with raw_client(sandbox) as raw:
        sandbox.fault_next("garbage")
        raw.send_booking()
        got = raw.read_until_end()
    assert got
    assert not got.startswith(b"HTTP/")


def test_stall_sends_the_head_and_then_nothing(sandbox: Sandbox) -> None:
    with raw_client(sandbox) as raw:
        sandbox.fault_next("stall-after-headers")
        raw.send_booking()
        got = raw.read_for(0.2)
    assert got.startswith(b"HTTP/1.1 200 OK\r\n")
    assert got.endswith(b"\r\n\r\n")


def test_hang_sends_nothing_and_keeps_the_connection(sandbox: Sandbox) -> None:
    with raw_client(sandbox) as raw:
        sandbox.fault_next("commit-then-hang")
        raw.send_booking()
        assert raw.read_for(0.2) == b""
        assert sandbox.requests()[0].committed


def test_hang_ends_after_its_seconds(sandbox: Sandbox) -> None:
    with raw_client(sandbox) as raw:
        sandbox.fault_next("commit-then-hang,seconds=0.1")
        raw.send_booking()
        assert raw.read_until_end() == b""


def test_drip_sends_the_whole_answer_byte_by_byte(sandbox: Sandbox) -> None:
    with raw_client(sandbox) as raw:
        sandbox.fault_next("drip,seconds=0.0001")
        started = time.monotonic()
        raw.send_booking()
        got = raw.read_until_end()
    assert time.monotonic() - started >= len(got) * 0.0001
    assert json.loads(got.partition(b"\r\n\r\n")[2])["id"] == sandbox.bookings()[0].id


def test_wire_faults_hit_token_calls_too(sandbox: Sandbox) -> None:
    sandbox.fault_next("commit-then-drop", on="token")
    with pytest.raises(Exception, match="disconnected"):
        signed_in(sandbox)
    assert signed_in(sandbox)
    assert [request.fault for request in sandbox.all_requests()] == ["commit-then-drop", None]


def test_waiting_requests_do_not_hold_up_the_end_of_the_server() -> None:
    with contextlib.ExitStack() as connections:
        with running_sandbox() as sandbox:
            for fault in ("commit-then-hang", "stall-after-headers", "drip", "latency"):
                sandbox.fault_next(f"{fault},seconds=60")
                raw = connections.enter_context(raw_client(sandbox))
                raw.send_booking()
            assert settled(lambda: len(sandbox.requests()) == 4)
            started = time.monotonic()
        assert time.monotonic() - started < 5
    requests = sandbox.requests()
    assert [request.committed for request in requests] == [True, True, True, False]
    assert all(request.is_answered for request in requests)
    assert requests[3].status is None


def test_a_client_that_leaves_during_latency_is_booked_all_the_same(sandbox: Sandbox) -> None:
    with raw_client(sandbox) as raw:
        sandbox.fault_next("latency,seconds=0.1")
        raw.send_booking()
        assert raw.read_for(0.01) == b""
    assert settled(lambda: sandbox.requests()[0].committed)
    assert len(sandbox.bookings()) == 1
