"""How many refusals a run may have."""

from __future__ import annotations

import pytest

from importer.bounds import parse_row_bound
from importer.errors import ExitCode
from importer.model import Booked, NotTaken, NotTakenCause, Outcome, Rejected, Unknown
from importer.posting.refusals import Refusals

BOOKED = Booked(http_status=200, booking_id=1)
REFUSED = Rejected(http_status=422)
LOST = Unknown(reason="ReadTimeout")
AGAIN = NotTaken(cause=NotTakenCause.TOO_MANY_REQUESTS, left=True, http_status=429)


def stopped_after(refusals: Refusals, outcomes: list[Outcome]) -> int | None:
    """Return after how many outcomes the run stops, None when it goes on."""
    for number, outcome in enumerate(outcomes, start=1):
        if refusals.after(outcome) is not None:
            return number
    return None


@pytest.mark.parametrize(
    ("bound", "rows", "stopped"), [("2", 100, 3), ("2%", 100, 3), ("0", 9, 1), ("off", 9, None)]
)
def test_a_run_stops_with_the_first_refusal_beyond_the_bound(
    bound: str, rows: int, stopped: int | None
) -> None:
    refusals = Refusals(most=parse_row_bound(bound), rows=rows)
    assert stopped_after(refusals, [REFUSED] * 9) == stopped


def test_only_refusals_count() -> None:
    refusals = Refusals(most=parse_row_bound("1"), rows=9)
    assert stopped_after(refusals, [BOOKED, LOST, AGAIN, REFUSED, BOOKED, REFUSED]) == 6


def test_refusals_of_earlier_processes_count() -> None:
    refusals = Refusals(most=parse_row_bound("5"), rows=100, refused=5)
    assert refusals.before() is None
    stop = refusals.after(REFUSED)
    assert stop is not None
    assert stop.exit_code is ExitCode.STOPPED_EARLY
    assert stop.why == "6 rows were refused, more than --max-rejects 5"
    assert Refusals(most=parse_row_bound("5"), rows=100, refused=6).before() is not None


@pytest.mark.parametrize(
    ("outcomes", "stopped"),
    [
        ([REFUSED] * 3, 3),
        ([REFUSED, BOOKED, REFUSED, BOOKED, REFUSED], None),
        ([BOOKED, REFUSED, REFUSED, REFUSED], 4),
        ([LOST, AGAIN, REFUSED, REFUSED, REFUSED], 5),
        ([BOOKED] * 4 + [REFUSED] * 9, None),
    ],
)
def test_a_canary_stops_when_more_than_half_of_it_is_refused(
    outcomes: list[Outcome], stopped: int | None
) -> None:
    assert stopped_after(Refusals(canary=4), outcomes) == stopped


def test_the_others_go_once_the_canary_is_answered() -> None:
    refusals = Refusals(canary=3)
    seen = []
    for outcome in (BOOKED, AGAIN, LOST, REFUSED, BOOKED):
        seen.append(refusals.is_past_canary)
        refusals.after(outcome)
    assert seen == [False, False, False, False, True]


def test_one_refusal_at_the_start_stops_no_run_without_a_canary() -> None:
    assert stopped_after(Refusals(), [REFUSED] * 30) is None
