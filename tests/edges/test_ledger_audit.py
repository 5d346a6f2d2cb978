"""The audit file beside the ledger: what a crash may leave of it, and what stops a run."""

from __future__ import annotations

import json
import shutil
import stat
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from importer.audit import AuditKind, Entry, end_of
from importer.errors import LedgerError
from importer.ledger import LedgerFolder, Ruling, planning, tip_in
from importer.model import Answer, Unknown
from tests.edges.ledger_kit import (
    AT,
    claim,
    contents,
    crash,
    make_row,
    no_file_beyond,
    open_at,
    plan,
    query,
    read,
    record,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.ledger import Ledger

NOTE = Entry(kind=AuditKind.ENDED, facts={"run": "run"})


def told(folder: LedgerFolder) -> list[dict[str, Any]]:
    """Return the lines of an audit file."""
    return [json.loads(line) for line in folder.audit_file.read_text().splitlines()]


def kinds(folder: LedgerFolder) -> list[str]:
    return [line["kind"] for line in told(folder)]


def tell(ledger: Ledger, entry: Entry = NOTE) -> None:
    ledger.tell(entry, lambda _: None, at=AT)


def known(folder: LedgerFolder) -> tuple[int, int | None]:
    """Return the number of the line that the ledger knows as its last, and where it ends."""
    with read(folder) as history:
        tip = tip_in(history.facts())
    return tip.number, end_of(folder.audit_file.read_bytes(), tip)


@pytest.fixture
def folder(tmp_path: Path) -> LedgerFolder:
    """Return a ledger that was closed, with two lines."""
    folder = LedgerFolder(tmp_path / "ledger")
    with open_at(folder) as ledger:
        tell(ledger)
    return folder


def test_a_new_ledger_begins_its_audit(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    with open_at(folder) as ledger:
        (line,) = told(folder)
        assert line["facts"] == {"ledger": ledger.ledger_id, "version": "0.1.0", "lost_lines": 0}
    assert (line["number"], line["kind"], line["previous"]) == (1, "begun", "")
    assert line["who"].keys() == {"user", "host"}
    assert stat.S_IMODE(folder.audit_file.stat().st_mode) == 0o600


def test_opening_once_more_adds_no_line(folder: LedgerFolder) -> None:
    with open_at(folder) as ledger:
        tell(ledger)
    assert kinds(folder) == ["begun", "ended", "ended"]
    assert known(folder) == (3, folder.audit_file.stat().st_size)


def test_decisions_are_told_of_with_row_and_answer(ledger: Ledger) -> None:
    row = make_row()
    (row_id,) = plan(ledger, row)
    claim(ledger, row_id)
    record(ledger, row_id, Unknown(reason="ReadTimeout"))
    taken = Ruling(row_key=row.row_key, answer=Answer.BOOKED, booking_id=7)
    refused = Ruling(row_key="r0", answer=Answer.BOOKED, booking_id=8)
    assert len(ledger.decide(1, [taken, refused], who="Ana B.", at=AT)) == 1
    assert len(ledger.decide(1, [refused], who="Ana B.", at=AT)) == 1
    line = told(ledger.folder)[-1]
    assert line["facts"] == {
        "run": "run",
        "decided_by": "Ana B.",
        "rows": [{"row": 2, "row_key": row.row_key, "answer": "booked", "booking_id": 7}],
    }
    assert kinds(ledger.folder) == ["begun", "decided"]


def test_a_line_and_its_change_are_there_together_or_not_at_all(ledger: Ledger) -> None:
    begin = plan(ledger, make_row())
    assert begin
    change = partial(planning.update_run, run_number=1, exit_code=5)
    ledger.tell(NOTE, change, at=AT)
    crashed = crash(ledger)
    assert query(crashed.database, "SELECT exit_code FROM run") == [(5,)]
    assert known(crashed) == (2, crashed.audit_file.stat().st_size)


def before_the_commit(folder: LedgerFolder, lines: int = 1) -> LedgerFolder:
    """Return a ledger as a crash leaves it that comes after a line, and before its commit."""
    with open_at(folder) as ledger:
        earlier = crash_copy(ledger, "earlier")
        for _ in range(lines):
            tell(ledger)
    shutil.copy(folder.audit_file, earlier.audit_file)
    return earlier


def crash_copy(ledger: Ledger, name: str) -> LedgerFolder:
    """Return the folder as it would be if the process had been killed now."""
    crashed = ledger.folder.path.with_name(name)
    shutil.copytree(ledger.folder.path, crashed)
    return LedgerFolder(crashed)


@pytest.mark.parametrize("lines", [1, 2])
def test_a_line_that_the_ledger_does_not_know_is_taken_up_as_not_done(
    folder: LedgerFolder, lines: int
) -> None:
    crashed = before_the_commit(folder, lines)
    with open_at(crashed):
        pass
    last = told(crashed)[-1]
    numbers = list(range(3, 3 + lines))
    assert (last["kind"], last["facts"]) == (
        "recovered",
        {"unwritten": numbers, "torn_bytes": 0},
    )
    assert known(crashed) == (3 + lines, crashed.audit_file.stat().st_size)


@pytest.mark.parametrize("left", [1, 100, -1])
def test_a_torn_line_goes_and_is_told_of(folder: LedgerFolder, left: int) -> None:
    crashed = before_the_commit(folder)
    content = crashed.audit_file.read_bytes()
    size = known(crashed)[1] or 0
    crashed.audit_file.write_bytes(content[:size] + content[size:][:left])
    with open_at(crashed):
        pass
    torn = left if left > 0 else len(content) - size - 1
    assert kinds(crashed) == ["begun", "ended", "recovered"]
    assert told(crashed)[-1]["facts"] == {"unwritten": [], "torn_bytes": torn}


def test_zeros_that_a_power_loss_leaves_are_a_torn_line(folder: LedgerFolder) -> None:
    crashed = before_the_commit(folder)
    content = crashed.audit_file.read_bytes()
    size = known(crashed)[1] or 0
    crashed.audit_file.write_bytes(content[:size] + bytes(len(content) - size))
    with open_at(crashed):
        pass
    assert kinds(crashed)[-1] == "recovered"


def delete(file: Path) -> None:
    file.unlink()


def cut_a_line(file: Path) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]))


