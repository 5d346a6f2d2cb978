"""Whatever a file, a person or a server says, nothing that we write becomes a formula."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.cell.cell import TYPE_FORMULA

from importer.formulas import looks_like_formula
from importer.model import State
from importer.problems import FileProblem, ProblemCode
from importer.reading import Edit, Edits, ReadOptions, open_table
from importer.results import (
    ErrorKind,
    ResultRow,
    Summary,
    UnknownRow,
    write_worksheet,
    xlsx_text,
)
from importer.results.csv_file import write_csv
from importer.results.workbook import write_workbook

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

RUNS = (
    '=cmd|" /C calc"!A0', '=HYPERLINK("http://example.com","x")', "=1+1", "+1+1", "-1+1",
    "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\x00=1", " =1", "\u00a0=1", '"=1', "\u200b=1", "\ufeff=1",
    "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(A1)", "'=1", "''=1", "{=1+1}", ";=1", '","=1',
    "DDE", "#REF!", "<f>1+1</f>", "<r>=1</r>", "_x003D_1", "+1-312-555-0142", "1e5", "TRUE",
)  # fmt: skip
"""What is known to make spreadsheets calculate, or to get past those who look for it."""

nasty = st.one_of(
    st.sampled_from(RUNS),
    st.tuples(st.text("=+-@'\" \t\r\n\x00\u200b\uff1d", max_size=4), st.text(max_size=8)).map(
        "".join
    ),
)
two = st.lists(nasty, min_size=2, max_size=2)
five = st.lists(nasty, min_size=5, max_size=5)
SHARED_FOLDER = [HealthCheck.function_scoped_fixture]


def a_row(texts: Sequence[str], **changes: Any) -> ResultRow:
    words = {
        "what_to_fix": texts[2], "emr_booking_id": texts[3], "server_ids": texts[4],
        "solv_status": texts[0], "row_key": texts[1], "problem_cells": ((0, texts[2]),),
    }  # fmt: skip
    return ResultRow(
        **{"row_number": 2, "cells": tuple(texts[:2]), "status": State.REJECTED, **words} | changes
    )


def a_summary(texts: Sequence[str]) -> Summary:
    return Summary(
        run_id=texts[0],
        exit_code=1,
        exit_reason=texts[1],
        source=texts[2],
        rows_in=1,
        rejected=1,
        started_at=texts[3],
        ended_at=texts[4],
        target=texts[0],
        sheet=texts[1],
        warnings=(FileProblem(code=ProblemCode.HIDDEN_SHEET, place=texts[2], hint=texts[3]),),
    )


def an_error(texts: Sequence[str]) -> ErrorKind:
    return ErrorKind(
        code=texts[0],
        field=texts[1],
        column_letter=texts[2],
        problem=texts[3],
        rows=1,
        first_rows=(2,),
        fix=texts[4],
    )


def cells_of(path: Path | io.BytesIO) -> Iterator[tuple[str, Any]]:
    """Yield type and value of each cell of a workbook, which has no formula in any part."""
    with zipfile.ZipFile(path) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        assert not [n for n in archive.namelist() if "externalLink" in n or "connections" in n]
        for name in sheets:
            assert not re.search(rb"<f[ >/]|<hyperlink", archive.read(name))
    for sheet in openpyxl.load_workbook(path):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != TYPE_FORMULA
                assert cell.hyperlink is None
                if cell.value is not None:
                    yield cell.data_type, cell.value


def lines_of(content: bytes) -> list[list[str]]:
    text = io.StringIO(content.decode("utf-8-sig"), newline="")
    return list(csv.reader(text, strict=True))


@settings(max_examples=40, deadline=None, suppress_health_check=SHARED_FOLDER)
@given(texts=five, headings=two, told=five)
def test_no_sheet_of_the_results_holds_a_formula(
    texts: list[str], headings: list[str], told: list[str], tmp_path: Path
) -> None:
    made = io.BytesIO()
    write_workbook(
        made,
        headings=headings,
        rows=[a_row(texts)],
        summary=a_summary(told),
        errors=[an_error(told)],
        work_dir=tmp_path,
    )
    found = list(cells_of(made))
    assert {kind for kind, _ in found} <= {"s", "n"}
    counts = [value for kind, value in found if kind == "n"]
    assert counts == [0, 1, 1, 1]  # booked, rejected, all, and how often that problem
    said = [value for kind, value in found if kind == "s"]
    assert {*filter(None, map(xlsx_text, texts))} <= {*said}


@given(texts=five, headings=two)
def test_no_cell_of_results_as_csv_looks_like_a_formula(
    texts: list[str], headings: list[str]
) -> None:
    made = io.BytesIO()
    write_csv(made, headings, [a_row(texts)])
    lines = lines_of(made.getvalue())
    assert len(lines) == 2
    assert not any(looks_like_formula(cell) for line in lines for cell in line)


@settings(max_examples=20, deadline=None, suppress_health_check=SHARED_FOLDER)
@given(texts=five, suffix=st.sampled_from([".xlsx", ".csv"]))
def test_no_cell_of_a_worksheet_becomes_a_formula(
    texts: list[str], suffix: str, tmp_path: Path
) -> None:
    row = UnknownRow(
        row_number=2,
        row_key=texts[0],
        first_name=texts[1],
        last_name=texts[2],
        phone=texts[3],
        reason=texts[4],
        server_ids=texts[0],
        appointment=texts[1],
    )
    path = tmp_path / f"a{suffix}"
    write_worksheet(path, [row], work_dir=tmp_path)
    if suffix == ".xlsx":
        assert {kind for kind, _ in cells_of(path)} <= {"s"}
    else:
        lines = lines_of(path.read_bytes())
        assert not any(looks_like_formula(cell) for line in lines for cell in line)


@settings(max_examples=60, deadline=None, suppress_health_check=SHARED_FOLDER)
@given(after=nasty.filter(str.strip))
def test_no_corrected_cell_of_a_csv_looks_like_a_formula(after: str, tmp_path: Path) -> None:
    """The copy keeps the cell as it was where the correction would be one."""
    source = tmp_path / "a.csv"
    if not source.exists():
        source.write_bytes(b"First,Last\r\nAda,Sample\r\n")
    (first, _) = lines_of(copied(source, after).getvalue())[1]
    assert first == ("Ada" if looks_like_formula(after) else after)


@pytest.mark.parametrize("after", [text for text in RUNS if text.isprintable()])
def test_no_corrected_cell_of_a_workbook_becomes_a_formula(after: str, tmp_path: Path) -> None:
    source = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    for row in (["First", "Last"], ["Ada", "Sample"]):
        book.worksheets[0].append(row)
    book.save(source)
    found = list(cells_of(copied(source, after)))
    assert [kind for kind, _ in found] == ["s"] * 4


def copied(source: Path, after: str) -> io.BytesIO:
    """Return a copy of a source with its first cell corrected."""
    table = open_table(source, ReadOptions())
    assert table.copy is not None
    made = io.BytesIO()
    edit = Edit(2, 0, "Ada", after, ProblemCode.TEXT_INVISIBLE)
    table.copy(Edits(iter([edit])), made)
    return made
