"""A profile in the making: what is sure, what is left to ask, and the text that comes of it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from importer.folding import folded
from importer.headings import is_time_of_visit
from importer.model import DATE_FIELDS, NAME_FIELDS, REQUIRED_FIELDS
from importer.settings.mapping import MAPPED_FIELDS
from importer.settings.profile_differences import left_behind, read_profile
from importer.settings.profile_text import Profile
from importer.suggestions import names_whole_people, unknown_words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from importer.model import DateOrder, NamePattern
    from importer.pipeline.mappable import MappableFile
    from importer.settings import Settings
    from importer.suggestions import ColumnFacts, Suggestion

APPOINTMENT = "appointment_date"
_Words: TypeAlias = "dict[str, tuple[str, ...]]"
"""Field to words of its column."""


@dataclass(slots=True, kw_only=True)
class Draft:
    """What is decided so far about one file, and what is not."""

    file: MappableFile
    settings: Settings
    chosen: dict[int, str] = field(default_factory=dict)
    """Column to field."""
    offered: dict[int, Suggestion] = field(default_factory=dict)
    """Columns whose heading is only similar to a field's."""
    clashes: dict[str, list[int]] = field(default_factory=dict)
    """Fields that several columns stand for."""
    times: dict[str, int] = field(default_factory=dict)
    """Field to the column of its time of day, where that stands apart."""
    split: tuple[int, NamePattern] | None = None
    value_maps: dict[str, dict[str, str]] = field(default_factory=dict)
    orders: dict[str, DateOrder] = field(default_factory=dict)
    two_digit_pivot: int | None = None
    timezone: str = ""
    defaults: dict[str, str] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)
    stale_orders: set[str] = field(default_factory=set)
    """Fields of dates that another column stands for than the one whose order is known."""
    _facts: dict[tuple[int, bool, bool], ColumnFacts] = field(default_factory=dict, init=False)

    @property
    def free(self) -> list[int]:
        """Return the columns that stand for nothing yet."""
        taken = {*self.chosen, *self.times.values(), *([self.split[0]] if self.split else ())}
        return [column for column in self.file.mappable if column not in taken]

    @property
    def missing(self) -> list[str]:
        """Return the required fields that nothing stands for yet."""
        held = {*self.chosen.values(), *self.defaults, *(NAME_FIELDS if self.split else ())}
        return [name for name in REQUIRED_FIELDS if name not in held]

    @property
    def whole_names(self) -> list[int]:
        """Return the columns that may hold first and last name together."""
        return [c for c in self.free if names_whole_people(self.file.headings[c])]

    def column_of(self, name: str) -> int | None:
        """Return the column that stands for a field, its first one where two are joined."""
        return next((column for column, held in self.chosen.items() if held == name), None)

    def choose(self, column: int, name: str) -> None:
        """Let a column stand for a field, and no other column."""
        before = self.column_of(name)
        self.release(column)
        self.chosen = {c: held for c, held in self.chosen.items() if held != name} | {column: name}
        self.clashes.pop(name, None)
        if self.split and name in NAME_FIELDS:
            self.split = None
        if before is not None and before != column:
            self.times.pop(name, None)
            self._forget_order(name)

    def choose_split(self, column: int, pattern: NamePattern) -> None:
        """Let a column hold whole names, and no other column hold a part of one."""
        self.release(column)
        self.chosen = {c: held for c, held in self.chosen.items() if held not in NAME_FIELDS}
        self.split = (column, pattern)
        self.offered.pop(column, None)

    def choose_time(self, name: str, column: int) -> None:
        """Let a column hold the time of day of a field."""
        self.release(column)
        self.times[name] = column

    def release(self, column: int) -> None:
        """Let a column stand for nothing."""
        name = self.chosen.pop(column, None)
        if name is not None:
            self.times.pop(name, None)
            self._forget_order(name)
        self.times = {held: c for held, c in self.times.items() if c != column}
        if self.split is not None and self.split[0] == column:
            self.split = None

    def _forget_order(self, name: str) -> None:
        # An order is that of the column that it was answered for.
        if name in DATE_FIELDS:
            self.orders.pop(name, None)
            self.stale_orders.add(name)

    def meaning(self, column: int) -> str:
        """Return what a column stands for, "" for nothing."""
        times = {c: name for name, c in self.times.items()}
        if self.split is not None and self.split[0] == column:
            return f'first_name and last_name, "{self.split[1]}"'
        return f"{times[column]} (time)" if column in times else self.chosen.get(column, "")

    def facts(
        self, columns: Collection[int], *, names: bool = False, dates: bool = False
    ) -> dict[int, ColumnFacts]:
        """Return what columns hold; the file is read again only for those not known yet.

        Raises:
            SourceError: Something further down makes the whole file unusable.
        """
        new = [c for c in dict.fromkeys(columns) if (c, names, dates) not in self._facts]
        if new:
            found = self.file.facts(new, names=new if names else (), dates=new if dates else ())
            self._facts |= {(c, names, dates): facts for c, facts in found.items()}
        return {c: self._facts[c, names, dates] for c in columns}

    def date_facts(self) -> dict[str, ColumnFacts]:
        """Return what the columns of dates hold, by field."""
        columns = {name: c for name in DATE_FIELDS if (c := self.column_of(name)) is not None}
        found = self.facts([*columns.values()], dates=True)
        return {name: found[column] for name, column in columns.items()}

    def lacks_time(self, column: int) -> bool:
        """Return whether a column of dates holds hardly a time of day."""
        return self.facts([column], dates=True)[column].is_mostly_days

    def times_beside(self, column: int) -> list[int]:
        """Return the free columns of times of day that may belong to a column of days."""
        if not self.lacks_time(column):
            return []
        facts = self.facts(self.free, dates=True)
        return [c for c in self.free if facts[c].is_mostly_times]

    def told_time(self, columns: list[int]) -> int | None:
        """Return the one column of times, if its heading says that it is that of the visit."""
        told = [c for c in columns if is_time_of_visit(self.file.headings[c])]
        return told[0] if len(told) == 1 else None

    def needs_zone(self, facts: Mapping[str, ColumnFacts]) -> bool:
        """Return whether any appointment is given as local time."""
        if self.settings.knows_a_zone or self.timezone:
            return False
        if APPOINTMENT in self.times:
            column = self.times[APPOINTMENT]
            return bool(self.facts([column], dates=True)[column].local_times)
        return APPOINTMENT in facts and bool(facts[APPOINTMENT].local_times)

    def strange_words(self, also: Mapping[int, str] = MappingProxyType({})) -> _Words:
        """Return the words that no rule understands, by field, those of most cells first.

        Args:
            also: More columns, by the field that they may stand for.
        """
        held = {**also, **self.chosen}
        columns = {c: name for c, name in held.items() if name in MAPPED_FIELDS}
        found = self.facts(columns)
        words = {
            name: unknown_words(found[column], name, self.file.today)
            for column, name in columns.items()
        }
        known = self.known_words
        return {name: left for name, of in words.items() if (left := _unmapped(of, known, name))}

    def count_of(self, name: str, word: str) -> int:
        """Return how many cells of a field's column hold a word, whatever its case."""
        column = self.column_of(name)
        return 0 if column is None else self.facts([column])[column].count_of(word)

    @property
    def known_words(self) -> dict[str, dict[str, str]]:
        """Return the words that the old profile, or an answer, gives a meaning, by field."""
        maps = {name: {**words} for name, words in self.settings.value_maps.items()}
        for name, words in self.value_maps.items():
            maps.setdefault(name, {}).update(words)
        return maps

    def profile(self) -> Profile:
        """Return the profile as it would be saved now.

        What the profile that was given says beside all this is carried over.

        Raises:
            SettingsError: That profile cannot be read any more.
        """
        profile = self._asked_profile()
        if self.settings.profile_file is not None:
            before = read_profile(self.settings.profile_file)
            profile.kept = left_behind(before, tomllib.loads(profile.toml()))
        return profile

    def _asked_profile(self) -> Profile:
        """Return what is known of the file itself."""
        headings, told = self.file.headings, self.settings
        zones = {location: zone.key for location, zone in told.timezone_by_location.items()}
        return Profile(
            headings=[*headings.values()],
            columns={
                headings[c]: name
                for c, name in sorted(self.chosen.items())
                if name not in self.times
            },
            joined={
                name: (headings[first], headings[time])
                for name, time in self.times.items()
                if (first := self.column_of(name)) is not None
            },
            split={headings[self.split[0]]: self.split[1]} if self.split else {},
            value_maps=self.known_words,
            orders=self.known_orders,
            two_digit_pivot=self.two_digit_pivot,
            timezone=self.timezone or (told.timezone.key if told.timezone else ""),
            zones=zones,
            defaults={**told.defaults, **self.defaults},
            reading=_reading(told),
            switches=_switches(told),
            doubts=self.doubts,
        )

    @property
    def known_orders(self) -> dict[str, DateOrder]:
        """Return the orders of dates that were told or answered, by field."""
        told = self.settings
        usual = {} if told.date_order is None else dict.fromkeys(DATE_FIELDS, told.date_order)
        given = {**usual, **told.date_orders}
        return {n: o for n, o in given.items() if n not in self.stale_orders} | self.orders


def _unmapped(
    words: tuple[str, ...], known: Mapping[str, Mapping[str, str]], name: str
) -> tuple[str, ...]:
    """Return the words that no map knows, each once whatever its case."""
    mapped = {folded(word) for word in known.get(name, {})}
    left = {folded(word): word for word in reversed(words)}
    return tuple(word for word in words if word in left.values() and folded(word) not in mapped)


def _reading(told: Settings) -> dict[str, str]:
    """Return how the file was told to be read, where that is not the usual way."""
    reading = {
        "sheet": told.sheet or "",
        "delimiter": told.delimiter or "",
        "encoding": told.encoding or "",
    }
    # A row that was named is written, also the usual one: the profile may have named another.
    if told.header_row != 1 or told.origins["header_row"] != "default":
        reading["header_row"] = str(told.header_row)
    return {key: text for key, text in reading.items() if text}


def _switches(told: Settings) -> dict[str, str]:
    switches = {"pad_zip": told.pad_zip, "text_location_ids": told.text_location_ids}
    given = {name for name in switches if told.origins[name] != "default"}
    return {name: str(is_on).lower() for name, is_on in switches.items() if name in given}
