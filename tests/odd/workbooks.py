"""Workbooks as programs write them: openpyxl, XlsxWriter, xlwt, and ODS and XLSB by hand."""

from __future__ import annotations

import datetime as dt
import io
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import xlsxwriter
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, MergedCell
from openpyxl.comments import Comment
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from tests.edges.workbook_kit import Failed, Result, Sheet, write_book
from tests.odd.model import OddFile, numbered, odd_rows, typed_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from random import Random

    from openpyxl.worksheet.worksheet import Worksheet

    from tests.odd.model import Cells

_KINDS = ("xlsx", "xls", "xlsb", "ods")
LONGEST_TEXT = 32_767
_FAR = 100_000
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")


def book(rows: Sequence[Cells], change: Callable[[Any, Worksheet], None] | None = None) -> bytes:
    """Return a workbook by openpyxl, its texts as texts."""
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    for number, cells in enumerate(rows, start=1):
        for column, value in enumerate(cells, start=1):
            if value in {None, ""} and value is not False:
                continue
            cell = sheet.cell(number, column, value)
            if isinstance(value, str) and not isinstance(cell, MergedCell):
                cell.data_type = "s"  # a text like a formula stays a text
    if change is not None:
        change(made, sheet)
    packed = io.BytesIO()
    made.save(packed)
    return packed.getvalue()


def holdable(text: str) -> str:
    """Return a text without what the XML of a workbook cannot hold."""
    plain = ILLEGAL_CHARACTERS_RE.sub("", text).encode("utf-8", "ignore").decode()
    return plain.translate({0xFFFE: None, 0xFFFF: None})[:LONGEST_TEXT]


def as_shown(text: str) -> str:
    """Return what a spreadsheet shows of a text that openpyxl wrote: it escapes no escape."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)


def _escapable(text: str) -> str:
    """Return a text without the one that XlsxWriter's escaping makes another of."""
    return holdable(text.replace("_x005F_x", "_x005F-x"))


def _all(change: Callable[[str], str], rows: Sequence[Sequence[str]]) -> list[list[str]]:
    return [[change(cell) for cell in row] for row in rows]


def texts(chance: Random) -> Iterator[OddFile]:
    """Yield nasty texts, by two writers and in four formats."""
    for number in range(15):
        rows = _all(holdable, odd_rows(chance, 15))
        written = numbered(_all(as_shown, rows))
        yield OddFile(name=f"openpyxl-{number}.xlsx", content=book(rows), written=written)
        rows = _all(_escapable, odd_rows(chance, 15))
        in_memory = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        in_memory["constant_memory"] = number % 2 == 0
        yield OddFile(
            name=f"xlsxwriter-{number}.xlsx",
            content=_by_xlsxwriter(rows, in_memory),
            written=numbered(rows),
        )


def _by_xlsxwriter(rows: Sequence[Sequence[str]], options: dict[str, Any]) -> bytes:
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, options) as made:
        sheet = made.add_worksheet()
        for number, cells in enumerate(rows):
            for column, text in enumerate(cells):
                sheet.write_string(number, column, text)
    return packed.getvalue()


def types(chance: Random) -> Iterator[OddFile]:
    """Yield numbers, dates, booleans, errors and formulas in each format."""
    for kind in _KINDS:
        for number in range(6):
            rows = typed_rows(chance, 12)
            yield _of_kind(kind, f"types-{number}", Sheet(rows=rows), rows)
        rows = typed_rows(chance, 6)
        for row, value in zip(
            rows[1:], (Failed(), Result(3.5), Result("x"), Failed(), 1, ""), strict=True
        ):
            row[8] = value
        plain = [[c for c in row] for row in rows]  # noqa: C416 - a copy of each
        for row in plain[1:]:
            if isinstance(row[8], Failed | Result):
                row[8] = (
                    row[8].value if isinstance(row[8], Result) and kind in {"xlsb", "ods"} else None
                )
        yield _of_kind(
            kind, "formulas", Sheet(rows=rows), plain if kind in {"xlsb", "ods"} else None
        )
        hidden = Sheet(rows=typed_rows(chance, 5), hidden_rows=frozenset({2, 3}))
        yield _of_kind(kind, "hidden", hidden, hidden.rows)
        merged = Sheet(rows=typed_rows(chance, 5), merged=((2, 3, 0, 1), (4, 4, 6, 8)))
        yield _of_kind(kind, "merged", merged, None)
        yield _of_kind(kind, "empty", Sheet(rows=[]), None)
        far: list[list[object]] = typed_rows(chance, 2)
        far += [[] for _ in range(300)] + typed_rows(chance, 1)[1:]
        yield _of_kind(kind, "far", Sheet(rows=far), far)


