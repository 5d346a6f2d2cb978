"""What a run keeps of its settings: what changes requests, and what a person answered."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from importer.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

    from importer.settings import Settings

RULES_VERSION = 4
"""Raised whenever the same cell would become another request than before."""

_NOT_OF_REQUESTS = frozenset(
    {
        *("rules_version", "profile", "profile_paths", "by_flag", "by_variable"),
        *("headings", "accepted_headings", "accepted_change", "detected_encoding", "base_url"),
        *("is_results", "allow_reschedules"),
    }
)
"""What a run keeps although the same row becomes the same request without it."""

_VARIABLES = ("variable", ".env")
"""How the origin of a setting begins that stands in the environment."""


def stored(settings: Settings, *, detected_encoding: str = "", is_results: bool = False) -> str:
    """Return the settings that change requests, as the ledger keeps them, and who gave them.

    Args:
        settings: All of them.
        detected_encoding: What the bytes of the file showed, where nobody named its encoding.
        is_results: Whether the file is results of an earlier run, corrected.
    """
    kept = {
        "rules_version": RULES_VERSION,
        "allow_duplicates": settings.allow_duplicates,
        "allow_reschedules": settings.allow_reschedules,
        # On this machine a ledger serves every port, so it cannot say where a run went.
        "base_url": settings.base_url,
        "profile": settings.profile_name,
        "by_flag": sorted(settings.by_flag),
        "by_variable": sorted(n for n, o in settings.origins.items() if o.startswith(_VARIABLES)),
        "profile_paths": _profile_paths(settings.profile_file),
        "detected_encoding": detected_encoding,
        "is_results": is_results,
        "headings": settings.headings,
        "accepted_headings": settings.accepted_headings,
        "accepted_change": settings.accept_change or "",
        **settings.request_settings(),
    }
    return json.dumps(kept, sort_keys=True)


def _profile_paths(file: Path | None) -> list[str]:
    """Return where a profile is: as it was named, for links that move on, and where that leads."""
    return [] if file is None else sorted({str(file), str(file.resolve())})


def is_of_profile(kept: str, now: str) -> bool:
    """Return whether a run had this profile, by its path as it was named or by where that leads."""
    paths = json.loads(kept).get("profile_paths", ())
    return not set(json.loads(now)["profile_paths"]).isdisjoint(paths)


def target_in(kept: str) -> str:
    """Return the address that a run was begun with, "" for one of an earlier version."""
    return str(json.loads(kept).get("base_url", ""))


def is_of_these_rules(kept: str) -> bool:
    """Return whether a run was begun by a version that makes the same requests of a row."""
    return bool(json.loads(kept)["rules_version"] == RULES_VERSION)


def differing(kept: str, settings: Settings) -> list[str]:
    """Return the settings that would make other requests than those a run began with."""
    before, now = json.loads(kept), json.loads(stored(settings))
    return sorted(
        name
        for name in (before.keys() | now.keys()) - _NOT_OF_REQUESTS
        if _unless_empty(before.get(name)) != _unless_empty(now.get(name))
    )


def _unless_empty(value: object) -> object:
    """Return a value; what an earlier version did not know was as good as empty."""
    return None if value is False or value in ("", {}, []) else value  # 0 is a value


def refuse_others(run_id: str, kept: str, settings: Settings) -> None:
    """Raise if a run would carry on with other settings than it began with.

    Raises:
        SourceError: Names the settings that differ.
    """
    names = differing(kept, settings)
    if names:
        raise SourceError(
            f"run {run_id} was begun with other settings: {', '.join(names)}",
            todo=f"use the same settings again, or finish it with: solv-import resume {run_id}",
        )


def restored(settings: Settings, kept: str) -> Settings:
    """Return `settings` with everything that changes requests as the run began with it."""
    before = json.loads(kept)
    zone, headings = before["timezone"], tuple(before.get("headings", ()))
    by_flag = dict.fromkeys(before.get("by_flag", ()), "flag, when the run began")
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
        headings=headings,
        accepted_headings=headings,
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
        allow_reschedules=settings.allow_reschedules or before.get("allow_reschedules", False),
        # What a flag said of this very file is still of this file: its sheet, its order.
        origins={**settings.origins, **by_flag},
    )


def as_confirmed(settings: Settings, kept: str) -> Settings:
    """Return `settings` with what a person confirmed when the run began.

    An answer stands for its run, so that the same command carries on without asking again.
    """
    before = json.loads(kept)
    orders, headings = before.get("confirmed_orders", {}), before.get("accepted_headings", ())
    is_asked = before["date_order"] == settings.date_order and not settings.confirmed_orders
    if orders and is_asked:
        settings = replace(settings, confirmed_orders=orders)
    return replace(settings, accepted_headings=settings.accepted_headings or tuple(headings))
