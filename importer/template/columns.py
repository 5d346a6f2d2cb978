"""Which columns a template has, and what stands in them, for one clinic's settings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from importer.columns import plan_columns
from importer.errors import SettingsError
from importer.example import EXAMPLE
from importer.headings import PLAIN_HEADINGS, heading_key
from importer.model import BOOKING_FIELDS, DATE_FIELDS, NAME_FIELDS, ORDER_WORDS, REQUIRED_FIELDS
from importer.template.words import CHOICES, FIELD_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from importer.columns import ColumnPlan
    from importer.settings import Settings

_LISTED = ("is_walk_in", "birth_sex", "paperwork_status", "visit_type_id")
"""Fields whose list may hold a profile's own words; of states there are too many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateColumn:
    """One column of a template."""

    heading: str
    title: str
    """The heading as it is shown, with a star where a value is required."""
    meaning: str
    field: str = ""
    """The API field, the first one of a whole name; "" when the column is not sent."""
    is_required: bool = False
    form: str = ""
    """How its cells are written; "" where any text will do, or a list says it."""
    sample: str = ""
    """A value that is accepted; "" where none is shown."""
    example: str = ""
    """What the example row holds."""
    choices: tuple[str, ...] = ()
    """The only words that it takes; empty where it takes others."""
    default: str = ""
    """What an empty cell stands for; "" for nothing."""
    width: int = 18
    """In characters."""


class _Part(Enum):
    """What of a field a column holds."""

    WHOLE = auto()
    NAME = auto()
    """First and last name in one."""
    DAY = auto()
    CLOCK = auto()


class _Slot(NamedTuple):
    """A column that is to be: its heading, its field, and what of it."""

    heading: str
    field: str
    part: _Part = _Part.WHOLE


def template_columns(settings: Settings) -> tuple[TemplateColumn, ...]:
    """Return the columns of a template that reads with these settings and no question.

    A profile's headings are kept, in its order where it lists them.

    Raises:
        SettingsError: A template cannot have headings as the settings want them.
    """
    _refuse_no_headings(settings)
    slots = list(_listed(settings) if settings.headings else _usual(settings))
    columns = tuple(_column(slot, settings) for slot in slots)
    _prove(columns, settings)
    return columns


def _clinics_of(settings: Settings) -> tuple[str, ...]:
    """Return how the settings call each clinic: by a word of theirs, else by its number."""
    words = settings.value_maps.get("location_id", {})
    known = [*settings.timezone_by_location, settings.defaults.get("location_id", "")]
    numbers = [number for number in known if number and number not in words.values()]
    found = tuple(dict.fromkeys((*_one_each(words), *numbers)))
    # One number alone says no more than that it is the usual one.
    return found if words or len(found) > 1 else ()


def _refuse_no_headings(settings: Settings) -> None:
    if settings.header_row == 0:
        raise SettingsError(
            f"{settings.origins['header_row']} is for files without headings; a template has some.",
            todo="Use a profile without header_row for the template, and to read it.",
        )


def _usual(settings: Settings) -> Iterator[_Slot]:
    """Yield every booking field, under the profile's heading or our own."""
    mapped = {name: heading for heading, name in settings.columns.items()}
    joined = [heading for halves in settings.joined.values() for heading in halves]
    taken = {heading_key(heading) for heading in (*settings.columns, *joined, *settings.split)}
    for name in BOOKING_FIELDS:
        if name in settings.joined:
            yield from _halves(settings, name)
        elif settings.split and name in NAME_FIELDS:
            if name == "first_name":
                yield _Slot(next(iter(settings.split)), name, _Part.NAME)
        elif name in mapped:
            yield _Slot(mapped[name], name)
        else:
            usual = PLAIN_HEADINGS[name]
            yield _Slot(name if heading_key(usual) in taken else usual, name)


def _listed(settings: Settings) -> Iterator[_Slot]:
    """Yield the columns under just those headings that the profile lists."""
    headings = [heading for heading in settings.headings if heading]
    plan = _planned(headings, settings)
    fields = plan.sources
    for column, heading in enumerate(headings):
        name, part = fields.get(column, ""), _Part.WHOLE
        if name in plan.joined:
            part = _Part.DAY if column == plan.joined[name][0] else _Part.CLOCK
        elif plan.split is not None and column == plan.split.column:
            part = _Part.NAME
        yield _Slot(heading, name, part)


def _halves(settings: Settings, name: str) -> tuple[_Slot, _Slot]:
    day, clock = settings.joined[name]
    return _Slot(day, name, _Part.DAY), _Slot(clock, name, _Part.CLOCK)


