"""How a profile reads the cells that decide which booking a row is, and where two differ."""

from __future__ import annotations

import codecs
from datetime import datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from importer.folding import folded
from importer.model import DATE_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Kept: TypeAlias = Mapping[str, Any]
    Reading: TypeAlias = dict[str, str]
    Change: TypeAlias = tuple[str, str, str]

_USUAL_LOCATION = "[defaults] location_id"
_USUAL_ZONE = "timezone"
_ZONE_OF = "timezone of "
_WORD = ": "
"""Stands between a table and one of a clinic's words."""
_DAYS_AHEAD = 3 * 366


class Readings:
    """Returns what each of several runs read, said of the same words and places."""

    def __init__(self, kept: Iterable[Kept]) -> None:
        """Take note of every word and every place that any of them names."""
        self._words: set[str] = set()
        self._places: set[str] = set()
        for one in kept:
            self._words |= _table(one).keys()
            self._places |= one["timezone_by_location"].keys()

    def of(self, kept: Kept) -> Reading:
        """Return what decides which booking a row is, by setting, of what a run keeps.

        What stood open is left out: no row was booked by it. So is what a flag or a variable
        said, which is about one file.
        """
        said = {
            _USUAL_ZONE: kept["timezone"] or "",
            _USUAL_LOCATION: kept["defaults"].get("location_id", ""),
        }
        given = {"timezone": _USUAL_ZONE, "location_id": _USUAL_LOCATION}
        for name, key in given.items():
            if _is_of_one_file(name, kept):
                said[key] = ""
        found: Reading = {
            **_orders(kept),
            **said,
            "encoding": _encoding(kept),
            "two_digit_pivot": _two_digit_pivot(kept),
            "[split]": ", ".join(sorted(kept.get("split", {}).values())),
            **{
                _ZONE_OF + place: _zone_of(place, kept, said[_USUAL_ZONE]) for place in self._places
            },
            **_places_meant(self._words, kept),
        }
        return {key: text for key, text in found.items() if text}


def changes_between(before: Reading, now: Reading, *, year: int) -> list[Change]:
    """Return each setting that both have, and differently, with both of its values.

    Args:
        before: What rows were booked by.
        now: What they would be booked by.
        year: The one that it is; zones of one time from now on are the same zone.
    """
    same = sorted(before.keys() & now.keys())
    found = [(key, before[key], now[key]) for key in same if before[key] != now[key]]
    return [change for change in found if not _is_same_time(change, year)]


def told(changes: Iterable[Change]) -> str:
    """Return what has changed; a clinic's own words are left out, as they stand in cells, too."""
    return "; ".join(dict.fromkeys(key.partition(_WORD)[0] for key, *_ in changes))


def _orders(kept: Kept) -> Reading:
    by_field: Reading = {**kept.get("confirmed_orders", {}), **kept.get("date_orders", {})}
    usual = "" if _is_of_one_file("date_order", kept) else kept["date_order"] or ""
    return {f"order of {name}": by_field.get(name, usual) for name in DATE_FIELDS}


def _encoding(kept: Kept) -> str:
    """Return the encoding that was said, else the one that the bytes themselves showed."""
    if _is_of_one_file("encoding", kept):
        return ""
    name = kept.get("encoding") or kept.get("detected_encoding")
    return codecs.lookup(name).name if name else ""


def _two_digit_pivot(kept: Kept) -> str:
    pivot = kept.get("two_digit_pivot")
    return "" if pivot is None or _is_of_one_file("two_digit_pivot", kept) else str(pivot)


def _zone_of(place: str, kept: Kept, usual: str) -> str:
    """Return the zone of a place, "" where no row of that reading could stand at it."""
    places = _table(kept).values()
    if places and place not in {*places, kept["defaults"].get("location_id")}:
        return ""
    zone: str = kept["timezone_by_location"].get(place, usual)
    return zone


def _places_meant(words: Iterable[str], kept: Kept) -> Reading:
    """Return where each word leads; without its line, or any table, a number is an id itself."""
    from importer.normalize import (  # noqa: PLC0415 - only when a file is read
        mapped_id,
        normalize_location_id,
    )

    rule = partial(normalize_location_id, allows_text=kept["text_location_ids"])
    values = _table(kept)
    found: Reading = {}
    for word in words:
        place = rule((mapped_id(word, values, rule) if values else word) or "")
        if not place.is_error:
            found[f"[values.location_id]{_WORD}{word}"] = place.text
    return found


def _table(kept: Kept) -> dict[str, str]:
    table = kept.get("value_maps", {}).get("location_id", {})
    return {folded(word): value for word, value in table.items()}


def _is_of_one_file(name: str, kept: Kept) -> bool:
    return name in kept.get("by_flag", ()) or name in kept.get("by_variable", ())


def _is_same_time(change: Change, year: int) -> bool:
    key, before, now = change
    is_zone = key == _USUAL_ZONE or key.startswith(_ZONE_OF)
    return is_zone and _offsets(before, year) == _offsets(now, year)


@cache
def _offsets(zone: str, year: int) -> tuple[timedelta | None, ...] | str:
    """Return what a zone is ahead of UTC on each day to come, its name if it is not known."""
    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return zone
    first = datetime(year, 1, 1, 12, tzinfo=known)
    return tuple((first + timedelta(days=day)).utcoffset() for day in range(_DAYS_AHEAD))
