"""Each change writes what it should into the row that it names, and into no other row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from importer.ledger import Ledger, planning
from importer.model import (
    Answer,
    Booked,
    FieldError,
    NotTaken,
    NotTakenCause,
    Outcome,
    Rejected,
    State,
    Unknown,
)
from importer.problems import ProblemCode
from tests.edges.ledger_kit import AT, begin, claim, codes_of, make_row, plan, problems_of, record
from tests.edges.ledger_lines_kit import (
    IDS,
    LATER,
    SENT,
    WHO,
    Lines,
    booked_as,
    changed,
    decide,
    lines_of,
    two_runs,
)

if TYPE_CHECKING:
    from importer.ledger import PlannedRow


# Claims and outcomes


def test_a_claim_writes_the_attempt_down(ledger: Ledger) -> None:
    two_runs(ledger)
    assert changed(ledger, lambda: claim(ledger, 2, SENT)) == {
        2: {"state": "sending", "sending_at": SENT.isoformat(), "requests": 1}
    }


def test_a_new_attempt_forgets_what_was_settled_of_the_last(ledger: Ledger) -> None:
    two_runs(ledger)
    for row_id in (1, 2):
        claim(ledger, row_id, SENT)
        record(ledger, row_id, Unknown(reason="no answer"), SENT)
        decide(ledger, "first", 1, row_id + 1, Answer.NOT_BOOKED)
    assert changed(ledger, lambda: claim(ledger, 2, LATER)) == {
        2: {
            "state": "sending",
            "sending_at": LATER.isoformat(),
            "requests": 2,
            "settled_at": None,
            "settled_by": None,
        }
    }


OUTCOMES: dict[str, tuple[Outcome, dict[str, Any]]] = {
    "booked": (
        Booked(booking_id=7, solv_status="RESERVED", emr_booking_id="E-7", server_ids=IDS),
        {
            "state": "booked",
            "booking_id": 7,
            "solv_status": "RESERVED",
            "emr_booking_id": "E-7",
            "http_status": 200,
            "server_ids": IDS,
        },
    ),
    "rejected": (
        Rejected(http_status=404, server_ids=IDS),
        {"state": "rejected", "http_status": 404, "server_ids": IDS},
    ),
    "unknown": (
        Unknown(reason="answered 500", http_status=500, server_ids=IDS),
        {
            "state": "unknown",
            "http_status": 500,
            "server_ids": IDS,
            "reason": "answered 500",
        },
    ),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_an_outcome_is_written_into_its_row_only(name: str, ledger: Ledger) -> None:
    outcome, columns = OUTCOMES[name]
    for row_id in two_runs(ledger):
        claim(ledger, row_id, SENT)
    told = changed(ledger, lambda: record(ledger, 3, outcome, LATER))
    assert told == {3: columns | {"decided_at": LATER.isoformat()}}


@pytest.mark.parametrize(("left", "requests"), [(True, {}), (False, {"requests": 0})])
def test_a_row_that_was_not_taken_is_ready_again(
    left: bool,  # noqa: FBT001 - a case
    requests: dict[str, int],
    ledger: Ledger,
) -> None:
    for row_id in two_runs(ledger):
        claim(ledger, row_id, SENT)
    outcome = NotTaken(cause=NotTakenCause.LOCKED, left=left)
    assert changed(ledger, lambda: record(ledger, 3, outcome, LATER)) == {
        3: {"state": "ready"} | requests
    }


def test_a_429_is_counted_for_its_run_only(ledger: Ledger) -> None:
    for row_id in two_runs(ledger):
        claim(ledger, row_id, SENT)

    def refuse(cause: NotTakenCause) -> Lines:
        outcome = NotTaken(cause=cause)
        return changed(ledger, lambda: record(ledger, 3, outcome, LATER), "run")

    assert refuse(NotTakenCause.TOO_MANY_REQUESTS) == {2: {"waits_429": 1}}
    claim(ledger, 3, SENT)
    assert refuse(NotTakenCause.LOCKED) == {}


def test_what_a_422_says_of_fields_is_kept_in_order(ledger: Ledger) -> None:
    two_runs(ledger)
    claim(ledger, 2, SENT)
    errors = (FieldError(loc="phone", type="value_error"), FieldError(loc="zip", type="Mary C."))
    record(ledger, 2, Rejected(http_status=422, errors=errors), LATER)
    told = [(p.code, p.field, p.column, p.hint) for p in problems_of(ledger, 2)]
    refused = ProblemCode.API_FIELD_REFUSED
    assert told == [(refused, "phone", None, "value_error"), (refused, "", None, "")]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, ProblemCode.API_FORBIDDEN),
        (404, ProblemCode.API_NOT_FOUND),
        (409, ProblemCode.API_CONFLICT),
        (410, ProblemCode.API_REJECTED),
    ],
)
def test_a_refusal_without_fields_is_told_by_its_status(
    status: int, code: ProblemCode, ledger: Ledger
) -> None:
    two_runs(ledger)
    claim(ledger, 2, SENT)
    record(ledger, 2, Rejected(http_status=status), LATER)
    told = [(p.code, p.field, p.hint) for p in problems_of(ledger, 2)]
    assert told == [(code, "", f"HTTP {status}")]


def test_a_booking_id_of_another_row_is_written_as_unknown(ledger: Ledger) -> None:
    for row_id in two_runs(ledger):
        claim(ledger, row_id, SENT)
    record(ledger, 1, Booked(booking_id=7), SENT)
    booked = Booked(booking_id=7, http_status=201, server_ids=IDS)
    written = ledger.record(2, booked, LATER).result()
    reason = "answered with the booking id of another row"
    assert written == Unknown(reason=reason, http_status=201, server_ids=IDS)


def test_the_booking_id_of_a_cancelled_row_and_its_followers_may_be_given_again(
    ledger: Ledger,
) -> None:
    booked_as(ledger, make_row(2, "a"))
    follower = make_row(2, "a", state=State.SKIPPED, refers_to=1, booking_id=501)
    plan(ledger, follower, make_row(3, "b"), run_id="second")
    decide(ledger, "first", 1, 2, Answer.CANCELLED)
    claim(ledger, 3, SENT)
    assert ledger.record(3, Booked(booking_id=501), LATER).result() == Booked(booking_id=501)


def test_only_the_rejected_rows_that_are_named_go_back_to_ready(ledger: Ledger) -> None:
    for row_id in two_runs(ledger):
        claim(ledger, row_id, SENT)
        outcome = Rejected(http_status=404, server_ids=IDS)
        record(ledger, row_id, outcome if row_id != 4 else Booked(booking_id=7), SENT)
    ready = {"state": "ready", "http_status": None, "server_ids": "", "decided_at": None}
    assert changed(ledger, lambda: ledger.release([1, 3, 4]).result()) == {1: ready, 3: ready}
    assert [codes_of(ledger, row_id) for row_id in (1, 2, 3)] == [[], ["API_NOT_FOUND"], []]


def test_only_the_row_that_is_named_and_ready_becomes_invalid(ledger: Ledger) -> None:
    two_runs(ledger)
    claim(ledger, 4, SENT)
    code = ProblemCode.APPOINTMENT_IN_PAST
    told = changed(
        ledger, lambda: [ledger.invalidate(row_id, code, LATER).result() for row_id in (2, 4)]
    )
    assert told == {2: {"state": "invalid", "decided_at": LATER.isoformat()}}
    assert [codes_of(ledger, row_id) for row_id in (1, 2, 4)] == [[], [code.name], []]


# Decisions


def all_unknown(ledger: Ledger) -> None:
    """Leave four rows of two runs unknown, each with an answer that says nothing."""
    for row_id in two_runs(ledger):
        claim(ledger, row_id, SENT)
        outcome = Unknown(reason="answered 500", http_status=500, server_ids=IDS)
        record(ledger, row_id, outcome, SENT)


def test_booked_after_all_is_written_into_its_row_only(ledger: Ledger) -> None:
    all_unknown(ledger)
    told = changed(ledger, lambda: decide(ledger, "second", 2, 3, Answer.BOOKED, 77))
    assert told == {4: {"state": "booked", "booking_id": 77, "reason": ""} | WHO}
    assert [codes_of(ledger, row_id) for row_id in (3, 4)] == [["OUTCOME_UNKNOWN"], []]


def test_not_booked_lets_its_row_only_go_again(ledger: Ledger) -> None:
    all_unknown(ledger)
    told = changed(ledger, lambda: decide(ledger, "second", 2, 3, Answer.NOT_BOOKED))
    forgotten = {"http_status": None, "server_ids": "", "reason": "", "decided_at": None}
    assert told == {4: {"state": "ready", "releases": 1} | forgotten | WHO}
    assert [codes_of(ledger, row_id) for row_id in (3, 4)] == [["OUTCOME_UNKNOWN"], []]


def test_cancelled_is_written_into_its_row_only(ledger: Ledger) -> None:
    for row_id in two_runs(ledger):
        claim(ledger, row_id, SENT)
        record(ledger, row_id, Booked(booking_id=500 + row_id), SENT)
    told = changed(ledger, lambda: decide(ledger, "second", 2, 3, Answer.CANCELLED))
    assert told == {4: {"cancelled_at": LATER.isoformat()} | WHO}
    assert codes_of(ledger, 4) == ["BOOKING_CANCELLED"]


def test_every_decision_is_kept_with_who_and_when(ledger: Ledger) -> None:
    all_unknown(ledger)
    told = changed(
        ledger,
        lambda: [
            decide(ledger, "second", 2, 3, Answer.BOOKED, 77),
            decide(ledger, "first", 1, 2, Answer.NOT_BOOKED),
        ],
        "decision",
    )
    told_of = ("row_id", "answer", "booking_id", "decided_by", "decided_at")
    assert [tuple(line[name] for name in told_of) for line in told.values()] == [
        (4, "booked", 77, "Ana B.", LATER.isoformat()),
        (1, "not booked", None, "Ana B.", LATER.isoformat()),
    ]


# Planning


def planned(ledger: Ledger, *rows: PlannedRow) -> Lines:
    """Return what planning these rows writes."""
    run_number = begin(ledger, "planned")
    return changed(ledger, lambda: ledger.add_rows(run_number, rows))


def test_a_run_is_written_as_it_begins(ledger: Ledger) -> None:
    two_runs(ledger)
    told = changed(ledger, lambda: begin(ledger, "third", "digest", "Sheet 2"), "run")
    assert told == {
        3: {
            "line": 3,
            "run_number": 3,
            "run_id": "third",
            "source_name": "visits.csv",
            "source_path": "/clinic/visits.csv",
            "source_digest": "digest",
            "sheet": "Sheet 2",
            "settings": "{}",
            "planned_at": None,
            "waits_429": 0,
            "started_at": AT.isoformat(),
            "ended_at": None,
            "exit_code": None,
            "is_accepted": 0,
            "results_path": None,
            "ended_counts": None,
            "purged_at": None,
        }
    }
    assert changed(ledger, lambda: ledger.finish_planning(3, LATER), "run") == {
        3: {"planned_at": LATER.isoformat()}
    }
    ended = {"exit_code": 6, "ended_at": LATER.isoformat()}
    assert changed(ledger, lambda: ledger.update_run(2, **ended), "run") == {2: ended}


def test_a_row_is_written_as_it_was_planned(ledger: Ledger) -> None:
    two_runs(ledger)
    row = make_row(5, occurrence=2, state=State.SKIPPED, booking_id=7, solv_status="S", refers_to=1)
    assert row.identity is not None
    ((line),) = planned(ledger, row).values()
    assert line == {
        "line": 5,
        "row_id": 5,
        "run_number": 3,
        "row_number": 5,
        "row_key": row.row_key,
        "state": "skipped",
        "fingerprint": row.identity.fingerprint,
        "occurrence": 2,
        "request": row.identity.request,
        "visitor": row.identity.visitor,
        "visit_day": row.visit_day,
        "booking_id": 7,
        "solv_status": "S",
        "emr_booking_id": "",
        "http_status": None,
        "server_ids": "",
        "reason": "",
        "requests": 0,
        "sending_at": None,
        "decided_at": None,
        "refers_to": 1,
        "settled_at": None,
        "settled_by": None,
        "releases": 0,
        "cancelled_at": None,
    }


def test_a_row_without_a_request_has_no_hashes(ledger: Ledger) -> None:
    told = planned(ledger, make_row(2, state=State.BLANK, identity=None), make_row(3))
    assert [line["fingerprint"] is None for line in told.values()] == [True, False]
    assert [line["request"] is None for line in told.values()] == [True, False]
    assert [line["visitor"] is None for line in told.values()] == [True, False]


def test_a_run_that_is_planned_anew_leaves_the_ready_rows_of_others_alone(ledger: Ledger) -> None:
    two_runs(ledger)
    claim(ledger, 4, SENT)
    told = changed(
        ledger,
        lambda: ledger.plan(lambda connection: planning.supersede(connection, run_number=2)),
    )
    assert told == {3: {"state": "superseded"}}


def test_a_run_that_is_forgotten_goes_alone(ledger: Ledger) -> None:
    two_runs(ledger)
    before, runs = lines_of(ledger), lines_of(ledger, "run")
    ledger.plan(lambda connection: planning.forget_run(connection, run_number=2))
    assert lines_of(ledger) == {row_id: before[row_id] for row_id in (1, 2)}
    assert lines_of(ledger, "run") == {1: runs[1]}


def test_every_copy_that_was_held_is_counted(ledger: Ledger) -> None:
    states = [State.READY, State.SKIPPED, State.UNKNOWN, State.INVALID, State.READY]
    rows = [make_row(number, state=state) for number, state in enumerate(states, 2)]
    row_ids = plan(ledger, *rows)
    held = ledger.plan(lambda connection: planning.hold_copies(connection, row_ids[:4]))
    assert held == 3
    assert [line["state"] for line in lines_of(ledger).values()] == ["invalid"] * 4 + ["ready"]
    assert len({line["row_key"] for line in lines_of(ledger).values()}) == 5
    assert [codes_of(ledger, row_id) for row_id in row_ids] == [["ROW_KEY_COPIED"]] * 4 + [[]]


def test_a_copied_row_is_held_alone(ledger: Ledger) -> None:
    plan(ledger, make_row(2, "a"), make_row(3, "b"), run_id="first")
    booked = {"state": State.SKIPPED, "refers_to": 1, "booking_id": 7, "solv_status": "S"}
    plan(ledger, make_row(2, "a", **booked), make_row(3, "b", **booked), run_id="second")
    told = changed(
        ledger, lambda: ledger.plan(lambda connection: planning.hold_copies(connection, [4]))
    )
    ((row_id, line),) = told.items()
    assert row_id == 4
    assert line.pop("row_key").startswith("r")
    assert line == {"state": "invalid", "refers_to": None, "booking_id": None, "solv_status": ""}
    assert [codes_of(ledger, row_id) for row_id in (3, 4)] == [[], ["ROW_KEY_COPIED"]]
