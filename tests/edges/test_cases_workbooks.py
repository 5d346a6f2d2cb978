"""Cases 35 to 46 and 80 to 90 of what clinics hand in: workbooks, in each format that is read."""

from __future__ import annotations

import datetime as dt
import os
import struct
import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
import xlwt

from importer.errors import SourceError
from importer.problems import ProblemCode
from importer.reading import ReadOptions, open_source, open_table
from tests.edges.reading_kit import (
    DATE_STYLE,
    HEADINGS_XML,
    encrypted,
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
    Failed,
    Result,
    Sheet,
    biff,
    ods_cell,
    ods_row,
    pack_ods,
    packed_xls,
    record,
    text_p,
    wide,
    write_book,
    xls_stream,
    xlsb_cell,
    xlsb_parts,
    xlsb_row,
)

KINDS = ["xlsx", "xls", "xlsb", "ods"]
OTHERS = ["xls", "xlsb", "ods"]
HEAD = ("first", "last", "phone")
ADA = ("Ada", "Ek", 5551234567)
MOMENT = dt.datetime.fromisoformat("2030-01-07T09:30:00")


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


# Passwords


def locked(tmp_path: Path, password: str) -> Path:
    """Write a workbook behind a password."""
    path = tmp_path / "locked.xlsx"
    path.write_bytes(encrypted(write_xlsx(tmp_path, [HEAD, ADA]), password))
    return path


@pytest.mark.parametrize("password", ["secret", "pass wörd 李", "0"])
def test_case_86_a_workbook_is_opened_with_its_password(tmp_path: Path, password: str) -> None:
    path = locked(tmp_path, password)
    found = read(path, password=password)
    assert found.rows == {2: ["Ada", "Ek", "5551234567"]}
    assert found.warnings == ["SOURCE_DECRYPTED"]


def test_case_86_without_a_password_or_with_another_one_it_is_not(tmp_path: Path) -> None:
    path = locked(tmp_path, "secret")
    assert "SOLV_IMPORT_SOURCE_PASSWORD" in refusal(path, ProblemCode.SOURCE_ENCRYPTED).todo
    error = refusal(path, ProblemCode.PASSWORD_WRONG, password="Secret")
    assert "Secret" not in error.message + error.todo
    assert "Secret" not in repr(ReadOptions(password="Secret"))


def test_case_86_one_that_is_damaged_is_told_apart_from_a_wrong_password(tmp_path: Path) -> None:
    path = locked(tmp_path, "secret")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    refusal(path, ProblemCode.SOURCE_CORRUPT, password="secret")


def test_case_86_what_was_decrypted_has_no_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(work))
    source = open_source(locked(tmp_path, "secret"), ReadOptions(password="secret"))
    with source.open() as plain:
        assert plain.read(2) == b"PK"
    assert list(work.iterdir()) == []


