"""Cases 35 to 46 and 80 to 90 of what clinics hand in: workbooks, in each format that is read."""

from __future__ import annotations

import datetime as dt
import os
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import xlwt

from importer.errors import SourceError
from importer.problems import ProblemCode
from importer.reading import ReadOptions, open_table
from tests.edges.reading_kit import (
    DATE_STYLE,
    HEADINGS_XML,
    number_cell,
    pack,
    package_parts,
    read,
    refusal,
    row_xml,
    sheet_xml,
    text_cell,
    write_sheet,
    write_xlsx,
)
from tests.edges.workbook_kit import (
    ADA,
    HEAD,
    KINDS,
    MOMENT,
    Failed,
    Result,
    Sheet,
    ods_cell,
    ods_row,
    pack_ods,
    record,
    write_book,
    xlsb_cell,
    xlsb_parts,
    xlsb_row,
)


@pytest.mark.parametrize("kind", KINDS)
def test_case_83_every_format_gives_the_same_text(tmp_path: Path, kind: str) -> None:
    born = dt.date.fromisoformat("1984-02-29")
    head = ("first", "born", "when", "phone", "share", "walk in")
    sheet = Sheet(rows=[head, ("Zoë 李", born, MOMENT, 5551234567, 0.1, True), (), ("Bo", born)])
    found = read(write_book(tmp_path, kind, sheet))
    assert found.headings == head
    assert found.rows == {
        2: ["Zoë 李", "1984-02-29", "2030-01-07T09:30:00", "5551234567", "0.1", "true"],
        3: [""] * 6,
        4: ["Bo", "1984-02-29", "", "", "", ""],
    }
    assert (found.problems, found.warnings, found.sheet) == ([], [], "Patients")
    assert open_table(write_book(tmp_path, kind, sheet), ReadOptions()).kind == kind


@pytest.mark.parametrize("kind", KINDS)
def test_case_83_row_numbers_are_those_that_a_person_sees(tmp_path: Path, kind: str) -> None:
    """Its first rows and columns are empty, and so is one in the middle."""
    sheet = Sheet(rows=[(), (), (None, *HEAD), (None, *ADA), (), (None, "Bo", "Ek", 1)])
    path = write_book(tmp_path, kind, sheet)
    assert "--header-row 3" in refusal(path, ProblemCode.HEADER_ROW_UNCLEAR).todo
    found = read(path, header_row=3)
    assert found.headings == ("", *HEAD)
    assert found.rows[6] == ["", "Bo", "Ek", "1"]
    assert list(found.rows) == [4, 5, 6]


@pytest.mark.parametrize("kind", KINDS)
def test_case_35_cells_that_a_merged_one_covers_spoil_their_rows(tmp_path: Path, kind: str) -> None:
    rows = [HEAD, ("Ada", "Ek", 1), ("Bo", None, 2), (None, None, 3), ("Cy", "Ek", 4)]
    sheet = Sheet(rows=rows, merged=[(1, 2, 1, 1), (2, 3, 0, 0)])
    found = read(write_book(tmp_path, kind, sheet))
    assert found.problems == [(3, "CELL_MERGED", 1), (4, "CELL_MERGED", 0)]


@pytest.mark.parametrize("kind", KINDS)
def test_case_35_merged_cells_that_hide_nothing_spoil_nothing(tmp_path: Path, kind: str) -> None:
    """Empty ones, a heading over two columns, and a row of which nothing else is filled."""
    rows = [(*HEAD, None), (*ADA, None), ("Bo", None, 1, None), ("x", "y", "z", None), (), ()]
    merged = [(0, 0, 2, 3), (2, 2, 1, 1), (3, 4, 0, 0), (3, 4, 1, 2)]
    found = read(write_book(tmp_path, kind, Sheet(rows=rows, merged=merged)))
    assert found.problems == [(4, "CELL_MERGED", 2)]
    assert list(found.rows) == [2, 3, 4]


