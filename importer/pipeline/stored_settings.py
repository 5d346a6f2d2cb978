"""What a run keeps of its settings: everything that changes requests, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from importer.errors import SourceError

if TYPE_CHECKING:
    from importer.settings import Settings

RULES_VERSION = 1
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
        name for name in before.keys() | now.keys() if before.get(name) != now.get(name)
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
        timezone=ZoneInfo(zone) if zone else None,
        timezone_by_location={
            location: ZoneInfo(name) for location, name in before["timezone_by_location"].items()
        },
        date_order=before["date_order"],
        two_digit_pivot=before["two_digit_pivot"],
        pad_zip=before["pad_zip"],
        text_location_ids=before["text_location_ids"],
        defaults=before["defaults"],
        allow_walkin_scheduling=before["allow_walkin_scheduling"],
        allow_duplicates=before["allow_duplicates"],
    )
