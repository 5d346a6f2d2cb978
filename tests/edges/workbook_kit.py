"""Workbooks of the formats that openpyxl cannot write: cell by cell, made on the spot."""

from __future__ import annotations

import datetime as dt
import struct
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

import olefile
import openpyxl
import xlwt
from openpyxl.utils import get_column_letter
from xlwt.CompoundDoc import XlsDoc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_EPOCH = dt.datetime.fromisoformat("1899-12-30")
_ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{space}:1.0"'
    for name, space in {
        "office": "office",
        "table": "table",
        "text": "text",
        "style": "style",
        "draw": "drawing",
        "number": "datastyle",
    }.items()
)
_CALC = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_DATE, _MOMENT, _OWN_STYLES = 1, 2, 3
_OWN_FORMATS = 200

KINDS = ["xlsx", "xls", "xlsb", "ods"]
OTHERS = ["xls", "xlsb", "ods"]
HEAD = ("first", "last", "phone")
ADA = ("Ada", "Ek", 5551234567)
MOMENT = dt.datetime.fromisoformat("2030-01-07T09:30:00")


@dataclass(frozen=True)
class Failed:
    """A cell that shows #N/A."""


@dataclass(frozen=True)
class Result:
    """A formula with this result; None when it was never calculated."""

    value: object


