"""The rescue file: an answer that the ledger cannot take is on disk all the same."""

from __future__ import annotations

import json
import zlib
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from importer.errors import LedgerError
from importer.ledger import Ledger, LedgerFolder, Ruling
from importer.ledger.rescue import RescuedAnswer, RescueFile
from importer.model import (
    Answer,
    Booked,
    FieldError,
    NotTaken,
    NotTakenCause,
    Outcome,
    Rejected,
    State,
    Unknown,
)
from tests.edges.ledger_kit import (
    AT,
    book,
    claim,
    codes_of,
    crash,
    full_disk,
    make_row,
    no_file_beyond,
    open_at,
    plan,
    query,
    record,
    row_of,
    states_of,
    tinker,
)

if TYPE_CHECKING:
    from pathlib import Path

_RECORD = 512


@pytest.fixture
def folder(tmp_path: Path) -> LedgerFolder:
    return LedgerFolder(tmp_path / "ledger")


def send_with_a_full_disk(folder: LedgerFolder, outcome: Outcome) -> int:
    """Send one row whose answer the ledger cannot take; the rescue file does."""
    with open_at(folder) as ledger:
        (row_id,) = plan(ledger, make_row())
        claim(ledger, row_id)
        with full_disk(ledger):
            with pytest.raises(LedgerError):
                record(ledger, row_id, outcome)
            assert ledger.rescue(row_id, row_of(ledger).row_key, outcome)
    return row_id


@pytest.mark.parametrize(
    ("outcome", "state", "booking_id", "http_status", "codes"),
    [
        (
            Booked(booking_id=2**62 + 1, solv_status="RESERVED", http_status=201),
            State.BOOKED,
            2**62 + 1,
            201,
            [],
        ),
        (Rejected(http_status=409), State.REJECTED, None, 409, ["API_CONFLICT"]),
        (
            Rejected(http_status=422, errors=(FieldError(loc="phone", type="missing"),)),
            State.REJECTED,
            None,
            422,
            ["API_REJECTED"],
        ),
        (
            Unknown(reason="answered 502", http_status=502),
            State.UNKNOWN,
            None,
            502,
            ["OUTCOME_UNKNOWN"],
        ),
        (Unknown(reason="ReadTimeout"), State.UNKNOWN, None, None, ["OUTCOME_UNKNOWN"]),
        (NotTaken(cause=NotTakenCause.TOO_MANY_REQUESTS), State.READY, None, None, []),
    ],
)
def test_the_next_opening_takes_a_rescued_answer_up(
    folder: LedgerFolder,
    outcome: Outcome,
    state: State,
    booking_id: int | None,
    http_status: int | None,
    codes: list[str],
) -> None:
    row_id = send_with_a_full_disk(folder, outcome)

    with open_at(folder) as ledger:
        row = row_of(ledger)
        assert (row.state, row.booking_id, row.http_status) == (state, booking_id, http_status)
        assert row.requests == 1
        assert codes_of(ledger, row_id) == codes
        assert ledger.interrupted == 0


def test_a_rescued_booking_keeps_its_status_word(folder: LedgerFolder) -> None:
    send_with_a_full_disk(folder, Booked(booking_id=501, solv_status="CONFIRMED"))

    with open_at(folder) as ledger:
        assert row_of(ledger).solv_status == "CONFIRMED"
        ((decided_at,),) = query(folder.database, "SELECT decided_at FROM row")
        assert decided_at == AT.isoformat()


def test_a_request_that_never_left_is_not_counted_after_a_rescue_either(
    folder: LedgerFolder,
) -> None:
    send_with_a_full_disk(folder, NotTaken(cause=NotTakenCause.NO_CONNECTION, left=False))

    with open_at(folder) as ledger:
        assert (row_of(ledger).state, row_of(ledger).requests) == (State.READY, 0)


