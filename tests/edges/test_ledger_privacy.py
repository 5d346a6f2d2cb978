"""No patient in the ledger: what servers and cells say reaches no file but the spool."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from importer.errors import LedgerError
from importer.ledger import Ledger, LedgerFolder, PlannedRequest, Ruling, Spool
from importer.ledger.connecting import Access, connect
from importer.ledger.screening import emr_id, error_type, field_in, hint, server_ids, status_word
from importer.model import Answer, Booked, FieldError, Outcome, Rejected, Unknown
from importer.problems import ProblemCode, RowProblem
from tests.edges.ledger_kit import (
    AT,
    claim,
    crash,
    full_disk,
    make_row,
    open_at,
    plan,
    record,
    row_of,
)

if TYPE_CHECKING:
    from pathlib import Path

CANARIES = ("Zebulon", "Quillfeather", "555-0142", "1931-07-19", "zebulon.q", "MRN 77123")
TEXT = f"{CANARIES[0]} {CANARIES[1]}, born {CANARIES[3]}, {CANARIES[2]}, {CANARIES[4]}@example.com"


def leaks(folder: LedgerFolder) -> set[tuple[str, str]]:
    """Return every canary that stands in a file outside the spool, with the file's name."""
    files = [path for path in folder.path.rglob("*") if path.is_file()]
    outside = [path for path in files if folder.spool not in path.parents]
    assert {"ledger.db", "rescue.bin"} <= {path.name for path in outside}
    return {
        (canary, path.name)
        for path in outside
        for canary in CANARIES
        if canary.encode() in path.read_bytes()
    }


def fill(ledger: Ledger) -> None:
    """Let patients stand wherever a careless caller or a chatty server could put them."""
    hinted = RowProblem(row_number=2, code=ProblemCode.PHONE_NOT_US, field="phone", hint=TEXT)
    named = RowProblem(row_number=3, code=ProblemCode.PHONE_NOT_US, hint=CANARIES[0])
    row_ids = plan(
        ledger,
        make_row(2, problems=(hinted,)),
        make_row(3, problems=(named,)),
        *(make_row(number) for number in range(4, 8)),
    )
    outcomes: tuple[Outcome, ...] = (
        Booked(booking_id=501, solv_status=TEXT, emr_booking_id=TEXT, server_ids=TEXT),
        Booked(
            booking_id=502,
            solv_status=CANARIES[0],
            emr_booking_id=CANARIES[0],
            server_ids=f"x-request-id=a1 {TEXT}",
        ),
        Rejected(http_status=422, errors=(FieldError(loc=TEXT, type=TEXT),), text=TEXT),
        Rejected(
            http_status=422,
            errors=(FieldError(loc=f"body.phone.{CANARIES[0]}", type=CANARIES[0]),),
            text=TEXT,
            server_ids=TEXT,
        ),
        Unknown(reason="ReadTimeout", server_ids=TEXT),
    )
    for row_id, outcome in zip(row_ids, outcomes, strict=False):
        claim(ledger, row_id)
        record(ledger, row_id, outcome)
        ledger.rescue(row_id, row_of(ledger, row_id + 1).row_key, outcome)


def fill_spool(ledger: Ledger) -> None:
    spool = Spool(ledger.folder.spool / "run")
    spool.prepare()
    spool.place_for("visits.csv").write_text(TEXT)
    spool.keep_words(row_of(ledger).row_key, TEXT)
    with spool.request_writer() as write:
        write(
            PlannedRequest(
                row_id=1,
                row_number=2,
                row_key=row_of(ledger).row_key,
                appointment_at=AT,
                body=TEXT.encode(),
            )
        )


def test_no_free_text_reaches_a_file_of_the_ledger(tmp_path: Path) -> None:
    with open_at(LedgerFolder(tmp_path / "ledger")) as ledger:
        fill(ledger)
        fill_spool(ledger)
        ruling = Ruling(row_key=row_of(ledger, 6).row_key, answer=Answer.BOOKED, booking_id=505)
        assert ledger.decide(1, [ruling], who="ann", at=AT + timedelta(hours=1)) == []
        crashed = crash(ledger)

    assert leaks(crashed) == set()
    assert TEXT.encode() in Spool(crashed.spool / "run").answers_file.read_bytes()
    with open_at(crashed):
        pass
    assert leaks(crashed) == set()


