"""What holds a run before its first request: a file unlike those of the nights before."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.bounds import RowBound, RowSpread

NIGHTS: Final = 14
"""So many earlier runs say what is usual."""
FEWEST_NIGHTS: Final = 5
"""Before so many there is no usual number of rows."""
FEWEST_ROWS: Final = 20
"""A share of fewer rows says nothing."""


GUARD: Final = "guard "
"""So begins what is said of a guard."""


class Held(NamedTuple):
    """One guard that holds a run."""

    guard: str
    """Its name, as `--override` takes it."""
    why: str
    """What it saw: counts and row numbers, never a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What a profile lets through; None lets everything through."""

    no_rows: bool
    rows: RowSpread | None
    invalid: RowBound | None
    days_ahead: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What is known of a file once all of it is read."""

    rows: int
    """Blank ones left out."""
    invalid: int
    usual: Sequence[int]
    """The rows of earlier runs of the profile that came to their end; empty to compare none."""
    far_ahead: int
    """How many visits that may be sent lie further ahead than `days_ahead`."""
    first_far_ahead: int
    """The row number of the first of them."""


def held_by(guards: Guards, seen: Sighting) -> Iterator[Held]:
    """Yield each guard that holds a run of this file, with what it saw."""
    if not seen.rows:
        if guards.no_rows:
            yield Held("no-rows", "the file has no rows")
        return
    if len(seen.usual) >= FEWEST_NIGHTS and guards.rows is not None:
        usual = median(seen.usual[-NIGHTS:])
        if not guards.rows.holds(seen.rows, usual):
            nights = min(len(seen.usual), NIGHTS)
            yield Held(
                "rows",
                f"the file has {seen.rows:,} rows, and the last {nights} runs had {usual:,g} "
                f"in the middle ({guards.rows} times that may come)",
            )
    if _has_too_many_invalid(guards.invalid, seen):
        yield Held(
            "invalid",
            f"{seen.invalid:,} of {seen.rows:,} rows are invalid, more than {guards.invalid}",
        )
    if seen.far_ahead:
        yield Held(
            "days-ahead",
            f"{seen.far_ahead:,} of the visits are more than {guards.days_ahead} days ahead, "
            f"the first in row {seen.first_far_ahead}",
        )


def _has_too_many_invalid(bound: RowBound | None, seen: Sighting) -> bool:
    if bound is None or (bound.percent is not None and seen.rows < FEWEST_ROWS):
        return False
    return bound.is_passed_by(seen.invalid, of=seen.rows)


def sentence_of(held: Sequence[Held]) -> str:
    """Return what holds a run as one sentence, for people and logs."""
    return "; ".join(f"{GUARD}{one.guard}: {one.why}" for one in held)
