"""A profile that reads rows otherwise than before: what is booked would not be known again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from importer.errors import OpenQuestion
from importer.folding import folded
from importer.model import DATE_FIELDS, ChangeAccepted, State
from importer.pipeline.stored_settings import stored
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.ledger import History, RunRecord
    from importer.pipeline.job import Job

    _Kept: TypeAlias = Mapping[str, Any]
    _Reading: TypeAlias = dict[str, str]

_MARK_LENGTH = 8
_USUAL_LOCATION = "[defaults] location_id"
_USUAL_ZONE = "timezone"
_ZONE_OF = "timezone of "
_WORD = ": "
"""Stands between a table and one of a clinic's words."""


def refuse_changed_profile(job: Job, source_name: str) -> None:
    """Raise if the profile makes other bookings of the same rows than when it was last used.

    A booking is recognized by location, time, birth date and names as the profile reads them.
    Read otherwise, the rows of an export that holds old visits, too, are new bookings.

    Raises:
        OpenQuestion: It does, it has booked something, and nobody has accepted this change.
    """
    name = job.settings.profile_name
    if not name:
        return
    with job.ledger.history() as history:
        runs = [run for run in history.runs() if _kept(run).get("profile") == name]
        if not _has_booked(history, runs):
            return
    # An order that a person has just confirmed is about this file, not the profile's.
    now = _reading_of(json.loads(stored(replace(job.settings, confirmed_orders={}))))
    before: _Reading = {}
    for run in runs:
        before |= _reading_of(_kept(run))
    changes = _changes(before, now)
    newest = runs[-1].run_id
    mark = _mark(newest, changes)
    if changes and job.settings.accept_change != mark:
        raise _question(source_name, name, newest, changes, mark)


def _reading_of(kept: _Kept) -> _Reading:
    """Return what decides which booking a row is, by setting, of the settings that a run keeps.

    What stood open is left out: no row was booked by it. So is what a flag said, which is
    about one file.
    """
    words = kept.get("value_maps", {}).get("location_id", {})
    found: _Reading = {
        **_orders(kept),
        "two_digit_pivot": _text_of(kept.get("two_digit_pivot")),
        **_zones(kept),
        _USUAL_LOCATION: kept["defaults"].get("location_id", ""),
        "[split]": ", ".join(sorted(kept.get("split", {}).values())),
        **{f"[values.location_id]{_WORD}{folded(word)}": value for word, value in words.items()},
    }
    return {key: text for key, text in found.items() if text and not _is_of_a_flag(key, kept)}


def _changes(before: _Reading, now: _Reading) -> list[tuple[str, str, str]]:
    """Return each setting that both have, and differently, with both of its values."""
    zones = [key for key in (*before, *now) if key.startswith(_ZONE_OF)]
    for reading in (before, now):
        for key in zones if _USUAL_ZONE in reading else ():
            reading.setdefault(key, reading[_USUAL_ZONE])
    same = sorted(before.keys() & now.keys())
    return [(key, before[key], now[key]) for key in same if before[key] != now[key]]


def _orders(kept: _Kept) -> _Reading:
    by_field: _Reading = {**kept.get("confirmed_orders", {}), **kept.get("date_orders", {})}
    usual = "" if "date_order" in kept.get("by_flag", ()) else kept["date_order"] or ""
    return {f"order of {name}": by_field.get(name, usual) for name in DATE_FIELDS}


def _zones(kept: _Kept) -> _Reading:
    of_location = {_ZONE_OF + k: zone for k, zone in kept["timezone_by_location"].items()}
    return {_USUAL_ZONE: kept["timezone"] or "", **of_location}


def _is_of_a_flag(key: str, kept: _Kept) -> bool:
    flags = {_USUAL_ZONE: "timezone", _USUAL_LOCATION: "location_id"}
    return flags.get(key, "") in kept.get("by_flag", ())


def _text_of(value: object) -> str:
    return "" if value is None else str(value)


def _kept(run: RunRecord) -> _Kept:
    kept: _Kept = json.loads(run.settings)
    return kept


def _has_booked(history: History, runs: list[RunRecord]) -> bool:
    counts = (history.counts(run.run_number) for run in reversed(runs))
    return any(found.get(State.BOOKED) or found.get(State.UNKNOWN) for found in counts)


def _mark(run_id: str, changes: list[tuple[str, str, str]]) -> str:
    """Return a mark of these changes since that run; it fits no other change, and no later one."""
    text = json.dumps([run_id, *changes])
    return hashlib.sha256(text.encode()).hexdigest()[:_MARK_LENGTH]


def _question(
    source_name: str, name: str, run_id: str, changes: list[tuple[str, str, str]], mark: str
) -> OpenQuestion:
    code = ProblemCode.PROFILE_CHANGED
    # A clinic's own words are left out, because they stand in cells, too.
    told = "; ".join(dict.fromkeys(key.partition(_WORD)[0] for key, *_ in changes))
    return OpenQuestion(
        f"{source_name}: profile {name} reads rows otherwise than in run {run_id}: "
        f"{told}. {code.sentence}",
        todo=f"{code.fix} The mark of this change: --accept-change {mark}.",
        code=code.code,
        question="Is no row of this file booked already?",
        answer=ChangeAccepted(change=mark),
    )
