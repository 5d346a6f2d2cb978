"""Cases 1 to 38 and 80 to 92, in every format that they apply to: the file and its table."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

from importer.problems import ProblemCode as P
from tests.edges.case_kit import (
    HEADINGS,
    Case,
    as_parts,
    as_xlsx,
    book,
    csv_text,
    row_of,
    table,
    text,
    value,
)
from tests.edges.reading_kit import encrypted, number_cell, zipped
from tests.edges.workbook_kit import Sheet, write_book

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from openpyxl import Workbook

ROWS = [row_of(12), row_of(23), row_of(34)]
LINES = [HEADINGS, *ROWS]
TEXT = csv_text(LINES)
BLANK = [""] * len(HEADINGS)
NOT_MANY = len(HEADINGS) - 2


def replaced(old: str, new: str) -> str:
    """Return the file with one row changed as text."""
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def with_headings(**renamed: str) -> list[list[Any]]:
    """Return the lines with some headings changed."""
    return [[renamed.get(name, name) for name in HEADINGS], *ROWS]


def locked(folder: Path) -> Path:
    """Write a workbook behind a password."""
    path: Path = as_xlsx(LINES)(folder)
    path.write_bytes(encrypted(path, "secret"))
    return path


def cut_off(folder: Path) -> Path:
    """Write a workbook whose download stopped halfway."""
    path: Path = as_xlsx(LINES)(folder)
    path.write_bytes(path.read_bytes()[:3000])
    return path


def other_format(kind: str) -> Callable[[Path], Path]:
    """Return a writer of the lines in another format of workbooks."""

    def write(folder: Path) -> Path:
        return write_book(folder, kind, Sheet(rows=[[c or None for c in line] for line in LINES]))

    return write


def second_sheet(state: str, name: str = "Old") -> Callable[[Workbook], object]:
    """Return a change that adds a sheet of that state."""

    def change(made: Workbook) -> None:
        made.create_sheet(name).append(["a", "b"])
        made.worksheets[1].sheet_state = state

    return change


def hide_a_row(made: Workbook) -> None:
    """Hide the second patient."""
    made.worksheets[0].row_dimensions[3].hidden = True


def hide_a_column(made: Workbook) -> None:
    """Hide the first names."""
    made.worksheets[0].column_dimensions["A"].hidden = True


def without_height(parts: dict[str, str | bytes]) -> None:
    """Give the first row, and no other, a height of 0."""
    name = "xl/worksheets/sheet1.xml"
    flat = '<row ht="0" customHeight="1">'
    parts[name] = str(parts[name]).replace("<row>", flat, 1)


def merge(made: Workbook) -> None:
    """Merge two cells of last names."""
    made.worksheets[0].merge_cells("B2:B3")


def beside(lines: Sequence[Sequence[Any]], right: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Return lines with a second table to their right, an empty column between."""
    return [[*a, "", *b] for a, b in zip(lines, right, strict=True)]


OTHER = [["Doctor", "Room"], ["Dr. Example", "12 b"], ["Dr. Sample", "14"], ["Dr. Demo", "9"]]
WIDE = [[*line, *[""] * NOT_MANY] for line in OTHER]


