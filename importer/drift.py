"""Headings held against those that a profile was made for, and what has changed."""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, TypeAlias

from rapidfuzz import fuzz

from importer.folding import folded
from importer.headings import NEAR_ENOUGH, column_letters, known_field, shown_heading
from importer.problems import FileProblem, ProblemCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_Compared: TypeAlias = tuple[str, int]
"""A heading as it is compared, and how often it stood further left."""


def heading_changes(
    expected: Sequence[str], found: Mapping[int, str], *, show: bool
) -> tuple[FileProblem, ...]:
    """Return what is renamed, missing, new or moved; nothing when only case or spaces differ.

    A heading counts as renamed when the new one is similar, or stands in its very place.

    Args:
        expected: The headings that the profile lists, in order.
        found: The headings of the file by column, without those of our results.
        show: Whether any heading of the file may be quoted: a new one may be a patient, unless
            it is known or similar to a missing one.
    """
    named = {column: text for column, text in found.items() if text}
    columns, theirs = list(named), list(named.values())
    wanted, there = _compared(expected), _compared(theirs)
    if wanted == there:
        return ()
    gone = [place for place, heading in enumerate(wanted) if heading not in there]
    new = [place for place, heading in enumerate(there) if heading not in wanted]
    similar = _similar(wanted, there, gone, new)
    renamed = {old: place for place, old in similar.items()}
    renamed |= {g: g for g in gone if g in new and g not in renamed and g not in similar}

    def told(place: int) -> str:
        is_known = place in similar or known_field(theirs[place]) is not None
        return shown_heading(theirs[place]) if show or is_known else "another heading"

    changes = [
        _change(f"{expected[g]!r} is {told(renamed[g])} now", columns[renamed[g]])
        if g in renamed
        else _change(f"{expected[g]!r} is missing")
        for g in gone
    ]
    added = [
        _change(f"{told(place)} is new", columns[place])
        for place in new
        if place not in renamed.values()
    ]
    moved = [
        _change(f"{expected[old]!r} has moved here", columns[place])
        for old, place in _moved(wanted, there)
    ]
    return (*changes, *added, *moved)


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
    place = "" if column is None else f"column {column_letters(column)}"
    return FileProblem(code=ProblemCode.HEADINGS_CHANGED, place=place, hint=hint)
