"""Group commit: durable before it is told, in order, and nothing after the first failure."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import threading
from concurrent.futures import wait
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from importer.errors import LedgerError
from importer.ledger import Ledger, LedgerFolder, PaceMemory
from importer.ledger.connecting import Access, connect
from importer.ledger.writer import Writer
from importer.model import Booked, State, Unknown
from tests.edges.ledger_kit import (
    AT,
    book,
    claim,
    count_of,
    crash,
    full_disk,
    make_row,
    open_at,
    plan,
    query,
    record,
    row_of,
    states_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

ROOT = Path(__file__).parents[2]


def phase_of(folder: LedgerFolder) -> str:
    return str(json.loads(folder.sidecar_file.read_text())["phase"])


# Durable first


def test_every_claim_of_many_threads_is_on_disk_when_it_is_granted(ledger: Ledger) -> None:
    row_ids = plan(ledger, *(make_row(number) for number in range(2, 202)))
    unseen: list[int] = []

    def look(row_id: int, granted: State) -> None:
        """Ask the disk, through a connection of its own, in the moment of the grant."""
        states = dict(query(ledger.folder.database, "SELECT row_id, state FROM row"))
        if granted is not State.SENDING or states[row_id] != "sending":
            unseen.append(row_id)

    def work(mine: list[int]) -> None:
        for row_id in mine:
            look(row_id, claim(ledger, row_id))

    threads = [threading.Thread(target=work, args=(row_ids[n::8],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert unseen == []
    assert set(states_of(ledger).values()) == {State.SENDING}


def test_nothing_is_told_before_the_commit_that_all_of_a_batch_share(ledger: Ledger) -> None:
    row_ids = plan(ledger, *(make_row(number) for number in range(2, 302)))
    go_on = threading.Event()
    ledger._writer.submit(lambda _connection: go_on.wait(10))  # noqa: SLF001 - while it waits, a queue forms
    granted = [ledger.claim(row_id, AT) for row_id in row_ids]
    assert not any(future.done() for future in granted)

    go_on.set()
    wait(granted, timeout=10)

    assert {future.result() for future in granted} == {State.SENDING}
    assert query(ledger.folder.database, "SELECT count(*) FROM row WHERE state = 'sending'") == [
        (300,)
    ]


def test_more_changes_than_fit_one_batch_are_all_done_in_order(ledger: Ledger) -> None:
    done: list[int] = []
    go_on = threading.Event()
    ledger._writer.submit(lambda _connection: go_on.wait(10))  # noqa: SLF001 - as above
    futures = [
        ledger._writer.submit(lambda _connection, n=number: done.append(n))  # noqa: SLF001 - its own contract
        for number in range(2_500)
    ]

    go_on.set()
    wait(futures, timeout=10)

    assert done == list(range(2_500))


def test_closing_finishes_what_is_queued(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    with open_at(folder) as ledger:
        row_ids = plan(ledger, *(make_row(number) for number in range(2, 102)))
        granted = [ledger.claim(row_id, AT) for row_id in row_ids]

    assert {future.result() for future in granted} == {State.SENDING}
    assert query(folder.database, "SELECT DISTINCT state FROM row") == [("sending",)]


def test_a_closed_ledger_refuses_instead_of_waiting_for_ever(tmp_path: Path) -> None:
    with open_at(LedgerFolder(tmp_path / "ledger")) as ledger:
        (row_id,) = plan(ledger, make_row())

    with pytest.raises(LedgerError, match="closed"):
        ledger.claim(row_id, AT).result(timeout=5)


def test_whoever_stops_waiting_for_a_change_does_not_take_it_back(ledger: Ledger) -> None:
    """A worker that is stopped must not stop the ledger, nor undo what it asked for."""
    first, second = plan(ledger, make_row(2), make_row(3))
    go_on = threading.Event()

    async def stop_while_claiming() -> None:
        ledger._writer.submit(lambda _connection: go_on.wait(10))  # noqa: SLF001 - as above
        waiting = asyncio.ensure_future(asyncio.wrap_future(ledger.claim(first, AT)))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        go_on.set()

    asyncio.run(stop_while_claiming())

    assert claim(ledger, second) is State.SENDING
    assert set(states_of(ledger).values()) == {State.SENDING}
    assert not ledger.has_failed


# The first failure


@pytest.mark.parametrize("queued", [10, 1_100], ids=["one batch", "more than one"])
def test_a_full_disk_fails_the_whole_batch_and_everything_after_it(
    ledger: Ledger, queued: int
) -> None:
    row_ids = plan(ledger, *(make_row(number) for number in range(2, 2 + queued)))
    go_on = threading.Event()
    with full_disk(ledger):
        ledger._writer.submit(lambda _connection: go_on.wait(10))  # noqa: SLF001 - as above
        granted = [ledger.claim(row_id, AT) for row_id in row_ids]
        go_on.set()
        wait(granted, timeout=10)

    errors = [future.exception() for future in granted]
    assert all(isinstance(error, LedgerError) for error in errors)
    assert "cannot be written" in str(errors[0])
    assert ledger.has_failed
    assert set(states_of(ledger).values()) == {State.READY}

    # The disk has room again now, but a failed ledger stays failed.
    with pytest.raises(LedgerError):
        claim(ledger, row_ids[0])
    with pytest.raises(LedgerError):
        ledger.update_run(1, exit_code=0)


def test_after_a_failure_the_ledger_is_left_as_a_crash_leaves_it(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    with open_at(folder) as ledger:
        first, second = plan(ledger, make_row(2), make_row(3))
        claim(ledger, first)
        with full_disk(ledger), pytest.raises(LedgerError):
            claim(ledger, second)

    assert phase_of(folder) == "open"
    with open_at(folder) as again:
        assert states_of(again) == {2: State.UNKNOWN, 3: State.READY}
        assert again.interrupted == 1
    assert (phase_of(folder), count_of(folder)) == ("closed", 2)


@pytest.mark.parametrize("has_another", [True, False], ids=["replaced", "gone"])
@pytest.mark.parametrize("name", ["ledger.db", "ledger.lock", ""], ids=["db", "lock", "folder"])
def test_a_ledger_that_is_moved_while_it_is_open_takes_nothing_more(
    tmp_path: Path, name: str, *, has_another: bool
) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    with open_at(folder) as ledger:
        first, second = plan(ledger, make_row(2), make_row(3))
        assert claim(ledger, first) is State.SENDING
        path = folder.path / name
        path.rename(tmp_path / "moved")
        if not name:
            shutil.copytree(tmp_path / "moved", path)
        elif has_another:
            path.touch()

        with pytest.raises(LedgerError, match="was moved while it was in use"):
            claim(ledger, second)
        with ledger.history() as history:
            assert history.counts(1) == {State.SENDING: 1, State.READY: 1}


def test_a_database_at_its_largest_size_fails_in_the_same_way(ledger: Ledger) -> None:
    row_ids = plan(ledger, *(make_row(number) for number in range(2, 4)))

    def allow_no_more_pages(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    ledger.plan(allow_no_more_pages)

    with pytest.raises(LedgerError, match="full"):
        ledger.remember_pace(rate="x" * 100_000)
    with pytest.raises(LedgerError):
        claim(ledger, row_ids[0])


def test_a_bug_in_one_change_fails_the_others_and_keeps_nobody_waiting(ledger: Ledger) -> None:
    row_ids = plan(ledger, make_row(2), make_row(3))
    go_on = threading.Event()

    def bug(_connection: Connection) -> None:
        raise ZeroDivisionError

    ledger._writer.submit(lambda _connection: go_on.wait(10))  # noqa: SLF001 - as above
    before = ledger.claim(row_ids[0], AT)
    buggy = ledger._writer.submit(bug)  # noqa: SLF001 - its own contract
    after = ledger.claim(row_ids[1], AT)
    go_on.set()

    assert isinstance(buggy.exception(timeout=5), ZeroDivisionError)
    assert isinstance(before.exception(timeout=5), LedgerError)
    assert isinstance(after.exception(timeout=5), LedgerError)
    with pytest.raises(LedgerError):
        ledger.claim(row_ids[0], AT).result(timeout=5)
    assert set(states_of(ledger).values()) == {State.READY}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError("a name with Ada in it"), "the ledger cannot be written: OSError"),
        (ValueError("a name with Ada in it"), "the ledger cannot be written: ValueError"),
        (LedgerError("taken away", todo="bring it back"), "taken away"),
    ],
    ids=["disk", "bug", "ledger"],
)
def test_what_goes_wrong_behind_the_changes_of_a_batch_fails_them_all(
    error: Exception, words: str, tmp_path: Path
) -> None:
    def fail(_connection: Connection) -> None:
        raise error

    with open_at(LedgerFolder(tmp_path / "ledger")) as ledger:
        connection = connect(ledger.folder.database, Access.WRITE)
        writer = Writer(connection, fail, lambda: None)
        futures = [writer.submit(lambda _connection: 7) for _ in range(3)]
        told = {str(future.exception(10)) for future in futures}
        writer.close()
        connection.close()

    assert told == {words}
    assert writer.has_failed
    refusal = futures[0].exception()
    assert isinstance(refusal, LedgerError)
    todo = "free some disk space or mend the disk, then run the same command again"
    assert refusal.todo == ("bring it back" if isinstance(error, LedgerError) else todo)


def test_no_value_of_a_failing_statement_stands_in_its_error(ledger: Ledger) -> None:
    def fails(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO meta VALUES ('opening', ?)", ("Zebulon",))

    with pytest.raises(LedgerError) as caught:
        ledger.plan(fails)

    assert "Zebulon" not in str(caught.value)
    assert "Zebulon" not in str(caught.value.__context__)


TINY_DISK = """
import sys
from pathlib import Path
from importer.errors import LedgerError
from importer.ledger import LedgerFolder
from importer.model import Booked
from tests.edges.ledger_kit import claim, make_row, open_at, plan, record, row_of