def test_case_35_merged_cells_upon_one_another_are_refused(tmp_path: Path) -> None:
    merged = "".join('<mergeCell ref="A2:C3"/>' for _ in range(5))
    rows = HEADINGS_XML + row_xml(text_cell("Ada"), 2) + row_xml(text_cell("Bo"), 3)
    sheet = sheet_xml(rows, after=f"<mergeCells>{merged}</mergeCells>")
    refusal(pack(tmp_path, package_parts(sheet)), ProblemCode.SOURCE_CORRUPT)


@pytest.mark.parametrize("kind", KINDS)
def test_case_36_hidden_sheets_are_told_and_not_read(tmp_path: Path, kind: str) -> None:
    sheets = [Sheet(rows=[HEAD, ADA]), Sheet(rows=[("a",), ("b",)], name="Old", is_hidden=True)]
    path = write_book(tmp_path, kind, *sheets)
    found = read(path)
    assert (found.sheet, found.warnings) == ("Patients", ["HIDDEN_SHEET"])
    assert read(path, sheet="Old").rows == {2: ["b"]}


@pytest.mark.parametrize("kind", KINDS)
def test_case_37_hidden_rows_are_read_and_counted(tmp_path: Path, kind: str) -> None:
    sheet = Sheet(rows=[HEAD, ADA, ("Bo", "Ek", 1), ADA], hidden_rows=frozenset({1, 2}))
    path = write_book(tmp_path, kind, sheet)
    assert read(path).warnings == ["HIDDEN_ROWS"]
    assert open_table(path, ReadOptions()).warnings[0].hint == "(2 of them)"


@pytest.mark.parametrize("kind", KINDS)
def test_case_37_a_hidden_column_is_read_and_known(tmp_path: Path, kind: str) -> None:
    sheet = Sheet(rows=[HEAD, ADA], hidden_columns=frozenset({1}))
    path = write_book(tmp_path, kind, sheet)
    assert open_table(path, ReadOptions()).hidden_columns == {1}
    assert read(path).rows[2][1] == "Ek"


def test_case_37_a_hidden_column_of_an_ods_may_lie_in_a_group(tmp_path: Path) -> None:
    columns = (
        '<table:table-column table:number-columns-repeated="2"/>'
        '<table:table-column-group table:display="false">'
        '<table:table-column table:number-columns-repeated="16382"/></table:table-column-group>'
    )
    rows = "".join(ods_row("".join(map(ods_cell, row))) for row in (HEAD, ("Ada", "Ek", "1")))
    table = f'<table:table table:name="P">{columns}{rows}</table:table>'
    path = pack_ods(tmp_path / "patients.ods", table)
    assert min(open_table(path, ReadOptions()).hidden_columns) == 2


def test_case_37_a_row_without_height_is_hidden(tmp_path: Path) -> None:
    row = f'<row r="2" ht="0" customHeight="1">{text_cell("Ada")}</row>'
    assert read(write_sheet(tmp_path, HEADINGS_XML + row)).warnings == ["HIDDEN_ROWS"]


@pytest.mark.parametrize("kind", KINDS)
def test_case_38_several_visible_sheets_are_asked_about(tmp_path: Path, kind: str) -> None:
    sheets = [Sheet(rows=[HEAD, ADA], name=name) for name in ("May", "June")]
    path = write_book(tmp_path, kind, *sheets)
    error = refusal(path, ProblemCode.SHEET_UNCLEAR)
    assert "'May', 'June'" in error.message
    assert read(path, sheet="june").sheet == "June"


@pytest.mark.parametrize("kind", ["xlsb", "ods"])
def test_case_39_a_formula_is_told_and_its_value_used(tmp_path: Path, kind: str) -> None:
    found = read(write_book(tmp_path, kind, Sheet(rows=[HEAD, ("Ada", "Ek", Result(2))])))
    assert found.rows == {2: ["Ada", "Ek", "2"]}
    assert found.problems == [(2, "FORMULA_VALUE_USED", 2)]


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods"])
def test_case_40_a_formula_never_calculated_is_no_empty_cell(tmp_path: Path, kind: str) -> None:
    found = read(write_book(tmp_path, kind, Sheet(rows=[HEAD, ("Ada", Result(None), 1)])))
    assert found.problems == [(2, "FORMULA_NOT_CALCULATED", 1)]


