"""Which of several equal bookings a row is: one rule for the plan, for carrying on and the claim.

A fingerprint is a place, a time and a patient without the middle name and the phone, so that
twins, or a visit that is wanted twice, are several bookings of one fingerprint. A row is

1. the booking that asks for the very same request, first the one under its own row key, unless
   another row of its run is that one already;
2. else the booking of its fingerprint under its own row key;
3. else a booking of its fingerprint that no other row of its run is or asks for: it was edited;
4. else, where nobody wants equal bookings, any booking of its fingerprint.

The occurrence says nothing of who it is: it is a place in the index that keeps equal bookings
apart, and the order of a file, which gave it out, is another in the next export.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from importer.ledger.records import Earlier


@dataclass(slots=True)
class Twins:
    """Which bookings the rows of one run are, as far as it has been gone through."""

    _is_exact: dict[int, bool] = field(default_factory=dict, init=False)
    """Row id of a booking -> whether a row of this run that asks for the very same is that one."""

    def exact(
        self, request: bytes | None, booked: Sequence[Earlier], own: Earlier | None
    ) -> Earlier | None:
        """Return the booking that asks for the very same, else the row's own; None for neither.

        Args:
            request: What the row asks for.
            booked: All that is, or may be, booked of its fingerprint.
            own: What of it is booked under the row's own key.
        """
        mine = () if own is None else (own,)
        same = (row for row in (*mine, *booked) if row.request == request)
        return next((row for row in same if not self.is_taken(row)), own)

    def edited(self, booked: Sequence[Earlier], wanted: Collection[bytes]) -> Earlier | None:
        """Return a booking that was worded otherwise and that no other row of the run is.

        Args:
            booked: All that is, or may be, booked of the row's fingerprint.
            wanted: What the rows of this fingerprint ask for, as far as they are known.
        """
        free = (row for row in booked if row.row_id not in self._is_exact)
        return next((row for row in free if row.request not in wanted), None)

    def is_taken(self, booked: Earlier) -> bool:
        """Return whether a row that asks for the very same is that booking."""
        return self._is_exact.get(booked.row_id, False)

    def take(self, request: bytes | None, booked: Earlier) -> None:
        """Take note that a row of the run is that booking."""
        self._is_exact[booked.row_id] = request == booked.request or self.is_taken(booked)


def grouped(live: Mapping[tuple[bytes, int], Earlier]) -> dict[bytes, list[Earlier]]:
    """Return booked rows by fingerprint, the first occurrence first."""
    found: dict[bytes, list[Earlier]] = {}
    for fingerprint, occurrence in sorted(live):
        found.setdefault(fingerprint, []).append(live[fingerprint, occurrence])
    return found


def free_occurrence(booked: Sequence[Earlier], at_least: int) -> int:
    """Return the first occurrence from `at_least` on that none of the booked rows has."""
    taken = {row.occurrence for row in booked}
    while at_least in taken:
        at_least += 1
    return at_least
