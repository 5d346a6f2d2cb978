"""Case 86: workbooks behind a password, in each format."""

from __future__ import annotations

import struct
import zipfile
from typing import TYPE_CHECKING

import pytest

from importer.problems import ProblemCode
from importer.reading import ReadOptions, open_source
from tests.edges.reading_kit import encrypted, read, refusal, write_xlsx
from tests.edges.workbook_kit import ADA, HEAD, biff, pack_ods, packed_xls, xls_stream

if TYPE_CHECKING:
    from pathlib import Path


def locked(tmp_path: Path, password: str) -> Path:
    """Write a workbook behind a password."""
    path = tmp_path / "locked.xlsx"
    path.write_bytes(encrypted(write_xlsx(tmp_path, [HEAD, ADA]), password))
    return path


@pytest.mark.parametrize("password", ["secret", "pass wörd 李", "0"])
def test_case_86_a_workbook_is_opened_with_its_password(tmp_path: Path, password: str) -> None:
    path = locked(tmp_path, password)
    found = read(path, password=password)
    assert found.rows == {2: ["Ada", "Ek", "5551234567"]}
    assert found.warnings == ["SOURCE_DECRYPTED"]


def test_case_86_without_a_password_or_with_another_one_it_is_not(tmp_path: Path) -> None:
    path = locked(tmp_path, "secret")
    assert "SOLV_IMPORT_SOURCE_PASSWORD" in refusal(path, ProblemCode.SOURCE_ENCRYPTED).todo
    error = refusal(path, ProblemCode.PASSWORD_WRONG, password="Secret")
    assert "Secret" not in error.message + error.todo
    assert "Secret" not in repr(ReadOptions(password="Secret"))


def test_case_86_one_that_is_damaged_is_told_apart_from_a_wrong_password(tmp_path: Path) -> None:
    path = locked(tmp_path, "secret")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    refusal(path, ProblemCode.SOURCE_CORRUPT, password="secret")


def test_case_86_what_was_decrypted_has_no_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(work))
    source = open_source(locked(tmp_path, "secret"), ReadOptions(password="secret"))
    with source.open() as plain:
        assert plain.read(2) == b"PK"
    assert list(work.iterdir()) == []


def test_case_86_one_in_an_archive_is_opened_too(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(locked(tmp_path, "secret"), "locked.xlsx")
    assert read(path, password="secret").rows == {2: ["Ada", "Ek", "5551234567"]}


def test_case_86_an_encrypted_ods_is_refused(tmp_path: Path) -> None:
    entry = '<m:file-entry m:full-path="content.xml"><m:encryption-data/></m:file-entry>'
    path = pack_ods(tmp_path / "a.ods", "", manifest=entry)
    error = refusal(path, ProblemCode.SOURCE_ENCRYPTED, password="secret")
    assert "XLSX" in error.todo


def test_case_86_an_encrypted_xls_is_refused(tmp_path: Path) -> None:
    stream = xls_stream(tmp_path, [HEAD, ADA])
    first = 4 + struct.unpack_from("<H", stream, 2)[0]
    path = packed_xls(tmp_path, stream[:first] + biff(0x2F, bytes(54)) + stream[first:])
    assert "XLSX" in refusal(path, ProblemCode.SOURCE_ENCRYPTED, password="secret").todo
