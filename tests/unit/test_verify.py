"""The checker: every promise that is broken is named, and clean evidence breaks none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from importer.model import State
from importer.verify import Evidence, Held, Seen, Shown, most_in_window, verify

PLANNED_S = 1_000.0


def seen(number: int, status: int | None = 200, **changes: Any) -> Seen:
    """Return the request of one row, by default booked, after the plan."""
    is_booked = changes.pop("is_committed", status == 200)
    values: dict[str, Any] = {
        "arrived_s": PLANNED_S + number,
        "status": status,
        "is_committed": is_booked,
        "booking_id": 100 + number if is_booked else None,
        "body": f"body {number}",
        "booking": f"booking {number}" if is_booked else "",
    }
    return Seen(**(values | changes))


def held(number: int, state: State = State.BOOKED, **changes: Any) -> Held:
    """Return one row of the ledger, by default booked with the id that its request got."""
    values: dict[str, Any] = {
        "row_number": number,
        "state": state,
        "booking_id": 100 + number if state is State.BOOKED else None,
        "body": f"body {number}",
    }
    return Held(**(values | changes))


WORDS = {
    State.READY: "not sent",
    State.SENDING: "unknown",
    State.LEFT_OUT: "left out",
}
"""What the results say of a state, where it is not its own name."""


def shown(row: Held) -> Shown:
    """Return what the results should say of a row."""
    word = WORDS.get(row.state, row.state.value)
    return Shown(row_number=row.row_number, status=word, booking_id=row.booking_id)


def evidence(rows: list[Held], requests: list[Seen], **changes: Any) -> Evidence:
    """Return evidence in which source, ledger and results agree."""
    values: dict[str, Any] = {
        "source_rows": [row.row_number for row in rows],
        "ledger": rows,
        "results": [shown(row) for row in rows],
        "requests": requests,
        "arrivals_s": [request.arrived_s for request in requests],
        "planned_s": PLANNED_S,
        "limit": (5, 1.0),
        "most_unknown": 6,
        "were_answers_read": True,
    }
    return Evidence(**(values | changes))


def clean(**changes: Any) -> Evidence:
    """Return a run that kept every promise, with a row in every state and every kind of answer."""
    rows = [
        held(2),
        held(3, State.REJECTED),
        held(4, State.UNKNOWN),
        held(5, State.READY),
        held(6, State.INVALID, body=""),
        held(7, State.DUPLICATE, body="body 2", occurrence=1),
        held(8, State.BLANK, body=""),
        held(9, State.LEFT_OUT),
        held(10, State.SENDING),
        held(11, State.SKIPPED, is_reference=True, booking_id=111),
        held(12),
        held(13, State.UNKNOWN, is_reference=True, is_live_elsewhere=True),
    ]
    requests = [
        seen(2, 429),
        seen(2, 401),
        seen(2),
        seen(3, 422),
        seen(4, 500),
        seen(5, 302),
        seen(10, None, is_committed=True, is_whole=False),
        seen(11, arrived_s=PLANNED_S - 50),
        seen(12, 201, is_committed=True),
        seen(99, status=None, body=""),
    ]
    rows[9] = replace(rows[9], requests_elsewhere=1, is_live_elsewhere=True)
    return replace(evidence(rows, requests), **changes)


def broken(found: Evidence) -> set[str]:
    """Return which invariants the evidence shows to be broken."""
    return {violation.invariant for violation in verify(found)}


def told(found: Evidence) -> list[str]:
    """Return what is said of each broken promise."""
    return [violation.what for violation in verify(found)]


def test_a_run_that_kept_every_promise_breaks_none() -> None:
    assert verify(clean()) == []


def changed(rows: list[Held], number: int, **changes: Any) -> list[Held]:
    """Return the rows, one of them changed."""
    return [replace(row, **changes) if row.row_number == number else row for row in rows]


# What is planted: name -> (invariant, what is said, evidence made of the clean one)

CLEAN = clean()
ROWS, REQUESTS = list(CLEAN.ledger), list(CLEAN.requests or ())
RESULTS = list(CLEAN.results or ())

PLANTED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "an unknown row is sent again": (
        "I1",
        "row 4: 2 requests that may have been taken, 1 allowed",
        {"requests": [*REQUESTS, seen(4, 500)]},
    ),
    "a row without an answer is sent again": (
        "I1",
        "row 10: 2 requests that may have been taken, 1 allowed",
        {"requests": [*REQUESTS, seen(10, None)]},
    ),
    "a booked row is sent again and refused": (
        "I1",
        "row 2: 2 requests that may have been taken, 1 allowed",
        {"requests": [*REQUESTS, seen(2, 503)], "ledger": changed(ROWS, 7, body="")},
    ),
    "a request that a 429 answered had been taken all the same": (
        "I1",
        "row 12: 2 requests that may have been taken, 1 allowed",
        {"requests": [*REQUESTS, seen(12, 429, is_committed=True, booking="", booking_id=None)]},
    ),
    "a duplicate is sent": (
        "I1",
        "rows 2, 7: 2 requests that may have been taken, 1 allowed",
        {"requests": [*REQUESTS, seen(2, 500)]},
    ),
    "a corrected phone books twice": (
        "I1",
        "rows 2, 7, 12: 2 bookings of one patient at one time, 1 allowed",
        {
            "requests": [
                *(request for request in REQUESTS if request.body != "body 12"),
                seen(12, 201, is_committed=True, booking="booking 2"),
            ]
        },
    ),
    "a blank row is dropped from the results": (
        "I2",
        "row 8 of the source not in the results",
        {"results": [row for row in RESULTS if row.row_number != 8]},
    ),
    "a row is twice in the results": (
        "I2",
        "row 2 too often in the results",
        {"results": [*RESULTS, RESULTS[0]]},
    ),
    "a row never got into the ledger": (
        "I2",
        "row 14 of the source not in the ledger",
        {
            "source_rows": [*CLEAN.source_rows, 14],
            "results": [*RESULTS, Shown(row_number=14, status="blank")],
        },
    ),
    "the ledger has a row that the source has not": (
        "I2",
        "row 14 too often in the ledger",
        {"ledger": [*ROWS, held(14, State.BLANK, body="")]},
    ),
    "an acknowledged booking is kept without its id": (
        "I3",
        "row 2: booked without an id",
        {"ledger": changed(ROWS, 2, booking_id=None), "results": None, "requests": None},
    ),
    "a row skipped for an earlier booking does not say which": (
        "I3",
        "row 11: skipped without an id",
        {"ledger": changed(ROWS, 11, booking_id=None), "results": None, "requests": None},
    ),
    "the results show another id": (
        "I3",
        "row 2: the results show another booking id",
        {"results": [replace(RESULTS[0], booking_id=7), *RESULTS[1:]]},
    ),
    "an answer that was read is not in the ledger": (
        "I3",
        "row 4: the server told a booking id that the ledger has not",
        {"requests": [*(r for r in REQUESTS if r.body != "body 4"), seen(4)]},
    ),
    "a row is booked that the server does not know": (
        "I4",
        "row 2: booked, but the server has no such id",
        {
            "requests": [r for r in REQUESTS if r.status != 200 or r.body != "body 2"],
        },
    ),
    "a row is booked with the id of another one": (
        "I4",
        "row 2: booked, but the server has no such id",
        {
            "ledger": changed(ROWS, 2, booking_id=112),
            "results": [replace(RESULTS[0], booking_id=112), *RESULTS[1:]],
            "were_answers_read": False,
        },
    ),
    "a row that the server booked is rejected": (
        "I4",
        "row 3: rejected, but the server booked it",
        {
            "requests": [*REQUESTS, seen(3, 500, is_committed=True)],
            "were_answers_read": False,
        },
    ),
    "a row that the server booked is not sent": (
        "I4",
        "row 5: not sent, but the server booked it",
        {"requests": [*REQUESTS, seen(5, None, is_committed=True)]},
    ),
    "a row that was left out is booked": (
        "I4",
        "row 9: left out, but the server booked it",
        {"requests": [*REQUESTS, seen(9, 500, is_committed=True)]},
    ),
    "the results call an unknown row booked": (
        "I4",
        "row 4: unknown, the results say booked",
        {"results": [replace(r, status="booked") if r.row_number == 4 else r for r in RESULTS]},
    ),
    "the results call a row sending": (
        "I4",
        "row 10: unknown, the results say sending",
        {"results": [replace(r, status="sending") if r.row_number == 10 else r for r in RESULTS]},
    ),
    "one request too many in a window": (
        "I5",
        "6 requests within 1 s, 5 allowed",
        {"arrivals_s": [9.0, 10.0, 10.1, 10.2, 10.3, 10.4, 10.999, 12.0]},
    ),
    "a row is sent while the file is still read": (
        "I7",
        "row 12: sent before the file was planned",
        {"planned_s": PLANNED_S + 12.5, "requests": REQUESTS[-2:], "ledger": changed(ROWS[10:], 13)}
        | {"source_rows": [12, 13], "results": RESULTS[10:]},
    ),
    "one outage leaves too many rows unknown": (
        "I11",
        "2 rows unknown, 1 allowed",
        {"most_unknown": 1},
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_violation_is_found_and_nothing_else(name: str) -> None:
    invariant, what, changes = PLANTED[name]
    found = verify(clean(**changes))
    assert [violation.invariant for violation in found] == [invariant]
    assert [violation.what for violation in found] == [what]


def test_every_invariant_that_is_judged_has_a_planted_violation() -> None:
    planted = {invariant for invariant, _, _ in PLANTED.values()}
    assert planted == {"I1", "I2", "I3", "I4", "I5", "I7", "I11"}


# What is allowed


@pytest.mark.parametrize("status", [401, 421, 423, 425, 429, 302, 399, 400, 403, 404, 422, 501])
def test_what_was_surely_not_taken_may_go_again(status: int) -> None:
    requests = [seen(2, status, is_committed=False)] * 3
    assert verify(evidence([held(2)], [*requests, seen(2)], arrivals_s=())) == []


@pytest.mark.parametrize("status", [None, 200, 204, 299, 408, 418, 500, 502, 503, 504])
def test_what_may_have_been_taken_may_not_go_again(status: int | None) -> None:
    twice = [seen(2, status, is_committed=False), seen(2)]
    assert broken(evidence([held(2)], twice)) == {"I1"}


def test_a_503_may_go_again_where_the_operator_said_so() -> None:
    twice = [seen(2, 503), seen(2)]
    assert broken(evidence([held(2)], twice)) == {"I1"}
    assert broken(evidence([held(2)], twice, is_503_trusted=True)) == set()
    made = [seen(2, 503, is_committed=True), seen(2, booking_id=7)]
    assert "I1" in broken(evidence([held(2, booking_id=7)], made, is_503_trusted=True))


@pytest.mark.parametrize("where", ["allowed_again", "allowed_elsewhere"])
def test_a_row_that_was_released_may_go_once_more_and_not_twice(where: str) -> None:
    released = held(2, **{where: 1})
    assert verify(evidence([released], [seen(2, 500), seen(2)])) == []
    assert broken(evidence([released], [seen(2, 500), seen(2, 500), seen(2)])) == {"I1"}


@pytest.mark.parametrize(("releases", "kept"), [(0, False), (1, True)])
def test_two_bookings_of_one_patient_are_right_once_the_first_was_given_up(
    releases: int, *, kept: bool
) -> None:
    """The first one with another phone, in another run: its body is not one of this run's."""
    requests = [seen(70, booking="booking 2"), seen(2)]
    row = held(2, allowed_elsewhere=releases)
    assert (verify(evidence([row], requests)) == []) is kept


