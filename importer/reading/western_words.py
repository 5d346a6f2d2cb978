"""Words in old Western encodings: could they have been written, and are signs in the way."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

UNUSUAL, ODD = 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An encoding that programs in the United States write, and the letters of its names."""

    codec: str
    letters: str
    is_usual: bool = False
    """Whether nearly every such text is in this one, so that rare spellings belong to it."""
    rare: re.Pattern[str] = re.compile("(?!)")
    """Where letters stand that are elsewhere common ones of another encoding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A word as a candidate reads it."""

    text: str = field(repr=False)
    oddity: int
    """0 for a word as people write them; `UNUSUAL` or `ODD` where a sign is in the way."""
    is_foreign: bool
    """Whether its letters stand as in no Western name, so that it may be of another encoding."""
    tells: bool
    """Whether it says anything of names: letters beyond ASCII, or a sign between letters."""

    @property
    def is_hard_to_believe(self) -> bool:
        """Return whether a sign touches letters as no sign does, or letters as none do."""
        return self.is_foreign or (self.oddity == ODD and len(self.text) > 1)


_COMMON = "áéíóúüñçàâäèêëîïôöùû"
CANDIDATES = (
    # What Excel calls CSV on Windows, on old Macs, and for MS-DOS.
    Candidate(
        codec="cp1252",
        letters=_COMMON + _COMMON.upper() + "ãõåøæœšžìòßÃÕÅØÆŒŠŽÌÒ",
        is_usual=True,
    ),
    # Õ is the Í of cp1252: GARCÍA comes more often than SIMÕES.
    Candidate(
        codec="mac_roman",
        letters=_COMMON + _COMMON.upper() + "ãõåøæœßìòÃÅØÆŒ",
        rare=re.compile("Õ(?=E)"),
    ),
    # ß and Æ are its á and ’: Hernández and O’BRIEN come more often than Groß and ÆGIR.
    Candidate(
        codec="cp437",
        letters=_COMMON + _COMMON.upper() + "åæìòÅ",
        rare=re.compile("(?<=[aeiouöüAEIOU])ß(?!\\w)|(?<=[aeoöü])ß(?=[klmnt])|(?<!\\w)Æ"),
    ),
)

_LONGEST_WORD = 500
_LATIN = "A-Za-zÀ-ÖØ-öø-ɏﬁﬂ"
_USUAL_SIGNS = "‘’“”–—…•·®©™ªºµ°±£§½¼¾²³¿¡«»×÷´€¢†‡¶¥‚„\u00a0\u00ad"
_RUN = re.compile(f"[{_LATIN}]+")
_ODD_SIGN = f"[^\x00-\x7f{_LATIN}{_USUAL_SIGNS}]"
_OTHER_LETTER = f"(?![{_LATIN}ªºµ])[^\\W\\d_]"
_NO_WORD = re.compile(
    # Letters of two alphabets, or the frames that programs of MS-DOS drew.
    f"[{_LATIN}]{{2}}{_OTHER_LETTER}|{_OTHER_LETTER}[{_LATIN}]{{2}}"
    f"|[{_LATIN}]{_OTHER_LETTER}[{_LATIN}]|({_ODD_SIGN})(?!\\1){_ODD_SIGN}"
)
_BEHIND, _BEFORE = f"(?<=[{_LATIN}])", f"(?=[{_LATIN}])"
_BETWEEN = re.compile(f"{_BEHIND}[^\x00-\x7f{_LATIN}]{_BEFORE}")
_AMONG_LETTERS = "‘’´\u00a0\u00ad"
"""Apostrophes and spaces, which stand within names."""
_ODD_PLACE = re.compile(
    f"{_ODD_SIGN}|{_BEHIND}[‚„¡¿«¢£¤¥‡]"
    f"|{_BEHIND}[^\x00-\x7f{_LATIN}{_AMONG_LETTERS}–—…•·“”»]{_BEFORE}"
    # Before a letter they are the Á, Ł, ░ and º of other encodings, but for µg, µmol and °C.
    f"|µ(?!(?:g|[lL]|m|mol|s|U|V|A|Ci)(?![{_LATIN}])){_BEFORE}|°(?![CFK](?![{_LATIN}])){_BEFORE}"
    f"|[£§]{_BEFORE}"
)
_NOT_WESTERN = re.compile(
    # Where letters of Central Europe (ř č ě ů ő ű, in cp1250) come out as letters of cp1252 that no
    # Western name has there: Jiøí, Horáèek, Nìmec, Rùžièka, Tõrök, Kõmûves, Szûcs.
    f"ø[áíýìèù]|[áíýìèù]ø|[šžìèùò][{_LATIN}]*ø|ø[{_LATIN}]*[šžìèùò]"
    f"|è(?=[aeiouáéíóúýì])|(?<=[bdfmnptv])ì{_BEFORE}|ù{_BEFORE}"
    f"|õ[{_LATIN}]*[öûáéíóúy]|[öûáéíóúy][{_LATIN}]*õ"
    f"|[õû][{_LATIN}]*(?:sz|cs|zs|gy)|(?:sz|cs|zs|gy)[{_LATIN}]*[õû]",
    re.IGNORECASE,
)
_UNUSUAL_PLACE = re.compile(
    # The dash of a Mac is the Ñ of cp1252, which stands between vowels.
    f"(?<=[AEIOU])—(?=[AEIOU])|{_BEHIND}(?!·[lL])[–…•·“”»]{_BEFORE}|[…”¡¿»]{_BEFORE}"
)
_MAY_STAND_ALONE = frozenset("áéíóúñ")
_MAY_BEGIN = frozenset("áéíóúñèêöüäåøçœæ")
_CAPITALS_INSIDE = frozenset("ÁÉÍÓÚÑÖÜ")
_LONGEST_PREFIX = 3
"""The longest beginning behind which a name goes on with a capital: De, Mac."""


