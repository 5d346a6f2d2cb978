"""OpenDocument spreadsheets: what two readers read alike, and what is refused for want of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.problems import ProblemCode
from tests.edges.reading_kit import read, refusal
from tests.edges.workbook_kit import HEAD, Failed, ods_cell, ods_row, pack_ods, text_p

if TYPE_CHECKING:
    from pathlib import Path


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


@pytest.mark.parametrize(
    "inside",
    [
        "<text:ruby><text:ruby-base>A</text:ruby-base><text:ruby-text>X</text:ruby-text></text:ruby>",
        "<text:date>2020-01-01</text:date>",
        "Ada <text:sheet-name>P</text:sheet-name>",
    ],
)
def test_case_83_fields_and_ruby_refuse_the_file(tmp_path: Path, inside: str) -> None:
    path = ods(tmp_path, ods_row(text_cell_of(f"<text:p>{inside}</text:p>")))
    refusal(path, ProblemCode.SOURCE_CORRUPT)


def test_case_83_marked_and_linked_text_is_read_as_it_is_shown(tmp_path: Path) -> None:
    inside = '<text:bookmark text:name="b"/><text:span>A</text:span><text:a>da</text:a>'
    found = read(ods(tmp_path, ods_row(text_cell_of(f"<text:p>{inside}</text:p>"))))
    assert found.rows == {2: ["Ada", "", ""]}


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
