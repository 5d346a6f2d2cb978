"""A whole session over HTTP: the pace as the server counts it, waits owed, tokens, storms."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Literal

import pytest
import trustme

from importer.errors import ExitCode
from importer.model import State
from importer.posting import PostingEnd, in_flight_of, jitter_s_of, post_run, spacing_s_of
from importer.posting.session import tally_of, turns_of
from importer.sandbox import Limit, SandboxConfig, most_in_window, running_sandbox
from tests.edges.posting_kit import open_desk, settings_of
from tests.edges.posting_script_kit import NOON
from tests.edges.raw_server import HandedInClock, Script, Visit, answer, raw_server

if TYPE_CHECKING:
    from pathlib import Path

    from importer.sandbox import LoggedRequest, Sandbox

WIDE_JITTER_MS = 100
"""The machine that runs the tests may be busy: it may be late by half of this."""


def booked_per_body(sandbox: Sandbox) -> Counter[str | None]:
    return Counter(request.body_hmac for request in sandbox.requests() if request.committed)


def times_of(requests: list[LoggedRequest]) -> list[float]:
    return [request.mono for request in requests]


# The pace


@pytest.mark.parametrize("seed", range(3))
def test_a_limit_of_20_a_second_is_kept_from_the_sign_in_on(seed: int, tmp_path: Path) -> None:
    config = SandboxConfig(limit=Limit(requests=20), seed=seed, latency_s=0.02 * seed)
    with running_sandbox(config) as sandbox, open_desk(tmp_path, rows=45) as desk:
        settings = settings_of(tmp_path, sandbox.base_url, rate="20/s", jitter_ms=WIDE_JITTER_MS)
        end = asyncio.run(post_run(desk.session(settings)))
        requests = sandbox.all_requests()
        states = desk.states()

    assert end.stop is None
    assert states == {State.BOOKED: 45}
    assert len(requests) == 46
    assert {request.status for request in requests} == {200}
    assert most_in_window(times_of(requests), 1.0) <= 20


def test_sign_ins_again_and_refusals_count_in_the_pace(tmp_path: Path) -> None:
    config = SandboxConfig(limit=Limit(requests=20))
    with running_sandbox(config) as sandbox, open_desk(tmp_path, rows=30) as desk:
        for n in range(4, 28, 3):
            sandbox.fault_request(n, "423")
        settings = settings_of(tmp_path, sandbox.base_url, rate="20/s", jitter_ms=WIDE_JITTER_MS)
        asyncio.run(post_run(desk.session(settings)))
        requests = sandbox.all_requests()
        assert desk.states() == {State.BOOKED: 30}

    assert 429 not in {request.status for request in requests}
    assert most_in_window(times_of(requests), 1.0) <= 20


@pytest.mark.parametrize("headers", ["retry-after", "none"])
def test_a_storm_of_429_books_everybody_and_nobody_twice(
    headers: Literal["retry-after", "none"], tmp_path: Path
) -> None:
    limit = Limit(requests=10, headers=headers)  # a slow machine must reach it, too
    with (
        running_sandbox(SandboxConfig(limit=limit)) as sandbox,
        open_desk(tmp_path, rows=30) as desk,
    ):
        settings = settings_of(tmp_path, sandbox.base_url, rate="60/s", in_flight=16)
        end = asyncio.run(post_run(desk.session(settings)))
        requests = sandbox.all_requests()
        bodies = booked_per_body(sandbox)
        states = desk.states()

    assert end.stop is None
    assert states == {State.BOOKED: 30}
    assert len(bodies) == 30
    assert set(bodies.values()) == {1}
    assert 429 in {request.status for request in requests}


def test_during_a_pause_nothing_arrives_but_what_was_on_its_way(tmp_path: Path) -> None:
    """And behind it half as much, creeping back."""
    in_flight = 16
    with running_sandbox() as sandbox, open_desk(tmp_path, rows=90) as desk:
        sandbox.fault_request(30, "429,wait=2")
        settings = settings_of(tmp_path, sandbox.base_url, rate="50/s", in_flight=in_flight)
        asyncio.run(post_run(desk.session(settings)))
        requests = sandbox.all_requests()
        assert desk.states() == {State.BOOKED: 90}

    (refused,) = [request for request in requests if request.status == 429]
    after_it = [request.mono - refused.mono for request in requests if request.n > refused.n]
    paused = [at for at in after_it if at < 2.0]
    assert len(paused) < in_flight
    behind = [at for at in after_it if at >= 2.0]
    gaps = [later - earlier for earlier, later in pairwise(behind)]
    assert len(behind) > 60 - in_flight
    # 20.4 ms at full speed. The first ones at half of it, the last ones nearly at all of it.
    assert sum(gaps[:10]) > 0.3
    assert sum(gaps[-10:]) < sum(gaps[:10])


# Waits owed for the sake of earlier processes


@pytest.mark.parametrize("owed", ["wait_s", "paused_s"])
def test_what_an_earlier_process_owes_is_waited_before_the_sign_in(
    owed: str, tmp_path: Path
) -> None:
    with running_sandbox() as sandbox, open_desk(tmp_path, rows=2) as desk:
        settings = settings_of(tmp_path, sandbox.base_url, rate="50/s")
        waits: dict[str, Any] = {owed: 0.6}
        session = desk.session(settings, **waits)
        started = monotonic()
        asyncio.run(post_run(session))
        first = sandbox.all_requests()[0]

    assert first.path == "/v1/auth/token"
    assert first.mono >= started + 0.6


def test_a_pause_that_goes_on_is_told(tmp_path: Path) -> None:
    with running_sandbox() as sandbox, open_desk(tmp_path, rows=1) as desk:
        settings = settings_of(tmp_path, sandbox.base_url)
        asyncio.run(post_run(desk.session(settings, paused_s=0.3)))
        assert [notice for notice in desk.watcher.notices if "pause" in notice]


def test_the_next_process_knows_when_the_last_request_left(tmp_path: Path) -> None:
    with running_sandbox() as sandbox, open_desk(tmp_path, rows=3) as desk:
        settings = settings_of(tmp_path, sandbox.base_url, rate="5/s")
        asyncio.run(post_run(desk.session(settings)))
        kept = datetime.fromisoformat(desk.ledger.pace_memory().last_request_at)
        last = sandbox.all_requests()[-1]

    assert abs(kept.timestamp() - last.at) < 0.1


def test_it_also_knows_of_a_sign_in_that_was_refused(tmp_path: Path) -> None:
    """Or cron would sign in faster than the pace, each time with the wrong secret."""
    config = SandboxConfig(client_secret="another")
    with running_sandbox(config) as sandbox, open_desk(tmp_path, rows=3) as desk:
        end = asyncio.run(post_run(desk.session(settings_of(tmp_path, sandbox.base_url))))
        kept = datetime.fromisoformat(desk.ledger.pace_memory().last_request_at)
        (sign_in,) = sandbox.all_requests()
        assert desk.states() == {State.READY: 3}

    assert end.stop is not None
    assert end.stop.exit_code == ExitCode.CREDENTIALS
    assert abs(kept.timestamp() - sign_in.at) < 0.1


# Tokens


def test_a_token_that_ends_half_way_is_renewed_once_and_no_row_is_lost(tmp_path: Path) -> None:
    with running_sandbox() as sandbox, open_desk(tmp_path, rows=40) as desk:
        clock = Ahead()
        settings = settings_of(tmp_path, sandbox.base_url, rate="100/s", in_flight=8)

        def some_left() -> None:
            while len(sandbox.requests()) < 5:
                sleep(0.01)

        async def main() -> PostingEnd:
            posting = asyncio.create_task(post_run(desk.session(settings, clock=clock)))
            await asyncio.to_thread(some_left)
            clock.ahead_s = 120.0  # a fresh token that is refused would stop the run
            sandbox.expire_tokens()
            return await posting

        end = asyncio.run(main())
        sign_ins = [r for r in sandbox.all_requests() if not r.is_booking]
        states = desk.states()
        bodies = booked_per_body(sandbox)

    assert end.stop is None
    assert states == {State.BOOKED: 40}
    assert set(bodies.values()) == {1}
    assert len(sign_ins) == 2


class Ahead:
    """The machine's clock, set ahead."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def now(self) -> datetime:
        return datetime.now(NOON.tzinfo) + timedelta(seconds=self.ahead_s)

    def monotonic(self) -> float:
        return monotonic() + self.ahead_s

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def test_a_token_refused_right_away_stops_the_run_with_all_rows_ready(tmp_path: Path) -> None:
    with running_sandbox() as sandbox, open_desk(tmp_path, rows=20) as desk:
        sandbox.fault_rate("401", 1.0)
        settings = settings_of(tmp_path, sandbox.base_url, in_flight=8)
        end = asyncio.run(post_run(desk.session(settings)))
        requests = sandbox.requests()
        assert desk.states() == {State.READY: 20}

    assert end.stop is not None
    assert end.stop.exit_code == ExitCode.CREDENTIALS
    assert len(requests) == 1


