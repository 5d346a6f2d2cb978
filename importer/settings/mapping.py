"""The tables of a profile that say what stands where in a file, and what its words mean."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from importer.errors import SettingsError
from importer.folding import folded
from importer.model import BOOKING_FIELDS, DATE_FIELDS, MAY_BE_JOINED, NAME_FIELDS
from importer.settings import parsing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from zoneinfo import ZoneInfo

    from importer.model import DateOrder, NamePattern

_HALVES = 2
_MAPPED_VALUES: Mapping[str, Callable[[str], str]] = {
    "location_id": parsing.location,
    "visit_type_id": parsing.or_empty(parsing.positive_id),
    "birth_sex": parsing.or_empty(parsing.one_of("male", "female")),
    "is_walk_in": parsing.or_empty(parsing.yes_or_no),
    "paperwork_status": parsing.or_empty(parsing.text),
    "address_state": parsing.or_empty(parsing.state_letters),
}
"""Field -> how the value that a word stands for is read."""

MAPPED_FIELDS: tuple[str, ...] = tuple(_MAPPED_VALUES)
"""Fields for which a profile may hold a clinic's own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """What one file says in tables; an empty one is as good as none."""

    columns: Mapping[str, str] = field(default_factory=dict, repr=False)
    joined: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    split: Mapping[str, NamePattern] = field(default_factory=dict, repr=False)
    value_maps: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    headings: tuple[str, ...] = field(default=(), repr=False)
    date_orders: Mapping[str, DateOrder] = field(default_factory=dict)
    timezone_by_location: Mapping[str, ZoneInfo] = field(default_factory=dict)


TABLE_NAMES: tuple[str, ...] = tuple(Tables.__dataclass_fields__)
"""The settings that no flag and no variable can hold."""

KEYS: Mapping[str, tuple[str, ...]] = {
    "dates": ("timezones", "orders"),
    "file": ("headings",),
    "values": MAPPED_FIELDS,
}
"""Keys of a file's tables that hold more than one value."""


def read_tables(tables: Mapping[str, Any], origin: str) -> Tables:
    """Return the tables of a file, each value read.

    Raises:
        SettingsError: A line cannot be used; the message says which.
    """
    columns = _columns(_table(tables, "columns", origin), origin)
    joined = _joined(_table(tables, "joined", origin), origin)
    split = _split(_table(tables, "split", origin), origin)
    _refuse_twice(columns, joined, split, origin)
    values, dates = tables.get("values", {}), tables.get("dates", {})
    return Tables(
        columns=columns,
        joined=joined,
        split=split,
        value_maps={
            name: _words(values[name], name, f"{origin}: [values.{name}]")
            for name in _MAPPED_VALUES
            if name in values
        },
        headings=_texts(tables.get("file", {}).get("headings", []), f"{origin}: [file] headings"),
        date_orders=_orders(dates.get("orders", {}), f"{origin}: [dates.orders]"),
        timezone_by_location=_zones(dates.get("timezones", {}), f"{origin}: [dates.timezones]"),
    )


def _table(tables: Mapping[str, Any], name: str, origin: str) -> Mapping[str, Any]:
    return _as_table(tables.get(name, {}), f"{origin}: [{name}]")


def _as_table(table: object, where: str, example: str = "") -> dict[str, Any]:
    if isinstance(table, dict):
        return table
    such = f" of lines such as {example}" if example else ""
    raise SettingsError(f"{where} must be a table{such}.")


def _columns(table: Mapping[str, Any], origin: str) -> dict[str, str]:
    by_field: dict[str, str] = {}
    for heading, target in table.items():
        where = f'{origin}: [columns] "{heading}"'
        field_name = one_value(target, where)
        require_known(field_name, BOOKING_FIELDS, f'{where} = "{field_name}"')
        if field_name in by_field:
            raise SettingsError(f"{where}: {field_name} is mapped twice.")
        by_field[field_name] = heading
    return {heading: field_name for field_name, heading in by_field.items()}


def _joined(table: Mapping[str, Any], origin: str) -> dict[str, tuple[str, ...]]:
    joined: dict[str, tuple[str, ...]] = {}
    for name, headings in table.items():
        where = f"{origin}: [joined] {name}"
        require_known(name, MAY_BE_JOINED, where)
        halves = _texts(headings, where)
        if len(set(map(folded, halves))) != _HALVES or len(halves) != _HALVES:
            example = f'{name} = ["Appt Date", "Appt Time"]'
            raise SettingsError(f"{where} takes the headings of two columns: {example}.")
        joined[name] = halves
    return joined


