"""How the importer signs in, and what it says when it cannot."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest

from importer.api import Token, TokenSource, tls_context
from importer.errors import CredentialsError, ImporterError, SettingsError, StoppedEarly
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
    from collections.abc import Sequence

TLS = tls_context()


def token_answer(**fields: object) -> bytes:
    """Return the answer to a sign-in; None leaves a field out."""
    said = {"access_token": "t0k3n", "token_type": "bearer", "expires_in": 3600} | fields
    said = {name: value for name, value in said.items() if value is not None}
    return answer(json.dumps(said).encode())


def numbered(*answers: bytes) -> Script:
    """Return a script that gives one answer after the other, and then the last again."""
    left = list(answers)

    async def script(visit: Visit) -> None:
        while await visit.request():
            await visit.send(left.pop(0) if len(left) > 1 else left[0])

    return script


async def no_turn() -> bool:
    return True


def source_of(
    base_url: str,
    clock: HandedInClock | None = None,
    **settings: Any,
) -> TokenSource:
    built = {"tls": TLS, "turn": no_turn} | settings
    return TokenSource(
        base_url=base_url,
        client_id="clinic-1",
        client_secret="s3cret",
        clock=clock or HandedInClock(),
        **built,
    )


def sign_in(script: Script, clock: HandedInClock | None = None, **settings: Any) -> Token:
    """Return the token that a server of this script gives."""

    async def run() -> Token:
        async with raw_server(script) as server:
            return await source_of(server.url(), clock, **settings).current()

    return asyncio.run(run())


def test_a_sign_in_says_who_what_and_for_which_scope() -> None:
    async def run() -> tuple[Token, bytes]:
        async with raw_server(always(token_answer())) as server:
            return await source_of(server.url()).current(), server.requests[0]

    token, request = asyncio.run(run())
    head, _, body = request.partition(b"\r\n\r\n")
    assert token.value == "t0k3n"
    assert head.startswith(b"POST /v1/auth/token HTTP/1.1\r\n")
    assert b"\r\nx-api-key: clinic-1\r\n" in head
    assert b"\r\nContent-Type: application/json\r\n" in head
    assert b"authorization" not in head.lower()
    assert json.loads(body) == {
        "client_id": "clinic-1",
        "client_secret": "s3cret",
        "grant_type": "service_api",
        "scope": "write:bookings",
    }


def test_grant_type_and_scope_are_settings() -> None:
    async def run() -> bytes:
        async with raw_server(always(token_answer())) as server:
            settings = {"grant_type": "client_credentials", "scope": "a,write:bookings"}
            await source_of(server.url(), **settings).current()
            return server.requests[0]

    request = asyncio.run(run())
    assert b'"client_credentials"' in request
    assert b'"a,write:bookings"' in request


def test_a_token_in_an_envelope_is_found() -> None:
    assert sign_in(always(answer(b'{"meta": {}, "data": {"access_token": "t"}}'))).value == "t"


def test_neither_source_nor_token_shows_a_secret() -> None:
    async def run() -> str:
        async with raw_server(always(token_answer())) as server:
            source = source_of(server.url())
            return repr(await source.current()) + repr(source)

    shown = asyncio.run(run())
    assert "s3cret" not in shown
    assert "t0k3n" not in shown


# One sign-in at a time, and when the next one is due


def test_twenty_callers_share_one_sign_in() -> None:
    async def run() -> tuple[set[int], int]:
        async with raw_server(always(token_answer())) as server:
            source = source_of(server.url())
            tokens = await asyncio.gather(*(source.current() for _ in range(20)))
            return {token.generation for token in tokens}, len(server.requests)

    assert asyncio.run(run()) == ({1}, 1)


def test_twenty_callers_share_one_failure() -> None:
    async def run() -> tuple[set[type], int]:
        async with raw_server(always(answer(b"{}", status=401))) as server:
            source = source_of(server.url())
            calls = (source.current() for _ in range(20))
            errors = await asyncio.gather(*calls, return_exceptions=True)
            return {type(error) for error in errors}, len(server.requests)

    assert asyncio.run(run()) == ({CredentialsError}, 1)


@pytest.mark.parametrize(
    ("fields", "due_s"),
    [
        ({"expires_in": 3600}, 3300),
        ({"expires_in": "3600"}, 3300),
        ({"expires_in": 7200}, 3300),
        ({"expires_in": 1800}, 1500),
        ({"expires_in": 600}, 300),
        ({"expires_in": 400}, 200),
        ({"expires_in": None}, 3300),
        ({"expires_in": "soon"}, 3300),
        ({"expires_in": True}, 3300),
        ({"expires_in": 0}, 3300),
        ({"expires_in": -1}, 3300),
        ({"expires_in": None, "expiration_timestamp": "2030-01-07T12:30:00Z"}, 1500),
        ({"expires_in": None, "expiration_timestamp": "2030-01-07T12:30:00"}, 1500),
        ({"expires_in": None, "expiration_timestamp": "tomorrow"}, 3300),
        ({"expires_in": None, "expiration_timestamp": 7}, 3300),
    ],
)
def test_a_token_is_renewed_before_it_ends(fields: dict[str, object], due_s: float) -> None:
    async def run() -> list[int]:
        clock = HandedInClock()
        async with raw_server(always(token_answer(**fields))) as server:
            source = source_of(server.url(), clock)
            generations = []
            for passed_s in (0, due_s - 1, due_s):
                clock.passed_s = passed_s
                generations.append((await source.current()).generation)
            return generations

    assert asyncio.run(run()) == [1, 1, 2]


def test_a_sign_in_waits_for_its_turn_before_its_first_byte() -> None:
    async def run() -> None:
        async with raw_server(numbered(answer(b"", status=503), token_answer())) as server:
            seen = []

            async def turn() -> bool:
                await asyncio.sleep(0.02)
                seen.append((server.visits, len(server.requests)))
                return True

            await source_of(server.url(), turn=turn).current()
            assert seen == [(1, 0), (2, 1)]

    asyncio.run(run())


def test_a_sign_in_that_may_not_go_leaves_no_byte() -> None:
    async def run() -> None:
        async with raw_server(token_answer()) as server:

            async def turn() -> bool:
                return False

            with pytest.raises(StoppedEarly, match="stopped before it signed in"):
                await source_of(server.url(), turn=turn).current()
            assert server.requests == []

    asyncio.run(run())


# Refused tokens


def after(ages_s: Sequence[float], *, good: Sequence[int] = ()) -> list[int]:
    """Return the generations of tokens that are each refused at these ages."""

    async def run() -> list[int]:
        clock = HandedInClock()
        async with raw_server(always(token_answer())) as server:
            source = source_of(server.url(), clock)
            generations = []
            for age_s in ages_s:
                token = await source.current()
                generations.append(token.generation)
                if token.generation in good:
                    source.accepted(token)
                clock.passed_s += age_s
                source.refused(token)
            return generations

    return asyncio.run(run())


def test_aged_tokens_that_were_good_are_renewed_when_refused() -> None:
    assert after([60, 1_000, 60], good=[1, 2, 3]) == [1, 2, 3]


def test_a_fresh_token_that_is_refused_stops_the_run() -> None:
    with pytest.raises(CredentialsError, match="just given"):
        after([59.9])


def test_the_second_refusal_in_a_row_stops_the_run() -> None:
    """However long each of them waited for its slot."""
    with pytest.raises(CredentialsError):
        after([61, 61])


def test_a_refusal_of_an_older_token_changes_nothing() -> None:
    async def run() -> None:
        clock = HandedInClock()
        async with raw_server(always(token_answer())) as server:
            source = source_of(server.url(), clock)
            old = await source.current()
            clock.passed_s += 61
            for _ in range(3):
                source.refused(old)
            new = await source.current()
            source.refused(old)
            assert await source.current() is new
            assert len(server.requests) == 2

    asyncio.run(run())


def test_a_refusal_of_a_short_lived_token_that_ended_is_no_fault() -> None:
    async def run() -> int:
        clock = HandedInClock()
        async with raw_server(always(token_answer(expires_in=20))) as server:
            source = source_of(server.url(), clock)
            token = await source.current()
            clock.passed_s += 20
            source.refused(token)
            return (await source.current()).generation

    assert asyncio.run(run()) == 2


def test_after_a_refusal_that_stops_the_run_nobody_signs_in_again() -> None:
    async def run() -> None:
        async with raw_server(always(token_answer())) as server:
            source = source_of(server.url())
            with pytest.raises(CredentialsError):
                source.refused(await source.current())
            with pytest.raises(CredentialsError):
                await source.current()
            assert len(server.requests) == 1

    asyncio.run(run())


# Sign-ins that fail for good


def failing(script: Script, clock: HandedInClock | None = None, **settings: Any) -> ImporterError:
    """Return the error of a sign-in."""
    with pytest.raises(ImporterError) as caught:
        sign_in(script, clock, **settings)
    return caught.value


@pytest.mark.parametrize(
    ("status", "body", "todo"),
    [
        (401, b'{"detail": "s3cret is wrong"}', "Renew SOLV_IMPORT_CLIENT_ID"),
        (403, b'{"message": "Forbidden"}', "Renew SOLV_IMPORT_CLIENT_ID"),
        (400, b"<html>", "Renew SOLV_IMPORT_CLIENT_ID"),
        (403, b'{"detail": "scope s3cret not granted"}', "grant the scope write:bookings"),
        (422, b'{"detail": [{"loc": ["body", "scope"]}]}', "grant the scope write:bookings"),
        (422, b'{"detail": [{"loc": ["body", "grant_type"]}]}', "asked for was service_api"),
    ],
)
def test_a_refused_sign_in_says_what_to_renew(status: int, body: bytes, todo: str) -> None:
    error = failing(always(answer(body, status=status)))
    assert isinstance(error, CredentialsError)
    assert re.fullmatch(rf"127\.0\.0\.1:[0-9]+ refused the sign-in \({status}\)\.", str(error))
    assert todo in error.todo
    assert "write:bookings" in error.todo or "service_api" in error.todo
    assert "s3cret" not in error.message + error.todo


def test_a_sign_in_refused_without_a_body_says_what_to_renew() -> None:
    error = failing(
        always(b"HTTP/1.1 401 X\r\nContent-Length: 9\r\nConnection: close\r\n\r\n"), deadline_s=0.3
    )
    assert isinstance(error, CredentialsError)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 404, 405, 410, 415, 501])
def test_an_address_without_a_sign_in_is_a_wrong_setting(status: int) -> None:
    async def run() -> tuple[BaseException, int]:
        async with raw_server(always(token_answer())) as other:
            headers = f"Location: {other.url()}/\r\n"
            refusal = always(answer(b"", status=status, headers=headers))
            async with raw_server(refusal) as server:
                with pytest.raises(SettingsError) as caught:
                    await source_of(server.url()).current()
                return caught.value, other.visits

    error, visits_elsewhere = asyncio.run(run())
    assert "/v1/auth/token" in str(error)
    assert visits_elsewhere == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b"[" * 200_000,
        b'{"data": 1}',
        b'{"access_token": ""}',
        b'{"access_token": null}',
        b'{"access_token": 7}',
        b'{"access_token": "two words"}',
        b'{"access_token": "a\\r\\nb"}',
    ],
)
def test_an_answer_without_a_token_is_named(body: bytes) -> None:
    error = failing(always(answer(body)))
    assert isinstance(error, CredentialsError)
    assert "without a token" in str(error)


@pytest.mark.parametrize("scope", ["read:locations", "", "write:bookingsx", "read:bookings,x"])
def test_a_token_without_the_scope_is_refused_before_anything_is_sent(scope: str) -> None:
    error = failing(always(token_answer(scope=scope)))
    assert isinstance(error, CredentialsError)
    assert "write:bookings" in str(error)


@pytest.mark.parametrize(
    "scope", ["write:bookings", "read:locations,write:bookings", "a write:bookings", None, 7]
)
def test_a_token_with_the_scope_or_without_word_of_it_is_taken(scope: object) -> None:
    assert sign_in(always(token_answer(scope=scope))).value == "t0k3n"


# Sign-ins that may succeed later


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_fault_is_tried_again(status: int) -> None:
    clock = HandedInClock()
    fault = answer(b"", status=status)
    token = sign_in(numbered(fault, fault, token_answer()), clock)
    assert token.value == "t0k3n"
    assert len(clock.slept_s) == 2
    assert clock.slept_s[0] <= 0.5
    assert clock.slept_s[1] <= 1.0


def test_a_cut_answer_is_tried_again() -> None:
    async def cut_first(visit: Visit) -> None:
        await visit.request()
        whole = token_answer()
        await visit.send(whole if visit.number else whole[:-5])

    assert sign_in(cut_first).value == "t0k3n"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_five_faults_in_a_row_end_the_run(status: int) -> None:
    async def run() -> int:
        async with raw_server(always(answer(b"", status=status))) as server:
            with pytest.raises(StoppedEarly, match=f"5 attempts, last answer {status}"):
                await source_of(server.url()).current()
            return len(server.requests)

    assert asyncio.run(run()) == 5


@pytest.mark.parametrize("status", [204, 418, 520])
def test_an_answer_that_makes_no_sense_ends_the_run(status: int) -> None:
    assert isinstance(failing(always(answer(b"", status=status))), StoppedEarly)


def test_retry_after_comes_before_the_own_wait() -> None:
    clock = HandedInClock()
    asked = answer(b"", status=429, headers="Retry-After: 42\r\n")
    sign_in(numbered(asked, token_answer()), clock)
    assert clock.slept_s == [42.0]


def test_a_wait_of_more_than_a_quarter_of_an_hour_ends_the_run() -> None:
    clock = HandedInClock()
    error = failing(always(answer(b"", status=429, headers="Retry-After: 901\r\n")), clock)
    assert isinstance(error, StoppedEarly)
    assert "15 minutes" in str(error)
    assert clock.slept_s == []


def test_a_host_that_refuses_connections_ends_the_run() -> None:
    async def run() -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = RawServer(port=closed.getsockname()[1]).url()
            clock = HandedInClock()
            with pytest.raises(StoppedEarly, match=r"Could not reach 127\.0\.0\.1"):
                await source_of(url, clock).current()
            assert len(clock.slept_s) == 4

    asyncio.run(run())


def test_a_host_that_never_answers_ends_the_run() -> None:
    async def stall(visit: Visit) -> None:
        await visit.request()
        await asyncio.Event().wait()

    error = failing(stall, deadline_s=0.05)
    assert isinstance(error, StoppedEarly)
    assert "TimeoutError" in str(error)


def test_an_error_of_the_turn_is_handed_on() -> None:
    async def turn() -> None:
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        sign_in(always(token_answer()), turn=turn)
