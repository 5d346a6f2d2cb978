"""Text is UTF-8, proven over the whole file; no letter is ever guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.problems import ProblemCode
from tests.edges.reading_kit import read, refusal, write_csv

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "first,last,phone\n"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
def test_case_03_utf_16_without_a_mark_and_utf_32_are_named(tmp_path: Path, encoding: str) -> None:
    path = write_csv(tmp_path, (HEAD + "Ada,Ek,1\n").encode(encoding))
    error = refusal(path, ProblemCode.SOURCE_ENCODING)
    assert encoding[:6].upper() in error.message


def test_case_04_another_encoding_is_refused_with_the_first_line_that_shows_it(
    tmp_path: Path,
) -> None:
    text = HEAD + "Ada,Ek,1\r\n\r\nИван,Иванов,2\n"
    path = write_csv(tmp_path, text.encode("cp1251"))
    error = refusal(path, ProblemCode.SOURCE_ENCODING)
    assert "line 4:" in error.message
    assert "--encoding" in error.todo


def test_the_line_is_right_behind_a_line_end_that_two_blocks_share(tmp_path: Path) -> None:
    block = 1 << 20
    filler = b"x" * (block - len(HEAD) - 1) + b"\r"
    path = write_csv(tmp_path, HEAD.encode() + filler + b"\n\xff,b,c\n")
    assert "line 3:" in refusal(path, ProblemCode.SOURCE_ENCODING).message


@pytest.mark.parametrize(
    ("start", "bad"),
    [
        ("\ufeff".encode(), b"\xe9"),
        ("Zoë,Åsa,1\nИва,Ek,2\n".encode(), b"M\xfcller"),
        ("Zoë,Åsa,1\nИва,Ek,2\n".encode(), b"\xed\xa0\x80"),
        ("Zoë,Åsa,1\nИва,Ek,2\n".encode(), b"\xc3"),
    ],
)
def test_case_05_06_bad_bytes_in_utf_8_spoil_their_row(
    tmp_path: Path, start: bytes, bad: bytes
) -> None:
    is_mark = start.startswith(b"\xef\xbb\xbf")
    head = start + HEAD.encode() if is_mark else HEAD.encode() + start
    found = read(write_csv(tmp_path, head + b"Bo," + bad + b",2\nAda,Ek,1\n"))
    row = 2 if is_mark else 4
    assert found.problems == [(row, "CELL_NOT_DECODABLE", 1)]
    assert "\ufffd" in found.rows[row][1]
    assert found.rows[row + 1] == ["Ada", "Ek", "1"]


def test_case_06_a_replacement_character_is_no_name(tmp_path: Path) -> None:
    """An earlier program has lost the letter already."""
    found = read(write_csv(tmp_path, HEAD + "Jos\ufffd,Ek,1\n"))
    assert found.problems == [(2, "CELL_NOT_DECODABLE", 0)]


def test_bad_bytes_in_a_heading_stop_the_file(tmp_path: Path) -> None:
    path = write_csv(tmp_path, b"\xef\xbb\xbffirst,l\xe4st\nAda,Ek\n")
    error = refusal(path, ProblemCode.CELL_NOT_DECODABLE)
    assert "row 1, column B" in error.message


def test_a_letter_that_two_blocks_share_is_whole(tmp_path: Path) -> None:
    filler = "x" * ((1 << 20) - len(HEAD) - 1)
    found = read(write_csv(tmp_path, HEAD + f"{filler}é,Ek,1\n"))
    assert found.rows[2][0] == filler + "é"
    assert found.problems == [(2, "CELL_TOO_LONG", 0)]


def test_a_byte_that_the_encoding_named_has_not_is_told_without_another_one(tmp_path: Path) -> None:
    path = write_csv(tmp_path, (HEAD + "José,").encode("cp1252") + b"E\x81k,1\n")
    assert read(path, encoding="cp1252").problems == [(2, "CELL_NOT_DECODABLE", 1)]
    assert "UTF-8" not in ProblemCode.CELL_NOT_DECODABLE.sentence
