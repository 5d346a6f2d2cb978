"""Joined, split and mapped files go the whole way: booked, fed back, carried on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook

from importer.errors import ExitCode, OpenQuestion, SourceError
from importer.example import EXAMPLE
from importer.model import OrdersConfirmed
from importer.pipeline import import_file, unknown_worksheet
from tests.pipeline.desk import counts_of, statuses
from tests.rows import invented_row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.pipeline import RunReport
    from tests.pipeline.desk import Desk

    Write = Callable[..., Path]

PROFILE = """
[joined]
appointment_date = ["Day", "Time"]
[split]
Patient = "Last, First"
[values.location_id]
Lakeview = 4021
[dates]
timezone = "America/Chicago"
"""


def odd_row(number: int, **changes: str) -> dict[str, str]:
    """Return an invented row as an old system would export it."""
    plain = invented_row(number)
    return {
        "Patient": f"{plain['last_name']}, {plain['first_name']}",
        "Day": "2090-05-01",
        "Time": f"{8 + number // 4}:{number % 4 * 15:02}",
        "Phone": plain["phone"],
        "DOB": plain["birth_date"],
        "Clinic": " lakeview ",
    } | changes


def clinic(folder: Path, text: str = PROFILE) -> str:
    (folder / "clinic.toml").write_text(text, encoding="utf-8")
    return str(folder / "clinic.toml")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_odd_file_is_booked_as_a_plain_one_and_its_results_are_an_input(
    kind: str,
    desk: Callable[..., Desk],
    write_csv: Write,
    write_xlsx: Write,
    tmp_path: Path,
) -> None:
    at, profile = desk(), clinic(tmp_path)
    rows = [odd_row(2), odd_row(3), odd_row(4, Time="0.5"), odd_row(5, Patient="Ada Sample")]
    source = (write_csv if kind == "csv" else write_xlsx)(rows)

    report = at.run(source, profile=profile, only_valid=True)

    assert counts_of(report) == {"booked": 2, "invalid": 2}
    sheet = load_workbook(report.results_path)["Results"]
    assert [sheet.cell(row, 3).fill.fgColor.rgb != "00000000" for row in (2, 4)] == [False, True]
    sheet.cell(4, 3).value, sheet.cell(5, 1).value = "17:15", "Sample, Ada"
    assert report.results_path is not None
    corrected = tmp_path / "corrected.xlsx"
    sheet.parent.save(corrected)
    again = at.run(corrected, profile=profile)
    assert counts_of(again) == {"booked": 2, "skipped": 2}
    assert statuses(again) == {2: "skipped", 3: "skipped", 4: "booked", 5: "booked"}


def test_the_same_booking_in_a_plain_file_is_skipped(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    at.run(write_csv([odd_row(2)]), profile=clinic(tmp_path))
    plain = invented_row(2, appointment_date="2090-05-01T08:30:00-05:00")
    report = at.run(write_csv([plain], "plain.csv"))
    assert counts_of(report) == {"skipped": 1}


def test_the_worksheet_of_unknown_rows_shows_both_cells(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at = desk(faults={"500": 1.0})
    report = at.run(write_csv([odd_row(2)]), profile=clinic(tmp_path))
    assert counts_of(report) == {"unknown": 1}
    sheet = tmp_path / "unknown.csv"
    unknown_worksheet(report.summary.run_id, at.settings(), sheet, clock=at.clock)
    text = sheet.read_text("utf-8-sig")
    assert "2090-05-01 8:30" in text


def confirmed(at: Desk, source: Path, **orders: str) -> RunReport:
    """Import a file as a person at a terminal does who says yes to the orders."""
    settings = replace(at.settings(in_flight=1), confirmed_orders=orders)  # type: ignore[arg-type] # words of the case
    return import_file(
        source, settings, clock=at.clock, observer=at.observer, selection=settings.selection
    )


def test_a_confirmed_order_carries_its_run_on_without_another_question(
    desk: Callable[..., Desk], write_csv: Write
) -> None:
    at = desk()
    source = write_csv(invented_row(n, birth_date=f"03/{n + 10}/1985") for n in range(2, 10))
    with pytest.raises(OpenQuestion) as caught:
        at.run(source)
    assert caught.value.answer == OrdersConfirmed(orders={"birth_date": "MDY"})
    assert at.requests == []

    at.refuse_after_the_first()
    first = confirmed(at, source, birth_date="MDY")
    assert first.exit_code == ExitCode.CREDENTIALS
    assert first.summary.not_sent
    at.observer.on_progress = None
    at.sandbox.fault_rate("gateway-forbidden", 0)
    again = at.run(source)

    assert again.summary.run_id == first.summary.run_id
    assert counts_of(again) == {"booked": 8}


def test_a_run_that_has_begun_does_not_carry_on_with_other_words(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    source = write_csv(odd_row(n) for n in range(2, 10))
    at.refuse_after_the_first()
    first = at.run(source, profile=clinic(tmp_path), in_flight=1)
    assert first.summary.not_sent
    at.observer.on_progress = None
    at.sandbox.fault_rate("gateway-forbidden", 0)
    sent = len(at.requests)
    with pytest.raises(SourceError, match="other settings: value_maps"):
        at.run(source, profile=clinic(tmp_path, PROFILE.replace("4021", "4022")))
    assert len(at.requests) == sent
    assert counts_of(at.resume()) == {"booked": 8}


def test_a_table_of_words_forgives_no_other_typed_cell(
    desk: Callable[..., Desk], write_xlsx: Write, tmp_path: Path
) -> None:
    at = desk()
    table = '[values.paperwork_status]\nTRUE = "complete"\ndone = "complete"\n'
    profile = clinic(tmp_path, table)
    rows = [invented_row(n, paperwork_status="done") for n in range(2, 7)]
    source = write_xlsx(rows)
    book = load_workbook(source)
    sheet = book.active
    assert sheet is not None
    column = list(rows[0]).index("paperwork_status") + 1
    typed = (True, datetime(2026, 1, 2), time(9, 30), 123456789012345678)  # noqa: DTZ001 - as Excel
    for line, value in enumerate(typed, start=3):
        sheet.cell(line, column).value = value
    book.save(source)

    report = at.run(source, profile=profile, only_valid=True)

    found = statuses(report)
    assert [n for n in found if found[n] == "booked"] == [2, 3]
    assert [n for n in found if found[n] == "invalid"] == [4, 5, 6]
    sent = [booking.fields["paperwork_status"] for booking in at.sandbox.bookings()]
    assert sent == ["complete", "complete"]


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
@pytest.mark.parametrize("heading", ["Status", "booking_id"])
def test_results_of_a_column_named_like_one_of_ours_are_an_input(
    suffix: str, heading: str, desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    rows = [
        {n: t for n, t in invented_row(number).items() if n != "paperwork_status"}
        | {heading: "incomplete"}
        for number in (2, 3)
    ]
    headings = ", ".join(f'"{name}"' for name in rows[0])
    text = f'[file]\nheadings = [{headings}]\n[columns]\n{heading} = "paperwork_status"\n'
    profile = clinic(tmp_path, text)
    results = tmp_path / f"a.results.{suffix}"
    first = at.run(write_csv(rows), profile=profile, results=results)
    assert counts_of(first) == {"booked": 2}

    again = at.run(results, profile=profile)

    assert counts_of(again) == {"skipped": 2}
    assert again.exit_code == ExitCode.OK


def test_the_dates_of_the_example_are_no_evidence(
    desk: Callable[..., Desk], write_csv: Write
) -> None:
    at = desk()
    example = dict.fromkeys(invented_row(2), "") | dict(EXAMPLE) | {"birth_date": "05/14/1890"}
    row = invented_row(2, birth_date="03/05/1985")
    row |= {name: "" for name in example if name not in row}
    source = write_csv([example, row])
    with pytest.raises(SourceError) as raised:
        at.run(source)
    assert "0 dates fit only month/day, 0 only day/month, 1 both" in str(raised.value)
