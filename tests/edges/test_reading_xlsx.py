"""Workbooks come out as text with the row numbers that the person sees."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import openpyxl
import pytest
from openpyxl.packaging.custom import StringProperty

from importer.problems import ProblemCode
from importer.reading import ReadOptions, open_table
from importer.reading.cells import cell_text
from tests.edges.reading_kit import (
    DATE_STYLE,
    HEADINGS_XML,
    MOMENT_STYLE,
    TIME_STYLE,
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

if TYPE_CHECKING:
    from pathlib import Path

HEADINGS = ("first", "last", "phone")
MOMENT = dt.datetime.fromisoformat("2030-01-07T09:30:00")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (dt.date(1984, 2, 29), "1984-02-29"),
        (MOMENT, "2030-01-07T09:30:00"),
        (MOMENT.replace(second=59), "2030-01-07T09:30:59"),
        (dt.time(9, 30), "09:30:00"),
        (dt.timedelta(hours=9, minutes=30), "09:30:00"),
        (dt.timedelta(hours=30), "30 hours"),
        (5551234567, "5551234567"),
        (5.55e9, "5550000000"),
        (4021.0, "4021"),
        (12.5, "12.5"),
        (0.1, "0.1"),
        (-3, "-3"),
        (2**53 - 1, "9007199254740991"),
        (2**53, "9007199254740992.0"),
        (1e300, "1e+300"),
        (True, "true"),
        (False, "false"),
        ("5551234567.0", "5551234567.0"),
        ("O'Brien", "O'Brien"),
        ("Null", "Null"),
        ("NA", "NA"),
        ("nan", "nan"),
        ("1-2", "1-2"),
        ("007", "007"),
        ("李 🎈", "李 🎈"),
        (" two\nlines ", " two\nlines "),
    ],
)
def test_case_56_64_70_71_a_typed_cell_has_one_text(
    tmp_path: Path, value: object, text: str
) -> None:
    found = read(write_xlsx(tmp_path, [["a", "b"], [value, "x"]]))
    assert found.rows == {2: [text, "x"]}
    assert found.problems == []


@pytest.mark.parametrize(
    ("microsecond", "text"),
    [(20_000, "09:30:00"), (500_000, "09:30:00.500000"), (980_000, "09:30:01")],
)
def test_a_time_is_rounded_only_where_the_second_is_plain(microsecond: int, text: str) -> None:
    """Workbooks keep times as fractions of a day, rounded somewhere."""
    assert cell_text(dt.time(9, 30, 0, microsecond)) == text


@pytest.mark.parametrize("digits", [10, 9, 8])
def test_a_moment_with_few_digits_is_the_minute_that_was_meant(tmp_path: Path, digits: int) -> None:
    serial = f"{47490 + 9.5 / 24:.{digits}f}"
    row = row_xml(text_cell("Ada") + number_cell(serial, MOMENT_STYLE))
    found = read(write_sheet(tmp_path, HEADINGS_XML + row))
    assert found.rows[2][1] == "2030-01-07T09:30:00"


def test_case_43_dates_of_the_1904_system_are_right(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    sheet = book.active
    assert sheet is not None
    sheet.append(["birth", "when", "at"])
    sheet.append([dt.date(1984, 2, 29), MOMENT, dt.time(9, 30)])
    book.save(tmp_path / "a.xlsx")
    found = read(tmp_path / "a.xlsx")
    assert found.rows == {2: ["1984-02-29", "2030-01-07T09:30:00", "09:30:00"]}


def test_case_46_a_number_without_a_date_format_stays_a_number(tmp_path: Path) -> None:
    row = row_xml(
        number_cell(30741) + number_cell(30741, DATE_STYLE) + number_cell(0.5, TIME_STYLE)
    )
    found = read(write_sheet(tmp_path, HEADINGS_XML + row))
    assert found.rows == {2: ["30741", "1984-02-29", "12:00:00"]}


@pytest.mark.parametrize("first_column", [1, 3])
def test_row_numbers_are_the_sheets_when_its_first_rows_and_columns_are_empty(
    tmp_path: Path, first_column: int
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for number, row in ((4, HEADINGS), (5, ("Ada", "Ek", "1")), (7, ("Bo", "Ek", "2"))):
        for column, value in enumerate(row, start=first_column):
            sheet.cell(number, column, value)
    book.save(tmp_path / "a.xlsx")
    error = refusal(tmp_path / "a.xlsx", ProblemCode.HEADER_ROW_UNCLEAR)
    assert "--header-row 4" in error.todo
    found = read(tmp_path / "a.xlsx", header_row=4)
    left = [""] * (first_column - 1)
    assert found.headings == (*left, *HEADINGS)
    assert found.rows == {
        5: [*left, "Ada", "Ek", "1"],
        6: [*left, "", "", ""],
        7: [*left, "Bo", "Ek", "2"],
    }
    assert found.lines == {}


def test_case_29_blank_rows_at_the_end_are_no_rows(tmp_path: Path) -> None:
    rows = [HEADINGS, ["Ada", "Ek", 1], ["", " ", None], ["Bo", "Ek", 2], *[[" ", "", ""]] * 2000]
    found = read(write_xlsx(tmp_path, rows), chunk_rows=1)
    assert list(found.rows) == [2, 3, 4]


def test_case_32_headings_alone_are_a_table_without_rows(tmp_path: Path) -> None:
    found = read(write_xlsx(tmp_path, [HEADINGS]))
    assert (found.headings, found.rows) == (HEADINGS, {})


@pytest.mark.parametrize("rows", [[], [["", None]]])
def test_case_31_an_empty_sheet_is_refused(tmp_path: Path, rows: list[list[object]]) -> None:
    error = refusal(write_xlsx(tmp_path, rows), ProblemCode.SOURCE_EMPTY)
    assert "'Patients'" in error.message


def test_case_24_values_without_a_heading_stop_the_file(tmp_path: Path) -> None:
    rows = [["Bo", "Ek", 2, None, "call"]] * 2
    path = write_xlsx(tmp_path, [HEADINGS, ["Ada", "Ek", 1], *rows])
    error = refusal(path, ProblemCode.HEADING_BLANK)
    assert "row 3, column E" in error.message
    assert "call" not in error.message


def test_case_30_a_second_table_beside_is_refused(tmp_path: Path) -> None:
    rows = [["a", "b", None, "a2", "b2"], [1, 2, None, 3, 4], [None, None, None, 5, 6]]
    refusal(write_xlsx(tmp_path, rows), ProblemCode.TABLES_UNCLEAR)


def sheets_of(tmp_path: Path, states: dict[str, str], *, with_chart: bool = True) -> Path:
    """Write a workbook with a sheet by each name, whose only row is that name."""
    book = openpyxl.Workbook()
    assert book.active is not None
    book.remove(book.active)
    for name, state in states.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = state
        sheet.append(["sheet"])
        sheet.append([name])
    if with_chart:
        book.create_chartsheet("Chart")
    path = tmp_path / "a.xlsx"
    book.save(path)
    return path


def test_case_36_a_hidden_sheet_is_told_and_read_only_when_named(tmp_path: Path) -> None:
    path = sheets_of(tmp_path, {"Old": "hidden", "New": "visible", "Older": "veryHidden"})
    found = read(path)
    assert (found.sheet, found.rows) == ("New", {2: ["New"]})
    assert found.warnings == ["HIDDEN_SHEET"]
    hint = open_table(path, ReadOptions()).warnings[0].hint
    assert "'Old'" in hint
    assert "'Older'" in hint
    assert read(path, sheet="Old").rows == {2: ["Old"]}


@pytest.mark.parametrize("states", [("visible", "visible"), ("hidden", "hidden")])
def test_case_38_several_sheets_are_asked_about_by_name(
    tmp_path: Path, states: tuple[str, str]
) -> None:
    if "visible" not in states:
        names = ("May", "June")
        sheets = "".join(
            f'<sheet name="{name}" sheetId="{number}" state="hidden" r:id="rId1"/>'
            for number, name in enumerate(names, start=1)
        )
        path = pack(tmp_path, package_parts(sheet_xml(HEADINGS_XML), sheets=sheets), "a.xlsx")
    else:
        path = sheets_of(tmp_path, {"May": states[0], "June": states[1]})
    error = refusal(path, ProblemCode.SHEET_UNCLEAR)
    assert "'May', 'June'" in error.message
    assert "--sheet 'May'" in error.todo


@pytest.mark.parametrize("wanted", ["June", "june", " JUNE "])
def test_case_38_a_sheet_is_read_by_its_name(tmp_path: Path, wanted: str) -> None:
    path = sheets_of(tmp_path, {"May": "visible", "June": "visible"})
    assert read(path, sheet=wanted).rows == {2: ["June"]}


def test_a_sheet_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    path = sheets_of(tmp_path, {"May": "visible"})
    error = refusal(path, ProblemCode.SHEET_NOT_FOUND, sheet="July")
    assert "'May'" in error.message


@pytest.mark.parametrize(("wanted", "sheet"), [(None, "Results"), ("Summary", "Summary")])
def test_our_own_results_are_known_by_their_property(
    tmp_path: Path, wanted: str | None, sheet: str
) -> None:
    states = dict.fromkeys(("Summary", "Results", "Errors"), "visible")
    path = sheets_of(tmp_path, states, with_chart=False)
    book = openpyxl.load_workbook(path)
    book.custom_doc_props.append(StringProperty(name="solv-import-results", value="1"))
    book.save(path)
    found = read(path, sheet=wanted)
    assert found.is_results
    assert found.sheet == sheet


def test_a_sheet_named_results_alone_is_not_ours(tmp_path: Path) -> None:
    path = sheets_of(tmp_path, {"Results": "visible"})
    assert not read(path).is_results


def test_case_39_a_formula_is_told_and_its_saved_value_used(tmp_path: Path) -> None:
    cells = (
        '<c t="str"><f>A1</f><v>Ada</v></c>'
        '<c t="str"><f>""</f><v></v></c>'
        '<c s="1"><f>X1</f><v>30741</v></c>'
    )
    found = read(write_sheet(tmp_path, HEADINGS_XML + row_xml(cells)))
    assert found.rows == {2: ["Ada", "", "1984-02-29"]}
    assert found.problems == [(2, "FORMULA_VALUE_USED", column) for column in range(3)]


@pytest.mark.parametrize(
    "cell", ["<c><f>1+1</f></c>", "<c><f>1+1</f><v/></c>", '<c t="n"><f>1+1</f><v></v></c>']
)
@pytest.mark.parametrize("beside", ["", text_cell("Ek")])
def test_case_40_a_formula_never_calculated_is_no_empty_cell(
    tmp_path: Path, cell: str, beside: str
) -> None:
    """Also in a row of nothing else, which one reader takes for the end of the sheet."""
    rows = HEADINGS_XML + row_xml(text_cell("Ada")) + row_xml(cell + beside, 4)
    found = read(write_sheet(tmp_path, rows))
    assert found.problems == [(4, "FORMULA_NOT_CALCULATED", 0)]
    assert list(found.rows) == [2, 3, 4]
    assert found.rows[4] == ["", "Ek" if beside else "", ""]


def test_case_40_a_formula_written_by_openpyxl_was_never_calculated(tmp_path: Path) -> None:
    found = read(write_xlsx(tmp_path, [HEADINGS, ["Ada", "=A1", "x"]]))
    assert found.problems == [(2, "FORMULA_NOT_CALCULATED", 1)]


@pytest.mark.parametrize(
    ("calculation", "code"),
    [('<calcPr fullCalcOnLoad="1"/>', "FORMULA_NOT_CALCULATED"), ("", "FORMULA_VALUE_USED")],
)
def test_case_40_a_stand_in_of_0_is_no_result(tmp_path: Path, calculation: str, code: str) -> None:
    """Some writers save a 0 with each formula and ask for calculation on opening."""
    rows = HEADINGS_XML + row_xml(text_cell("Ada") + "<c><f>1+1</f><v>0</v></c>")
    found = read(write_sheet(tmp_path, rows, calculation=calculation))
    assert found.problems == [(2, code, 1)]


def test_case_40_a_sheet_of_nothing_but_such_formulas_is_not_called_empty(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path, [["=A9", "=B9"], ["=A9", "=B9"]])
    assert "row 1, column A" in refusal(path, ProblemCode.FORMULA_NOT_CALCULATED).message


def test_case_40_nor_is_one_of_formulas_without_a_place_for_their_results(tmp_path: Path) -> None:
    path = write_sheet(tmp_path, row_xml("<c><f>A9</f></c>"))
    refusal(path, ProblemCode.FORMULA_NOT_CALCULATED)


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!"])
@pytest.mark.parametrize("formula", ["", "<f>VLOOKUP(1,B:B,1)</f>"])
def test_case_41_an_error_is_no_empty_cell(tmp_path: Path, error: str, formula: str) -> None:
    cell = f'<c t="e">{formula}<v>{error}</v></c>'
    rows = HEADINGS_XML + row_xml(text_cell("Ada")) + row_xml(cell)
    found = read(write_sheet(tmp_path, rows))
    assert found.problems == [(3, "CELL_ERROR_VALUE", 0)]
    assert found.rows[3] == ["", "", ""]


def test_an_error_without_a_heading_spoils_its_row_and_several_stop_the_file(
    tmp_path: Path,
) -> None:
    rows = [row_xml(f'<c r="D{n}" t="e"><v>#N/A</v></c>', n) for n in (2, 3)]
    found = read(write_sheet(tmp_path, HEADINGS_XML + rows[0]))
    assert found.problems == [(2, "CELL_ERROR_VALUE", None)]
    error = refusal(write_sheet(tmp_path, HEADINGS_XML + "".join(rows)), ProblemCode.HEADING_BLANK)
    assert "row 2, column D" in error.message


def test_formulas_that_show_nothing_below_the_table_are_no_rows(tmp_path: Path) -> None:
    nothing = '<c t="str"><f>IF(A2="","",A2)</f><v></v></c>'
    rows = HEADINGS_XML + row_xml(text_cell("Ada")) + row_xml(nothing) * 50
    found = read(write_sheet(tmp_path, rows))
    assert found.rows == {2: ["Ada", "", ""]}
    assert found.problems == []


def test_case_37_hidden_rows_are_read_and_told(tmp_path: Path) -> None:
    hidden = f'<row hidden="1">{text_cell("Bo")}</row>'
    rows = HEADINGS_XML + row_xml(text_cell("Ada")) + hidden + '<row hidden="true"/>'
    found = read(write_sheet(tmp_path, rows))
    assert list(found.rows) == [2, 3]
    assert found.warnings == ["HIDDEN_ROWS"]


def test_what_stands_behind_the_rows_belongs_to_no_cell(tmp_path: Path) -> None:
    """Conditional formats and controls have elements of the same names."""
    after = (
        '<extLst><ext><x:f xmlns:x="urn:x">A1</x:f><x:row xmlns:x="urn:x">9</x:row></ext></extLst>'
    )
    sheet = sheet_xml(HEADINGS_XML + row_xml(text_cell("Ada")), after=after)
    found = read(pack(tmp_path, package_parts(sheet)))
    assert found.problems == []
    assert found.rows == {2: ["Ada", "", ""]}


def test_elements_with_a_prefix_are_the_same_elements(tmp_path: Path) -> None:
    sheet = (
        '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<x:sheetData><x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c></x:row>'
        '<x:row r="2"><x:c r="A2" t="e"><x:v>#N/A</x:v></x:c></x:row>'
        "</x:sheetData></x:worksheet>"
    )
    found = read(pack(tmp_path, package_parts(sheet)))
    assert found.headings == ("1",)
    assert found.problems == [(2, "CELL_ERROR_VALUE", 0)]


def test_case_07_a_control_character_in_a_workbook_spoils_its_row(tmp_path: Path) -> None:
    found = read(write_sheet(tmp_path, HEADINGS_XML + row_xml(text_cell("A_x0007_da"))))
    assert found.problems == [(2, "CELL_CONTROL_CHARACTER", 0)]


def test_rows_are_the_same_in_chunks_of_any_size_and_each_time(tmp_path: Path) -> None:
    rows = [HEADINGS, *(["Ada", "Ek", number] for number in range(25))]
    table = open_table(write_xlsx(tmp_path, rows), ReadOptions(chunk_rows=7))
    first, again = ([chunk.frame for chunk in table.chunks()] for _ in range(2))
    assert [len(frame) for frame in first] == [7, 7, 7, 4]
    assert all(one.equals(other) for one, other in zip(first, again, strict=True))