@dataclass(frozen=True)
class Shown:
    """A value in a number format; one of OpenDocument keeps the text that people see instead."""

    value: object
    code: str


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What one sheet holds; rows and columns count from 0."""

    rows: Sequence[Sequence[object]]
    name: str = "Patients"
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    is_hidden: bool = False
    merged: Sequence[tuple[int, int, int, int]] = ()
    """First and last row, first and last column."""


def write_book(folder: Path, kind: str, *sheets: Sheet) -> Path:
    """Write a workbook of that kind."""
    path = folder / f"patients.{kind}"
    writers: dict[str, Callable[[Path, Sequence[Sheet]], None]] = {
        "xlsx": _write_xlsx,
        "xls": _write_xls,
        "xlsb": write_xlsb,
        "ods": lambda path, sheets: pack_ods(path, "".join(map(ods_table, sheets))),
    }
    writers[kind](path, sheets)
    return path


def _write_xlsx(path: Path, sheets: Sequence[Sheet]) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.remove(book.active)
    for sheet in sheets:
        made = book.create_sheet(sheet.name)
        made.sheet_state = "hidden" if sheet.is_hidden else "visible"
        for row, cells in enumerate(sheet.rows, start=1):
            for column, value in enumerate(cells, start=1):
                match value:
                    case Failed():
                        made.cell(row, column, "#N/A")
                    case Result():
                        made.cell(row, column, "=1+1")
                    case Shown(kept, code):
                        cell = made.cell(row, column, kept)
                        cell.number_format = code
                    case _:
                        made.cell(row, column, value)
        for number in sheet.hidden_rows:
            made.row_dimensions[number + 1].hidden = True
        for number in sheet.hidden_columns:
            made.column_dimensions[get_column_letter(number + 1)].hidden = True
        for first, last, left, right in sheet.merged:
            made.merge_cells(None, first + 1, left + 1, last + 1, right + 1)
    book.save(path)


def _write_xls(path: Path, sheets: Sequence[Sheet]) -> None:
    book = xlwt.Workbook()
    styles = {dt.date: "YYYY-MM-DD", dt.datetime: "YYYY-MM-DD HH:MM", dt.time: "HH:MM"}
    for sheet in sheets:
        made = book.add_sheet(sheet.name, cell_overwrite_ok=True)
        made.visibility = int(sheet.is_hidden)
        for first, last, left, right in sheet.merged:
            made.merge(first, last, left, right)
        for row, cells in enumerate(sheet.rows):
            for column, value in enumerate(cells):
                match value:
                    case Failed():
                        made.row(row).set_cell_error(column, 0x2A)
                    case Result():
                        made.write(row, column, xlwt.Formula("1+1"))
                    case Shown(kept, code):
                        made.write(row, column, kept, xlwt.easyxf(num_format_str=code))
                    case None:
                        pass
                    case _:
                        form = styles.get(type(value))
                        style = (
                            xlwt.easyxf(num_format_str=form) if form else xlwt.Style.default_style
                        )
                        made.write(row, column, value, style)
        _hide_in_xls(made, sheet)
    book.save(str(path))


def _hide_in_xls(made: xlwt.Worksheet, sheet: Sheet) -> None:
    for number in sheet.hidden_rows:
        made.row(number).hidden = True
    for number in sheet.hidden_columns:
        made.col(number).hidden = True


def xls_stream(tmp_path: Path, rows: list[tuple[object, ...]]) -> bytes:
    """Return the records of an XLS workbook."""
    with olefile.OleFileIO(write_book(tmp_path, "xls", Sheet(rows=rows))) as container:
        content: bytes = container.openstream("Workbook").read()
    return content.rstrip(b"\0") + bytes(3)  # the last record ends the sheet


def packed_xls(tmp_path: Path, stream: bytes) -> Path:
    """Write records into a container."""
    path = tmp_path / "packed.xls"
    XlsDoc().save(str(path), stream)
    return path


def biff(kind: int, content: bytes) -> bytes:
    """Return one record of an XLS workbook."""
    return struct.pack("<HH", kind, len(content)) + content


def text_p(text: str) -> str:
    """Return a paragraph of OpenDocument text."""
    return f"<text:p>{escape(text)}</text:p>"


def ods_cell(value: object = None, attributes: str = "") -> str:
    """Return the XML of one cell."""
    match value:
        case None:
            return f"<table:table-cell {attributes}/>"
        case Failed():
            kind = 'office:value-type="string" office:string-value="" calcext:value-type="error"'
            attributes = f'table:formula="of:=NA()" {attributes}'
            text = "#N/A"
        case Result():
            return ods_cell(value.value, 'table:formula="of:=1+1"')
        case bool():
            kind, text = (
                f'office:value-type="boolean" office:boolean-value="{str(value).lower()}"',
                "",
            )
        case int() | float():
            kind, text = f'office:value-type="float" office:value="{value}"', str(value)
        case dt.date():
            kind = f'office:value-type="date" office:date-value="{value.isoformat()}"'
            text = value.isoformat()
        case dt.time():
            clock = value.strftime("PT%HH%MM%SS")
            kind, text = f'office:value-type="time" office:time-value="{clock}"', str(value)
        case _:
            kind, text = 'office:value-type="string"', str(value)
    return f"<table:table-cell {kind} {attributes}>{text_p(text)}</table:table-cell>"


def ods_row(cells: str, attributes: str = "") -> str:
    """Return the XML of one row."""
    return f"<table:table-row {attributes}>{cells}</table:table-row>"


def ods_table(sheet: Sheet) -> str:
    """Return the XML of one sheet."""
    spans = {
        (first, left): f'table:number-rows-spanned="{last - first + 1}" '
        f'table:number-columns-spanned="{right - left + 1}"'
        for first, last, left, right in sheet.merged
    }
    rows = ""
    for number, cells in enumerate(sheet.rows):
        xml = "".join(ods_cell(v, spans.get((number, at), "")) for at, v in enumerate(cells))
        hidden = 'table:visibility="collapse"' if number in sheet.hidden_rows else ""
        rows += ods_row(xml or ods_cell(), hidden)
    style = "off" if sheet.is_hidden else "on"
    head = f'table:name={quoteattr(sheet.name)} table:style-name="{style}"'
    collapsed = 'table:visibility="collapse"'
    columns = "".join(
        f"<table:table-column {collapsed if number in sheet.hidden_columns else ''}/>"
        for number in range(max(sheet.hidden_columns, default=-1) + 1)
    )
    return f"<table:table {head}>{columns}{rows}</table:table>"


def pack_ods(
    path: Path, tables: str, *, before: str = "", manifest: str = "", automatic: str = ""
) -> Path:
    """Write an OpenDocument spreadsheet of these tables, and of these styles of its own."""
    styles = "".join(
        f'<style:style style:name="{name}" style:family="table">'
        f'<style:table-properties table:display="{shown}"/></style:style>'
        for name, shown in (("on", "true"), ("off", "false"))
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<office:document-content {_SPACES} {_CALC}>'
        f"<office:automatic-styles>{styles}{automatic}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    space = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    entries = manifest or f'<m:file-entry m:full-path="/" m:media-type="{_ODS_TYPE}"/>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", _ODS_TYPE)
        archive.writestr("content.xml", content)
        archive.writestr(
            "META-INF/manifest.xml", f'<m:manifest xmlns:m="{space}">{entries}</m:manifest>'
        )
    return path


# XLSB: type and size as numbers of seven bits a byte, then the content ([MS-XLSB] 2.1.4)


def record(kind: int, content: bytes = b"") -> bytes:
    """Return one record."""
    return _number(kind) + _number(len(content)) + content


def _number(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def wide(text: str) -> bytes:
    """Return a text of UTF-16 with its length."""
    encoded = text.encode("utf-16-le")
    return struct.pack("<I", len(encoded) // 2) + encoded


def xlsb_row(number: int, *, is_hidden: bool = False) -> bytes:
    """Return the head of a row."""
    flags = bytes([0, 0x10 if is_hidden else 0, 0])
    return record(0, struct.pack("<IIH", number, 0, 300) + flags + bytes(4))


def xlsb_cell(column: int, value: object, codes: Sequence[str] = ()) -> bytes:
    """Return one cell; a formula's program is left empty."""
    own = _OWN_STYLES + codes.index(value.code) if isinstance(value, Shown) else 0
    value = value.value if isinstance(value, Shown) else value
    kind, style, content = _xlsb_value(value)
    style = own or style
    program = struct.pack("<HII", 0, 0, 0) if isinstance(value, Result) else b""
    return record(kind, struct.pack("<II", column, style) + content + program)