def of_kind(kind: str, name: str, rows: Sequence[Cells]) -> OddFile:
    """Return a workbook of that kind with these rows and nothing else."""
    return _of_kind(kind, name, Sheet(rows=rows), rows)


def _of_kind(kind: str, name: str, sheet: Sheet, rows: Sequence[Cells] | None) -> OddFile:
    with tempfile.TemporaryDirectory() as folder:
        content = write_book(Path(folder), kind, sheet).read_bytes()
    written = None if rows is None else numbered(rows)
    return OddFile(name=f"{name}.{kind}", content=content, written=written)


def features(chance: Random) -> Iterator[OddFile]:
    """Yield what people do to a workbook, by openpyxl."""
    for name, change in _CHANGES.items():
        rows = typed_rows(chance, 6)
        written = numbered(rows) | ({_FAR: ["far"]} if name == "far-row" else {})
        yield OddFile(name=f"{name}.xlsx", content=book(rows, change), written=written)
    for system in (1900, 1904):
        rows = typed_rows(chance, 8)
        for row, value in zip(rows[1:], _moments(), strict=False):
            row[8] = value
        yield OddFile(
            name=f"moments-{system}.xlsx",
            content=book(rows, _count_from_1904 if system == 1904 else None),
            written=numbered(rows),
        )
    for number, size in enumerate((100, 32_766, LONGEST_TEXT, LONGEST_TEXT + 1, 200_000)):
        rows = odd_rows(chance, 3, nasty=("plain",))
        rows[2][8] = holdable("é" * size)
        yield OddFile(name=f"long-{number}.xlsx", content=book(rows), written=numbered(rows))
    many: list[Cells] = [*odd_rows(chance, 5_000, nasty=("plain",))]
    yield OddFile(name="many.xlsx", content=book(many), written=numbered(many), must_be="read")


def _moments() -> tuple[object, ...]:
    return (
        dt.datetime.fromisoformat("2030-01-07T09:30:00"),
        dt.datetime.fromisoformat("2030-01-07T00:00:00"),
        dt.time(9, 30),
        dt.time(23, 59, 59),
        dt.date(1960, 2, 29),
        dt.datetime.fromisoformat("1999-12-31T23:59:59"),
        dt.date(2100, 3, 1),
    )


def _count_from_1904(made: Any, _: Worksheet) -> None:
    made.epoch = CALENDAR_MAC_1904


def _comments(_: Any, sheet: Worksheet) -> None:
    for row in range(2, 6):
        sheet.cell(row, 1).comment = Comment("call first", "desk")


def _far_cell(_: Any, sheet: Worksheet) -> None:
    sheet.cell(1_048_576, 16_384, "far")


def _far_row(_: Any, sheet: Worksheet) -> None:
    sheet.cell(_FAR, 1, "far")


def _hide(_: Any, sheet: Worksheet) -> None:
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["C"].hidden = True
    sheet.auto_filter.ref = "A1:I7"


def _more_sheets(made: Any, _: Worksheet) -> None:
    made.create_sheet("Notes of the desk: no"[:20].replace(":", ""))["A1"] = "x"


def _hidden_sheet(made: Any, _: Worksheet) -> None:
    made.create_sheet("lists").sheet_state = "veryHidden"


def _formats(_: Any, sheet: Worksheet) -> None:
    for row in range(2, 8):
        sheet.cell(row, 3).number_format = "(000) 000-0000"
        sheet.cell(row, 6).number_format = '0.00E+00;[Red]-0;"none"'


def _links(_: Any, sheet: Worksheet) -> None:
    sheet["A2"].hyperlink = "https://example.com/?a=1&b=2"
    sheet["B3"].hyperlink = "#Sheet!A1"


def _protect(_: Any, sheet: Worksheet) -> None:
    sheet.protection.sheet = True
    sheet.freeze_panes = "C3"
    sheet.title = "Patients & 'friends' <b>"


def _empty_styles(_: Any, sheet: Worksheet) -> None:
    for row in range(2, 400):
        for column in range(1, 40):
            sheet.cell(row, column).number_format = "@"


_CHANGES: dict[str, Callable[[Any, Worksheet], None]] = {
    "comments": _comments,
    "far-cell": _far_cell,
    "far-row": _far_row,
    "hide": _hide,
    "more-sheets": _more_sheets,
    "hidden-sheet": _hidden_sheet,
    "formats": _formats,
    "links": _links,
    "protect": _protect,
    "empty-styles": _empty_styles,
}
