"""The results workbook is a valid input: corrections go, and nothing goes twice."""

from __future__ import annotations

import csv
import json
from shutil import copy
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook

from importer.errors import ExitCode, LedgerError
from importer.problems import ProblemCode
from tests.acceptance.cli_kit import change_results, read_results
from tests.pipeline.desk import bookings_per_patient, counts_of, statuses
from tests.rows import write_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.sandbox import Sandbox
    from tests.pipeline.desk import Desk

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]


def corrected_phone(results: Path) -> Path:
    """Save results in CSV again, every phone number put right, in UTF-8 without a mark."""
    with results.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return write_rows(
        results.with_name("corrected.csv"), [row | {"phone": "312-555-0142"} for row in rows]
    )


@pytest.fixture
def imported(desk: Callable[..., Desk], make_row: Make, write_csv: Write) -> tuple[Desk, Path]:
    """Return a desk and the results of five rows: 2, 3, 5 and 6 are booked, 4 is invalid."""
    at = desk()
    rows = [make_row(n) for n in range(2, 7)]
    rows[2]["phone"] = "12"
    report = at.run(write_csv(rows), only_valid=True)
    assert counts_of(report) == {"booked": 4, "invalid": 1}
    assert report.results_path is not None
    return at, report.results_path


def test_the_results_themselves_send_nothing(imported: tuple[Desk, Path]) -> None:
    at, results = imported
    before = len(at.sandbox.all_requests())

    again = at.run(results, only_valid=True)

    assert counts_of(again) == {"skipped": 4, "invalid": 1}
    assert len(at.sandbox.all_requests()) == before
    assert list(read_results(again.results_path)[2]) == list(read_results(results)[2])
    assert (
        read_results(again.results_path)[2]["booking_id"]
        == (read_results(results)[2]["booking_id"])
    )


def test_a_corrected_row_goes_and_an_edited_booked_row_is_named_and_stays(
    imported: tuple[Desk, Path], tmp_path: Path
) -> None:
    at, results = imported
    fixed = change_results(
        results,
        {(4, "phone"): "312-555-0142", (5, "last_name"): "Other"},
        tmp_path / "fixed.xlsx",
    )

    report = at.run(fixed)

    assert statuses(report) == {2: "skipped", 3: "skipped", 4: "booked", 5: "skipped", 6: "skipped"}
    assert report.exit_code == ExitCode.NEEDS_A_PERSON
    told = read_results(report.results_path)[5]["what_to_fix"]
    assert ProblemCode.BOOKED_ROW_EDITED.sentence.rstrip(".") in told
    assert len(at.requests) == 5
    assert set(bookings_per_patient(at.requests).values()) == {1}


def test_a_copied_row_is_held_and_the_original_keeps_its_booking(
    imported: tuple[Desk, Path], tmp_path: Path
) -> None:
    at, results = imported
    sheet = read_results(results)
    copied = {(7, heading): text for heading, text in sheet[2].items()}
    copied[7, "first_name"] = "Bea"
    with_copy = change_results(results, copied, tmp_path / "copy.xlsx")

    report = at.run(with_copy, only_valid=True)

    rows = read_results(report.results_path)
    assert rows[2]["status"] == "skipped"
    assert rows[7]["status"] == "invalid"
    assert rows[7]["booking_id"] == ""
    assert rows[7]["row_key"] != rows[2]["row_key"] == sheet[2]["row_key"]
    assert len(at.requests) == 4


def test_an_invalid_row_that_was_copied_to_make_two_is_sent_at_most_once_a_patient(
    imported: tuple[Desk, Path], tmp_path: Path
) -> None:
    at, results = imported
    sheet = read_results(results)
    changes = {(7, heading): text for heading, text in sheet[4].items()}
    changes |= {(4, "phone"): "312-555-0142", (7, "phone"): "312-555-0142"}
    changes[7, "first_name"] = "Bea"
    both = change_results(results, changes, tmp_path / "both.xlsx")

    report = at.run(both, only_valid=True)

    assert sorted(statuses(report).values()) == ["booked", "invalid"] + ["skipped"] * 4
    assert set(bookings_per_patient(at.requests).values()) == {1}