def _xlsb_value(value: object) -> tuple[int, int, bytes]:
    """Return the kind of record, the style and the content of a cell."""
    found: tuple[int, int, bytes] = (1, 0, b"")
    match value:
        case None:
            pass
        case Failed():
            found = (3, 0, b"\x2a")
        case Result(value=str(text)):
            found = (8, 0, wide(text))
        case Result(value=float() | int() as number):
            found = (9, 0, struct.pack("<d", number))
        case bool():
            found = (4, 0, bytes([value]))
        case dt.datetime():
            found = (5, _MOMENT, struct.pack("<d", (value - _EPOCH) / dt.timedelta(days=1)))
        case dt.date():
            found = (5, _DATE, struct.pack("<d", (value - _EPOCH.date()).days))
        case int() | float():
            found = (5, 0, struct.pack("<d", value))
        case _:
            found = (6, 0, wide(str(value)))
    return found


def _xlsb_sheet(sheet: Sheet, codes: Sequence[str]) -> bytes:
    width = max((len(cells) for cells in sheet.rows), default=0)
    body = record(129) + record(148, struct.pack("<4I", 0, len(sheet.rows), 0, width))
    for number in sheet.hidden_columns:
        body += record(60, struct.pack("<IIIIH", number, number, 0, 0, 1))
    body += record(145)
    for number, cells in enumerate(sheet.rows):
        body += xlsb_row(number, is_hidden=number in sheet.hidden_rows)
        body += b"".join(xlsb_cell(at, v, codes) for at, v in enumerate(cells) if v is not None)
    merged = b"".join(record(176, struct.pack("<4I", *area)) for area in sheet.merged)
    return body + record(146) + record(177) + merged + record(178) + record(130)


def xlsb_parts(sheets: Sequence[Sheet], *, counts_from_1904: bool = False) -> dict[str, Any]:
    """Return the parts of a binary workbook by name."""
    relation = f'<Relationship Id="{{}}" Type="{_RELATIONS}/{{}}" Target="{{}}"/>'
    whole = "http://schemas.openxmlformats.org/package/2006/relationships"
    relations = f'<Relationships xmlns="{whole}">{{}}</Relationships>'
    names = b"".join(
        record(156, struct.pack("<II", int(s.is_hidden), n) + wide(f"rId{n}") + wide(s.name))
        for n, s in enumerate(sheets, start=1)
    )
    system = record(153, struct.pack("<III", int(counts_from_1904), 0, 0))
    cells = [value for sheet in sheets for row in sheet.rows for value in row]
    codes = sorted({value.code for value in cells if isinstance(value, Shown)})
    own = [(_OWN_FORMATS + n, code) for n, code in enumerate(codes)]
    formats = b"".join(record(44, struct.pack("<H", number) + wide(code)) for number, code in own)
    forms = b"".join(
        record(47, struct.pack("<HH", 0, form) + bytes(12))
        for form in (0, 14, 22, *(number for number, _ in own))
    )
    return {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": relations.format(
            relation.format("rId1", "officeDocument", "xl/workbook.bin")
        ),
        "xl/workbook.bin": record(131) + system + record(143) + names + record(144) + record(132),
        "xl/_rels/workbook.bin.rels": relations.format(
            "".join(
                relation.format(f"rId{n}", "worksheet", f"worksheets/sheet{n}.bin")
                for n in range(1, len(sheets) + 1)
            )
            + relation.format("rId99", "styles", "styles.bin")
        ),
        "xl/styles.bin": record(278)
        + record(615, struct.pack("<I", len(own)))
        + formats
        + record(616)
        + record(617, struct.pack("<I", _OWN_STYLES + len(own)))
        + forms
        + record(618)
        + record(279),
        **{
            f"xl/worksheets/sheet{n}.bin": _xlsb_sheet(sheet, codes)
            for n, sheet in enumerate(sheets, start=1)
        },
    }


def write_xlsb(path: Path, sheets: Sequence[Sheet]) -> None:
    """Write a binary workbook."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in xlsb_parts(sheets).items():
            archive.writestr(name, content)
