"""What was booked since a run was planned: whom its rows follow, and which stay apart."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from importer.ledger.followers import follow_booked_since
from tests.edges.ledger_kit import claim, codes_of, make_row, plan
from tests.edges.ledger_lines_kit import LATER, booked_as, lines_of

if TYPE_CHECKING:
    from importer.ledger import Ledger


def followers(ledger: Ledger, run_number: int, *row_ids: int, allow: bool = True) -> set[int]:
    """Let rows of a run follow what was booked since."""
    change = partial(
        follow_booked_since,
        run_number=run_number,
        row_ids=row_ids,
        at=LATER.isoformat(),
        allow=allow,
    )
    return ledger.plan(change)


def test_nothing_is_followed_where_nothing_was_booked(ledger: Ledger) -> None:
    first, second = plan(ledger, make_row(2, "a"), make_row(3, "b"), run_id="first")
    assert followers(ledger, 1, first, second) == set()


def test_a_row_follows_the_request_that_is_its_own_whatever_the_occurrence(
    ledger: Ledger,
) -> None:
    ann, beth = plan(
        ledger, make_row(2, "a", "ann"), make_row(3, "a", "beth", occurrence=1), run_id="held"
    )
    booked_as(ledger, make_row(2, "a", "beth"))

    assert followers(ledger, 1, ann, beth) == {beth}

    rows = lines_of(ledger)
    assert (rows[beth]["state"], rows[beth]["refers_to"]) == ("skipped", 3)
    # Ann's place is taken, so she gets another, and may go.
    assert rows[ann]["state"] == "ready"
    assert claim(ledger, ann, LATER) == "sending"


def test_rows_whose_places_are_taken_get_places_of_their_own(ledger: Ledger) -> None:
    rows = [make_row(n, "a", name, occurrence=n - 2) for n, name in ((2, "ann"), (3, "beth"))]
    ann, beth = plan(ledger, *rows, run_id="held")
    booked_as(ledger, make_row(2, "a", "cleo"), make_row(3, "a", "dora", occurrence=1))
    # Both are somebody's who is in the held run as well, so neither was edited.
    others = [make_row(n, "a", name, occurrence=n - 2) for n, name in ((4, "cleo"), (5, "dora"))]
    row_ids = ledger.add_rows(1, others)

    assert followers(ledger, 1, ann, beth, *row_ids) == set(row_ids)

    found = lines_of(ledger)
    assert len({found[ann]["occurrence"], found[beth]["occurrence"], 0, 1}) == 4
    assert [claim(ledger, row_id, LATER) for row_id in (ann, beth)] == ["sending", "sending"]


@pytest.mark.parametrize("allow", [True, False])
def test_what_the_plan_held_to_be_one_booking_stays_one(ledger: Ledger, *, allow: bool) -> None:
    first, second = plan(
        ledger, make_row(2, "a", "one phone"), make_row(3, "a", "other phone"), run_id="held"
    )
    claim(ledger, first)

    assert followers(ledger, 1, second, allow=allow) == {second}

    assert lines_of(ledger)[second]["state"] == "unknown"
    assert codes_of(ledger, second) == ["UNKNOWN_BEFORE"]


def test_where_nobody_wants_equal_bookings_any_of_them_is_the_row(ledger: Ledger) -> None:
    rows = [make_row(2, "a", "ann"), make_row(3, "a", "beth", occurrence=1)]
    ann, beth = plan(ledger, *rows, run_id="held")
    booked_as(ledger, make_row(2, "a", "beth"))

    assert followers(ledger, 1, beth, ann, allow=False) == {ann, beth}

    assert codes_of(ledger, ann) == ["BOOKED_ROW_EDITED"]


def test_a_row_that_was_booked_as_somebody_else_follows_its_own_key(ledger: Ledger) -> None:
    (row_id,) = plan(ledger, row := make_row(2, "a"), run_id="held")
    booked_as(ledger, make_row(2, "corrected", row_key=row.row_key))

    assert followers(ledger, 1, row_id) == {row_id}

    assert codes_of(ledger, row_id) == ["BOOKED_ROW_EDITED"]
