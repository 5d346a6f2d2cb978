"""Claims and outcomes: one change of state each, and nobody is booked twice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from importer.errors import LedgerError
from importer.ledger import Ledger, LedgerFolder, planning
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
from importer.problems import ProblemCode, RowProblem
from tests.edges.ledger_kit import (
    AT,
    begin,
    book,
    claim,
    codes_of,
    crash,
    make_row,
    open_at,
    plan,
    problems_of,
    query,
    record,
    row_of,
    rows_of,
    states_of,
)

if TYPE_CHECKING:
    from pathlib import Path

LOST = Unknown(reason="ReadTimeout")
REFUSED = Rejected(http_status=422, errors=(FieldError(loc="phone", type="missing"),))
BUSY = NotTaken(cause=NotTakenCause.TOO_MANY_REQUESTS, http_status=429)
NEVER_LEFT = NotTaken(cause=NotTakenCause.NO_CONNECTION, left=False)


# Claims


def test_a_granted_claim_is_on_disk_when_it_is_granted(ledger: Ledger) -> None:
    (row_id,) = plan(ledger, make_row())

    assert claim(ledger, row_id) is State.SENDING

    found = query(ledger.folder.database, "SELECT state, sending_at, requests FROM row")
    assert found == [("sending", AT.isoformat(), 1)]


def test_a_claim_is_granted_once(ledger: Ledger) -> None:
    (row_id,) = plan(ledger, make_row())

    granted = [ledger.claim(row_id, AT) for _ in range(3)]

    assert [g.result() for g in granted] == [State.SENDING, State.UNKNOWN, State.UNKNOWN]
    assert row_of(ledger).requests == 1
    assert row_of(ledger).state is State.SENDING


@pytest.mark.parametrize(
    "state", [s for s in State if s not in (State.READY, State.SENDING)], ids=str
)
def test_a_row_that_is_not_ready_is_not_granted(ledger: Ledger, state: State) -> None:
    (row_id,) = plan(ledger, make_row(state=state))

    assert claim(ledger, row_id) is state
    assert row_of(ledger).state is state
    assert row_of(ledger).requests == 0


def test_a_row_of_a_run_that_is_still_planned_is_not_granted(ledger: Ledger) -> None:
    run_number = begin(ledger)
    (row_id,) = ledger.add_rows(run_number, [make_row()])

    assert claim(ledger, row_id) is State.READY
    ledger.finish_planning(run_number, AT)
    assert claim(ledger, row_id) is State.SENDING


def test_a_claim_of_a_row_that_is_not_there_stops_the_ledger(ledger: Ledger) -> None:
    with pytest.raises(LedgerError):
        claim(ledger, 77)

    assert ledger.has_failed


# The same booking in two rows


def test_the_same_booking_as_a_booked_row_is_skipped_with_its_id(ledger: Ledger) -> None:
    (first,) = plan(ledger, make_row(booking="one"), run_id="old")
    (second,) = plan(ledger, make_row(booking="one"))
    claim(ledger, first)
    record(ledger, first, Booked(booking_id=501, solv_status="RESERVED"))

    assert claim(ledger, second) is State.SKIPPED

    row = row_of(ledger)
    assert (row.booking_id, row.solv_status, row.refers_to) == (501, "RESERVED", first)
    assert row.requests == 0
    assert codes_of(ledger, second) == ["ALREADY_BOOKED"]


def test_an_edited_row_of_a_booked_one_is_skipped_and_says_so(ledger: Ledger) -> None:
    (first,) = plan(ledger, make_row(booking="one", request="old phone"), run_id="old")
    (second,) = plan(ledger, make_row(booking="one", request="new phone"))
    book(ledger, first, 501)

    assert claim(ledger, second) is State.SKIPPED
    assert codes_of(ledger, second) == ["BOOKED_ROW_EDITED"]


@pytest.mark.parametrize("outcome", [None, LOST], ids=["sending", "unknown"])
def test_the_same_booking_as_one_in_doubt_is_unknown_and_points_at_it(
    ledger: Ledger, outcome: Outcome | None
) -> None:
    (first,) = plan(ledger, make_row(booking="one"), run_id="old")
    (second,) = plan(ledger, make_row(booking="one"))
    claim(ledger, first)
    if outcome is not None:
        record(ledger, first, outcome)

    assert claim(ledger, second) is State.UNKNOWN

    assert row_of(ledger).refers_to == first
    assert row_of(ledger).requests == 0
    assert codes_of(ledger, second) == ["UNKNOWN_BEFORE"]


@pytest.mark.parametrize("outcome", [REFUSED, NEVER_LEFT], ids=["rejected", "not taken"])
def test_a_row_that_is_not_booked_blocks_no_other(ledger: Ledger, outcome: Outcome) -> None:
    (first,) = plan(ledger, make_row(booking="one"), run_id="old")
    (second,) = plan(ledger, make_row(booking="one"))
    claim(ledger, first)
    record(ledger, first, outcome)

    assert claim(ledger, second) is State.SENDING


@pytest.mark.parametrize("is_booked", [True, False], ids=["booked", "in doubt"])
def test_one_row_of_a_file_is_booked_once_however_it_was_edited(
    ledger: Ledger, *, is_booked: bool
) -> None:
    key = planning.mint_row_key()
    (first,) = plan(ledger, make_row(booking="monday", row_key=key), run_id="old")
    (second,) = plan(ledger, make_row(booking="tuesday", row_key=key))
    claim(ledger, first)
    record(ledger, first, Booked(booking_id=501) if is_booked else LOST)

    assert claim(ledger, second) is (State.SKIPPED if is_booked else State.UNKNOWN)

    assert row_of(ledger).refers_to == first
    assert codes_of(ledger, second) == ["BOOKED_ROW_EDITED" if is_booked else "UNKNOWN_BEFORE"]


def test_another_occurrence_is_another_booking(ledger: Ledger) -> None:
    first, second = plan(
        ledger, make_row(2, booking="one"), make_row(3, booking="one", occurrence=1)
    )

    assert claim(ledger, first) is State.SENDING
    assert claim(ledger, second) is State.SENDING


def test_who_followed_a_row_that_was_being_sent_is_settled_with_its_answer(
    ledger: Ledger,
) -> None:
    (first,) = plan(ledger, make_row(booking="one"), run_id="old")
    (same,) = plan(ledger, make_row(booking="one"), run_id="same")
    (edited,) = plan(ledger, make_row(booking="one", request="other"), run_id="edited")
    for row_id in (first, same, edited):
        claim(ledger, row_id)

    record(ledger, first, Booked(booking_id=501, solv_status="CONFIRMED"))

    for run_id in ("same", "edited"):
        row = row_of(ledger, run_id=run_id)
        assert (row.state, row.booking_id, row.refers_to) == (State.SKIPPED, 501, first)
        assert row.solv_status == "CONFIRMED"
    assert codes_of(ledger, same) == ["ALREADY_BOOKED"]
    assert codes_of(ledger, edited) == ["BOOKED_ROW_EDITED"]


@pytest.mark.parametrize("outcome", [REFUSED, BUSY, NEVER_LEFT], ids=["422", "429", "never left"])
def test_who_followed_a_row_that_is_not_booked_may_go_itself(
    ledger: Ledger, outcome: Outcome
) -> None:
    (first,) = plan(ledger, make_row(booking="one"), run_id="old")
    (second,) = plan(ledger, make_row(booking="one"))
    claim(ledger, first)
    claim(ledger, second)

    record(ledger, first, outcome)

    assert row_of(ledger).state is State.READY
    assert row_of(ledger).refers_to is None
    assert codes_of(ledger, second) == []
    assert claim(ledger, second) is State.SENDING


def test_who_followed_a_row_whose_answer_is_lost_still_follows_it(ledger: Ledger) -> None:
    (first,) = plan(ledger, make_row(booking="one"), run_id="old")
    (second,) = plan(ledger, make_row(booking="one"))
    claim(ledger, first)
    claim(ledger, second)

    record(ledger, first, LOST)

    assert row_of(ledger).state is State.UNKNOWN
    assert row_of(ledger).refers_to == first


# Outcomes


def test_a_booking_is_written_down_with_its_id_and_words(ledger: Ledger) -> None:
    (row_id,) = plan(ledger, make_row())
    claim(ledger, row_id)

    record(
        ledger,
        row_id,
        Booked(
            booking_id=2**63 - 1,
            solv_status="RESERVED",
            emr_booking_id="EMR-7",
            http_status=201,
            server_ids="x-request-id=a1b2 cf-ray=88f-SEA",
        ),
    )

    row = row_of(ledger)
    assert (row.state, row.booking_id, row.http_status) == (State.BOOKED, 2**63 - 1, 201)
    assert (row.solv_status, row.emr_booking_id) == ("RESERVED", "EMR-7")
    assert row.server_ids == "x-request-id=a1b2 cf-ray=88f-SEA"
    assert problems_of(ledger, row_id) == []


def test_an_id_that_another_row_has_already_leaves_the_row_unknown(ledger: Ledger) -> None:
    """One booking id cannot stand for two rows, so nobody knows what became of this one."""
    first, second = plan(ledger, make_row(2), make_row(3))
    book(ledger, first, 501)
    claim(ledger, second)

    record(ledger, second, Booked(booking_id=501))

    row = row_of(ledger, 3)
    assert (row.state, row.booking_id) == (State.UNKNOWN, None)
    assert row.reason == "answered with the booking id of another row"


def test_a_rejection_names_every_field_that_solv_refused(ledger: Ledger) -> None:
    (row_id,) = plan(ledger, make_row())
    claim(ledger, row_id)
    faults = (
        FieldError(loc="body.birth_date", type="value_error.date"),
        FieldError(loc="phone", type="missing"),
    )

    record(ledger, row_id, Rejected(http_status=422, errors=faults))

    assert row_of(ledger).state is State.REJECTED
    told = [(p.code.name, p.field, p.hint) for p in problems_of(ledger, row_id)]
    assert told == [
        ("API_FIELD_REFUSED", "birth_date", "value_error.date"),
        ("API_FIELD_REFUSED", "phone", "missing"),
    ]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, ProblemCode.API_REJECTED),
        (403, ProblemCode.API_FORBIDDEN),
        (404, ProblemCode.API_NOT_FOUND),
        (409, ProblemCode.API_CONFLICT),
    ],
)
def test_a_rejection_without_fields_has_the_problem_of_its_status(
    ledger: Ledger, status: int, code: ProblemCode
) -> None:
    (row_id,) = plan(ledger, make_row())
    claim(ledger, row_id)

    record(ledger, row_id, Rejected(http_status=status))

    (problem,) = problems_of(ledger, row_id)
    assert (problem.code, problem.hint) == (code, f"HTTP {status}")


def test_a_lost_answer_leaves_the_row_unknown_with_its_reason(ledger: Ledger) -> None:
    (row_id,) = plan(ledger, make_row())
    claim(ledger, row_id)

    record(ledger, row_id, Unknown(reason="answered 502", http_status=502))

    row = row_of(ledger)
    assert (row.state, row.reason, row.http_status) == (State.UNKNOWN, "answered 502", 502)
    assert codes_of(ledger, row_id) == ["OUTCOME_UNKNOWN"]


@pytest.mark.parametrize(
    ("outcome", "requests"),
    [(BUSY, 1), (NEVER_LEFT, 0)],
    ids=["answered 429", "never left"],
)
def test_what_was_surely_not_taken_is_ready_and_counts_if_it_left(
    ledger: Ledger, outcome: NotTaken, requests: int
) -> None:
    (row_id,) = plan(ledger, make_row())
    claim(ledger, row_id)

    record(ledger, row_id, outcome)

    assert row_of(ledger).state is State.READY
    assert row_of(ledger).requests == requests
    assert claim(ledger, row_id) is State.SENDING
    assert row_of(ledger).requests == requests + 1


def test_only_429_counts_as_a_wait_and_only_for_its_run(ledger: Ledger) -> None:
    first, second = plan(ledger, make_row(2), make_row(3))
    plan(ledger, make_row(4), run_id="other")
    for row_id, outcome in ((first, BUSY), (first, BUSY), (second, NEVER_LEFT)):
        claim(ledger, row_id)
        record(ledger, row_id, outcome)

    assert query(ledger.folder.database, "SELECT run_id, waits_429 FROM run") == [
        ("run", 2),
        ("other", 0),
    ]


@pytest.mark.parametrize("outcome", [Booked(booking_id=9), REFUSED, LOST, BUSY])
@pytest.mark.parametrize("state", [s for s in State if s is not State.SENDING], ids=str)
def test_an_outcome_of_a_row_that_is_not_being_sent_stops_the_ledger(
    ledger: Ledger, state: State, outcome: Outcome
) -> None:
    (row_id,) = plan(ledger, make_row(state=state))

    with pytest.raises(LedgerError, match="no longer so"):
        record(ledger, row_id, outcome)

    assert ledger.has_failed
    assert row_of(ledger).state is state


# Release, invalidate, interrupt


def test_released_rejections_are_ready_again_without_their_answers(ledger: Ledger) -> None:
    warning = RowProblem(row_number=2, code=ProblemCode.ZIP_PADDED, field="address_zip")
    first, second = plan(ledger, make_row(2, problems=(warning,)), make_row(3))
    claim(ledger, first)
    record(ledger, first, Rejected(http_status=403))
    book(ledger, second, 501)

    ledger.release([first, second]).result()

    assert states_of(ledger) == {2: State.READY, 3: State.BOOKED}
    assert row_of(ledger).http_status is None
    assert codes_of(ledger, first) == ["ZIP_PADDED"]
    assert claim(ledger, first) is State.SENDING


def test_a_ready_row_becomes_invalid_and_a_sent_one_does_not(ledger: Ledger) -> None:
    first, second = plan(ledger, make_row(2), make_row(3))
    claim(ledger, second)

    for row_id in (first, second):
        ledger.invalidate(row_id, ProblemCode.APPOINTMENT_IN_PAST, AT).result()

    assert states_of(ledger) == {2: State.INVALID, 3: State.SENDING}
    assert codes_of(ledger, first) == ["APPOINTMENT_IN_PAST"]
    assert codes_of(ledger, second) == []


def test_rows_found_sending_at_start_up_are_unknown(ledger: Ledger) -> None:
    rows = [make_row(number) for number in range(2, 7)]
    row_ids = plan(ledger, *rows)
    for row_id in row_ids[:4]:
        claim(ledger, row_id)
    record(ledger, row_ids[2], Booked(booking_id=501))
    record(ledger, row_ids[3], NEVER_LEFT)

    with open_at(crash(ledger), AT + timedelta(hours=1)) as again:
        assert again.interrupted == 2
        assert states_of(again) == {
            2: State.UNKNOWN,
            3: State.UNKNOWN,
            4: State.BOOKED,
            5: State.READY,
            6: State.READY,
        }
        row = row_of(again)
        assert (row.reason, row.sending_at) == ("interrupted while sending", AT.isoformat())
        assert codes_of(again, row_ids[0]) == ["OUTCOME_UNKNOWN"]
        assert claim(again, row_ids[0]) is State.UNKNOWN


def test_nothing_is_interrupted_after_an_end_in_order(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    with open_at(folder) as ledger:
        (row_id,) = plan(ledger, make_row())
        book(ledger, row_id, 501)

    with open_at(folder) as ledger:
        assert ledger.interrupted == 0
        assert [row.booking_id for row in rows_of(ledger).values()] == [501]
