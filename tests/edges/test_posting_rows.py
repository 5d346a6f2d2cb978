"""What becomes of a row: its state in the ledger, and how often its request leaves."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING

import pytest
import structlog
from structlog.testing import capture_logs

from importer.errors import ExitCode
from importer.model import (
    Booked,
    FieldError,
    NotTaken,
    NotTakenCause,
    Outcome,
    Rejected,
    State,
    Unknown,
)
from tests.edges.ledger_kit import codes_of, make_row, plan
from tests.edges.posting_kit import open_desk
from tests.edges.posting_script_kit import (
    HELD_BACK,
    NOON,
    UNREACHED,
    Answer,
    all_booked,
    always,
    booked,
    first,
    not_taken,
    per_row,
    too_many,
)

if TYPE_CHECKING:
    from pathlib import Path


SETTLED: dict[str, tuple[Outcome, State, list[str]]] = {
    "booked": (Booked(booking_id=77), State.BOOKED, []),
    "rejected": (Rejected(http_status=409), State.REJECTED, ["API_CONFLICT"]),
    "rejected for a field": (
        Rejected(http_status=422, errors=(FieldError(loc="phone", type="value_error"),)),
        State.REJECTED,
        ["API_FIELD_REFUSED"],
    ),
    "unknown": (Unknown(reason="ReadTimeout"), State.UNKNOWN, ["OUTCOME_UNKNOWN"]),
    "unknown with a status": (
        Unknown(reason="answered 500", http_status=500),
        State.UNKNOWN,
        ["OUTCOME_UNKNOWN"],
    ),
}


@pytest.mark.parametrize("name", SETTLED)
def test_a_settled_row_is_sent_once_and_stands_in_the_ledger(name: str, tmp_path: Path) -> None:
    outcome, state, codes = SETTLED[name]
    with open_desk(tmp_path, rows=3) as desk:
        end, server = desk.post(per_row(row_3=outcome))
        row = desk.rows()[3]

    assert end.stop is None
    assert Counter(server.rows) == {2: 1, 3: 1, 4: 1}
    assert (row.state, row.requests) == (state, 1)
    assert codes_of(desk.ledger, row.row_id) == codes
    assert row.booking_id == (77 if state is State.BOOKED else None)
    assert desk.states() == Counter({State.BOOKED: 2}) + Counter([state])


def test_whoever_asks_for_logs_is_told_of_every_row_and_of_nothing_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = Rejected(http_status=422, text="Ada Canary is too young")
    structlog.reset_defaults()  # a command that ran in this process may have set up its logs
    with open_desk(tmp_path / "silent", rows=1) as desk:
        desk.post(always(outcome))
    assert capsys.readouterr() == ("", "")
    try:
        with capture_logs() as told, open_desk(tmp_path / "told", rows=4) as desk:
            lost = Unknown(reason="answered 500", http_status=500)
            desk.post(per_row(row_3=outcome, row_4=lost, row_5=(too_many(1),)), in_flight=1)
    finally:
        structlog.reset_defaults()

    row: dict[str, object] = {"event": "row", "log_level": "debug"}
    assert sorted(told, key=itemgetter("row")) == [
        row | {"row": 2, "state": "booked 9002", "http_status": 200},
        row | {"row": 3, "state": "rejected", "http_status": 422},
        row | {"row": 4, "state": "unknown", "http_status": 500},
        row | {"row": 5, "state": "not taken", "http_status": 429},
        row | {"row": 5, "state": "booked 9005", "http_status": 200},
    ]


def test_the_servers_words_are_kept_beside_the_ledger(tmp_path: Path) -> None:
    with open_desk(tmp_path, rows=2) as desk:
        desk.post(per_row(row_3=Rejected(http_status=422, text="phone is odd")))
        assert desk.spool.words() == {"key-3": "phone is odd"}


def test_words_that_cannot_be_kept_stop_nothing(tmp_path: Path) -> None:
    with open_desk(tmp_path, rows=3) as desk:
        desk.spool.answers_file.mkdir()
        end, _ = desk.post(per_row(row_3=Rejected(http_status=422, text="phone is odd")))

    assert end.stop is None
    assert desk.rows()[3].state is State.REJECTED
    assert desk.watcher.notices == [
        "the server's own words could not be kept: the disk refused them"
    ]


def test_progress_counts_every_settled_row_once(tmp_path: Path) -> None:
    with open_desk(tmp_path, rows=6) as desk:
        answers: dict[str, Answer] = {
            "row_3": Rejected(http_status=422),
            "row_4": Unknown(reason="x"),
        }
        desk.post(per_row(**answers, row_5=(too_many(1), UNREACHED)))
    last = desk.watcher.views[-1]
    assert (last.done, last.booked, last.rejected, last.unknown) == (6, 4, 1, 1)
    assert [view.done for view in desk.watcher.views] == sorted(
        view.done for view in desk.watcher.views
    )


def test_progress_tells_how_many_wait_to_go_again(tmp_path: Path) -> None:
    random.seed(7)  # their waits are random
    with open_desk(tmp_path, rows=60) as desk:
        locked = (not_taken(NotTakenCause.LOCKED),) * 3
        desk.post(per_row(row_3=locked, row_4=locked), in_flight=3)
    waiting = [view.waiting for view in desk.watcher.views]
    assert max(waiting) == 2
    assert min(waiting) == waiting[-1] == 0


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Rejected(http_status=409), "409"),
        (Rejected(http_status=422, errors=(FieldError(loc="phone", type="t"),)), "422 phone"),
        (
            Rejected(
                http_status=422,
                errors=(FieldError(loc="a.b.zip", type="t"), FieldError(loc="x", type="t")),
            ),
            "422 zip",
        ),
    ],
)
def test_progress_tells_the_newest_problem_by_status_and_field(
    refusal: Rejected, words: str, tmp_path: Path
) -> None:
    with open_desk(tmp_path, rows=4) as desk:
        desk.post(per_row(row_3=refusal, row_4=refusal), in_flight=1)
    last = desk.watcher.views[-1]
    assert (last.last_problem, last.last_problem_rows) == (words, 2)


def test_a_claim_bears_the_time_at_which_its_request_leaves(tmp_path: Path) -> None:
    """It is written before; the next process counts its first spacing from it."""
    with open_desk(tmp_path, rows=4) as desk:
        _, server = desk.post(all_booked, per_s=2)
        rows = desk.rows()

    for departure in server.departures:
        claimed_at = datetime.fromisoformat(rows[departure.row_number].sending_at or "")
        left_at = NOON + timedelta(seconds=departure.at_s - 1_000)
        assert abs((claimed_at - left_at).total_seconds()) < 0.001


# What may go again

CHARGED = [
    not_taken(NotTakenCause.LOCKED),
    not_taken(NotTakenCause.MISDIRECTED),
    not_taken(NotTakenCause.TOO_EARLY),
    not_taken(NotTakenCause.UNAVAILABLE, 3.0),
    UNREACHED,
]
FREE = [
    too_many(1),
    too_many(None),
    too_many(0),
    not_taken(NotTakenCause.UNAUTHORIZED),
    HELD_BACK,
]


@pytest.mark.parametrize("refusal", [*CHARGED, *FREE], ids=lambda r: r.cause.name)
def test_what_was_surely_not_taken_goes_again_and_is_booked_once(
    refusal: NotTaken, tmp_path: Path
) -> None:
    with open_desk(tmp_path, rows=4) as desk:
        end, server = desk.post(per_row(row_3=refusal))
        rows = desk.rows()

    assert end.stop is None
    assert desk.states() == {State.BOOKED: 4}
    assert rows[3].requests == (2 if refusal.left else 1)
    assert server.asked[3] == 2
    assert [server.asked[number] for number in (2, 4, 5)] == [1, 1, 1]


@pytest.mark.parametrize("refusal", CHARGED, ids=lambda r: r.cause.name)
def test_after_six_tries_a_row_is_left_ready_for_the_next_run(
    refusal: NotTaken, tmp_path: Path
) -> None:
    with open_desk(tmp_path, rows=4) as desk:
        end, server = desk.post(per_row(row_3=(refusal,) * 50))
        rows = desk.rows()

    assert end.stop is None
    assert server.asked[3] == 6
    assert (rows[3].state, rows[3].requests) == (State.READY, 6 if refusal.left else 0)
    assert desk.states() == {State.BOOKED: 3, State.READY: 1}


@pytest.mark.parametrize("refusal", FREE, ids=["429", "429-none", "429-0", "401", "held back"])
def test_429_and_401_and_our_own_pauses_charge_no_try(refusal: NotTaken, tmp_path: Path) -> None:
    with open_desk(tmp_path, rows=3) as desk:
        end, server = desk.post(per_row(row_3=(refusal,) * 12))

    assert end.stop is None
    assert server.asked[3] == 13
    assert desk.states() == {State.BOOKED: 3}


def test_tries_wait_longer_and_longer_up_to_twice_as_long_each(tmp_path: Path) -> None:
    with open_desk(tmp_path, rows=1) as desk:
        _, server = desk.post(always(not_taken(NotTakenCause.LOCKED)), answer_s=lambda: 0.0)

    waits = [b - a for a, b in pairwise(server.times)]
    assert len(waits) == 5
    assert all(wait <= most + 0.1 for wait, most in zip(waits, [1, 2, 4, 8, 16], strict=True))


def test_the_whole_run_has_a_budget_of_tries(tmp_path: Path) -> None:
    """20, and one for every ten rows that were settled; then each row is tried once."""
    with open_desk(tmp_path, rows=140) as desk:
        locked = not_taken(NotTakenCause.LOCKED)
        end, server = desk.post(lambda row, _: locked if row > 101 else booked(row), in_flight=2)

    assert end.stop is None
    assert desk.states() == {State.BOOKED: 100, State.READY: 40}
    assert len(server.rows) == 140 + 30


def test_a_short_outage_with_fifty_in_flight_costs_no_row(tmp_path: Path) -> None:
    """Tries that never left burden nobody, so the budget is not for them."""
    with open_desk(tmp_path, rows=150) as desk:
        fails = {"left": 120}

        def script(row_number: int, _: int) -> Answer:
            if row_number > 60 and fails["left"]:
                fails["left"] -= 1
                return UNREACHED
            return booked(row_number)

        end, _ = desk.post(script, in_flight=50)

    assert end.stop is None
    assert desk.states() == {State.BOOKED: 150}


@pytest.mark.parametrize("asked_s", [None, 0.0, 2.0, 30.0])
def test_nothing_but_429_ends_within_half_an_hour(asked_s: float | None, tmp_path: Path) -> None:
    with open_desk(tmp_path, rows=10) as desk:
        end, server = desk.post(always(too_many(asked_s)), per_s=2.0)

    assert end.stop is not None
    assert end.stop.exit_code == ExitCode.STOPPED_EARLY
    assert desk.states() == {State.READY: 10}
    assert 900 < server.times[-1] - server.times[0] < 1_000
    assert len(server.rows) < 500  # also when it says "0 seconds", it is not hammered


@pytest.mark.parametrize("cause", [NotTakenCause.LOCKED, NotTakenCause.UNAVAILABLE])
def test_a_server_that_only_says_not_now_is_not_asked_for_ever(
    cause: NotTakenCause, tmp_path: Path
) -> None:
    """Each refusal asks for a pause, so a thousand rows would take a week."""
    with open_desk(tmp_path, rows=200) as desk:
        end, server = desk.post(always(not_taken(cause, 100.0)))

    assert end.stop is not None
    assert end.stop.exit_code == ExitCode.STOPPED_EARLY
    assert server.times[-1] - server.times[0] < 1_100
    assert desk.states() == {State.READY: 200}


# What is not sent any more


def test_a_row_whose_time_has_come_is_invalid_and_nobody_signs_in_for_it(tmp_path: Path) -> None:
    sign_ins = 0

    async def sign_in() -> None:
        nonlocal sign_ins
        sign_ins += 1

    with open_desk(tmp_path, rows=3, appointments=[NOON, NOON - timedelta(days=1)]) as desk:
        end, server = desk.post(all_booked, sign_in=sign_in)
        rows = desk.rows()

    assert end.stop is None
    assert server.rows == [4]
    assert sign_ins == 1
    assert [rows[number].state for number in (2, 3, 4)] == [
        State.INVALID,
        State.INVALID,
        State.BOOKED,
    ]
    assert codes_of(desk.ledger, rows[2].row_id) == ["APPOINTMENT_IN_PAST"]
    assert [rows[number].requests for number in (2, 3)] == [0, 0]


def test_a_row_whose_time_comes_while_it_waits_for_its_turn_is_not_sent(tmp_path: Path) -> None:
    soon = NOON + timedelta(seconds=90)
    with open_desk(tmp_path, rows=4, appointments=[soon] * 4) as desk:
        _, server = desk.post(all_booked, per_s=1 / 60, in_flight=2)

    assert server.rows == [2, 3]
    assert desk.states() == {State.BOOKED: 2, State.INVALID: 2}


def test_a_row_whose_time_comes_during_a_pause_is_not_sent(tmp_path: Path) -> None:
    soon = NOON + timedelta(seconds=90)
    with open_desk(tmp_path, rows=2, appointments=[soon]) as desk:
        _, server = desk.post(first(too_many(600)), in_flight=1)

    assert server.rows == [2, 3]
    assert [desk.rows()[number].state for number in (2, 3)] == [State.INVALID, State.BOOKED]
    assert desk.rows()[2].requests == 1


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(Booked(booking_id=5), State.SKIPPED), (Unknown(reason="ReadTimeout"), State.UNKNOWN)],
)
def test_a_claim_that_meets_the_same_booking_sends_nothing(
    outcome: Outcome, state: State, tmp_path: Path
) -> None:
    with open_desk(tmp_path, rows=2) as desk:
        (earlier,) = plan(desk.ledger, make_row(9, booking="booking 3"), run_id="earlier")
        desk.ledger.claim(earlier, NOON).result()
        desk.ledger.record(earlier, outcome, NOON).result()
        end, server = desk.post(all_booked)
        row = desk.rows()[3]

    assert end.stop is None
    assert server.rows == [2]
    assert (row.state, row.refers_to) == (state, earlier)
    last = desk.watcher.views[-1]
    is_booked = state is State.SKIPPED
    assert (last.done, last.skipped, last.unknown) == (2, int(is_booked), int(not is_booked))


def test_two_rows_of_one_booking_that_race_are_sent_once(tmp_path: Path) -> None:
    """Planning holds the second back; the index does, should it ever not."""
    with open_desk(tmp_path, rows=1) as desk:
        twins = [make_row(n, booking="the same") for n in range(20, 28)]
        row_ids = plan(desk.ledger, *twins, run_id="twins")
        sample = desk.requests[0]
        desk.requests += [
            type(sample)(
                row_id=row_id,
                row_number=number,
                row_key=sample.row_key,
                appointment_at=sample.appointment_at,
                body=str(number).encode(),
            )
            for number, row_id in enumerate(row_ids, start=20)
        ]
        end, server = desk.post(all_booked, in_flight=8)

    assert end.stop is None
    assert len(server.rows) == 2
    assert min(server.rows) == 2


def test_a_row_that_another_process_settled_is_not_sent(tmp_path: Path) -> None:
    with open_desk(tmp_path, rows=2) as desk:
        row_id = desk.requests[1].row_id
        desk.ledger.claim(row_id, NOON).result()
        desk.ledger.record(row_id, Rejected(http_status=422), NOON).result()
        _, server = desk.post(all_booked)

    assert server.rows == [2]
    assert desk.rows()[3].state is State.REJECTED


def test_every_row_of_a_run_is_accounted_for(tmp_path: Path) -> None:
    """A mixed run, in which everything happens that does not stop it."""
    kinds: list[tuple[Answer, ...]] = [
        (),
        (Rejected(http_status=422),),
        (too_many(1), too_many(None)),
        (UNREACHED, not_taken(NotTakenCause.LOCKED)),
        (Unknown(reason="answered 504", http_status=504),),
        (not_taken(NotTakenCause.UNAUTHORIZED),),
    ]
    answers = {f"row_{n}": kinds[n % len(kinds)] for n in range(2, 62)}
    with open_desk(tmp_path, rows=60) as desk:
        end, server = desk.post(per_row(**answers), in_flight=8, per_s=20)

    assert end.stop is None
    assert desk.states() == {State.BOOKED: 40, State.REJECTED: 10, State.UNKNOWN: 10}
    taken_twice = Counter(server.rows)
    assert max(taken_twice.values()) == 3
    assert desk.watcher.views[-1].done == 60
