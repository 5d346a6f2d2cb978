"""Headings held against those that a profile was made for, and what has changed."""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, TypeAlias

from rapidfuzz import fuzz

from importer.folding import folded
from importer.headings import NEAR_ENOUGH, known_field, shown_heading
from importer.lettering import column_letter
from importer.problems import FileProblem, ProblemCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_Compared: TypeAlias = tuple[str, int]
"""A heading as it is compared, and how often it stood further left."""


def heading_changes(
    expected: Sequence[str], found: Mapping[int, str], *, show: bool
) -> tuple[FileProblem, ...]:
    """Return what is renamed, missing, new or moved; nothing when only case or spaces differ.

    A heading counts as renamed when the new one is similar, or stands in its very place. One
    that is neither known nor similar is not quoted: where the headings are gone, a patient
    stands there. Even a name or a street may read like a heading, so that nothing of the file
    is quoted where it goes into logs and summaries.

    Args:
        expected: The headings that the profile lists, in order.
        found: The headings of the file by column, without those of our results.
        show: Whether somebody at a terminal may see what the file holds.
    """
    difference = _Difference(expected, found, show=show)
    return () if difference.is_none else (*difference.renamed_or_missing(), *difference.others())


class _Difference:
    """The headings of a profile and those of a file, and which of them belong together."""

    def __init__(self, expected: Sequence[str], found: Mapping[int, str], *, show: bool) -> None:
        """Pair what is alike; places count the headings that are not empty."""
        self._show = show
        named = {column: text for column, text in found.items() if text}
        self._columns, self._theirs = list(named), list(named.values())
        self._expected = [text for text in expected if text]
        self._wanted, self._there = _compared(self._expected), _compared(self._theirs)
        self._gone = [n for n, heading in enumerate(self._wanted) if heading not in self._there]
        self._new = [n for n, heading in enumerate(self._there) if heading not in self._wanted]
        self._similar = _similar(self._wanted, self._there, self._gone, self._new)
        self._renamed = {old: place for place, old in self._similar.items()}
        for place in self._gone:
            if place in self._new and place not in self._renamed and place not in self._similar:
                self._renamed[place] = place

    @property
    def is_none(self) -> bool:
        """Return whether both are the same, in the same order."""
        return self._wanted == self._there

    def renamed_or_missing(self) -> Iterator[FileProblem]:
        """Yield what became of each heading that the file does not have any more."""
        for old in self._gone:
            name, place = repr(self._expected[old]), self._renamed.get(old)
            if place is None:
                yield _change(f"{name} is missing")
            else:
                yield _change(f"{name} is {self._told(place)} now", self._columns[place])

    def others(self) -> Iterator[FileProblem]:
        """Yield the headings that came, and those that others have overtaken."""
        for place in self._new:
            if place not in self._renamed.values():
                yield _change(f"{self._told(place)} is new", self._columns[place])
        for old, place in _moved(self._wanted, self._there):
            yield _change(f"{self._expected[old]!r} has moved here", self._columns[place])

    def _told(self, place: int) -> str:
        heading = self._theirs[place]
        is_known = place in self._similar or known_field(heading) is not None
        return shown_heading(heading) if is_known and self._show else "another heading"


def _compared(headings: Iterable[str]) -> list[_Compared]:
    """Return headings without case and spaces, each that comes again told apart."""
    counts: Counter[str] = Counter()
    compared = []
    for heading in headings:
        text = folded(heading)
        compared.append((text, counts[text]))
        counts[text] += 1
    return compared


def _similar(
    wanted: Sequence[_Compared], there: Sequence[_Compared], gone: list[int], new: list[int]
) -> dict[int, int]:
    """Return which missing heading each new one is most like, where it is like one."""
    scores = sorted(
        ((fuzz.token_sort_ratio(wanted[g][0], there[n][0]), -g, -n) for g in gone for n in new),
        reverse=True,
    )
    pairs: dict[int, int] = {}
    for score, old, place in scores:
        if score >= NEAR_ENOUGH and -place not in pairs and -old not in pairs.values():
            pairs[-place] = -old
    return pairs


def _moved(wanted: Sequence[_Compared], there: Sequence[_Compared]) -> Iterator[tuple[int, int]]:
    """Yield old and new place of each heading that others have overtaken."""
    before = [heading for heading in wanted if heading in there]
    after = [heading for heading in there if heading in wanted]
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    in_order = {heading for block in blocks for heading in before[block.a : block.a + block.size]}
    for heading in before:
        if heading not in in_order:
            yield wanted.index(heading), there.index(heading)


def _change(hint: str, column: int | None = None) -> FileProblem:
    place = "" if column is None else f"column {column_letter(column)}"
    return FileProblem(code=ProblemCode.HEADINGS_CHANGED, place=place, hint=hint)
