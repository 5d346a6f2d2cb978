"""A profile in the making: what is sure, what is left to ask, and the text that comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.folding import folded
from importer.model import DATE_FIELDS, NAME_FIELDS, REQUIRED_FIELDS
from importer.settings.mapping import MAPPED_FIELDS
from importer.settings.profile_text import Profile
from importer.suggestions import names_whole_people, suggest_field, unknown_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.model import DateOrder, NamePattern
    from importer.pipeline.mappable import MappableFile
    from importer.settings import Settings
    from importer.suggestions import ColumnFacts, Suggestion

APPOINTMENT = "appointment_date"


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
        self.chosen = {c: held for c, held in self.chosen.items() if held != name} | {column: name}
        self.clashes.pop(name, None)

    def date_facts(self) -> dict[str, ColumnFacts]:
        """Return what the columns of dates hold, by field."""
        columns = {name: c for name in DATE_FIELDS if (c := self.column_of(name)) is not None}
        found = self.file.facts([*columns.values()], dates=[*columns.values()])
        return {name: found[column] for name, column in columns.items()}

    def times_beside(self, column: int) -> list[int]:
        """Return the free columns of times of day that may belong to a column of days."""
        columns = [column, *self.free]
        facts = self.file.facts(columns, dates=columns)
        if not facts[column].is_day_alone:
            return []
        return [c for c in columns[1:] if facts[c].is_time_alone]

    def needs_zone(self, facts: Mapping[str, ColumnFacts]) -> bool:
        """Return whether any appointment is given as local time."""
        if self.settings.knows_a_zone:
            return False
        if APPOINTMENT in self.times:
            column = self.times[APPOINTMENT]
            return bool(self.file.facts([column], dates=[column])[column].local_times)
        return APPOINTMENT in facts and bool(facts[APPOINTMENT].local_times)

    def strange_words(self) -> dict[str, tuple[str, ...]]:
        """Return the words that no rule understands, by field."""
        columns = {c: name for c, name in self.chosen.items() if name in MAPPED_FIELDS}
        found = self.file.facts(columns)
        words = {
            name: unknown_words(found[column], name, self.file.today)
            for column, name in columns.items()
        }
        known = self.settings.value_maps
        return {name: left for name, of in words.items() if (left := _unmapped(of, known, name))}

    def profile(self) -> Profile:
        """Return the profile as it would be saved now."""
        headings, told = self.file.headings, self.settings
        zones = {location: zone.key for location, zone in told.timezone_by_location.items()}
        maps = {name: {**words} for name, words in told.value_maps.items()}
        for name, words in self.value_maps.items():
            maps.setdefault(name, {}).update(words)
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
            value_maps=maps,
            orders=self._orders(),
            two_digit_pivot=self.two_digit_pivot,
            timezone=self.timezone or (told.timezone.key if told.timezone else ""),
            zones=zones,
            defaults={**told.defaults, **self.defaults},
            reading=_reading(told),
            switches=_switches(told),
            doubts=self.doubts,
        )

    def _orders(self) -> dict[str, DateOrder]:
        told = self.settings
        usual = {} if told.date_order is None else dict.fromkeys(DATE_FIELDS, told.date_order)
        return {**usual, **told.date_orders, **self.orders}


def begin_draft(file: MappableFile, settings: Settings) -> Draft:
    """Return a draft of what the headings alone make sure, with what is to be asked."""
    draft = Draft(
        file=file,
        settings=settings,
        two_digit_pivot=settings.two_digit_pivot,
        defaults=dict(settings.defaults),
    )
    _take_given(draft)
    for name, columns in _take_sure(draft).items():
        _take_claim(draft, name, columns)
    done = {*draft.chosen.values(), *draft.clashes}
    draft.offered = {c: s for c, s in draft.offered.items() if s.field not in done}
    return draft


def _take_sure(draft: Draft) -> dict[str, list[int]]:
    """Return the columns whose heading is a known name, by field; offer the similar ones."""
    held = {*draft.chosen.values(), *(NAME_FIELDS if draft.split else ())}
    claims: dict[str, list[int]] = {}
    for column in draft.free:
        if column in draft.file.plan.of_others:
            continue
        heading = draft.file.headings[column]
        suggestion = None if names_whole_people(heading) else suggest_field(heading)
        if suggestion is None or suggestion.field in held:
            continue
        if suggestion.is_sure:
            claims.setdefault(suggestion.field, []).append(column)
        else:
            draft.offered[column] = suggestion
    return claims


def _take_claim(draft: Draft, name: str, columns: list[int]) -> None:
    """Take the one column of a field, or its day and its time; else it is a question."""
    pair = _day_and_time(draft.file, columns) if name == APPOINTMENT and columns[1:] else None
    if len(columns) == 1:
        draft.choose(columns[0], name)
    elif pair is not None:
        draft.choose(pair[0], name)
        draft.times[name] = pair[1]
    else:
        draft.clashes[name] = columns


def _take_given(draft: Draft) -> None:
    """Take what a profile that was given says of headings that are still there."""
    plan, profile = draft.file.plan, draft.file.profile
    for name in profile.fields & plan.fields.keys():
        if name in plan.joined:
            draft.chosen[plan.joined[name][0]] = name
            draft.times[name] = plan.joined[name][1]
        elif plan.split is None or name not in NAME_FIELDS:
            draft.chosen[plan.fields[name]] = name
    if plan.split is not None:
        draft.split = (plan.split.column, plan.split.pattern)


def _day_and_time(file: MappableFile, columns: list[int]) -> tuple[int, int] | None:
    """Return a column of days and one of times, if these are just one of each."""
    facts = file.facts(columns, dates=columns)
    days = [column for column in columns if facts[column].is_day_alone]
    times = [column for column in columns if facts[column].is_time_alone]
    is_pair = len(columns) == len([*days, *times]) and len(days) == len(times) == 1
    return (days[0], times[0]) if is_pair else None


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
    if told.header_row != 1:
        reading["header_row"] = str(told.header_row)
    return {key: text for key, text in reading.items() if text}


def _switches(told: Settings) -> dict[str, str]:
    switches = {"pad_zip": told.pad_zip, "text_location_ids": told.text_location_ids}
    return {name: "true" for name, is_on in switches.items() if is_on}


def propose(draft: Draft) -> None:
    """Take what a person would find already chosen; write the rest down as doubts."""
    headings, doubts = draft.file.headings, draft.doubts
    for column, suggestion in draft.offered.items():
        line = f'"{headings[column]}" = "{suggestion.field}" ({suggestion.score:.0f} of 100)'
        if suggestion.is_pre_selected and suggestion.field not in draft.chosen.values():
            draft.choose(column, suggestion.field)
            doubts.append(f"Check under [columns]: {line}")
        else:
            doubts.append(f"Perhaps under [columns]: {line}")
    for name, columns in draft.clashes.items():
        named = " or ".join(f'"{headings[column]}"' for column in columns)
        doubts.append(f"Choose under [columns]: {name} is {named}.")
    _propose_split(draft)
    _propose_times(draft)
    _propose_dates(draft)
    for name, words in draft.strange_words().items():
        # What stands in a cell may be a patient after all, so only a terminal shows it.
        shown = ", ".join(f'"{word}" = ...' for word in words)
        lines = shown if draft.settings.show_values else f"{len(words):,} words of {name}"
        doubts.append(f"Perhaps under [values.{name}]: {lines}")
    doubts += [f"Nothing stands for {name} yet." for name in draft.missing]


def _propose_times(draft: Draft) -> None:
    day = draft.column_of(APPOINTMENT)
    if day is None or APPOINTMENT in draft.times:
        return
    headings = draft.file.headings
    for time in draft.times_beside(day):
        line = f'{APPOINTMENT} = ["{headings[day]}", "{headings[time]}"]'
        draft.doubts.append(f"If right, under [joined] instead of [columns]: {line}")


def _propose_dates(draft: Draft) -> None:
    facts = draft.date_facts()
    given = draft.profile().orders
    for name, found in facts.items():
        if found.evidence.is_ordered and name not in given:
            line = f'{name} = "{found.evidence.order or "MDY or DMY"}"'
            draft.doubts.append(f"If right, under [dates.orders]: {line}   {found.evidence}")
        if found.short_years and draft.two_digit_pivot is None:
            draft.doubts.append(f"Needed under [dates]: two_digit_pivot, for {name}")
    if draft.needs_zone(facts):
        draft.doubts.append('Needed under [dates]: timezone = "America/..."')


def _propose_split(draft: Draft) -> None:
    if not set(NAME_FIELDS) <= set(draft.missing):
        return
    for column in draft.whole_names:
        facts = draft.file.facts([column], names=[column])[column]
        pattern, count = max(facts.splits.items(), key=lambda item: item[1])
        if count:
            line = f'"{draft.file.headings[column]}" = "{pattern}"'
            draft.doubts.append(
                f"If right, under [split]: {line}   splits {count:,} of {facts.filled:,}"
            )
