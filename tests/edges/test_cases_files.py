"""Cases 1 to 38 of what clinics hand in, as far as reading decides them: text, packed or not."""

from __future__ import annotations

import gzip
import os
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from importer.errors import SourceError
from importer.problems import ProblemCode
from importer.reading import ReadOptions, open_source, open_table
from tests.edges.reading_kit import read, refusal, write_csv, write_xlsx, zipped

if TYPE_CHECKING:
    from collections.abc import Sequence

HEAD = "first,last,phone\n"
ADA = "Ada,Ek,555\n"
ROWS = {2: ["Ada", "Ek", "555"]}


# Encodings


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_case_01_utf_8_with_or_without_a_mark_is_read(tmp_path: Path, encoding: str) -> None:
    found = read(write_csv(tmp_path, (HEAD + "Zoë,Åsa,1\n").encode(encoding)))
    assert found.headings == ("first", "last", "phone")
    assert found.rows == {2: ["Zoë", "Åsa", "1"]}
    assert found.warnings == []


@pytest.mark.parametrize(
    ("mark", "encoding"), [(b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")]
)
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_case_02_utf_16_with_a_mark_is_read(
    tmp_path: Path, mark: bytes, encoding: str, delimiter: str
) -> None:
    """Excel calls it Unicode Text, and parts cells with tabs."""
    text = (HEAD + "Zoë,李,1\r\nIván,🎈,2\r\n").replace(",", delimiter)
    found = read(write_csv(tmp_path, mark + text.encode(encoding), "a.txt"))
    assert found.rows == {2: ["Zoë", "李", "1"], 3: ["Iván", "🎈", "2"]}
    assert (found.warnings, found.problems) == ([], [])


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_case_03_without_a_mark_the_encoding_is_asked_for(tmp_path: Path, encoding: str) -> None:
    path = write_csv(tmp_path, (HEAD + ADA * 3).encode(encoding))
    error = refusal(path, ProblemCode.SOURCE_ENCODING)
    assert f"--encoding {encoding}" in error.todo
    assert read(path, encoding=encoding).rows[2] == ROWS[2]


def test_case_03_utf_32_is_asked_about_although_it_has_a_mark(tmp_path: Path) -> None:
    path = write_csv(tmp_path, (HEAD + ADA).encode("utf-32"))
    assert "--encoding utf-32-le" in refusal(path, ProblemCode.SOURCE_ENCODING).todo
    assert read(path, encoding="utf-32").rows == ROWS


def writable(encodings: Sequence[str], *texts: Sequence[str]) -> list[tuple[str, ...]]:
    """Return each encoding with all texts, one of each, that it has the letters for."""

    def has(encoding: str, *words: str) -> bool:
        try:
            return bool("".join(words).encode(encoding))
        except UnicodeEncodeError:
            return False

    return [case for case in product(encodings, *texts) if has(*case)]


@pytest.mark.parametrize(
    ("encoding", "name"),
    writable(
        ["cp1252", "latin-1"],
        [
            "José",
            "Müller",
            "GARCÍA",
            "MUÑOZ",
            "Peña",
            "François",
            "O’Brien",
            "Zoë",
            "Björk",
            "Ángel",
        ],
    ),
)
def test_case_04_an_old_western_text_is_read_with_a_warning(
    tmp_path: Path, name: str, encoding: str
) -> None:
    path = write_csv(tmp_path, (HEAD + ADA + f"{name},Ek,1\n").encode(encoding))
    found = read(path)
    assert found.rows == {2: ROWS[2], 3: [name, "Ek", "1"]}
    assert found.warnings == ["ENCODING_DETECTED"]
    assert "(cp1252, first on line 3)" in open_table(path, ReadOptions()).warnings[0].hint


@pytest.mark.parametrize(
    ("encoding", "name", "other"),
    writable(
        ["cp1252", "mac_roman", "cp437", "cp850", "cp1250"],
        [
            *("José", "Muñoz", "Jiménez", "López", "Zoë"),
            *("smith\u00a0jones", "patient’s", "Hélène"),
        ],
        ["Fever 101°F", "½ tablet", "Muñoz", "a – b"],
    ),
)
def test_case_04_no_letter_comes_out_as_another(
    tmp_path: Path, name: str, encoding: str, other: str
) -> None:
    """It is read as it was written, or somebody is asked, whatever else stands in the file."""
    written, beside = name.encode(encoding), other.encode(encoding)
    path = write_csv(tmp_path, HEAD.encode() + b"Bo," + written + b"," + beside + b"\n")
    try:
        found = read(path)
    except SourceError:
        refusal(path, ProblemCode.SOURCE_ENCODING)
    else:
        assert found.rows[2][1] == name
    assert read(path, encoding=encoding).rows[2][1:] == [name, other]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("cp1251", "Иванов"), ("shift_jis", "山田太郎"), ("gb18030", "王小明"), ("cp1253", "Γιώργος")],
)
def test_case_04_other_alphabets_are_asked_about(tmp_path: Path, encoding: str, name: str) -> None:
    path = write_csv(tmp_path, (HEAD + f"Bo,{name},1\n").encode(encoding))
    error = refusal(path, ProblemCode.SOURCE_ENCODING)
    assert "line 2:" in error.message
    assert read(path, encoding=encoding).rows == {2: ["Bo", name, "1"]}


