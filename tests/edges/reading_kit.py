"""What the tests of reading share: files made on the spot, and what came out of them."""

from __future__ import annotations

import io
import stat
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from msoffcrypto.format import ooxml

from importer.errors import SourceError
from importer.reading import ReadOptions, open_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from importer.problems import ProblemCode

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_MAIN_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
DATE_STYLE, MOMENT_STYLE, TIME_STYLE = 1, 2, 3


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Everything that reading said of one file."""

    headings: tuple[str, ...]
    rows: dict[int, list[str]]
    lines: dict[int, int]
    problems: list[tuple[int, str, int | None]]
    warnings: list[str]
    sheet: str | None
    is_results: bool


def read(path: Path, **options: Any) -> Outcome:
    """Read a file to its end."""
    table = open_table(path, ReadOptions(**options))
    table_start = options.get("header_row", 1)
    rows: dict[int, list[str]] = {}
    lines: dict[int, int] = {}
    problems: list[tuple[int, str, int | None]] = []
    for chunk in table.chunks():
        assert all(str(kind) == "str" for kind in chunk.frame.dtypes)
        assert not chunk.frame.isna().to_numpy().any()
        assert list(chunk.frame.columns) == list(range(len(table.headings)))
        numbers = [int(number) for number in chunk.frame.index]
        first = max(rows, default=table_start) + 1
        assert numbers == list(range(first, first + len(numbers)))
        cells = chunk.frame.itertuples(index=False, name=None)
        rows.update(zip(numbers, map(list, cells), strict=True))
        if chunk.lines is not None:
            lines.update(zip(numbers, chunk.lines, strict=True))
        problems += [(p.row_number, p.code.name, p.column) for p in chunk.problems]
    return Outcome(
        headings=table.headings,
        rows=rows,
        lines=lines,
        problems=problems,
        warnings=[warning.code.name for warning in table.warnings],
        sheet=table.sheet,
        is_results=table.is_results,
    )


def refusal(path: Path, code: ProblemCode, **options: Any) -> SourceError:
    """Read a file that must be refused for `code`, and return the error."""
    with pytest.raises(SourceError) as caught:
        read(path, **options)
    error = caught.value
    assert error.code == code.code, error.message
    name = options.get("name", path.name)
    assert error.message.startswith(name if name.isprintable() else ascii(name)[1:-1])
    assert "\n" not in error.message
    assert error.todo
    assert error.__cause__ is None
    return error


def write_csv(folder: Path, content: str | bytes, name: str = "patients.csv") -> Path:
    """Write text, or bytes as they are."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def write_xlsx(folder: Path, rows: Iterable[Sequence[object]], *, title: str = "Patients") -> Path:
    """Write a workbook of one sheet as openpyxl does."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    path = folder / "patients.xlsx"
    book.save(path)
    return path


def text_cell(text: str) -> str:
    """Return the XML of a cell of text, placed behind the one before."""
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def number_cell(number: object, style: int = 0) -> str:
    """Return the XML of a cell that holds a number."""
    return f'<c s="{style}"><v>{number}</v></c>'


def row_xml(cells: str, number: int | None = None) -> str:
    """Return the XML of a row, placed below the one before when it has no number."""
    return f"<row>{cells}</row>" if number is None else f'<row r="{number}">{cells}</row>'


HEADINGS_XML = row_xml("".join(map(text_cell, ("first", "last", "phone"))), 1)


def sheet_xml(rows: str, *, before: str = "", after: str = "") -> str:
    """Return the XML of a worksheet."""
    data = f"<sheetData>{rows}</sheetData>"
    return f'<worksheet xmlns="{_MAIN}">{before}{data}{after}</worksheet>'


def package_parts(
    sheet: str | bytes,
    *,
    workbook: str = "",
    sheets: str = '<sheet name="Patients" sheetId="1" r:id="rId1"/>',
    calculation: str = "",
) -> dict[str, str | bytes]:
    """Return the parts of a workbook by name, to be changed before they are packed."""
    relation = f'<Relationship Id="{{}}" Type="{_OFFICE}/{{}}" Target="{{}}"/>'
    relations = f'<Relationships xmlns="{_PACKAGE}/relationships">{{}}</Relationships>'
    book = f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{workbook}<sheets>{sheets}</sheets>'
    formats = '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/>'
    styles = "".join(f'<xf numFmtId="{number}"/>' for number in (0, 14, 164, 21))
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_MAIN_TYPE}"/></Types>',
        "_rels/.rels": relations.format(
            relation.format("rId1", "officeDocument", "xl/workbook.xml")
        ),
        "xl/workbook.xml": f"{book}{calculation}</workbook>",
        "xl/_rels/workbook.xml.rels": relations.format(
            relation.format("rId1", "worksheet", "worksheets/sheet1.xml")
            + relation.format("rId2", "styles", "styles.xml")
        ),
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><numFmts count="1">{formats}</numFmts>'
        f'<cellXfs count="4">{styles}</cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": sheet,
    }


def pack(folder: Path, parts: Mapping[str, str | bytes], name: str = "patients.xlsx") -> Path:
    """Pack parts into a workbook."""
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return path


def write_sheet(folder: Path, rows: str, **options: Any) -> Path:
    """Write a workbook whose only sheet has these rows of XML."""
    return pack(folder, package_parts(sheet_xml(rows), **options))


def encrypted(path: Path, password: str) -> bytes:
    """Return a workbook behind a password, as Excel writes it since 2010."""
    content = io.BytesIO()
    ooxml.OOXMLFile(io.BytesIO(path.read_bytes())).encrypt(password, content)
    return content.getvalue()


def zipped(*entries: tuple[str, bytes], links: tuple[str, ...] = ()) -> bytes:
    """Return a ZIP archive of these files; those in `links` are marked as symbolic links."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in entries:
            entry = zipfile.ZipInfo(name)
            kind = stat.S_IFLNK if name in links else stat.S_IFREG
            entry.external_attr = (kind | 0o644) << 16
            archive.writestr(entry, text, zipfile.ZIP_DEFLATED)
    return content.getvalue()


def with_wrong_byte(content: bytes, at: int) -> bytes:
    """Return the bytes with one of them changed."""
    return content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :]