def test_a_rescued_answer_is_taken_up_once(folder: LedgerFolder) -> None:
    row_id = send_with_a_full_disk(folder, Booked(booking_id=501))
    with open_at(folder) as ledger:
        ruling = Ruling(row_key=row_of(ledger).row_key, answer=Answer.CANCELLED)
        assert ledger.decide(1, [ruling], who="ann", at=AT) == []

    assert not any(folder.rescue_file.read_bytes())
    with open_at(folder) as ledger:
        assert row_of(ledger).is_cancelled
        assert codes_of(ledger, row_id) == ["BOOKING_CANCELLED"]


def test_who_followed_the_row_is_settled_by_the_rescued_answer(folder: LedgerFolder) -> None:
    with open_at(folder) as ledger:
        (first,) = plan(ledger, make_row(booking="one"), run_id="old")
        (second,) = plan(ledger, make_row(booking="one"))
        claim(ledger, first)
        assert claim(ledger, second) is State.UNKNOWN
        with full_disk(ledger), pytest.raises(LedgerError):
            record(ledger, first, Booked(booking_id=501))
        ledger.rescue(first, row_of(ledger, run_id="old").row_key, Booked(booking_id=501))

    with open_at(folder) as ledger:
        assert (row_of(ledger).state, row_of(ledger).booking_id) == (State.SKIPPED, 501)


# What is settled stays settled


def settled_rows(ledger: Ledger) -> list[int]:
    """Return a booked, a rejected, a released, a ready and a hand-settled row."""
    row_ids = plan(ledger, *(make_row(number) for number in range(2, 7)))
    book(ledger, row_ids[0], 501)
    for row_id, outcome in ((row_ids[1], Rejected(http_status=422)), (row_ids[2], None)):
        claim(ledger, row_id)
        record(ledger, row_id, outcome or Unknown(reason="lost"))
    claim(ledger, row_ids[4])
    record(ledger, row_ids[4], Unknown(reason="lost"))
    keys = {number: row_of(ledger, number).row_key for number in (4, 6)}
    rulings = [
        Ruling(row_key=keys[4], answer=Answer.NOT_BOOKED),
        Ruling(row_key=keys[6], answer=Answer.BOOKED, booking_id=606),
    ]
    assert ledger.decide(1, rulings, who="ann", at=AT + timedelta(hours=1)) == []
    return row_ids


def test_a_rescued_answer_overwrites_nothing_that_is_settled(folder: LedgerFolder) -> None:
    with open_at(folder) as ledger:
        row_ids = settled_rows(ledger)
        before = states_of(ledger)
        told = {row_id: codes_of(ledger, row_id) for row_id in row_ids}
        for number, row_id in enumerate(row_ids, start=2):
            assert ledger.rescue(row_id, row_of(ledger, number).row_key, Booked(booking_id=999))
        crashed = crash(ledger)

    with open_at(crashed) as ledger:
        assert states_of(ledger) == before
        assert [row_of(ledger, number).booking_id for number in before] == [
            501,
            None,
            None,
            None,
            606,
        ]
        assert {row_id: codes_of(ledger, row_id) for row_id in row_ids} == told


def test_a_rescued_id_that_another_row_has_already_leaves_the_row_unknown(
    folder: LedgerFolder,
) -> None:
    with open_at(folder) as ledger:
        first, second = plan(ledger, make_row(2), make_row(3))
        book(ledger, first, 501)
        claim(ledger, second)
        ledger.rescue(second, row_of(ledger, 3).row_key, Booked(booking_id=501))
        crashed = crash(ledger)

    with open_at(crashed) as ledger:
        assert (row_of(ledger, 3).state, row_of(ledger, 3).booking_id) == (State.UNKNOWN, None)


