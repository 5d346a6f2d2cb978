"""A profile as TOML: what a clinic keeps in git, and what a review of it should show."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.model import DATE_FIELDS
from importer.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from importer.model import DateOrder, NamePattern

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,14}")
_WORDS = ("true", "false")


@dataclass(slots=True, kw_only=True)
class Profile:
    """What is known of one clinic's files so far."""

    headings: Sequence[str] = ()
    columns: dict[str, str] = field(default_factory=dict)
    joined: dict[str, tuple[str, ...]] = field(default_factory=dict)
    split: dict[str, NamePattern] = field(default_factory=dict)
    value_maps: dict[str, dict[str, str]] = field(default_factory=dict)
    orders: dict[str, DateOrder] = field(default_factory=dict)
    two_digit_pivot: int | None = None
    timezone: str = ""
    zones: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    reading: dict[str, str] = field(default_factory=dict)
    """Other keys of [file]."""
    switches: dict[str, str] = field(default_factory=dict)
    """Plain keys of [values]."""
    kept: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """What an earlier profile says beside all this: table -> key -> value, as TOML has it."""
    doubts: list[str] = field(default_factory=list)
    """What is not sure, as comments."""

    def toml(self) -> str:
        """Return the text of the file, tables in the order in which people read them."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        # Without the file's name: a patient may stand in it.
        yield "# How files with these headings read; written by solv-import map."
        yield from (f"# {_comment(doubt)}" for doubt in self.doubts)
        yield from _table("columns", self.columns)
        yield from _table("joined", self.joined)
        yield from _table("split", self.split)
        yield from _table("values", self._with_kept("values", self.switches))
        for name, words in self.value_maps.items():
            yield from _table(f"values.{name}", words)
        yield from _table("dates", self._with_kept("dates", self._dates()))
        yield from _table("dates.timezones", self.zones)
        yield from _table("defaults", self._with_kept("defaults", self.defaults))
        yield from _table("run", self._with_kept("run", {}))
        reading = self._with_kept("file", self.reading)
        yield from _table("file", {**reading, "headings": list(self.headings)})

    def _with_kept(self, name: str, lines: Mapping[str, object]) -> dict[str, object]:
        return {**self.kept.get(name, {}), **lines}

    def _dates(self) -> dict[str, str | dict[str, DateOrder]]:
        """Return one order where all columns have it, else that of each column that has one.

        A column nobody was asked about keeps no order: it would be that of another column.
        """
        dates: dict[str, str | dict[str, DateOrder]] = {}
        different = {self.orders.get(name) for name in DATE_FIELDS}
        if len(different) == 1 and (order := different.pop()) is not None:
            dates["order"] = order
        elif self.orders:
            dates["orders"] = dict(self.orders)
        if self.two_digit_pivot is not None:
            dates["two_digit_pivot"] = str(self.two_digit_pivot)
        if self.timezone:
            dates["timezone"] = self.timezone
        return dates


def _table(name: str, lines: Mapping[str, object]) -> Iterator[str]:
    filled = {key: value for key, value in lines.items() if value != []}
    if filled:
        yield f"\n[{name}]"
        yield from (f"{toml_key(key)} = {toml_value(value)}" for key, value in filled.items())


def toml_key(text: str) -> str:
    """Return a key of TOML, in quotes where it needs them."""
    return text if _BARE_KEY.fullmatch(text) else _text(text)


def toml_value(value: object) -> str:
    """Return a value of TOML; digits, true and false need no quotes to be read as settings."""
    match value:
        case list():
            # One heading a line, so that a review shows which one changed.
            return "[\n" + "".join(f"  {_text(text)},\n" for text in value) + "]"
        case tuple():
            return "[" + ", ".join(map(_text, value)) + "]"
        case dict():
            return (
                "{ "
                + ", ".join(f"{toml_key(k)} = {toml_value(v)}" for k, v in value.items())
                + " }"
            )
        case bool() | int() | float():
            return json.dumps(value)
        case str() if _NUMBER.fullmatch(value) or value in _WORDS:
            return value
        case _:
            return _text(str(value))


def _text(text: str) -> str:
    """Return a TOML string; JSON's escapes are a part of TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> str:
    return printable(text)