def read(word: bytes, candidate: Candidate) -> Reading | None:
    """Return a word as the candidate reads it, None where its letters make no sense.

    Signs never decide that: a degree sign stands in a reason, whatever the names are.
    """
    try:
        text = word.decode(candidate.codec)
    except UnicodeDecodeError:
        return None
    plain = candidate.rare.sub("s", text)
    runs = [run for run in _RUN.findall(plain) if len(run) > 1 and not run.isascii()]
    if len(text) > _LONGEST_WORD or _NO_WORD.search(plain):
        return None
    if not all(_is_name_like(run, candidate) for run in runs):
        return None
    tells = bool(runs) or plain != text or _BETWEEN.search(text) is not None
    is_foreign = candidate.is_usual and _NOT_WESTERN.search(text) is not None
    return Reading(text=text, oddity=_oddity(text, candidate), is_foreign=is_foreign, tells=tells)


def _oddity(text: str, candidate: Candidate) -> int:
    alone = (run for run in _RUN.findall(text) if len(run) == 1 and not run.isascii())
    may_be_alone = _MAY_STAND_ALONE if candidate.is_usual else frozenset[str]()
    if _ODD_PLACE.search(text) or any(letter.lower() not in may_be_alone for letter in alone):
        return ODD
    return UNUSUAL if _UNUSUAL_PLACE.search(text) else 0


def _is_name_like(run: str, candidate: Candidate) -> bool:
    """Return whether letters stand as in a word: mostly ASCII, capitals where capitals stand."""
    foreign = [at for at, letter in enumerate(run) if not letter.isascii()]
    if any(run[at] not in candidate.letters for at in foreign):
        return False
    begins = run[0].isascii() or run[0].isupper() or run[0] in _MAY_BEGIN
    is_mostly_ascii = len(foreign) * 2 <= len(run) + 1  # été
    in_case = all(_is_in_case(run, at) for at in foreign)
    return begins and is_mostly_ascii and in_case


def _is_in_case(run: str, at: int) -> bool:
    before, letter, after = run[:at], run[at], run[at + 1 : at + 2]
    if letter == "ß":  # for a long time it had no capital
        return True
    if letter.islower():
        return not after.isupper() and not (len(before) > 1 and before[-2:].isupper())
    if before[-1:].islower():
        is_prefix = before.istitle() and len(before) <= _LONGEST_PREFIX
        return after.islower() and is_prefix and letter in _CAPITALS_INSIDE
    return run.isupper() or not (before[-1:].isupper() or after.isupper())
