"""Number formats: a cell that shows something else than it keeps is refused where text is sent."""

from __future__ import annotations

import struct
import zipfile
from typing import TYPE_CHECKING

import openpyxl
import pytest

from importer.problems import ProblemCode
from tests.edges.case_kit import HEADINGS, as_parts, row_of
from tests.edges.format_kit import JOINED, joined_book, problems_of
from tests.edges.reading_kit import pack, read, refusal
from tests.edges.workbook_kit import (
    Sheet,
    Shown,
    biff,
    packed_xls,
    record,
    wide,
    write_book,
    xls_stream,
    xlsb_parts,
)
from tests.rows import invented_row

if TYPE_CHECKING:
    from pathlib import Path

P = ProblemCode
BINARY = ["xls", "xlsb"]
KINDS = ["xlsx", *BINARY]
CASES = [
    ("emr_patient_id", 42, "000000", True),
    ("emr_patient_id", 421234, "000000", False),
    ("emr_patient_id", 7, '"MRN-"0', True),
    ("emr_patient_id", 7, '"MRN_x"0', True),
    ("emr_patient_id", "7", '"MRN-"@', True),
    ("emr_patient_id", "7", '"no "@', True),
    ("reason", 0.5, "0%", True),
    ("reason", 0, '0;-0;"none"', True),
    ("reason", -5, '0;"minus "0', True),
    ("reason", 5, '0;"minus "0', False),
    ("reason", 150, '[>100]"many";0', True),
    ("reason", 50, '[>100]"many";0', False),
    ("reason", 5.5, "0", True),
    ("emr_patient_id", 42, "0", False),
    ("emr_patient_id", "0042", "@", False),
    ("emr_patient_id", "42", "000000", False),
    ("emr_patient_id", 4.25, "General", False),
    ("emr_patient_id", 1.1e-05, "General", True),
    ("reason", 1 / 3, "General", True),
    ("emr_patient_id", 1234567.1234567, "General", True),
    ("phone", 3125550142, "000-000-0000", False),
    ("location_id", 4021, "000000", False),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("field", "value", "code", "is_refused"), CASES)
def test_a_cell_that_shows_something_else_is_refused_where_text_is_sent(
    tmp_path: Path, kind: str, field: str, value: object, code: str, *, is_refused: bool
) -> None:
    lines = [HEADINGS, row_of(12), row_of(23, **{field: Shown(value, code)})]
    found = problems_of(write_book(tmp_path, kind, Sheet(rows=lines)))
    assert found.get(P.CELL_SHOWN_OTHERWISE, set()) == ({(3, field)} if is_refused else set())
    assert len(found) == is_refused


def test_a_format_of_an_empty_cell_shows_nothing(tmp_path: Path) -> None:
    path = write_book(tmp_path, "xlsx", Sheet(rows=[HEADINGS, row_of(12), row_of(23)]))
    book = openpyxl.load_workbook(path)
    for row in (3, 9):
        book.worksheets[0].cell(row, HEADINGS.index("birth_sex") + 1).number_format = "000000"
    book.save(path)
    assert problems_of(path) == {}


def test_a_cell_that_names_no_style_has_the_first_one(tmp_path: Path) -> None:
    """So it is where a workbook's normal style was given a format."""

    def change(parts: dict[str, str | bytes]) -> None:
        styles = str(parts["xl/styles.xml"])
        parts["xl/styles.xml"] = styles.replace('<xf numFmtId="0"/>', '<xf numFmtId="9"/>')

    lines = [HEADINGS, row_of(12, emr_patient_id="<c><v>42</v></c>")]
    found = problems_of(as_parts(lines, change)(tmp_path))
    assert found == {P.CELL_SHOWN_OTHERWISE: {(2, "emr_patient_id")}}


# Records of cells that libraries do not write

PACKED = [
    (42 << 2 | 2, "42"),
    (4200 << 2 | 3, "42, of hundredths"),
    (0x4045_0000, "42, of a float"),
]
"""The number 42 in four bytes, in each of their ways."""
IDS = [what for _, what in PACKED]