# Settings


@pytest.mark.parametrize(
    ("flags", "in_flight", "jitter_s", "spacing_s"),
    [
        ({"rate": "none"}, 50, 0.02, 0.0),
        ({"rate": "none", "in_flight": 3}, 3, 0.02, 0.0),
        ({"rate": "20/s"}, 20, 0.02, 1.02 / 20),
        ({"rate": "20/s", "jitter_ms": 100}, 20, 0.1, 1.1 / 20),
        ({"rate": "30/min", "in_flight": 7}, 7, 0.02, 60.02 / 30),
        ({"rate": "0.5/s"}, 2, 0.02, 2.02),
    ],
)
def test_the_settings_say_how_many_and_how_far_apart(
    flags: dict[str, object],
    in_flight: int,
    jitter_s: float,
    spacing_s: float,
    tmp_path: Path,
) -> None:
    settings = settings_of(tmp_path, "http://127.0.0.1:1", **flags)
    assert in_flight_of(settings) == in_flight
    assert jitter_s_of(settings) == jitter_s
    assert spacing_s_of(settings) == pytest.approx(spacing_s)


def test_half_of_the_allowance_is_for_us_being_late(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "http://127.0.0.1:1", rate="20/s", jitter_ms=100)
    with open_desk(tmp_path, rows=1) as desk:
        pace = turns_of(desk.session(settings, clock=HandedInClock(), wait_s=3.0)).pace
    assert (pace.spacing_s, pace.tolerance_s) == (spacing_s_of(settings), 0.05)
    assert pace.next_free_s == HandedInClock().monotonic() + 3.0


