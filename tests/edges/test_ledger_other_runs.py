"""What other runs did about a booking: what one run may do is judged by all of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from importer.ledger import Ledger, OtherRuns, Ruling
from importer.model import Answer, NotTaken, NotTakenCause, State, Unknown
from tests.edges.ledger_kit import AT, book, claim, make_row, plan, record, row_of

LATER = AT + timedelta(hours=1)


def told(ledger: Ledger, run_number: int) -> dict[int, OtherRuns]:
    """Return what the ledger tells of other runs."""
    with ledger.history() as history:
        return history.other_runs(run_number)


def decide(ledger: Ledger, run_number: int, run_id: str, answer: Answer) -> None:
    """Say what became of row 2 of a run."""
    ruling = Ruling(row_key=row_of(ledger, 2, run_id).row_key, answer=answer)
    assert ledger.decide(run_number, [ruling], who="Ana B.", at=LATER) == []


def again(ledger: Ledger, run_id: str, **changes: Any) -> int:
    """Plan row 2 in a run of its own; return its row id."""
    (row_id,) = plan(ledger, make_row(2, **changes), run_id=run_id)
    return row_id


def test_nobody_else_means_nothing_to_tell(ledger: Ledger) -> None:
    book(ledger, again(ledger, "first"), 501)
    again(ledger, "second", booking="another booking")
    assert told(ledger, 1) == told(ledger, 2) == {}


def test_a_run_that_never_sent_its_row_is_not_told(ledger: Ledger) -> None:
    first = again(ledger, "first")
    second = again(ledger, "second")
    assert told(ledger, 2) == {}
    assert claim(ledger, first) is State.SENDING
    assert told(ledger, 2) == {second: OtherRuns(requests=1, occurrences=1, is_live=True)}
    record(ledger, first, NotTaken(cause=NotTakenCause.HELD_BACK, left=False))
    assert told(ledger, 2) == {}


def test_every_claim_of_the_same_request_is_counted(ledger: Ledger) -> None:
    first = again(ledger, "first")
    claim(ledger, first)
    record(ledger, first, NotTaken(cause=NotTakenCause.TOO_MANY_REQUESTS))
    book(ledger, first, 501)
    second = again(ledger, "second", state=State.SKIPPED)
    third = again(ledger, "third", state=State.SKIPPED, request="with another phone")
    booked_once = OtherRuns(requests=2, occurrences=1, is_live=True)
    assert told(ledger, 2) == {second: booked_once}
    assert told(ledger, 3) == {third: OtherRuns(requests=0, occurrences=1, is_live=True)}
    assert told(ledger, 1) == {}


def test_releases_and_cancellations_are_counted_apart(ledger: Ledger) -> None:
    first = again(ledger, "first")
    claim(ledger, first)
    record(ledger, first, Unknown(reason="no answer"))
    decide(ledger, 1, "first", Answer.NOT_BOOKED)
    second = again(ledger, "second")
    assert told(ledger, 2) == {second: OtherRuns(requests=1, occurrences=1, released=1)}
    book(ledger, first, 501)
    decide(ledger, 1, "first", Answer.CANCELLED)
    given_up = OtherRuns(requests=2, occurrences=1, released=1, cancelled=1)
    assert told(ledger, 2) == {second: given_up}
    book(ledger, second, 502)
    assert told(ledger, 2) == {second: given_up}
    assert told(ledger, 1) == {first: OtherRuns(requests=1, occurrences=1, is_live=True)}


def test_the_occurrences_of_all_runs_are_counted_together(ledger: Ledger) -> None:
    book(ledger, again(ledger, "first", booking="twice"), 501)
    second = again(ledger, "second", booking="twice", occurrence=1)
    book(ledger, second, 502)
    assert told(ledger, 2) == {second: OtherRuns(requests=1, occurrences=2, is_live=True)}


def test_several_runs_and_several_occurrences_are_told_together(ledger: Ledger) -> None:
    rows = [make_row(2, "twice"), make_row(3, "twice", occurrence=1)]
    for row_id, booking_id in zip(plan(ledger, *rows, run_id="first"), (501, 502), strict=True):
        book(ledger, row_id, booking_id)
    decide(ledger, 1, "first", Answer.CANCELLED)
    second = again(ledger, "second", booking="twice")
    book(ledger, second, 503)
    third = again(ledger, "third", booking="twice", state=State.SKIPPED)
    everything = OtherRuns(requests=3, occurrences=2, cancelled=1, is_live=True)
    assert told(ledger, 3) == {third: everything}
