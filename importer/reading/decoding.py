"""Bytes to lines of text: UTF-8, proven over the whole file before a row is read."""

from __future__ import annotations

import codecs
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from importer.problems import ProblemCode
from importer.reading.characters import has_odd

if TYPE_CHECKING:
    from importer.reading.table import Place

_BLOCK = 1 << 20
_CTRL_Z = b"\x1a"
_CONTROLS = bytes(code for code in (*range(32), 127) if code not in b"\t\n\r")
_LONGEST_MARK = 4096
_UNDECODED = re.compile("[\ud800-\udfff]+")
_PROVEN = re.compile("[^\x00-\x7f\ud800-\udfff]")
_LINE_END = re.compile("\r\n|\r|\n")

_MARKS_OF_OTHERS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_HARDLY, _NEARLY = 0.2, 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What one pass over the bytes of a text file proves."""

    start: int
    """Where the text begins, behind a byte order mark."""
    end: int
    """Where it ends, before an end-of-file mark."""
    has_end_mark: bool
    has_odd: bool
    """Whether any cell can hold control characters or bytes that are no text."""


def other_encoding(head: bytes) -> str:
    """Return the name of an encoding that is surely not UTF-8, or "" when none is seen."""
    for mark, name in _MARKS_OF_OTHERS:
        if head.startswith(mark):
            return name
    # Western text in UTF-16 has a NUL in every second byte, in UTF-32 in three of four.
    lanes = [head[lane::4].count(0) * 4 / len(head) for lane in range(4)] if head else []
    for full, name in ((1, "UTF-32"), (2, "UTF-16")):
        with_text = sorted(lanes)[:full]
        without = sorted(lanes)[full:]
        if lanes and max(with_text) < _HARDLY and min(without) > _NEARLY:
            return name
    return ""


def survey(source: BinaryIO, place: Place) -> Survey:
    """Read the file once and prove that its text is UTF-8, but for a few cells at most.

    Raises:
        SourceError: It is in another encoding.
    """
    size = source.seek(0, io.SEEK_END)
    start = _start_of_text(source)
    end = _end_of_text(source, start, size)
    tally = _Tally()
    source.seek(start)
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    rest = end - start
    while rest:
        block = source.read(min(_BLOCK, rest))
        if not block:
            break
        rest -= len(block)
        tally.has_odd = tally.has_odd or len(block.translate(None, _CONTROLS)) != len(block)
        tally.add(decoder.decode(block, final=not rest))
    # A few bad bytes among good letters of many bytes are a damaged cell; bad bytes alone
    # are another encoding, in which every accent would come out wrong.
    if tally.undecoded and not (start or tally.proven > tally.undecoded):
        raise place.refuse(ProblemCode.SOURCE_ENCODING, at=f"line {tally.first_undecoded_line:,}")
    return Survey(start=start, end=end, has_end_mark=end < size, has_odd=tally.has_odd)


def text_of(source: BinaryIO, found: Survey) -> io.TextIOWrapper:
    """Return the surveyed text; bytes that are none come out as lone surrogates.

    Line ends are kept as they are, and CR, LF and CRLF all end a line.
    """
    source.seek(found.start)
    part = io.BufferedReader(_Part(source, found.end - found.start), _BLOCK)
    return io.TextIOWrapper(part, encoding="utf-8", errors="surrogateescape", newline="")


@dataclass(slots=True)
class _Tally:
    """What was seen of the text so far."""

    undecoded: int = 0
    proven: int = 0
    has_odd: bool = False
    first_undecoded_line: int = 0
    _lines: int = 1
    _ends_in_cr: bool = False

    def add(self, text: str) -> None:
        """Count what one block of text proves."""
        if text.isascii():
            self._count_lines(text)
            return
        self.has_odd = self.has_odd or has_odd(text)
        self.proven += len(_PROVEN.findall(text))
        self.undecoded += len(_UNDECODED.findall(text))
        if self.undecoded and not self.first_undecoded_line:
            first = _UNDECODED.search(text)
            before = text[: first.start()] if first else text
            self._count_lines(before)
            self.first_undecoded_line = self._lines
        self._count_lines(text)

    def _count_lines(self, text: str) -> None:
        if self.first_undecoded_line:
            return
        self._lines += len(_LINE_END.findall(text))
        if self._ends_in_cr and text.startswith("\n"):
            self._lines -= 1
        self._ends_in_cr = text.endswith("\r")


def _start_of_text(source: BinaryIO) -> int:
    source.seek(0)
    head = source.read(len(codecs.BOM_UTF8))
    return len(head) if head == codecs.BOM_UTF8 else 0


def _end_of_text(source: BinaryIO, start: int, size: int) -> int:
    """Return where the text ends, which is before an old end-of-file mark (Ctrl-Z)."""
    source.seek(max(start, size - _LONGEST_MARK))
    tail = source.read(_LONGEST_MARK)
    bare = tail.rstrip(b"\r\n\x1a")
    mark = tail.find(_CTRL_Z, len(bare))
    return size if mark < 0 else size - (len(tail) - mark)


class _Part(io.RawIOBase):
    """The next so many bytes of a file, however long the file has become since."""

    def __init__(self, source: BinaryIO, size: int) -> None:
        super().__init__()
        self._source = source
        self._rest = size

    def readable(self) -> bool:
        """Return that it can be read, which io asks."""
        return True

    def readinto(self, target: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the target with what is left, as far as it goes."""
        block = self._source.read(min(len(target), self._rest))
        target[: len(block)] = block
        self._rest -= len(block)
        return len(block)
