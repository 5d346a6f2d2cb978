"""A small file costs little time and memory, whatever it says, and so does a machine in need."""

from __future__ import annotations

import gzip
import struct
import zipfile
from typing import TYPE_CHECKING

import openpyxl
import pytest

from importer.problems import ProblemCode
from importer.reading.heading_row import prove_headings
from importer.reading.merged import MergedCells
from importer.reading.ods_scan import scan_table
from importer.reading.scan import Extent
from importer.reading.table import Place
from tests.edges.reading_kit import (
    encrypted,
    pack,
    package_parts,
    read,
    refusal,
    sheet_xml,
    write_csv,
)
from tests.edges.workbook_kit import (
    Sheet,
    biff,
    ods_cell,
    ods_row,
    ods_table,
    pack_ods,
    packed_xls,
    write_book,
    xls_stream,
    xlsb_cell,
    xlsb_parts,
    xlsb_row,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD = ("first", "last", "phone")
ADA = ("Ada", "Ek", 5551234567)
PATIENTS = Sheet(rows=[HEAD, ADA])
RIGHT = {2: ["Ada", "Ek", "5551234567"]}


# Sheets that nobody asked for


def hidden_table(rows: int, cells: str) -> str:
    row = ods_row(cells, f'table:number-rows-repeated="{rows}"')
    return f'<table:table table:name="Other" table:style-name="off">{row}</table:table>'


def ods_with(tmp_path: Path, table: str) -> Path:
    return pack_ods(tmp_path / "patients.ods", ods_table(PATIENTS) + table)


@pytest.mark.parametrize(
    "cells",
    [
        ods_cell("x", 'table:number-columns-repeated="16000"'),
        ods_cell(None, 'table:number-columns-repeated="16000"') + ods_cell("x"),
        ods_cell(None, 'table:number-columns-repeated="16000" table:formula="of:=1"'),
        ods_cell("x", 'table:number-columns-repeated="16000"').replace("value-type", "no-type"),
    ],
    ids=["values", "behind empty ones", "formulas", "text without a type"],
)
def test_case_88_a_huge_hidden_sheet_of_an_ods_is_refused(tmp_path: Path, cells: str) -> None:
    """Calamine decodes all of them, and the process would end where memory does."""
    path = ods_with(tmp_path, hidden_table(1_000_000, cells))
    assert "cells" in refusal(path, ProblemCode.SOURCE_TOO_LARGE).message


def test_case_88_many_large_sheets_of_an_ods_are_refused_together(tmp_path: Path) -> None:
    table = hidden_table(1_000_000, ods_cell("x", 'table:number-columns-repeated="8"'))
    tables = "".join(table.replace("Other", f"Other{number}") for number in range(3))
    refusal(ods_with(tmp_path, tables), ProblemCode.SOURCE_TOO_LARGE)


def test_case_88_empty_cells_of_an_ods_count_for_nothing(tmp_path: Path) -> None:
    """Spreadsheet programs write the rest of every sheet as one cell that comes again."""
    empty = ods_cell(None, 'table:number-columns-repeated="16384"')
    assert read(ods_with(tmp_path, hidden_table(1_048_576, empty))).rows == RIGHT


@pytest.mark.parametrize("sheets", [1, 2])
def test_case_88_the_hidden_sheets_of_an_xls_are_measured_together(
    tmp_path: Path, sheets: int
) -> None:
    corners: list[tuple[object, ...]] = [() for _ in range(65_536)]
    corners[0], corners[-1] = ("x",), (None,) * 255 + ("x",)
    others = [Sheet(rows=corners, name=f"Other{n}", is_hidden=True) for n in range(sheets)]
    path = write_book(tmp_path, "xls", PATIENTS, *others)
    if sheets == 1:
        assert read(path).rows == RIGHT
    else:
        refusal(path, ProblemCode.SOURCE_TOO_LARGE)


def xlsx_with_corners(tmp_path: Path) -> Path:
    path = write_book(tmp_path, "xlsx", PATIENTS, Sheet(rows=[("x",)], name="Other"))
    book = openpyxl.load_workbook(path)
    book["Other"]["XFD1048576"] = "x"
    book["Other"].sheet_state = "hidden"
    book.save(path)
    return path


def xlsb_with_corners(tmp_path: Path) -> Path:
    other = Sheet(rows=[("x",)], name="Other", is_hidden=True)
    parts = xlsb_parts([PATIENTS, other])
    name = "xl/worksheets/sheet2.bin"
    far = xlsb_row(1_048_575) + xlsb_cell(16_383, "x")
    end = parts[name].index(b"\x92\x01\x00")
    parts[name] = parts[name][:end] + far + parts[name][end:]
    return pack(tmp_path, parts, "patients.xlsb")


@pytest.mark.parametrize("write", [xlsx_with_corners, xlsb_with_corners])
def test_case_88_hidden_sheets_of_other_kinds_are_never_decoded(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    assert read(write(tmp_path), sheet="Patients").rows == RIGHT


def test_case_88_sheets_of_an_xls_that_share_their_records_are_refused(tmp_path: Path) -> None:
    """Each would be gone through again: as many times as there are names."""
    stream = xls_stream(tmp_path, [HEAD, ADA])
    start = stream.index(biff(0x85, b"")[:2])
    size = 4 + struct.unpack_from("<H", stream, start + 2)[0]
    again = bytearray(stream[start : start + size])
    again[-1:] = b"Z"
    moved = bytearray(stream[: start + size] + again + stream[start + size :])
    for at in (start, start + size):
        sheet = struct.unpack_from("<I", moved, at + 4)[0] + len(again)
        struct.pack_into("<I", moved, at + 4, sheet)
    assert len(again) == size
    rest = biff(0x01B0, b"") * 10_000  # records that say nothing, so that one sheet is most of it
    end = len(stream.rstrip(b"\0")) + size - 1
    refusal(
        packed_xls(tmp_path, bytes(moved[:end] + rest + moved[end:])), ProblemCode.SOURCE_CORRUPT
    )


# Texts, areas and groups that could be gone through again and again


@pytest.mark.parametrize("sign", ["-", "_", "- _"])
def test_case_88_a_long_cell_of_signs_takes_no_time(tmp_path: Path, sign: str) -> None:
    row = f"{sign * 200_000}x,,\n"
    found = read(write_csv(tmp_path, "first,last,phone\nAda,Ek,1\n" + row))
    assert found.problems == [(3, "CELL_TOO_LONG", 0)]


def test_case_88_a_footer_may_begin_with_signs(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, "first,last,phone\nAda,Ek,1\n--- __ Grand - total: 1,,\n"))
    assert found.problems == [(3, "FOOTER_ROW", None)]


def test_case_88_a_long_heading_takes_no_time() -> None:
    cells = ["1" + " " * 1_000_000 + "x", "one", "two"]
    prove_headings(cells, 1, [(2, ["Ada", "Ek", "1"])], Place(file="a.csv"))


def test_case_88_merged_areas_that_overlap_are_refused_at_once() -> None:
    width = 2_000
    areas = [
        Extent(first_row=1, first_column=left, last_row=100_000, last_column=width - 1)
        for left in range(width - 1)
    ]
    merged, cells = MergedCells(areas), ["x"] * width
    assert merged.of_row(1, cells) == ()
    with pytest.raises(ValueError, match=r"\A\Z"):
        merged.of_row(2, cells)


def test_case_88_merged_areas_side_by_side_take_no_time() -> None:
    width = 500
    areas = [
        Extent(first_row=0, first_column=left, last_row=100_000, last_column=left + 1)
        for left in range(0, width, 2)
    ]
    merged, blank = MergedCells(areas), [""] * width
    assert len(merged.of_row(1, ["x"] * width)) == width // 2
    assert all(merged.of_row(number, blank) == () for number in range(2, 50_000))
    assert len(merged.of_row(50_000, ["x", *blank[1:]])) == width


def test_case_88_groups_within_groups_take_no_time() -> None:
    depth = 100_000
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    groups = "<table:table-row-group>" * depth + ods_row(ods_cell("x")) * depth
    text = f'<x {names}><table:table table:name="a">{groups}{"</table:table-row-group>" * depth}'
    content = f"{text}</table:table></x>".encode()
    scan = scan_table(iter([content]), 0, Place(file="a.ods"), exact=False)
    assert (scan.hidden_rows, scan.extent) == (
        0,
        Extent(first_row=0, first_column=0, last_row=depth - 1, last_column=0),
    )


# Packed in odd ways, and nowhere to unpack


@pytest.mark.parametrize("packing", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
@pytest.mark.parametrize("damage", [0x00, 0x5A])
def test_case_85_an_archive_packed_in_another_way_is_refused(
    tmp_path: Path, packing: int, damage: int
) -> None:
    path = tmp_path / "visits.zip"
    with zipfile.ZipFile(path, "w", packing) as archive:
        archive.writestr("visits.csv", "first,last,phone\n" + "Ada,Ek,1\n" * 50)
    content = bytearray(path.read_bytes())
    content[50:60] = bytes(byte ^ damage for byte in content[50:60])
    path.write_bytes(content)
    assert "packed" in refusal(path, ProblemCode.SOURCE_CORRUPT).message


def locked(tmp_path: Path) -> bytes:
    return encrypted(pack(tmp_path, package_parts(sheet_xml("")), "plain.xlsx"), "secret")


@pytest.mark.parametrize(
    ("right", "wrong", "code"),
    [
        (b"<keyData", b"<<eyData", ProblemCode.SOURCE_CORRUPT),
        (b'hashAlgorithm="SHA512"', b'hashAlgorithm="SHA599"', ProblemCode.SOURCE_CORRUPT),
        (b'keyBits="256"', b'keyBits="000"', ProblemCode.SOURCE_CORRUPT),
        (b'spinCount="100000"', b'spinCount="900000"', ProblemCode.PASSWORD_WRONG),
    ],
)
def test_case_86_a_damaged_head_of_an_encrypted_workbook_is_one_sentence(
    tmp_path: Path, right: bytes, wrong: bytes, code: ProblemCode
) -> None:
    content = locked(tmp_path)
    assert right in content
    path = tmp_path / "locked.xlsx"
    path.write_bytes(content.replace(right, wrong))
    refusal(path, code, password="secret")


@pytest.mark.parametrize("name", ["visits.csv.gz", "visits.zip", "locked.xlsx"])
def test_case_85_nowhere_to_unpack_is_told_as_that(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    text = b"first,last,phone\nAda,Ek,1\n"
    match path.suffix:
        case ".gz":
            path.write_bytes(gzip.compress(text))
        case ".zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("visits.csv", text)
        case _:
            path.write_bytes(locked(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    error = refusal(path, ProblemCode.SOURCE_TOO_LARGE, password="secret")
    assert "temporary file" in error.message
    assert "TMPDIR" in error.todo
