"""What a file really is, by its first bytes; its name only says what it claims to be."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, BinaryIO

from importer.problems import ProblemCode
from importer.reading.encodings import mark_of, told_encoding
from importer.reading.package import sound_archive

if TYPE_CHECKING:
    from importer.reading.source import Source
    from importer.reading.table import Place

_HEAD = 64 * 1024
_LOCK = "~$"
_BLOCK = 1 << 20


class Kind(StrEnum):
    """The sources that can be read, and what they may be packed in."""

    CSV = "csv"
    XLSX = "xlsx"
    XLS = "xls"
    XLSB = "xlsb"
    ODS = "ods"
    GZIP = "gz"
    ZIP = "zip"
    ENCRYPTED = "encrypted"


PACKED = (Kind.GZIP, Kind.ZIP)


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
_BINARY_WORKBOOK = _Content(
    words="a binary Excel workbook (.xlsb)", suffixes=(".xlsb",), kind=Kind.XLSB
)
_OLD_WORKBOOK = _Content(words="an old Excel workbook (.xls)", suffixes=(".xls",), kind=Kind.XLS)
_OLDEST_WORKBOOK = _Content(words="an Excel 95 workbook (.xls)", suffixes=(".xls",))
_LOCKED_WORKBOOK = _Content(
    words="an encrypted workbook", suffixes=(".xlsx", ".xlsm", ".xlsb"), kind=Kind.ENCRYPTED
)
_OPEN_SHEET = _Content(
    words="an OpenDocument spreadsheet (.ods)", suffixes=(".ods",), kind=Kind.ODS
)
_OPEN_OTHER = _Content(
    words="an OpenDocument file without a spreadsheet", suffixes=(".ods", ".odt", ".odp")
)
_NUMBERS = _Content(words="an Apple Numbers file", suffixes=(".numbers",))
_WORD = _Content(words="a Word document", suffixes=(".doc", ".docx"))
_OLE = _Content(words="an old Office file", suffixes=(".doc", ".ppt", ".msg"))
_ZIP = _Content(words="a ZIP archive", suffixes=(".zip",), kind=Kind.ZIP)
_GZIP = _Content(words="a gzip archive", suffixes=(".gz",), kind=Kind.GZIP)
_HTML = _Content(words="an HTML page", suffixes=(".html", ".htm"))
_XML = _Content(words="an XML file", suffixes=(".xml",))
_JSON = _Content(words="JSON", suffixes=(".json", ".jsonl"))
_MHT = _Content(words="a saved web page (.mht)", suffixes=(".mht", ".mhtml"))
_JUNK = _Content(words="no text and no workbook", suffixes=())

_BY_FIRST_BYTES: tuple[tuple[bytes, _Content], ...] = (
    (b"%PDF-", _Content(words="a PDF document", suffixes=(".pdf",))),
    (b"\x1f\x8b", _GZIP),
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
_BY_START: tuple[tuple[_Content, tuple[str, ...]], ...] = (
    (_XML, ("<?xml",)),
    (_JSON, ('{"', "[{", "[\n", "{\n", "{\r\n", "[\r\n")),
    (_MHT, ("mime-version:", "from: <saved by")),
)
_OLE_MAGIC = bytes.fromhex("D0CF11E0A1B11AE1")
_ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
_HTML_STARTS = ("<!doctype html", "<!--", "<html", "<head", "<meta", "<table", "<body", "<style")
_OPEN_SHEET_TYPE = b"application/vnd.oasis.opendocument.spreadsheet"
_READABLE = "delimited text and workbooks (.xlsx, .xls, .xlsb, .ods)"
_BY_OLE_STREAM: tuple[tuple[str, _Content], ...] = (
    ("Workbook", _OLD_WORKBOOK),
    ("Book", _OLDEST_WORKBOOK),
    ("WordDocument", _WORD),
)
_BY_PART: tuple[tuple[str, _Content], ...] = (
    ("xl/workbook.xml", _WORKBOOK),
    ("xl/workbook.bin", _BINARY_WORKBOOK),
    ("word/document.xml", _WORD),
    ("ppt/presentation.xml", _Content(words="a presentation", suffixes=(".pptx",))),
    ("content.xml", _OPEN_OTHER),
    ("index.zip", _NUMBERS),
    ("index/document.iwa", _NUMBERS),
)
_KNOWN_SUFFIXES = frozenset(
    suffix
    for content in (
        *(_TEXT, _WORKBOOK, _OLD_WORKBOOK, _WORD, _OLE, _ZIP, _HTML, _XML, _OPEN_SHEET),
        *(content for _, content in (*_BY_FIRST_BYTES, *_BY_PART)),
    )
    for suffix in content.suffixes
)


def kind_of(source: Source, *, encoding: str | None = None) -> Kind:
    """Return what the file is, when that can be read and agrees with its name.

    Args:
        source: The file, packed as it may be.
        encoding: The text encoding that the person named, which makes text of any bytes.

    Raises:
        SourceError: It is empty, of a kind that cannot be read, or not what its name says.
    """
    place = source.place
    if source.name.startswith(_LOCK):
        sentence = "The name begins with ~$, as the lock file of an open workbook does."
        raise place.refuse(ProblemCode.SOURCE_NOT_A_SPREADSHEET, sentence)
    with source.open() as file:
        head = file.read(_HEAD)
        if not head:
            raise place.refuse(ProblemCode.SOURCE_EMPTY)
        content = _content_of(file, head, place, encoding)
    suffix = "." + source.name.lower().rpartition(".")[2]
    if suffix in _KNOWN_SUFFIXES and suffix not in content.suffixes and content is not _JUNK:
        sentence = f"The content is {content.words}, but the name ends in {suffix}."
        raise place.refuse(ProblemCode.SOURCE_TYPE_MISMATCH, sentence)
    if content.kind is None:
        sentence = f"The file is {content.words}; {_READABLE} can be read."
        raise place.refuse(ProblemCode.SOURCE_NOT_A_SPREADSHEET, sentence)
    return content.kind


def _content_of(source: BinaryIO, head: bytes, place: Place, encoding: str | None) -> _Content:
    if head.startswith(_ZIP_MAGICS):
        return _archive_content(source, place)
    if head.startswith(_OLE_MAGIC):
        return _ole_content(source)
    for magic, content in _BY_FIRST_BYTES:
        if head.startswith(magic):
            return content
    marked = mark_of(head)
    codec = marked.codec if marked else encoding or told_encoding(head, None, place).codec
    text = head.decode(codec, "replace")
    start = text.lstrip("\ufeff \t\r\n")[:64].lower()
    if start.startswith(_HTML_STARTS):
        return _HTML
    for content, starts in _BY_START:
        if start.startswith(starts):
            return content
    is_guess = encoding is None and codec == "utf-8"
    return _JUNK if is_guess and _is_binary(head) else _TEXT


def _is_binary(head: bytes) -> bool:
    """Return whether the bytes are no text in any encoding: many controls, little that decodes."""
    controls = sum(head.count(code) for code in range(32) if code not in b"\t\n\r\f\x1a\x1b")
    if head.count(0) * 5 > len(head):
        return True
    undecoded = head.decode("utf-8", "replace").count("\ufffd")
    return controls * 50 > len(head) and undecoded * 20 > len(head)


def _ole_content(source: BinaryIO) -> _Content:
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
        return _LOCKED_WORKBOOK
    return next((content for name, content in _BY_OLE_STREAM if name in found), _OLE)


def _archive_content(source: BinaryIO, place: Place) -> _Content:
    with sound_archive(place), zipfile.ZipFile(source) as archive:
        names = {name.casefold() for name in archive.namelist()}
        content = next((content for part, content in _BY_PART if part in names), _ZIP)
        if content is _OPEN_OTHER and "mimetype" in names:
            with archive.open("mimetype") as part:
                is_sheet = part.read(len(_OPEN_SHEET_TYPE)) == _OPEN_SHEET_TYPE
            return _OPEN_SHEET if is_sheet else content
    return content