def lay_out() -> list[list[Case]]:
    """Return the cases of how a table lies in its file, each in the formats it applies to."""
    long_name = "x" * 40_000
    seven_of_many = [*LINES[:2], [*row_of(23), "moved"], *[row_of(n) for n in range(40, 60)]]
    headed = [[*HEADINGS, ""], *[[*row_of(n), f"note {n}"] for n in range(12, 20)]]
    return [
        value(9, "A", None, reason="first line\nsecond line"),
        text(13, "R", P.ROW_TOO_WIDE, "one more cell", replaced("4021,", "4021,,")),
        book(13, "R", P.ROW_TOO_WIDE, "a value behind the last heading", as_xlsx(seven_of_many)),
        text(14, "R", P.ROW_TOO_NARROW, "a line cut short", TEXT + "Ada,Short,+12065550100\n"),
        book(14, "R", P.REQUIRED_EMPTY, "cells that are not there",
             as_xlsx([*LINES, ["Ada", "Short", "+12065550100"]])),
        value(19, "R", P.INTEGER_NOT_EXACT, location_id="12,5"),
        value(19, "R", P.INTEGER_NOT_EXACT, visit_type_id="4.021,00"),
        table(20, "F", P.COLUMN_TWICE, "phone twice",
              [[*HEADINGS, "phone"], *[[*row, row[2]] for row in ROWS]]),
        table(21, "W", P.HEADING_SYNONYM, "known names",
              with_headings(phone="Cell", birth_date="DOB", location_id="Clinic")),
        table(21, "A", None, "other spelling",
              with_headings(first_name="FIRST\u00a0NAME", last_name=" Last  Name ")),
        table(22, "W", P.COLUMN_UNKNOWN, "insurance",
              [[*HEADINGS, "Insurance"], *[[*row, "Example Mutual"] for row in ROWS]]),
        table(23, "F", P.COLUMN_MISSING, "no phone", with_headings(phone="Phnoe nr")),
        table(24, "Q", P.HEADING_BLANK, "a column without a heading", headed),
        table(24, "Q", P.HEADING_BLANK, "one in the middle",
              [with_headings(reason="")[0], row_of(12, reason="fever"), row_of(23)]),
        table(25, "Q", P.HEADER_ROW_UNCLEAR, "a title above",
              [["Visits of June", *BLANK[1:]], BLANK, *LINES]),
        table(25, "A", None, "the row is named",
              [["Visits of June", *BLANK[1:]], BLANK, *LINES], "--header-row", "3"),
        table(26, "Q", P.HEADER_ROW_UNCLEAR, "a line of groups above",
              [["Patient", *BLANK[1:4], "Visit", *BLANK[5:]], *LINES]),
        table(26, "Q", P.HEADER_ROW_UNCLEAR, "a line of formats below",
              [HEADINGS, ["text"] * len(HEADINGS), *ROWS]),
        table(27, "R", P.HEADER_REPEATED, "joined exports", [*LINES, HEADINGS, row_of(45)]),
        table(27, "R", P.HEADER_REPEATED, "in other writing",
              [*LINES, [name.upper().replace("_", " ") for name in HEADINGS], row_of(45)]),
        table(28, "R", P.FOOTER_ROW, "a total", [*LINES, ["Total: 3", *BLANK[1:]]]),
        table(28, "R", P.FOOTER_ROW, "an end", [*LINES, ["-- end --", *BLANK[1:]]]),
        table(29, "A", None, "blank rows", [*LINES, BLANK, row_of(45), *[BLANK] * 40]),
        table(30, "Q", P.TABLES_UNCLEAR, "the same headings in another order",
              [*LINES, BLANK, [*HEADINGS[:3][::-1], *BLANK[3:]], ["a", "b", "c", *BLANK[3:]]]),
        table(30, "Q", P.TABLES_UNCLEAR, "other headings below", [*LINES, BLANK, *WIDE]),
        table(30, "Q", P.TABLES_UNCLEAR, "other headings beside", beside(LINES, OTHER)),
        book(31, "F", P.SOURCE_EMPTY, "no cell", as_xlsx([])),
        table(32, "A", P.NO_ROWS, "headings alone", [HEADINGS]),
        table(33, "F", P.HEADER_ROW_UNCLEAR, "no headings", ROWS),
        table(34, "R", P.COMMENT_LINE, "a comment", [*LINES, ["# exported", *BLANK[1:]]]),
        table(34, "R", P.COMMENT_LINE, "a patient left out",
              [*LINES, row_of(45, first_name="#Bo")]),
        value(81, "R", P.CELL_TOO_LONG, reason="y" * 1_001),
        text(81, "R", P.CELL_TOO_LONG, "more than a cell holds",
             csv_text([*LINES, row_of(45, reason=long_name)])),
    ]  # fmt: skip