def test_bookings_of_other_runs_are_not_judged() -> None:
    others = [seen(70, booking="other"), seen(71, booking="other"), seen(70, 500), seen(71, 500)]
    assert verify(evidence([held(2)], [seen(2), *others], planned_s=None)) == []


def test_the_same_booking_may_be_made_as_often_as_it_was_asked_for() -> None:
    rows = [held(2), held(3, body="body 2", occurrence=1, booking_id=203)]
    requests = [seen(2), seen(2, booking_id=203)]
    assert verify(evidence(rows, requests)) == []
    assert broken(evidence(rows, [*requests, seen(2, booking_id=303)])) == {"I1", "I3"}
    follower = held(2, State.SKIPPED, booking_id=102, is_reference=True)
    seen_elsewhere = replace(follower, occurrences_anywhere=2, is_live_elsewhere=True)
    assert verify(evidence([seen_elsewhere], requests)) == []


def test_a_row_that_only_points_at_another_is_no_second_booking() -> None:
    rows = [held(2), held(3, State.SKIPPED, body="body 2", booking_id=102, is_reference=True)]
    rows[1] = replace(rows[1], occurrence=1)
    assert verify(evidence(rows, [seen(2)])) == []
    assert "I1" in broken(evidence(rows, [seen(2), seen(2, 500)]))


