"""Planning: which rows the ledger knows, what it knows of them, and runs that came to nothing."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, event

from importer.ledger import Earlier, Ledger, Ruling, planning
from importer.model import Answer, Booked, Rejected, State, Unknown
from importer.problems import ProblemCode, RowProblem
from tests.edges.ledger_kit import (
    AT,
    begin,
    book,
    claim,
    codes_of,
    crash,
    identity,
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
    from importer.model import RowKey

MANY = 20_000


def keys(ledger: Ledger, digest: str, sheet: str, numbers: list[int]) -> dict[int, RowKey]:
    return ledger.plan(
        partial(planning.keys_of_file, source_digest=digest, sheet=sheet, row_numbers=numbers)
    )


# Row keys and run ids


def test_row_keys_are_random_words_that_no_spreadsheet_takes_for_a_number() -> None:
    minted = {planning.mint_row_key() for _ in range(1_000)}

    assert len(minted) == 1_000
    assert all(key[0] == "r" and key.isalnum() and len(key) == 17 for key in minted)


def test_a_run_is_named_after_its_day() -> None:
    names = {planning.mint_run_id("2090-01-02") for _ in range(100)}

    assert len(names) == 100
    assert all(re.fullmatch(r"2090-01-02-[0-9a-f]{6}", name) for name in names)


def test_the_same_file_and_sheet_keep_their_row_keys_in_every_run(ledger: Ledger) -> None:
    plan(ledger, make_row(2), make_row(3), make_row(4), run_id="first", digest="file")
    first = {number: row.row_key for number, row in rows_of(ledger, "first").items()}

    assert keys(ledger, "file", "", [2, 3, 4]) == first
    again = [make_row(number, row_key=first[number]) for number in (2, 3, 4)]
    plan(ledger, *again, run_id="second", digest="file")
    assert keys(ledger, "file", "", [2, 3, 4]) == first


@pytest.mark.parametrize(
    ("digest", "sheet", "numbers"),
    [("other file", "", [2]), ("file", "Sheet2", [2]), ("file", "", [5]), ("file", "", [])],
)
def test_other_files_sheets_and_rows_have_no_keys_yet(
    ledger: Ledger, digest: str, sheet: str, numbers: list[int]
) -> None:
    plan(ledger, make_row(2), run_id="first", digest="file")

    assert keys(ledger, digest, sheet, numbers) == {}


def test_every_row_that_ever_had_a_key_is_found_by_it_the_oldest_first(ledger: Ledger) -> None:
    key = planning.mint_row_key()
    plan(ledger, make_row(2, row_key=key), run_id="first")
    plan(ledger, make_row(7, booking="edited", row_key=key), run_id="second")

    found = ledger.plan(partial(planning.rows_by_key, keys=[key, "rnobody"]))

    assert list(found) == [key]
    assert [row.row_id for row in found[key]] == [1, 2]


def test_all_that_a_row_is_compared_by_is_known_of_an_earlier_one(ledger: Ledger) -> None:
    row = make_row(2, "a", "with a phone", occurrence=1)
    plan(ledger, row, run_id="first")
    claim(ledger, 1)
    record(ledger, 1, Booked(booking_id=7, solv_status="RESERVED", http_status=201))
    ruling = Ruling(row_key=row.row_key, answer=Answer.CANCELLED)
    assert ledger.decide(1, [ruling], who="ann", at=AT) == []
    refused = make_row(2, "a", state=State.REJECTED, refers_to=1, http_status=422)
    plan(ledger, refused, run_id="second")

    found = ledger.plan(partial(planning.rows_by_id, row_ids=[1, 2]))

    assert found[1] == Earlier(
        row_id=1,
        run_number=1,
        row_key=row.row_key,
        state=State.BOOKED,
        fingerprint=identity("a").fingerprint,
        occurrence=1,
        request=identity("a", "with a phone").request,
        booking_id=7,
        solv_status="RESERVED",
        is_cancelled=True,
        refers_to=None,
        http_status=201,
    )
    assert found[2] == Earlier(
        row_id=2,
        run_number=2,
        row_key=refused.row_key,
        state=State.REJECTED,
        fingerprint=identity("a").fingerprint,
        occurrence=0,
        request=identity("a").request,
        booking_id=None,
        solv_status="",
        is_cancelled=False,
        refers_to=1,
        http_status=422,
    )


def test_rows_are_found_by_their_ids(ledger: Ledger) -> None:
    plan(ledger, make_row(2), make_row(3), make_row(4))

    found = ledger.plan(partial(planning.rows_by_id, row_ids=[1, 3, 3, 99]))

    assert {row_id: row.row_id for row_id, row in found.items()} == {1: 1, 3: 3}


# What is known of a booking


def test_rows_that_are_or_may_be_booked_are_found_by_their_fingerprint(ledger: Ledger) -> None:
    row_ids = plan(ledger, *(make_row(number) for number in range(2, 9)))
    book(ledger, row_ids[0], 501)
    for row_id, outcome in ((row_ids[1], Unknown(reason="lost")), (row_ids[2], None)):
        claim(ledger, row_id)
        record(ledger, row_id, outcome or Rejected(http_status=422))
    claim(ledger, row_ids[3])
    book(ledger, row_ids[4], 505)
    ruling = Ruling(row_key=row_of(ledger, 6).row_key, answer=Answer.CANCELLED)
    assert ledger.decide(1, [ruling], who="ann", at=AT) == []
    prints = [identity(f"booking {number}").fingerprint for number in range(2, 10)]

    live = ledger.plan(partial(planning.live_by_fingerprint, fingerprints=prints))

    assert {(prints.index(key[0]) + 2, row.state) for key, row in live.items()} == {
        (2, State.BOOKED),
        (3, State.UNKNOWN),
        (5, State.SENDING),
    }
    assert live[prints[0], 0].booking_id == 501


def test_an_earlier_row_comes_with_all_that_became_of_it(ledger: Ledger) -> None:
    booked, cancelled, refused = plan(ledger, make_row(2), make_row(3), make_row(4))
    for row_id, booking_id in ((booked, 501), (cancelled, 502)):
        claim(ledger, row_id)
        record(ledger, row_id, Booked(booking_id=booking_id, solv_status="CONFIRMED"))
    ruling = Ruling(row_key=row_of(ledger, 3).row_key, answer=Answer.CANCELLED)
    assert ledger.decide(1, [ruling], who="ann", at=AT) == []
    claim(ledger, refused)
    record(ledger, refused, Rejected(http_status=422))
    skipped = make_row(5, booking="booking 2", state=State.SKIPPED, refers_to=booked)
    (follower,) = plan(ledger, skipped, run_id="later")

    rows = ledger.plan(partial(planning.rows_by_id, row_ids=[booked, cancelled, refused, follower]))

    found = {
        n: (row.booking_id, row.solv_status, row.is_cancelled, row.refers_to, row.http_status)
        for n, row in rows.items()
    }
    assert found == {
        booked: (501, "CONFIRMED", False, None, 200),
        cancelled: (502, "CONFIRMED", True, None, 200),
        refused: (None, "", False, None, 422),
        follower: (None, "", False, booked, None),
    }


def test_a_row_that_only_follows_is_not_what_others_are_compared_with(ledger: Ledger) -> None:
    (first,) = plan(ledger, make_row(booking="one"), run_id="old")
    (second,) = plan(ledger, make_row(booking="one"))
    book(ledger, first, 501)
    claim(ledger, second)
    fingerprint = identity("one").fingerprint

    live = ledger.plan(partial(planning.live_by_fingerprint, fingerprints=[fingerprint]))

    assert [row.row_id for row in live.values()] == [first]


def test_occurrences_of_a_booking_are_known_apart(ledger: Ledger) -> None:
    row_ids = plan(ledger, *(make_row(n, booking="one", occurrence=o) for n, o in ((2, 0), (3, 1))))
    for number, row_id in enumerate(row_ids):
        book(ledger, row_id, 501 + number)
    fingerprint = identity("one").fingerprint

    live = ledger.plan(partial(planning.live_by_fingerprint, fingerprints=[fingerprint]))

    assert {key[1]: row.booking_id for key, row in live.items()} == {0: 501, 1: 502}


def test_the_newest_refusal_of_a_request_is_found(ledger: Ledger) -> None:
    for run_id, status in (("first", 422), ("second", 409)):
        (row_id,) = plan(ledger, make_row(booking="one"), run_id=run_id)
        claim(ledger, row_id)
        record(ledger, row_id, Rejected(http_status=status))
    request = identity("one").request

    found = ledger.plan(partial(planning.rejected_by_request, requests=[request, b"other"]))

    assert {key: row.http_status for key, row in found.items()} == {request: 409}


def test_a_corrected_request_was_never_refused(ledger: Ledger) -> None:
    (row_id,) = plan(ledger, make_row(booking="one", request="wrong phone"))
    claim(ledger, row_id)
    record(ledger, row_id, Rejected(http_status=422))
    corrected = identity("one", "right phone").request

    assert ledger.plan(partial(planning.rejected_by_request, requests=[corrected])) == {}


def test_earlier_chunks_of_a_file_are_known_without_their_duplicates(ledger: Ledger) -> None:
    plan(ledger, make_row(2, booking="one"), run_id="earlier run")
    run_number = begin(ledger)
    ledger.add_rows(
        run_number,
        [
            make_row(5, booking="one"),
            make_row(6, booking="one", occurrence=1),
            make_row(7, booking="one", state=State.DUPLICATE),
            make_row(8, booking="two"),
            make_row(9, identity=None, state=State.INVALID),
        ],
    )
    prints = [identity(word).fingerprint for word in ("one", "two", "three")]

    found = ledger.plan(partial(planning.first_in_run, run_number=run_number, fingerprints=prints))

    assert {prints.index(key): (row.row_number, row.count) for key, row in found.items()} == {
        0: (5, 2),
        1: (8, 1),
    }


# Copies


@pytest.mark.parametrize("state", [State.READY, State.SKIPPED, State.UNKNOWN], ids=str)
def test_a_copy_gets_a_key_of_its_own_and_is_held(ledger: Ledger, state: State) -> None:
    (first,) = plan(ledger, make_row(), run_id="old")
    book(ledger, first, 501)
    key = row_of(ledger, run_id="old").row_key
    edited = RowProblem(row_number=3, code=ProblemCode.BOOKED_ROW_EDITED)
    padded = RowProblem(row_number=3, code=ProblemCode.ZIP_PADDED)
    follows: dict[str, Any] = (
        {} if state is State.READY else {"refers_to": first, "booking_id": 501}
    )
    (copy,) = plan(
        ledger, make_row(3, row_key=key, state=state, problems=(edited, padded), **follows)
    )

    assert ledger.plan(partial(planning.hold_copies, row_ids=[copy])) == 1

    row = row_of(ledger, 3)
    assert row.state is State.INVALID
    assert (row.booking_id, row.refers_to) == (None, None)
    assert row.row_key != key
    assert codes_of(ledger, copy) == ["ZIP_PADDED", "ROW_KEY_COPIED"]
    assert claim(ledger, copy) is State.INVALID


@pytest.mark.parametrize("state", [State.DUPLICATE, State.INVALID, State.BLANK], ids=str)
def test_a_copy_that_is_not_sent_anyway_keeps_its_state(ledger: Ledger, state: State) -> None:
    (copy,) = plan(ledger, make_row(state=state))

    assert ledger.plan(partial(planning.hold_copies, row_ids=[copy])) == 0

    assert row_of(ledger).state is state
    assert codes_of(ledger, copy) == ["ROW_KEY_COPIED"]


# Runs that came to nothing


def test_a_run_that_was_not_planned_to_its_end_leaves_nothing(ledger: Ledger) -> None:
    kept, problem = (
        RowProblem(row_number=n, code=ProblemCode.PHONE_NOT_US, field="phone") for n in (2, 3)
    )
    plan(ledger, make_row(2, problems=(kept,)), run_id="kept")
    run_number = begin(ledger, "stopped")
    ledger.add_rows(run_number, [make_row(3, problems=(problem,)), make_row(4)])

    with open_at(crash(ledger)) as again:
        folder = again.folder
        assert query(folder.database, "SELECT run_id FROM run") == [("kept",)]
        assert query(folder.database, "SELECT row_number FROM row") == [(2,)]
        assert query(folder.database, "SELECT row_id FROM problem") == [(1,)]
        with again.history() as history:
            assert [run.run_id for run in history.runs()] == ["kept"]


def test_sweeping_while_open_forgets_the_run_that_failed(ledger: Ledger) -> None:
    begin(ledger, "failed")

    ledger.plan(planning.sweep_unplanned)

    assert query(ledger.folder.database, "SELECT count(*) FROM run") == [(0,)]


def test_a_run_that_was_planned_only_to_be_looked_at_leaves_nothing(ledger: Ledger) -> None:
    plan(ledger, make_row(2), run_id="kept")
    plan(ledger, make_row(3), make_row(4), run_id="looked at")

    ledger.plan(partial(planning.forget_run, run_number=2))

    assert query(ledger.folder.database, "SELECT run_id FROM run") == [("kept",)]
    assert query(ledger.folder.database, "SELECT row_number FROM row") == [(2,)]


def test_a_superseded_run_sends_nothing_any_more(ledger: Ledger) -> None:
    first, second = plan(ledger, make_row(2), make_row(3, state=State.INVALID))

    ledger.plan(partial(planning.supersede, run_number=1))

    assert states_of(ledger) == {2: State.SUPERSEDED, 3: State.INVALID}
    assert claim(ledger, first) is State.SUPERSEDED
    assert second


# Many rows


def test_rows_and_problems_are_registered_in_the_order_they_came(ledger: Ledger) -> None:
    problem = RowProblem(
        row_number=3, code=ProblemCode.PHONE_NOT_US, field="phone", column=4, hint="10 digits"
    )
    run_number = begin(ledger)
    first = ledger.add_rows(run_number, [make_row(2), make_row(3, problems=(problem,))])
    second = ledger.add_rows(run_number, [make_row(4)])
    assert ledger.add_rows(run_number, []) == []

    assert [*first, *second] == [1, 2, 3]
    (kept,) = problems_of(ledger, first[1])
    assert (kept.code, kept.field, kept.column, kept.hint) == (
        ProblemCode.PHONE_NOT_US,
        "phone",
        4,
        "10 digits",
    )


def test_twenty_thousand_rows_are_planned_and_looked_up_in_batches(ledger: Ledger) -> None:
    statements: list[str] = []
    run_number = begin(ledger, digest="file")
    rows = [make_row(number) for number in range(2, MANY + 2)]
    prints = [row.identity.fingerprint for row in rows if row.identity]

    def watch(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    def look_everything_up(connection: Connection) -> tuple[int, ...]:
        event.listen(connection, "before_cursor_execute", watch)
        planning.add_rows(connection, run_number, rows)
        return (
            len(planning.keys_of_file(connection, "file", "", range(2, MANY + 2))),
            len(planning.rows_by_key(connection, [row.row_key for row in rows])),
            len(planning.first_in_run(connection, run_number, prints)),
            len(planning.live_by_fingerprint(connection, prints)),
        )

    assert ledger.plan(look_everything_up) == (MANY, MANY, MANY, 0)
    assert len(statements) <= 10 + 3 * MANY // 500


@pytest.mark.parametrize(
    ("question", "index"),
    [
        ("SELECT * FROM row WHERE row_key = 'x'", "row_row_key"),
        ("SELECT * FROM row WHERE fingerprint = x'00'", "row_fingerprint"),
        ("SELECT * FROM row WHERE request = x'00'", "row_request"),
        ("SELECT * FROM row WHERE refers_to = 1", "row_refers_to"),
        ("SELECT * FROM row WHERE booking_id = 1", "row_booking_id"),
        ("SELECT * FROM problem WHERE row_id = 1", "problem_row_id"),
    ],
)
def test_the_looking_up_goes_by_an_index(ledger: Ledger, question: str, index: str) -> None:
    """Of a million rows, no question may read them all."""
    ((*_, how),) = query(ledger.folder.database, f"EXPLAIN QUERY PLAN {question}")

    assert how.startswith("SEARCH")
    assert index in how