def _split(table: Mapping[str, Any], origin: str) -> dict[str, NamePattern]:
    split: dict[str, NamePattern] = {}
    for heading, pattern in table.items():
        where = f'{origin}: [split] "{heading}"'
        if split:
            raise SettingsError(f"{where}: names are split from one column only.")
        try:
            split[heading] = parsing.name_pattern(one_value(pattern, where))
        except ValueError as error:
            raise SettingsError(f"{where} cannot be used: {error}.") from None
    return split


def _refuse_twice(
    columns: Mapping[str, str],
    joined: Mapping[str, tuple[str, ...]],
    split: Mapping[str, NamePattern],
    origin: str,
) -> None:
    """Raise if a heading or a field stands in two tables."""
    fields = [*columns.values(), *joined, *(NAME_FIELDS if split else ())]
    headings = [*columns, *(heading for halves in joined.values() for heading in halves), *split]
    for names in (fields, headings):
        # A heading is found whatever its case and spaces, so that is how two are the same.
        alike = [folded(name) for name in names]
        twice = next((n for n, a in zip(names, alike, strict=True) if alike.count(a) > 1), None)
        if twice is not None:
            raise SettingsError(
                f"{origin}: {twice} is mapped twice.",
                todo="Keep it in one of [columns], [joined] and [split].",
            )


def _words(table: object, name: str, where: str) -> dict[str, str]:
    """Return what each of a clinic's words stands for."""
    words: dict[str, str] = {}
    seen: set[str] = set()
    for word, value in _as_table(table, where, '"Their word" = "Solv\'s"').items():
        try:
            words[word] = _MAPPED_VALUES[name](one_value(value, f'{where} "{word}"'))
        except ValueError as error:
            raise SettingsError(f'{where} "{word}" cannot be used: {error}.') from None
        if folded(word) in seen or not folded(word):
            raise SettingsError(f'{where} "{word}" is empty, or there twice but for its case.')
        seen.add(folded(word))
    return words


def _texts(value: object, where: str) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(text, str) for text in value):
        return tuple(value)
    raise SettingsError(f'{where} must be a list of headings, such as ["DOB", "Cell #"].')


def _orders(table: object, where: str) -> dict[str, DateOrder]:
    orders: dict[str, DateOrder] = {}
    for name, order in _as_table(table, where, 'birth_date = "DMY"').items():
        require_known(name, DATE_FIELDS, f"{where} {name}")
        try:
            orders[name] = parsing.date_order(one_value(order, f"{where} {name}"))
        except ValueError as error:
            raise SettingsError(f"{where} {name} cannot be used: {error}.") from None
    return orders


def _zones(table: object, where: str) -> dict[str, ZoneInfo]:
    zones: dict[str, ZoneInfo] = {}
    for location, name in _as_table(table, where, '4021 = "America/Chicago"').items():
        try:
            zones[parsing.location_key(location)] = parsing.zone(
                one_value(name, f"{where} {location}")
            )
        except ValueError as error:
            raise SettingsError(f"{where} {location} cannot be used: {error}.") from None
    return zones


def require_known(key: str, known: Iterable[str], where: str) -> None:
    """Raise unless a key is one of those that are read, naming the nearest.

    Raises:
        SettingsError: It is none.
    """
    names = list(known)
    if key in names:
        return
    near = difflib.get_close_matches(key.lower(), names, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}?" if near else f"It takes: {', '.join(names)}."
    raise SettingsError(f"{where} is not known.", todo=hint)


def one_value(value: object, where: str) -> str:
    """Return a value of a file as text.

    Raises:
        SettingsError: It is a list or a table.
    """
    if isinstance(value, (str, int, float)):
        return as_text(value)
    raise SettingsError(f"{where} must be one value.")


def several_values(value: object, where: str) -> str:
    """Return a value of a file, or a list of them, as text with white space between its parts.

    Raises:
        SettingsError: It is a table, or a list of lists.
    """
    parts = value if isinstance(value, list) else [value]
    return " ".join(one_value(part, where) for part in parts)


def as_text(value: object) -> str:
    """Return a value as its setting would be written in a variable."""
    return str(value).lower() if isinstance(value, bool) else str(value)
