"""What is broken in a CSV file costs a row where that is certain, and else the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.problems import ProblemCode
from tests.edges.reading_kit import read, refusal, write_csv

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "first,last,phone\n"
GOOD = "Ada,Ek,1\n"


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        ('Bo,"Ek,2\n', 3),
        ('Bo,"a\nb",2\nCy,"Ek,3\n', 5),
        ('Bo,"Ek,2\nCy,"Ek",3\n', 3),
        ('"a\nb","Ek,2\n', 4),
        ('"Bo', 3),
    ],
)
def test_case_11_a_quote_never_closed_is_named_by_the_line_that_opens_it(
    tmp_path: Path, broken: str, line: int
) -> None:
    path = write_csv(tmp_path, HEAD + GOOD + broken + GOOD * 20)
    error = refusal(path, ProblemCode.QUOTE_NOT_CLOSED)
    assert f"line {line}:" in error.message


def test_a_quote_open_over_a_large_file_is_found_without_holding_it(tmp_path: Path) -> None:
    path = write_csv(tmp_path, HEAD + 'Bo,"Ek,2\n' + GOOD * 1_200_000)
    error = refusal(path, ProblemCode.QUOTE_NOT_CLOSED)
    assert "line 2:" in error.message


def test_a_quote_open_in_the_headings_is_named(tmp_path: Path) -> None:
    error = refusal(write_csv(tmp_path, 'first,"last\n' + GOOD), ProblemCode.QUOTE_NOT_CLOSED)
    assert "line 1:" in error.message


@pytest.mark.parametrize(
    ("cell", "text"), [('5" pipe', '5" pipe'), ('"Bo"x', "Box"), ('a"b"', 'a"b"')]
)
def test_case_12_a_stray_quote_on_one_line_spoils_one_row(
    tmp_path: Path, cell: str, text: str
) -> None:
    found = read(write_csv(tmp_path, HEAD + GOOD + f"Bo,{cell},2\n" + GOOD))
    assert found.problems == [(3, "STRAY_QUOTE", 1)]
    assert found.rows == {2: ["Ada", "Ek", "1"], 3: ["Bo", text, "2"], 4: ["Ada", "Ek", "1"]}


def test_doubled_quotes_are_no_stray_ones(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, HEAD + '"Bo ""Bobby"" Ek","""",""\n'))
    assert found.rows == {2: ['Bo "Bobby" Ek', '"', ""]}
    assert found.problems == []


def test_rows_swallowed_at_the_right_width_are_noticed(tmp_path: Path) -> None:
    """Two marks left out in two rows make one row of the right width out of three."""
    rows = '1,2,3,4,"5\n1,2,3,4,5\n1,2,3,4,5"\n'
    found = read(write_csv(tmp_path, "a,b,c,d,e\n" + rows))
    assert found.problems == [(2, "STRAY_QUOTE", 4)]


def test_a_note_of_several_lines_is_no_swallowed_row(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, 'a,b,c,d,e\n"pain,\nfever, cough",2,3,4,5\n'))
    assert found.problems == []


@pytest.mark.parametrize(
    ("row", "code", "cells"),
    [
        ("Bo,Ek,Jr.,2", "ROW_TOO_WIDE", ["Bo", "Ek", "Jr."]),
        ("Bo,Ek,2,", "ROW_TOO_WIDE", ["Bo", "Ek", "2"]),
        ("Bo,Ek", "ROW_TOO_NARROW", ["Bo", "Ek", ""]),
        ("Bo", "ROW_TOO_NARROW", ["Bo", "", ""]),
    ],
)
def test_case_13_14_a_row_of_another_width_is_spoilt_and_the_others_are_not(
    tmp_path: Path, row: str, code: str, cells: list[str]
) -> None:
    found = read(write_csv(tmp_path, HEAD + GOOD + row + "\n" + GOOD))
    assert found.problems == [(3, code, None)]
    assert found.rows[3] == cells
    assert found.rows[4] == ["Ada", "Ek", "1"]


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x0b", "\x1b", "\x7f", "\x85", "\x92"])
def test_case_07_08_a_control_character_spoils_its_row(tmp_path: Path, character: str) -> None:
    found = read(write_csv(tmp_path, HEAD + f"Bo,E{character}k,2\n" + GOOD))
    assert found.problems == [(2, "CELL_CONTROL_CHARACTER", 1)]
    assert found.rows[2] == ["Bo", f"E{character}k", "2"]
    assert found.rows[3] == ["Ada", "Ek", "1"]


