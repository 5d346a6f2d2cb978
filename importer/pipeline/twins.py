"""Which of several equal bookings a row is: those of twins, or a visit that is wanted twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from importer.ledger import Earlier
    from importer.model import Identity


@dataclass(slots=True)
class Twins:
    """Which booked rows the rows of a file stand for, where it may hold equal bookings.

    The order in a file says little: the next export may have the other twin on top. A row that
    asks for the very same is that booking, and one that does not leaves it to the row that does.
    """

    _is_exact: dict[int, bool] = field(default_factory=dict, init=False)
    """Booked row -> whether a row of this file that asks for the very same follows it."""

    def match(
        self,
        identity: Identity,
        booked: Sequence[Earlier],
        keyed: Earlier | None,
        wanted: Collection[bytes],
    ) -> Earlier | None:
        """Return the booked row that this row is, None where it is a further booking.

        Args:
            identity: Of the row.
            booked: All that is booked of its fingerprint.
            keyed: What is booked under the row's own key.
            wanted: What the rows of this fingerprint ask for, as far as they are known.
        """
        own = () if keyed is None else (keyed,)
        exact = (r for r in (*own, *booked) if r.request == identity.request)
        found = next((row for row in exact if not self._is_exact.get(row.row_id)), keyed)
        if found is not None:
            return found
        free = (row for row in booked if row.row_id not in self._is_exact)
        return next((row for row in free if row.request not in wanted), None)

    def take(self, identity: Identity, booked: Earlier) -> None:
        """Take note that a row of the file follows a booked one."""
        is_exact = identity.request == booked.request
        self._is_exact[booked.row_id] = is_exact or self._is_exact.get(booked.row_id, False)


def grouped(live: Mapping[tuple[bytes, int], Earlier]) -> dict[bytes, list[Earlier]]:
    """Return booked rows by fingerprint, the first occurrence first."""
    found: dict[bytes, list[Earlier]] = {}
    for fingerprint, occurrence in sorted(live):
        found.setdefault(fingerprint, []).append(live[fingerprint, occurrence])
    return found


def same_booking(identity: Identity, booked: Sequence[Earlier]) -> Earlier | None:
    """Return the booked row that a row is where nothing is wanted twice: first the very same."""
    exact = (row for row in booked if row.request == identity.request)
    return next(exact, booked[0] if booked else None)


def free_occurrence(booked: Sequence[Earlier], at_least: int) -> int:
    """Return the first occurrence from `at_least` on that none of the booked rows has."""
    taken = {row.occurrence for row in booked}
    while at_least in taken:
        at_least += 1
    return at_least
