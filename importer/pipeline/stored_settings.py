"""What a run keeps of its settings: what changes requests, and what a person answered."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from importer.bounds import (
    parse_row_bound,
    parse_row_spread,
    parse_time_of_day,
    parse_window,
)
from importer.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from importer.settings import Settings

RULES_VERSION = 4
"""Raised whenever the same cell would become another request than before."""

_NOT_OF_REQUESTS = frozenset(
    {
        *("rules_version", "profile", "profile_paths", "by_flag", "by_variable"),
        *("headings", "accepted_headings", "accepted_change", "detected_encoding", "base_url"),
        *("is_results", "allow_reschedules", "guards", "limits"),
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
        "guards": _guards(settings),
        "limits": _limits(settings),
        "headings": settings.headings,
        "accepted_headings": settings.accepted_headings,
        "accepted_change": settings.accept_change or "",
        **settings.request_settings(),
    }
    return json.dumps(kept, sort_keys=True)


def _guards(settings: Settings) -> dict[str, Any]:
    """Return the guards of a run as they are written in a profile."""
    rows, invalid = settings.guard_rows, settings.guard_invalid
    return {
        "no_rows": settings.guard_no_rows,
        "rows": "off" if rows is None else str(rows),
        "invalid": "off" if invalid is None else str(invalid),
        "days_ahead": settings.guard_days_ahead,
    }


def _limits(settings: Settings) -> dict[str, str]:
    """Return when a run ends, and where it may book, as these are written in a profile."""
    deadline = settings.deadline
    said = {
        "deadline": f"{deadline:%H:%M}" if deadline else "",
        "window": str(settings.window or ""),
        "max_rejects": str(settings.max_rejects or ""),
        "base_url": settings.guard_base_url or "",
    }
    return {name: text for name, text in said.items() if text}


def _with_limits(settings: Settings, kept: Mapping[str, str]) -> Settings:
    """Return the settings with the limits that the run began with, where none are given now."""
    read: dict[str, Callable[[str], object]] = {
        "deadline": parse_time_of_day,
        "window": parse_window,
        "max_rejects": parse_row_bound,
        "base_url": str,
    }
    names = {"base_url": "guard_base_url"}
    taken = {names.get(name, name): read[name](text) for name, text in kept.items()}
    given: dict[str, Any] = {n: v for n, v in taken.items() if getattr(settings, n) is None}
    return replace(settings, **given)


def _with_guards(settings: Settings, kept: Mapping[str, Any]) -> Settings:
    """Return the settings with the guards that the run began with."""
    if not kept:
        return settings
    return replace(
        settings,
        guard_no_rows=kept["no_rows"],
        guard_rows=parse_row_spread(kept["rows"]),
        guard_invalid=parse_row_bound(kept["invalid"]),
        guard_days_ahead=kept["days_ahead"],
    )


def has_profile(kept: str) -> bool:
    """Return whether a run had a profile."""
    return bool(json.loads(kept).get("profile_paths"))


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
        _with_limits(_with_guards(settings, before.get("guards", {})), before.get("limits", {})),
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
