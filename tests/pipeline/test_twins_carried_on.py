"""A run that is carried on, or a file that comes again, knows twins as the plan does."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from importer.errors import ExitCode
from importer.pipeline import verify_run
from tests.acceptance.cli_kit import change_results
from tests.pipeline.desk import counts_of, sent_per_body, statuses
from tests.pipeline.test_twins import ANN, BETH, PROFILE, edited_rows, ids_of, sent_phones, twin
from tests.pipeline.test_verifying import broken, decide
from tests.rows import write_rows

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable
    from pathlib import Path

    from tests.pipeline.desk import Desk

    Write = Callable[..., Path]

BOB = twin("Ann", "312-555-0177") | {"Patient": "Moe, Bob"}
UNSENT = BOB | {"phone": "12"}


@pytest.fixture
def split(tmp_path: Path) -> str:
    """Return a profile that leaves middle names out."""
    path = tmp_path / "clinic.toml"
    path.write_text(PROFILE, encoding="utf-8")
    return str(path)


def bookings_per_body(at: Desk) -> Counter[str | None]:
    return sent_per_body([request for request in at.requests if request.committed])


@pytest.mark.parametrize("how", ["run", "resume"])
def test_a_twin_that_another_file_booked_is_not_booked_again_when_a_run_is_carried_on(
    how: str, desk: Callable[..., Desk], write_csv: Write, split: str
) -> None:
    at = desk()
    source = write_csv([ANN, BETH, UNSENT], "a.csv")
    held = at.run(source, profile=split, allow_duplicates=True)
    other = at.run(write_csv([BETH], "b.csv"), profile=split)

    if how == "run":
        report = at.run(source, profile=split, allow_duplicates=True, only_valid=True)
    else:
        report = at.resume(held.summary.run_id, only_valid=True)

    assert report.summary.run_id == held.summary.run_id
    assert sorted(sent_phones(at)) == ["0143", "0199"]
    assert statuses(report) == {2: "booked", 3: "skipped", 4: "invalid"}
    assert ids_of(report)[3] == ids_of(other)[2]
    assert edited_rows(report) == []
    assert broken(at, report, were_answers_read=True) == broken(at, other) == []


def test_twins_whom_another_file_booked_in_another_order_keep_their_own_ids(
    desk: Callable[..., Desk], write_csv: Write, split: str
) -> None:
    at = desk()
    source = write_csv([ANN, BETH, UNSENT], "a.csv")
    held = at.run(source, profile=split, allow_duplicates=True)
    both = at.run(write_csv([BETH, ANN], "b.csv"), profile=split, allow_duplicates=True)

    report = at.resume(held.summary.run_id, only_valid=True)

    assert counts_of(report) == {"skipped": 2, "invalid": 1}
    assert ids_of(report) == {2: ids_of(both)[3], 3: ids_of(both)[2], 4: ""}
    assert edited_rows(report) == []


def test_twins_booked_through_their_results_are_known_by_their_keys_in_the_source(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path, split: str
) -> None:
    at = desk()
    source = write_csv([ANN, BETH, UNSENT], "a.csv")
    held = at.run(source, profile=split, allow_duplicates=True, results=tmp_path / "r.csv")
    assert held.results_path is not None
    with held.results_path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    write_rows(tmp_path / "sorted.csv", [rows[2] | {"phone": BOB["phone"]}, rows[1], rows[0]])
    sent = at.run(tmp_path / "sorted.csv", profile=split, allow_duplicates=True)
    assert counts_of(sent) == {"booked": 3}

    report = at.run(source, profile=split, allow_duplicates=True, only_valid=True)

    assert ids_of(report) == {2: ids_of(sent)[4], 3: ids_of(sent)[3], 4: ""}
    assert edited_rows(report) == []
    assert set(bookings_per_body(at).values()) == {1}


def test_a_run_that_was_stopped_between_twins_books_each_of_them_once(
    desk: Callable[..., Desk], write_csv: Write, split: str
) -> None:
    at = desk()
    source = write_csv([BOB, ANN, BETH], "a.csv")
    at.refuse_after_the_first()
    stopped = at.run(source, profile=split, allow_duplicates=True, in_flight=1)
    assert stopped.summary.booked == 1
    at.let_all_go()
    at.run(write_csv([BETH], "b.csv"), profile=split, allow_duplicates=True)

    report = at.run(source, profile=split, allow_duplicates=True)

    assert statuses(report) == {2: "booked", 3: "booked", 4: "skipped"}
    assert sorted(sent_phones(at)) == ["0143", "0177", "0199"]
    assert edited_rows(report) == []


def test_an_occurrence_that_a_cancelled_twin_left_free_says_nothing_of_the_other(
    desk: Callable[..., Desk], write_csv: Write, split: str
) -> None:
    at = desk()
    source = write_csv([ANN, UNSENT], "a.csv")
    held = at.run(source, profile=split)
    both = at.run(write_csv([BETH, ANN], "b.csv"), profile=split, allow_duplicates=True)
    decide(at, both, {2: "cancelled"})

    report = at.run(source, profile=split, only_valid=True)

    assert report.summary.run_id == held.summary.run_id
    assert statuses(report) == {2: "skipped", 3: "invalid"}
    assert ids_of(report)[2] == ids_of(both)[3]
    assert sorted(sent_phones(at)) == ["0143", "0199"]


def test_a_visit_that_was_asked_for_twice_is_made_once_more_where_another_file_made_one(
    desk: Callable[..., Desk], write_csv: Write, split: str
) -> None:
    at = desk()
    source = write_csv([ANN, ANN, UNSENT], "a.csv")
    held = at.run(source, profile=split, allow_duplicates=True)
    at.run(write_csv([ANN], "b.csv"), profile=split)

    report = at.resume(held.summary.run_id, only_valid=True)

    assert statuses(report) == {2: "skipped", 3: "booked", 4: "invalid"}
    assert list(bookings_per_body(at).values()) == [2]
    assert broken(at, report) == []


def test_a_row_that_follows_when_a_run_is_carried_on_says_so_once(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    plain = {"first_name": "Ada", "last_name": "Lee"} | {
        name: text for name, text in ANN.items() if name != "Patient"
    }
    source = write_csv([plain, plain | {"last_name": "Moe", "phone": "12"}], "a.csv")
    held = at.run(source)
    at.run(write_csv([plain], "b.csv"))

    report = at.resume(held.summary.run_id, only_valid=True, results=tmp_path / "r.csv")

    assert counts_of(report) == {"skipped": 1, "invalid": 1}
    assert (tmp_path / "r.csv").read_text("utf-8").count("An earlier run made this booking") == 1


# Files that come again


def test_booked_twins_do_not_hold_the_next_export(
    desk: Callable[..., Desk], write_csv: Write, split: str
) -> None:
    at = desk()
    both = at.run(write_csv([ANN, BETH], "a.csv"), profile=split, allow_duplicates=True)

    report = at.run(write_csv([BETH, ANN, BOB], "b.csv"), profile=split)

    assert statuses(report) == {2: "skipped", 3: "skipped", 4: "booked"}
    assert ids_of(report) | {4: ""} == {2: ids_of(both)[3], 3: ids_of(both)[2], 4: ""}
    assert (report.exit_code, edited_rows(report)) == (ExitCode.OK, [])


def test_a_third_row_like_booked_twins_is_a_duplicate_or_somebody_new(
    desk: Callable[..., Desk], write_csv: Write, split: str
) -> None:
    at = desk()
    at.run(write_csv([ANN, BETH], "a.csv"), profile=split, allow_duplicates=True)

    again = at.run(write_csv([ANN, BETH, BETH], "b.csv"), profile=split)
    third = at.run(write_csv([ANN, BETH, twin("Cleo", "312-555-0111")], "c.csv"), profile=split)

    assert statuses(again) == {2: "skipped", 3: "skipped", 4: "duplicate"}
    assert statuses(third) == {2: "skipped", 3: "skipped", 4: "invalid"}
    assert len(at.requests) == 2


def test_a_visit_booked_twice_is_known_twice_and_no_oftener(
    desk: Callable[..., Desk], write_csv: Write, split: str
) -> None:
    at = desk()
    at.run(write_csv([ANN, ANN], "a.csv"), profile=split, allow_duplicates=True)

    report = at.run(write_csv([ANN, ANN, ANN], "b.csv"), profile=split)

    assert statuses(report) == {2: "skipped", 3: "skipped", 4: "duplicate"}


@pytest.mark.parametrize("also", [[], [BOB]], ids=["alone", "and another"])
def test_of_twins_in_two_chunks_the_one_that_is_not_booked_goes(
    also: list[dict[str, str]], desk: Callable[..., Desk], write_csv: Write, split: str
) -> None:
    """A file of very many columns is read a few rows at a time."""
    at = desk()
    first = at.run(write_csv([BETH], "a.csv"), profile=split)
    rows = [ANN, *also, *([dict.fromkeys(ANN, "")] * 300), BETH]
    wide = {f"note {number}": "" for number in range(9_000)}
    source = write_csv([row | wide for row in rows], "b.csv")

    report = at.run(source, profile=split, allow_duplicates=True, results=at.folder / "r.jsonl")

    assert report.results_path is not None
    lines = [json.loads(line) for line in report.results_path.read_text("utf-8").splitlines()]
    told = {line["row_number"]: line for line in lines if line["status"] != "blank"}
    assert told[2]["status"] == "booked"
    assert (told[303 + len(also)]["status"], told[303 + len(also)]["booking_id"]) == (
        "skipped",
        int(ids_of(first)[2]),
    )
    assert sent_phones(at).count("0143") == sent_phones(at).count("0199") == 1
    assert broken(at, report) == []


# Rows that are not sent


def test_a_row_that_is_no_booking_of_what_it_says_makes_no_other_a_duplicate(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path, split: str
) -> None:
    at = desk()
    first = at.run(write_csv([ANN, BOB], "a.csv"), profile=split)
    zoe = ANN | {"Patient": "Kim, Zoe"}
    changes = {(2, "Patient"): "Kim, Zoe"} | {(4, name): text for name, text in zoe.items()}
    fed_back = change_results(first.results_path, changes, tmp_path / "zoe.xlsx")

    report = at.run(fed_back, profile=split)

    assert statuses(report) == {2: "skipped", 3: "skipped", 4: "booked"}
    assert edited_rows(report) == [2]


def test_a_corrected_row_below_the_one_that_was_refused_is_sent(
    desk: Callable[..., Desk], write_csv: Write, split: str
) -> None:
    at = desk()
    refused = ANN | {"reason": "fault:422"}
    assert counts_of(at.run(write_csv([refused], "a.csv"), profile=split)) == {"rejected": 1}

    report = at.run(write_csv([refused, ANN], "b.csv"), profile=split)

    assert statuses(report) == {2: "rejected", 3: "booked"}


# The judge


def test_a_request_that_was_booked_for_a_row_that_did_not_ask_is_a_broken_promise(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path, split: str
) -> None:
    """The log is forged: what was booked for Ann shows the request of Beth."""
    at = desk()
    at.run(write_csv([BETH], "b.csv"), profile=split)
    report = at.run(write_csv([ANN, BETH], "a.csv"), profile=split, allow_duplicates=True)
    assert broken(at, report) == []
    log = tmp_path / "forged.jsonl"
    lines = [json.loads(line) for line in at.sandbox.log_path.read_text().splitlines()]
    beth = next(line["body_hmac"] for line in lines if line.get("committed"))
    forged = [line | {"body_hmac": beth} if line.get("committed") else line for line in lines]
    log.write_text("".join(json.dumps(line) + "\n" for line in forged))
    key = at.sandbox.log_path.with_name(at.sandbox.log_path.name + ".key")
    log.with_name("forged.jsonl.key").write_text(key.read_text())

    _, violations = verify_run(None, at.settings(), clock=at.clock, request_log=log)

    told = [f"{v.invariant} {v.what}" for v in violations]
    assert "I1 row 3: 2 requests that may have been taken, 1 allowed" in told
