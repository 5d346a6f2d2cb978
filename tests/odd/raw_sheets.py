"""Workbooks by raw XML: forms that no library writes, and some that are made to do harm."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import zipfile
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from importer.lettering import column_letter
from tests.edges.reading_kit import package_parts, sheet_xml
from tests.odd.model import UNSAYABLE, OddFile, numbered, odd_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from random import Random

    from tests.odd.model import Cells

_PLAIN = ("plain", "x y", "O'Neil", " edges ", "a&b<c>", "ümläut", "two\nlines", "😀")
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def inline(place: str, text: str) -> str:
    """Return a cell that holds its text itself."""
    at = f' r="{place}"' if place else ""
    return f'<c{at} t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


def _rows_xml(rows: Sequence[Cells], *, with_rows: bool = True, with_cells: bool = True) -> str:
    xml = ""
    for number, cells in enumerate(rows, start=1):
        places = [f"{column_letter(c)}{number}" if with_cells else "" for c in range(len(cells))]
        row = "".join(inline(p, str(t)) for p, t in zip(places, cells, strict=True) if t or not p)
        xml += f'<row r="{number}">{row}</row>' if with_rows else f"<row>{row}</row>"
    return xml


def packed(parts: Mapping[str, str | bytes], *, stored: bool = False) -> bytes:
    """Return parts as one archive."""
    out = io.BytesIO()
    form = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(out, "w", form) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def raw_sheets(chance: Random) -> Iterator[OddFile]:
    """Yield sheets whose rows are known, each told in an odd way."""
    for name, tell in _WAYS.items():
        rows = odd_rows(chance, 8, nasty=_PLAIN)
        content = packed(package_parts(tell(rows)))
        yield OddFile(name=f"raw-{name}.xlsx", content=content, written=numbered(rows))
    for name, change in _PARTS.items():
        rows = odd_rows(chance, 8, nasty=_PLAIN)
        parts = package_parts(sheet_xml(_rows_xml(rows)))
        change(parts)
        yield OddFile(name=f"part-{name}.xlsx", content=packed(parts), written=numbered(rows))
    for name, shared in _SHARED.items():
        # Nothing but xml:space keeps the white space around a text.
        rows = odd_rows(chance, 8, nasty=_PLAIN if name != "plain" else ("x y", "ümläut"))
        yield OddFile(
            name=f"shared-{name}.xlsx", content=_by_index(rows, shared), written=numbered(rows)
        )
    yield from _values(chance)
    yield from _harmful(chance)


def _whole(rows: Sequence[Cells]) -> str:
    return sheet_xml(_rows_xml(rows))


def _prefixed(rows: Sequence[Cells]) -> str:
    xml = _whole(rows).replace("<", "<x:").replace("<x:/", "</x:")
    return xml.replace("xmlns=", "xmlns:x=")


def _reversed(rows: Sequence[Cells]) -> str:
    parts = _rows_xml(rows).split("</row>")[:-1]
    return sheet_xml("".join(f"{part}</row>" for part in [parts[0], *reversed(parts[1:])]))


_WAYS: dict[str, Callable[[Sequence[Cells]], str]] = {
    "whole": _whole,
    "no-row-numbers": lambda rows: sheet_xml(_rows_xml(rows, with_rows=False, with_cells=False)),
    "no-places": lambda rows: sheet_xml(_rows_xml(rows, with_cells=False)),
    "small-dimension": lambda rows: sheet_xml(_rows_xml(rows), before='<dimension ref="A1"/>'),
    "large-dimension": lambda rows: sheet_xml(
        _rows_xml(rows), before='<dimension ref="A1:XFD1048576"/>'
    ),
    "odd-dimension": lambda rows: sheet_xml(_rows_xml(rows), before='<dimension ref="B9:A1"/>'),
    "prefixed": _prefixed,
    "reversed": _reversed,
    "row-twice": lambda rows: sheet_xml(_rows_xml(rows) + _rows_xml(rows[:2])),
    "cell-twice": lambda rows: _whole(rows).replace(
        inline("A2", str(rows[1][0])), inline("A2", str(rows[1][0])) + inline("A2", "Other")
    ),
    "two-data": lambda rows: _whole(rows).replace("</worksheet>", "<sheetData/></worksheet>"),
    "comment": lambda rows: _whole(rows).replace("<row", "<!-- row --><row"),
    "cdata": lambda rows: _whole(rows).replace(">4021<", "><![CDATA[4021]]><"),
    "entities": lambda rows: _whole(rows).replace(">4021<", ">&#52;&#x30;21<"),
    "spaces": lambda rows: _whole(rows).replace("><c", ">\n  <c").replace("</row>", "\n</row>"),
    "runs": lambda rows: _whole(rows).replace(
        '<t xml:space="preserve">4021</t>', "<r><t>40</t></r><r><rPr/><t>21</t></r>"
    ),
    "phonetic": lambda rows: _whole(rows).replace(
        '<t xml:space="preserve">4021</t>', '<t>4021</t><rPh sb="0" eb="1"><t>ka</t></rPh>'
    ),
    "lower-places": lambda rows: _whole(rows).replace('r="A2"', 'r="a2"'),
    "dollar-places": lambda rows: _whole(rows).replace('r="A2"', 'r="$A$2"'),
    "wrong-row": lambda rows: _whole(rows).replace('r="B3"', 'r="B7"'),
    "attributes": lambda rows: _whole(rows).replace("<row ", '<row spans="1:3" ht="15" x="y" '),
    "no-height": lambda rows: _whole(rows).replace('<row r="3"', '<row ht="0" r="3"'),
    "merged": lambda rows: sheet_xml(
        _rows_xml(rows), after='<mergeCells><mergeCell ref="A2:A4"/></mergeCells>'
    ),
    "merged-twice": lambda rows: sheet_xml(
        _rows_xml(rows),
        after='<mergeCells><mergeCell ref="A2:C4"/><mergeCell ref="B3:D5"/></mergeCells>',
    ),
    "merged-nowhere": lambda rows: sheet_xml(
        _rows_xml(rows), after='<mergeCells><mergeCell ref="ZZZ1"/></mergeCells>'
    ),
    "cut": lambda rows: _whole(rows)[:-40],
    "no-end": lambda rows: _whole(rows).replace("</worksheet>", ""),
    "declared": lambda rows: (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{_whole(rows)}'
    ),
}


def _swap(name: str, old: str, new: str) -> Callable[[dict[str, str | bytes]], None]:
    def change(parts: dict[str, str | bytes]) -> None:
        content = parts[name]
        assert isinstance(content, str)
        parts[name] = content.replace(old, new)

    return change


def _drop(name: str) -> Callable[[dict[str, str | bytes]], None]:
    return lambda parts: parts.__delitem__(name)


def _coded(codec: str) -> Callable[[dict[str, str | bytes]], None]:
    def change(parts: dict[str, str | bytes]) -> None:
        sheet = parts["xl/worksheets/sheet1.xml"]
        assert isinstance(sheet, str)
        head = f'<?xml version="1.0" encoding="{codec}"?>'
        parts["xl/worksheets/sheet1.xml"] = (head + sheet).encode(codec, "xmlcharrefreplace")

    return change


_SCHEMAS = "http://schemas.openxmlformats.org"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_PARTS: dict[str, Callable[[dict[str, str | bytes]], None]] = {
    "absolute": _swap(_RELATIONS, "worksheets/sheet1.xml", "/xl/worksheets/sheet1.xml"),
    "backslash": _swap(_RELATIONS, "worksheets/sheet1.xml", "worksheets\\sheet1.xml"),
    "up": _swap(_RELATIONS, "worksheets/sheet1.xml", "../xl/worksheets/sheet1.xml"),
    "no-styles": _drop("xl/styles.xml"),
    "no-types": _drop("[Content_Types].xml"),
    "no-relations": _drop(_RELATIONS),
    "no-sheet": _drop("xl/worksheets/sheet1.xml"),
    "no-workbook": _drop("xl/workbook.xml"),
    "two-names": _swap(
        "xl/workbook.xml", "</sheets>", '<sheet name="Patients" r:id="rId1"/></sheets>'
    ),
    "hidden": _swap("xl/workbook.xml", "<sheet ", '<sheet state="hidden" '),
    "control-name": _swap("xl/workbook.xml", 'name="Patients"', 'name="&#10;&#x202e;Pat"'),
    "1904": _swap("xl/workbook.xml", "<sheets>", '<workbookPr date1904="1"/><sheets>'),
    "utf-16": _coded("utf-16"),
    "latin-1": _coded("iso-8859-1"),
    "ascii": _coded("us-ascii"),
    "cp1252": _coded("windows-1252"),
}


def _by_index(rows: Sequence[Cells], tell: Callable[[str], str]) -> bytes:
    """Return a workbook whose texts stand in the table of shared strings."""
    texts = list(dict.fromkeys(str(cell) for row in rows for cell in row))
    items = "".join(f"<si>{tell(escape(text))}</si>" for text in texts)
    xml = ""
    for number, cells in enumerate(rows, start=1):
        row = "".join(
            f'<c r="{column_letter(c)}{number}" t="s"><v>{texts.index(str(text))}</v></c>'
            for c, text in enumerate(cells)
        )
        xml += f'<row r="{number}">{row}</row>'
    parts = package_parts(sheet_xml(xml))
    relations, kind = str(parts[_RELATIONS]), "officeDocument/2006/relationships/sharedStrings"
    more = f'<Relationship Id="rId9" Type="{_SCHEMAS}/{kind}" Target="sharedStrings.xml"/>'
    parts[_RELATIONS] = relations.replace("</Relationships>", f"{more}</Relationships>")
    parts["xl/sharedStrings.xml"] = f'<sst xmlns="{_MAIN}" count="1" uniqueCount="1">{items}</sst>'
    return packed(parts)


_SHARED: dict[str, Callable[[str], str]] = {
    "preserve": lambda text: f'<t xml:space="preserve">{text}</t>',
    "plain": lambda text: f"<t>{text}</t>",
    "runs": lambda text: f'<r><t xml:space="preserve">{text}</t></r><r><t></t></r>',
    "phonetic": lambda text: (
        f'<t xml:space="preserve">{text}</t><rPh sb="0" eb="1"><t>no</t></rPh>'
    ),
    "phonetic-first": lambda text: (
        f'<rPh sb="0" eb="1"><t>no</t></rPh><t xml:space="preserve">{text}</t>'
    ),
    "prefixed": lambda text: f'<x:t xmlns:x="{_MAIN}" xml:space="preserve">{text}</x:t>',
}


_NUMBERS: dict[str, tuple[str, object]] = {
    "one": ('<c r="G2"><v>1</v></c>', 1),
    "exponent": ('<c r="G2"><v>3.125550142E9</v></c>', 3125550142),
    "plus": ('<c r="G2"><v>+7</v></c>', 7),
    "spaces": ('<c r="G2"><v> 7 </v></c>', 7),
    "huge": ('<c r="G2"><v>1E400</v></c>', None),
    "nan": ('<c r="G2"><v>NaN</v></c>', None),
    "words": ('<c r="G2"><v>seven</v></c>', "seven"),
    "long": ('<c r="G2"><v>12345678901234567890</v></c>', 12345678901234567890),
    "rounded": ('<c r="G2"><v>0.30000000000000004</v></c>', 0.1 + 0.2),
    "empty": ('<c r="G2"><v></v></c>', ""),
    "no-value": ('<c r="G2" t="str"/>', ""),
    "string": ('<c r="G2" t="str"><v>01.0</v></c>', "01.0"),
    "boolean": ('<c r="G2" t="b"><v>1</v></c>', True),
    "boolean-word": ('<c r="G2" t="b"><v>true</v></c>', True),
    "boolean-2": ('<c r="G2" t="b"><v>2</v></c>', None),
    "error": ('<c r="G2" t="e"><v>#DIV/0!</v></c>', None),
    "iso": ('<c r="G2" t="d"><v>2030-01-07T09:30:00</v></c>', "2030-01-07T09:30:00"),
    "unknown": ('<c r="G2" t="z"><v>1</v></c>', None),
    "index": ('<c r="G2" t="s"><v>99</v></c>', None),
    "negative-index": ('<c r="G2" t="s"><v>-1</v></c>', None),
    "formula": ('<c r="G2"><f>1+1</f><v>2</v></c>', 2),
    "no-result": ('<c r="G2"><f>1+1</f></c>', None),
    "shared-formula": ('<c r="G2"><f t="shared" si="0"/><v>5</v></c>', 5),
    "style": ('<c r="G2" s="99"><v>43831</v></c>', 43831),
    "day": ('<c r="G2" s="1"><v>43831</v></c>', dt.date(2020, 1, 1)),
    "day-60": ('<c r="G2" s="1"><v>60</v></c>', None),
    "day-0": ('<c r="G2" s="1"><v>0</v></c>', "00:00:00"),
    "day-far": ('<c r="G2" s="1"><v>2958466</v></c>', 2958466),
    "day-huge": ('<c r="G2" s="1"><v>-1e300</v></c>', None),
    "half-day": ('<c r="G2" s="3"><v>0.5</v></c>', "12:00:00"),
    "escape": (inline("G2", "a_x000D_b"), "a\rb"),
    "escaped": (inline("G2", "a_x005F_x000D_b"), "a_x000D_b"),
    "half": (inline("G2", "a_xD83D_b"), None),
    "both": ('<c r="G2" t="inlineStr"><is><t>a</t></is><v>b</v></c>', None),
}
"""A reason's cell, and the value that it says; None where it must not pass without a word."""


