"""Any text that is written to a file is read back, or its row is not sent."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.formulas import unmarked
from importer.model import State
from importer.results import ResultRow, Summary, csv_text, write_results, xlsx_text
from tests.edges.reading_kit import read
from tests.fuzz.target import refused_rows
from tests.nasty import NASTY
from tests.odd.workbooks import as_shown, holdable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.edges.reading_kit import Outcome

HEADINGS = ("first", "last", "notes")
anything = st.text(alphabet=st.characters(exclude_categories=()), max_size=30)
texts = st.lists(st.one_of(anything, st.sampled_from(NASTY)), min_size=1, max_size=20)


def rows_of(written: Sequence[str]) -> list[list[str]]:
    """Return a row for each text, between two plain ones so that it is never blank."""
    return [["Ada", text, f"n{number}"] for number, text in enumerate(written)]


def require_same(outcome: Outcome, expected: Sequence[str]) -> None:
    """Fail unless each row holds its text, or is refused; nothing but spaces may come as empty."""
    refused = refused_rows(outcome)
    assert len(outcome.rows) == len(expected)
    for number, text in enumerate(expected, start=2):
        if number not in refused:
            found = outcome.rows[number][1]
            assert found == text or (not found and text.isspace()), number
        assert outcome.rows[number][2] == f"n{number - 2}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for the files of all examples."""
    return tmp_path_factory.mktemp("round")


@settings(max_examples=40, deadline=None)
@given(written=texts)
def test_any_text_that_openpyxl_writes_is_read_back(folder: Path, written: list[str]) -> None:
    held = [holdable(text) for text in written]
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row, cells in enumerate((HEADINGS, *rows_of(held)), start=1):
        for column, text in enumerate(cells, start=1):
            sheet.cell(row, column, text).data_type = "s"
    book.save(folder / "openpyxl.xlsx")
    outcome = read(folder / "openpyxl.xlsx")
    shown = (as_shown(text.replace("\r\n", "\n").replace("\r", "\n")) for text in held)
    require_same(outcome, list(shown))


@settings(max_examples=60, deadline=None)
@given(
    written=texts,
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
)
def test_any_text_that_the_csv_module_writes_is_read_back(
    folder: Path, written: list[str], delimiter: str, quoting: int, mark: bytes
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting)
    writer.writerows((HEADINGS, *rows_of(written)))
    path = folder / "written.csv"
    path.write_bytes(mark + text.getvalue().encode("utf-8", "surrogatepass"))
    require_same(read(path, delimiter=delimiter), written)


def write_rows(folder: Path, name: str, written: Sequence[str]) -> Path:
    """Write results, as a run does, of one row for each text."""
    rows = (
        ResultRow(row_number=n, cells=tuple(cells), status=State.INVALID, what_to_fix=cells[1])
        for n, cells in enumerate(rows_of(written), start=2)
    )
    count = len(written)
    summary = Summary(
        run_id="r",
        exit_code=1,
        exit_reason="needs_a_person",
        source="s",
        rows_in=count,
        invalid=count,
        started_at="2030-01-07T09:00:00Z",
        ended_at="",
    )
    path = folder / name
    write_results(path, headings=HEADINGS, rows=rows, summary=summary, errors=[], work_dir=folder)
    return path


@settings(max_examples=30, deadline=None)
@given(written=texts)
def test_any_text_in_our_results_is_read_back_as_they_show_it(
    folder: Path, written: list[str]
) -> None:
    outcome = read(write_rows(folder, "results.xlsx", written))
    assert outcome.is_results
    require_same(outcome, [xlsx_text(text) for text in written])
    shown = openpyxl.load_workbook(folder / "results.xlsx")["Results"]
    for row, text in enumerate(written, start=2):
        assert shown.cell(row, 2).data_type in {"s", "n", "inlineStr"}, "a formula"
        assert (shown.cell(row, 2).value or "") == xlsx_text(text)


@settings(max_examples=40, deadline=None)
@given(written=texts)
def test_any_text_in_our_results_as_text_is_read_back(folder: Path, written: list[str]) -> None:
    outcome = read(write_rows(folder, "results.csv", written))
    require_same(outcome, [unmarked(csv_text(text)) for text in written])
    lines = write_rows(folder, "results.jsonl", written).read_bytes().split(b"\n")[:-1]
    assert [json.loads(line)["cells"]["last"] for line in lines] == [
        text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") for text in written
    ]
