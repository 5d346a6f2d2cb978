"""Which encoding a text is in, as far as its first bytes, or the person, say."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.problems import ProblemCode

if TYPE_CHECKING:
    from importer.errors import SourceError
    from importer.reading.table import Place

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)
_ASCII = "a,\n\x1a"
_HARDLY, _NEARLY = 0.2, 0.8
_BY_FULL_LANES = {
    (0,): "utf-32-le",
    (3,): "utf-32-be",
    (0, 2): "utf-16-le",
    (1, 3): "utf-16-be",
}
"""Which of every four bytes hold something, where the text is Western, and what it is then."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How bytes become text."""

    codec: str
    size: int = 0
    """How many bytes its mark at the beginning takes."""

    @property
    def is_like_ascii(self) -> bool:
        """Return whether the bytes of ASCII stand for themselves in it."""
        if self.codec.startswith(("utf-16", "utf-32")):
            return False
        return _ASCII.encode(self.codec, "replace") == _ASCII.encode()


def mark_of(head: bytes) -> Encoding | None:
    """Return what the mark at the beginning says, None where there is none."""
    return next((Encoding(name, len(mark)) for mark, name in _MARKS if head.startswith(mark)), None)


def told_encoding(head: bytes, asked: str | None, place: Place) -> Encoding:
    """Return what the mark at the beginning says, or the person; UTF-8 when neither does.

    Args:
        head: The first bytes.
        asked: The encoding that the person named, as Python spells it.
        place: The file.

    Raises:
        SourceError: Nothing says it and it is surely not UTF-8, or the two disagree.
    """
    marked = mark_of(head)
    unmarked = "" if marked else _by_lanes(head)
    if asked is None:
        wide = marked.codec if marked and marked.codec.startswith("utf-32") else unmarked
        if wide:
            raise _not_utf_8(wide, place)
        return marked or Encoding("utf-8")
    if marked is not None:
        if asked in (marked.codec, _family(marked.codec)):
            return marked
        sentence = f"The file begins with the mark of {marked.codec.upper()}, not {asked}."
        todo = f"Leave --encoding away, or give --encoding {_family(marked.codec)}."
        raise place.refuse(ProblemCode.SOURCE_ENCODING, sentence, todo=todo)
    if asked in ("utf-16", "utf-32"):
        if _family(unmarked) != asked:
            sentence = f"Nothing in the file says which {asked.upper()} it is."
            todo = f"Give --encoding {asked}-le or --encoding {asked}-be."
            raise place.refuse(ProblemCode.SOURCE_ENCODING, sentence, todo=todo)
        return Encoding(unmarked)
    return Encoding(asked)


def _not_utf_8(codec: str, place: Place) -> SourceError:
    sentence = f"The text is {_family(codec).upper()}, not UTF-8."
    todo = f"Save it as CSV UTF-8, or add --encoding {codec}."
    return place.refuse(ProblemCode.SOURCE_ENCODING, sentence, at="line 1", todo=todo)


def _by_lanes(head: bytes) -> str:
    """Return the encoding that the place of its zeros shows, "" when they show none."""
    if not head:
        return ""
    zeros = [head[lane::4].count(0) * 4 / len(head) for lane in range(4)]
    if any(_HARDLY <= share <= _NEARLY for share in zeros):
        return ""
    full = tuple(lane for lane, share in enumerate(zeros) if share < _HARDLY)
    return _BY_FULL_LANES.get(full, "")


def _family(codec: str) -> str:
    return codec.removesuffix("-le").removesuffix("-be")