def test_case_04_two_readings_are_both_named(tmp_path: Path) -> None:
    """An apostrophe of Windows is an accented letter of a Mac."""
    path = write_csv(tmp_path, (HEAD + "Bo,d’angelo,1\n").encode("cp1252"))
    error = refusal(path, ProblemCode.SOURCE_ENCODING)
    assert "cp1252 or mac_roman" in error.message
    assert read(path, encoding="cp1252").rows[2][1] == "d’angelo"


def test_case_04_utf_8_wins_over_the_encoding_named(tmp_path: Path) -> None:
    """A profile of last year must not spoil the file of a clinic that has moved on."""
    path = write_csv(tmp_path, HEAD + "José,Ek,1\n")
    error = refusal(path, ProblemCode.SOURCE_ENCODING, encoding="cp1252")
    assert "Leave --encoding away" in error.todo
    assert read(write_csv(tmp_path, HEAD + ADA), encoding="cp1252").rows == ROWS


def test_case_04_a_mark_wins_over_the_encoding_named(tmp_path: Path) -> None:
    path = write_csv(tmp_path, (HEAD + ADA).encode("utf-8-sig"))
    refusal(path, ProblemCode.SOURCE_ENCODING, encoding="cp1252")
    assert read(path, encoding="utf-8").rows == ROWS


def test_case_05_06_bad_bytes_are_told_with_their_place_in_the_file(tmp_path: Path) -> None:
    head = (HEAD + "Zoë,Åsa Ünal Søn,1\r\n").encode()
    path = write_csv(tmp_path, head + b"Bo,M\xfcl\xe9,2\n" + b'"Cy\n",E\xffk,3\n')
    found = read(path)
    assert found.problems == [(3, "CELL_NOT_DECODABLE", 1), (4, "CELL_NOT_DECODABLE", 1)]
    (chunk,) = open_table(path, ReadOptions()).chunks()
    first, second = len(head) + 5, path.read_bytes().index(b"\xff") + 1
    assert [p.hint for p in chunk.problems] == [
        f"byte {first} of the file",
        f"byte {second} of the file",
    ]


def test_case_05_one_accent_in_utf_8_is_enough_among_many_that_are_not(tmp_path: Path) -> None:
    text = (HEAD + "Zoë,Ek,1\n").encode() + "José,Ek,2\nMüller,Ek,3\n".encode("cp1252")
    found = read(write_csv(tmp_path, text))
    assert found.problems == [(3, "CELL_NOT_DECODABLE", 0), (4, "CELL_NOT_DECODABLE", 0)]
    assert found.rows[2] == ["Zoë", "Ek", "1"]


@pytest.mark.parametrize("bad", [b"\x00\xd8", b"\x00\xdc"])
def test_case_06_half_a_character_of_utf_16_spoils_its_row(tmp_path: Path, bad: bytes) -> None:
    text = b"\xff\xfe" + (HEAD + "Bo,").encode("utf-16-le") + bad + ",1\n".encode("utf-16-le")
    found = read(write_csv(tmp_path, text + ADA.encode("utf-16-le")))
    assert found.problems == [(2, "CELL_NOT_DECODABLE", 1)]
    assert found.rows[3] == ROWS[2]