@pytest.mark.parametrize("kind", KINDS)
def test_case_41_an_error_is_no_empty_cell(tmp_path: Path, kind: str) -> None:
    rows = [HEAD, ("Ada", Failed(), 1), ADA, (Failed(), "Ek", 2)]
    found = read(write_book(tmp_path, kind, Sheet(rows=rows)))
    assert found.problems == [(2, "CELL_ERROR_VALUE", 1), (4, "CELL_ERROR_VALUE", 0)]


@pytest.mark.parametrize("kind", KINDS)
def test_case_41_an_error_behind_every_value_is_seen(tmp_path: Path, kind: str) -> None:
    rows = [HEAD, ADA, (None, None, Failed())]
    found = read(write_book(tmp_path, kind, Sheet(rows=rows)))
    assert found.problems == [(3, "CELL_ERROR_VALUE", 2)]


@pytest.mark.parametrize("kind", KINDS)
def test_case_41_the_text_of_an_error_is_one(tmp_path: Path, kind: str) -> None:
    found = read(write_book(tmp_path, kind, Sheet(rows=[HEAD, ("Ada", "#REF!", 1)])))
    assert [code for _, code, _ in found.problems] == ["CELL_ERROR_VALUE"]


@pytest.mark.parametrize("kind", ["xls", "xlsb"])
def test_case_43_dates_of_the_1904_system_are_right(tmp_path: Path, kind: str) -> None:
    days = 30741 - 1462
    if kind == "xls":
        book = xlwt.Workbook()
        book.dates_1904 = True
        sheet = book.add_sheet("Patients")
        for row, (name, born) in enumerate((("first", "born"), ("Ada", days))):
            sheet.write(row, 0, name)
            style = xlwt.easyxf(num_format_str="YYYY-MM-DD" if row else "General")
            sheet.write(row, 1, born, style)
        path = tmp_path / "a.xls"
        book.save(str(path))
    else:
        parts = xlsb_parts([Sheet(rows=[("first", "born")])], counts_from_1904=True)
        cells = xlsb_cell(0, "Ada") + record(5, struct.pack("<IId", 1, 1, days))
        end = parts["xl/worksheets/sheet1.bin"].index(record(146))
        whole = parts["xl/worksheets/sheet1.bin"]
        parts["xl/worksheets/sheet1.bin"] = whole[:end] + xlsb_row(1) + cells + whole[end:]
        path = pack(tmp_path, parts, "a.xlsb")
    assert read(path).rows == {2: ["Ada", "1984-02-29"]}


@pytest.mark.parametrize("serial", ["1", "31", "59", "60", "60.5", "NaN"])
def test_case_44_a_date_before_march_1900_is_no_sure_day(tmp_path: Path, serial: str) -> None:
    """59 and 60 both come out as February 28."""
    row = row_xml(text_cell("Ada") + number_cell(serial, DATE_STYLE))
    found = read(write_sheet(tmp_path, HEADINGS_XML + row))
    assert found.problems == [(2, "DATE_BEFORE_MARCH_1900", 1)]


@pytest.mark.parametrize(("serial", "text"), [("61", "1900-03-01"), ("366", "1900-12-31")])
def test_case_44_a_later_one_is(tmp_path: Path, serial: str, text: str) -> None:
    row = row_xml(text_cell("Ada") + number_cell(serial, DATE_STYLE))
    found = read(write_sheet(tmp_path, HEADINGS_XML + row))
    assert (found.rows[2][1], found.problems) == (text, [])


def test_case_44_such_a_date_as_text_is_what_it_says(tmp_path: Path) -> None:
    found = read(write_xlsx(tmp_path, [HEAD, ["Ada", "1900-02-28", "x"]]))
    assert found.problems == []


