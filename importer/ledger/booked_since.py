"""What was booked since a run was planned: its rows follow that, as if it were planned now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import update

from importer.ledger import planning
from importer.ledger.schema import row_table
from importer.ledger.twins import Twins, free_occurrence, grouped
from importer.model import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from importer.ledger.records import Earlier

_ASKING = frozenset({State.READY, State.SENDING, State.BOOKED, State.SKIPPED, State.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedSince:
    """The bookings that some `ready` rows of one run may be, and who of the run is which."""

    rows: Sequence[Earlier]
    """The rows that are asked about."""
    live: Mapping[bytes, Sequence[Earlier]]
    """By fingerprint, what is booked, or may be."""
    live_by_key: Mapping[str, Earlier]
    of_run: Mapping[bytes, Sequence[Earlier]]
    """By fingerprint, the rows of the run."""
    twins: Twins
    _last: dict[bytes | None, int] = field(default_factory=dict, init=False)
    """By fingerprint, the last occurrence that was given to a row of these."""

    def of(self, row: Earlier, *, allow_duplicates: bool) -> Earlier | None:
        """Return the booking that a row is, None where it is to be sent.

        What the plan held to be one booking, by one occurrence, stays one.
        """
        own = self.live_by_key.get(row.row_key)
        booked = self._booked(row)
        found = self.twins.exact(row.request, booked, own if own in booked else None)
        if found is None:
            found = self.twins.edited(booked, self._wanted(row))
        if found is None:
            mine = {one.row_id for one in self._of_run(row)}
            found = next((b for b in booked[:1] if b.row_id in mine and _is_as(row, b)), None)
        if found is None and not allow_duplicates:
            found = next(iter(booked), None)
        if found is not None:
            self.twins.take(row.request, found)
        return found or own

    def free_occurrence(self, row: Earlier) -> int:
        """Return the row's occurrence, or a free one where a booking that it is not has it."""
        booked = self._booked(row)
        if row.occurrence not in {one.occurrence for one in booked}:
            return row.occurrence
        planned = max((one.occurrence for one in self._of_run(row)), default=-1)
        last = max(planned, self._last.get(row.fingerprint, -1))
        self._last[row.fingerprint] = free_occurrence(booked, last + 1)
        return self._last[row.fingerprint]

    def _booked(self, row: Earlier) -> list[Earlier]:
        """Return all that is booked of a row's fingerprint, that of its occurrence first."""
        booked = self.live.get(row.fingerprint or b"", ())
        return sorted(booked, key=lambda one: not _is_as(row, one))

    def _of_run(self, row: Earlier) -> Sequence[Earlier]:
        return self.of_run.get(row.fingerprint or b"", ())

    def _wanted(self, row: Earlier) -> set[bytes]:
        """Return what the rows of the run ask for; one that is not sent asks for nothing."""
        return {one.request for one in self._of_run(row) if one.request and one.state in _ASKING}


def booked_since(connection: Connection, run_number: int, row_ids: Sequence[int]) -> BookedSince:
    """Return what some rows of a run may be the same booking as, asked of the ledger as it is.

    Args:
        connection: In the transaction that is to change them.
        run_number: Of the run.
        row_ids: Its rows that are to be sent.
    """
    found = planning.rows_by_id(connection, row_ids)
    rows = [found[row_id] for row_id in row_ids]
    prints = [row.fingerprint for row in rows if row.fingerprint is not None]
    booked = grouped(planning.live_by_fingerprint(connection, prints))
    of_run: dict[bytes, list[Earlier]] = {}
    # Only where something is booked does it matter what the other rows of the run are.
    for one in planning.rows_of_bookings(connection, run_number, booked):
        of_run.setdefault(one.fingerprint or b"", []).append(one)
    return BookedSince(
        rows=rows,
        live=booked,
        live_by_key=planning.live_by_key(connection, [row.row_key for row in rows]),
        of_run=of_run,
        twins=_taken_by(of_run, booked),
    )


def keep_apart(connection: Connection, row: Earlier, occurrence: int) -> None:
    """Give a `ready` row the occurrence by which it is another booking than those there are."""
    if occurrence != row.occurrence:
        connection.execute(
            update(row_table)
            .where(row_table.c.row_id == row.row_id, row_table.c.state == State.READY)
            .values(occurrence=occurrence)
        )


def _taken_by(
    of_run: Mapping[bytes, Sequence[Earlier]], booked: Mapping[bytes, Sequence[Earlier]]
) -> Twins:
    """Return which bookings the rows of a run are already."""
    twins = Twins()
    live = {one.row_id: one for same in booked.values() for one in same}
    for same in of_run.values():
        for row in same:
            root = live.get(row.refers_to or row.row_id)
            if root is not None:
                twins.take(row.request, root)
    return twins


def _is_as(row: Earlier, booked: Earlier) -> bool:
    return row.occurrence == booked.occurrence