@pytest.mark.parametrize("state", [State.READY, State.REJECTED, State.INVALID])
@pytest.mark.parametrize("status", [None, 200, 504])
def test_an_answer_that_may_hide_a_booking_makes_no_row_unbooked(
    status: int | None, state: State
) -> None:
    """The server booked nothing, but nobody who sent that request could know."""
    lost = seen(2, status, is_committed=False)

    assert told(evidence([held(2, State.UNKNOWN)], [lost])) == []
    assert told(evidence([held(2, state)], [lost])) == [
        f"row 2: {shown(held(2, state)).status}, but the server may have booked it"
    ]
    assert told(evidence([held(2, state, allowed_again=1)], [lost])) == []
    assert told(evidence([held(2, state)], [replace(lost, status=429)])) == []


def test_of_two_equal_rows_one_may_be_booked_and_the_other_not_sent() -> None:
    rows = [held(2), held(3, State.READY, body="body 2", occurrence=1)]
    assert verify(evidence(rows, [seen(2)])) == []
    made = [seen(2), seen(2, 500, is_committed=True, booking_id=203)]
    assert told(evidence(rows, made)) == ["row 3: not sent, but the server booked it"]


def test_a_booking_behind_an_unknown_row_is_nobody_elses() -> None:
    rows = [held(2, State.UNKNOWN), held(3, State.READY, body="body 2", occurrence=1)]
    assert verify(evidence(rows, [seen(2, 500, is_committed=True)])) == []
    rows[0] = replace(rows[0], is_reference=True)
    found = evidence(rows, [seen(2, 500, is_committed=True)])
    assert told(found) == ["row 3: not sent, but the server booked it"]


