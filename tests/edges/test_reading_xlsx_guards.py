"""A workbook that is broken, or made to do harm, costs one sentence and little memory."""

from __future__ import annotations

import os
import struct
import tracemalloc
import zipfile
from typing import TYPE_CHECKING

import pytest

from importer.errors import SourceError
from importer.problems import ProblemCode
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
    with_wrong_byte,
    write_sheet,
    write_xlsx,
)

if TYPE_CHECKING:
    from pathlib import Path

ROWS = HEADINGS_XML + row_xml(text_cell("Ada"))
SHEET = "xl/worksheets/sheet1.xml"
DOCTYPE = '<!DOCTYPE x [<!ENTITY a "boo">]>'


@pytest.mark.parametrize("share", [0.05, 0.3, 0.7, 0.99])
def test_case_87_a_workbook_that_is_cut_off_is_refused(tmp_path: Path, share: float) -> None:
    path = write_xlsx(tmp_path, [["first"], *[["Ada"]] * 500])
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    refusal(path, ProblemCode.SOURCE_CORRUPT)


def test_case_87_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    path = write_sheet(tmp_path, ROWS)
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo(SHEET).header_offset + 30 + len(SHEET)
    path.write_bytes(with_wrong_byte(path.read_bytes(), start + 20))
    refusal(path, ProblemCode.SOURCE_CORRUPT)


def test_case_87_any_byte_may_be_wrong(tmp_path: Path) -> None:
    """One sentence or the same rows; never another error, never other rows."""
    path = write_sheet(tmp_path, ROWS)
    content, right = path.read_bytes(), read(path).rows
    outcomes = set()
    for at in range(0, len(content), 7):
        path.write_bytes(with_wrong_byte(content, at))
        try:
            outcomes.add(str(read(path).rows))
        except SourceError:
            outcomes.add("refused")
    assert outcomes == {str(right), "refused"}


@pytest.mark.parametrize(
    "part", ["xl/_rels/workbook.xml.rels", SHEET, "xl/workbook.xml", "xl/styles.xml"]
)
@pytest.mark.parametrize("content", ["<broken", "", "no xml", None])
def test_case_87_a_part_that_is_broken_or_missing_is_refused(
    tmp_path: Path, part: str, content: str | None
) -> None:
    parts = package_parts(sheet_xml(ROWS))
    if content is None:
        del parts[part]
    else:
        parts[part] = content
    path = pack(tmp_path, parts)
    if part == "xl/workbook.xml" and content is None:
        assert "ZIP" in refusal(path, ProblemCode.SOURCE_TYPE_MISMATCH).message
    elif part == "xl/styles.xml" and content is None:
        assert read(path).rows == {2: ["Ada", "", ""]}
    else:
        refusal(path, ProblemCode.SOURCE_CORRUPT)


def test_case_87_shared_text_that_is_missing_is_refused(tmp_path: Path) -> None:
    path = write_sheet(tmp_path, ROWS + row_xml('<c t="s"><v>7</v></c>'))
    refusal(path, ProblemCode.SOURCE_CORRUPT)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", [SHEET, SHEET.upper(), SHEET.replace("/", "\\")])
def test_case_87_two_parts_of_one_name_are_refused(tmp_path: Path, name: str) -> None:
    """Two readers would take different ones."""
    path = write_sheet(tmp_path, ROWS)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, sheet_xml(HEADINGS_XML))
    refusal(path, ProblemCode.SOURCE_CORRUPT)


def test_case_86_encrypted_parts_are_refused(tmp_path: Path) -> None:
    path = write_sheet(tmp_path, ROWS)
    content = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(magic)
        content[at + offset] |= 1
    path.write_bytes(bytes(content))
    refusal(path, ProblemCode.SOURCE_ENCRYPTED)