def _column(slot: _Slot, settings: Settings) -> TemplateColumn:
    """Return a column with what people are told of it."""
    if not slot.field:
        meaning = "Your own; it is not sent to Solv."
        return TemplateColumn(heading=slot.heading, title=slot.heading, meaning=meaning)
    words, default = FIELD_WORDS[slot.field], settings.defaults.get(slot.field, "")
    choices = _choices(slot.field, settings) if slot.part is _Part.WHOLE else ()
    meaning, form, sample = _parted(slot, settings) or (words.meaning, words.form, words.sample)
    if choices:
        form, sample = "", choices[0]
    is_required = slot.field in REQUIRED_FIELDS and not default
    # Headings that a profile lists must be just those.
    star = " *" if is_required and not settings.headings else ""
    return TemplateColumn(
        field=slot.field,
        heading=slot.heading,
        title=slot.heading + star,
        is_required=is_required,
        meaning=meaning,
        form=" ".join(filter(None, (form, _about_dates(slot, settings)))),
        sample=sample,
        example=_example(slot, settings),
        choices=choices,
        default=default,
        width=max(words.width, len(slot.heading) + 4),
    )


def _choices(name: str, settings: Settings) -> tuple[str, ...]:
    """Return the words that a list offers: one a value, the profile's own where we have none."""
    if name == "location_id":
        return _clinics_of(settings)
    own = _one_each(settings.value_maps.get(name, {})) if name in _LISTED else ()
    if name in CHOICES and not (own and name == "paperwork_status"):
        return CHOICES[name]
    return own


def _one_each(words: Mapping[str, str]) -> tuple[str, ...]:
    """Return the first word for each value; the others are misspelled, or say the same."""
    first: dict[str, str] = {}
    for word, value in words.items():
        if value:
            first.setdefault(value, word)
    return tuple(first.values())


def _parted(slot: _Slot, settings: Settings) -> tuple[str, str, str] | None:
    """Return meaning, form and sample of a part of a field, None for a whole field."""
    match slot.part:
        case _Part.NAME:
            pattern = next(iter(settings.split.values()))
            sample = "Ana Lee" if pattern == "First Last" else "Lee, Ana"
            return "The patient's whole name, without a title.", f"{pattern}.", sample
        case _Part.DAY:
            return "The day of the visit.", "YYYY-MM-DD: year, month, day.", "2030-02-01"
        case _Part.CLOCK:
            return "When the visit begins.", "HH:MM, hours from 00 to 23.", "14:30"
        case _Part.WHOLE:
            return None


def _example(slot: _Slot, settings: Settings) -> str:
    """Return the example row's cell."""
    text = EXAMPLE.get(slot.field, "")
    match slot.part:
        case _Part.NAME:
            first, last = EXAMPLE["first_name"], EXAMPLE["last_name"]
            is_last_first = next(iter(settings.split.values())) != "First Last"
            return f"{last}, {first}" if is_last_first else f"{first} {last}"
        case _Part.DAY:
            return text.partition(" ")[0]
        case _Part.CLOCK:
            return text.partition(" ")[2]
        case _Part.WHOLE:
            return text


def _about_dates(slot: _Slot, settings: Settings) -> str:
    """Return whose time it is, and how dates such as 03/04/1985 are read."""
    sentences = []
    if slot.field == "appointment_date" and slot.part is not _Part.DAY:
        zone = settings.timezone.key if settings.timezone else ""
        whose = "the clinic's own time" if settings.timezone_by_location or not zone else zone
        sentences.append(f"The time is {whose}.")
    if slot.field in DATE_FIELDS and slot.part is not _Part.CLOCK:
        order = settings.date_orders.get(slot.field) or settings.date_order
        if order:
            sentences.append(f"03/04/1985 is read as {ORDER_WORDS[order]}/year.")
        else:
            sentences.append("Do not write 03/04/1985: it could be two days.")
    return " ".join(sentences)


def _prove(columns: Sequence[TemplateColumn], settings: Settings) -> None:
    """Raise unless an import finds every field in the column that is meant for it.

    Raises:
        SettingsError: The profile's headings contradict each other.
    """
    plan = _planned([column.title for column in columns], settings)
    wrong = next((problem for problem in plan.problems if problem.is_error), None)
    if wrong is not None:
        raise SettingsError(
            f"No template can be made of these settings: {wrong.sentence()}",
            todo="Correct the profile, or leave --profile away.",
        )


def _planned(headings: Sequence[str], settings: Settings) -> ColumnPlan:
    """Return which column an import would read each field from."""
    return plan_columns(
        headings,
        profile=settings.profile_columns,
        provided=settings.defaults.keys(),
        show_headings=True,
    )
