"""Purging the ledger: what was deleted is not in its bytes; what recognizes a row stays."""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from importer.audit import AuditKind, Entry
from importer.ledger import LedgerFolder, Spool, purging
from importer.model import Booked, FieldError, Rejected, State
from importer.problems import ProblemCode, RowProblem
from tests.edges.ledger_kit import (
    AT,
    claim,
    crash,
    make_row,
    open_at,
    plan,
    problems_of,
    query,
    read,
    record,
    rows_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from importer.ledger import Ledger

MARK = b"qzmark"
ROWS = 400


def fill(ledger: Ledger, run_id: str = "run") -> None:
    """Register a run whose rows hold a marker wherever somebody else's words may stand."""
    problem = RowProblem(row_number=2, code=ProblemCode.PHONE_NOT_US, hint="qzmark")
    rows = [make_row(n, f"{run_id} {n}", problems=(problem,)) for n in range(2, 2 + ROWS)]
    for number, row_id in enumerate(plan(ledger, *rows, run_id=run_id)):
        claim(ledger, row_id)
        ids = f"request-id=qzmark{number}"
        if number % 3:
            booked = Booked(booking_id=row_id, emr_booking_id=f"qzmark{number}", server_ids=ids)
            record(ledger, row_id, booked)
        else:
            errors = (FieldError(loc="body.phone", type="qzmark"),)
            record(ledger, row_id, Rejected(http_status=422, errors=errors, server_ids=ids))


def purge(ledger: Ledger, *run_numbers: int) -> None:
    """Purge runs as the command does."""
    entry = Entry(kind=AuditKind.PURGED, facts={"runs": {}})
    change = partial(purging.purge_runs, run_numbers=run_numbers, at=AT.isoformat())
    ledger.tell(entry, change, at=AT)
    purging.sweep(ledger)


def files_with(mark: bytes, folder: LedgerFolder) -> list[str]:
    paths = (path for path in folder.path.rglob("*") if path.is_file())
    return sorted(path.name for path in paths if mark in path.read_bytes())


def test_nothing_that_was_deleted_is_left_in_the_bytes(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    with open_at(folder) as ledger:
        fill(ledger)
        Spool(folder.spool / "run").keep_words(rows_of(ledger)[2].row_key, "qzmark is wrong")
    assert files_with(MARK, folder) == ["answers.jsonl", "ledger.db"]
    with open_at(folder) as ledger:
        purge(ledger, 1)
    assert files_with(MARK, folder) == []
    assert not (folder.path / "ledger.db-wal").exists()


def test_somebody_who_looks_meanwhile_leaves_nothing_in_the_log(tmp_path: Path) -> None:
    """The log stays where a reader is connected, but it is emptied."""
    folder = LedgerFolder(tmp_path / "ledger")
    with ExitStack() as reading:
        with open_at(folder) as ledger:
            fill(ledger)
            purge(ledger, 1)
            reading.enter_context(read(folder))
        assert (folder.path / "ledger.db-wal").stat().st_size == 0
        assert files_with(MARK, folder) == []


def test_what_recognizes_a_row_stays(ledger: Ledger) -> None:
    fill(ledger)
    kept = "row_key, state, fingerprint, request, occurrence, booking_id, requests, sending_at"
    database = ledger.folder.database
    before = query(database, f"SELECT {kept} FROM row")  # noqa: S608 - our own words
    counts = ledger.history().counts(1)
    purge(ledger, 1)
    assert query(database, f"SELECT {kept} FROM row") == before  # noqa: S608 - our own words
    assert query(database, "SELECT count(*) FROM problem") == [(0,)]
    gone = "solv_status, emr_booking_id, http_status, server_ids, reason, decided_at"
    found = query(database, f"SELECT DISTINCT {gone} FROM row")  # noqa: S608 - our own words
    assert found == [("", "", None, "", "", None)]
    assert ledger.history().counts(1) == counts == {State.BOOKED: 266, State.REJECTED: 134}


def test_other_runs_keep_theirs(ledger: Ledger) -> None:
    fill(ledger)
    fill(ledger, "other")
    spool = Spool(ledger.folder.spool / "run")
    keys = [rows_of(ledger, run_id)[2].row_key for run_id in ("run", "other")]
    for key in keys:
        spool.keep_words(key, "no such day")
    purge(ledger, 1)
    first = rows_of(ledger, "other")[2]
    assert problems_of(ledger, first.row_id)
    assert first.server_ids
    assert spool.words() == {keys[1]: "no such day"}
    with ledger.history() as history:
        assert [run.purged_at for run in history.runs()] == [AT.isoformat(), None]


def test_words_about_a_row_stay_while_a_younger_run_has_its_key(ledger: Ledger) -> None:
    row = make_row()
    plan(ledger, row)
    plan(ledger, make_row(row_key=row.row_key, state=State.REJECTED), run_id="again")
    spool = Spool(ledger.folder.spool / "run")
    spool.keep_words(row.row_key, "no such day")
    purge(ledger, 1)
    assert spool.words() == {row.row_key: "no such day"}
    purge(ledger, 2)
    assert spool.words() == {}


def test_a_line_that_a_crash_cut_short_goes_with_the_words(ledger: Ledger) -> None:
    plan(ledger, make_row())
    spool = Spool(ledger.folder.spool / "run")
    spool.keep_words("r1", "no such day")
    with spool.answers_file.open("ab") as file:
        file.write(b'["r2", "qzmark')
    purge(ledger, 1)
    assert files_with(MARK, ledger.folder) == []
    assert os.stat(spool.answers_file).st_mode & 0o777 == 0o600  # noqa: PTH116 - the mode


def test_files_that_a_killed_purge_left_go_at_the_next_opening(ledger: Ledger) -> None:
    row = make_row()
    plan(ledger, row)
    spool = Spool(ledger.folder.spool / "run")
    spool.prepare()
    spool.keep_words(row.row_key, "qzmark is wrong")
    ledger.plan(partial(purging.purge_runs, run_numbers=[1], at=AT.isoformat()))
    crashed = crash(ledger)
    assert files_with(MARK, crashed) == ["answers.jsonl"]
    with open_at(crashed) as again:
        purging.sweep(again)
        assert files_with(MARK, crashed) == []
        assert not (crashed.spool / "run").exists()
    with read(crashed) as history:
        assert history.facts()["unswept"] == "0"


def test_nothing_is_swept_where_nothing_was_purged(ledger: Ledger) -> None:
    plan(ledger, make_row())
    spool = Spool(ledger.folder.spool / "run")
    spool.prepare()
    spool.keep_words("r1", "no such day")
    purging.sweep(ledger)
    assert spool.words() == {"r1": "no such day"}
    assert spool.path.is_dir()
    assert not ledger.has_purged