def of_text() -> list[list[Case]]:
    """Return the cases of text alone: bytes, delimiters, quotes, lines."""
    accents = csv_text([*LINES, row_of(45, last_name="Müller"), row_of(56, last_name="Peña")])
    mixed = accents.encode().replace("Müller".encode(), "Müller".encode("cp1252"))
    return [
        text(1, "A", None, "a byte order mark", TEXT.encode("utf-8-sig")),
        text(2, "A", None, "UTF-16-LE", b"\xff\xfe" + accents.encode("utf-16-le")),
        text(2, "A", None, "UTF-16-BE", b"\xfe\xff" + accents.encode("utf-16-be")),
        text(3, "Q", P.SOURCE_ENCODING, "UTF-16 without a mark", accents.encode("utf-16-le")),
        text(3, "Q", P.SOURCE_ENCODING, "UTF-32", accents.encode("utf-32")),
        text(4, "W", P.ENCODING_DETECTED, "cp1252", accents.encode("cp1252")),
        text(4, "A", None, "an encoding named", accents.encode("cp1252"),
             "--encoding", "cp1252"),
        text(5, "R", P.CELL_NOT_DECODABLE, "one line of cp1252", mixed),
        text(6, "R", P.CELL_NOT_DECODABLE, "half a character",
             accents.encode().replace("ñ".encode(), b"\xed\xa0\x80")),
        text(7, "R", P.CELL_CONTROL_CHARACTER, "NUL",
             TEXT + csv_text([row_of(45, last_name="Sam\0ple")])),
        text(8, "R", P.CELL_CONTROL_CHARACTER, "escape",
             TEXT + csv_text([row_of(45, last_name="Sam\x1bple")])),
        text(8, "W", P.END_OF_FILE_MARK, "Ctrl-Z", TEXT + "\x1a"),
        text(10, "A", None, "CR alone", TEXT.replace("\n", "\r")),
        text(10, "A", None, "mixed", TEXT.replace("\n", "\r\n", 2)),
        text(11, "F", P.QUOTE_NOT_CLOSED, "never closed",
             TEXT + 'Ada,"Bee,+12065550100\n' + csv_text([row_of(45)])),
        text(12, "R", P.STRAY_QUOTE, "in the middle", replaced("Ada,Sample", 'Ada,Sam"ple')),
        text(15, "A", None, "a comma behind every line", TEXT.replace("\n", ",\n")),
        text(16, "A", None, "semicolons", csv_text(LINES, ";")),
        text(16, "A", None, "tabs", csv_text(LINES, "\t")),
        text(16, "A", None, "bars", csv_text(LINES, "|")),
        text(16, "Q", P.DELIMITER_UNCLEAR, "two that fit", "a;b,c\n1;2,3\n4;5,6\n"),
        text(17, "R", P.ROW_TOO_NARROW, "another delimiter in one row",
             TEXT + csv_text([row_of(45)], ";")),
        text(18, "A", None, "sep=;", "sep=;\n" + csv_text(LINES, ";")),
        text(31, "F", P.SOURCE_EMPTY, "0 bytes", b""),
        text(31, "F", P.SOURCE_EMPTY, "blank lines", "\n \n"),
        text(80, "F", P.SOURCE_TOO_LARGE, "20,000 columns",
             ",".join(f"c{n}" for n in range(20_000)) + "\n"),
        text(84, "F", P.SOURCE_TYPE_MISMATCH, "a web page", "<html><table></table></html>"),
        text(84, "F", P.SOURCE_TYPE_MISMATCH, "a PDF", b"%PDF-1.7\n"),
        text(85, "A", None, "gzip", gzip.compress(TEXT.encode()), name="visits.csv.gz"),
        text(85, "A", None, "one file in a ZIP archive", zipped(("visits.csv", TEXT.encode())),
             name="visits.zip"),
        text(85, "F", P.ARCHIVE_UNCLEAR, "two files", zipped(("a.csv", b"x"), ("b.csv", b"x")),
             name="visits.zip"),
        text(85, "F", P.ARCHIVE_UNCLEAR, "a way out", zipped(("../a.csv", TEXT.encode())),
             name="visits.zip"),
        text(92, "F", P.SOURCE_NOT_A_SPREADSHEET, "a lock file", TEXT, name="~$visits.csv"),
        text(92, "A", None, "an odd name", TEXT, name="a' (1) ; ünï.csv"),
    ]  # fmt: skip