def test_case_07_08_a_control_character_of_utf_16_spoils_its_row(tmp_path: Path) -> None:
    text = "\ufeff" + HEAD + "Bo,E\x00k,1\n" + ADA
    found = read(write_csv(tmp_path, text.encode("utf-16-le")))
    assert found.problems == [(2, "CELL_CONTROL_CHARACTER", 1)]


# Dialects


def test_case_18_the_delimiter_named_wins_over_a_sep_line(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "sep=;\na,b;c\n1,2;3\n")
    assert read(path).rows == {2: ["1,2", "3"]}
    assert read(path, delimiter=",").rows == {2: ["1", "2;3"]}


SIX = "first,last,phone,born,appointment,location\n"
ROW = "Ada,Ek,312-555-0101,1984-02-29,2030-01-07 09:30,4021\n"


@pytest.mark.parametrize(
    "header",
    [
        "Patient,,,,Visit,\n" + SIX,
        "Lakeside,Report,,,,\n" + SIX,
        "Report date,2026-11-22\n" + SIX,
    ],
)
def test_case_25_26_lines_above_the_real_headings_are_asked_about(
    tmp_path: Path, header: str
) -> None:
    path = write_csv(tmp_path, header + ROW * 3)
    error = refusal(path, ProblemCode.HEADER_ROW_UNCLEAR, delimiter=",")
    assert "--header-row 2" in error.todo
    assert list(read(path, header_row=2, delimiter=",").rows) == [3, 4, 5]


@pytest.mark.parametrize(
    "second",
    ["Name,Name,Number,Date,Date,ID\n", "text,text,10 digits,YYYY-MM-DD,MM/DD/YYYY,number\n"],
)
def test_case_26_headings_of_two_lines_are_asked_about(tmp_path: Path, second: str) -> None:
    head = "First,Last,Phone,Birth,Appointment,Clinic\n" + second
    error = refusal(write_csv(tmp_path, head + ROW * 3), ProblemCode.HEADER_ROW_UNCLEAR)
    assert "Rows 1 and 2" in error.message


@pytest.mark.parametrize("write", ["csv", "xlsx"])
def test_case_33_a_file_without_headings_is_refused_and_can_be_read_by_letters(
    tmp_path: Path, write: str
) -> None:
    cells = ROW.strip().split(",")
    path = write_csv(tmp_path, ROW * 3) if write == "csv" else write_xlsx(tmp_path, [cells] * 3)
    error = refusal(path, ProblemCode.HEADER_ROW_UNCLEAR)
    assert "--header-row 0" in error.todo
    assert "Ada" not in error.message
    found = read(path, header_row=0)
    assert found.headings == ("A", "B", "C", "D", "E", "F")
    assert found.rows == dict.fromkeys((1, 2, 3), cells)
    assert found.problems == []


def test_case_33_the_delimiter_is_found_without_headings(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, "Ada;Ek, Jr.;1\nBo;Ek;2\n;;\nCy;Ek\n"), header_row=0)
    assert found.headings == ("A", "B", "C")
    assert found.rows[1] == ["Ada", "Ek, Jr.", "1"]
    assert found.problems == [(4, "ROW_TOO_NARROW", None)]


ASIDES = [
    ("# exported by Lakeside", "COMMENT_LINE"),
    ("#Ada,Ek,312-555-0101,1984-02-29,2030-01-07 09:30,4021", "COMMENT_LINE"),
    ("Total: 214", "FOOTER_ROW"),
    ("Totals,,214,,,", "FOOTER_ROW"),
    ("Grand total,214", "FOOTER_ROW"),
    ("-- end --", "FOOTER_ROW"),
    ("*** END OF REPORT ***,,,,,", "FOOTER_ROW"),
    ("(214 rows affected)", "FOOTER_ROW"),
    ("Record count: 214", "FOOTER_ROW"),
    ("Page 1 of 3,,,,,", "FOOTER_ROW"),
    ("Generated 2026-11-22", "FOOTER_ROW"),
    ("-----,----,-----,----,----,---", "FOOTER_ROW"),
    ("_________", "FOOTER_ROW"),
    (SIX.strip(), "HEADER_REPEATED"),
    (SIX.strip().upper(), "HEADER_REPEATED"),
    (" First , Last,Phone ,Born,Appointment,Location", "HEADER_REPEATED"),
    ("first_name,Last Name,Cell,DOB,Appt,Clinic", "HEADER_REPEATED"),
]


