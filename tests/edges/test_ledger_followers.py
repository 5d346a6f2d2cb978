"""Rows that are one booking follow the row that made it; without it they stand for themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.model import (
    Answer,
    Booked,
    NotTaken,
    NotTakenCause,
    Outcome,
    Rejected,
    State,
    Unknown,
)
from tests.edges.ledger_kit import AT, claim, codes_of, make_row, plan, record
from tests.edges.ledger_lines_kit import LATER, SENT, WHO, Lines, booked_as, changed, decide

if TYPE_CHECKING:
    from importer.ledger import Ledger


def followed(ledger: Ledger, outcome: Outcome | None) -> Lines:
    """Let row 2 of a second run meet row 2 of a first, which has this outcome or none."""
    plan(ledger, make_row(2, "a"), make_row(3, "b"), run_id="first")
    plan(ledger, make_row(2, "a"), make_row(3, "d"), run_id="second")
    claim(ledger, 1, SENT)
    if outcome is not None:
        record(ledger, 1, outcome, SENT)
    return changed(ledger, lambda: claim(ledger, 3, LATER))


def test_a_row_whose_booking_another_run_made_is_skipped(ledger: Ledger) -> None:
    told = followed(ledger, Booked(booking_id=7, solv_status="RESERVED"))
    at = {"decided_at": LATER.isoformat()}
    booking = {"booking_id": 7, "solv_status": "RESERVED", "refers_to": 1}
    assert told == {3: {"state": "skipped"} | booking | at}
    assert codes_of(ledger, 3) == ["ALREADY_BOOKED"]


def test_a_row_whose_booking_another_run_may_have_made_waits_for_it(ledger: Ledger) -> None:
    told = followed(ledger, None)
    assert told == {3: {"state": "unknown", "refers_to": 1, "decided_at": LATER.isoformat()}}
    assert codes_of(ledger, 3) == ["UNKNOWN_BEFORE"]


def test_of_a_booking_that_was_asked_for_twice_each_row_meets_its_own(ledger: Ledger) -> None:
    booked_as(ledger, make_row(2, "a"), make_row(3, "a", occurrence=1))
    plan(ledger, make_row(2, "a"), make_row(3, "a", occurrence=1), run_id="second")
    told = changed(ledger, lambda: claim(ledger, 4, LATER))
    assert (told[4]["booking_id"], told[4]["refers_to"]) == (502, 2)


def test_a_row_whose_name_was_corrected_meets_itself_and_nobody_else(ledger: Ledger) -> None:
    """Its row key tells who it is, when its fingerprint is another."""
    (_, mine) = booked_as(ledger, make_row(2, "a"), row := make_row(3, "b"))
    plan(ledger, make_row(3, "b, corrected", row_key=row.row_key), run_id="second")
    told = changed(ledger, lambda: claim(ledger, 3, LATER))
    assert (told[3]["booking_id"], told[3]["refers_to"]) == (502, mine)
    assert codes_of(ledger, 3) == ["BOOKED_ROW_EDITED"]


def test_a_row_that_is_another_one_now_meets_whom_it_says_it_is(ledger: Ledger) -> None:
    """Row keys get moved about: what the row says weighs more."""
    booked_as(ledger, row := make_row(2, "a"), make_row(3, "b"))
    plan(ledger, make_row(2, "b", row_key=row.row_key), run_id="second")
    told = changed(ledger, lambda: claim(ledger, 3, LATER))
    assert (told[3]["booking_id"], told[3]["refers_to"]) == (502, 2)


def test_who_waited_for_a_booking_is_skipped_with_it(ledger: Ledger) -> None:
    followed(ledger, None)
    booked = Booked(booking_id=7, solv_status="RESERVED")
    told = changed(ledger, lambda: record(ledger, 1, booked, AT))
    at = {"decided_at": AT.isoformat()}
    assert told[3] == {"state": "skipped", "booking_id": 7, "solv_status": "RESERVED"} | at
    assert told.keys() == {1, 3}
    assert codes_of(ledger, 3) == ["ALREADY_BOOKED"]


@pytest.mark.parametrize(
    "outcome", [Rejected(http_status=409), NotTaken(cause=NotTakenCause.LOCKED)]
)
def test_who_waited_for_nothing_stands_for_itself_again(outcome: Outcome, ledger: Ledger) -> None:
    followed(ledger, None)
    told = changed(ledger, lambda: record(ledger, 1, outcome, AT))
    assert told[3] == {"state": "ready", "refers_to": None, "decided_at": None}
    assert told.keys() == {1, 3}
    assert codes_of(ledger, 3) == []


def test_who_was_refused_like_another_did_not_wait_for_it(ledger: Ledger) -> None:
    """It refers to the refusal, whose words it shows; nothing more becomes of it."""
    plan(ledger, make_row(2, "a"), run_id="first")
    claim(ledger, 1, SENT)
    record(ledger, 1, Rejected(http_status=422), SENT)
    plan(ledger, make_row(2, "a", state=State.REJECTED, refers_to=1), run_id="second")
    ledger.release([1]).result()
    claim(ledger, 1, LATER)
    told = changed(ledger, lambda: record(ledger, 1, Booked(booking_id=7), LATER))
    assert told.keys() == {1}


def test_who_waited_is_settled_by_the_same_decision(ledger: Ledger) -> None:
    followed(ledger, Unknown(reason="no answer"))
    told = changed(ledger, lambda: decide(ledger, "first", 1, 2, Answer.BOOKED, 77))
    assert told[3] == {"state": "skipped", "booking_id": 77} | WHO
    assert told.keys() == {1, 3}


def test_who_waited_is_released_by_the_same_decision(ledger: Ledger) -> None:
    followed(ledger, Unknown(reason="no answer"))
    told = changed(ledger, lambda: decide(ledger, "first", 1, 2, Answer.NOT_BOOKED))
    assert told[3] == {"state": "ready", "refers_to": None, "decided_at": None} | WHO
    assert told.keys() == {1, 3}