@pytest.mark.parametrize("is_run", [False, True])
@pytest.mark.parametrize("packed", [packed for packed, _ in PACKED], ids=IDS)
def test_short_numbers_of_an_xls_are_held_against_their_formats(
    tmp_path: Path, packed: int, *, is_run: bool
) -> None:
    """As one record a cell, and as one for neighbors."""
    column = HEADINGS.index("emr_patient_id")
    row = row_of(12)
    row[column - 1 : column + 1] = [None, Shown(7, "000000")]
    stream = xls_stream(tmp_path, [tuple(HEADINGS), tuple(row)])
    old = struct.pack("<HHHH", 0x027E, 10, 1, column)
    at = stream.index(old)
    style = struct.unpack_from("<H", stream, at + 8)[0]
    single = biff(0x027E, struct.pack("<HHHI", 1, column, style, packed))
    pairs = struct.pack("<HIHI", 15, 9 << 2 | 2, style, packed)
    run = biff(0x00BD, struct.pack("<HH", 1, column - 1) + pairs + struct.pack("<H", column))
    path = packed_xls(tmp_path, stream[:at] + (run if is_run else single) + stream[at + 14 :])
    found = problems_of(path)
    assert found[P.CELL_SHOWN_OTHERWISE] == {(2, "emr_patient_id")}


@pytest.mark.parametrize("packed", [packed for packed, _ in PACKED], ids=IDS)
def test_short_numbers_of_an_xlsb_are_held_against_their_formats(
    tmp_path: Path, packed: int
) -> None:
    column = HEADINGS.index("emr_patient_id")
    lines = [HEADINGS, row_of(12, emr_patient_id=Shown(7, "000000"))]
    parts = xlsb_parts([Sheet(rows=lines)])
    name = "xl/worksheets/sheet1.bin"
    old = record(5, struct.pack("<IId", column, 3, 7))
    assert old in parts[name]
    parts[name] = parts[name].replace(old, record(2, struct.pack("<III", column, 3, packed)))
    found = problems_of(pack(tmp_path, parts, "a.xlsb"))
    assert found == {P.CELL_SHOWN_OTHERWISE: {(2, "emr_patient_id")}}


@pytest.mark.parametrize("kind", BINARY)
@pytest.mark.parametrize("result", [42.0, "7"])
def test_results_of_formulas_are_held_against_their_formats(
    tmp_path: Path, kind: str, result: object
) -> None:
    column = HEADINGS.index("emr_patient_id")
    code = '000000;;;"no "@'
    lines = [tuple(HEADINGS), tuple(row_of(12, emr_patient_id=Shown(7, code)))]
    if kind == "xls":
        stream = xls_stream(tmp_path, lines)
        at = stream.index(struct.pack("<HHHH", 0x027E, 10, 1, column))
        head = stream[at + 4 : at + 10]
        kept = struct.pack("<d", result) if isinstance(result, float) else bytes(6) + b"\xff\xff"
        formula = biff(0x06, head + kept + bytes(6) + b"\x03\x00\x1e\x01\x00")
        text = b"" if isinstance(result, float) else biff(0x0207, b"\x01\x00\x007")
        path = packed_xls(tmp_path, stream[:at] + formula + text + stream[at + 14 :])
    else:
        parts = xlsb_parts([Sheet(rows=lines)])
        name = "xl/worksheets/sheet1.bin"
        kept = struct.pack("<d", result) if isinstance(result, float) else wide("7")
        kind_of = 9 if isinstance(result, float) else 8
        program = struct.pack("<HII", 0, 0, 0)
        cell = record(kind_of, struct.pack("<II", column, 3) + kept + program)
        old = record(5, struct.pack("<IId", column, 3, 7))
        parts[name] = parts[name].replace(old, cell)
        path = pack(tmp_path, parts, "a.xlsb")
    assert problems_of(path)[P.CELL_SHOWN_OTHERWISE] == {(2, "emr_patient_id")}


# Dates and times that are none


TIMES = [
    (-0.25, "h:mm", P.DATE_BELOW_ZERO),
    (-0.25, "[h]:mm", P.DATE_BELOW_ZERO),
    (-33_000.75, "m/d/yyyy h:mm", P.DATE_BELOW_ZERO),
    (0.5, "m/d/yyyy", P.DATE_BEFORE_MARCH_1900),
    (1.5, "[h]:mm", P.TIME_UNREADABLE),
    (1, "[h]:mm", P.TIME_UNREADABLE),
    (0.99999999, "h:mm", P.TIME_UNREADABLE),
    (0.99999999, "[h]:mm", P.TIME_UNREADABLE),
    (0.25, "[h]:mm", None),
    (0.396354166666667, "hh:mm", None),
]