def test_what_a_person_said_is_not_the_servers_word() -> None:
    """A booking id that was typed need not be in the log, and the first attempt may be there."""
    typed = held(2, booking_id=7, is_settled=True)
    assert verify(evidence([typed], [seen(2, 500)])) == []
    assert verify(evidence([typed], [seen(2, 500, is_committed=True)])) == []
    freed = held(2, State.READY, is_settled=True, allowed_again=1)
    assert verify(evidence([freed], [seen(2, 500, is_committed=True)])) == []


def test_a_row_released_by_mistake_may_be_refused_then() -> None:
    again = [seen(2, 500, is_committed=True), seen(2, 409)]
    assert verify(evidence([held(2, State.REJECTED, allowed_again=1)], again)) == []
    assert broken(evidence([held(2, State.REJECTED)], again)) == {"I4"}


def test_a_booking_that_another_run_holds_is_no_lie_of_this_one() -> None:
    elsewhere = held(2, State.LEFT_OUT, is_live_elsewhere=True, requests_elsewhere=1)
    assert verify(evidence([elsewhere], [seen(2, arrived_s=5.0)])) == []


def test_a_booking_that_was_cancelled_since_is_no_lost_answer() -> None:
    cancelled = {"allowed_elsewhere": 1, "cancelled_elsewhere": 1, "requests_elsewhere": 1}
    assert verify(evidence([held(2, State.READY, **cancelled)], [seen(2)])) == []
    assert broken(evidence([held(2, State.UNKNOWN, allowed_elsewhere=1)], [seen(2)])) == {"I3"}


@pytest.mark.parametrize(
    "unheard", [{"is_whole": False}, {"status": 500}, {"status": 202}, {"booking_id": None}]
)
def test_an_answer_that_never_came_whole_is_not_lost_by_us(unheard: dict[str, Any]) -> None:
    request = seen(2, **({"is_committed": True} | unheard))
    assert verify(evidence([held(2, State.UNKNOWN)], [request])) == []


def test_an_answer_may_be_lost_with_the_process_that_waited_for_it() -> None:
    found = evidence([held(2, State.UNKNOWN)], [seen(2)])
    assert broken(found) == {"I3"}
    assert verify(replace(found, were_answers_read=False)) == []