def test_a_deleted_row_key_is_caught_by_the_fingerprint(
    imported: tuple[Desk, Path], tmp_path: Path
) -> None:
    at, results = imported
    without = change_results(
        results, {(n, "row_key"): "" for n in range(2, 7)}, tmp_path / "without.xlsx"
    )

    report = at.run(without, only_valid=True)

    assert counts_of(report) == {"skipped": 4, "invalid": 1}
    assert len(at.requests) == 4


def test_a_row_key_of_another_ledger_refuses_the_file(
    imported: tuple[Desk, Path], start_sandbox: Callable[..., Sandbox]
) -> None:
    at, results = imported
    other = start_sandbox(client_id="other-client")
    at.sandbox = other

    with pytest.raises(LedgerError) as raised:
        at.run(results, only_valid=True)

    assert raised.value.exit_code == ExitCode.LEDGER
    assert other.all_requests() == []


def test_the_ledger_is_as_good_as_before_after_a_file_that_it_refused(
    imported: tuple[Desk, Path], tmp_path: Path
) -> None:
    at, results = imported
    foreign = change_results(results, {(2, "row_key"): "rabc"}, tmp_path / "foreign.xlsx")
    with pytest.raises(LedgerError):
        at.run(foreign, only_valid=True)

    again = at.run(results, only_valid=True)

    assert counts_of(again) == {"skipped": 4, "invalid": 1}


def test_results_that_somebody_has_changed_are_never_overwritten(
    imported: tuple[Desk, Path], make_row: Make, write_csv: Write
) -> None:
    at, results = imported
    change_results(results, {(4, "phone"): "my own work"}, results)
    kept = results.read_bytes()
    rows = [make_row(n) for n in range(2, 7)]
    rows[2]["phone"] = "12"

    again = at.run(write_csv(rows), only_valid=True)
    once_more = at.run(write_csv(rows), only_valid=True)

    assert results.read_bytes() == kept
    assert again.results_path not in {results, once_more.results_path}
    assert again.summary.run_id in again.results_path.name
    assert once_more.results_path.exists()


def test_results_that_nobody_has_changed_are_replaced(
    imported: tuple[Desk, Path], make_row: Make, write_csv: Write
) -> None:
    at, results = imported
    rows = [make_row(n) for n in range(2, 7)]
    rows[2]["phone"] = "12"

    again = at.run(write_csv(rows), only_valid=True)

    assert again.results_path == results
    assert statuses(again)[2] == "skipped"


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_results_may_be_written_as_text_and_csv_is_recognized_again(
    suffix: str, imported: tuple[Desk, Path], tmp_path: Path
) -> None:
    at, results = imported
    place = tmp_path / f"out{suffix}"

    report = at.run(results, only_valid=True, results=place)
    assert report.results_path == place
    assert len(place.read_text("utf-8").splitlines()) == 5 + (suffix == ".csv")
    if suffix == ".csv":
        renamed = copy(place, tmp_path / "mine.csv")
        again = at.run(tmp_path / "mine.csv", only_valid=True)
        assert renamed
        assert counts_of(again) == {"skipped": 4, "invalid": 1}
    assert len(at.requests) == 4


@pytest.mark.parametrize("named", ["profile", "flag"])
@pytest.mark.parametrize(("encoding", "name"), [("cp1250", "Jiří"), ("cp1257", "Jūlija")])
def test_results_saved_in_the_encoding_that_is_named_send_the_name_as_it_is(
    encoding: str,
    name: str,
    named: str,
    desk: Callable[..., Desk],
    make_row: Make,
    write_csv: Write,
    tmp_path: Path,
) -> None:
    at = desk()
    clinic = tmp_path / "clinic.toml"
    clinic.write_text(f'[file]\nencoding = "{encoding}"\n', encoding="utf-8")
    told = {"profile": str(clinic)} if named == "profile" else {"encoding": encoding}
    source = write_csv([make_row(2, first_name=name, phone="12")])
    source.write_bytes(source.read_text("utf-8").encode(encoding))
    first = at.run(source, results=tmp_path / "r.csv", **told)
    assert counts_of(first) == {"invalid": 1}
    corrected = corrected_phone(tmp_path / "r.csv")
    corrected.write_bytes(corrected.read_text("utf-8").encode(encoding))

    report = at.run(corrected, **told)

    assert counts_of(report) == {"booked": 1}
    assert at.sandbox.bookings()[0].fields["first_name"] == name


