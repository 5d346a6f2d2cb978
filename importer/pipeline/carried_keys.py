"""The row keys that stand in a sheet of results, which people copy and move about."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from importer.ledger import planning

if TYPE_CHECKING:
    from importer.ledger import Earlier, Ledger


@dataclass(slots=True)
class CarriedKeys:
    """Which rows of a file carry a row key, and what only the whole file shows about them.

    What a row says weighs more than the key beside it, since keys get moved about: a row that
    says a booking of another key follows that one. At the end of the file it follows what is
    booked under its own key after all, as a row that was edited, unless another row does.
    """

    _holders: dict[str, list[tuple[int, bool]]] = field(default_factory=dict, init=False)
    """By row key: row ids, and whether the row is unchanged."""
    _passed_over: dict[int, Earlier] = field(default_factory=dict, init=False)
    """By row number, what is booked under the key of a row that says another booking."""
    _left_behind: dict[int, Earlier] = field(default_factory=dict, init=False)
    """The same by row id."""

    def __contains__(self, key: str) -> bool:
        """Return whether a row further up carries that key."""
        return key in self._holders

    def meet(self, key: str) -> None:
        """Take note that a row carries a key; "" is none."""
        if key:
            self._holders.setdefault(key, [])

    def pass_over(self, row_number: int, booked: Earlier) -> None:
        """Take note that a row follows another booking than the one under its key."""
        self._passed_over[row_number] = booked

    def register(self, row_number: int, row_id: int) -> None:
        """Take note of the id that the ledger gave a row."""
        if row_number in self._passed_over:
            self._left_behind[row_id] = self._passed_over.pop(row_number)

    def hold(self, key: str, row_id: int, *, is_unchanged: bool) -> None:
        """Take note of a registered row that carries a key."""
        self._holders.setdefault(key, []).append((row_id, is_unchanged))

    def settle(self, ledger: Ledger) -> None:
        """Hold the copies, and let rows follow what would be left behind; the file is at its end.

        Of rows with one key the unchanged one keeps it, and the others are held.
        """
        copies = [
            row_id
            for holders in self._holders.values()
            if len(holders) > 1
            for row_id, _ in sorted(holders, key=lambda holder: not holder[1])[1:]
        ]
        if copies:
            ledger.plan(lambda connection: planning.hold_copies(connection, copies))
        for row_id, booked in self._left_behind.items():
            if row_id not in copies:
                ledger.plan(partial(planning.follow_own_key, row_id=row_id, booked=booked))
