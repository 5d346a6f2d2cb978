"""Two profiles held against each other: what a new one would lose, and what it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from importer.settings.layers import tables_of
from importer.settings.mapping import KEYS, as_text
from importer.settings.profile_text import toml_key, toml_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_PLAIN = ("values", "dates", "defaults", "run", "file")
"""Tables whose keys are settings; the keys of the others are headings."""
_ASKED = {"order"}
"""A setting that answers may divide into `orders`, so an earlier one must not come back."""


def read_profile(path: Path) -> dict[str, Any]:
    """Return the tables of a profile as they stand in its file.

    Raises:
        SettingsError: It is missing, not TOML, or holds a secret.
    """
    return tables_of(path, f"profile {path.stem}")


def left_behind(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, dict[str, object]]:
    """Return the settings of an earlier profile that a new one says nothing about.

    Tables of headings and words are not compared: they are what a new profile is made for.
    """
    found: dict[str, dict[str, object]] = {}
    for name in _PLAIN:
        ours, theirs = before.get(name, {}), after.get(name, {})
        tables = {*KEYS.get(name, ()), *_ASKED}
        left = {k: v for k, v in ours.items() if k not in theirs and k not in tables}
        if left:
            found[name] = left
    return found


def changed_lines(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return what one profile says otherwise than another, a line for each.

    A line begins with `-` for what is gone, `+` for what is new and `~` for what differs.
    Comments and the order of lines do not count, but that of headings does.
    """
    old, new = dict(_flat(before)), dict(_flat(after))
    gone = [f"- {key} = {_shown(old[key])}" for key in old if key not in new]
    added = [f"+ {key} = {_shown(new[key])}" for key in new if key not in old]
    other = [
        f"~ {key} = {_shown(new[key])}, was {_shown(old[key])}"
        for key in old
        if key in new and _alike(old[key]) != _alike(new[key])
    ]
    return [*gone, *added, *other, *_changed_headings(before, after)]


def _changed_headings(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    old, new = _headings(before), _headings(after)
    where = "[file] headings"
    yield from (f"- {where}: {_shown(text)}" for text in old if text not in new)
    yield from (f"+ {where}: {_shown(text)}" for text in new if text not in old)
    if old != new and sorted(old) == sorted(new):
        yield f"~ {where}: in another order"


def _headings(tables: Mapping[str, Any]) -> list[str]:
    return [str(text) for text in tables.get("file", {}).get("headings", [])]


def _flat(tables: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, object]]:
    """Yield every value with the table and key that name it, the list of headings left out."""
    for key, value in tables.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}.{key}" if path else key)
        elif (path, key) != ("file", "headings"):
            yield f"[{path}] {_printable(toml_key(key))}", value


def _shown(value: object) -> str:
    return _printable(toml_value(tuple(value) if isinstance(value, list) else value))


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _alike(value: object) -> object:
    """Return what a setting is read as: 4021 and "4021" are one."""
    return value if isinstance(value, list) else as_text(value)
