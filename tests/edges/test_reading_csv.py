"""CSV files as clinics export them come out as they were written, row by row."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.errors import SettingsError
from importer.problems import ProblemCode
from importer.reading.quotes import split_record
from tests.edges.reading_kit import read, refusal, write_csv

if TYPE_CHECKING:
    from pathlib import Path

HEADINGS = ("first", "last", "phone")
HEAD = "first,last,phone\n"


def test_case_01_byte_order_mark_leaves_the_first_heading_clean(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, "\ufeff" + HEAD + "Ada,Zoë,1\n"))
    assert found.headings == HEADINGS
    assert found.rows == {2: ["Ada", "Zoë", "1"]}


def test_case_09_line_breaks_in_quotes_keep_row_numbers_and_text_lines(tmp_path: Path) -> None:
    """A spreadsheet shows one row where a text editor shows three lines."""
    found = read(write_csv(tmp_path, HEAD + 'Ada,"a\nb\r\nc",1\n\nBo,Ek,2\n'))
    assert found.rows == {2: ["Ada", "a\nb\r\nc", "1"], 3: ["", "", ""], 4: ["Bo", "Ek", "2"]}
    assert found.lines == {2: 2, 3: 5, 4: 6}
    assert found.problems == []


@pytest.mark.parametrize("ends", ["\r\r\r", "\n\r\n\r", "\r\n\n\r\n"])
def test_case_10_any_mix_of_line_ends_ends_lines(tmp_path: Path, ends: str) -> None:
    ends_left = list(ends.replace("\r\n", "W"))
    lines = ["first,last,phone", "Ada,Ek,1", "Bo,Ek,2"]
    text = "".join(
        line + end.replace("W", "\r\n")
        for line, end in zip(lines, (ends_left * 3)[:3], strict=True)
    )
    found = read(write_csv(tmp_path, text))
    assert found.rows == {2: ["Ada", "Ek", "1"], 3: ["Bo", "Ek", "2"]}
    assert found.lines == {2: 2, 3: 3}


@pytest.mark.parametrize(
    "text",
    [
        "first,last,phone,\nAda,Ek,1,\nBo,Ek,2,\n",
        "first,last,phone\nAda,Ek,1,\nBo,Ek,2,\n",
        "first,last,phone,,\nAda,Ek,1,,\nBo,Ek,2,,\n",
    ],
)
def test_case_15_a_delimiter_at_the_end_of_every_line_shifts_nothing(
    tmp_path: Path, text: str
) -> None:
    found = read(write_csv(tmp_path, text))
    assert found.headings == HEADINGS
    assert found.rows == {2: ["Ada", "Ek", "1"], 3: ["Bo", "Ek", "2"]}
    assert found.problems == []


def test_a_delimiter_at_the_end_of_some_lines_makes_the_others_too_narrow(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, "first,last,phone,\nAda,Ek,1,\nBo,Ek,2\n"))
    assert found.problems == [(3, "ROW_TOO_NARROW", None)]


def test_a_value_behind_the_last_heading_is_a_row_that_moved(tmp_path: Path) -> None:
    """Every row of the first 500 ends in an empty cell; later ones are held against that."""
    rows = "Ada,Ek,1,\n" * 600 + "Ada,Ek,Jr.,1\n"
    found = read(write_csv(tmp_path, HEAD + rows))
    assert found.problems == [(602, "ROW_TOO_WIDE", None)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_case_16_the_delimiter_is_the_one_that_gives_one_width(
    tmp_path: Path, delimiter: str
) -> None:
    rows = [HEADINGS, ("Ada", "a,b;c|d", "1"), ("Bo", "Ek", "2")]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    found = read(write_csv(tmp_path, text.getvalue()))
    assert found.headings == HEADINGS
    assert found.rows == {2: list(rows[1]), 3: list(rows[2])}


def test_case_16_two_delimiters_that_fit_are_asked_about(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "last,first;phone\nEk,Ada;1\nEk,Bo;2\n")
    refusal(path, ProblemCode.DELIMITER_UNCLEAR)
    assert read(path, delimiter=";").headings == ("last,first", "phone")


@pytest.mark.parametrize("name", ["semicolon", ";"])
def test_the_delimiter_named_wins(tmp_path: Path, name: str) -> None:
    found = read(write_csv(tmp_path, "a,b;c\n1,2;3\n"), delimiter=name)
    assert found.rows == {2: ["1,2", "3"]}


@pytest.mark.parametrize("name", ["", ";;", '"', "\n", "x", " "])
def test_what_cannot_part_cells_is_no_delimiter(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError):
        read(write_csv(tmp_path, HEAD), delimiter=name)


def test_case_17_another_delimiter_in_some_rows_spoils_those_rows(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, HEAD + "Ada,Ek,1\nBo;Ek;2\nCy,Ek,3\n"))
    assert found.problems == [(3, "ROW_TOO_NARROW", None)]
    assert found.rows[3] == ["Bo;Ek;2", "", ""]


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;"])
def test_case_18_the_sep_line_names_the_delimiter_and_is_no_row(tmp_path: Path, line: str) -> None:
    """Excel hides the line: the headings are its row 1, but line 2 of the text."""
    found = read(write_csv(tmp_path, f"{line}\r\nfirst;last\r\na,b;c\r\n"))
    assert found.headings == ("first", "last")
    assert found.rows == {2: ["a,b", "c"]}
    assert found.lines == {2: 3}


def test_case_20_22_headings_are_handed_on_as_they_are(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, "a,a,status,\u00a0 Shoe size \n1,2,3,4\n"))
    assert found.headings == ("a", "a", "status", "Shoe size")


def test_case_24_a_value_without_a_heading_stops_the_file(tmp_path: Path) -> None:
    error = refusal(
        write_csv(tmp_path, "first,,phone\nAda,,1\nBo,Ek,2\n"), ProblemCode.HEADING_BLANK
    )
    assert "row 3, column B" in error.message


def test_an_empty_column_without_a_heading_is_kept_in_its_place(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, "first,,phone\nAda,,1\n"))
    assert found.headings == ("first", "", "phone")
    assert found.rows == {2: ["Ada", "", "1"]}


@pytest.mark.parametrize("title", ["Clinic export\n\n", "Clinic export,,\n,,\n", "\n\n"])
def test_case_25_lines_above_the_headings_are_asked_about(tmp_path: Path, title: str) -> None:
    path = write_csv(tmp_path, title + HEAD + "Ada,Ek,1\nBo,Ek,2\n")
    error = refusal(path, ProblemCode.HEADER_ROW_UNCLEAR)
    assert "--header-row 3" in error.todo
    found = read(path, header_row=3)
    assert found.headings == HEADINGS
    assert list(found.rows) == [4, 5]
    assert list(found.lines.values()) == [4, 5]


def test_a_heading_row_behind_the_end_is_asked_about(tmp_path: Path) -> None:
    refusal(write_csv(tmp_path, HEAD), ProblemCode.HEADER_ROW_UNCLEAR, header_row=9)


def test_a_heading_row_below_zero_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        read(write_csv(tmp_path, HEAD), header_row=-1)


def test_case_29_blank_rows_in_the_middle_are_rows_and_trailing_ones_are_not(
    tmp_path: Path,
) -> None:
    middle = "\n,,\n \t,,\u00a0\n"
    text = HEAD + "Ada,Ek,1\n" + middle + "Bo,Ek,2\n" + ",,\n\n" * 3000
    found = read(write_csv(tmp_path, text), chunk_rows=2)
    assert list(found.rows) == [2, 3, 4, 5, 6]
    assert [found.rows[number] for number in (3, 4, 5)] == [["", "", ""]] * 3
    assert found.rows[6] == ["Bo", "Ek", "2"]
    assert found.lines == {number: number for number in range(2, 7)}
    assert found.problems == []


@pytest.mark.parametrize(
    ("text", "row"),
    [
        (HEAD + "Ada,Ek,1\n\nPhone,First,\n1,Bo,\n", 4),
        ("a,b,,a2,b2\n1,2,,3,4\n,,,5,6\n", 3),
    ],
)
def test_case_30_a_second_table_is_asked_about(tmp_path: Path, text: str, row: int) -> None:
    error = refusal(write_csv(tmp_path, text), ProblemCode.TABLES_UNCLEAR)
    assert f"row {row}" in error.message


@pytest.mark.parametrize("content", ["", "\n", "\r\n\r\n", "\ufeff", "\x1a"])
def test_case_31_a_file_of_nothing_is_refused(tmp_path: Path, content: str) -> None:
    refusal(write_csv(tmp_path, content), ProblemCode.SOURCE_EMPTY)


@pytest.mark.parametrize("text", [HEAD, HEAD.strip(), HEAD + "\n,,\n"])
def test_case_32_headings_alone_are_a_table_without_rows(tmp_path: Path, text: str) -> None:
    found = read(write_csv(tmp_path, text))
    assert found.headings == HEADINGS
    assert found.rows == {}


def test_a_file_of_one_column_is_fine(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, "first\nAda\n\nBo\n"))
    assert found.rows == {2: ["Ada"], 3: [""], 4: ["Bo"]}


@pytest.mark.parametrize(
    "name",
    [
        "O'Brien",
        "de la Cruz",
        "Ng-Ek",
        "X",
        "李",
        "مريم",
        "🎈",
        "Null",
        "NA",
        "None",
        "True",
        "Nan",
    ],
)
def test_case_70_71_names_stay_as_they_were_typed(tmp_path: Path, name: str) -> None:
    found = read(write_csv(tmp_path, HEAD + f"{name},{name},007\n"))
    assert found.rows == {2: [name, name, "007"]}
    assert found.problems == []


def test_rows_are_the_same_in_chunks_of_any_size_and_each_time(tmp_path: Path) -> None:
    path = write_csv(tmp_path, HEAD + "".join(f"Ada,Ek,{n}\n" for n in range(25)))
    assert read(path, chunk_rows=7).rows == read(path).rows


_CELLS = st.lists(
    st.text(
        st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffd\ufeff")
        | st.sampled_from('\n"'),
        max_size=8,
    ),
    min_size=3,
    max_size=3,
)


@given(cells=_CELLS, delimiter=st.sampled_from(",;\t|"))
def test_a_record_that_a_writer_made_is_taken_apart_as_it_was(
    cells: list[str], delimiter: str
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerow(cells)
    found = split_record(text.getvalue(), delimiter)
    assert list(found.cells) == cells
    assert (found.open_at, found.strays) == (None, ())


@settings(deadline=None)  # the first call imports pandas
@given(rows=st.lists(_CELLS, max_size=6), delimiter=st.sampled_from(",;\t|"))
def test_rows_that_a_writer_made_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], delimiter: str
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([HEADINGS, ["Ada", "Ek", "1"], *rows, "xyz"])
    path = write_csv(tmp_path_factory.mktemp("made"), text.getvalue())
    found = read(path, delimiter=delimiter)
    blank = ["", "", ""]
    wanted = [row if any(map(str.strip, row)) else blank for row in rows]
    assert list(found.rows.values()) == [["Ada", "Ek", "1"], *wanted, list("xyz")]
    # Chance may write a comment or a ruled line.
    assert {code for _, code, _ in found.problems} <= {"COMMENT_LINE", "FOOTER_ROW"}
