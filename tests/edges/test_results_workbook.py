"""The results workbook, written and read back with two readers."""

from __future__ import annotations

import re
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import load_workbook

from importer.model import State
from importer.our_columns import OUR_HEADINGS
from importer.results import ErrorKind, ResultRow, Summary, write_results, xlsx_text
from importer.results.workbook import MOST_NOTES, write_workbook
from importer.results.xlsx import Pen, streamed_workbook

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

RUN = "2030-01-07-7f3a"
RED = "FFFADBD8"
KIND = ErrorKind(
    code="IMP220",
    field="phone",
    column_letter="B",
    problem="not a US phone number",
    rows=1234,
    first_rows=(2, 5, 9),
    fix="Correct the number.",
)
NASTY = [
    "=1+1",
    "+13125550147",
    "-",
    "@SUM(A1)",
    "\tx",
    " =1",
    '"=1',
    "\uff1d1",
    "'=1",
    '=HYPERLINK("http://example.com")',
    "007",
    "1e5",
    "2030-01-07",
    "TRUE",
    "#N/A",
    " lead and trail ",
    "two\nlines",
    "<r>hi</r>",
    "<r><t>x</t></r>",
    "<c>&amp;]]>",
    "_x0041_",
    "_x005F_x0041_",
    "a_x000D_b_x000d_",
    "<r>_x0041_</r>",
    "O'Brien",
    "山田 😀 שלום",
    "\x85\u2028\ufeff",
    "http://example.com/a b",
    "mailto:a@example.com",
    "internal:Sheet1!A1",
]


def make_row(number: int = 2, *cells: str, **changes: Any) -> ResultRow:
    return ResultRow(**{"row_number": number, "cells": cells, "status": State.BOOKED} | changes)


def make_summary(rows: Sequence[ResultRow] = (), **changes: Any) -> Summary:
    values = {"rows_in": len(rows), "booked": len(rows), "exit_code": 0, "exit_reason": "ok"}
    return Summary(
        run_id=RUN,
        source="northside.xlsx",
        started_at="2030-01-07T09:01:00+00:00",
        ended_at="2030-01-07T09:14:00+00:00",
        target="https://api.example.com",
        sheet="Patients",
        **(values | changes),
    )


def write(
    folder: Path,
    rows: Sequence[ResultRow],
    headings: Sequence[str] = (),
    *,
    summary: Summary | None = None,
    errors: Sequence[ErrorKind] = (),
) -> Path:
    path = folder / "a.results.xlsx"
    work = folder / "work"
    work.mkdir(mode=0o700, exist_ok=True)
    write_results(
        path,
        headings=headings or tuple(f"H{n}" for n in range(len(rows[0].cells) if rows else 1)),
        rows=iter(rows),
        summary=summary or make_summary(rows),
        errors=errors,
        work_dir=work,
    )
    assert list(work.iterdir()) == []
    return path


def cells_of(path: Path, sheet: str = "Results") -> list[list[Any]]:
    """Return a sheet as two readers see it, which must be the same."""
    theirs = load_workbook(path).get_sheet_by_name(sheet).to_python()
    ours = [
        ["" if cell.value is None else cell.value for cell in row]
        for row in openpyxl.load_workbook(path)[sheet].iter_rows()
    ]
    assert theirs == ours
    return ours


def test_their_columns_come_first_and_ours_after_them(tmp_path: Path) -> None:
    row = make_row(
        2,
        "Leo",
        "007",
        booking_id=12345,
        what_to_fix="",
        solv_status="RESERVED",
        emr_booking_id="E-1",
        http_status=200,
        server_ids="x-request-id=abc",
        row_key="rabc",
    )
    assert cells_of(write(tmp_path, [row], ["FIRST", "Phone #"])) == [
        ["FIRST", "Phone #", *OUR_HEADINGS],
        [
            "Leo",
            "007",
            "booked",
            "12345",
            "",
            "RESERVED",
            "E-1",
            "200",
            "x-request-id=abc",
            "2",
            "rabc",
        ],
    ]


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (State.READY, "not sent"),
        (State.SENDING, "unknown"),
        (State.UNKNOWN, "unknown"),
        (State.LEFT_OUT, "left out"),
        (State.BLANK, "blank"),
    ],
)
def test_status_is_a_word_for_people(tmp_path: Path, status: State, word: str) -> None:
    assert cells_of(write(tmp_path, [make_row(2, "x", status=status)]))[1][1] == word


