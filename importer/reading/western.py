"""Text in an old Western encoding: which one it is, when only one makes sense of every word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_BLOCK = 1 << 20
_WORD = re.compile(rb"[A-Za-z\x80-\xff]+")
_INSIDE = bytes((*range(65, 91), *range(97, 123), *range(128, 256)))
_LONGEST_WORD = 4096
_MOST_WORDS = 100_000
_LETTERS = re.compile("[^\\W\\d_]+")
_MOST_SAMPLE = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """An encoding that programs in the United States write, and what it may hold."""

    codec: str
    letters: str
    signs: str


_USUAL = "áéíóúüñçàâäèêëîïôöùû"
_QUOTES = "‘’“”"
_BEHIND_NO_LETTER = "£§½¼¾±²³¿¡«×·´°€"
_BETWEEN_NO_LETTERS = "®©™ªº»"
_CANDIDATES = (
    # What Excel calls CSV on Windows, on old Macs, and for MS-DOS.
    _Candidate(
        codec="cp1252",
        letters=_USUAL + _USUAL.upper() + "ãõåøæœšžìòßÃÕÅØÆŒŠŽÌÒ",
        signs=_QUOTES + _BEHIND_NO_LETTER + _BETWEEN_NO_LETTERS + "–—…•\u00a0\u00ad",
    ),
    # Without Õ, which is the Í of cp1252: GARCÍA comes more often than any name with it.
    _Candidate(codec="mac_roman", letters=_USUAL + _USUAL.upper() + "ãõÃ", signs="’"),
    _Candidate(codec="cp437", letters=_USUAL + _USUAL.upper(), signs=""),
)
_NEVER_BEHIND_LETTERS = frozenset("‘“" + _BEHIND_NO_LETTER)
_NEVER_BETWEEN_LETTERS = frozenset(_BETWEEN_NO_LETTERS)
_MAY_BEGIN = frozenset("áéíóúñ")
_MAY_BEGIN_USUALLY = frozenset("áéíóúñèêöüäåøçœæ")
_CAPITALS_INSIDE = frozenset("ÁÉÍÓÚÑÖÜ")
_LONGEST_PREFIX = 3
"""The longest beginning behind which a name goes on with a capital: De, Mac."""


def western_encodings(blocks: Iterator[bytes]) -> tuple[str, ...]:
    """Return the encodings under which every word of a text makes sense.

    None, or more than one, means that a person must say. Encodings that read every word alike
    count as one: the first of them is returned.
    """
    standing = list(_CANDIDATES)
    differing: set[tuple[str, str]] = set()
    seen: set[bytes] = set()
    for word in _words(blocks):
        if word in seen:
            continue
        if len(seen) > _MOST_WORDS:
            seen.clear()
        seen.add(word)
        texts = {one.codec: text for one in standing if (text := _read(word, one)) is not None}
        standing = [one for one in standing if one.codec in texts]
        differing |= {(a, b) for a, b in combinations(texts, 2) if texts[a] != texts[b]}
    codecs = [one.codec for one in standing]
    return tuple(c for c in codecs if c == codecs[0] or (codecs[0], c) in differing)


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


def _read(word: bytes, candidate: _Candidate) -> str | None:
    """Return a word as the candidate reads it, None where that makes no sense."""
    try:
        text = word.decode(candidate.codec)
    except UnicodeDecodeError:
        return None
    if len(text) > _LONGEST_WORD:
        return None
    is_strict = candidate is not _CANDIDATES[0]
    signs = all(_is_in_place(text, at, candidate) for at in range(len(text)))
    runs = (run for run in _LETTERS.findall(text) if not run.isascii())
    return text if signs and all(_is_name_like(run, is_strict=is_strict) for run in runs) else None


def _is_in_place(text: str, at: int, candidate: _Candidate) -> bool:
    letter = text[at]
    if letter.isascii() or letter in candidate.letters:
        return True
    is_behind = text[at - 1 : at].isalpha()
    if letter in _NEVER_BEHIND_LETTERS and is_behind:
        return False
    is_between = is_behind and text[at + 1 : at + 2].isalpha()
    return letter in candidate.signs and not (is_between and letter in _NEVER_BETWEEN_LETTERS)


def _is_name_like(run: str, *, is_strict: bool) -> bool:
    """Return whether letters stand as in a word: mostly ASCII, capitals where capitals stand."""
    foreign = [at for at, letter in enumerate(run) if not letter.isascii()]
    if len(run) == 1:
        return not is_strict and run.lower() in _MAY_BEGIN
    begins = run[0].isascii() or run[0].isupper()
    if not begins and run[0] not in (_MAY_BEGIN if is_strict else _MAY_BEGIN_USUALLY):
        return False
    is_mostly_ascii = len(foreign) * 2 <= len(run)
    return is_mostly_ascii and all(_is_in_case(run, at, is_strict=is_strict) for at in foreign)


def _is_in_case(run: str, at: int, *, is_strict: bool) -> bool:
    before, letter, after = run[:at], run[at], run[at + 1 : at + 2]
    if letter.islower():
        return not after.isupper() and not (len(before) > 1 and before[-2:].isupper())
    if before[-1:].islower():
        is_prefix = before.istitle() and len(before) <= _LONGEST_PREFIX
        return after.islower() and is_prefix and not is_strict and letter in _CAPITALS_INSIDE
    return run.isupper() or not (before[-1:].isupper() or after.isupper())
