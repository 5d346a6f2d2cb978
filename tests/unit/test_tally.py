"""How far a run has come: every settled row counts once, and what was taken back does not."""

from __future__ import annotations

import pytest

from importer.model import State
from importer.posting.tally import Tally
from importer.reports import ProgressView


def make_tally() -> Tally:
    return Tally(run_id="run", total=9, limit_per_s=2.0)


def test_nothing_is_settled_at_first() -> None:
    assert make_tally().view(paused_s=0.0) == ProgressView(
        run_id="run", total=9, done=0, booked=0, rejected=0, unknown=0, limit_per_s=2.0
    )


def test_every_state_is_shown_where_it_belongs() -> None:
    tally = make_tally()
    for state, rows in ((State.BOOKED, 4), (State.UNKNOWN, 2), (State.SKIPPED, 3)):
        for _ in range(rows):
            tally.add(state)
    tally.add(State.INVALID)
    tally.add(State.REJECTED, "422 phone")
    tally.waiting += 1

    assert tally.view(paused_s=1.5) == ProgressView(
        run_id="run",
        total=9,
        done=11,
        booked=4,
        rejected=1,
        unknown=2,
        waiting=1,
        skipped=3,
        limit_per_s=2.0,
        paused_s=1.5,
        last_problem="422 phone",
        last_problem_rows=1,
    )


def test_the_newest_problem_is_told_with_its_rows() -> None:
    tally = make_tally()
    for problem in ("422 phone", "422 email", "", "422 phone", ""):
        tally.add(State.REJECTED, problem)
    view = tally.view(paused_s=0.0)
    assert (view.last_problem, view.last_problem_rows) == ("422 phone", 2)


@pytest.mark.parametrize(("freed", "left"), [(0, 3), (1, 2), (3, 0)])
def test_rejections_that_were_taken_back_are_not_done(freed: int, left: int) -> None:
    tally = make_tally()
    for _ in range(3):
        tally.add(State.REJECTED)
    tally.add(State.BOOKED)
    tally.free_rejected(freed)
    view = tally.view(paused_s=0.0)
    assert (view.rejected, view.done, tally.answered) == (left, left + 1, left + 1)