def test_source_heading_like_ours_gets_a_suffix(tmp_path: Path) -> None:
    headings = ["Status", "status", "status (source)", "row_key", "name"]
    path = write(tmp_path, [make_row(2, "a", "b", "c", "d", "e")], headings)
    assert cells_of(path)[0][:5] == [
        "Status (source) (source)",
        "status (source) (source) (source)",
        "status (source)",
        "row_key (source)",
        "name",
    ]


def test_blank_rows_keep_their_place(tmp_path: Path) -> None:
    rows = [
        make_row(2, "a", ""),
        make_row(3, "", "", status=State.BLANK),
        make_row(4, "", "b", row_key="rx"),
    ]
    seen = cells_of(write(tmp_path, rows))
    assert [row[:3] for row in seen[1:]] == [
        ["a", "", "booked"],
        ["", "", "blank"],
        ["", "b", "booked"],
    ]


@pytest.mark.parametrize("text", NASTY)
def test_nasty_text_reads_back_equal_and_is_no_formula(tmp_path: Path, text: str) -> None:
    row = make_row(2, text, what_to_fix=text, server_ids=text, problem_cells=((0, text),))
    path = write(tmp_path, [row], [text])
    seen = cells_of(path)
    assert (seen[0][0], seen[1][0], seen[1][3], seen[1][7]) == (text, text, text, text)
    book = openpyxl.load_workbook(path)
    cells = [cell for sheet in book for line in sheet for cell in line]
    assert {cell.data_type for cell in cells if cell.value is not None} <= {"s", "n"}
    assert [cell for cell in cells if cell.hyperlink] == []
    written = [cell for cell in book["Results"][2] if cell.value is not None]
    assert {cell.number_format for cell in written} == {"@"}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", " =1", '"=1', "\uff0b1"])
def test_formula_lookalikes_carry_the_quote_prefix(tmp_path: Path, text: str) -> None:
    row = make_row(2, text, "plain", what_to_fix=text, problem_cells=((0, ""),))
    line = openpyxl.load_workbook(write(tmp_path, [row]))["Results"][2]
    assert [bool(line[n].quotePrefix) for n in (0, 1, 4)] == [True, False, True]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b", "a␀b"),
        ("\x1bx", "␛x"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("half \ud83d", "half \ufffd"),
        ("\ufffe\uffff", "\ufffd\ufffd"),
    ],
)
def test_what_a_workbook_cannot_hold_is_replaced_visibly(
    tmp_path: Path, text: str, shown: str
) -> None:
    row = make_row(2, text, what_to_fix=text, problem_cells=((0, text),))
    seen = cells_of(write(tmp_path, [row], [text]))
    assert (seen[0][0], seen[1][0], seen[1][3]) == (shown, shown, shown)


@pytest.mark.parametrize("text", ["x" * 32_768, "😀" * 16_384, "=" + "y" * 99_999])
def test_text_longer_than_a_cell_is_cut_and_says_so(tmp_path: Path, text: str) -> None:
    seen = cells_of(write(tmp_path, [make_row(2, text)]))[1][0]
    kept, mark, rest = seen.partition(" [cut here: ")
    assert mark
    assert rest.startswith(f"{len(text):,} characters")
    assert text.startswith(kept)
    assert 32_000 < len(seen.encode("utf-16-le")) // 2 <= 32_767


