"""A file is what its content is; what cannot be read is named by its real type."""

from __future__ import annotations

import gzip
import io
import os
import random
import socket
import zipfile
from typing import TYPE_CHECKING

import pytest

from importer.problems import ProblemCode
from tests.edges.reading_kit import (
    HEADINGS_XML,
    pack,
    package_parts,
    read,
    refusal,
    sheet_xml,
    text_cell,
    write_csv,
    write_xlsx,
)

if TYPE_CHECKING:
    from pathlib import Path

HEAD = b"first,last,phone\nAda,Ek,1\n"
OLE = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(504)


def archive(*names: str) -> bytes:
    """Return a ZIP archive with a few empty files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as target:
        for name in names:
            target.writestr(name, "")
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"%PDF-1.7\n", "PDF"),
        ("a.xls", b"<html><table>", "HTML"),
        ("a.xls", b" \n<!DOCTYPE html>", "HTML"),
        ("a.xls", b"<?xml version='1.0'?><Workbook/>", "XML"),
        ("a.xls", b"first\tlast\nAda\tEk\n", "delimited text"),
        ("a.xlsx", HEAD, "delimited text"),
        ("a.csv", OLE + "Workbook\0".encode("utf-16-le"), ".xls"),
        ("a.xlsx", OLE + "WordDocument\0".encode("utf-16-le"), "Word"),
        ("a.csv", gzip.compress(HEAD), "gzip"),
        ("a.csv", archive("x.csv"), "ZIP"),
        ("a.xlsx", archive("xl/workbook.bin"), ".xlsb"),
        ("a.xlsx", archive("mimetype", "content.xml"), "OpenDocument"),
        ("a.xlsx", archive("Index/Document.iwa"), "Numbers"),
        ("a.csv", b"\x89PNG\r\n\x1a\n", "PNG"),
    ],
)
def test_case_84_content_that_its_name_belies_is_refused_by_its_real_type(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = write_csv(tmp_path, content, name)
    error = refusal(path, ProblemCode.SOURCE_TYPE_MISMATCH)
    assert words in error.message


def test_case_84_a_workbook_named_csv_is_refused(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path, [["first", "last"]]).rename(tmp_path / "a.csv")
    assert "XLSX" in refusal(path, ProblemCode.SOURCE_TYPE_MISMATCH).message


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.pdf", b"%PDF-1.7\n", "PDF"),
        ("a.xls", OLE + "Book\0".encode("utf-16-le"), ".xls"),
        ("a.ods", archive("content.xml"), "OpenDocument"),
        ("a.csv", bytes(5000), "no text"),
        ("a.csv", random.Random(7).randbytes(5000), "no text"),
        ("~$a.xlsx", b"\x05Clerk" + bytes(159), "lock file"),
    ],
)
def test_case_83_84_what_is_no_spreadsheet_is_named(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = write_csv(tmp_path, content, name)
    assert words in refusal(path, ProblemCode.SOURCE_NOT_A_SPREADSHEET).message


def test_case_86_an_encrypted_workbook_is_told_apart_from_an_old_one(tmp_path: Path) -> None:
    content = OLE + bytes(2 << 20) + "EncryptedPackage\0".encode("utf-16-le") + bytes(99)
    refusal(write_csv(tmp_path, content, "a.xlsx"), ProblemCode.SOURCE_ENCRYPTED)


@pytest.mark.parametrize("name", ["a.csv", "a.CSV", "a.txt", "a.tsv", "export", "a.2026-11-22"])
def test_text_is_read_under_any_name_that_claims_nothing_else(tmp_path: Path, name: str) -> None:
    assert read(write_csv(tmp_path, HEAD, name)).rows == {2: ["Ada", "Ek", "1"]}


def test_a_workbook_is_read_without_an_ending(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path, [["first"], ["Ada"]]).rename(tmp_path / "spooled")
    assert read(path).rows == {2: ["Ada"]}


def test_messages_use_the_name_that_people_know(tmp_path: Path) -> None:
    """The private copy of a run has a name of its own."""
    path = write_csv(tmp_path, HEAD, "source.copy")
    error = refusal(path, ProblemCode.SOURCE_TYPE_MISMATCH, name="march.xlsx")
    assert "source.copy" not in error.message


def test_case_31_an_empty_file_is_refused(tmp_path: Path) -> None:
    refusal(write_csv(tmp_path, b"", "a.xlsx"), ProblemCode.SOURCE_EMPTY)


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "socket", "below a file", "nul"])
def test_case_92_what_is_no_regular_file_is_refused_without_waiting(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "a.csv"
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "socket":
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(str(path))
        case "below a file":
            path.write_bytes(HEAD)
            path = path / "b.csv"
        case "nul":
            path = tmp_path / "a\0.csv"
    refusal(path, ProblemCode.SOURCE_NOT_FOUND)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path, HEAD)
    path.chmod(0)
    refusal(path, ProblemCode.SOURCE_NOT_FOUND)


def test_case_90_macros_are_told_and_left_alone(tmp_path: Path) -> None:
    parts = package_parts(sheet_xml(HEADINGS_XML + f"<row>{text_cell('Ada')}</row>"))
    parts["xl/vbaProject.bin"] = OLE
    found = read(pack(tmp_path, parts, "a.xlsm"))
    assert found.warnings == ["MACROS_IGNORED"]
    assert found.rows == {2: ["Ada", "", ""]}