def test_case_88_a_part_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    parts = package_parts(sheet_xml(ROWS))
    parts["xl/media/x.bin"] = bytes(11_000_000)
    refusal(pack(tmp_path, parts), ProblemCode.SOURCE_TOO_LARGE)


def test_case_88_a_size_that_lies_is_counted(tmp_path: Path) -> None:
    """The table of contents says 100 bytes; the part unpacks to eleven million."""
    parts = package_parts(sheet_xml(ROWS))
    parts["xl/media/x.bin"] = bytes(11_000_000)
    path = pack(tmp_path, parts)
    lie = path.read_bytes().replace(struct.pack("<I", 11_000_000), struct.pack("<I", 100))
    path.write_bytes(lie)
    refusal(path, ProblemCode.SOURCE_TOO_LARGE)


@pytest.mark.parametrize("size", [100, 999_999])
def test_case_88_a_part_of_another_size_than_it_says_is_refused(tmp_path: Path, size: int) -> None:
    parts = package_parts(sheet_xml(ROWS))
    parts["xl/media/x.bin"] = bytes(11_111)
    path = pack(tmp_path, parts)
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 11_111), struct.pack("<I", size)))
    refusal(path, ProblemCode.SOURCE_CORRUPT)


@pytest.mark.parametrize("cell", ["XFD1048576", "XFD1300", "AAA1048576"])
def test_case_88_a_cell_far_away_is_refused_before_it_costs_memory(
    tmp_path: Path, cell: str
) -> None:
    """One XML element of 30 bytes would become millions of cells."""
    number = int(cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    rows = ROWS + row_xml(f'<c r="{cell}"><v>1</v></c>', number)
    path = write_sheet(tmp_path, rows)
    tracemalloc.start()
    error = refusal(path, ProblemCode.SOURCE_TOO_LARGE)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "20,000,000" in error.message
    assert peak < 20_000_000


def test_case_88_far_cells_without_a_value_are_nothing(tmp_path: Path) -> None:
    """Whole columns are often formatted down to the last row."""
    rows = ROWS + row_xml('<c r="XFD1048576" s="1"/>', 1_048_576)
    assert read(write_sheet(tmp_path, rows)).rows == {2: ["Ada", "", ""]}


@pytest.mark.parametrize("dimension", ["A1", "A1:XFD1048576", "C7:D9"])
def test_case_88_a_dimension_that_lies_changes_nothing(tmp_path: Path, dimension: str) -> None:
    rows = HEADINGS_XML + "".join(row_xml(text_cell(f"Ada{n}")) for n in range(100))
    sheet = sheet_xml(rows, before=f'<dimension ref="{dimension}"/>')
    found = read(pack(tmp_path, package_parts(sheet)))
    assert list(found.rows) == list(range(2, 102))
    assert found.rows[101] == ["Ada99", "", ""]


@pytest.mark.parametrize(
    "part", ["xl/workbook.xml", SHEET, "xl/styles.xml", "[Content_Types].xml", "docProps/core.xml"]
)
@pytest.mark.parametrize("padding", [0, (1 << 20) - 5])
def test_case_89_entities_are_refused_in_any_part(tmp_path: Path, part: str, padding: int) -> None:
    parts = package_parts(sheet_xml(ROWS))
    content = str(parts.get(part, "<x/>"))
    noise = "".join(chr(97 + n * n % 23) for n in range(padding))
    parts[part] = f"<!--{noise}-->{DOCTYPE}{content}"
    refusal(pack(tmp_path, parts), ProblemCode.SOURCE_ACTIVE_CONTENT)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_case_89_a_part_in_utf_16_is_refused(tmp_path: Path, encoding: str) -> None:
    """A plain search would not see entities in it, and calamine finds the sheet empty."""
    parts = package_parts(sheet_xml(ROWS).encode(encoding))
    refusal(pack(tmp_path, parts), ProblemCode.SOURCE_CORRUPT)


@pytest.mark.parametrize(
    "rows",
    [
        row_xml(number_cell(1), 3) + row_xml(number_cell(2), 2),
        row_xml(number_cell(1), 2) + row_xml(number_cell(2), 2),
        row_xml('<c r="B2"><v>1</v></c><c r="A2"><v>1</v></c>', 2),
        row_xml('<c r="A2"><v>1</v></c><c r="A2"><v>2</v></c>', 2),
        row_xml('<c r="A3"><v>1</v></c>', 2),
        row_xml('<c r="A12"><v>1</v></c>', 2),
        row_xml('<c r="XFE2"><v>1</v></c>', 2),
        row_xml('<c r="AAAAAAAAA2"><v>1</v></c>', 2),
        row_xml('<c r="2"><v>1</v></c>', 2),
        row_xml(number_cell(1), 1_048_577),
        '<row r="x"/>',
    ],
)
def test_cells_out_of_their_place_are_refused(tmp_path: Path, rows: str) -> None:
    """Readers put them in different places."""
    refusal(write_sheet(tmp_path, HEADINGS_XML + rows), ProblemCode.SOURCE_CORRUPT)


def test_two_sheets_of_one_name_are_refused(tmp_path: Path) -> None:
    sheets = "".join(f'<sheet name="May" sheetId="{n}" r:id="rId1"/>' for n in (1, 2))
    path = pack(tmp_path, package_parts(sheet_xml(ROWS), sheets=sheets))
    refusal(path, ProblemCode.SOURCE_CORRUPT)


def test_rows_that_only_one_reader_sees_are_refused(tmp_path: Path) -> None:
    """Calamine stops at the end of the first block of rows."""
    more = f"</sheetData><sheetData>{row_xml(text_cell('Bo'), 3)}"
    refusal(write_sheet(tmp_path, ROWS + more), ProblemCode.SOURCE_CORRUPT)


def test_case_89_entities_are_refused_in_a_sheet_of_another_ending(tmp_path: Path) -> None:
    parts = package_parts("")
    del parts[SHEET]
    relations = str(parts["xl/_rels/workbook.xml.rels"])
    parts["xl/_rels/workbook.xml.rels"] = relations.replace("sheet1.xml", "sheet1.dat")
    parts[SHEET.replace(".xml", ".dat")] = DOCTYPE + sheet_xml(ROWS)
    refusal(pack(tmp_path, parts), ProblemCode.SOURCE_ACTIVE_CONTENT)


def test_more_parts_than_any_workbook_has_are_refused(tmp_path: Path) -> None:
    parts = package_parts(sheet_xml(ROWS))
    parts.update({f"xl/media/{number}": "" for number in range(10_001)})
    refusal(pack(tmp_path, parts), ProblemCode.SOURCE_TOO_LARGE)


def test_a_workbook_without_a_worksheet_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path, package_parts(sheet_xml(ROWS), sheets=""))
    refusal(path, ProblemCode.SOURCE_EMPTY)


def test_two_values_in_one_cell_refuse_the_file(tmp_path: Path) -> None:
    both = '<c t="inlineStr"><is><t>Ada</t></is><v>Bo</v></c>'
    refusal(write_sheet(tmp_path, HEADINGS_XML + row_xml(both)), ProblemCode.SOURCE_CORRUPT)


def test_a_formula_outside_of_cells_refuses_the_file(tmp_path: Path) -> None:
    row = row_xml("<f>1+1</f>" + text_cell("Ada"))
    refusal(write_sheet(tmp_path, HEADINGS_XML + row), ProblemCode.SOURCE_CORRUPT)


def test_what_compiled_code_says_when_it_gives_up_is_not_heard(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_sheet(tmp_path, HEADINGS_XML + row_xml(number_cell("-1e300", DATE_STYLE)))
    refusal(path, ProblemCode.SOURCE_CORRUPT)
    os.write(2, b"heard again")
    assert capfd.readouterr().err == "heard again"