def test_none_reaches_the_rescue_file_when_the_disk_is_full(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path / "ledger")
    booked = Booked(booking_id=501, solv_status=TEXT, emr_booking_id=TEXT, server_ids=TEXT)
    with open_at(folder) as ledger:
        (row_id,) = plan(ledger, make_row())
        claim(ledger, row_id)
        with full_disk(ledger):
            with pytest.raises(LedgerError):
                record(ledger, row_id, booked)
            assert ledger.rescue(row_id, row_of(ledger).row_key, booked)
    assert b"501" in folder.rescue_file.read_bytes()
    assert leaks(folder) == set()


def test_no_record_of_ours_shows_a_request_when_it_is_printed() -> None:
    request = PlannedRequest(
        row_id=1, row_number=2, row_key=make_row().row_key, appointment_at=AT, body=TEXT.encode()
    )
    assert not any(canary in repr(request) for canary in CANARIES)


# What may pass, and what may not


@pytest.mark.parametrize("word", ["RESERVED", "CONFIRMED", "checked_in", "NO_SHOW"])
def test_a_status_is_one_word(word: str) -> None:
    assert status_word(word) == word


@pytest.mark.parametrize("text", ["Zebulon", "RESERVED for Ada", "5550142", "", "A" * 41, "A\n"])
def test_what_is_no_status_stays_out(text: str) -> None:
    assert status_word(text) == ""


@pytest.mark.parametrize("text", ["EMR-7", "123456", "8f14e45f-ceea-467f-a8d8-1e2b3c4d5e6f"])
def test_an_id_of_the_clinic_holds_a_digit(text: str) -> None:
    assert emr_id(text) == text


@pytest.mark.parametrize("text", ["Zebulon", "zeb@example.com", "MRN 77123", "1" * 65, ""])
def test_what_is_no_id_of_the_clinic_stays_out(text: str) -> None:
    assert emr_id(text) == ""


@pytest.mark.parametrize(
    ("loc", "field"),
    [
        ("phone", "phone"),
        ("body.birth_date", "birth_date"),
        ("body.phone.0", "phone"),
        ("query.allow_walkin_scheduling", "allow_walkin_scheduling"),
        ("Zebulon", ""),
        ("body", ""),
        ("", ""),
    ],
)
def test_an_error_names_one_of_the_fields_of_the_api(loc: str, field: str) -> None:
    assert field_in(loc) == field


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("missing", "missing"),
        ("value_error.any_str.min_length", "value_error.any_str.min_length"),
        ("Zebulon", ""),
        ("not a phone: 555-0142", ""),
        ("", ""),
    ],
)
def test_an_error_type_is_a_name_of_the_validators_own(text: str, kept: str) -> None:
    assert error_type(text) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x-request-id=a1b2 cf-ray=88f0a-SEA", "x-request-id=a1b2 cf-ray=88f0a-SEA"),
        ("x-amz-apigw-id=HV8tQ/+=", "x-amz-apigw-id=HV8tQ/+="),
        ("x-request-id=a1b2 for Zebulon", "x-request-id=a1b2"),
        ("Zebulon=Quillfeather", ""),
        (f"x-request-id={'a' * 129}", ""),
        ("", ""),
    ],
)
def test_only_pairs_of_name_and_id_pass(text: str, kept: str) -> None:
    assert server_ids(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "row 1048576",
        "HTTP 404",
        "the area code is missing",
        "more digits than a US number has",
        "32,768 characters, at most 32,767",
        "the cell holds 3 lines, one of which looks like a row",
        "7 cells instead of 5",
        "zero is no id",
        "it can only be month first",
        "there is no such time of day",
        "a value in column XFD, which has no heading",
    ],
)
def test_our_own_hints_pass(text: str) -> None:
    assert hint(text) == text


def test_a_hint_may_be_a_line_long_and_no_longer() -> None:
    line = "lines " * 20
    assert hint(line) == line
    assert hint(f"{line}a") == ""


@pytest.mark.parametrize(
    "text",
    [
        "Zebulon",
        "555-0142",
        "5125550142",
        "1931-07-19",
        "zeb@example.com",
        "12/31/1980",
        "a " * 70,
        "column Zeb",
        "column ZEBU",
    ],
)
def test_a_hint_that_holds_a_value_stays_out(text: str) -> None:
    assert hint(text) == ""


def test_an_error_of_the_database_does_not_say_what_was_asked(ledger: Ledger) -> None:
    connection = connect(ledger.folder.database, Access.READ)
    with connection, pytest.raises(SQLAlchemyError) as caught:
        connection.execute(text("SELECT :name FROM nowhere"), {"name": TEXT})
    assert CANARIES[0] not in str(caught.value)
