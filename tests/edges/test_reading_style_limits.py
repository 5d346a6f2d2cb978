"""Styles beyond what any workbook has refuse the file after few of them, and in little memory."""

from __future__ import annotations

import struct
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from importer.errors import SourceError
from importer.problems import ProblemCode
from importer.reading.ods_styles import CellStyles
from importer.reading.style_table import PIECE_LIMIT, STYLE_LIMIT, StyleTable
from importer.reading.table import Place
from importer.reading.xlsb import read_styles as read_binary_styles
from importer.reading.xlsx_styles import read_styles
from tests.edges.case_kit import HEADINGS, as_parts, row_of
from tests.edges.reading_kit import pack, refusal
from tests.edges.test_reading_ods_formats import ods_of
from tests.edges.workbook_kit import (
    Sheet,
    biff,
    packed_xls,
    record,
    wide,
    xls_stream,
    xlsb_parts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

P = ProblemCode
AT = Place(file="a.xlsx")
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEAD = f'<styleSheet xmlns="{MAIN}">'
SOME = 10_000
BLOCKS = 1_000
MEMORY_LIMIT = 20_000_000


class Blocks:
    """A part of a thousand blocks, which counts how many of them are asked for."""

    def __init__(self, head: bytes, block: Callable[[int], bytes]) -> None:
        self.taken = 0
        self._head = head
        self._block = block

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        for number in range(BLOCKS):
            self.taken += 1
            yield self._block(number)


def formats_at(number: int) -> bytes:
    """Return one block of formats, each another one."""
    first = 164 + number * SOME
    return b"".join(
        b'<numFmt numFmtId="%d" formatCode="0"/>' % n for n in range(first, first + SOME)
    )


BOMBS = {
    "styles": (f"{HEAD}<cellXfs>", lambda _: b"<xf/>" * SOME, STYLE_LIMIT),
    "named styles": (f"{HEAD}<cellStyleXfs>", lambda _: b"<xf/>" * SOME, STYLE_LIMIT),
    "formats": (f"{HEAD}<numFmts>", formats_at, STYLE_LIMIT),
    "fonts": (f"{HEAD}<fonts>", lambda _: b"<font/>" * SOME, PIECE_LIMIT),
    "behind": (
        f'{HEAD}<cellXfs><xf numFmtId="170"/></cellXfs><dxfs>',
        lambda _: b"<dxf/>" * SOME,
        PIECE_LIMIT,
    ),
}


@pytest.mark.parametrize("what", BOMBS)
def test_too_many_styles_are_refused_before_the_rest_is_read(what: str) -> None:
    head, block, most = BOMBS[what]
    blocks = Blocks(head.encode(), block)
    with pytest.raises(SourceError, match="more styles than") as told:
        read_styles(iter(blocks), AT)
    assert told.value.code == P.SOURCE_TOO_LARGE.code
    assert blocks.taken in (most // SOME, most // SOME + 1)


@pytest.mark.parametrize("what", ["styles", "formats"])
def test_too_many_styles_take_little_memory(what: str) -> None:
    head, block, _ = BOMBS[what]
    tracemalloc.start()
    try:
        with pytest.raises(SourceError):
            read_styles(iter(Blocks(head.encode(), block)), AT)
        assert tracemalloc.get_traced_memory()[1] < MEMORY_LIMIT
    finally:
        tracemalloc.stop()


def test_nothing_behind_the_styles_of_cells_is_read() -> None:
    blocks = Blocks(f"{HEAD}<cellXfs><xf/></cellXfs><dxfs>".encode(), lambda _: b"<dxf/>" * SOME)
    assert read_styles(iter(blocks), AT)[0] is None
    assert blocks.taken == 0


def test_as_many_styles_as_a_workbook_may_have_are_read() -> None:
    styles = b"<xf/>" * (STYLE_LIMIT - 1) + b'<xf numFmtId="9"/>'
    formats = read_styles(iter([f"{HEAD}<cellXfs>".encode(), styles, b"</cellXfs>"]), AT)
    assert formats[STYLE_LIMIT - 1] is not None
    assert formats[STYLE_LIMIT] is None


def binary_format(number: int) -> bytes:
    return record(44, struct.pack("<H", number) + wide("0"))


@pytest.mark.parametrize(
    ("head", "one", "most"),
    [
        (record(617), record(47, bytes(16)), STYLE_LIMIT),
        (record(626), record(47, bytes(16)), STYLE_LIMIT),
        (b"", binary_format(170), STYLE_LIMIT),
        (b"", record(43, bytes(4)), PIECE_LIMIT),
    ],
)
def test_too_many_styles_of_an_xlsb_are_refused(head: bytes, one: bytes, most: int) -> None:
    blocks = Blocks(head, lambda _: one * SOME)
    with pytest.raises(SourceError, match="more styles than"):
        read_binary_styles(iter(blocks), StyleTable(AT))
    assert blocks.taken == most // SOME + 1


def test_nothing_behind_the_styles_of_an_xlsb_is_read() -> None:
    styles = record(617) + record(47, bytes(16)) + record(618)
    blocks = Blocks(styles, lambda _: record(507) * SOME)
    read_binary_styles(iter(blocks), StyleTable(AT))
    assert blocks.taken <= 1


STYLE_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{space}:1.0"'
    for name, space in {"office": "office", "style": "style", "number": "datastyle"}.items()
)
OPEN_HEAD = f"<office:document-styles {STYLE_SPACES}>".encode()


def named(xml: str) -> Callable[[int], bytes]:
    """Return a maker of blocks of such elements, each under another name."""
    return lambda block: "".join(
        xml.replace("NAME", f"n{block * SOME + n}") for n in range(SOME)
    ).encode()


@pytest.mark.parametrize(
    ("head", "block", "most"),
    [
        (b"", named('<style:style style:name="NAME" style:family="table-cell"/>'), STYLE_LIMIT),
        (b"", named('<number:number-style style:name="NAME"/>'), STYLE_LIMIT),
        (b"", lambda _: b"<office:x/>" * SOME, PIECE_LIMIT),
        (
            b'<number:date-style style:name="n">',
            lambda _: b"<number:day/>" * SOME,
            PIECE_LIMIT // 2,
        ),
    ],
)
def test_too_many_styles_of_an_ods_are_refused(
    head: bytes, block: Callable[[int], bytes], most: int
) -> None:
    blocks = Blocks(OPEN_HEAD + head, block)
    with pytest.raises(SourceError, match="more styles than"):
        CellStyles().read(iter(blocks), AT)
    assert blocks.taken in (most // SOME, most // SOME + 1)


# Whole files


def test_an_xlsx_of_too_many_styles_is_refused_in_one_sentence(tmp_path: Path) -> None:
    def change(parts: dict[str, str | bytes]) -> None:
        styles = "<xf/>" * (STYLE_LIMIT + 1)
        parts["xl/styles.xml"] = f"{HEAD}<cellXfs>{styles}</cellXfs></styleSheet>"

    path = as_parts([HEADINGS, row_of(12)], change)(tmp_path)
    assert "65,500" in refusal(path, P.SOURCE_TOO_LARGE).message


def test_an_xlsb_of_too_many_styles_is_refused(tmp_path: Path) -> None:
    parts = xlsb_parts([Sheet(rows=[HEADINGS, row_of(12)])])
    parts["xl/styles.bin"] = record(617) + record(47, bytes(16)) * (STYLE_LIMIT + 1) + record(618)
    refusal(pack(tmp_path, parts, "a.xlsb"), P.SOURCE_TOO_LARGE)


def test_an_xls_of_too_many_styles_is_refused(tmp_path: Path) -> None:
    stream = xls_stream(tmp_path, [tuple(HEADINGS), tuple(row_of(12))])
    old = stream.index(struct.pack("<HH", 0x00E0, 20))
    more = biff(0x00E0, stream[old + 4 : old + 24]) * (STYLE_LIMIT + 1)
    # The sheets are found by their places, which move.
    moved = bytearray(stream[:old] + more + stream[old:])
    at = moved.index(struct.pack("<H", 0x0085), old)
    start = struct.unpack_from("<I", moved, at + 4)[0]
    struct.pack_into("<I", moved, at + 4, start + len(more))
    refusal(packed_xls(tmp_path, bytes(moved)), P.SOURCE_TOO_LARGE)


def test_an_ods_of_too_many_styles_is_refused(tmp_path: Path) -> None:
    make = named('<style:style style:name="NAME" style:family="table-cell"/>')
    styles = "".join(make(block).decode() for block in range(STYLE_LIMIT // SOME + 1))
    refusal(ods_of(tmp_path, {}, automatic=styles), P.SOURCE_TOO_LARGE)