@pytest.mark.parametrize("value", ["NaN", "INF", "1E999", "-1E999"])
def test_case_58_a_number_that_is_none_is_an_error(tmp_path: Path, value: str) -> None:
    found = read(write_sheet(tmp_path, HEADINGS_XML + row_xml(number_cell(value))))
    assert found.problems == [(2, "CELL_ERROR_VALUE", 0)]


@pytest.mark.parametrize("value", ["-1E12", "-1E15", "1E300", "-1E999"])
def test_case_58_a_date_that_cannot_be_costs_one_sentence(
    tmp_path: Path, value: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """The decoder panics at some of them, as late as the row is read."""
    row = row_xml(text_cell("Ada") + number_cell(value, DATE_STYLE))
    path = write_sheet(tmp_path, HEADINGS_XML + row)
    with suppress(SourceError):
        read(path)
    assert capfd.readouterr() == ("", "")


def test_case_58_standard_error_is_only_kept_from_the_decoder(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What others write between two rows arrives, and so does what comes afterwards."""
    path = write_xlsx(tmp_path, [HEAD, *[ADA] * 3_000])
    for chunk in open_table(path, ReadOptions(chunk_rows=700)).chunks():
        os.write(2, b"%d " % len(chunk.frame))
    with suppress(SourceError):
        read(write_sheet(tmp_path, HEADINGS_XML + row_xml(number_cell("-1E15", DATE_STYLE))))
    os.write(2, b"end")
    assert capfd.readouterr().err == "700 700 700 700 200 end"


def test_case_58_a_closed_standard_error_is_no_hindrance(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path, [HEAD, ADA])
    script = (
        "import sys; from pathlib import Path;"
        "from importer.reading import ReadOptions, open_table;"
        "print(sum(len(c.frame) for c in open_table(Path(sys.argv[1]), ReadOptions()).chunks()))"
    )
    root = Path(__file__).parents[2]
    words = ["sh", "-c", 'exec "$@" 2>&-', "-", sys.executable, "-c", script, str(path)]
    done = subprocess.run(words, cwd=root, stdout=subprocess.PIPE, check=True)
    assert done.stdout == b"1\n"


@pytest.mark.parametrize("kind", KINDS)
def test_case_46_a_number_without_a_date_format_stays_a_number(tmp_path: Path, kind: str) -> None:
    found = read(write_book(tmp_path, kind, Sheet(rows=[("first", "born"), ("Ada", 43831)])))
    assert found.rows == {2: ["Ada", "43831"]}


def test_case_06_half_a_character_of_a_workbook_spoils_its_row(tmp_path: Path) -> None:
    rows = HEADINGS_XML + row_xml(text_cell("Ad_xD800_a"))
    found = read(write_sheet(tmp_path, rows))
    assert found.problems == [(2, "CELL_NOT_DECODABLE", 0)]


@pytest.mark.parametrize(
    "part",
    [
        "xl/vbaProject.bin",
        "xl/embeddings/oleObject1.bin",
        "xl/activeX/activeX1.xml",
        "xl/macrosheets/sheet1.xml",
    ],
)
@pytest.mark.parametrize("name", ["a.xlsm", "a.xlsx"])
def test_case_90_what_runs_is_told_and_left_alone(tmp_path: Path, part: str, name: str) -> None:
    parts = package_parts(sheet_xml(HEADINGS_XML + row_xml(text_cell("Ada"))))
    parts[part] = "<x/>"
    found = read(pack(tmp_path, parts, name))
    assert (found.warnings, found.rows) == (["MACROS_IGNORED"], {2: ["Ada", "", ""]})


def test_case_82_results_that_go_on_in_another_sheet_are_not_read_by_half(tmp_path: Path) -> None:
    sheets = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="rId1"/>'
        for n, name in enumerate(("Results", "Results 2"), start=1)
    )
    parts = package_parts(sheet_xml(HEADINGS_XML), sheets=sheets)
    space = "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"
    parts["docProps/custom.xml"] = (
        f'<Properties xmlns="{space}"><property name="solv-import-results"/></Properties>'
    )
    error = refusal(pack(tmp_path, parts), ProblemCode.SHEET_UNCLEAR)
    assert "CSV" in error.todo