def test_a_body_that_was_cut_off_is_nobodys() -> None:
    cut = [seen(2, None, body=""), seen(3, None, body="")]
    assert verify(evidence([held(4, State.UNKNOWN, body="")], cut)) == []


def test_bookings_without_the_patients_hash_are_compared_by_their_requests_alone() -> None:
    rows = [held(2), held(3)]
    assert verify(evidence(rows, [seen(2, booking=""), seen(3, booking="")])) == []


def test_a_booking_whose_id_nobody_logged_is_nobodys_id() -> None:
    found = evidence([held(2, booking_id=None)], [seen(2, booking_id=None)])
    assert broken(found) == {"I3", "I4"}


# What nobody can tell is not judged


def test_without_log_and_results_only_source_and_ledger_are_held_together() -> None:
    found = replace(evidence([held(2, booking_id=7)], []), requests=None, results=None)
    assert verify(found) == []
    assert broken(replace(found, source_rows=[2, 3])) == {"I2"}


def test_a_log_without_requests_is_judged_all_the_same() -> None:
    assert broken(evidence([held(2)], [])) == {"I4"}


@pytest.mark.parametrize("unknown", ["planned_s", "limit", "most_unknown"])
def test_what_is_not_known_is_not_judged(unknown: str) -> None:
    rows = [held(2, State.UNKNOWN)]
    strict = {"planned_s": PLANNED_S + 3, "limit": (0, 1.0), "most_unknown": 0}
    everything = broken(evidence(rows, [seen(2, 500)], **strict))
    assert everything == {"I5", "I7", "I11"}
    one_less = evidence(rows, [seen(2, 500)], **(strict | {unknown: None}))
    assert len(broken(one_less)) == 2


# Numbers


@pytest.mark.parametrize(
    ("arrivals", "most"),
    [
        ([], 0),
        ([5.0], 1),
        ([0.0, 1.0], 1),  # half-open: one window later is another window
        ([0.0, 0.999], 2),
        ([3.0, 0.0, 0.5, 1.4, 1.49], 3),  # in any order, and not aligned to anything
        ([7.0] * 4, 4),
    ],
)
def test_the_fullest_window_begins_at_an_arrival(arrivals: list[float], most: int) -> None:
    assert most_in_window(arrivals, 1.0) == most


def test_as_many_as_the_limit_allows_are_allowed() -> None:
    arrivals = [10.0, 10.1, 10.2]
    assert verify(evidence([], [], arrivals_s=arrivals, limit=(3, 1.0))) == []
    assert broken(evidence([], [], arrivals_s=arrivals, limit=(2, 0.3))) == {"I5"}
    assert broken(evidence([], [], arrivals_s=arrivals, limit=(2, 0.2))) == set()


def test_a_request_at_the_very_moment_of_the_plan_is_not_before_it() -> None:
    assert verify(evidence([held(2)], [seen(2, arrived_s=PLANNED_S)])) == []
    early = seen(2, arrived_s=PLANNED_S - 0.001)
    assert told(evidence([held(2)], [early])) == ["row 2: sent before the file was planned"]


def test_what_other_runs_sent_before_the_plan_is_theirs() -> None:
    early = [seen(2, 500, arrived_s=1.0), seen(2, arrived_s=2.0)]
    row = held(2, allowed_elsewhere=1, requests_elsewhere=2)
    assert verify(evidence([row], early)) == []
    assert broken(evidence([replace(row, requests_elsewhere=1)], early)) == {"I7"}


def test_as_many_unknown_as_an_outage_allows_are_allowed() -> None:
    rows = [held(n, State.UNKNOWN) for n in range(2, 8)]
    assert verify(evidence(rows, [])) == []
    assert told(evidence([*rows, held(9, State.SENDING)], [])) == ["7 rows unknown, 6 allowed"]


def test_only_the_first_rows_are_named_and_the_others_counted() -> None:
    rows = [held(n) for n in range(2, 10)]
    found = evidence(rows, [seen(n) for n in range(2, 10)], results=[])
    assert told(found) == ["rows 2, 3, 4, 5, 6 and 3 more of the source not in the results"]
    five = evidence(rows[:5], [seen(n) for n in range(2, 7)], results=[])
    assert told(five) == ["rows 2, 3, 4, 5, 6 of the source not in the results"]