def test_an_answer_to_a_released_row_is_taken_up_too(folder: LedgerFolder) -> None:
    """It was settled once, and sent again since: this answer is about the second request."""
    with open_at(folder) as ledger:
        (row_id,) = plan(ledger, make_row())
        claim(ledger, row_id)
        record(ledger, row_id, Unknown(reason="lost"))
        ruling = Ruling(row_key=row_of(ledger).row_key, answer=Answer.NOT_BOOKED)
        assert ledger.decide(1, [ruling], who="ann", at=AT + timedelta(hours=1)) == []
        claim(ledger, row_id)
        ledger.rescue(row_id, row_of(ledger).row_key, Booked(booking_id=501))
        crashed = crash(ledger)

    with open_at(crashed) as ledger:
        assert (row_of(ledger).state, row_of(ledger).booking_id) == (State.BOOKED, 501)


def test_an_answer_for_another_row_key_is_not_taken(folder: LedgerFolder) -> None:
    with open_at(folder) as ledger:
        (row_id,) = plan(ledger, make_row())
        claim(ledger, row_id)
        ledger.rescue(row_id, "rsomebodyelse", Booked(booking_id=501))
        crashed = crash(ledger)

    with open_at(crashed) as ledger:
        assert (row_of(ledger).state, row_of(ledger).booking_id) == (State.UNKNOWN, None)


def test_an_answer_is_taken_up_again_after_a_crash_while_it_was_taken_up(
    folder: LedgerFolder,
) -> None:
    """The ledger has it already, and the rescue file still does."""
    send_with_a_full_disk(folder, Booked(booking_id=501))
    rescued = folder.rescue_file.read_bytes()
    with open_at(folder):
        pass
    folder.rescue_file.write_bytes(rescued)

    with open_at(folder) as ledger:
        assert (row_of(ledger).state, row_of(ledger).booking_id) == (State.BOOKED, 501)


# The file itself


def test_the_room_is_really_written_before_it_is_needed(folder: LedgerFolder) -> None:
    with open_at(folder):
        status = folder.rescue_file.stat()

    assert status.st_size == 256 * _RECORD
    assert status.st_blocks * 512 >= status.st_size


def test_a_torn_record_is_no_answer_and_hides_no_other(folder: LedgerFolder) -> None:
    with open_at(folder) as ledger:
        row_ids = plan(ledger, *(make_row(number) for number in range(2, 5)))
        for number, row_id in enumerate(row_ids, start=2):
            claim(ledger, row_id)
            ledger.rescue(row_id, row_of(ledger, number).row_key, Booked(booking_id=500 + number))
        crashed = crash(ledger)
    with crashed.rescue_file.open("r+b") as file:
        file.seek(20)
        file.write(b"\0\0\0\0")

    with open_at(crashed) as ledger:
        assert states_of(ledger) == {2: State.UNKNOWN, 3: State.BOOKED, 4: State.BOOKED}
        assert row_of(ledger, 4).booking_id == 504
        assert ledger.interrupted == 1
    assert not any(crashed.rescue_file.read_bytes())


def record_of(text: bytes) -> bytes:
    """Return a record that is whole, whatever it says."""
    return len(text).to_bytes(4, "big") + zlib.crc32(text).to_bytes(4, "big") + text


@pytest.mark.parametrize(
    "record_bytes",
    [
        b"\xff" * _RECORD,
        b"\0\0\0\x01" + b"\0" * 508,
        b"half a record",
        record_of(b"booked"),
        record_of(b"7"),
        record_of(b"[7]"),
    ],
    ids=["ones", "length without text", "short", "no JSON", "no list", "too short a list"],
)
def test_what_is_no_record_is_swept(folder: LedgerFolder, record_bytes: bytes) -> None:
    with open_at(folder) as ledger:
        plan(ledger, make_row())
    with folder.rescue_file.open("r+b") as file:
        file.write(record_bytes)

    with open_at(folder) as ledger:
        assert states_of(ledger) == {2: State.READY}
    assert not any(folder.rescue_file.read_bytes())


