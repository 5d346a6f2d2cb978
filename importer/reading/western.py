"""Text in an old Western encoding: which one it is, when its letters leave no other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

from importer.reading.western_words import CANDIDATES, ODD, UNUSUAL, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from importer.reading.western_words import Candidate, Reading

_BLOCK = 1 << 20
_WORD = re.compile(rb"[A-Za-z\x80-\xff]+")
_INSIDE = bytes((*range(65, 91), *range(97, 123), *range(128, 256)))
_LONGEST_WORD = 4096
_MOST_WORDS = 100_000
_MOST_SAMPLE = 200_000


def western_encodings(blocks: Iterator[bytes]) -> tuple[str, ...]:
    """Return the encodings that a text may be in; one alone when the letters leave no other.

    None, or more than one, means that a person must say. Encodings that read every word alike
    count as one: the first of them is returned.
    """
    standing = list(CANDIDATES)
    contests = {pair: _Contest() for pair in permutations(CANDIDATES, 2)}
    odd: set[str] = set()
    for word in _each_once(_words(blocks)):
        readings = {one: found for one in standing if (found := read(word, one)) is not None}
        standing = list(readings)
        odd |= {one.codec for one, found in readings.items() if found.is_hard_to_believe}
        for (one, other), contest in contests.items():
            if one in readings and other in readings:
                contest.add(readings[one], readings[other], other)
    left = [a for a in standing if not any(contests[a, b].is_lost for b in standing if b != a)]
    codecs = [a.codec for a in left if a == left[0] or contests[left[0], a].differs]
    # Where the only one left is hard to believe, it may be one that nobody thought of.
    return () if len(codecs) == 1 and codecs[0] in odd else tuple(codecs)


@dataclass(slots=True)
class _Contest:
    """Whether one candidate reads so much worse than another that it cannot be the true one."""

    differs: bool = False
    _has_evidence: bool = False
    _is_open: bool = False

    @property
    def is_lost(self) -> bool:
        """Return whether words speak for the other candidate and none leaves it open."""
        return self._has_evidence and not self._is_open

    def add(self, mine: Reading, its: Reading, other: Candidate) -> None:
        """Take in a word as this candidate and the other one read it."""
        if mine.text == its.text:
            return
        self.differs = True
        tells = mine.tells or its.tells
        if mine.oddity >= (UNUSUAL if other.is_usual else ODD) and not its.oddity:
            self._has_evidence |= tells or other.is_usual
        elif tells:
            self._is_open = True


def suggested_encoding(source: BinaryIO) -> str:
    """Return what charset-normalizer takes a text for, "" when it does not know.

    A suggestion for a person, who sees whether the letters come out right; never more.
    """
    from charset_normalizer import from_bytes  # noqa: PLC0415 - only for a file that is refused

    sample = b""
    for block in iter(lambda: source.read(_BLOCK), b""):
        lines = [line for line in block.splitlines() if not line.isascii()]
        sample += b"\n".join(lines)
        if len(sample) > _MOST_SAMPLE:
            break
    best = from_bytes(sample[:_MOST_SAMPLE]).best()
    return "" if best is None or best.encoding in ("ascii", "utf_8") else best.encoding


def _each_once(words: Iterator[bytes]) -> Iterator[bytes]:
    seen: set[bytes] = set()
    for word in words:
        if word not in seen:
            if len(seen) > _MOST_WORDS:
                seen.clear()
            seen.add(word)
            yield word


def _words(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield each run of letters that holds more than ASCII, whole where two blocks share it."""
    tail = b""
    for block in blocks:
        window = tail + block
        kept = window.rstrip(_INSIDE)
        tail = window[len(kept) :]
        if len(tail) > _LONGEST_WORD:
            kept, tail = window, b""
        yield from _foreign_words(kept)
    yield from _foreign_words(tail)


def _foreign_words(text: bytes) -> Iterator[bytes]:
    if not text.isascii():
        yield from (word for word in _WORD.findall(text) if not word.isascii())