def test_case_86_one_in_an_archive_is_opened_too(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(locked(tmp_path, "secret"), "locked.xlsx")
    assert read(path, password="secret").rows == {2: ["Ada", "Ek", "5551234567"]}


def test_case_86_an_encrypted_ods_is_refused(tmp_path: Path) -> None:
    entry = '<m:file-entry m:full-path="content.xml"><m:encryption-data/></m:file-entry>'
    path = pack_ods(tmp_path / "a.ods", "", manifest=entry)
    error = refusal(path, ProblemCode.SOURCE_ENCRYPTED, password="secret")
    assert "XLSX" in error.todo


# OpenDocument


def ods(tmp_path: Path, rows: str) -> Path:
    """Write a spreadsheet of one sheet with headings and these rows of XML."""
    head = ods_row("".join(map(ods_cell, HEAD)))
    return pack_ods(tmp_path / "a.ods", f'<table:table table:name="P">{head}{rows}</table:table>')


def test_case_83_cells_and_rows_that_are_repeated_keep_their_places(tmp_path: Path) -> None:
    twice = ods_row(ods_cell("Ada", 'table:number-columns-repeated="2"') + ods_cell(Failed()))
    rows = twice.replace("<table:table-row", '<table:table-row table:number-rows-repeated="2"')
    blank = ods_row(ods_cell(), 'table:number-rows-repeated="3"')
    rest = ods_row(ods_cell(None, 'table:number-columns-repeated="16384"'))
    end = rest.replace("table-row ", 'table-row table:number-rows-repeated="1048000" ', 1)
    found = read(ods(tmp_path, rows + blank + ods_row(ods_cell("Bo")) + end))
    assert list(found.rows) == [2, 3, 4, 5, 6, 7]
    assert found.rows[7] == ["Bo", "", ""]
    assert found.problems == [(2, "CELL_ERROR_VALUE", 2), (3, "CELL_ERROR_VALUE", 2)]


def test_case_83_rows_in_groups_are_rows(tmp_path: Path) -> None:
    rows = "".join(ods_row(ods_cell(name)) for name in ("Ada", "Bo"))
    hidden = f'<table:table-row-group table:display="false">{rows}</table:table-row-group>'
    found = read(ods(tmp_path, hidden + ods_row(ods_cell("Cy"))))
    assert [row[0] for row in found.rows.values()] == ["Ada", "Bo", "Cy"]
    assert found.warnings == ["HIDDEN_ROWS"]


@pytest.mark.parametrize("gap", ["<text:tab/>", "<text:line-break/>"])
def test_case_83_a_tab_that_one_reader_leaves_out_spoils_its_row(tmp_path: Path, gap: str) -> None:
    found = read(ods(tmp_path, ods_row(text_cell_of(f"<text:p>A{gap}B</text:p>"))))
    assert found.problems == [(2, "CELL_CONTROL_CHARACTER", 0)]


def test_case_83_a_note_is_no_text_of_its_cell(tmp_path: Path) -> None:
    note = f"<office:annotation>{text_p('call her')}</office:annotation>{text_p('Ada')}"
    cell = f'<table:table-cell office:value-type="string">{note}</table:table-cell>'
    found = read(ods(tmp_path, ods_row(cell)))
    assert (found.rows, found.problems) == ({2: ["Ada", "", ""]}, [])


def text_cell_of(xml: str, attributes: str = "") -> str:
    """Return a cell of text, whatever stands in it."""
    return f'<table:table-cell office:value-type="string" {attributes}>{xml}</table:table-cell>'


TEXT_BOX = f"<draw:frame><draw:text-box>{text_p('boxed')}</draw:text-box></draw:frame>"


@pytest.mark.parametrize(
    "cell",
    [
        text_cell_of(TEXT_BOX + text_p("Ada")),
        f"<table:table-cell>{text_p('loose')}</table:table-cell>",
        text_cell_of(text_p("Ada"), 'office:string-value="other"'),
        f"<table:table-cell><table:table>{ods_row(ods_cell('x'))}</table:table></table:table-cell>",
    ],
)
def test_case_83_what_two_readers_read_otherwise_is_refused(tmp_path: Path, cell: str) -> None:
    error = refusal(ods(tmp_path, ods_row(cell)), ProblemCode.SOURCE_CORRUPT)
    assert "XLSX" in error.todo


@pytest.mark.parametrize("text", ["#N/A", "Err:502", "#DIV/0!"])
def test_case_41_an_error_of_openoffice_is_known_by_its_text(tmp_path: Path, text: str) -> None:
    cell = (
        '<table:table-cell table:formula="of:=NA()" office:value-type="float" office:value="0">'
        f"{text_p(text)}</table:table-cell>"
    )
    found = read(ods(tmp_path, ods_row(ods_cell("Ada") + cell)))
    assert found.problems == [(2, "CELL_ERROR_VALUE", 1)]


MANY = 'table:number-columns-repeated="9999"'
MANY_ROWS = 'table:number-rows-repeated="9999"'
FAR = ods_row(ods_cell(), 'table:number-rows-repeated="1048000"')


@pytest.mark.parametrize(
    "row",
    [
        ods_row(ods_cell("x", MANY), MANY_ROWS),
        (FAR + ods_row(ods_cell(None, 'table:number-columns-repeated="16000"') + ods_cell("x"))),
        ods_row(ods_cell(Failed(), MANY), MANY_ROWS),
    ],
)
def test_case_88_cells_far_away_or_without_end_are_refused(tmp_path: Path, row: str) -> None:
    refusal(ods(tmp_path, row), ProblemCode.SOURCE_TOO_LARGE)


def test_case_88_an_ods_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    refusal(ods(tmp_path, " " * 11_000_000), ProblemCode.SOURCE_TOO_LARGE)


def test_case_89_entities_in_an_ods_are_refused(tmp_path: Path) -> None:
    before = '<!DOCTYPE x [<!ENTITY a "boo">]>'
    refusal(pack_ods(tmp_path / "a.ods", "", before=before), ProblemCode.SOURCE_ACTIVE_CONTENT)


# Damage


@pytest.mark.parametrize("cell", ['<c t="s"><v>-1</v></c>', "<c t='s' s='1'>\n<v> -7</v></c>"])
def test_case_87_shared_text_before_the_first_is_refused(tmp_path: Path, cell: str) -> None:
    refusal(write_sheet(tmp_path, HEADINGS_XML + row_xml(cell)), ProblemCode.SOURCE_CORRUPT)


def test_a_negative_number_is_one(tmp_path: Path) -> None:
    rows = HEADINGS_XML + row_xml(number_cell(-1) + '<c t="str"><v>-x</v></c>')
    assert read(write_sheet(tmp_path, rows)).rows == {2: ["-1", "-x", ""]}


def test_case_83_a_chart_of_an_xls_is_refused(tmp_path: Path) -> None:
    """It keeps values in records like those of cells, and they would take their place."""
    stream = xls_stream(tmp_path, [HEAD, ADA])
    value = biff(0x0203, struct.pack("<HHHd", 1, 2, 0, 7.0))
    chart = biff(0x0809, struct.pack("<HHHHII", 0x600, 0x20, 0, 0, 0, 0)) + value + biff(0x0A, b"")
    assert read(packed_xls(tmp_path, stream)).rows == {2: ["Ada", "Ek", "5551234567"]}
    path = packed_xls(tmp_path, stream[:-4] + chart + stream[-4:])
    assert "chart" in refusal(path, ProblemCode.SOURCE_CORRUPT).message


def test_case_83_two_values_for_one_cell_of_an_xls_are_refused(tmp_path: Path) -> None:
    stream = xls_stream(tmp_path, [HEAD, ADA])
    again = biff(0x0203, struct.pack("<HHHd", 1, 2, 0, 7.0))
    path = packed_xls(tmp_path, stream[:-4] + again + stream[-4:])
    refusal(path, ProblemCode.SOURCE_CORRUPT)


@pytest.mark.parametrize("end", [(0xF000_0000, 256), (65_536, 0xFFFF), (65_537, 256)])
def test_case_88_an_xls_that_says_to_be_huge_is_refused(
    tmp_path: Path, end: tuple[int, int]
) -> None:
    """The decoder would ask for so much memory that the process ends."""
    stream = xls_stream(tmp_path, [HEAD, ADA])
    at = stream.index(biff(0x0200, struct.pack("<IIHHH", 0, 2, 0, 3, 0))[:8])
    lie = biff(0x0200, struct.pack("<IIHHH", 0, end[0], 0, end[1], 0))
    path = packed_xls(tmp_path, stream[:at] + lie + stream[at + len(lie) :])
    refusal(path, ProblemCode.SOURCE_CORRUPT)


def test_case_88_an_xls_that_says_to_hold_too_many_texts_is_refused(tmp_path: Path) -> None:
    stream = xls_stream(tmp_path, [HEAD, ADA])
    at = stream.index(struct.pack("<H", 0x00FC)) + 4
    lie = stream[:at] + struct.pack("<II", 0x7FFF_FFFF, 0x7FFF_FFFF) + stream[at + 8 :]
    refusal(packed_xls(tmp_path, lie), ProblemCode.SOURCE_CORRUPT)


def test_case_88_an_xls_whose_container_lies_is_refused(tmp_path: Path) -> None:
    path = write_book(tmp_path, "xls", Sheet(rows=[HEAD, ADA]))
    content = bytearray(path.read_bytes())
    content[44:48] = struct.pack("<I", 0x7FFF_FFFF)  # how many sectors its tables take
    path.write_bytes(content)
    refusal(path, ProblemCode.SOURCE_CORRUPT)


@pytest.mark.parametrize("last", [(0xF000_0000, 2), (9, 0xF000_0000)])
def test_case_88_an_xlsb_that_says_to_be_huge_is_refused(
    tmp_path: Path, last: tuple[int, int]
) -> None:
    parts = xlsb_parts([Sheet(rows=[HEAD, ADA])])
    true = record(148, struct.pack("<4I", 0, 2, 0, 3))
    lie = record(148, struct.pack("<4I", 0, last[0], 0, last[1]))
    name = "xl/worksheets/sheet1.bin"
    assert true in parts[name]
    parts[name] = parts[name].replace(true, lie)
    refusal(pack(tmp_path, parts, "a.xlsb"), ProblemCode.SOURCE_CORRUPT)


def test_case_86_an_encrypted_xls_is_refused(tmp_path: Path) -> None:
    stream = xls_stream(tmp_path, [HEAD, ADA])
    first = 4 + struct.unpack_from("<H", stream, 2)[0]
    path = packed_xls(tmp_path, stream[:first] + biff(0x2F, bytes(54)) + stream[first:])
    assert "XLSX" in refusal(path, ProblemCode.SOURCE_ENCRYPTED, password="secret").todo


def test_case_83_an_xls_of_excel_95_is_refused(tmp_path: Path) -> None:
    stream = bytearray(xls_stream(tmp_path, [HEAD, ADA]))
    stream[4:6] = struct.pack("<H", 0x0500)
    path = packed_xls(tmp_path, bytes(stream))
    assert "95" in refusal(path, ProblemCode.SOURCE_NOT_A_SPREADSHEET).message


@pytest.mark.parametrize("kind", ["xlsb", "ods"])
def test_case_87_any_byte_may_be_wrong(tmp_path: Path, kind: str) -> None:
    """One sentence or the same rows; never another error, never other rows."""
    assert rows_with_a_wrong_byte(tmp_path, kind) == {"same", "refused"}


def test_case_87_any_byte_of_an_xls_may_be_wrong(tmp_path: Path) -> None:
    """No sum proves its bytes, so a letter may be another one; never another error."""
    assert rows_with_a_wrong_byte(tmp_path, "xls") == {"same", "other", "refused"}


def rows_with_a_wrong_byte(tmp_path: Path, kind: str) -> set[str]:
    """Return what became of the rows of a workbook, over many places of the byte."""
    sheet = Sheet(rows=[HEAD, ADA, ("Bo", "Ek", MOMENT)], merged=[(5, 6, 0, 1)])
    path = write_book(tmp_path, kind, sheet)
    content, right = path.read_bytes(), read(path).rows
    found = set()
    for at in range(0, len(content), max(3, len(content) // 150)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :])
        try:
            found.add("same" if read(path).rows == right else "other")
        except SourceError:
            found.add("refused")
    return found


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.8, 0.98])
def test_case_87_a_file_that_is_cut_off_is_refused(tmp_path: Path, kind: str, share: float) -> None:
    rows = [HEAD, *((f"Ada{n * n}", f"Ek{n}", n) for n in range(800))]
    path = write_book(tmp_path, kind, Sheet(rows=rows))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(SourceError):
        read(path)


@pytest.mark.parametrize(
    "body",
    [
        xlsb_row(2) + xlsb_row(1) + xlsb_cell(0, "x"),
        xlsb_row(1) + xlsb_cell(1, "x") + xlsb_cell(0, "x"),
        xlsb_row(1) + xlsb_cell(16_384, "x"),
        xlsb_row(1_048_576) + xlsb_cell(0, "x"),
        xlsb_row(1) + record(62, bytes(8) + b"\x00" + wide("x")),
        xlsb_row(1) + b"\x06\xff\xff\xff\x7f",
    ],
)
def test_case_87_cells_of_an_xlsb_out_of_their_place_are_refused(
    tmp_path: Path, body: bytes
) -> None:
    parts = xlsb_parts([Sheet(rows=[HEAD])])
    whole = parts["xl/worksheets/sheet1.bin"]
    end = whole.index(record(146))
    parts["xl/worksheets/sheet1.bin"] = whole[:end] + body + whole[end:]
    refusal(pack(tmp_path, parts, "a.xlsb"), ProblemCode.SOURCE_CORRUPT)


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