def test_a_session_counts_and_tells_by_its_own_settings(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "http://127.0.0.1:1", rate="30/min")
    with open_desk(tmp_path, rows=4) as desk:
        told = tally_of(desk.session(settings)).view(paused_s=0.0)
    assert (told.run_id, told.total, told.limit_per_s) == ("run", 4, 0.5)


@pytest.mark.parametrize(
    ("owed_s", "paused_s", "notices"),
    [
        (0.0, 0.0, []),
        (870.0, 870.0, ["the server asked for a pause: 14.5 minutes of it to go"]),
    ],
)
def test_a_pause_that_is_owed_is_told_and_kept(
    owed_s: float, paused_s: float, notices: list[str], tmp_path: Path
) -> None:
    settings = settings_of(tmp_path, "http://127.0.0.1:1", rate="20/s")
    with open_desk(tmp_path, rows=1) as desk:
        turns = turns_of(desk.session(settings, clock=HandedInClock(), paused_s=owed_s))
        assert turns.paused_s == paused_s
        assert turns.pace.slowness == (2.0 if owed_s else 1.0)
        assert desk.watcher.notices == notices


def test_a_sign_in_that_waits_looks_up_often_and_asks_as_the_settings_say(tmp_path: Path) -> None:
    """Whoever asks for an end need not wait for a server that asks for half a minute."""
    clock = HandedInClock()

    async def busy_once(visit: Visit) -> None:
        while request := await visit.request():
            is_first = len(visit.server.requests) == 1
            busy = answer(b"", status=503, headers="Retry-After: 30\r\n")
            booked = b'{"id": 7, "access_token": "t"}'
            await visit.send(busy if is_first and b"auth/token" in request else answer(booked))

    async def main() -> list[bytes]:
        async with raw_server(busy_once) as server:
            settings = replace(settings_of(tmp_path, server.url()), grant_type="partner_api")
            await post_run(desk.session(settings, clock=clock))
            return server.requests

    with open_desk(tmp_path, rows=1) as desk:
        requests = asyncio.run(main())
        assert desk.states() == {State.BOOKED: 1}
    assert [b'"grant_type":"partner_api"' in r.replace(b" ", b"") for r in requests] == [
        True,
        True,
        False,
    ]
    assert 0 < max(clock.slept_s) <= 0.2


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        ({}, b"POST /v1/partner/bookings HTTP/1.1"),
        (
            {"allow_walkin_scheduling": True},
            b"POST /v1/partner/bookings?allow_walkin_scheduling=true HTTP/1.1",
        ),
    ],
    ids=["usual", "walk-ins"],
)
def test_walk_in_times_are_asked_for_where_the_settings_say_so(
    flags: dict[str, object], line: bytes, tmp_path: Path
) -> None:
    async def main() -> list[bytes]:
        async with raw_server(tokens_and(answer(b'{"id": 7}'))) as server:
            settings = settings_of(tmp_path, server.url(), **flags)
            await post_run(desk.session(settings))
            return [request.partition(b"\r\n")[0] for request in server.requests]

    with open_desk(tmp_path, rows=1) as desk:
        assert asyncio.run(main())[1:] == [line]


