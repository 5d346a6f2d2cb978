"""Workbooks that are broken, cut off, or say more than they hold: never other rows."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from importer.errors import SourceError
from importer.problems import ProblemCode
from tests.edges.reading_kit import (
    HEADINGS_XML,
    number_cell,
    pack,
    read,
    refusal,
    row_xml,
    with_wrong_byte,
    write_sheet,
)
from tests.edges.workbook_kit import (
    ADA,
    HEAD,
    MOMENT,
    OTHERS,
    Sheet,
    biff,
    packed_xls,
    record,
    wide,
    write_book,
    xls_stream,
    xlsb_cell,
    xlsb_parts,
    xlsb_row,
)

if TYPE_CHECKING:
    from pathlib import Path


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
        path.write_bytes(with_wrong_byte(content, at))
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
