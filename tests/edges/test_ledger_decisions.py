"""Decisions: what a person says about a row is taken for every row that follows it, once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from importer.ledger import Ledger, Refusal, Ruling
from importer.model import Answer, Booked, Rejected, State, Unknown
from importer.problems import ProblemCode, RowProblem
from tests.edges.ledger_kit import (
    AT,
    book,
    claim,
    codes_of,
    make_row,
    plan,
    query,
    record,
    row_of,
    states_of,
)

LATER = AT + timedelta(minutes=15)
LOST = Unknown(reason="answered 502", http_status=502, server_ids="cf-ray=1-SEA")


def lose(ledger: Ledger, row_id: int) -> None:
    """Send a row and lose its answer."""
    assert claim(ledger, row_id) is State.SENDING
    record(ledger, row_id, LOST)


def decide(
    ledger: Ledger,
    answer: Answer,
    booking_id: int | None = None,
    *,
    number: int = 2,
    run_id: str = "run",
    at: datetime = LATER,
) -> str:
    """Decide about one row and return why that cannot be, "" when it was."""
    key = row_of(ledger, number, run_id).row_key
    with ledger.history() as history:
        run = history.run(run_id)
    assert run is not None
    ruling = Ruling(row_key=key, answer=answer, booking_id=booking_id)
    refusals = ledger.decide(run.run_number, [ruling], who="ann@desk", at=at)
    assert all(refusal.row_key == key for refusal in refusals)
    return "".join(refusal.why for refusal in refusals)


def decisions_in(ledger: Ledger) -> list[tuple[object, ...]]:
    return query(
        ledger.folder.database,
        "SELECT row_id, answer, booking_id, decided_by, decided_at FROM decision",
    )


# What each decision does


def test_booked_gives_the_row_its_booking_and_writes_down_who_said_so(ledger: Ledger) -> None:
    (row_id,) = plan(ledger, make_row())
    lose(ledger, row_id)

    assert decide(ledger, Answer.BOOKED, 501) == ""

    row = row_of(ledger)
    assert (row.state, row.booking_id, row.reason) == (State.BOOKED, 501, "")
    assert codes_of(ledger, row_id) == []
    assert decisions_in(ledger) == [(row_id, "booked", 501, "ann@desk", LATER.isoformat())]
    settled = query(ledger.folder.database, "SELECT settled_at, settled_by FROM row")
    assert settled == [(LATER.isoformat(), "ann@desk")]


def test_booked_needs_no_waiting(ledger: Ledger) -> None:
    (row_id,) = plan(ledger, make_row())
    lose(ledger, row_id)

    assert decide(ledger, Answer.BOOKED, 501, at=AT + timedelta(seconds=1)) == ""


def test_not_booked_lets_the_row_be_sent_once_more(ledger: Ledger) -> None:
    (row_id,) = plan(ledger, make_row())
    lose(ledger, row_id)

    assert decide(ledger, Answer.NOT_BOOKED) == ""

    row = row_of(ledger)
    assert (row.state, row.http_status, row.reason, row.server_ids) == (State.READY, None, "", "")
    assert codes_of(ledger, row_id) == []
    assert query(ledger.folder.database, "SELECT releases FROM row") == [(1,)]
    assert decisions_in(ledger) == [(row_id, "not booked", None, "ann@desk", LATER.isoformat())]
    book(ledger, row_id, 501)
    assert row_of(ledger).requests == 2


def test_cancelled_frees_the_booking_for_another_row(ledger: Ledger) -> None:
    (row_id,) = plan(ledger, make_row(booking="one"))
    book(ledger, row_id, 501)

    assert decide(ledger, Answer.CANCELLED, at=AT) == ""

    row = row_of(ledger)
    assert (row.state, row.booking_id, row.is_cancelled) == (State.BOOKED, 501, True)
    assert codes_of(ledger, row_id) == ["BOOKING_CANCELLED"]
    assert decisions_in(ledger) == [(row_id, "cancelled", None, "ann@desk", AT.isoformat())]
    (again,) = plan(ledger, make_row(booking="one"), run_id="again")
    book(ledger, again, 502)


def test_a_cancelled_row_itself_is_not_sent_again(ledger: Ledger) -> None:
    (row_id,) = plan(ledger, make_row())
    book(ledger, row_id, 501)
    decide(ledger, Answer.CANCELLED)

    assert claim(ledger, row_id) is State.BOOKED


@pytest.mark.parametrize(
    ("answer", "booking_id"), [(Answer.BOOKED, 501), (Answer.NOT_BOOKED, None)], ids=str
)
def test_what_is_wrong_with_the_cells_outlives_a_decision(
    ledger: Ledger, answer: Answer, booking_id: int | None
) -> None:
    warning = RowProblem(row_number=2, code=ProblemCode.ZIP_PADDED, field="address_zip")
    (row_id,) = plan(ledger, make_row(problems=(warning,)))
    lose(ledger, row_id)
    assert codes_of(ledger, row_id) == ["ZIP_PADDED", "OUTCOME_UNKNOWN"]

    decide(ledger, answer, booking_id)

    assert codes_of(ledger, row_id) == ["ZIP_PADDED"]


# What cannot be decided


@pytest.mark.parametrize(
    ("sent_before", "why"),
    [
        (timedelta(minutes=15), ""),
        (timedelta(minutes=14, seconds=59), "decide again after 03:19 UTC"),
        (timedelta(seconds=-5), "decide again after 03:19 UTC"),
    ],
)
def test_not_booked_waits_until_no_request_can_arrive_any_more(
    ledger: Ledger, sent_before: timedelta, why: str
) -> None:
    (row_id,) = plan(ledger, make_row())
    lose(ledger, row_id)

    told = decide(ledger, Answer.NOT_BOOKED, at=AT + sent_before)

    assert bool(told) == bool(why)
    assert why in told
    assert row_of(ledger).state is (State.UNKNOWN if why else State.READY)
    assert len(decisions_in(ledger)) == (0 if why else 1)


@pytest.mark.parametrize("state", [s for s in State if s is not State.UNKNOWN], ids=str)
@pytest.mark.parametrize(
    ("answer", "booking_id"), [(Answer.BOOKED, 501), (Answer.NOT_BOOKED, None)], ids=str
)
def test_only_an_unknown_row_can_be_settled(
    ledger: Ledger, state: State, answer: Answer, booking_id: int | None
) -> None:
    plan(ledger, make_row(state=state))

    assert decide(ledger, answer, booking_id).endswith(", not unknown")

    assert row_of(ledger).state is state
    assert decisions_in(ledger) == []


@pytest.mark.parametrize("state", [s for s in State if s is not State.BOOKED], ids=str)
def test_only_a_booked_row_can_be_cancelled(ledger: Ledger, state: State) -> None:
    plan(ledger, make_row(state=state))

    assert "only a booked row can be cancelled" in decide(ledger, Answer.CANCELLED)
    assert not row_of(ledger).is_cancelled


def test_a_row_is_cancelled_once(ledger: Ledger) -> None:
    (row_id,) = plan(ledger, make_row())
    book(ledger, row_id, 501)
    decide(ledger, Answer.CANCELLED)

    assert "cancelled already" in decide(ledger, Answer.CANCELLED)
    assert len(decisions_in(ledger)) == 1


@pytest.mark.parametrize("booking_id", [None, 0, -1, 2**63])
def test_booked_needs_an_id_that_a_booking_can_have(ledger: Ledger, booking_id: int | None) -> None:
    (row_id,) = plan(ledger, make_row())
    lose(ledger, row_id)

    assert "id" in decide(ledger, Answer.BOOKED, booking_id)
    assert row_of(ledger).state is State.UNKNOWN
    assert not ledger.has_failed


@pytest.mark.parametrize("booking_id", [1, 2**63 - 1])
def test_every_id_that_a_booking_can_have_is_taken(ledger: Ledger, booking_id: int) -> None:
    (row_id,) = plan(ledger, make_row())
    lose(ledger, row_id)

    assert decide(ledger, Answer.BOOKED, booking_id) == ""
    assert row_of(ledger).booking_id == booking_id


def test_a_refused_decision_says_exactly_why(ledger: Ledger) -> None:
    booked, lost = plan(ledger, make_row(2), make_row(3))
    book(ledger, booked, 501)
    lose(ledger, lost)

    assert decide(ledger, Answer.BOOKED, number=3) == "the booking id is missing"
    assert decide(ledger, Answer.BOOKED, 0, number=3) == "no booking has such an id"
    assert decide(ledger, Answer.NOT_BOOKED, number=2) == "it is booked, not unknown"
    assert decide(ledger, Answer.CANCELLED, number=3) == (
        "only a booked row can be cancelled; it is unknown"
    )
    soon = AT + timedelta(minutes=14, seconds=59)
    assert decide(ledger, Answer.NOT_BOOKED, number=3, at=soon) == (
        "it may still be booked; decide again after 03:19 UTC"
    )


def test_one_booking_id_belongs_to_one_row(ledger: Ledger) -> None:
    first, second, third = plan(ledger, make_row(2), make_row(3), make_row(4))
    book(ledger, first, 501)
    for row_id in (second, third):
        lose(ledger, row_id)

    told = decide(ledger, Answer.BOOKED, 501, number=3)

    assert told == "that booking id already stands on row 2"
    assert decide(ledger, Answer.BOOKED, 502, number=3) == ""
    assert "row 3" in decide(ledger, Answer.BOOKED, 502, number=4)


def test_two_rows_of_one_worksheet_cannot_get_the_same_id(ledger: Ledger) -> None:
    row_ids = plan(ledger, make_row(2), make_row(3))
    for row_id in row_ids:
        lose(ledger, row_id)
    keys = [row_of(ledger, number).row_key for number in (2, 3)]
    rulings = [Ruling(row_key=key, answer=Answer.BOOKED, booking_id=501) for key in keys]

    refusals = ledger.decide(1, rulings, who="ann", at=LATER)

    assert [refusal.row_key for refusal in refusals] == [keys[1]]
    assert states_of(ledger) == {2: State.BOOKED, 3: State.UNKNOWN}


@pytest.mark.parametrize(
    ("row_number", "sent_at", "why"),
    [
        (None, "", ""),
        (2, AT.isoformat(), ""),
        (3, AT.isoformat(), "its row key is that of row 2"),
        (2, LATER.isoformat(), "about an earlier attempt"),
    ],
)
def test_a_decision_counts_for_the_row_and_attempt_that_it_was_written_beside(
    ledger: Ledger, row_number: int | None, sent_at: str, why: str
) -> None:
    (row_id,) = plan(ledger, make_row())
    lose(ledger, row_id)
    ruling = Ruling(
        row_key=row_of(ledger).row_key,
        answer=Answer.NOT_BOOKED,
        row_number=row_number,
        sent_at=sent_at,
    )

    refusals = ledger.decide(1, [ruling], who="ann", at=LATER)

    assert [why in refusal.why for refusal in refusals] == ([True] if why else [])
    assert row_of(ledger).state is (State.UNKNOWN if why else State.READY)


def test_a_refusal_keeps_no_other_decision_of_the_worksheet_back(ledger: Ledger) -> None:
    row_ids = plan(ledger, make_row(2), make_row(3))
    for row_id in row_ids:
        lose(ledger, row_id)
    rulings = [
        Ruling(row_key="rnobody", answer=Answer.NOT_BOOKED),
        Ruling(row_key=row_of(ledger, 3).row_key, answer=Answer.NOT_BOOKED),
    ]

    refusals = ledger.decide(1, rulings, who="ann", at=LATER)

    assert refusals == [Refusal(row_key="rnobody", why="this run has no row with that row key")]
    assert states_of(ledger) == {2: State.UNKNOWN, 3: State.READY}


def test_a_row_of_another_run_is_not_found_by_its_key(ledger: Ledger) -> None:
    (row_id,) = plan(ledger, make_row())
    plan(ledger, make_row(9), run_id="other")
    lose(ledger, row_id)
    ruling = Ruling(row_key=row_of(ledger).row_key, answer=Answer.NOT_BOOKED)

    (refusal,) = ledger.decide(2, [ruling], who="ann", at=LATER)

    assert "no row with that row key" in refusal.why


# Rows that follow the row


@pytest.fixture
def followed(ledger: Ledger) -> tuple[int, int, int]:
    """A row whose answer is lost, the same row of a later run, and one that was edited."""
    (first,) = plan(ledger, make_row(booking="one"), run_id="old")
    (same,) = plan(ledger, make_row(booking="one"))
    (edited,) = plan(ledger, make_row(booking="one", request="new phone"), run_id="edited")
    lose(ledger, first)
    assert claim(ledger, same) is State.UNKNOWN
    assert claim(ledger, edited) is State.UNKNOWN
    return first, same, edited


@pytest.mark.parametrize("asked_in", ["old", "run", "edited"])
def test_booked_settles_all_of_them_whichever_was_asked_about(
    ledger: Ledger, followed: tuple[int, int, int], asked_in: str
) -> None:
    first, same, edited = followed

    assert decide(ledger, Answer.BOOKED, 501, run_id=asked_in) == ""

    assert row_of(ledger, run_id="old").state is State.BOOKED
    for run_id in ("run", "edited"):
        row = row_of(ledger, run_id=run_id)
        assert (row.state, row.booking_id, row.refers_to) == (State.SKIPPED, 501, first)
    assert codes_of(ledger, first) == []
    assert codes_of(ledger, same) == ["ALREADY_BOOKED"]
    assert codes_of(ledger, edited) == ["BOOKED_ROW_EDITED"]
    assert [entry[0] for entry in decisions_in(ledger)] == [first]


@pytest.mark.parametrize("asked_in", ["old", "run", "edited"])
def test_not_booked_frees_all_of_them_and_just_one_can_be_sent(
    ledger: Ledger, followed: tuple[int, int, int], asked_in: str
) -> None:
    assert decide(ledger, Answer.NOT_BOOKED, run_id=asked_in) == ""
    for run_id in ("old", "run", "edited"):
        assert row_of(ledger, run_id=run_id).state is State.READY
        assert row_of(ledger, run_id=run_id).refers_to is None
    assert [codes_of(ledger, row_id) for row_id in followed] == [[], [], []]

    granted = [claim(ledger, row_id, LATER) for row_id in reversed(followed)]

    assert granted == [State.SENDING, State.UNKNOWN, State.UNKNOWN]


def test_the_quiet_time_of_the_row_that_was_sent_counts(
    ledger: Ledger, followed: tuple[int, int, int]
) -> None:
    assert len(followed) == 3
    assert "may still be booked" in decide(ledger, Answer.NOT_BOOKED, run_id="edited", at=AT)
    assert row_of(ledger, run_id="edited").state is State.UNKNOWN


def test_the_id_may_be_given_again_for_a_row_that_follows(
    ledger: Ledger, followed: tuple[int, int, int]
) -> None:
    assert len(followed) == 3
    decide(ledger, Answer.BOOKED, 501)

    assert decide(ledger, Answer.BOOKED, 501, run_id="edited") == "it is booked, not unknown"


def test_a_row_that_followed_by_its_key_but_has_an_error_becomes_invalid(ledger: Ledger) -> None:
    """It was made unreadable after it was sent: nothing of it can be sent now."""
    error = RowProblem(row_number=2, code=ProblemCode.PHONE_NOT_US, field="phone")
    follows = RowProblem(row_number=2, code=ProblemCode.UNKNOWN_BEFORE)
    (first,) = plan(ledger, make_row(), run_id="old")
    lose(ledger, first)
    unknown: dict[str, Any] = {"state": State.UNKNOWN, "refers_to": first}
    (row_id,) = plan(ledger, make_row(identity=None, problems=(error, follows), **unknown))

    decide(ledger, Answer.NOT_BOOKED)

    assert row_of(ledger).state is State.INVALID
    assert codes_of(ledger, row_id) == ["PHONE_NOT_US"]
    assert row_of(ledger, run_id="old").state is State.READY


def test_cancelling_through_a_skipped_row_cancels_the_booking_itself(ledger: Ledger) -> None:
    (first,) = plan(ledger, make_row(booking="one"), run_id="old")
    (second,) = plan(ledger, make_row(booking="one"))
    book(ledger, first, 501)
    assert claim(ledger, second) is State.SKIPPED

    assert decide(ledger, Answer.CANCELLED) == ""

    assert row_of(ledger, run_id="old").is_cancelled
    assert [entry[0] for entry in decisions_in(ledger)] == [first]


def test_a_booked_decision_holds_the_booking_like_any_other(ledger: Ledger) -> None:
    (first,) = plan(ledger, make_row(booking="one"), run_id="old")
    lose(ledger, first)
    decide(ledger, Answer.BOOKED, 501, run_id="old")
    (second,) = plan(ledger, make_row(booking="one"))

    assert claim(ledger, second) is State.SKIPPED
    assert row_of(ledger).booking_id == 501


def test_a_released_row_that_is_rejected_then_is_rejected(ledger: Ledger) -> None:
    (row_id,) = plan(ledger, make_row())
    lose(ledger, row_id)
    decide(ledger, Answer.NOT_BOOKED)
    claim(ledger, row_id, LATER)

    record(ledger, row_id, Rejected(http_status=409), LATER)

    assert row_of(ledger).state is State.REJECTED
    assert codes_of(ledger, row_id) == ["API_CONFLICT"]


def test_decisions_are_kept_one_after_the_other(ledger: Ledger) -> None:
    (row_id,) = plan(ledger, make_row())
    lose(ledger, row_id)
    decide(ledger, Answer.NOT_BOOKED)
    claim(ledger, row_id, LATER)
    record(ledger, row_id, Booked(booking_id=501), LATER)
    decide(ledger, Answer.CANCELLED, at=LATER + timedelta(hours=1))

    assert [entry[1] for entry in decisions_in(ledger)] == ["not booked", "cancelled"]
