"""History: it reads beside a writer, and never writes or makes a ledger."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from importer.errors import LedgerError
from importer.ledger import (
    History,
    Ledger,
    LedgerFolder,
    ProblemRecord,
    RowRecord,
    RunRecord,
)
from importer.ledger.folder import RESTORE
from importer.model import Booked, NotTaken, NotTakenCause, RunId, State, Unknown
from importer.problems import ProblemCode, RowProblem
from tests.edges.ledger_kit import (
    AT,
    TARGET,
    begin,
    book,
    claim,
    contents,
    crash,
    full_disk,
    make_row,
    open_at,
    plan,
    read,
    record,
)

if TYPE_CHECKING:
    from importer.ledger import PlannedRow

ROOT = Path(__file__).parents[2]


# Read only


def test_it_reads_what_is_committed_while_a_writer_writes(ledger: Ledger) -> None:
    row_ids = plan(ledger, *(make_row(number) for number in range(2, 52)))
    go_on = threading.Event()
    with read(ledger.folder) as history:
        for row_id in row_ids[:20]:
            book(ledger, row_id, 500 + row_id)
        ledger._writer.submit(lambda _connection: go_on.wait(10))  # noqa: SLF001 - a transaction stays open
        pending = ledger.claim(row_ids[20], AT)

        assert history.counts(1) == {State.BOOKED: 20, State.READY: 30}

        go_on.set()
        pending.result()
        assert history.counts(1) == {State.BOOKED: 20, State.READY: 29, State.SENDING: 1}


def test_another_process_reads_beside_the_writer(ledger: Ledger) -> None:
    plan(ledger, make_row(2), make_row(3))
    code = (
        "import sys; from pathlib import Path; from importer.ledger import History\n"
        "with History(Path(sys.argv[1])) as history: print(history.counts(1))"
    )

    told = subprocess.run(
        [sys.executable, "-c", code, str(ledger.folder.database)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout

    assert "'ready'>: 2" in told
    assert claim(ledger, 1) is State.SENDING


@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "crashed"])
def test_reading_changes_no_byte_of_the_ledger(tmp_path: Path, *, is_closed: bool) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    with open_at(folder) as ledger:
        plan(ledger, make_row())
        crashed = crash(ledger)
    looked_at = folder if is_closed else crashed
    before = contents(looked_at)

    with read(looked_at) as history:
        assert history.counts(1) == {State.READY: 1}

    after = contents(looked_at)
    assert after.pop("ledger.db-wal", b"") == before.pop("ledger.db-wal", b"")
    assert after == before
    with open_at(looked_at):
        pass


@pytest.mark.parametrize("has_folder", [True, False], ids=["folder", "no folder"])
def test_an_absent_ledger_is_an_error_and_stays_absent(tmp_path: Path, *, has_folder: bool) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    if has_folder:
        folder.path.mkdir()

    with pytest.raises(LedgerError, match="there is no ledger") as caught:
        History(folder.database)

    assert caught.value.todo == RESTORE

    assert list(tmp_path.rglob("*")) == ([folder.path] if has_folder else [])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("PRAGMA application_id = 7", "not a ledger of this program"),
        ("PRAGMA user_version = 9", "has layout 9"),
        ("DROP TABLE meta", "no such table"),
    ],
)
def test_what_is_no_ledger_of_ours_is_not_read(tmp_path: Path, damage: str, words: str) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    with open_at(folder):
        pass
    with closing(sqlite3.connect(folder.database)) as connection:
        connection.execute(damage)

    with pytest.raises(LedgerError, match=words):
        History(folder.database)


def test_a_file_that_is_no_database_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_text("a letter\n" * 1_000)

    with pytest.raises(LedgerError, match="not a database"):
        History(path)


def test_damage_that_shows_late_is_an_error_of_the_ledger(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    with open_at(folder):
        pass
    with closing(sqlite3.connect(folder.database)) as connection:
        connection.execute("DROP TABLE run")

    with read(folder) as history, pytest.raises(LedgerError) as caught:
        history.runs()

    assert caught.value.message == "the ledger cannot be read: no such table: run"
    assert caught.value.todo == RESTORE


# What it tells


def test_it_says_whose_ledger_it_is(ledger: Ledger) -> None:
    with ledger.history() as history:
        assert history.address() == TARGET.address


def test_runs_are_told_the_oldest_first_and_only_planned_ones(ledger: Ledger) -> None:
    for run_id in ("first", "second"):
        plan(ledger, make_row(), run_id=run_id)
    begin(ledger, "being planned")

    with ledger.history() as history:
        assert [run.run_id for run in history.runs()] == ["first", "second"]
        newest = history.run(None)
        assert newest is not None
        assert newest.run_id == "second"
        assert history.run("being planned") is None
        assert history.run("nobody's") is None


def test_the_newest_run_of_a_file_is_that_of_its_sheet(ledger: Ledger) -> None:
    plan(ledger, make_row(), run_id="first", digest="file")
    plan(ledger, make_row(), run_id="second", digest="file")
    plan(ledger, make_row(), run_id="third", digest="other file")

    with ledger.history() as history:
        newest = history.newest_run_of("file", "")
        assert newest is not None
        assert newest.run_id == "second"
        assert history.newest_run_of("file", "Sheet2") is None

    begin(ledger, "being planned", "file")
    with ledger.history() as history:
        assert history.newest_run_of("file", "") == newest


def test_a_run_is_told_as_it_was_written_down(ledger: Ledger) -> None:
    plan(ledger, make_row())
    with ledger.history() as history:
        assert history.run("run") == RunRecord(
            run_number=1,
            run_id=RunId("run"),
            source_name="visits.csv",
            source_path="/clinic/visits.csv",
            source_digest="run",
            sheet="",
            settings="{}",
            waits_429=0,
            started_at=AT.isoformat(),
            planned_at=AT.isoformat(),
            ended_at=None,
            exit_code=None,
            is_accepted=False,
            results_path=None,
        )


def test_a_row_is_told_as_it_was_written_down(ledger: Ledger) -> None:
    planned = make_row(occurrence=2)
    (row_id,) = plan(ledger, planned)
    claim(ledger, row_id)
    ids = "x-request-id=a1"
    booked = Booked(
        booking_id=7, solv_status="RESERVED", emr_booking_id="E-7", http_status=201, server_ids=ids
    )
    record(ledger, row_id, booked)
    assert planned.identity is not None
    with ledger.history() as history:
        assert list(history.rows(1)) == [
            RowRecord(
                row_id=row_id,
                row_number=2,
                row_key=planned.row_key,
                state=State.BOOKED,
                occurrence=2,
                request=planned.identity.request,
                booking_id=7,
                solv_status="RESERVED",
                emr_booking_id="E-7",
                http_status=201,
                server_ids=ids,
                reason="",
                requests=1,
                sending_at=AT.isoformat(),
                refers_to=None,
                told_key=planned.row_key,
                is_cancelled=False,
                releases=0,
                is_settled=False,
            )
        ]


def test_rows_and_counts_are_of_one_run_only(ledger: Ledger) -> None:
    (row_id, _) = plan(ledger, make_row(2), make_row(3), run_id="first")
    (other, *_) = plan(ledger, make_row(4), make_row(5), make_row(6), run_id="second")
    claim(ledger, row_id)
    book(ledger, other, 501)
    with ledger.history() as history:
        assert history.counts(1) == {State.SENDING: 1, State.READY: 1}
        assert history.counts(2) == {State.BOOKED: 1, State.READY: 2}
        assert (history.requests(1), history.requests(2)) == (1, 1)
        assert [row.row_number for row in history.rows(2)] == [4, 5, 6]
        assert [row.row_number for row in history.rows(2, State.READY)] == [5, 6]


def test_how_a_run_went_is_told_as_it_was_written_down(ledger: Ledger) -> None:
    plan(ledger, make_row())
    ledger.update_run(1, is_accepted=1, ended_at="2090-01-02", exit_code=6, results_path="/x")

    with ledger.history() as history:
        run = history.run("run")

    assert run is not None
    assert (run.is_accepted, run.exit_code) == (True, 6)
    assert (run.ended_at, run.results_path, run.settings) == ("2090-01-02", "/x", "{}")


def test_more_rows_than_fit_a_page_are_all_told_in_the_order_of_the_file(ledger: Ledger) -> None:
    numbers = list(range(2, 5_103))
    plan(ledger, *(make_row(number) for number in reversed(numbers)))

    with ledger.history() as history:
        assert [row.row_number for row in history.rows(1)] == numbers
        assert [row.row_number for row in history.rows(1, State.BOOKED)] == []


def test_problems_of_more_rows_than_one_question_asks_for_are_all_told(ledger: Ledger) -> None:
    problem = RowProblem(row_number=2, code=ProblemCode.PHONE_NOT_US, field="phone", column=3)
    row_ids = plan(ledger, *(make_row(n, problems=(problem,)) for n in range(2, 1_203)))

    with ledger.history() as history:
        found = history.problems(row_ids)
        (kind,) = history.problem_kinds(1)

    assert list(found) == row_ids
    assert {len(problems) for problems in found.values()} == {1}
    assert (kind.code, kind.field, kind.column) == (ProblemCode.PHONE_NOT_US, "phone", 3)
    assert (kind.rows, kind.first_rows) == (1_201, (2, 3, 4, 5, 6))


def test_a_row_that_follows_another_tells_what_became_of_that_one(ledger: Ledger) -> None:
    (first,) = plan(ledger, make_row(booking="one"), run_id="old")
    (second,) = plan(ledger, make_row(booking="one"))
    claim(ledger, first)
    record(ledger, first, Unknown(reason="answered 502", http_status=502, server_ids="cf-ray=1"))
    claim(ledger, second)

    with ledger.history() as history:
        (old,), (new,) = (list(history.rows(run_number)) for run_number in (1, 2))

    assert new.refers_to == first
    assert (new.reason, new.http_status, new.server_ids) == ("answered 502", 502, "cf-ray=1")
    assert (new.sending_at, new.told_key) == (old.sending_at, old.row_key)
    assert old.told_key == old.row_key != new.row_key


def test_a_ledger_that_has_failed_still_tells_what_it_holds(ledger: Ledger) -> None:
    plan(ledger, make_row(2), make_row(3))
    with full_disk(ledger), pytest.raises(LedgerError):
        claim(ledger, 1)

    with ledger.history() as history:
        assert history.counts(1) == {State.READY: 2}
    with ledger.history() as history:
        assert history.counts(1) == {State.READY: 2}


def test_the_same_problem_in_two_columns_is_two_kinds(ledger: Ledger) -> None:
    problems = [
        RowProblem(row_number=2, code=ProblemCode.CELL_TOO_LONG, field=field, column=column)
        for field, column in (("reason", 7), ("email", None))
    ]
    plan(ledger, make_row(2, problems=tuple(problems)), make_row(3, problems=(problems[0],)))

    with ledger.history() as history:
        kinds = {(k.field, k.column): (k.rows, k.first_rows) for k in history.problem_kinds(1)}

    assert kinds == {("reason", 7): (2, (2, 3)), ("email", None): (1, (2,))}


def test_problems_are_told_apart_by_code_field_and_column_and_by_run(ledger: Ledger) -> None:
    """The rows of each kind in the order of the file, whatever order they were planned in."""
    long, bad = ProblemCode.CELL_TOO_LONG, ProblemCode.PHONE_NOT_US

    def row(number: int, *problems: tuple[ProblemCode, str, int | None]) -> PlannedRow:
        told = [
            RowProblem(row_number=number, code=code, field=field, column=column)
            for code, field, column in problems
        ]
        return make_row(number, problems=tuple(told))

    plan(ledger, row(9, (long, "reason", 7), (bad, "phone", 3)), run_id="other")
    plan(
        ledger,
        row(5, (long, "reason", 7), (bad, "reason", 7)),
        row(4, (long, "reason", 7), (long, "email", 7)),
        row(3, (long, "reason", 7), (long, "reason", 8), (long, "reason", None)),
        row(2),
    )
    with ledger.history() as history:
        of_run = history.problem_kinds(2)
        two = history.problem_kinds(2, first=2)
        of_other = history.problem_kinds(1)

    assert {(k.code, k.field, k.column): (k.rows, k.first_rows) for k in of_run} == {
        (long, "reason", 7): (3, (3, 4, 5)),
        (bad, "reason", 7): (1, (5,)),
        (long, "email", 7): (1, (4,)),
        (long, "reason", 8): (1, (3,)),
        (long, "reason", None): (1, (3,)),
    }
    assert len(of_run) == 5
    assert {kind.first_rows for kind in two if kind.rows == 3} == {(3, 4)}
    assert {(k.code, k.rows, k.first_rows) for k in of_other} == {(long, 1, (9,)), (bad, 1, (9,))}


def test_the_problems_of_a_row_are_told_in_order_with_all_that_was_said(ledger: Ledger) -> None:
    told = [
        RowProblem(
            row_number=2, code=ProblemCode.PHONE_NOT_US, field="phone", column=3, hint="9 digits"
        ),
        RowProblem(row_number=2, code=ProblemCode.CELL_TOO_LONG, field="reason", column=7),
    ]
    row_ids = plan(ledger, make_row(2, problems=tuple(told)), make_row(3), make_row(4))
    with ledger.history() as history:
        assert history.problems(row_ids) == {
            row_ids[0]: [
                ProblemRecord(code=p.code, field=p.field, column=p.column, hint=p.hint)
                for p in told
            ]
        }
        assert history.problems([]) == {}


def test_a_run_has_sent_something_once_a_request_left_or_may_have(ledger: Ledger) -> None:
    """Rows that an earlier run decided do not count: this one has sent nothing."""
    decided = [
        make_row(number, state=state)
        for number, state in enumerate((State.REJECTED, State.UNKNOWN, State.SKIPPED), start=3)
    ]
    (row_id, *_) = plan(ledger, make_row(2), *decided)
    with ledger.history() as history:
        assert not history.has_sent(1)
        claim(ledger, row_id)
        assert history.has_sent(1)
        record(ledger, row_id, NotTaken(cause=NotTakenCause.NO_CONNECTION, left=False))
        assert not history.has_sent(1)
        claim(ledger, row_id)
        record(ledger, row_id, Unknown(reason="lost"))
        assert history.has_sent(1)
        assert history.requests(1) == 1
        assert history.requests(2) == 0


def test_only_the_results_that_this_run_or_an_earlier_one_wrote_are_ours(ledger: Ledger) -> None:
    begin(ledger, "first")
    begin(ledger, "second")
    ledger.note_written(2, "digest")
    ledger.note_written(2, "digest")

    with ledger.history() as history:
        assert history.wrote("digest", up_to_run=2)
        assert history.wrote("digest", up_to_run=3)
        assert not history.wrote("digest", up_to_run=1)
        assert not history.wrote("other", up_to_run=2)
        assert history.wrote("digest")
        assert not history.wrote("other")
        assert [history.has_written(number) for number in (1, 2, 3)] == [False, True, False]
