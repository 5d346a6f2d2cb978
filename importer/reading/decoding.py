"""Bytes to lines of text, in an encoding proven over the whole file before a row is read."""

from __future__ import annotations

import codecs
import io
import re
from array import array
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO

from importer.problems import ProblemCode
from importer.reading.characters import has_odd
from importer.reading.encodings import Encoding, told_encoding
from importer.reading.western import suggested_encoding, western_encodings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.errors import SourceError
    from importer.reading.table import Place

_BLOCK = 1 << 20
_HEAD = 64 * 1024
_CTRL_Z = b"\x1a"
_CONTROLS = bytes(code for code in (*range(32), 127) if code not in b"\t\n\r")
_LONGEST_MARK = 4096
_UNDECODED = re.compile("[\ud800-\udfff]+")
_PROVEN = re.compile("[^\x00-\x7f\ud800-\udfff]")
_LINE_END = re.compile("\r\n|\r|\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What one pass over the bytes of a text file proves."""

    codec: str
    is_detected: bool = False
    """Whether nobody named the encoding and it is not UTF-8."""
    start: int
    """Where the text begins, behind a byte order mark."""
    end: int
    """Where it ends, before an end-of-file mark."""
    has_end_mark: bool
    has_odd: bool
    """Whether any cell can hold control characters or bytes that are no text."""
    undecoded: Undecoded


@dataclass(slots=True)
class Undecoded:
    """The lines that hold bytes which are no text, and where in the file the first of each is."""

    lines: array[int] = field(default_factory=lambda: array("Q"))
    offsets: array[int] = field(default_factory=lambda: array("Q"))

    def add(self, line: int, offset: int) -> None:
        """Add a byte; lines come in their order."""
        if not self.lines or self.lines[-1] != line:
            self.lines.append(line)
            self.offsets.append(offset)

    def first_in(self, line: int, line_count: int) -> int | None:
        """Return the offset of the first such byte in these lines, from 0, None without one."""
        at = bisect_left(self.lines, line)
        if at == len(self.lines) or self.lines[at] >= line + line_count:
            return None
        return self.offsets[at]


def survey(source: BinaryIO, place: Place, asked: str | None = None) -> Survey:
    """Read the file once and prove that its text is in the encoding named, or in UTF-8.

    Args:
        source: The file.
        place: The words for it.
        asked: The encoding that the person named, as Python spells it.

    Raises:
        SourceError: It is in another encoding, and which one is not certain.
    """
    size = source.seek(0, io.SEEK_END)
    source.seek(0)
    told = told_encoding(source.read(_HEAD), asked, place)
    end = _end_of_text(source, told.size, size) if told.is_like_ascii else size
    if asked is not None and told.codec != "utf-8" and told.is_like_ascii:
        _refuse_utf_8(source, end, asked, place)
    found, tally = _surveyed(source, told, end)
    found = replace(found, has_end_mark=end < size)
    # A few bad bytes among good letters of many bytes are a damaged cell; bad bytes alone
    # are another encoding, in which every accent would come out wrong.
    is_settled = asked is not None or told.size or tally.proven > tally.undecoded
    if is_settled or not tally.undecoded or (tally.proven and _is_mixed(source, end)):
        return found
    codec = _western(source, end, tally.undecoded_line, place)
    found, _ = _surveyed(source, Encoding(codec), end)
    return replace(found, is_detected=True, has_end_mark=end < size, undecoded=tally.undecoded_at)


def text_of(source: BinaryIO, found: Survey) -> io.TextIOWrapper:
    """Return the surveyed text; bytes that are none come out as lone surrogates or U+FFFD.

    Line ends are kept as they are, and CR, LF and CRLF all end a line.
    """
    source.seek(found.start)
    part = io.BufferedReader(_Part(source, found.end - found.start), _BLOCK)
    errors = errors_of(found.codec)
    return io.TextIOWrapper(part, encoding=found.codec, errors=errors, newline="")


def errors_of(codec: str) -> str:
    """Return what becomes of bytes that are no text, in the words of `codecs`."""
    # A surrogate keeps which byte it was, but is a character of its own in other encodings.
    return "surrogateescape" if codec == "utf-8" else "replace"


def _surveyed(source: BinaryIO, told: Encoding, end: int) -> tuple[Survey, _Tally]:
    tally = _Tally(codec=told.codec, offset=told.size)
    decoder = codecs.getincrementaldecoder(told.codec)(errors_of(told.codec))
    for block in _blocks(source, told.size, end):
        if told.is_like_ascii:
            odd = len(block.translate(None, _CONTROLS)) != len(block)
            tally.has_odd = tally.has_odd or odd
        tally.add(decoder.decode(block))
    tally.add(decoder.decode(b"", final=True))
    found = Survey(
        codec=told.codec,
        start=told.size,
        end=end,
        has_end_mark=False,
        has_odd=tally.has_odd,
        undecoded=tally.undecoded_at,
    )
    return found, tally


def _blocks(source: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    source.seek(start)
    rest = end - start
    while rest and (block := source.read(min(_BLOCK, rest))):
        rest -= len(block)
        yield block


def _refuse_utf_8(source: BinaryIO, end: int, asked: str, place: Place) -> None:
    """Raise when a text that is UTF-8 throughout would be read as something else.

    Raises:
        SourceError: It holds letters of UTF-8 and no byte that is not UTF-8.
    """
    _, tally = _surveyed(source, Encoding("utf-8"), end)
    if tally.proven and not tally.undecoded:
        sentence = f"Every letter of the text is UTF-8; {asked} would spoil it."
        todo = "Leave --encoding away, and encoding out of the profile."
        raise place.refuse(ProblemCode.SOURCE_ENCODING, sentence, todo=todo)


def _is_mixed(source: BinaryIO, end: int) -> bool:
    """Return whether a text is UTF-8 in some rows and Western in others.

    Letters of many bytes that another alphabet shows by chance are no UTF-8.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    texts = (_PROVEN.sub("e", decoder.decode(block)) for block in _blocks(source, 0, end))
    rest = (text.encode("utf-8", "surrogateescape") for text in texts)
    return bool(western_encodings(rest))


def _western(source: BinaryIO, end: int, line: int, place: Place) -> str:
    """Return the one old Western encoding in which the whole text makes sense.

    Raises:
        SourceError: There is none, or more than one.
    """
    codecs_left = western_encodings(_blocks(source, 0, end))
    if len(codecs_left) == 1:
        return codecs_left[0]
    raise _unclear(source, codecs_left, line, place)


def _unclear(source: BinaryIO, left: tuple[str, ...], line: int, place: Place) -> SourceError:
    if left:
        sentence = f"The text is not UTF-8; it may be {' or '.join(left)}."
        suggested = left[0]
    else:
        source.seek(0)
        sentence, suggested = "", suggested_encoding(source)
    todo = "Save it as CSV UTF-8, or name its encoding with --encoding"
    todo += f"; try {suggested} and look at the names." if suggested else "."
    return place.refuse(ProblemCode.SOURCE_ENCODING, sentence, at=f"line {line:,}", todo=todo)


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What was seen of the text so far."""

    codec: str
    offset: int
    """How many bytes lie before the text that comes next."""
    undecoded: int = 0
    proven: int = 0
    has_odd: bool = False
    undecoded_at: Undecoded = field(default_factory=Undecoded)
    _lines: int = 1
    _ends_in_cr: bool = False

    @property
    def undecoded_line(self) -> int:
        """Return the first line with bytes that are no text, 0 when there is none."""
        return self.undecoded_at.lines[0] if self.undecoded else 0

    def add(self, text: str) -> None:
        """Count what one block of text proves."""
        if self.codec != "utf-8":
            self.has_odd = self.has_odd or has_odd(text)
            return
        if text.isascii():
            self._count_lines(text)
            self.offset += len(text)
            return
        self.has_odd = self.has_odd or has_odd(text)
        self.proven += len(_PROVEN.findall(text))
        start = 0
        for match in _UNDECODED.finditer(text):
            self.undecoded += 1
            self._pass(text[start : match.start()])
            self.undecoded_at.add(self._lines, self.offset)
            self._pass(match[0])
            start = match.end()
        self._pass(text[start:])

    def _pass(self, text: str) -> None:
        self._count_lines(text)
        self.offset += len(text.encode("utf-8", "surrogateescape"))

    def _count_lines(self, text: str) -> None:
        if not text:
            return
        self._lines += len(_LINE_END.findall(text))
        if self._ends_in_cr and text.startswith("\n"):
            self._lines -= 1
        self._ends_in_cr = text.endswith("\r")


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

    def readinto(self, target: bytearray | memoryview) -> int:  # type: ignore[override] # io: any buffer
        """Fill the target with what is left, as far as it goes."""
        block = self._source.read(min(len(target), self._rest))
        target[: len(block)] = block
        self._rest -= len(block)
        return len(block)
