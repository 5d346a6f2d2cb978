"""A ledger that fails while rows are sent: nothing more leaves, and no acknowledged id is lost.

The disk really refuses to take more.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from importer.errors import CredentialsError, LedgerError
from importer.ledger import LedgerFolder, open_ledger
from importer.model import Booked, NotTakenCause, Rejected, State, Unknown
from tests.edges.ledger_kit import full_disk, no_file_beyond, rows_of
from tests.edges.posting_kit import TARGET, open_desk
from tests.edges.posting_script_kit import (
    NOON,
    UNREACHED,
    Answer,
    Script,
    all_booked,
    always,
    booked,
    not_taken,
    too_many,
)

if TYPE_CHECKING:
    from pathlib import Path

    from importer.ledger import RowRecord
    from importer.posting.poster import Poster
    from tests.edges.posting_script_kit import ScriptedServer

IN_FLIGHT = 6


@dataclass(slots=True)
class Wreck:
    """What is left of a run whose disk got full."""

    folder: Path
    notices: list[str] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    """Rows of the requests that left."""
    sent_when_full: int = 0
    held_back: int = 0

    def rows_after_restart(self) -> dict[int, RowRecord]:
        """Return what the next process finds."""
        with open_ledger(LedgerFolder(self.folder / "ledger"), TARGET, at=NOON) as ledger:
            return rows_of(ledger)


def post_until_full(folder: Path, script: Script, *, full_at: int, **settings: Any) -> Wreck:
    """Post twenty rows to a disk that gets full when request `full_at` is about to leave."""
    wreck = Wreck(folder)
    servers: list[ScriptedServer] = []

    async def look(_: Poster, server: ScriptedServer) -> None:
        servers.append(server)

    with open_desk(folder, rows=20) as desk, ExitStack() as disk:

        def filling(row_number: int, asked: int) -> Answer:
            if sum(servers[0].asked.values()) + 1 >= full_at and not wreck.sent_when_full:
                wreck.sent_when_full = len(servers[0].rows) + 1
                disk.enter_context(full_disk(desk.ledger))
            return script(row_number, asked)

        with pytest.raises(LedgerError, match="cannot be written"):
            desk.post(filling, in_flight=IN_FLIGHT, meanwhile=look, **settings)
        wreck.notices = desk.watcher.notices
    wreck.sent = servers[0].rows
    wreck.held_back = servers[0].held_back
    return wreck


@pytest.mark.parametrize("full_at", [1, 2, 5, 12])
def test_every_booking_that_was_acknowledged_survives_a_full_disk(
    full_at: int, tmp_path: Path
) -> None:
    wreck = post_until_full(tmp_path, all_booked, full_at=full_at, per_s=20)

    rows = wreck.rows_after_restart()

    ids = {n: row.booking_id for n, row in rows.items() if row.state is State.BOOKED}
    assert ids == {n: 9_000 + n for n in wreck.sent}
    assert len(wreck.sent) < full_at + IN_FLIGHT
    assert State.UNKNOWN not in {row.state for row in rows.values()}


def test_what_could_not_be_recorded_is_said_with_its_row_key_and_id(tmp_path: Path) -> None:
    wreck = post_until_full(tmp_path, all_booked, full_at=5, per_s=20)
    rescued = [notice for notice in wreck.notices if "booked" in notice]
    assert rescued
    for notice in rescued:
        row_number = int(notice.split()[1])
        assert notice == (
            f"row {row_number} (key-{row_number}): booked {9_000 + row_number}, "
            "kept in the rescue file"
        )


SAVED = [
    (Rejected(http_status=422), State.REJECTED),
    (Unknown(reason="ReadTimeout"), State.UNKNOWN),
    (too_many(1), State.READY),
    (not_taken(NotTakenCause.LOCKED), State.READY),
    (UNREACHED, State.READY),
    (CredentialsError("refused"), State.READY),
]


@pytest.mark.parametrize(
    ("answer", "state"), SAVED, ids=["422", "lost", "429", "423", "unreached", "error"]
)
def test_any_other_outcome_survives_it_too(answer: Answer, state: State, tmp_path: Path) -> None:
    """The error of the ledger is what the run ends with, whatever else went wrong."""
    wreck = post_until_full(tmp_path, always(answer), full_at=1)
    rows = wreck.rows_after_restart()
    assert rows[2].state is state
    assert {rows[n].state for n in range(3, 22)} == {State.READY}


def test_nothing_more_leaves_once_the_ledger_has_failed(tmp_path: Path) -> None:
    """Only what has passed the gate by then; rows that wait for their slot are held back."""
    wreck = post_until_full(tmp_path, all_booked, full_at=4, per_s=20, answer_s=lambda: 0.01)
    assert len(wreck.sent) <= wreck.sent_when_full + 1


def test_a_claim_that_cannot_be_written_sends_nothing(tmp_path: Path) -> None:
    with open_desk(tmp_path, rows=5) as desk, full_disk(desk.ledger):
        with pytest.raises(LedgerError, match="cannot be written"):
            desk.post(all_booked)
        assert desk.watcher.views == []
        assert desk.states() == {State.READY: 5}


def test_a_run_that_is_abandoned_on_a_full_disk_still_rescues_what_it_knows(
    tmp_path: Path,
) -> None:
    async def abandon(poster: Poster, server: ScriptedServer) -> None:
        await asyncio.sleep(1.0)
        assert server.rows == [2]
        disk.enter_context(full_disk(desk.ledger))
        poster.abandon(leaves_sending=False)

    with open_desk(tmp_path, rows=5) as desk, ExitStack() as disk:
        with pytest.raises(LedgerError):
            desk.post(all_booked, meanwhile=abandon, answer_s=lambda: 9.0)
        assert any("unknown, kept in the rescue file" in said for said in desk.watcher.notices)


def test_an_answer_that_no_disk_takes_is_told_to_be_written_down(tmp_path: Path) -> None:
    with open_desk(tmp_path, rows=3) as desk, ExitStack() as disk:

        def filling(row_number: int, _: int) -> Answer:
            disk.enter_context(no_file_beyond(0))
            return booked(row_number)

        with pytest.raises(LedgerError):
            desk.post(filling, in_flight=1)
        disk.close()
        assert desk.watcher.notices == ["row 2 (key-2): booked 9002, NOT on disk: write it down"]


def test_an_answer_that_breaks_the_ledger_is_rescued_too(tmp_path: Path) -> None:
    """No server's id is so large; it stands for any bug behind the ledger's door."""
    unheard_of = Booked(booking_id=2**70)

    with open_desk(tmp_path, rows=9) as desk:
        with pytest.raises((OverflowError, LedgerError)):
            desk.post(lambda row, _: unheard_of if row == 4 else booked(row), in_flight=4)
        assert f"row 4 (key-4): booked {2**70}, kept in the rescue file" in desk.watcher.notices