@pytest.mark.parametrize("lines", [3, 20])
def test_case_25_the_row_that_names_our_fields_is_the_one_that_is_named(
    tmp_path: Path, lines: int
) -> None:
    above = "".join(f"Field {n},Value {n}\n" for n in range(lines))
    path = write_csv(tmp_path, "Lakeside Clinic\n" + above + "\n" + SIX + ROW * 40)
    error = refusal(path, ProblemCode.HEADER_ROW_UNCLEAR)
    assert f"--header-row {lines + 3}." in error.todo


@pytest.mark.parametrize(("line", "code"), ASIDES)
@pytest.mark.parametrize("write", ["csv", "xlsx"])
def test_case_27_28_34_a_row_that_is_no_patient_has_its_own_code_and_no_other(
    tmp_path: Path, line: str, code: str, write: str
) -> None:
    lines = [SIX.strip(), ROW.strip(), line, ROW.strip()]
    if write == "csv":
        path = write_csv(tmp_path, "\n".join(lines) + "\n")
    else:
        path = write_xlsx(tmp_path, [text.split(",") for text in lines])
    found = read(path)
    assert found.problems == [(3, code, None)]
    assert found.rows[4] == ROW.strip().split(",")


@pytest.mark.parametrize(
    "row",
    [
        "Total,Ek,312-555-0101,1984-02-29,2030-01-07 09:30,4021",
        "End,Ek,312-555-0101,1984-02-29,2030-01-07 09:30,4021",
        "Sum,Page 1,312-555-0101,1984-02-29,2030-01-07 09:30,4021",
    ],
)
def test_case_28_a_patient_of_such_a_name_is_a_patient(tmp_path: Path, row: str) -> None:
    found = read(write_csv(tmp_path, SIX + row + "\n"))
    assert found.problems == []


def test_case_34_a_column_of_numbers_with_a_sign_holds_no_comments(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, "chart,first\n#12,Ada\n#13,Bo\n"))
    assert found.problems == []


@pytest.mark.parametrize("value", ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "########"])
def test_case_41_an_error_that_was_exported_as_text_spoils_its_row(
    tmp_path: Path, value: str
) -> None:
    found = read(write_csv(tmp_path, HEAD + f"{value},Ek,1\nBo,{value},1\n" + ADA))
    assert found.problems == [(2, "CELL_ERROR_VALUE", 0), (3, "CELL_ERROR_VALUE", 1)]


# Archives


@pytest.mark.parametrize("name", ["a.csv.gz", "a.gz", "a.tsv.GZ", "drop"])
def test_case_85_a_file_in_gzip_is_read(tmp_path: Path, name: str) -> None:
    path = write_csv(tmp_path, gzip.compress((HEAD + ADA).encode()), name)
    assert read(path).rows == ROWS


def test_case_85_gzip_of_several_members_is_one_text(tmp_path: Path) -> None:
    content = gzip.compress(HEAD.encode()) + gzip.compress(ADA.encode())
    assert read(write_csv(tmp_path, content, "a.csv.gz")).rows == ROWS


@pytest.mark.parametrize("pack", ["gzip", "zip"])
def test_case_85_a_workbook_in_an_archive_is_read(tmp_path: Path, pack: str) -> None:
    book = write_xlsx(tmp_path, [["first"], ["Ada"]]).read_bytes()
    content = gzip.compress(book) if pack == "gzip" else zipped(("a.xlsx", book))
    name = "a.xlsx.gz" if pack == "gzip" else "a.zip"
    assert read(write_csv(tmp_path, content, name)).rows == {2: ["Ada"]}


