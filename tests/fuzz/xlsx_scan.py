"""The XLSX pre-scan: no cell that plain XML shows is lost, moved or changed."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import xlsxwriter

from importer.lettering import column_letter
from tests.edges.reading_kit import (
    HEADINGS_XML,
    number_cell,
    package_parts,
    row_xml,
    sheet_xml,
    text_cell,
)
from tests.fuzz.other_books import lose_empty_cells
from tests.fuzz.target import Target, loaded, refused_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.edges.reading_kit import Outcome

_NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_PARTS = (
    "xl/worksheets/sheet1.xml",
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/styles.xml",
    "xl/sharedStrings.xml",
    "docProps/custom.xml",
)
"""The first byte of an input chooses the part; any other is a whole package."""
_SHARED = (
    f'<sst xmlns="{_NAMESPACE[1:-1]}"><si><t>Ada</t></si>'
    "<si><r><t>Sam</t></r><r><t>ple</t></r></si></sst>"
)
_ROW = row_xml(text_cell("Ada") + text_cell("Sample") + number_cell(3125550142), 2)
_SHEETS = (
    sheet_xml(HEADINGS_XML + _ROW),
    sheet_xml(HEADINGS_XML + _ROW.replace('r="2"', "")),
    sheet_xml(HEADINGS_XML + _ROW, before='<dimension ref="A1:C1"/>'),
    sheet_xml(HEADINGS_XML + '<row r="2"><c r="C2"><v>7</v></c></row><row r="4"/>'),
    sheet_xml(
        HEADINGS_XML + '<row r="3"><c r="B3" t="s"><v>1</v></c><c r="C3" t="b"><v>1</v></c></row>'
    ),
    sheet_xml(
        HEADINGS_XML + '<row r="2"><c r="A2"><f>1+1</f></c><c r="B2" t="e"><v>#N/A</v></c></row>'
    ),
    sheet_xml(
        HEADINGS_XML + '<row r="2" hidden="1"><c r="A2" t="str"><f>B2</f><v>x</v></c></row>',
        after='<mergeCells><mergeCell ref="A2:B3"/></mergeCells>',
    ),
)


def judge(content: bytes) -> None:
    """Read a workbook with one part of its own, or one that is all its own."""
    chosen, part = (content[0] if content else 0), content[1:]
    if chosen >= len(_PARTS):
        loaded(part, "patients.xlsx")
        return
    outcome = loaded(_packed(_PARTS[chosen], part), "patients.xlsx")
    if outcome is None or chosen:
        return
    cells = _plain_cells(part)
    if cells is not None:
        _require_all(outcome, cells)


def _packed(name: str, part: bytes) -> bytes:
    parts = package_parts(_SHEETS[0]) | {"xl/sharedStrings.xml": _SHARED, name: part}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for each, content in parts.items():
            archive.writestr(each, content)
    return packed.getvalue()


def _plain_cells(part: bytes) -> dict[tuple[int, int], str] | None:
    """Return the texts of a sheet's cells by row number and column, as plain XML shows them.

    None where the sheet says its places in a way that this simple reader does not follow.
    """
    cells: dict[tuple[int, int], str] = {}
    try:
        root = ET.fromstring(part)  # noqa: S314 - the importer let no entity through
    except ET.ParseError:  # a prefix that nobody bound; expat alone does not mind
        return None
    data = root.findall(f"{_NAMESPACE}sheetData")
    row_number = 0
    for row in (row for rows in data for row in rows.findall(f"{_NAMESPACE}row")):
        row_number = int(row.get("r") or row_number + 1)
        column = -1
        for cell in row.findall(f"{_NAMESPACE}c"):
            name = cell.get("r")
            column = column + 1 if name is None else _column(name.rstrip("0123456789"))
            text = _text(cell)
            if text is None:
                return None
            cells[row_number, column] = text
    return cells


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    assert column_letter(number - 1) == letters
    return number - 1


def _text(cell: ET.Element) -> str | None:
    """Return a cell's text, None where its form takes more than this to read."""
    value = cell.findtext(f"{_NAMESPACE}v", "")
    match cell.get("t"):
        case "str":
            return value
        case "inlineStr":
            texts = [t.text or "" for t in cell.iter(f"{_NAMESPACE}t")]
            has_more = cell.find(f".//{_NAMESPACE}rPh") is not None
            return None if has_more else "".join(texts)
        case None | "n" if cell.get("s", "0") == "0" and cell.find(f"{_NAMESPACE}f") is None:
            return value
        case _:
            return None


def _require_all(outcome: Outcome, cells: dict[tuple[int, int], str]) -> None:
    refused = refused_rows(outcome)
    for (row, column), text in cells.items():
        if not text.strip() or row == 1 or row in refused or "_x" in text:
            continue
        read = outcome.rows[row][column]
        assert _same(read, text), (row, column)


def _same(read: str, written: str) -> bool:
    if " ".join(read.split()) == " ".join(written.split()):
        return True
    try:
        return float(read) == float(written)
    except ValueError:
        return False


def _whole() -> bytes:
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate((("first", "last", "phone"), ("Ada", "Sample", 3125550142))):
            sheet.write_row(row, 0, cells)
    return packed.getvalue()


def _seeds() -> Iterator[bytes]:
    yield from (b"\0" + sheet.encode() for sheet in _SHEETS)
    parts = package_parts(_SHEETS[0]) | {"xl/sharedStrings.xml": _SHARED}
    for number, name in enumerate(_PARTS[1:-1], start=1):
        content = parts[name]
        yield bytes([number]) + (content.encode() if isinstance(content, str) else content)
    yield b"\x05<Properties><property name='solv-import-results'/></Properties>"
    yield b"\xff" + _whole()


TARGET = Target(
    name="xlsx",
    judge=judge,
    seeds=_seeds,
    words=(
        *(
            b"<row ",
            b"</row>",
            b"<c ",
            b"</c>",
            b"<v>",
            b"</v>",
            b"<f>",
            b"</f>",
            b"<is>",
            b"</is>",
        ),
        *(b"<t>", b"</t>", b' r="A2"', b' r="2"', b' r="XFD1048576"', b' t="s"', b' t="str"'),
        *(b' t="inlineStr"', b' t="e"', b' t="n"', b' t="b"', b' t="d"', b' s="1"', b' hidden="1"'),
        *(b'<mergeCell ref="A2:B3"/>', b'<dimension ref="A1:C9"/>', b"<rPh>", b"<r>", b"</r>"),
        *(
            b"<!DOCTYPE x>",
            b"<![CDATA[",
            b"]]>",
            b"&#10;",
            b"&amp;",
            b"_x000D_",
            b"x:",
            b"xmlns:x=",
        ),
        *(b' state="hidden"', b' date1904="1"', b"1E400", b"-1", b"NaN", b"2030-01-07T09:00:00"),
    ),
    plant=lose_empty_cells,
)
