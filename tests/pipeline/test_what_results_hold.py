"""What results can hold is known before the first request; what a file is like stands in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import Workbook, load_workbook

from importer.errors import ExitCode, SettingsError
from importer.pipeline import plan_file, write_results_again
from importer.problems import ProblemCode
from tests.pipeline.desk import counts_of
from tests.pipeline.page_kit import page_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.pipeline.desk import Desk

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]

SHEET_COLUMNS = 16_384
OURS = 9


def wide(row: dict[str, str], columns: int) -> dict[str, str]:
    """Return a row with so many columns, most of them empty."""
    return row | {f"extra {n}": "" for n in range(columns - len(row))}


@pytest.mark.parametrize("columns", [SHEET_COLUMNS - OURS + 1, SHEET_COLUMNS])
def test_case_80_more_columns_than_a_workbook_holds_are_refused_before_anything_is_sent(
    columns: int, desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    source = write_csv([wide(make_row(2), columns)])
    settings = at.settings()
    for attempt in (
        lambda: at.run(source),
        lambda: plan_file(source, settings, clock=at.clock, selection=settings.selection),
    ):
        with pytest.raises(SettingsError) as caught:
            attempt()
        assert caught.value.exit_code == ExitCode.USAGE
        assert f"the source has {columns:,}" in caught.value.message
        assert "--results visits.csv.results.csv" in caught.value.todo
    assert at.sandbox.all_requests() == []


@pytest.mark.timeout(60)
def test_case_80_as_csv_they_are_booked_and_the_results_are_read_again(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    source = write_csv([wide(make_row(2), SHEET_COLUMNS)])
    place = tmp_path / "out.csv"

    first = at.run(source, results=place)
    again = at.run(place, results=tmp_path / "out-2.csv")

    assert counts_of(first) == {"booked": 1}
    assert counts_of(again) == {"skipped": 1}
    assert len(page_of(tmp_path / "out-2.csv")[0]) == SHEET_COLUMNS + OURS


@pytest.mark.timeout(60)
def test_case_80_the_widest_source_for_a_workbook_gets_one(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    report = at.run(write_csv([wide(make_row(2), SHEET_COLUMNS - OURS)]))
    assert counts_of(report) == {"booked": 1}
    assert at.run(report.results_path).summary.requests == 0  # type: ignore[arg-type] # there are results


@pytest.fixture
def odd_workbook(make_row: Make, tmp_path: Path) -> Path:
    """Return a workbook with a hidden sheet, two hidden rows and two columns nobody knows."""
    book = Workbook()
    sheet = book.worksheets[0]
    rows = [make_row(n) | {"Insurance": "x", "Notes": "y"} for n in range(2, 6)]
    for line in [list(rows[0]), *(list(row.values()) for row in rows)]:
        sheet.append(line)
    sheet.row_dimensions[3].hidden = sheet.row_dimensions[4].hidden = True
    book.create_sheet("=Old").sheet_state = "hidden"
    book.save(tmp_path / "odd.xlsx")
    return tmp_path / "odd.xlsx"


def about_the_file(path: Path) -> dict[str, str]:
    """Return the lines of the sheet Summary below `About the file`."""
    lines: list[Any] = list(load_workbook(path)["Summary"].iter_rows(max_col=2, values_only=True))
    titles = [line[0] for line in lines]
    if "About the file" not in titles:
        return {}
    below = lines[titles.index("About the file") + 1 :]
    return {str(title)[:6]: str(text) for title, text in below if title}


def test_warnings_about_the_file_stand_in_the_results_and_the_summary(
    desk: Callable[..., Desk], odd_workbook: Path, tmp_path: Path
) -> None:
    at = desk()
    place = tmp_path / "summary.json"

    report = at.run(odd_workbook, summary=place, show_values=True)

    told = about_the_file(report.results_path)  # type: ignore[arg-type] # there are results
    assert list(told) == ["IMP031", "IMP032", "IMP104"]
    assert told["IMP031"].endswith("to read it. (odd.xlsx ('=Old'))")
    assert "odd.xlsx, sheet 'Sheet' (2 of them)" in told["IMP032"]
    assert told["IMP104"].endswith("(column I, column J)")
    warnings = json.loads(place.read_text("utf-8"))["warnings"]
    assert [one["code"] for one in warnings] == ["IMP031", "IMP032", "IMP104", "IMP104"]
    assert warnings[1]["hint"] == "(2 of them)"
    assert "Insurance" not in place.read_text("utf-8")  # headings may be a patient's data
    assert report.exit_code == ExitCode.OK


def test_results_that_are_written_again_say_the_same_of_the_file(
    desk: Callable[..., Desk], odd_workbook: Path, tmp_path: Path
) -> None:
    at = desk()
    report = at.run(odd_workbook)
    again = write_results_again(
        None, at.settings(), source=None, results=tmp_path / "again.xlsx", clock=at.clock
    )
    assert about_the_file(again) == about_the_file(report.results_path)  # type: ignore[arg-type] # there are results


def test_of_a_file_without_anything_odd_nothing_is_said(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    report = desk().run(write_csv([make_row(2)]))
    assert report.summary.warnings == ()
    assert about_the_file(report.results_path) == {}  # type: ignore[arg-type] # there are results


def test_many_columns_that_are_not_sent_make_one_line(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    report = desk().run(write_csv([wide(make_row(2), 508)]))
    told = about_the_file(report.results_path)  # type: ignore[arg-type] # there are results
    assert list(told) == ["IMP104"]
    assert told["IMP104"].endswith("column AB, and 480 more)")
    assert ProblemCode.COLUMN_UNKNOWN.sentence in told["IMP104"]