def _values(chance: Random) -> Iterator[OddFile]:
    for name, (cell, value) in _NUMBERS.items():
        rows = odd_rows(chance, 3, nasty=("plain",))
        written: list[list[object]] = [list(row) for row in rows]
        written[1][6] = UNSAYABLE if value is None else value
        rows[1][6] = "instead"
        instead = inline("G2", "instead")
        xml = _rows_xml(rows)
        assert instead in xml
        content = packed(package_parts(sheet_xml(xml.replace(instead, cell))))
        yield OddFile(name=f"value-{name}.xlsx", content=content, written=numbered(written))


def _harmful(chance: Random) -> Iterator[OddFile]:
    rows = odd_rows(chance, 3, nasty=("plain",))
    sheet, name = _whole(rows), "xl/worksheets/sheet1.xml"
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    outside = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    for word, head in (("bomb", bomb), ("outside", outside)):
        parts = package_parts(head + sheet.replace(">4021<", ">&a;<"))
        yield OddFile(name=f"xml-{word}.xlsx", content=packed(parts), must_be="refused")
    far = sheet.replace(
        "</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )
    yield OddFile(name="far-bomb.xlsx", content=packed(package_parts(far)), must_be="refused")
    deep = "<a>" * 100_000 + "</a>" * 100_000
    content = packed(package_parts(sheet.replace("</worksheet>", f"{deep}</worksheet>")))
    yield OddFile(name="deep.xlsx", content=content, written=numbered(rows))
    many = packed({f"x{number}": b"" for number in range(20_000)} | package_parts(sheet))
    yield OddFile(name="many-parts.xlsx", content=many, must_be="refused")
    twice = io.BytesIO(packed(package_parts(sheet)))
    with zipfile.ZipFile(twice, "a") as archive:
        archive.writestr(name.upper(), sheet.replace("Ada", "Bob"))
    yield OddFile(name="part-twice.xlsx", content=twice.getvalue(), must_be="refused")
    yield OddFile(
        name="stored.xlsx",
        content=packed(package_parts(sheet), stored=True),
        written=numbered(rows),
        must_be="read",
    )


def bombs(chance: Random) -> Iterator[OddFile]:
    """Yield small archives that unpack to far more than any table."""
    sheet = _whole(odd_rows(chance, 3, nasty=("plain",)))
    spaces = package_parts(sheet.replace("<sheetData>", "<sheetData>" + " " * 120_000_000))
    yield OddFile(name="spaces.xlsx", content=packed(spaces), must_be="refused")
    rows = gzip.compress(b"a,b\n" + b"x,y\n" * 30_000_000, compresslevel=1)
    yield OddFile(name="rows.csv.gz", content=rows, must_be="refused")
