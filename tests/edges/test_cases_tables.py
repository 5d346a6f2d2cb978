"""Cases 7 to 32 of what clinics hand in: what a table is, in text and in workbooks alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.problems import ProblemCode
from importer.reading import ReadOptions, open_table
from tests.edges.reading_kit import read, refusal, write_csv
from tests.edges.workbook_kit import Sheet, write_book

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HEAD = ("first", "last", "phone")
ADA, BO = ("Ada", "Ek", "555"), ("Bo", "Ek", "556")
KINDS = ["csv", "xlsx", "xls", "xlsb", "ods"]
TEXT = "first,last,phone\nAda,Ek,555\n"


def write(tmp_path: Path, kind: str, rows: Sequence[Sequence[str | None]]) -> Path:
    """Write the same rows as text or as a workbook."""
    if kind != "csv":
        return write_book(tmp_path, kind, Sheet(rows=rows))
    lines = (",".join(_quoted(cell or "") for cell in row) for row in rows)
    return write_csv(tmp_path, "\n".join(lines) + "\n")


def _quoted(cell: str) -> str:
    return f'"{cell}"' if "\n" in cell or "," in cell else cell


@pytest.mark.parametrize("kind", ["csv", "xls", "xlsb"])
def test_case_07_a_nul_spoils_its_row(tmp_path: Path, kind: str) -> None:
    found = read(write(tmp_path, kind, [HEAD, ("A\0da", "Ek", "1"), BO]))
    assert found.problems == [(2, "CELL_CONTROL_CHARACTER", 0)]
    assert found.rows[3] == list(BO)


@pytest.mark.parametrize("character", ["\x01", "\x1b", "\x7f", "\x92"])
@pytest.mark.parametrize("kind", ["csv", "xls", "xlsb"])
def test_case_08_a_control_character_spoils_its_row(
    tmp_path: Path, kind: str, character: str
) -> None:
    found = read(write(tmp_path, kind, [HEAD, ("Ada", f"E{character}k", "1"), BO]))
    assert found.problems == [(2, "CELL_CONTROL_CHARACTER", 1)]


def test_case_08_a_last_ctrl_z_is_no_row(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, TEXT + "\x1a"))
    assert (list(found.rows), found.warnings) == ([2], ["END_OF_FILE_MARK"])


@pytest.mark.parametrize("kind", KINDS)
def test_case_09_a_line_break_in_a_cell_keeps_the_row_numbers(tmp_path: Path, kind: str) -> None:
    found = read(write(tmp_path, kind, [HEAD, ("Ada", "a\nb", "1"), BO]))
    assert found.rows[3] == list(BO)
    assert found.problems == []
    assert found.lines == ({2: 2, 3: 4} if kind == "csv" else {})


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_case_10_lines_end_as_they_like(tmp_path: Path, end: str) -> None:
    found = read(write_csv(tmp_path, TEXT.replace("\n", end) + "Bo,Ek,556\n"))
    assert found.rows == {2: list(ADA), 3: list(BO)}


def test_case_11_a_quote_never_closed_refuses_the_file_by_its_line(tmp_path: Path) -> None:
    path = write_csv(tmp_path, TEXT + 'Bo,"Ek,1\n' + "Cy,Ek,2\n" * 9)
    assert "line 3:" in refusal(path, ProblemCode.QUOTE_NOT_CLOSED).message


def test_case_12_a_stray_quote_spoils_its_row(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, TEXT + 'Bo,5" pipe,1\nBo,Ek,556\n'))
    assert found.problems == [(3, "STRAY_QUOTE", 1)]
    assert found.rows[4] == list(BO)


def test_case_13_a_row_with_more_cells_is_spoilt(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, TEXT + "Bo,Ek,Jr.,1\nBo,Ek,556\n"))
    assert found.problems == [(3, "ROW_TOO_WIDE", None)]


@pytest.mark.parametrize("kind", KINDS[1:])
@pytest.mark.parametrize("others", [1, 19])
def test_case_13_a_value_behind_the_last_heading_spoils_its_row(
    tmp_path: Path, kind: str, others: int
) -> None:
    rows = [ADA] * others
    found = read(write(tmp_path, kind, [HEAD, *rows, (*BO, "call"), ADA]))
    assert found.problems == [(others + 2, "ROW_TOO_WIDE", None)]
    assert found.rows[others + 2] == list(BO)


@pytest.mark.parametrize("kind", KINDS)
def test_case_24_values_behind_the_last_heading_are_a_column_without_one(
    tmp_path: Path, kind: str
) -> None:
    """More than one row in ten has one there; in text the empty heading stands."""
    path = write(tmp_path, kind, [(*HEAD, None), *[(*ADA, None)] * 8, *[(*BO, "call")] * 2])
    error = refusal(path, ProblemCode.HEADING_BLANK)
    assert "row 10, column D" in error.message
    assert "call" not in error.message


def test_case_24_one_value_below_an_empty_last_heading_spoils_its_row(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, "first,last,phone,\nAda,Ek,555,\nBo,Ek,556,call\n"))
    assert found.problems == [(3, "ROW_TOO_WIDE", None)]


def test_case_14_a_row_with_fewer_cells_is_spoilt(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, TEXT + "Bo,Ek\n"))
    assert found.problems == [(3, "ROW_TOO_NARROW", None)]
    assert found.rows[3] == ["Bo", "Ek", ""]


def test_case_15_a_comma_behind_every_row_shifts_nothing(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, "first,last,phone\nAda,Ek,555,\nBo,Ek,556,\n"))
    assert (found.rows, found.problems) == ({2: list(ADA), 3: list(BO)}, [])


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_case_16_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    found = read(write_csv(tmp_path, TEXT.replace(",", delimiter)))
    assert (found.headings, found.rows) == (HEAD, {2: list(ADA)})


def test_case_17_rows_with_another_delimiter_are_spoilt(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, TEXT + "Bo;Ek;556\n"))
    assert found.problems == [(3, "ROW_TOO_NARROW", None)]


def test_case_19_a_decimal_comma_parts_no_cell(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, "first;share\nAda;12,5\nBo;1,0\n"))
    assert found.rows == {2: ["Ada", "12,5"], 3: ["Bo", "1,0"]}


@pytest.mark.parametrize("kind", KINDS)
def test_case_20_21_22_headings_are_handed_on_as_they_are(tmp_path: Path, kind: str) -> None:
    """What they mean, and which come twice, is not decided here."""
    head = ("FIRST_NAME", "\u00a0 last  name ", "notes", "notes")
    found = read(write(tmp_path, kind, [head, ("Ada", "Ek", "1", "2")]))
    assert found.headings == ("FIRST_NAME", "last  name", "notes", "notes")


@pytest.mark.parametrize("kind", KINDS)
def test_case_24_a_column_without_a_heading_is_asked_about(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, kind, [("first", None, "phone"), ADA])
    assert "row 2, column B" in refusal(path, ProblemCode.HEADING_BLANK).message


@pytest.mark.parametrize("kind", KINDS)
def test_case_25_a_title_above_the_headings_is_refused(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, kind, [("Lakeside", None, None), (None,), HEAD, ADA, BO])
    assert "--header-row 3" in refusal(path, ProblemCode.HEADER_ROW_UNCLEAR).todo
    assert read(path, header_row=3).rows == {4: list(ADA), 5: list(BO)}


@pytest.mark.parametrize("kind", KINDS)
def test_case_27_headings_again_spoil_their_row(tmp_path: Path, kind: str) -> None:
    found = read(write(tmp_path, kind, [HEAD, ADA, HEAD, BO]))
    assert found.problems == [(3, "HEADER_REPEATED", None)]


@pytest.mark.parametrize("kind", KINDS)
def test_case_29_blank_rows_count_between_others_and_not_behind_them(
    tmp_path: Path, kind: str
) -> None:
    blank = [(None, " ", "")] * 2
    found = read(write(tmp_path, kind, [HEAD, ADA, *blank, BO, *blank * 50]))
    assert list(found.rows) == [2, 3, 4, 5]
    assert found.rows[3] == ["", "", ""]


@pytest.mark.parametrize("kind", KINDS)
def test_case_30_a_second_table_below_is_refused(tmp_path: Path, kind: str) -> None:
    rows = [HEAD, ADA, (None,), ("phone", "first", None), ("1", "Bo", None)]
    error = refusal(write(tmp_path, kind, rows), ProblemCode.TABLES_UNCLEAR)
    assert "row 4" in error.message


NAMED = ("First name", "Last name", "Phone", "Emergency phone", "DOB")
EVA = ("Eva", "Ek", "206-555-0101", "206-555-0102", "1985-03-04")
MOVED = ("Last name", "First name", "Phone", "Emergency phone", "DOB")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "again",
    [
        MOVED,
        ("Surname", "Given name", "Cell", "", "Date of birth"),
        ("First name", "Last name", "Emergency phone", "Phone", "DOB"),
        ("FIRST_NAME", "last name", "Guarantor phone", "", "D.O.B."),
        ("First name", "Last name", "DOB", "Phone", ""),
    ],
)
@pytest.mark.parametrize("gap", [(), (("",) * 5,)])
def test_case_30_headings_in_another_order_refuse_the_file(
    tmp_path: Path, kind: str, again: tuple[str, ...], gap: tuple[tuple[str, ...], ...]
) -> None:
    path = write(tmp_path, kind, [NAMED, EVA, *gap, again, EVA])
    error = refusal(path, ProblemCode.TABLES_UNCLEAR)
    assert f"row {3 + len(gap)}:" in error.message


def test_case_30_the_same_order_below_is_one_table_and_a_patient_is_no_heading(
    tmp_path: Path,
) -> None:
    synonyms = ("Given name", "Surname", "Cell", "Emergency phone", "Date of birth")
    cell = ("Phone", "Cell", "206-555-0103", "", "1985-03-04")
    found = read(write(tmp_path, "csv", [NAMED, EVA, NAMED, synonyms, EVA, cell]))
    assert found.problems == [(3, "HEADER_REPEATED", None), (4, "HEADER_REPEATED", None)]


def test_case_30_letters_in_cells_are_no_headings(tmp_path: Path) -> None:
    path = write(tmp_path, "csv", [("C", "A", "B", "", "1985-03-04"), EVA])
    assert len(read(path, header_row=0).rows) == 2


def test_case_30_a_heading_row_contradicts_a_file_without_headings(tmp_path: Path) -> None:
    path = write(tmp_path, "csv", [EVA, MOVED, EVA])
    assert "row 2:" in refusal(path, ProblemCode.TABLES_UNCLEAR, header_row=0).message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("title", [(), (("Doctors",),), (("Doctors",), (None,))])
def test_case_30_a_second_table_of_other_headings_is_refused(
    tmp_path: Path, kind: str, title: tuple[tuple[str | None], ...]
) -> None:
    other = [("Doctor", "Room", None), ("Dr. Example", "12 b", None)]
    path = write(tmp_path, kind, [HEAD, ADA, (None,), *title, *other])
    error = refusal(path, ProblemCode.TABLES_UNCLEAR)
    assert f"row {4 + len(title)}:" in error.message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "row", [("Bo", "Ek", None), ("Doctors", None, None), ("Bo", "Ek", "unlisted")]
)
def test_case_30_one_odd_row_below_a_blank_one_is_no_table(
    tmp_path: Path, kind: str, row: tuple[str | None, ...]
) -> None:
    found = read(write(tmp_path, kind, [HEAD, ADA, (None,), row, BO, BO, (None,), row]))
    assert list(found.rows) == [2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("kind", KINDS)
def test_case_31_nothing_at_all_is_refused(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, kind, [(None,)])
    refusal(path, ProblemCode.SOURCE_EMPTY)
    path.write_bytes(b"")
    refusal(path, ProblemCode.SOURCE_EMPTY)


@pytest.mark.parametrize("kind", KINDS)
def test_case_32_headings_alone_are_a_table_of_no_rows(tmp_path: Path, kind: str) -> None:
    found = read(write(tmp_path, kind, [HEAD]))
    assert (found.headings, found.rows, found.problems) == (HEAD, {}, [])


GROUPS = ("Patient", None, None, "Emergency contacts", None, "Visit", None)
BELOW = ("First", "Last", "DOB", "Name", "Phone", "Appt", "Clinic")
EVE = ("Eve", "Ek", "1985-03-04", "Bo", "206-555-0103", "2090-01-07", "4021")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("above", "columns"),
    [
        ([GROUPS], {3, 4}),
        ([("Visits of June",), GROUPS, ("", "", "(all)")], {3, 4}),
        ([(None, None, None, "Spouse")], {3, 4, 5, 6}),
        ([GROUPS, (None,)], set()),
        ([("Emergency clinic, visits of June",)], set()),
        ([("Patient", None, None, "Contact", None, "Visit")], set()),
    ],
)
def test_case_26_a_line_of_groups_gives_columns_to_somebody_else(
    tmp_path: Path, kind: str, above: list[tuple[str | None, ...]], columns: set[int]
) -> None:
    path = write(tmp_path, kind, [*above, BELOW, EVE])
    table = open_table(path, ReadOptions(header_row=len(above) + 1))
    assert set(table.of_others) == columns


@pytest.mark.parametrize("kind", ["xlsx", "xls", "xlsb", "ods"])
def test_case_26_a_group_ends_with_its_merged_cell(tmp_path: Path, kind: str) -> None:
    groups = (None, None, None, "Emergency contact", None, None, None)
    sheet = Sheet(rows=[groups, BELOW, EVE], merged=[(0, 0, 3, 4)])
    title = Sheet(rows=[("Emergency clinic", *[None] * 6), BELOW, EVE], merged=[(0, 0, 0, 6)])
    for book, columns in ((sheet, {3: "emergency", 4: "emergency"}), (title, {})):
        table = open_table(write_book(tmp_path, kind, book), ReadOptions(header_row=2))
        assert table.of_others == columns
