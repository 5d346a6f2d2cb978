"""What becomes of a booking request when the server does its worst, and what nobody may see."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
from typing import TYPE_CHECKING, Any

import pytest

from importer.api.connection import Connection
from importer.errors import CredentialsError, SettingsError
from importer.model import Booked, NotTaken, NotTakenCause, Outcome, Rejected, RunStop, Unknown
from tests.edges.partner_kit import (
    BODY,
    BOOKED,
    LOST_AT_THE_GATE,
    TLS,
    after_request,
    at_once,
    book,
    close,
    partner_of,
    reset,
    stall,
)
from tests.edges.raw_server import (
    HandedInClock,
    RawServer,
    Script,
    Visit,
    always,
    answer,
    raw_server,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


# Whole answers


def test_a_request_carries_key_token_and_body_and_nothing_else() -> None:
    async def run() -> bytes:
        async with raw_server(always(BOOKED)) as server, partner_of(server) as partner:
            outcome = await partner.create_booking(BODY, before_first_byte=at_once)
            assert outcome == Booked(booking_id=12, solv_status="RESERVED")
            return server.requests[0]

    head, _, body = asyncio.run(run()).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ") for line in lines)}
    assert first == "POST /v1/partner/bookings HTTP/1.1"
    assert headers.pop("host").startswith("127.0.0.1:")
    assert headers.pop("user-agent").startswith("solv-bulk-importer/")
    assert headers == {
        "x-api-key": "clinic-1",
        "authorization": "Bearer t0k3n",
        "content-type": "application/json",
        "accept": "application/json",
        "accept-encoding": "identity",
        "connection": "keep-alive",
        "content-length": str(len(BODY)),
    }
    assert body == BODY


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"allow_walkin_scheduling": True}, b"bookings?allow_walkin_scheduling=true HTTP"),
        ({"allow_walkin_scheduling": False}, b"bookings?allow_walkin_scheduling=false HTTP"),
    ],
)
def test_a_setting_changes_the_request(settings: dict[str, Any], line: bytes) -> None:
    async def run() -> bytes:
        async with raw_server(always(BOOKED)) as server, partner_of(server, **settings) as partner:
            await partner.create_booking(BODY, before_first_byte=at_once)
            return server.requests[0]

    assert line in asyncio.run(run())


@pytest.mark.parametrize(
    ("whole", "outcome"),
    [
        (answer(b'{"id": 12}', status=201), Booked(booking_id=12, http_status=201)),
        (answer(b"", status=204), Unknown(reason="answered 204", http_status=204)),
        (answer(b"no", status=422), Rejected(http_status=422, text="no")),
        (
            answer(b"", status=429, headers="Retry-After: 7\r\n"),
            NotTaken(cause=NotTakenCause.TOO_MANY_REQUESTS, http_status=429, retry_after_s=7.0),
        ),
        (answer(b"oops", status=500), Unknown(reason="answered 500", http_status=500)),
        (
            b"HTTP/1.1 100 Continue\r\n\r\n" + BOOKED,
            Booked(booking_id=12, solv_status="RESERVED"),
        ),
        (
            answer(gzip.compress(b'{"id": 12}', mtime=0), headers="Content-Encoding: gzip\r\n"),
            Booked(booking_id=12),
        ),
        (
            answer(b'{"id": 12}', headers="X-Request-Id: caf\u00e9-1\r\n"),
            Booked(booking_id=12, server_ids="x-request-id=caf-1"),
        ),
        (
            answer(b'{"id": 12}', headers="Set-Cookie: ;;;=\x01\r\n"),
            Booked(booking_id=12),
        ),
    ],
)
def test_a_whole_answer_is_judged_by_the_table(whole: bytes, outcome: Outcome) -> None:
    assert book(always(whole)) == outcome


# Answers that are lost, or lose their body


@pytest.mark.parametrize(
    ("script", "reasons"),
    [
        (after_request(reset), {"ReadError"}),
        (after_request(close), {"RemoteProtocolError"}),
        (always(b"\x00\x01\x02 garbage\r\n\r\n"), {"RemoteProtocolError"}),
        (always(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200_000), {"RemoteProtocolError"}),
        (after_request(lambda visit: visit.send(b"HTTP/1.1 200 O")), {"RemoteProtocolError"}),
    ],
)
def test_a_lost_answer_leaves_the_row_unknown(script: Script, reasons: set[str]) -> None:
    outcome = book(script)
    assert isinstance(outcome, Unknown)
    assert outcome.reason in reasons


@pytest.mark.parametrize("end", [reset, close])
def test_a_connection_that_ends_at_once_is_never_called_booked_or_refused(
    end: Callable[[Visit], Awaitable[None]],
) -> None:
    """Whether the end comes before or after the first byte is a race, and both are told."""
    outcome = book(end)
    assert outcome == LOST_AT_THE_GATE or isinstance(outcome, Unknown)


def test_no_answer_by_the_deadline_is_unknown() -> None:
    assert book(after_request(stall), deadline_s=0.3) == Unknown(reason="TimeoutError")


def test_a_server_that_never_stops_saying_continue_is_given_up() -> None:
    async def drip(visit: Visit) -> None:
        while True:
            await visit.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            await asyncio.sleep(0.02)

    assert book(after_request(drip), deadline_s=0.3) == Unknown(reason="TimeoutError")


async def drip_body(visit: Visit) -> None:
    while True:
        await visit.send(b" ")
        await asyncio.sleep(0.02)


SETTLED_BY_STATUS: dict[int, Outcome] = {
    200: Unknown(reason="answered 200, id not readable", http_status=200),
    400: Rejected(http_status=400),
    401: NotTaken(cause=NotTakenCause.UNAUTHORIZED, http_status=401),
    403: Rejected(http_status=403),
    422: Rejected(http_status=422),
    429: NotTaken(cause=NotTakenCause.TOO_MANY_REQUESTS, http_status=429),
    504: Unknown(reason="answered 504", http_status=504),
}


def begun(status: int, then: Callable[[Visit], Awaitable[None]]) -> Script:
    """Return a script that begins an answer with a body and goes on with `then`."""

    async def begin(visit: Visit) -> None:
        await visit.send(f"HTTP/1.1 {status} X\r\nContent-Length: 900\r\n\r\n".encode())
        await visit.send(b'{"id": 12}')
        await asyncio.sleep(0.05)  # an RST would overtake what was just sent
        await then(visit)

    return after_request(begin)


@pytest.mark.parametrize(("status", "outcome"), SETTLED_BY_STATUS.items())
@pytest.mark.parametrize("end", [close, reset])
def test_the_status_line_outlives_a_body_that_is_cut(
    status: int, outcome: Outcome, end: Callable[[Visit], Awaitable[None]]
) -> None:
    assert book(begun(status, end)) == outcome


@pytest.mark.parametrize("status", [200, 401, 422])
@pytest.mark.parametrize("then", [stall, drip_body])
def test_the_status_line_outlives_a_body_that_never_ends(
    status: int, then: Callable[[Visit], Awaitable[None]]
) -> None:
    assert book(begun(status, then), deadline_s=0.3) == SETTLED_BY_STATUS[status]


@pytest.mark.parametrize(
    "whole",
    [
        answer(b"no gzip at all", headers="Content-Encoding: gzip\r\n"),
        answer(b'{"id": 12}' + b" " * (1024 * 1024)),
        answer(gzip.compress(b" " * 50_000_000, mtime=0), headers="Content-Encoding: gzip\r\n"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_a_body_that_cannot_be_read_leaves_a_success_unknown(whole: bytes) -> None:
    assert book(always(whole)) == Unknown(reason="answered 200, id not readable", http_status=200)


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/elsewhere", "http://127.0.0.1:{port}/v1", "http://[", ""])
def test_a_redirect_is_never_followed(status: int, location: str) -> None:
    async def run() -> tuple[Outcome, int]:
        async with raw_server(always(BOOKED)) as other:
            line = f"Location: {location.format(port=other.port)}\r\n"
            script = always(answer(b"", status=status, headers=line))
            async with raw_server(script) as server, partner_of(server) as partner:
                outcome = await partner.create_booking(BODY, before_first_byte=at_once)
                assert len(server.requests) == 1
                return outcome, other.visits

    outcome, visits_elsewhere = asyncio.run(run())
    assert isinstance(outcome, Rejected)
    assert outcome.stop is RunStop.WRONG_ADDRESS
    assert visits_elsewhere == 0


# Requests that never left


def test_a_refused_connection_takes_no_booking() -> None:
    async def run() -> Outcome:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            base_url = f"http://127.0.0.1:{closed.getsockname()[1]}"
            async with partner_of(RawServer(), base_url=base_url) as partner:
                return await partner.create_booking(BODY, before_first_byte=at_once)

    assert asyncio.run(run()) == NotTaken(
        cause=NotTakenCause.NO_CONNECTION, reason="ConnectError", left=False
    )


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({"connect_s": 0.2}, "ConnectTimeout"), ({"deadline_s": 0.2}, "TimeoutError")],
)
def test_a_connection_that_does_not_come_about_takes_no_booking(
    settings: dict[str, Any], reason: str
) -> None:
    """The server takes the connection, and never begins with TLS."""

    async def run() -> Outcome:
        async with (
            raw_server(stall) as server,
            partner_of(server, base_url=server.url("https"), **settings) as partner,
        ):
            return await partner.create_booking(BODY, before_first_byte=at_once)

    assert asyncio.run(run()) == NotTaken(
        cause=NotTakenCause.NO_CONNECTION, reason=reason, left=False
    )


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "http://127.0.0.1:x", "//127.0.0.1"])
def test_an_address_that_cannot_be_sent_to_stops_the_run(url: str) -> None:
    async def run() -> None:
        connection = Connection(tls=TLS)
        try:
            await connection.post(url, headers={}, body=BODY, gate=at_once)
        finally:
            await connection.aclose()

    with pytest.raises(SettingsError, match="base address"):
        asyncio.run(run())


def test_patients_are_never_shown_to_the_network() -> None:
    async def run() -> None:
        async with partner_of(RawServer(), base_url="http://partner-api.example.com"):
            pass

    with pytest.raises(SettingsError, match="only https"):
        asyncio.run(run())


@pytest.mark.parametrize("client_id", ["", "two words", "line\nbreak", "caf\u00e9"])
def test_a_client_id_that_no_header_can_carry_stops_the_run(client_id: str) -> None:
    async def run() -> None:
        async with partner_of(RawServer(port=9)) as partner:
            partner.client_id = client_id
            await partner.create_booking(BODY, before_first_byte=at_once)

    with pytest.raises(SettingsError, match="client id"):
        asyncio.run(run())


# What a 401 means


def test_a_fresh_token_that_is_refused_stops_the_run_after_its_row_is_safe() -> None:
    async def run() -> None:
        refusal = always(answer(b"{}", status=401))
        async with raw_server(refusal) as server, partner_of(server) as partner:
            outcome = await partner.create_booking(BODY, before_first_byte=at_once)
            assert outcome == NotTaken(cause=NotTakenCause.UNAUTHORIZED, http_status=401)
            with pytest.raises(CredentialsError, match="refuses a token"):
                await partner.create_booking(BODY, before_first_byte=at_once)
            assert len(server.requests) == 1

    asyncio.run(run())


def test_an_aged_token_that_is_refused_is_renewed_once() -> None:
    async def run() -> None:
        clock = HandedInClock()

        async def script(visit: Visit) -> None:
            for said in (BOOKED, answer(b"{}", status=401), BOOKED):
                await visit.request()
                await visit.send(said)

        async with raw_server(script) as server, partner_of(server, clock=clock) as partner:
            kinds = []
            for age_s in (0, 61, 0):
                clock.passed_s += age_s
                outcome = await partner.create_booking(BODY, before_first_byte=at_once)
                kinds.append(type(outcome))
            assert kinds == [Booked, NotTaken, Booked]

    asyncio.run(run())


def test_a_gateways_refusal_leaves_the_token_alone() -> None:
    async def run() -> None:
        refusal = always(answer(b'{"message": "Forbidden"}', status=403))
        async with raw_server(refusal) as server, partner_of(server) as partner:
            for _ in range(2):
                outcome = await partner.create_booking(BODY, before_first_byte=at_once)
                assert isinstance(outcome, NotTaken)
                assert outcome.stop is RunStop.GATEWAY_REFUSED
            assert len(server.requests) == 2

    asyncio.run(run())


def test_a_403_with_an_expired_token_is_about_the_token() -> None:
    async def run() -> None:
        clock = HandedInClock()

        async def slow_gate() -> bool:
            await clock.sleep(3_600)
            return True

        refusal = always(answer(b'{"detail": "no"}', status=403))
        async with raw_server(refusal) as server, partner_of(server, clock=clock) as partner:
            outcome = await partner.create_booking(BODY, before_first_byte=slow_gate)
            assert outcome == NotTaken(cause=NotTakenCause.UNAUTHORIZED, http_status=403)

    asyncio.run(run())


# What nobody may see


def test_neither_log_nor_repr_shows_a_secret_or_a_patient(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> str:
        async with raw_server(always(BOOKED)) as server, partner_of(server) as partner:
            await partner.create_booking(BODY, before_first_byte=at_once)
            return repr(partner) + repr(await partner.tokens.current())

    with caplog.at_level(logging.INFO):
        shown = asyncio.run(run()) + caplog.text
    for secret in ("Canary", "s3cret", "t0k3n", "/v1/"):
        assert secret not in shown
