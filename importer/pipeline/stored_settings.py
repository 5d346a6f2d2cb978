"""What a run keeps of its settings: everything that changes requests, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from importer.errors import SourceError

if TYPE_CHECKING:
    from importer.settings import Settings

RULES_VERSION = 3
"""Raised whenever the same cell would become another request than before."""


def stored(settings: Settings) -> str:
    """Return the settings that change requests, as the ledger keeps them."""
    kept = {
        "rules_version": RULES_VERSION,
        "allow_duplicates": settings.allow_duplicates,
        **settings.request_settings(),
    }
    return json.dumps(kept, sort_keys=True)


def refuse_others(run_id: str, kept: str, settings: Settings) -> None:
    """Raise if a run would carry on with other settings than it began with.

    Raises:
        SourceError: Names the settings that differ.
    """
    before, now = json.loads(kept), json.loads(stored(settings))
    differing = sorted(
        name
        for name in before.keys() | now.keys()
        # What an earlier version did not know was as good as empty.
        if (before.get(name) or None) != (now.get(name) or None)
    )
    if differing:
        raise SourceError(
            f"run {run_id} was begun with other settings: {', '.join(differing)}",
            todo=f"use the same settings again, or finish it with: solv-import resume {run_id}",
        )


def restored(settings: Settings, kept: str) -> Settings:
    """Return `settings` with everything that changes requests as the run began with it."""
    before = json.loads(kept)
    zone = before["timezone"]
    return replace(
        settings,
        sheet=before["sheet"],
        header_row=before["header_row"],
        delimiter=before["delimiter"],
        encoding=before.get("encoding"),
        columns=before["columns"],
        joined={name: tuple(halves) for name, halves in before.get("joined", {}).items()},
        split=before.get("split", {}),
        value_maps=before.get("value_maps", {}),
        # The run began with these very headings, whatever the profile says now.
        headings=(),
        timezone=ZoneInfo(zone) if zone else None,
        timezone_by_location={
            location: ZoneInfo(name) for location, name in before["timezone_by_location"].items()
        },
        date_order=before["date_order"],
        date_orders=before.get("date_orders", {}),
        confirmed_orders=before.get("confirmed_orders", {}),
        two_digit_pivot=before["two_digit_pivot"],
        pad_zip=before["pad_zip"],
        text_location_ids=before["text_location_ids"],
        defaults=before["defaults"],
        allow_walkin_scheduling=before["allow_walkin_scheduling"],
        allow_duplicates=before["allow_duplicates"],
    )


def as_confirmed(settings: Settings, kept: str) -> Settings:
    """Return `settings` with the date orders that a person confirmed when the run began.

    An answer stands for its run, so that the same command carries on without asking again.
    """
    before = json.loads(kept).get("confirmed_orders", {})
    is_open = settings.date_order is None and not settings.confirmed_orders
    return replace(settings, confirmed_orders=before) if is_open and before else settings
