"""The second readers of ODS, XLS and XLSB: what they accept is where calamine says it is."""

from __future__ import annotations

import io
import zipfile
from functools import partial
from typing import TYPE_CHECKING

import python_calamine
import xlwt

from importer.reading import sheet_rows
from importer.reading.cells import cell_text
from tests.edges.workbook_kit import (
    Failed,
    Result,
    Sheet,
    ods_cell,
    ods_row,
    pack_ods,
    xlsb_parts,
)
from tests.fuzz.target import Target, loaded, refused_rows, scratch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from tests.fuzz.target import Replace

_ROWS: tuple[tuple[object, ...], ...] = (
    ("first", "last", "phone"),
    ("Ada", "Sample", 3125550142),
    (True, None, 1.5),
    (None, None, None),
    ("Zoë", "O'Neil", "x"),
)


def _judge(kind: str, content: bytes) -> None:
    """Read a workbook of that kind, and look for each of calamine's cells in it."""
    packed = content
    if kind == "ods" and content[:1] == b"<":
        tables = content.decode("utf-8", "replace")
        packed = pack_ods(scratch() / "parts.ods", tables).read_bytes()
    elif kind == "xlsb" and content[:1] == b"\x81":
        packed = _packed(xlsb_parts([Sheet(rows=_ROWS)]) | {"xl/worksheets/sheet1.bin": content})
    name = f"patients.{kind}"
    outcome = loaded(packed, name)
    if outcome is None or outcome.sheet is None:
        return
    book = python_calamine.CalamineWorkbook.from_path(str(scratch() / name))
    cells = book.get_sheet_by_name(outcome.sheet).to_python(skip_empty_area=False)
    refused = refused_rows(outcome)
    for number, values in enumerate(cells, start=1):
        texts = [cell_text(value).strip() for value in values]
        if number > 1 and number not in refused and any(texts):
            read = [text.strip() for text in outcome.rows[number]]
            assert read == texts[: len(read)], number
            assert not any(texts[len(read) :]), number


def _packed(parts: dict[str, bytes | str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return packed.getvalue()


def lose_empty_cells(replace: Replace) -> None:
    """Lose the empty cells left of a value, as a reader does that trusts no column."""
    right = sheet_rows._values_of  # noqa: SLF001 - what is broken on purpose

    def values_of(*args: Any) -> Iterator[Any]:
        for values in right(*args):
            filled = [value for value in values if value != ""]
            yield filled + [""] * (len(values) - len(filled))

    replace(sheet_rows, "_values_of", values_of)


def _ods_seeds() -> Iterator[bytes]:
    rows = "".join(ods_row("".join(ods_cell(value) for value in cells)) for cells in _ROWS)
    repeated = ods_row(ods_cell("x", 'table:number-columns-repeated="2"'))
    formula = ods_row(ods_cell(Result(3)) + ods_cell(Failed()) + ods_cell("z"))
    hidden = ods_row(ods_cell("h") * 3, 'table:visibility="collapse"')
    for more in ("", repeated, formula, hidden):
        yield f'<table:table table:name="Patients">{rows}{more}</table:table>'.encode()
    yield pack_ods(
        scratch() / "seed.ods", f'<table:table table:name="P">{rows}</table:table>'
    ).read_bytes()


def _xls_seeds() -> Iterator[bytes]:
    packed, book = io.BytesIO(), xlwt.Workbook()
    sheet = book.add_sheet("Patients")
    for row, cells in enumerate(_ROWS):
        for column, value in enumerate(cells):
            if value is not None:
                sheet.write(row, column, value)
    sheet.write(5, 0, xlwt.Formula("1+1"))
    sheet.merge(6, 7, 0, 1)
    book.save(packed)
    yield packed.getvalue()


def _xlsb_seeds() -> Iterator[bytes]:
    parts = xlsb_parts([Sheet(rows=(*_ROWS, (Result(2.0), Failed(), "z")), merged=((6, 7, 0, 1),))])
    yield parts["xl/worksheets/sheet1.bin"]
    yield _packed(parts)


_XML = (
    *(b"<table:table-row>", b"</table:table-row>", b"<table:table-cell", b"</table:table-cell>"),
    *(b"<text:p>", b"</text:p>", b"<text:s/>", b"<text:tab/>", b"<office:annotation>", b"<draw:a>"),
    *(b' table:number-columns-repeated="2"', b' table:number-rows-repeated="2"'),
    *(b' office:value-type="float"', b' office:value="1.5"', b' office:value-type="string"'),
    *(b' table:formula="of:=1"', b' office:string-value="x"', b"<table:covered-table-cell/>"),
    b' office:value-type="date" office:date-value="2030-01-07"',
)
_NUMBERS = (b"\x00\x00", b"\xff\xff", b"\x00\x00\x00\x80", b"\xff\xff\xff\x7f", b"\x01\x00")

TARGETS = tuple(
    Target(name=kind, judge=partial(_judge, kind), seeds=seeds, words=words, plant=lose_empty_cells)
    for kind, seeds, words in (
        ("ods", _ods_seeds, _XML),
        ("xls", _xls_seeds, (*_NUMBERS, b"\x09\x08", b"\x0a\x00", b"\xe5\x00", b"\x06\x00")),
        ("xlsb", _xlsb_seeds, (*_NUMBERS, b"\x91\x01", b"\xb0\x01", b"\x00\x19", b"\x07", b"\x06")),
    )
)