@pytest.mark.parametrize("counts_from_1904", [False, True])
@pytest.mark.parametrize("kind", ["xlsx", "xls"])
@pytest.mark.parametrize(("value", "code", "problem"), TIMES)
def test_a_time_cell_that_keeps_no_time_of_day_is_refused(
    tmp_path: Path, kind: str, value: float, code: str, problem: P | None, *, counts_from_1904: bool
) -> None:
    path = joined_book(tmp_path, kind, Shown(value, code))
    if counts_from_1904:
        path = with_1904(path)
    found = problems_of(path, JOINED)
    assert found == ({} if problem is None else {problem: {(2, "appointment_date")}})


@pytest.mark.parametrize("counts_from_1904", [False, True])
@pytest.mark.parametrize(("value", "code", "problem"), TIMES)
def test_a_time_cell_of_an_xlsb_is_refused_alike(
    tmp_path: Path, value: float, code: str, problem: P | None, *, counts_from_1904: bool
) -> None:
    row = {**invented_row(2), "Day": "2090-02-01", "Time": Shown(value, code)}
    del row["appointment_date"]
    sheet = Sheet(rows=[tuple(row), tuple(row.values())])
    parts = xlsb_parts([sheet], counts_from_1904=counts_from_1904)
    found = problems_of(pack(tmp_path, parts, "a.xlsb"), JOINED)
    assert found == ({} if problem is None else {problem: {(2, "appointment_date")}})


def test_a_time_cell_of_1904_with_a_day_says_its_day(tmp_path: Path) -> None:
    path = with_1904(joined_book(tmp_path, "xlsx", Shown(1.5, "h:mm")))
    assert problems_of(path, JOINED) == {P.JOINED_PARTS_DIFFER: {(2, "appointment_date")}}


@pytest.mark.parametrize("kind", KINDS)
def test_a_time_cell_with_a_day_says_its_day(tmp_path: Path, kind: str) -> None:
    path = joined_book(tmp_path, kind, Shown(1.5, "h:mm"))
    assert problems_of(path, JOINED) == {P.DATE_BEFORE_MARCH_1900: {(2, "appointment_date")}}


def with_1904(path: Path) -> Path:
    """Make a workbook one whose days count from 1904."""
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as archive:
            parts = {n: archive.read(n) for n in archive.namelist()}
        book = parts["xl/workbook.xml"].decode()
        assert book.count("<workbookPr ") == 1
        parts["xl/workbook.xml"] = book.replace(
            "<workbookPr ", '<workbookPr date1904="1" '
        ).encode()
        return pack(path.parent, parts, "a.xlsx")
    content = path.read_bytes()
    old = biff(0x0022, struct.pack("<H", 0))
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, biff(0x0022, struct.pack("<H", 1))))
    return path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (0.396354166666667, "hh:mm", "09:30:45"),
        (47515.396354166666, "m/d/yyyy h:mm", "2030-02-01T09:30:45"),
        (47515.395833333336, "m/d/yyyy", "2030-02-01T09:30:00"),
    ],
)
def test_a_moment_is_what_its_cell_keeps_to_the_second(
    tmp_path: Path, kind: str, value: float, code: str, text: str
) -> None:
    rows = [("first", "when"), ("Ada", Shown(value, code))]
    found = read(write_book(tmp_path, kind, Sheet(rows=rows)))
    assert (found.rows, found.problems) == ({2: ["Ada", text]}, [])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("serial", "code"),
    [
        *((serial, P.DATE_BEFORE_MARCH_1900) for serial in (0, 0.5, 1, 59, 60)),
        (-5, P.DATE_BELOW_ZERO),
    ],
)
def test_a_birth_date_before_the_days_that_all_count_alike_is_refused(
    tmp_path: Path, kind: str, serial: float, code: P
) -> None:
    lines = [HEADINGS, row_of(12), row_of(23, birth_date=Shown(serial, "m/d/yyyy"))]
    found = problems_of(write_book(tmp_path, kind, Sheet(rows=lines)))
    assert found == {code: {(3, "birth_date")}}


@pytest.mark.parametrize("kind", KINDS)
def test_a_heading_of_a_negative_date_refuses_the_file(tmp_path: Path, kind: str) -> None:
    rows = [("first", "last", Shown(-1, "h:mm")), ("Ada", "Ek", "1")]
    error = refusal(write_book(tmp_path, kind, Sheet(rows=rows)), P.DATE_BELOW_ZERO)
    assert "row 1, column C" in error.message