def cut_a_byte(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def change_the_last(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:-70] + b"x" + content[-69:])


def add_a_line(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b'{"number":3}\n')


def make_it_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    ("tamper", "says"),
    [
        (delete, "is missing"),
        (cut_a_line, "does not end as the ledger knows"),
        (cut_a_byte, "does not end as the ledger knows"),
        (change_the_last, "does not end as the ledger knows"),
        (add_a_line, "does not end as the ledger knows"),
        (make_it_a_folder, "cannot be read"),
    ],
)
def test_an_audit_that_ends_otherwise_is_refused_and_left_as_it_is(
    folder: LedgerFolder, tamper: Callable[[Path], None], says: str
) -> None:
    tamper(folder.audit_file)
    before = contents(folder)
    with pytest.raises(LedgerError, match=says) as caught:
        open_at(folder)
    assert "make an empty file in its place" in caught.value.todo
    assert contents(folder) == before


def test_an_empty_file_in_its_place_begins_anew_and_says_so(folder: LedgerFolder) -> None:
    old = folder.audit_file.read_bytes()
    folder.audit_file.write_bytes(b"")
    with open_at(folder) as ledger:
        tell(ledger)
    first, second = told(folder)
    assert (first["number"], first["kind"], first["facts"]["lost_lines"]) == (3, "begun", 2)
    assert second["number"] == 4
    folder.audit_file.write_bytes(old + folder.audit_file.read_bytes())
    assert first["previous"]  # so that the old lines before the new ones are one file again
    assert kinds(folder) == ["begun", "ended", "begun", "ended"]


def test_a_full_disk_stops_before_the_change(folder: LedgerFolder) -> None:
    long = Entry(kind=AuditKind.ENDED, facts={"run": "x" * 40_000})
    with open_at(folder) as ledger:
        plan(ledger, make_row())
        for _ in range(20):  # beyond the log, so that the audit is what has no room
            tell(ledger, long)
        room = folder.audit_file.stat().st_size + 40
        assert (folder.path / "ledger.db-wal").stat().st_size < room - 40_000
        change = partial(planning.update_run, run_number=1, exit_code=5)
        with (
            no_file_beyond(room),
            pytest.raises(LedgerError, match=r"audit file .* cannot be written"),
        ):
            ledger.tell(NOTE, change, at=AT)
        assert ledger.has_failed
    assert query(folder.database, "SELECT exit_code FROM run") == [(None,)]
    with open_at(folder):
        assert told(folder)[-1]["facts"] == {"unwritten": [], "torn_bytes": 40}
