"""What the ledger knows about the rows of one chunk: their keys, and what is booked already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.errors import LedgerError
from importer.ledger import planning
from importer.ledger.twins import free_occurrence, grouped
from importer.model import State
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from importer.ledger import Earlier, PlannedRow
    from importer.model import Identity, RowKey
    from importer.validate import CheckedRow


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRows:
    """What the ledger knows about the rows of one chunk."""

    keys: Mapping[int, RowKey]
    """By row number, the key that an earlier run minted for the row of this very file."""
    by_key: Mapping[str, Sequence[Earlier]]
    """Every row that ever had one of these keys, oldest first."""
    roots: Mapping[int, Earlier]
    """By row id, the rows that those follow."""
    live: Mapping[bytes, Sequence[Earlier]]
    """By fingerprint, what is booked, or may be."""
    rejected: Mapping[bytes, Earlier]
    """By request, what Solv refused last."""
    in_file: dict[bytes, planning.FirstInFile]
    """By fingerprint, what the file holds of a booking so far; it grows row by row."""
    wanted: Mapping[bytes, Collection[bytes]]
    """By fingerprint of what is booked, what the rows of the chunk ask for."""

    def key_of(self, row: CheckedRow) -> RowKey:
        """Return the key that stands in the row, else the one of an earlier run, else a new one.

        Raises:
            LedgerError: The key in the row is of another ledger.
        """
        if not row.row_key:
            return self.keys.get(row.row_number) or planning.mint_row_key()
        if row.row_key not in self.by_key:
            raise LedgerError(
                f"row {row.row_number} carries a row key that this ledger never gave out",
                todo=ProblemCode.ROW_KEY_FOREIGN.fix,
                code=ProblemCode.ROW_KEY_FOREIGN.code,
            )
        return self.by_key[row.row_key][0].row_key

    def live_under(self, key: RowKey) -> Earlier | None:
        """Return the newest row of a key behind which there is, or may be, a booking."""
        return newest_live(self.by_key.get(key, ()), self.roots)

    def booked(self, identity: Identity) -> Sequence[Earlier]:
        """Return all that is, or may be, booked of a row's fingerprint."""
        return self.live.get(identity.fingerprint, ())

    def has_asked(self, key: str, request: bytes | None) -> bool:
        """Return whether a row of that key asked for this very request before."""
        return any(request == row.request for row in self.by_key[key])

    def occurrence(self, identity: Identity, live: Earlier | None) -> int:
        """Return which of equal bookings a row is: that of the row it follows, else a free one."""
        if live is not None:
            return live.occurrence
        first = self.in_file.get(identity.fingerprint)
        booked = self.booked(identity)
        return free_occurrence(booked, first.last + 1 if first else 0)

    def count(self, fingerprint: bytes, row: PlannedRow) -> None:
        """Take note that one more row of the file is that booking."""
        first = self.in_file.get(fingerprint)
        self.in_file[fingerprint] = planning.FirstInFile(
            row_number=first.row_number if first else row.row_number,
            count=first.count + 1 if first else 1,
            last=max(first.last, row.occurrence) if first else row.occurrence,
        )


def newest_live(rows: Sequence[Earlier], roots: Mapping[int, Earlier]) -> Earlier | None:
    """Return the newest booking, or what may be one, that rows of one key made or followed.

    Args:
        rows: The rows, oldest first.
        roots: By row id, the rows that those follow.
    """
    for row in reversed(rows):
        root = roots.get(row.refers_to, row) if row.refers_to else row
        if root.state in (State.BOOKED, State.UNKNOWN) and not root.is_cancelled:
            return root
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """Asks the ledger about the rows of one file, which a run is being planned for."""

    run_number: int
    source_digest: str
    sheet: str

    def known(
        self, connection: Connection, rows: Sequence[CheckedRow], identities: Sequence[Identity]
    ) -> KnownRows:
        """Return what the ledger knows about some rows.

        Args:
            connection: In the transaction that is to register them.
            rows: All of one chunk.
            identities: Of those that were selected and have no error.
        """
        fingerprints = [identity.fingerprint for identity in identities]
        keys = planning.keys_of_file(
            connection, self.source_digest, self.sheet, [row.row_number for row in rows]
        )
        carried = [row.row_key for row in rows if row.row_key]
        by_key = planning.rows_by_key(connection, [*carried, *keys.values()])
        followed = [e.refers_to for found in by_key.values() for e in found if e.refers_to]
        live = grouped(planning.live_by_fingerprint(connection, fingerprints))
        return KnownRows(
            keys=keys,
            by_key=by_key,
            roots=planning.rows_by_id(connection, followed),
            live=live,
            rejected=planning.rejected_by_request(connection, [i.request for i in identities]),
            in_file=planning.first_in_run(connection, self.run_number, fingerprints),
            wanted=_wanted(identities, live),
        )


def _wanted(identities: Iterable[Identity], live: Container[bytes]) -> dict[bytes, set[bytes]]:
    wanted: dict[bytes, set[bytes]] = {}
    for identity in identities:
        if identity.fingerprint in live:
            wanted.setdefault(identity.fingerprint, set()).add(identity.request)
    return wanted