@pytest.mark.parametrize("text", ["x" * 32_767, "😀" * 16_383])
def test_text_that_just_fits_is_whole(tmp_path: Path, text: str) -> None:
    assert cells_of(write(tmp_path, [make_row(2, text)]))[1][0] == text


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    texts=st.lists(
        st.one_of(
            st.text(st.characters(), min_size=1),
            st.from_regex(r"\A(_x00[0-9A-F]{2}_|<r>|</r>|=|\r|\n|_|x){1,6}\Z"),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_any_text_reads_back_equal_but_for_the_documented(tmp_path: Path, texts: list[str]) -> None:
    seen = cells_of(write(tmp_path, [make_row(2, *texts)], [f"H{n}" for n in range(len(texts))]))
    assert seen[1][: len(texts)] == [xlsx_text(text) for text in texts]


@given(st.text(st.characters()))
def test_text_is_changed_only_where_documented(text: str) -> None:
    is_held = re.search("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]", text) is None
    assert (xlsx_text(text) == text) is is_held


def test_offending_cells_are_red_and_carry_one_note(tmp_path: Path) -> None:
    marks = ((1, "Needs 10 digits."), (1, "Letters."), (2, ""))
    row = make_row(2, "Leo", "12", "", status=State.INVALID, problem_cells=marks)
    line = openpyxl.load_workbook(write(tmp_path, [row]))["Results"][2]
    assert [cell.fill.fgColor.rgb == RED for cell in line[:3]] == [False, True, True]
    assert line[0].comment is None
    assert line[1].comment.text == "Needs 10 digits.\nLetters."
    assert line[2].comment is None


def test_notes_stop_at_their_limit_and_red_does_not(tmp_path: Path) -> None:
    rows = [
        make_row(n, *"abcde", problem_cells=tuple((c, "wrong") for c in range(5)))
        for n in range(2, 422)
    ]
    sheet = openpyxl.load_workbook(write(tmp_path, rows))["Results"]
    cells = [cell for line in sheet.iter_rows(min_row=2, max_col=5) for cell in line]
    assert sum(cell.comment is not None for cell in cells) == MOST_NOTES
    assert {cell.fill.fgColor.rgb for cell in cells} == {RED}


def test_headings_are_frozen_bold_and_filtered(tmp_path: Path) -> None:
    rows = [make_row(n, "a", "b") for n in range(2, 7)]
    sheet = openpyxl.load_workbook(write(tmp_path, rows))["Results"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:K6"
    assert all(cell.font.bold and cell.fill.fgColor.rgb != "00000000" for cell in sheet[1])
    assert sheet.column_dimensions["A"].width >= 8


def test_status_is_colored_by_rules_that_follow_an_edit(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(write(tmp_path, [make_row(2, "a", "b")]))["Results"]
    rules = {
        (str(area.sqref), rule.formula[0], rule.dxf.fill.bgColor.rgb)
        for area in sheet.conditional_formatting
        for rule in area.rules
    }
    assert {(area, word) for area, word, _ in rules} >= {
        ("C2", f'"{word}"') for word in ("booked", "invalid", "rejected", "unknown", "not sent")
    }
    assert ("C2", '"rejected"', RED) in rules


def test_empty_cells_of_each_column_are_text_too(tmp_path: Path) -> None:
    """What a person types later must keep its zeros."""
    sheet = openpyxl.load_workbook(write(tmp_path, [make_row(2, "a")]))["Results"]
    assert sheet.column_dimensions["A"].number_format == "@"


def test_workbook_is_recognized_by_a_document_property(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(write(tmp_path, []))
    assert [(p.name, p.value) for p in book.custom_doc_props] == [("solv-import-results", RUN)]
    assert book.sheetnames == ["Summary", "Results", "Errors"]


def test_full_sheet_goes_on_in_another(tmp_path: Path) -> None:
    rows = [make_row(n, str(n)) for n in range(2, 9)]
    path = tmp_path / "a.xlsx"
    with path.open("wb") as file:
        write_workbook(
            file,
            headings=["n"],
            rows=rows,
            summary=make_summary(rows),
            errors=[],
            work_dir=tmp_path,
            rows_per_sheet=3,
        )
    assert load_workbook(path).sheet_names == [
        "Summary", "Results", "Results 2", "Results 3", "Errors",
    ]  # fmt: skip
    pages = [cells_of(path, sheet) for sheet in ("Results", "Results 2", "Results 3")]
    assert [page[0] for page in pages] == [["n", *OUR_HEADINGS]] * 3
    assert [row[0] for page in pages for row in page[1:]] == [str(n) for n in range(2, 9)]


def test_summary_sheet_adds_up_and_says_what_to_do(tmp_path: Path) -> None:
    summary = make_summary(
        rows_in=60, booked=41, rejected=6, invalid=10, unknown=1, skipped=2, exit_code=6
    )
    seen = cells_of(write(tmp_path, [], ["a"], summary=summary), "Summary")
    values = {row[0]: row[1] for row in seen}
    assert values["File"] == "northside.xlsx · sheet Patients"
    assert values["Target"] == "https://api.example.com"
    counts = [row[1] for row in seen if isinstance(row[1], int | float)]
    assert counts[-1] == 60
    assert sum(counts[:-1]) == 60
    assert f"solv-import reconcile {RUN}" in values["1"]
    assert "Filter column B (status) on 'invalid' and 'rejected'" in values["2"]


def test_errors_sheet_has_a_line_for_each_kind(tmp_path: Path) -> None:
    seen = cells_of(write(tmp_path, [], errors=[KIND]), "Errors")
    assert seen[1] == [
        "IMP220", "phone", "B", "not a US phone number", 1234, "2, 5, 9", "Correct the number.",
    ]  # fmt: skip


def test_same_input_makes_the_same_bytes(tmp_path: Path) -> None:
    first = write(tmp_path, [make_row(2, "a")], errors=[KIND]).read_bytes()
    assert write(tmp_path, [make_row(2, "a")], errors=[KIND]).read_bytes() == first


def test_row_of_another_width_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="row 7: 2 cells for 3 headings"):
        write(tmp_path, [make_row(7, "a", "b")], ["A", "B", "C"])
    assert [entry.name for entry in tmp_path.iterdir()] == ["work"]


def test_twenty_thousand_rows_take_little_memory(tmp_path: Path) -> None:
    def rows() -> Iterable[ResultRow]:
        for number in range(2, 20_002):
            yield make_row(number, "Leo", f"n{number}", problem_cells=((1, "wrong"),))

    (tmp_path / "work").mkdir()
    write(tmp_path, [make_row(2, "a")])  # imports and caches
    tracemalloc.start()
    write_results(
        tmp_path / "b.xlsx",
        headings=["a", "b"],
        rows=iter(rows()),
        summary=make_summary(rows_in=20_000, booked=20_000),
        errors=[],
        work_dir=tmp_path / "work",
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 2**20


def test_cell_that_the_library_would_pass_over_is_an_error(tmp_path: Path) -> None:
    """Lines that have left for the disk cannot be written any more."""
    with (
        (tmp_path / "a.xlsx").open("wb") as file,
        streamed_workbook(file, tmp_path, title="", made_at="", properties={}) as workbook,
    ):
        sheet, pen = workbook.add_worksheet("a"), Pen(workbook)
        pen.text(sheet, (5, 0), "later")
        with pytest.raises(ValueError, match="a cell was not written"):
            pen.text(sheet, (4, 0), "earlier")


def test_full_disk_is_an_error_and_nothing_else(tmp_path: Path) -> None:
    """`/dev/full` takes no byte; the archive that is thrown away must not complain again."""
    with Path("/dev/full").open("wb", buffering=0) as file, pytest.raises(OSError, match="space"):
        write_workbook(
            file,
            headings=["a"],
            rows=[make_row(2, "x")],
            summary=make_summary([make_row()]),
            errors=[],
            work_dir=tmp_path,
        )
    assert list(tmp_path.iterdir()) == []


WATCHED = """
import os, sys
seen = []
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
def watch(event, args):
    if event == "open" and isinstance(args[0], str) and args[2] & WRITES:
        seen.append(args[0])
    elif event == "os.mkdir":
        seen.append(str(args[0]))
sys.addaudithook(watch)
from importer.model import State
from importer.results import ResultRow, Summary, write_results
from pathlib import Path
row = ResultRow(row_number=2, cells=("Leo",), status=State.BOOKED, problem_cells=((0, "x"),))
summary = Summary(run_id="r", exit_code=0, exit_reason="ok", source="s", rows_in=1, booked=1,
                  started_at="", ended_at="")
write_results(Path(sys.argv[1]), headings=["a"], rows=iter([row]), summary=summary, errors=[],
              work_dir=Path(sys.argv[2]))
print(*seen, sep="\\n")
"""


def test_patient_data_touches_only_the_target_and_the_work_folder(tmp_path: Path) -> None:
    out, work, elsewhere = (tmp_path / name for name in ("out", "work", "elsewhere"))
    for folder in (out, work, elsewhere):
        folder.mkdir(mode=0o700)
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(out / "a.xlsx"), str(work)],
        env={"TMPDIR": str(elsewhere), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    opened = done.stdout.split()
    assert len(opened) > 5
    inside = (f"{out}/.a.xlsx.", f"{work}/results-work-")
    assert [path for path in opened if not path.startswith(inside)] == []
    assert list(elsewhere.iterdir()) == []
    assert [entry.name for entry in out.iterdir()] == ["a.xlsx"]