folder = LedgerFolder(Path(sys.argv[1]) / "ledger")
ledger = open_at(folder)
(row_id,) = plan(ledger, make_row())
claim(ledger, row_id)
key = row_of(ledger).row_key
with (folder.path.parent / "filler").open("wb", buffering=0) as filler:
    try:
        while filler.write(bytes(4096)):
            pass
    except OSError:
        pass
try:
    while True:
        ledger.remember_pace(rate="x" * 50_000)
except LedgerError:
    pass
try:
    record(ledger, row_id, Booked(booking_id=501))
except LedgerError:
    print("rescued:", ledger.rescue(row_id, key, Booked(booking_id=501)))
"""


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Return a maker of a disk of so many KiB; called again, it gives that disk another size."""
    disk = tmp_path / "disk"
    disk.mkdir()

    def mount(kib: int) -> Path:
        again = "remount," if disk.is_mount() else ""
        options = ["-t", "tmpfs", "-o", f"{again}size={kib}k", "tmpfs", str(disk)]
        if subprocess.run(["mount", *options], check=False, stderr=subprocess.DEVNULL).returncode:  # noqa: S607 - wherever it is
            pytest.skip("only root may mount a disk, and not on every machine")
        return disk

    yield mount
    if disk.is_mount():
        subprocess.run(["umount", "-l", str(disk)], check=True)  # noqa: S607 - as above


