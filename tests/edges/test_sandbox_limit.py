"""The server-side limit counts by arrival, in any window, and says how long to wait."""

from __future__ import annotations

import email.utils
import time
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.sandbox import (
    Limit,
    LimitHeaders,
    Sandbox,
    SandboxConfig,
    most_in_window,
    running_sandbox,
)
from importer.sandbox.limit import SlidingLimit, limit_headers
from tests.edges.sandbox_kit import book, client_of, signed_in

if TYPE_CHECKING:
    from collections.abc import Iterator

MOMENTS = st.lists(st.floats(0, 10).map(lambda moment: round(moment, 2)), max_size=40)


@pytest.mark.parametrize(
    ("times", "most"),
    [
        ([], 0),
        ([5.0], 1),
        ([0.0, 1.0], 1),
        ([0.0, 0.999], 2),
        ([3.0, 0.0, 0.5, 0.9, 1.2], 3),
        ([0.0] * 7, 7),
    ],
)
def test_most_in_window(times: list[float], most: int) -> None:
    assert most_in_window(times, 1.0) == most


@settings(deadline=None)
@given(MOMENTS)
def test_most_in_window_is_what_counting_every_window_gives(times: list[float]) -> None:
    counted = [sum(0 <= other - start < 1.5 for other in times) for start in times]
    assert most_in_window(times, 1.5) == max(counted, default=0)


@settings(deadline=None)
@given(MOMENTS, st.integers(1, 5))
def test_no_window_ever_holds_more_than_the_limit(times: list[float], requests: int) -> None:
    """Whatever the order in which arrivals are judged."""
    limiter = SlidingLimit(Limit(requests=requests, window_s=1.0))
    admitted = [moment for moment in times if limiter.admits(moment)]
    assert most_in_window(admitted, 1.0) <= requests


@settings(deadline=None)
@given(MOMENTS)
def test_a_pace_within_the_limit_is_never_refused(times: list[float]) -> None:
    limiter = SlidingLimit(Limit(requests=max(1, most_in_window(times, 1.0))))
    assert all(limiter.admits(moment) for moment in times)


def test_the_wait_is_exactly_until_one_more_is_admitted() -> None:
    limiter = SlidingLimit(Limit(requests=2, window_s=10))
    assert [limiter.admits(moment) for moment in (0.0, 4.0, 6.0)] == [True, True, False]
    wait_s = limiter.wait_s(6.0)
    assert wait_s == 4.0
    assert not limiter.admits(6.0 + wait_s - 0.001)
    assert limiter.admits(6.0 + wait_s)


def test_there_is_nothing_to_wait_for_below_the_limit() -> None:
    assert SlidingLimit(Limit(requests=1)).wait_s(5.0) == 0.0


def test_refused_requests_count_only_by_switch() -> None:
    for counts_refused, wanted in ((False, True), (True, False)):
        limiter = SlidingLimit(Limit(requests=1, counts_refused=counts_refused))
        assert limiter.admits(0.0)
        assert not limiter.admits(0.9)
        assert limiter.admits(1.1) is wanted


def test_a_long_run_forgets_what_no_window_can_hold() -> None:
    limiter = SlidingLimit(Limit(requests=3, window_s=0.01))
    assert all(limiter.admits(number * 0.01) for number in range(20_000))
    assert [limiter.admits(200.0) for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize("wrong", [{"requests": 0}, {"window_s": 0}, {"headers": "morse"}])
def test_a_limit_that_cannot_be_kept_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="limit"):
        Limit(**({"requests": 1} | wrong))


@pytest.mark.parametrize("dialect", get_args(LimitHeaders))
def test_every_dialect_asks_for_enough(dialect: LimitHeaders) -> None:
    headers = limit_headers(dialect, wait_s=2.3, now=1000.5, requests=20, window_s=60)
    match dialect:
        case "retry-after":
            assert headers == {"Retry-After": "3"}
        case "http-date":
            until = email.utils.parsedate_to_datetime(headers["Retry-After"])
            assert until.timestamp() == 1003
        case "x-ratelimit":
            assert headers["X-RateLimit-Reset"] == "1003"
            assert headers["X-RateLimit-Limit"] == "20"
        case "ratelimit":
            assert headers["RateLimit-Policy"] == '"default";q=20;w=60'
            assert headers["RateLimit"] == '"default";r=0;t=3'
        case "ratelimit-old":
            assert headers["RateLimit-Reset"] == "3"
        case "none":
            assert headers == {}


@pytest.fixture
def limited() -> Iterator[Sandbox]:
    limit = Limit(requests=3, window_s=60, headers="retry-after")
    with running_sandbox(SandboxConfig(limit=limit)) as running:
        yield running


def test_token_calls_count_and_the_log_shows_the_429(limited: Sandbox) -> None:
    client = signed_in(limited)
    answers = [book(client) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert answers[2].json() == {"message": "Too Many Requests"}
    assert 55 <= int(answers[2].headers["retry-after"]) <= 60
    assert [request.committed for request in limited.requests()] == [True, True, False, False]


def test_requests_without_a_key_count(limited: Sandbox) -> None:
    stranger = client_of(limited, **{"x-api-key": "wrong"})
    assert [book(stranger).status_code for _ in range(4)] == [403, 403, 403, 429]


def test_only_bookings_count_by_switch() -> None:
    limit = Limit(requests=1, window_s=60, counts_only_bookings=True)
    with running_sandbox(SandboxConfig(limit=limit)) as sandbox:
        client = signed_in(sandbox, "read:locations,write:bookings")
        assert book(client).status_code == 200
        assert client.get("/v1/partner/locations/4021").status_code == 200
        assert book(client).status_code == 429


def test_the_limit_lets_through_again_when_the_window_has_passed() -> None:
    limit = Limit(requests=3, window_s=0.5)
    with running_sandbox(SandboxConfig(limit=limit)) as sandbox:
        client = signed_in(sandbox)
        statuses = []
        while statuses.count(429) < 3 or statuses[-1] == 429:
            statuses.append(book(client).status_code)
            time.sleep(0.005)
        arrivals = [request.mono for request in sandbox.all_requests() if request.status == 200]
    assert statuses[0] == statuses[-1] == 200
    assert most_in_window(arrivals, 0.5) <= 3


def test_a_queued_fault_waits_behind_the_limit(limited: Sandbox) -> None:
    client = signed_in(limited)
    limited.set_limit(Limit(requests=1, window_s=60))
    assert book(client).status_code == 200
    limited.fault_next("500")
    assert book(client).status_code == 429
    limited.set_limit(None)
    assert book(client).status_code == 500
