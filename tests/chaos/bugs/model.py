"""Bugs of planning, identity and the ledger: what the model and the tampered ledgers must catch."""

from __future__ import annotations

import hashlib
from dataclasses import replace as changed
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from importer.identity import identify
from importer.ledger import changes, decisions, opening, planning
from importer.ledger.folder import key_id
from importer.ledger.rescue import RescueFile
from importer.ledger.schema import row_table
from importer.model import State
from importer.pipeline import carrying_on
from importer.pipeline import planning as planner
from tests.chaos.planted import bug

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from importer.ledger import LedgerFolder, Target
    from importer.ledger.folder import Sidecar
    from importer.model import BookingRequest, Identity, Outcome
    from tests.chaos.planted import Replace


@bug("unknown-resent-by-next-file")
def _unknown_resent_by_next_file(replace: Replace) -> None:
    """Only rows that are surely booked keep others from being sent."""
    surely = row_table.c.state.in_([State.SENDING, State.BOOKED])
    replace(planning, "LIVE", surely)
    _index(replace, "WHERE state IN ('sending', 'booked') AND refers_to IS NULL")


@bug("unique-index-ignored")
def _unique_index_ignored(replace: Replace) -> None:
    """Nothing but the plan keeps two rows of one booking apart."""
    _index(replace, None)


@bug("fingerprint-includes-phone")
def _fingerprint_includes_phone(replace: Replace) -> None:
    """A corrected phone makes another booking."""

    def with_phone(
        request: BookingRequest, appointment_at: datetime, key: bytes, *, unsent: str
    ) -> Identity:
        identity = identify(request, appointment_at, key, unsent=unsent)
        fingerprint = hashlib.sha256(identity.fingerprint + request.phone.encode()).digest()
        return changed(identity, fingerprint=fingerprint)

    for module in (planner, carrying_on):
        replace(module, "identify", with_phone)


@bug("booking-id-taken-twice")
def _booking_id_taken_twice(replace: Replace) -> None:
    """Whatever id an answer names is believed."""

    def believed(connection: Connection, row_id: int, outcome: Outcome) -> Outcome:
        del connection, row_id
        return outcome

    replace(changes, "_doubted", believed)


@bug("late-bookings-forgotten")
def _late_bookings_forgotten(replace: Replace) -> None:
    """What is not in Solv a minute after it was sent is taken for never booked."""
    replace(decisions, "QUIET", timedelta())


@bug("rescued-answers-dropped")
def _rescued_answers_dropped(replace: Replace) -> None:
    """The rescue file is written, but nobody reads it."""
    replace(RescueFile, "answers", lambda _: [])


@bug("key-regenerated-silently")
def _key_regenerated_silently(replace: Replace) -> None:
    """A ledger without its fingerprint key gets a new one, and a changed one is taken."""
    refuse = opening._refuse_strangers  # noqa: SLF001 - what is made wrong here

    def key_of(folder: LedgerFolder) -> bytes:
        return folder.read_key() or folder.make_key()

    def refuse_all_but_keys(
        folder: LedgerFolder,
        facts: Mapping[str, str],
        sidecar: Sidecar,
        target: Target,
        key: bytes,
    ) -> None:
        refuse(folder, {**facts, "key_id": key_id(key)}, sidecar, target, key)

    replace(opening, "_key", key_of)
    replace(opening, "_refuse_strangers", refuse_all_but_keys)


@bug("commits-not-counted")
def _commits_not_counted(replace: Replace) -> None:
    """Between an opening and its end, nobody knows how much the ledger must hold."""
    replace(opening, "_refuse_rolled_back", lambda *_: None)


@bug("sidecar-not-read")
def _sidecar_not_read(replace: Replace) -> None:
    """A ledger is trusted whatever stands beside it."""
    replace(opening, "_refuse_other_age", lambda *_: None)
    replace(opening, "_refuse_rolled_back", lambda *_: None)


def _index(replace: Replace, condition: str | None) -> None:
    """Let new ledgers have another unique index of bookings, or none."""
    fill: Callable[..., None] = opening._fill  # noqa: SLF001 - what is made wrong here

    def filled(connection: Connection, *others: Any) -> None:
        fill(connection, *others)
        connection.exec_driver_sql("DROP INDEX row_live")
        connection.exec_driver_sql("DROP INDEX row_live_key")
        if condition is not None:
            for name, columns in (
                ("row_live", "fingerprint, occurrence"),
                ("row_live_key", "row_key"),
            ):
                connection.exec_driver_sql(
                    f"CREATE UNIQUE INDEX {name} ON row ({columns}) {condition}"
                )

    replace(opening, "_fill", filled)
    replace(opening, "_refuse_other_layout", lambda *_: None)
