"""Rows that say a booking in other words, until the file shows that another row is that one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from importer.ledger import planning
from importer.ledger.twins import free_occurrence
from importer.model import State
from importer.pipeline.planned_rows import following

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.ledger import Earlier, Ledger, PlannedRequest, PlannedRow
    from importer.ledger.twins import Twins


@dataclass(frozen=True, slots=True, kw_only=True)
class LooseTwin:
    """A row that follows a booking that was worded otherwise, in a file where twins are wanted."""

    booking: Earlier
    """What it follows."""
    booked: Sequence[Earlier]
    """All that is booked of its fingerprint."""
    undecided: PlannedRow
    """The row before it followed anything."""
    unbooked: PlannedRow
    """What it is when no booking is left for it."""
    request: PlannedRequest
    """What it would send then; its row id is not known yet."""


@dataclass(slots=True)
class LooseTwins:
    """Such rows of one file; only a file's end tells whether a later row is that booking."""

    _met: dict[int, LooseTwin] = field(default_factory=dict, init=False, repr=False)
    """By row number."""
    _registered: dict[int, LooseTwin] = field(default_factory=dict, init=False, repr=False)
    """By row id."""

    def meet(self, row: LooseTwin) -> None:
        """Take note of a row."""
        self._met[row.undecided.row_number] = row

    def register(self, row_number: int, row_id: int) -> None:
        """Take note of the id that the ledger gave a row."""
        if row_number in self._met:
            self._registered[row_id] = self._met.pop(row_number)

    def settle(self, ledger: Ledger, run_number: int, twins: Twins) -> Iterator[PlannedRequest]:
        """Plan anew the rows whose booking another row is; yield what is to be sent after all."""
        for row_id, row in self._registered.items():
            if not twins.is_taken(row.booking):
                continue
            booking = twins.edited(row.booked, ())
            if booking is not None:
                assert row.undecided.identity is not None  # noqa: S101 - it has a fingerprint
                twins.take(row.undecided.identity.request, booking)
                plan = replace(following(row.undecided, booking), occurrence=booking.occurrence)
            else:
                plan = replace(row.unbooked, occurrence=_free(ledger, run_number, row))
            ledger.plan(
                partial(planning.replan_row, run_number=run_number, row_id=row_id, row=plan)
            )
            if plan.state is State.READY:
                yield replace(row.request, row_id=row_id)


def _free(ledger: Ledger, run_number: int, row: LooseTwin) -> int:
    """Return an occurrence that no booking and no other row of the file has."""
    assert row.undecided.identity is not None  # noqa: S101 - as above
    fingerprint = row.undecided.identity.fingerprint
    in_file = ledger.plan(
        partial(planning.first_in_run, run_number=run_number, fingerprints=[fingerprint])
    )
    first = in_file.get(fingerprint)
    return free_occurrence(row.booked, first.last + 1 if first else 0)