def test_an_answer_that_another_version_wrote_leaves_the_row_unknown(folder: LedgerFolder) -> None:
    with open_at(folder) as ledger:
        (row_id,) = plan(ledger, make_row())
        claim(ledger, row_id)
        key = row_of(ledger).row_key
        crashed = crash(ledger)
    with crashed.rescue_file.open("r+b") as file:
        file.write(record_of(json.dumps([row_id, key, "postponed", 7]).encode()))

    with open_at(crashed) as ledger:
        row = row_of(ledger)
        assert (row.state, row.reason) == (State.UNKNOWN, "answer could not be recorded")


def test_every_answer_has_a_place_of_its_own_whoever_wrote_the_others(
    folder: LedgerFolder,
) -> None:
    folder.path.mkdir()
    answers = [
        RescuedAnswer(row_id=n, row_key=f"key {n}", outcome=Booked(booking_id=n))
        for n in range(1, 6)
    ]
    for written in (answers[:3], answers[3:]):
        with closing(RescueFile(folder.rescue_file)) as file:
            file.prepare()
            assert all(file.write(answer) for answer in written)

    with closing(RescueFile(folder.rescue_file)) as file:
        file.prepare()
        assert file.answers() == answers
        assert [any(block) for block in places_of(folder)] == [True] * 5 + [False] * 251
        file.clear()
        assert file.answers() == []
        assert file.write(answers[0])
        assert [any(block) for block in places_of(folder)] == [True] + [False] * 255


def places_of(folder: LedgerFolder) -> list[bytes]:
    """Return the room of each answer."""
    content = folder.rescue_file.read_bytes()
    return [content[at : at + _RECORD] for at in range(0, len(content), _RECORD)]


def test_a_file_that_was_made_in_part_is_made_to_its_end(folder: LedgerFolder) -> None:
    folder.path.mkdir()
    folder.rescue_file.write_bytes(bytes(5 * _RECORD + 7))

    with closing(RescueFile(folder.rescue_file)) as file:
        file.prepare()

    assert folder.rescue_file.read_bytes() == bytes(256 * _RECORD)


def test_before_the_file_is_opened_there_is_nothing_in_it(folder: LedgerFolder) -> None:
    assert RescueFile(folder.rescue_file).answers() == []


def test_when_the_room_is_used_up_it_says_so(folder: LedgerFolder) -> None:
    with open_at(folder) as ledger:
        (row_id,) = plan(ledger, make_row())
        kept = [ledger.rescue(row_id, "key", Booked(booking_id=n)) for n in range(1, 258)]

    assert kept == [True] * 256 + [False]


def test_a_disk_that_refuses_even_the_rescue_says_so(folder: LedgerFolder) -> None:
    with open_at(folder) as ledger:
        (row_id,) = plan(ledger, make_row())
        with no_file_beyond(0):
            assert not ledger.rescue(row_id, "key", Booked(booking_id=501))
        assert ledger.rescue(row_id, "key", Booked(booking_id=501))


def test_a_closed_ledger_rescues_nothing(folder: LedgerFolder) -> None:
    with open_at(folder) as ledger:
        (row_id,) = plan(ledger, make_row())

    assert not ledger.rescue(row_id, "key", Booked(booking_id=501))


def test_an_answer_that_cannot_be_taken_up_is_kept_for_the_next_opening(
    folder: LedgerFolder,
) -> None:
    """The disk is still full at the next opening: it is refused, and loses nothing."""
    send_with_a_full_disk(folder, Booked(booking_id=501))
    tinker(
        folder, "CREATE TRIGGER refuse BEFORE UPDATE ON row BEGIN SELECT RAISE(ABORT, 'full'); END"
    )

    with pytest.raises(LedgerError, match="cannot be written"):
        open_at(folder)

    tinker(folder, "DROP TRIGGER refuse")
    with open_at(folder) as ledger:
        assert (row_of(ledger).state, row_of(ledger).booking_id) == (State.BOOKED, 501)