def test_a_disk_that_is_really_full_loses_no_answer(tiny_disk: Callable[[int], Path]) -> None:
    disk = tiny_disk(1_024)

    told = subprocess.run(
        [sys.executable, "-c", TINY_DISK, str(disk)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout

    assert told == "rescued: True\n"
    folder = LedgerFolder(disk / "ledger")
    with pytest.raises(LedgerError):
        open_at(folder)
    (disk / "filler").unlink()
    with open_at(folder) as ledger:
        assert (row_of(ledger).state, row_of(ledger).booking_id) == (State.BOOKED, 501)


@pytest.mark.parametrize("kib", range(20, 460, 40))
def test_a_disk_that_fills_up_while_a_ledger_is_made_leaves_one_that_can_be_made(
    tiny_disk: Callable[[int], Path], kib: int
) -> None:
    folder = LedgerFolder(tiny_disk(kib) / "ledger")
    try:
        with open_at(folder) as ledger:
            plan(ledger, make_row())
    except LedgerError as error:
        assert error.todo  # noqa: PT017 - the largest of these disks has room

    tiny_disk(2_048)

    with open_at(folder) as ledger:
        plan(ledger, make_row(), run_id="later")


# What goes with every commit


def test_the_last_request_is_remembered_with_the_claims(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    with open_at(folder) as ledger:
        assert ledger.pace_memory() == PaceMemory()
        first, second = plan(ledger, make_row(2), make_row(3))
        claim(ledger, first, AT)
        claim(ledger, second, AT + timedelta(seconds=1))
        ledger.remember_pace(rate="2/s")
        ledger.remember_pause(AT, 30.0).result()

    with open_at(folder) as ledger:
        assert ledger.pace_memory() == PaceMemory(
            rate="2/s",
            last_request_at=(AT + timedelta(seconds=1)).isoformat(),
            paused_until=(AT + timedelta(seconds=30)).isoformat(),
        )


def test_what_a_killed_process_sent_last_counts_from_the_next_opening(tmp_path: Path) -> None:
    """It may have left long after its claim: the connection took a while to open."""
    with open_at(LedgerFolder(tmp_path / "ledger")) as ledger:
        (row_id,) = plan(ledger, make_row())
        claim(ledger, row_id, AT)
        folder = crash(ledger)

    later = AT + timedelta(seconds=9)
    with open_at(folder, later) as again:
        assert again.pace_memory().last_request_at == later.isoformat()


def test_a_killed_process_that_sent_nothing_owes_nothing(tmp_path: Path) -> None:
    with open_at(LedgerFolder(tmp_path / "ledger")) as ledger:
        folder = crash(ledger)

    with open_at(folder, AT + timedelta(seconds=9)) as again:
        assert again.pace_memory() == PaceMemory()


def test_a_request_that_is_no_booking_is_remembered_with_the_next_change(ledger: Ledger) -> None:
    (row_id,) = plan(ledger, make_row())
    book(ledger, row_id, 501)
    ledger.note_request(AT + timedelta(seconds=9))

    ledger.update_run(1, exit_code=0)

    assert ledger.pace_memory().last_request_at == (AT + timedelta(seconds=9)).isoformat()


def test_outcomes_recorded_at_once_from_many_threads_are_all_kept(ledger: Ledger) -> None:
    row_ids = plan(ledger, *(make_row(number) for number in range(2, 102)))

    def work(mine: list[int]) -> None:
        for row_id in mine:
            claim(ledger, row_id)
            outcome = Booked(booking_id=1_000 + row_id) if row_id % 2 else Unknown(reason="x")
            record(ledger, row_id, outcome)

    threads = [threading.Thread(target=work, args=(row_ids[n::5],)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    booked = query(ledger.folder.database, "SELECT row_id, booking_id FROM row WHERE booking_id")
    assert booked == [(row_id, 1_000 + row_id) for row_id in row_ids if row_id % 2]
