"""What a file really is, by its first bytes; its name only says what it claims to be."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, BinaryIO

from importer.problems import ProblemCode
from importer.reading.decoding import other_encoding
from importer.reading.files import opened
from importer.reading.package import sound_archive

if TYPE_CHECKING:
    from pathlib import Path

    from importer.reading.table import Place

_HEAD = 64 * 1024
_BLOCK = 1 << 20


class Kind(StrEnum):
    """The sources that can be read."""

    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """What the bytes are: a kind that can be read, or words for one that cannot."""

    words: str
    suffixes: tuple[str, ...]
    """The endings of names under which such content is expected."""
    kind: Kind | None = None


_TEXT = _Content(
    words="delimited text", suffixes=(".csv", ".tsv", ".txt", ".tab", ".psv"), kind=Kind.CSV
)
_WORKBOOK = _Content(words="an XLSX workbook", suffixes=(".xlsx", ".xlsm"), kind=Kind.XLSX)
_OLD_WORKBOOK = _Content(words="an old Excel workbook (.xls)", suffixes=(".xls",))
_WORD = _Content(words="a Word document", suffixes=(".doc", ".docx"))
_OLE = _Content(words="an old Office file", suffixes=(".doc", ".ppt", ".msg"))
_ZIP = _Content(words="a ZIP archive", suffixes=(".zip",))
_HTML = _Content(words="an HTML page", suffixes=(".html", ".htm"))
_XML = _Content(words="an XML file", suffixes=(".xml",))
_JUNK = _Content(words="no text and no workbook", suffixes=())

_BY_FIRST_BYTES: tuple[tuple[bytes, _Content], ...] = (
    (b"%PDF-", _Content(words="a PDF document", suffixes=(".pdf",))),
    (b"\x1f\x8b", _Content(words="a gzip archive", suffixes=(".gz",))),
    (b"7z\xbc\xaf\x27\x1c", _Content(words="a 7-Zip archive", suffixes=(".7z",))),
    (b"Rar!\x1a\x07", _Content(words="a RAR archive", suffixes=(".rar",))),
    (b"BZh", _Content(words="a bzip2 archive", suffixes=(".bz2",))),
    (b"\xfd7zXZ\x00", _Content(words="an xz archive", suffixes=(".xz",))),
    (b"\x28\xb5\x2f\xfd", _Content(words="a Zstandard archive", suffixes=(".zst",))),
    (b"\x89PNG\r\n", _Content(words="a PNG picture", suffixes=(".png",))),
    (b"\xff\xd8\xff", _Content(words="a JPEG picture", suffixes=(".jpg", ".jpeg"))),
    (b"GIF8", _Content(words="a GIF picture", suffixes=(".gif",))),
    (b"PAR1", _Content(words="a Parquet file", suffixes=(".parquet",))),
    (b"SQLite format 3\x00", _Content(words="an SQLite database", suffixes=(".db", ".sqlite"))),
    (b"{\\rtf", _Content(words="an RTF document", suffixes=(".rtf",))),
)
_OLE_MAGIC = bytes.fromhex("D0CF11E0A1B11AE1")
_ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
_HTML_STARTS = (b"<!doctype html", b"<html", b"<head", b"<meta", b"<table", b"<body", b"<style")
_BY_OLE_STREAM: tuple[tuple[str, _Content], ...] = (
    ("Workbook", _OLD_WORKBOOK),
    ("Book", _OLD_WORKBOOK),
    ("WordDocument", _WORD),
)
_BY_PART: tuple[tuple[str, _Content], ...] = (
    ("xl/workbook.xml", _WORKBOOK),
    ("xl/workbook.bin", _Content(words="a binary Excel workbook (.xlsb)", suffixes=(".xlsb",))),
    ("word/document.xml", _WORD),
    ("ppt/presentation.xml", _Content(words="a presentation", suffixes=(".pptx",))),
    ("content.xml", _Content(words="an OpenDocument file", suffixes=(".ods", ".odt"))),
    ("index/document.iwa", _Content(words="an Apple Numbers file", suffixes=(".numbers",))),
)
_KNOWN_SUFFIXES = frozenset(
    suffix
    for content in (
        *(_TEXT, _WORKBOOK, _OLD_WORKBOOK, _WORD, _OLE, _ZIP, _HTML, _XML),
        *(content for _, content in (*_BY_FIRST_BYTES, *_BY_PART)),
    )
    for suffix in content.suffixes
)


def kind_of(path: Path, name: str, place: Place) -> Kind:
    """Return what the file is, when that can be read and agrees with its name.

    Args:
        path: Where its bytes are.
        name: The name that people gave it.
        place: The words for it in messages.

    Raises:
        SourceError: It is empty, encrypted, of a kind that cannot be read, or not what its
            name says.
    """
    with opened(path, place) as source:
        head = source.read(_HEAD)
        if not head:
            raise place.refuse(ProblemCode.SOURCE_EMPTY)
        content = _content_of(source, head, place)
    suffix = "." + name.lower().rpartition(".")[2]
    if suffix in _KNOWN_SUFFIXES and suffix not in content.suffixes and content is not _JUNK:
        sentence = f"The content is {content.words}, but the name ends in {suffix}."
        raise place.refuse(ProblemCode.SOURCE_TYPE_MISMATCH, sentence)
    if content.kind is None:
        sentence = f"The file is {content.words}; CSV text and XLSX workbooks can be read."
        raise place.refuse(ProblemCode.SOURCE_NOT_A_SPREADSHEET, sentence)
    return content.kind


def _content_of(source: BinaryIO, head: bytes, place: Place) -> _Content:
    if head.startswith(_ZIP_MAGICS):
        return _archive_content(source, place)
    if head.startswith(_OLE_MAGIC):
        return _ole_content(source, place)
    for magic, content in _BY_FIRST_BYTES:
        if head.startswith(magic):
            return content
    encoding = other_encoding(head)
    if encoding:
        sentence = f"The text is {encoding}, not UTF-8."
        raise place.refuse(ProblemCode.SOURCE_ENCODING, sentence, at="line 1")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower()
    if start.startswith(_HTML_STARTS):
        return _HTML
    if start.startswith(b"<?xml"):
        return _XML
    return _JUNK if _is_binary(head) else _TEXT


def _is_binary(head: bytes) -> bool:
    """Return whether the bytes are no text in any encoding: many controls, little that decodes."""
    controls = sum(head.count(code) for code in range(32) if code not in b"\t\n\r\f\x1a\x1b")
    if head.count(0) * 5 > len(head):
        return True
    undecoded = head.decode("utf-8", "replace").count("\ufffd")
    return controls * 50 > len(head) and undecoded * 20 > len(head)


def _ole_content(source: BinaryIO, place: Place) -> _Content:
    """Tell apart what Office packs into its old container, by the names of the streams in it."""
    found: set[str] = set()
    names = ("EncryptedPackage", *(name for name, _ in _BY_OLE_STREAM))
    source.seek(0)
    tail = b""
    while block := source.read(_BLOCK):
        window = tail + block
        found.update(name for name in names if (name + "\0").encode("utf-16-le") in window)
        tail = window[-64:]
    if "EncryptedPackage" in found:
        raise place.refuse(ProblemCode.SOURCE_ENCRYPTED)
    return next((content for name, content in _BY_OLE_STREAM if name in found), _OLE)


def _archive_content(source: BinaryIO, place: Place) -> _Content:
    with sound_archive(place), zipfile.ZipFile(source) as archive:
        names = {name.casefold() for name in archive.namelist()}
    return next((content for part, content in _BY_PART if part in names), _ZIP)