def of_workbooks() -> list[list[Case]]:
    """Return the cases of workbooks alone."""
    half, control = row_of(45, last_name="Ad_xD800_a"), row_of(45, last_name="Ad_x0001_a")
    link = "<f>'[1]Old'!A1</f><v>4021</v>"
    doctype = '<!DOCTYPE x [<!ENTITY a "boo">]>'
    linked = [HEADINGS, row_of(12, location_id=f"<c>{link}</c>")]
    return [
        book(6, "R", P.CELL_NOT_DECODABLE, "half a character", as_parts([*LINES, half])),
        book(7, "R", P.CELL_CONTROL_CHARACTER, "NUL",
             as_parts([*LINES, row_of(45, last_name="Ad_x0000_a")])),
        book(8, "R", P.CELL_CONTROL_CHARACTER, "a control character",
             as_parts([*LINES, control])),
        book(35, "R", P.CELL_MERGED, "a name over two rows", as_xlsx(LINES, merge)),
        book(36, "W", P.HIDDEN_SHEET, "hidden", as_xlsx(LINES, second_sheet("hidden"))),
        book(36, "W", P.HIDDEN_SHEET, "very hidden", as_xlsx(LINES, second_sheet("veryHidden"))),
        book(37, "W", P.HIDDEN_ROWS, "a hidden row", as_xlsx(LINES, hide_a_row)),
        book(37, "W", P.HIDDEN_COLUMN, "a hidden column", as_xlsx(LINES, hide_a_column)),
        book(37, "W", P.HIDDEN_ROWS, "a row of height 0", as_parts(LINES, without_height)),
        book(38, "Q", P.SHEET_UNCLEAR, "two sheets", as_xlsx(LINES, second_sheet("visible"))),
        book(38, "A", None, "one is named", as_xlsx(LINES, second_sheet("visible")),
             "--sheet", "Sheet"),
        book(42, "W", P.FORMULA_VALUE_USED, "a link to another workbook", as_parts(linked)),
        *(book(83, "A", None, kind, other_format(kind)) for kind in ("xls", "xlsb", "ods")),
        text(83, "F", P.SOURCE_TYPE_MISMATCH, "Numbers",
             zipped(("Index/Document.iwa", b"")), name="visits.xlsx"),
        text(84, "F", P.SOURCE_TYPE_MISMATCH, "text named xlsx", TEXT, name="visits.xlsx"),
        book(84, "F", P.SOURCE_TYPE_MISMATCH, "a workbook named csv",
             lambda folder: as_xlsx(LINES)(folder).rename(folder / "visits.csv")),
        book(86, "F", P.SOURCE_ENCRYPTED, "a password", locked),
        book(87, "F", P.SOURCE_CORRUPT, "cut off", cut_off),
        book(87, "F", P.SOURCE_CORRUPT, "a part that is no XML",
             as_parts(LINES, lambda parts: parts.update({"xl/workbook.xml": "<broken"}))),
        book(88, "F", P.SOURCE_TOO_LARGE, "unpacks to too much",
             as_parts(LINES, lambda parts: parts.update({"xl/media/x": bytes(11_000_000)}))),
        book(88, "F", P.SOURCE_TOO_LARGE, "a cell far away",
             far_away('<c r="XFD1048576"><v>1</v></c>')),
        book(89, "F", P.SOURCE_ACTIVE_CONTENT, "entities",
             as_parts(LINES, lambda parts: parts.update(
                 {"xl/workbook.xml": doctype + str(parts["xl/workbook.xml"])}))),
        book(90, "W", P.MACROS_IGNORED, "macros",
             as_parts(LINES, lambda parts: parts.update({"xl/vbaProject.bin": b"x"}),
                      name="visits.xlsm")),
        book(58, "R", P.CELL_ERROR_VALUE, "a number that is none",
             as_parts([*LINES, row_of(45, reason=number_cell("NaN"))])),
    ]  # fmt: skip


def far_away(cell: str) -> Callable[[Path], Path]:
    """Return a writer of a workbook with one cell in its last row and column."""

    def change(parts: dict[str, str | bytes]) -> None:
        name = "xl/worksheets/sheet1.xml"
        row = f'<row r="1048576">{cell}</row></sheetData>'
        parts[name] = str(parts[name]).replace("</sheetData>", row)

    return as_parts(LINES, change)


FILES = [case for cases in (*lay_out(), *of_text(), *of_workbooks()) for case in cases]
