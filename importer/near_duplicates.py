"""Rows that may be one visit typed twice: all but one thing about the patient is the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rapidfuzz.distance import OSA

from importer.identity import comparable_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from importer.model import BookingRequest

_REACH: Final = 50_000
"""So many rows above each are compared at least, and twice as many at most."""
_MOST_COMPARED: Final = 20
"""Of rows that share two of three things, so many; a file of one name is no harder than others."""
_SHORT: Final = 4
"""In names that are all shorter, one letter is another name: Tim and Tom, Li and Lu."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    """What is compared of one row; `kind` is what two visits of one patient may differ in."""

    row_number: int
    place: tuple[str, str] = field(repr=False)
    """Location, and the day as it is written."""
    first: str = field(repr=False)
    last: str = field(repr=False)
    birth_date: str = field(repr=False)
    instant: datetime = field(repr=False)
    sex: str = field(repr=False)
    kind: str = field(repr=False)

    def keys(self) -> Iterator[int]:
        """Yield a hash of each two things that a near duplicate has in common with it."""
        yield hash((self.place, "names", self.first, self.last))
        yield hash((self.place, "last", self.last, self.birth_date))
        yield hash((self.place, "first", self.first, self.birth_date))

    def swapped_key(self) -> int:
        """Return the first key of somebody whose names stand the other way round."""
        return hash((self.place, "names", self.last, self.first))


class NearDuplicates:
    """The visits of one file, gone through from the top; each costs the same, however many.

    Two rows are near duplicates when location and day are the same and, of first name, last
    name and birth date, at most one differs: by one letter typed wrong, left out, added or
    swapped with its neighbor; by one digit, or day and month changed round; or the two names
    stand the other way round. A first name keeps its first letter, since those of twins rhyme;
    names of three letters never differ in one by mistake. Another sex or another visit type
    makes two visits. The time of day does not count: the same patient a quarter of an hour
    later is a near duplicate, and at the very same time the same booking, which is none.
    """

    def __init__(self, *, reach: int = _REACH) -> None:
        """Begin above the first row; `reach` rows above are compared at least."""
        self._reach = reach
        self._count = 0
        self._young: dict[int, tuple[_Visit, ...]] = {}
        self._old: dict[int, tuple[_Visit, ...]] = {}

    def above(
        self, row_number: int, request: BookingRequest, appointment_at: datetime
    ) -> int | None:
        """Return the first row above that this one may repeat, None when there is none.

        Args:
            row_number: Larger than that of every call before.
            request: What would be sent for the row.
            appointment_at: The instant of its appointment.
        """
        visit = _visit_of(row_number, request, appointment_at)
        keys = [*visit.keys()]
        found = [
            other.row_number
            for key in (*keys, visit.swapped_key())
            for other in (*self._old.get(key, ()), *self._young.get(key, ()))
            if _are_near(visit, other)
        ]
        self._keep(visit, keys)
        return min(found, default=None)

    def _keep(self, visit: _Visit, keys: list[int]) -> None:
        if self._count == self._reach:
            self._count, self._old, self._young = 0, self._young, {}
        self._count += 1
        for key in keys:
            alike = self._young.get(key, ())
            if len(alike) < _MOST_COMPARED:
                self._young[key] = (*alike, visit)


def _visit_of(row_number: int, request: BookingRequest, appointment_at: datetime) -> _Visit:
    return _Visit(
        row_number=row_number,
        place=(str(request.location_id), request.appointment_date[: len("2030-01-07")]),
        first=comparable_name(request.first_name),
        last=comparable_name(request.last_name),
        birth_date=request.birth_date,
        instant=appointment_at,
        sex=request.birth_sex or "",
        kind="" if request.visit_type_id is None else str(request.visit_type_id),
    )


def _are_near(one: _Visit, other: _Visit) -> bool:
    """Return whether two visits are near duplicates; hashes may have brought any two together."""
    if one.place != other.place or _differ(one.sex, other.sex) or _differ(one.kind, other.kind):
        return False
    if (one.first, one.last) == (other.first, other.last):
        if one.birth_date == other.birth_date:
            return one.instant != other.instant
        return _is_date_mistyped(one.birth_date, other.birth_date)
    return one.birth_date == other.birth_date and _are_names_mistyped(one, other)


def _are_names_mistyped(one: _Visit, other: _Visit) -> bool:
    """Return whether one name differs by an edit, or the two stand the other way round."""
    if one.last == other.last:
        return one.first[:1] == other.first[:1] and _is_name_mistyped(one.first, other.first)
    if one.first == other.first:
        return _is_name_mistyped(one.last, other.last)
    return (one.first, one.last) == (other.last, other.first)


def _differ(one: str, other: str) -> bool:
    """Return whether both say something, and not the same."""
    return bool(one and other) and one != other


def _is_name_mistyped(one: str, other: str) -> bool:
    return max(len(one), len(other)) >= _SHORT and _is_one_edit(one, other)


def _is_date_mistyped(one: str, other: str) -> bool:
    """Return whether two dates, YYYY-MM-DD, differ in one digit, or in the order of theirs."""
    year, month, day = one.split("-")
    return _is_one_edit(one, other) or other == f"{year}-{day}-{month}"


def _is_one_edit(one: str, other: str) -> bool:
    return OSA.distance(one, other, score_cutoff=1) <= 1
