"""What stops a whole run, what does not, and what starts the counting anew."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING, TypeAlias

import pytest

from importer.errors import ExitCode
from importer.model import (
    Booked,
    NotTaken,
    NotTakenCause,
    Outcome,
    Rejected,
    RunStop,
    Unknown,
)
from importer.posting.stops import Stop, Stops

if TYPE_CHECKING:
    from collections.abc import Iterable

BOOKED = Booked(booking_id=1)
UNKNOWN = Unknown(reason="ReadTimeout")
UNREACHED = NotTaken(cause=NotTakenCause.NO_CONNECTION, left=False)
HELD_BACK = NotTaken(cause=NotTakenCause.HELD_BACK, left=False)
TOO_MANY = NotTaken(cause=NotTakenCause.TOO_MANY_REQUESTS, http_status=429)
LOCKED = NotTaken(cause=NotTakenCause.LOCKED, http_status=423)
UNAUTHORIZED = NotTaken(cause=NotTakenCause.UNAUTHORIZED, http_status=401)
REDIRECTED = Rejected(http_status=302, stop=RunStop.WRONG_ADDRESS)
FORBIDDEN_KEY = NotTaken(
    cause=NotTakenCause.UNAUTHORIZED, http_status=403, stop=RunStop.GATEWAY_REFUSED
)
CERTIFICATE = NotTaken(cause=NotTakenCause.CERTIFICATE, left=False)


def rejected(status: int = 422) -> Rejected:
    return Rejected(http_status=status)


def refused_for(seconds: float) -> NotTaken:
    return NotTaken(cause=NotTakenCause.TOO_MANY_REQUESTS, http_status=429, retry_after_s=seconds)


Timed: TypeAlias = "tuple[float, Outcome]"


def stop_after(outcomes: Iterable[Outcome], every_s: float = 0.1) -> tuple[int, Stop | None]:
    """Return how many outcomes it took to stop, and the stop."""
    return stop_after_timed((n * every_s, outcome) for n, outcome in enumerate(outcomes))


def stop_after_timed(outcomes: Iterable[Timed]) -> tuple[int, Stop | None]:
    stops = Stops()
    count = 0
    for count, (at_s, outcome) in enumerate(outcomes, start=1):
        stop = stops.after(outcome, 5_000 + at_s, left_s=5_000 + at_s)
        if stop is not None:
            return count, stop
    return count, None


STOPS: dict[str, tuple[Iterable[Outcome], int, ExitCode, int | None]] = {
    # outcomes, how many it takes, exit code, the status whose rows go back to ready
    "5 ambiguous answers in a row": (
        [BOOKED, *[UNKNOWN] * 5],
        6,
        ExitCode.UNKNOWN_OUTCOMES,
        None,
    ),
    "5 ambiguous answers, with refusals between them": (
        [UNKNOWN, TOO_MANY, UNKNOWN, LOCKED, UNKNOWN, UNREACHED, UNKNOWN, HELD_BACK, UNKNOWN],
        9,
        ExitCode.UNKNOWN_OUTCOMES,
        None,
    ),
    "the first 5 all 403": ([rejected(403)] * 5, 5, ExitCode.CREDENTIALS, 403),
    "the first 5 all 404": ([rejected(404)] * 5, 5, ExitCode.USAGE, 404),
    "the first 5 all 403, refusals aside": (
        [UNAUTHORIZED, rejected(403), TOO_MANY, UNREACHED, *[rejected(403)] * 4],
        8,
        ExitCode.CREDENTIALS,
        403,
    ),
    "a redirect as the first answer": ([REDIRECTED], 1, ExitCode.USAGE, 302),
    "a redirect after others": ([BOOKED, rejected(), REDIRECTED], 3, ExitCode.USAGE, None),
    "a method that this address does not know": (
        [Rejected(http_status=405, stop=RunStop.WRONG_ADDRESS)],
        1,
        ExitCode.USAGE,
        405,
    ),
    "the gateway's Forbidden": ([BOOKED, FORBIDDEN_KEY], 2, ExitCode.CREDENTIALS, None),
    "a bad certificate": ([CERTIFICATE], 1, ExitCode.USAGE, None),
    "the first 20 all rejected": ([rejected()] * 20, 20, ExitCode.STOPPED_EARLY, None),
    "the first 20 rejected in different ways": (
        [rejected(status) for status in [422, 400, 403, 404, 409] * 4],
        20,
        ExitCode.STOPPED_EARLY,
        None,
    ),
    "a pause of more than 15 minutes": (
        [BOOKED, refused_for(900), refused_for(901)],
        3,
        ExitCode.STOPPED_EARLY,
        None,
    ),
    "such a pause with an answer that is no 429": (
        [
            BOOKED,
            NotTaken(cause=NotTakenCause.LOCKED, http_status=423, retry_after_s=86_400),
        ],
        2,
        ExitCode.STOPPED_EARLY,
        None,
    ),
    "such a pause with an ambiguous answer": (
        [BOOKED, Unknown(reason="answered 503", http_status=503, retry_after_s=3_600)],
        2,
        ExitCode.STOPPED_EARLY,
        None,
    ),
}


@pytest.mark.parametrize("name", STOPS)
def test_the_run_stops_at(name: str) -> None:
    outcomes, count, exit_code, frees = STOPS[name]
    taken, stop = stop_after(outcomes)
    assert stop is not None
    assert (taken, stop.exit_code, stop.frees) == (count, exit_code, frees)
    assert stop.why
    assert stop.todo


GOES_ON: dict[str, Iterable[Outcome]] = {
    "everything booked": [BOOKED] * 1_000,
    "4 ambiguous answers in a row, often": [*[UNKNOWN] * 4, BOOKED] * 100,
    "4 ambiguous answers and a rejection": [*[UNKNOWN] * 4, rejected()] * 100,
    "rejections after one booking": [BOOKED, *[rejected()] * 1_000],
    "19 rejections, then a booking": [*[rejected()] * 19, BOOKED, *[rejected()] * 50],
    "19 rejections, then an ambiguous answer": [*[rejected()] * 19, UNKNOWN, *[rejected()] * 50],
    "4 times 403, then a booking": [*[rejected(403)] * 4, BOOKED, *[rejected(403)] * 50],
    "403 and 404 by turns": [*[rejected(403), rejected(404)] * 5, BOOKED, *[rejected()] * 50],
    "5 times 422": [*[rejected(422)] * 5, BOOKED],
    "403 after a good start": [*[BOOKED] * 5, *[rejected(403)] * 50],
    "refusals and short failures to connect": [TOO_MANY, UNREACHED, LOCKED, BOOKED] * 200,
    "a token that has to be renewed": [UNAUTHORIZED, BOOKED] * 100,
    "a healthy mixed run": list(
        chain.from_iterable(
            repeat([BOOKED, BOOKED, rejected(), UNKNOWN, TOO_MANY, UNREACHED, HELD_BACK], 200)
        )
    ),
}


@pytest.mark.parametrize("name", GOES_ON)
def test_nothing_stops(name: str) -> None:
    _, stop = stop_after(GOES_ON[name])
    assert stop is None


# Without a connection


def test_five_rows_in_a_row_without_connection_stop_the_run() -> None:
    stops = Stops()
    assert [stops.after_row_without_connection() is None for _ in range(5)] == [True] * 4 + [False]


@pytest.mark.parametrize("answer", [BOOKED, UNKNOWN, rejected(), TOO_MANY, LOCKED, UNAUTHORIZED])
def test_any_answer_is_a_connection(answer: Outcome) -> None:
    stops = Stops()
    for _ in range(10):
        for _ in range(4):
            assert stops.after_row_without_connection() is None
        stops.after(answer, 0, left_s=0)


def test_rows_without_connection_exit_as_stopped_early() -> None:
    stops = Stops()
    told = [stops.after_row_without_connection() for _ in range(5)][-1]
    assert told is not None
    assert told.exit_code == ExitCode.STOPPED_EARLY


@pytest.mark.parametrize(
    ("tries", "stops_at"),
    [
        ([0, 30, 60], None),
        ([0, 30, 60, 60.1], 4),
        ([0, 61], 2),
        ([59, 61, 100, 119], None),
    ],
)
def test_a_minute_of_failed_connections_stops_the_run(
    tries: list[float], stops_at: int | None
) -> None:
    taken, stop = stop_after_timed((at_s, UNREACHED) for at_s in tries)
    assert (taken if stop else None) == stops_at
    assert stop is None or stop.exit_code == ExitCode.STOPPED_EARLY


def test_the_minute_begins_with_the_first_failure_not_with_a_pause_of_ours() -> None:
    """After a pause of ten minutes the last answer is old, and nothing is wrong."""
    tries: list[Timed] = [(0, TOO_MANY), (600, UNREACHED), (602, UNREACHED), (604, BOOKED)]
    assert stop_after_timed(tries)[1] is None


def test_an_answer_begins_the_minute_anew() -> None:
    tries: list[Timed] = [(0, UNREACHED), (50, BOOKED), (55, UNREACHED), (114, UNREACHED)]
    assert stop_after_timed(tries)[1] is None


def test_being_held_back_is_no_failure_to_connect() -> None:
    tries: list[Timed] = [(0, HELD_BACK), (100, HELD_BACK), (200, HELD_BACK)]
    assert stop_after_timed(tries)[1] is None


# Nothing but "not now"


@pytest.mark.parametrize("refusal", [TOO_MANY, LOCKED, UNAUTHORIZED])
def test_a_quarter_of_an_hour_of_nothing_but_refusals_stops_the_run(refusal: NotTaken) -> None:
    refusals = ((minute * 60.0, refusal) for minute in range(60))
    taken, stop = stop_after_timed(refusals)
    assert stop is not None
    assert taken == 17  # the first one is minute 0
    assert stop.exit_code == ExitCode.STOPPED_EARLY
    assert str(refusal.http_status) in stop.why


@pytest.mark.parametrize("answer", [BOOKED, UNKNOWN, rejected()])
def test_one_answer_begins_the_quarter_of_an_hour_anew(answer: Outcome) -> None:
    refusals: list[Timed] = [(minute * 60.0, TOO_MANY) for minute in range(15)]
    again: list[Timed] = [(900.0 + minute * 60.0, TOO_MANY) for minute in range(15)]
    assert stop_after_timed([*refusals, (890.0, answer), *again])[1] is None


def test_a_lost_connection_does_not_begin_it_anew() -> None:
    tries: list[Timed] = [(0, TOO_MANY), (450, UNREACHED), (901, TOO_MANY)]
    assert stop_after_timed(tries)[1] is not None


# What people are told

CHECK_URL = "check SOLV_IMPORT_BASE_URL"
LATER = "run the same command again later, with a lower --rate"
SETTLE = "settle the unknown rows with reconcile, then run again"
READ_WORDS = "read Solv's words in the results: the mapping is probably wrong"

WORDS: dict[str, tuple[str, str]] = {
    "5 ambiguous answers in a row": (
        "5 answers in a row did not say whether there is a booking",
        SETTLE,
    ),
    "the first 5 all 403": (
        "the first 5 answers were all 403",
        "ask Solv which locations this client may book at",
    ),
    "the first 5 all 404": (
        "the server answered 404: this does not look like the Partner API",
        CHECK_URL,
    ),
    "a redirect as the first answer": (
        "the server redirected: this does not look like the Partner API",
        CHECK_URL,
    ),
    "a method that this address does not know": (
        "the server answered 405: this does not look like the Partner API",
        CHECK_URL,
    ),
    "the gateway's Forbidden": (
        "the gateway refused the client id",
        "check SOLV_IMPORT_CLIENT_ID, and that it belongs to this base URL",
    ),
    "a bad certificate": (
        "the server's certificate is not trusted",
        "check the base URL; for a private certificate authority name its file",
    ),
    "the first 20 all rejected": ("the first 20 rows were all refused", READ_WORDS),
    "a pause of more than 15 minutes": ("the server asks for a pause of 15 minutes", LATER),
    "such a pause with an ambiguous answer": (
        "the server asks for a pause of 60 minutes",
        LATER,
    ),
}


@pytest.mark.parametrize("name", WORDS)
def test_a_stop_says_why_and_what_to_do(name: str) -> None:
    _, stop = stop_after(STOPS[name][0])
    assert stop is not None
    assert (stop.why, stop.todo) == WORDS[name]


def test_a_stop_for_silence_says_how_long_it_was() -> None:
    todo = "check the network and the base URL, then run the same command again"
    _, stop = stop_after_timed([(0, UNREACHED), (61, UNREACHED)])
    assert stop is not None
    assert (stop.why, stop.todo) == ("no connection for 61 seconds", todo)
    stops = Stops()
    told = [stops.after_row_without_connection() for _ in range(5)][-1]
    assert told is not None
    assert (told.why, told.todo) == ("5 rows in a row could not connect", todo)


def test_a_stop_for_refusals_says_which_and_how_long() -> None:
    _, stop = stop_after_timed([(0, LOCKED), (920, LOCKED)])
    assert stop is not None
    assert stop.why == "the server has said nothing but 423 for 15 minutes"
    assert stop.todo == LATER


def test_the_quarter_of_an_hour_is_over_only_after_it() -> None:
    assert stop_after_timed([(0, LOCKED), (900, LOCKED)])[1] is None
    assert stop_after_timed([(0, LOCKED), (900.1, LOCKED)])[1] is not None


@pytest.mark.parametrize("status", [300, 399])
def test_every_3xx_is_a_redirect(status: int) -> None:
    _, stop = stop_after([Rejected(http_status=status, stop=RunStop.WRONG_ADDRESS)])
    assert stop is not None
    assert stop.why.startswith("the server redirected")
    _, other = stop_after([Rejected(http_status=501, stop=RunStop.WRONG_ADDRESS)])
    assert other is not None
    assert other.why.startswith("the server answered 501")


def test_an_answer_to_what_left_before_an_outage_is_no_sign_of_its_end() -> None:
    """Else slow answers from before it would let it take more rows than it may."""
    stops = Stops()
    told = [
        stops.after(outcome, 10, left_s=left_s)
        for outcome, left_s in [(UNKNOWN, 3), (BOOKED, 1), (UNKNOWN, 4), (BOOKED, 2), (BOOKED, 3)]
    ]
    assert told == [None] * 5
    assert [stops.after(UNKNOWN, 11, left_s=5) is None for _ in range(3)] == [True, True, False]


def test_an_answer_to_what_left_after_a_lost_one_starts_the_count_anew() -> None:
    """Lost for 65 s, while others were answered: the next of those is enough."""
    stops = Stops()
    for _ in range(4):
        assert stops.after(UNKNOWN, 70, left_s=5) is None
    assert stops.after(BOOKED, 71, left_s=6) is None
    assert [stops.after(UNKNOWN, 72, left_s=7) is None for _ in range(5)] == [True] * 4 + [False]