def test_a_sheet_that_somebody_added_to_the_results_is_read_when_a_flag_names_it(
    imported: tuple[Desk, Path], make_row: Make, tmp_path: Path
) -> None:
    at, results = imported
    workbook = load_workbook(results)
    sheet = workbook.create_sheet("New")
    sheet.append(list(make_row(9)))
    sheet.append(list(make_row(9).values()))
    workbook.save(tmp_path / "with_new.xlsx")
    workbook.close()

    report = at.run(tmp_path / "with_new.xlsx", sheet="New", results=tmp_path / "new.xlsx")

    assert counts_of(report) == {"booked": 1}
    assert len(at.requests) == 5
    # The sheet of the source, named again with the same flags, is not there: ours is meant.
    assert counts_of(at.run(results, sheet="June", only_valid=True))["skipped"] == 4


def test_a_run_of_a_sheet_that_a_flag_named_is_resumed_with_that_sheet(
    imported: tuple[Desk, Path], make_row: Make, tmp_path: Path
) -> None:
    at, results = imported
    workbook = load_workbook(results)
    sheet = workbook.create_sheet("New")
    for cells in (make_row(9), make_row(9).values(), make_row(10, phone="12").values()):
        sheet.append(list(cells))
    workbook.save(tmp_path / "with_new.xlsx")
    workbook.close()
    held = at.run(tmp_path / "with_new.xlsx", sheet="New", results=tmp_path / "new.xlsx")

    report = at.resume(held.summary.run_id, only_valid=True)

    assert counts_of(report) == {"booked": 1, "invalid": 1}


@pytest.mark.parametrize(
    "heading", ["Booking ID", "booking-id", "Row Number", "What to fix", "HTTP"]
)
def test_a_heading_of_theirs_that_reads_like_ours_comes_back_as_theirs(
    heading: str, desk: Callable[..., Desk], make_row: Make, write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    row = make_row(2, phone="12") | {heading: "E-1"}
    clinic = tmp_path / "clinic.toml"
    listed = json.dumps(list(row))
    clinic.write_text(f"[file]\nheadings = {listed}\n", encoding="utf-8")
    told = {"profile": str(clinic)}
    first = at.run(write_csv([row]), results=tmp_path / "r.csv", **told)
    assert counts_of(first) == {"invalid": 1}
    corrected = corrected_phone(tmp_path / "r.csv")

    report = at.run(corrected, results=tmp_path / "r2.csv", **told)

    assert counts_of(report) == {"booked": 1}
    with (tmp_path / "r2.csv").open(encoding="utf-8-sig", newline="") as file:
        (told_of,) = csv.DictReader(file)
    assert told_of[f"{heading} (source)"] == "E-1"


def test_a_heading_that_is_mapped_although_it_reads_like_ours_is_sent_from_results_too(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    row = make_row(2, phone="12") | {"Row-Key": "E-1"}
    del row["emr_patient_id"]
    clinic = tmp_path / "clinic.toml"
    clinic.write_text('[columns]\n"Row-Key" = "emr_patient_id"\n', encoding="utf-8")
    first = at.run(write_csv([row]), profile=str(clinic), results=tmp_path / "r.csv")
    assert counts_of(first) == {"invalid": 1}
    corrected = corrected_phone(tmp_path / "r.csv")

    assert counts_of(at.run(corrected, profile=str(clinic))) == {"booked": 1}
    assert at.sandbox.bookings()[0].fields["emr_patient_id"] == "E-1"


def test_headings_that_had_to_get_past_each_other_come_back_as_they_were(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    row = make_row(2, phone="12") | {"Status": "a", "Status (source)": "b"}
    clinic = tmp_path / "clinic.toml"
    clinic.write_text(f"[file]\nheadings = {json.dumps(list(row))}\n", encoding="utf-8")
    first = at.run(write_csv([row]), profile=str(clinic), results=tmp_path / "r.csv")
    assert counts_of(first) == {"invalid": 1}

    again = at.run(tmp_path / "r.csv", profile=str(clinic))

    assert counts_of(again) == {"invalid": 1}