@pytest.mark.parametrize(
    ("hangs", "state"), [(b"auth/token", State.BOOKED), (b"bookings", State.UNKNOWN)]
)
def test_an_answer_is_waited_for_as_long_as_the_settings_say(
    hangs: bytes, state: State, tmp_path: Path
) -> None:
    """A sign-in whose answer is lost is tried again; a booking is not."""
    seen = 0

    async def hang_once(visit: Visit) -> None:
        nonlocal seen
        while request := await visit.request():
            seen += hangs in request.partition(b"\r\n")[0]
            if seen == 1 and hangs in request:
                await asyncio.sleep(60)
            await visit.send(answer(b'{"id": 7, "access_token": "t"}'))

    async def main() -> None:
        async with raw_server(hang_once) as server:
            settings = settings_of(tmp_path, server.url(), deadline_s="1")
            await post_run(desk.session(settings, clock=HandedInClock()))

    with open_desk(tmp_path, rows=1) as desk:
        asyncio.run(main())
        assert desk.states() == {state: 1}


@pytest.mark.parametrize(("is_trusted", "state"), [(True, State.BOOKED), (False, State.UNKNOWN)])
def test_a_503_with_a_wait_goes_again_only_where_the_settings_trust_it(
    state: State, tmp_path: Path, *, is_trusted: bool
) -> None:
    with running_sandbox() as sandbox, open_desk(tmp_path, rows=1) as desk:
        sandbox.fault_next("503-retry-after,wait=0")
        settings = replace(settings_of(tmp_path, sandbox.base_url), trust_503=is_trusted)
        asyncio.run(post_run(desk.session(settings)))
        assert desk.states() == {state: 1}


def test_what_the_server_says_is_kept_in_the_spool(tmp_path: Path) -> None:
    async def main() -> None:
        refusal = answer(b'{"detail": "phone is odd"}', status=422)
        async with raw_server(tokens_and(refusal)) as server:
            await post_run(desk.session(settings_of(tmp_path, server.url())))

    with open_desk(tmp_path, rows=1) as desk:
        asyncio.run(main())
        assert desk.spool.words() == {"key-2": "phone is odd"}


def test_a_private_authority_is_trusted_for_sign_in_and_bookings_alike(tmp_path: Path) -> None:
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))

    async def main() -> PostingEnd:
        async with raw_server(tokens_and(answer(b'{"id": 7}')), tls=tls) as server:
            settings = replace(settings_of(tmp_path, server.url("https")), ca_file=ca_file)
            return await post_run(desk.session(settings))

    with open_desk(tmp_path, rows=1) as desk:
        assert asyncio.run(main()).stop is None
        assert desk.states() == {State.BOOKED: 1}


def tokens_and(reply: bytes) -> Script:
    """Return a script that gives tokens, and answers every booking with `reply`."""

    async def script(visit: Visit) -> None:
        while request := await visit.request():
            is_token = b"auth/token" in request
            await visit.send(answer(b'{"access_token": "t"}') if is_token else reply)

    return script


def test_a_server_elsewhere_may_be_reached_less_evenly(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "https://api.example.com", rate="2/s")
    assert jitter_s_of(settings) == 0.05
    assert in_flight_of(settings) == 2


def test_no_more_connections_are_made_than_there_are_rows(tmp_path: Path) -> None:
    async def books(visit: Visit) -> None:
        while request := await visit.request():
            await asyncio.sleep(0.1)
            is_token = b"auth/token" in request
            booked = b'{"id": %d}' % len(visit.server.requests)
            await visit.send(answer(b'{"access_token": "t"}' if is_token else booked))

    async def main() -> int:
        async with raw_server(books) as server:
            settings = settings_of(tmp_path, server.url(), in_flight=30)
            await post_run(desk.session(settings))
            return server.visits

    with open_desk(tmp_path, rows=3) as desk:
        assert 1 < asyncio.run(main()) <= 1 + 3


def test_a_session_without_rows_asks_for_no_token(tmp_path: Path) -> None:
    with running_sandbox() as sandbox, open_desk(tmp_path, rows=0) as desk:
        end = asyncio.run(post_run(desk.session(settings_of(tmp_path, sandbox.base_url))))
        assert sandbox.all_requests() == []
    assert end.stop is None


def test_time_that_is_handed_in_is_the_only_time(tmp_path: Path) -> None:
    """A pause of ten minutes passes at once on a clock that says so."""
    clock = HandedInClock()
    with running_sandbox() as sandbox, open_desk(tmp_path, rows=3) as desk:
        sandbox.fault_request(3, "429,wait=600")
        settings = settings_of(tmp_path, sandbox.base_url, in_flight=1)
        end = asyncio.run(post_run(desk.session(settings, clock=clock)))
        assert desk.states() == {State.BOOKED: 3}
    assert end.stop is None
    assert clock.passed_s > 599
