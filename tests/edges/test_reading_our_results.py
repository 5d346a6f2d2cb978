"""Results of ours as a source: recognized in every form, and read as what they were made of."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from importer.problems import ProblemCode
from importer.reading import Edit, Edits, ReadOptions, open_table
from tests.edges.reading_kit import HEADINGS_XML, pack, package_parts, read, refusal, sheet_xml
from tests.edges.workbook_kit import Sheet, write_book

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CUSTOM = (
    '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties">'
    '<property name="solv-import-results"/></Properties>'
)
META = (
    '<office:document-meta xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0"><office:meta>'
    '<meta:user-defined meta:name="solv-import-results">r</meta:user-defined>'
    "</office:meta></office:document-meta>"
)
ROWS = [["first_name", "status", "booking_id", "row_key"], ["Ada", "booked", "7", "ra"]]


def write_lines(path: Path, lines: Sequence[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(lines)
    return path


def sheets(*names: str) -> list[Sheet]:
    return [Sheet(rows=ROWS, name=name) for name in names]


def test_an_ods_that_was_saved_from_our_results_says_so(tmp_path: Path) -> None:
    path = write_book(tmp_path, "ods", *sheets("Summary", "Results", "Errors"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("meta.xml", META)
    found = read(path)
    assert (found.sheet, found.is_results) == ("Results", True)
    assert found.rows == {2: ROWS[1]}


@pytest.mark.parametrize("kind", ["xlsx", "ods", "xls", "xlsb"])
def test_results_that_lost_their_mark_are_a_question_with_its_answer(
    kind: str, tmp_path: Path
) -> None:
    """Some programs drop the properties of a document."""
    path = write_book(tmp_path, kind, *sheets("Summary", "Results", "Errors"))
    error = refusal(path, ProblemCode.SHEET_UNCLEAR)
    assert error.todo == "Name the one to read, such as --sheet 'Results'."
    assert read(path, sheet="Results").rows == {2: ROWS[1]}


def test_case_82_an_ods_of_several_sheets_is_not_read_by_half(tmp_path: Path) -> None:
    path = write_book(tmp_path, "ods", *sheets("Summary", "Results", "Results 2", "Errors"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("meta.xml", META)
    assert "CSV" in refusal(path, ProblemCode.SHEET_UNCLEAR).todo


@pytest.mark.parametrize("is_ours", [True, False])
def test_case_82_results_too_large_for_a_workbook_are_for_csv(
    tmp_path: Path, *, is_ours: bool
) -> None:
    parts: dict[str, str | bytes] = {**package_parts(sheet_xml(HEADINGS_XML))}
    parts["xl/worksheets/sheet2.xml"] = b" " * 11_000_000
    if is_ours:
        parts["docProps/custom.xml"] = CUSTOM
    error = refusal(pack(tmp_path, parts), ProblemCode.SOURCE_TOO_LARGE)
    assert ("solv-import results RUN --results FILE.csv" in error.todo) is is_ours


@pytest.mark.parametrize("is_ours", [True, False])
def test_case_91_the_apostrophe_comes_off_in_our_own_csv_alone(
    tmp_path: Path, *, is_ours: bool
) -> None:
    ours = ROWS[0][1:] if is_ours else ["a", "b", "c"]
    texts = ["'\uff1dAda", "' =1", "'+1", "''=1"]
    lines = [["first_name", "last_name", "'@mail", "Notes", *ours], [*texts, "booked", "7", "ra"]]
    found = read(write_lines(tmp_path / "a.csv", lines))
    wanted = ["\uff1dAda", " =1", "+1", "''=1"] if is_ours else texts
    assert found.rows[2][:4] == wanted
    assert found.headings[2] == ("@mail" if is_ours else "'@mail")


@pytest.mark.parametrize("is_ours", [True, False])
def test_case_91_a_correction_that_reads_like_a_formula_is_marked_or_left_alone(
    tmp_path: Path, *, is_ours: bool
) -> None:
    ours = ROWS[0][1:] if is_ours else ["a", "b", "c"]
    kept = "'+1 312 555 0142"
    path = write_lines(tmp_path / "a.csv", [["first_name", "phone", *ours], ["Ada", kept, *"xyz"]])
    table = open_table(path, ReadOptions())
    assert table.copy is not None
    before = kept[1:] if is_ours else kept
    edit = Edit(2, 1, before, "+1 312 555 0143", ProblemCode.APOSTROPHE_REMOVED)
    made = io.BytesIO()
    count = table.copy(Edits(iter([edit])), made)
    written = list(csv.reader(io.StringIO(made.getvalue().decode("utf-8-sig"), newline="")))
    assert written[1][1] == ("'+1 312 555 0143" if is_ours else kept)
    assert count.total() == int(is_ours)


def test_case_80_our_columns_come_on_top_of_the_most_that_a_source_may_have(
    tmp_path: Path,
) -> None:
    theirs = [f"h{number}" for number in range(16_384)]
    cells = ["x"] * len(theirs)
    lines = [[*theirs, *ROWS[0][1:]], [*cells, *ROWS[1][1:]]]
    assert len(read(write_lines(tmp_path / "a.csv", lines)).headings) == 16_387
    lines = [[*theirs, "one more", *ROWS[0][1:]], [*cells, "x", *ROWS[1][1:]]]
    refusal(write_lines(tmp_path / "b.csv", lines), ProblemCode.SOURCE_TOO_LARGE)
