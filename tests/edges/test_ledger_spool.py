"""The spool: the one place in the state folder that holds patients, and only while it must."""

from __future__ import annotations

import stat
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from importer.ledger import PlannedRequest, Spool
from importer.model import RowKey
from tests.edges.ledger_kit import AT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    spool = Spool(tmp_path / "spool" / "run")
    spool.prepare()
    return spool


def request_of(row_id: int, body: bytes = b"{}") -> PlannedRequest:
    return PlannedRequest(
        row_id=row_id,
        row_number=row_id + 1,
        row_key=RowKey(f"rkey{row_id}"),
        appointment_at=AT + timedelta(minutes=row_id),
        body=body,
    )


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_requests_come_back_as_they_went_in(spool: Spool) -> None:
    bodies = ['{"first_name":"Zoë \\"Z\\"\\n"}', "{}", '{"reason":"\u2028 line"}']
    requests = [request_of(n, body.encode()) for n, body in enumerate(bodies, start=1)]

    with spool.request_writer() as write:
        for request in requests:
            write(request)

    assert list(spool.requests()) == requests


def test_requests_of_a_new_plan_replace_the_old_ones(spool: Spool) -> None:
    for numbers in ([1, 2, 3], [4]):
        with spool.request_writer() as write:
            for number in numbers:
                write(request_of(number))

    assert [request.row_id for request in spool.requests()] == [4]


def test_words_of_the_server_are_kept_by_row_key_and_the_last_ones_count(spool: Spool) -> None:
    assert spool.words() == {}
    for key, text in (("ra", "no such day"), ("rb", 'two\nlines "quoted" ü\u2028'), ("ra", "full")):
        spool.keep_words(key, text)

    assert spool.words() == {"ra": "full", "rb": 'two\nlines "quoted" ü\u2028'}


@pytest.mark.parametrize("cut", range(1, 23))
def test_a_line_that_was_cut_short_spoils_no_other(spool: Spool, cut: int) -> None:
    spool.keep_words("ra", "no such day")
    spool.keep_words("rb", "cut short")
    content = spool.answers_file.read_bytes()
    spool.answers_file.write_bytes(content[:-cut])

    spool.keep_words("rc", "closed on that day")

    said = spool.words()
    assert said["ra"] == "no such day"
    assert said["rc"] == "closed on that day"
    assert said.get("rb", "cut short") == "cut short"


def test_bytes_that_are_no_text_spoil_no_other_line(spool: Spool) -> None:
    spool.answers_file.write_bytes(b"\0\0\xff\xfe\n")
    spool.keep_words("ra", "no such day")

    assert spool.words() == {"ra": "no such day"}


def test_folders_and_files_are_private(spool: Spool) -> None:
    place = spool.place_for("visits.csv")
    spool.keep_words("ra", "words")
    with spool.request_writer() as write:
        write(request_of(1))

    assert {mode_of(path) for path in (spool.path, spool.work, place.parent)} == {0o700}
    assert {mode_of(path) for path in (spool.answers_file, spool.requests_file)} == {0o600}


def test_the_source_keeps_its_name_and_there_is_only_one(spool: Spool) -> None:
    assert spool.source() is None
    spool.place_for("old.csv").write_text("old")
    place = spool.place_for("visits März.csv")
    assert spool.source() is None

    place.write_text("new")

    assert spool.source() == place
    assert place.name == "visits März.csv"


def test_preparing_again_keeps_everything_but_leftovers_of_writers(spool: Spool) -> None:
    spool.place_for("visits.csv").write_text("rows")
    spool.keep_words("ra", "words")
    (spool.work / "half a workbook").write_text("patients")

    spool.prepare()

    assert list(spool.work.iterdir()) == []
    assert spool.words() == {"ra": "words"}
    assert spool.source() is not None


def test_removing_leaves_only_the_words_of_the_server_and_may_be_done_twice(
    spool: Spool,
) -> None:
    """A row that was refused once is told why in every later run."""
    spool.place_for("visits.csv").write_text("rows")
    spool.keep_words("ra", "words")

    spool.remove()
    spool.remove()

    assert not spool.path.exists()
    assert spool.source() is None
    assert Spool(spool.path.with_name("another run")).words() == {"ra": "words"}