def test_case_85_the_one_file_of_a_zip_archive_is_read(tmp_path: Path) -> None:
    content = zipped(
        ("out/", b""),
        ("out/june.csv", (HEAD + ADA).encode()),
        ("__MACOSX/out/._june.csv", b"\x00\x05\x16\x07"),
        ("out/.DS_Store", b"x"),
    )
    found = read(write_csv(tmp_path, content, "june.zip"))
    assert found.rows == ROWS


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zipped(), "no file"),
        (zipped((".DS_Store", b"")), "no file"),
        (zipped(("a.csv", b"x"), ("b.csv", b"x")), "2 files: a.csv, b.csv"),
        (zipped(("../a.csv", b"x")), "outside"),
        (zipped(("/a.csv", b"x")), "outside"),
        (zipped(("a\\..\\b.csv", b"x")), "outside"),
        (zipped(("C:/a.csv", b"x")), "outside"),
        (zipped(("a.csv", b"/etc/passwd"), links=("a.csv",)), "link"),
        (zipped(("a.zip", zipped(("a.csv", b"x")))), "another archive"),
        (zipped(("a.csv.gz", gzip.compress(b"x"))), "another archive"),
    ],
)
def test_case_85_any_other_archive_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = write_csv(tmp_path, content, "a.zip")
    assert words in refusal(path, ProblemCode.ARCHIVE_UNCLEAR).message


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("v.csv", b"<!-- saved --><html>", "HTML"),
        ("v.csv", b'{"a": 1}', "JSON"),
        ("v.csv", b'[{"a": 1}]', "JSON"),
        ("v.csv", b"MIME-Version: 1.0\r\n", "web page"),
        ("v.xls", "\ufeff<html>".encode("utf-16-le"), "HTML"),
        ("v.csv", zipped(("Index.zip", b"")), "Numbers"),
    ],
)
def test_case_84_what_it_is_is_said(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    error = refusal(write_csv(tmp_path, content, name), ProblemCode.SOURCE_TYPE_MISMATCH)
    assert words in error.message


def test_case_92_a_lock_file_is_no_source(tmp_path: Path) -> None:
    path = write_csv(tmp_path, HEAD + ADA, "~$june.csv")
    assert "lock file" in refusal(path, ProblemCode.SOURCE_NOT_A_SPREADSHEET).message


@pytest.mark.parametrize("entry", [b"%PDF-1.7\n", b"<html>"])
def test_case_84_85_what_is_inside_is_named_by_its_real_type(tmp_path: Path, entry: bytes) -> None:
    path = write_csv(tmp_path, zipped(("a.csv", entry)), "a.zip")
    error = refusal(path, ProblemCode.SOURCE_TYPE_MISMATCH)
    assert error.message.startswith("a.zip (a.csv): ")


@pytest.mark.parametrize("cut", [0.3, 0.9])
@pytest.mark.parametrize("pack", ["gzip", "zip"])
def test_case_85_87_an_archive_that_is_cut_off_is_refused(
    tmp_path: Path, cut: float, pack: str
) -> None:
    text = (HEAD + "".join(f"Ada{n * n},Ek,{n}\n" for n in range(500))).encode()
    whole = gzip.compress(text) if pack == "gzip" else zipped(("a.csv", text))
    path = write_csv(
        tmp_path, whole[: int(len(whole) * cut)], "a.gz" if pack == "gzip" else "a.zip"
    )
    refusal(path, ProblemCode.SOURCE_CORRUPT)


@pytest.mark.parametrize("pack", ["gzip", "zip"])
def test_case_85_88_an_archive_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, pack: str
) -> None:
    text = (HEAD + ADA).encode() + b"\n" * 11_000_000
    content = gzip.compress(text) if pack == "gzip" else zipped(("a.csv", text))
    path = write_csv(tmp_path, content, "a.gz" if pack == "gzip" else "a.zip")
    refusal(path, ProblemCode.SOURCE_TOO_LARGE)


def test_case_85_unpacked_bytes_have_no_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They hold patients, and a killed run removes nothing."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(work))
    path = write_csv(tmp_path, gzip.compress((HEAD + ADA).encode()), "a.csv.gz")
    source = open_source(path, ReadOptions())
    assert list(work.iterdir()) == []
    with source.open() as one, source.open() as other:
        assert one.read(5) == b"first"
        assert other.read(5) == b"first"
        assert other.seek(-4, os.SEEK_END) == len(HEAD + ADA) - 4
        assert other.read() == b"555\n"
    held = [link for link in open_links() if link.startswith(str(work))]
    assert held
    assert all("(deleted)" in link for link in held)


def open_links() -> list[str]:
    """Return what this process has open, by name."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(str(entry.readlink()))
    return found