@pytest.mark.parametrize("mark", ["\x1a", "\x1a\x1a\x1a", "\x1a\r\n"])
def test_case_08_an_old_end_of_file_mark_is_ignored_and_told(tmp_path: Path, mark: str) -> None:
    found = read(write_csv(tmp_path, HEAD + GOOD + mark))
    assert found.rows == {2: ["Ada", "Ek", "1"]}
    assert found.warnings == ["END_OF_FILE_MARK"]
    assert found.problems == []


def test_an_end_of_file_mark_in_the_middle_is_a_control_character(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, HEAD + "Bo,\x1a,2\n" + GOOD))
    assert found.problems == [(2, "CELL_CONTROL_CHARACTER", 1)]
    assert found.warnings == []


@pytest.mark.parametrize("bad", ["\x00", "\x1b"])
def test_a_control_character_in_a_heading_stops_the_file(tmp_path: Path, bad: str) -> None:
    path = write_csv(tmp_path, f"first,la{bad}st\nAda,Ek\n")
    error = refusal(path, ProblemCode.CELL_CONTROL_CHARACTER)
    assert "row 1, column B" in error.message


@pytest.mark.parametrize("size", [32_768, 140_000])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_cell_longer_than_a_spreadsheet_keeps_spoils_its_row(
    tmp_path: Path, size: int, quote: str
) -> None:
    """The csv module gives up at 131,072 characters."""
    long = "x" * size
    found = read(write_csv(tmp_path, HEAD + f"Bo,{quote}{long}{quote},2\n" + GOOD))
    assert found.problems == [(2, "CELL_TOO_LONG", 1)]
    assert found.rows[3] == ["Ada", "Ek", "1"]


def test_a_long_quoted_cell_of_many_lines_is_read_to_its_end(tmp_path: Path) -> None:
    note = "x" * 70 + "\n"
    found = read(write_csv(tmp_path, HEAD + f'Bo,"{note * 4000}",2\n' + GOOD))
    assert found.problems == [(2, "CELL_TOO_LONG", 1)]
    assert found.rows[3] == ["Ada", "Ek", "1"]
    assert found.lines[3] == 2 + 4001


def test_case_80_a_line_longer_than_any_real_one_stops_the_file(tmp_path: Path) -> None:
    path = write_csv(tmp_path, HEAD + "x" * 10_000_001)
    error = refusal(path, ProblemCode.SOURCE_TOO_LARGE)
    assert "line 2" in error.message


def test_case_80_more_columns_than_a_spreadsheet_has_stop_the_file(tmp_path: Path) -> None:
    head = ",".join(f"h{number}" for number in range(16_385))
    refusal(write_csv(tmp_path, head + "\n"), ProblemCode.SOURCE_TOO_LARGE)


def test_case_80_the_widest_sheet_is_read(tmp_path: Path) -> None:
    head = ",".join(f"h{number}" for number in range(16_384))
    row = ",".join(["x"] * 16_384)
    found = read(write_csv(tmp_path, f"{head}\n{row}\n{row}\n"))
    assert len(found.headings) == 16_384
    assert list(found.rows) == [2, 3]


def test_a_problem_behind_the_last_heading_is_the_rows(tmp_path: Path) -> None:
    """No frame has that column, so nobody could show it."""
    found = read(write_csv(tmp_path, HEAD + "Bo,Ek,2,\x00\n" + GOOD))
    assert found.problems == [
        (2, "CELL_CONTROL_CHARACTER", None),
        (2, "ROW_TOO_WIDE", None),
    ]


@pytest.mark.parametrize("sign", ["a", '"', " ", "7", "\r"])
def test_a_first_line_that_names_no_delimiter_refuses_the_file(tmp_path: Path, sign: str) -> None:
    error = refusal(write_csv(tmp_path, f"sep={sign}\n{HEAD}{GOOD}"), ProblemCode.DELIMITER_UNCLEAR)
    assert "line 1:" in error.message


def test_a_row_that_lies_wholly_beyond_the_headings_is_too_wide(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, "a,b,c\n1,2,3\n,,,Bob,Lee\n,,,,\n"))
    assert found.problems == [(3, "ROW_TOO_WIDE", None)]


def test_a_text_written_as_a_formula_needs_no_doubled_marks(tmp_path: Path) -> None:
    """Excel itself reads it so; a delimiter inside still parts cells, there as here."""
    text = 'id,first\n="00123",Ada\n"=""00123""",Bo\n="001"2,Cy\n="0,1"\n'
    found = read(write_csv(tmp_path, text))
    assert [found.rows[n][0] for n in (2, 3)] == ['="00123"', '="00123"']
    assert {row for row, code, _ in found.problems if code == "STRAY_QUOTE"} == {4, 5}
