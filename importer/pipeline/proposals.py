"""What a draft proposes where nobody is asked: sure lines as they are, the rest as comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model import NAME_FIELDS
from importer.pipeline.drafting import APPOINTMENT
from importer.suggestions import near_word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.pipeline.drafting import Draft

_OPEN = {
    "location_id": "if it says where the visit is, its words under [values.location_id]",
    "birth_sex": "if it is the sex at birth, and not gender",
}
_ORDERS = '"MDY" (month first) or "DMY" (day first)'


def propose(draft: Draft) -> None:
    """Take what a person would find already chosen; write the rest down as doubts."""
    draft.doubts += [
        *_columns(draft),
        *_clashes(draft),
        *_split(draft),
        *_times(draft),
        *_dates(draft),
        *_words(draft),
        *_missing(draft),
        *_left_out(draft),
    ]


def _columns(draft: Draft) -> Iterator[str]:
    for column, suggestion in [*draft.offered.items()]:
        heading, name = draft.file.headings[column], suggestion.field
        is_free = name not in draft.chosen.values()
        line = f'"{heading}" = "{name}"'
        if suggestion.is_open and is_free:
            yield f"Under [columns], {_OPEN[name]}: {line}"
        elif suggestion.is_pre_selected and is_free:
            draft.choose(column, name)
            yield f"Check under [columns]: {line} ({suggestion.score:.0f} of 100)"
        else:
            yield f"Perhaps under [columns]: {line} ({suggestion.score:.0f} of 100)"


def _clashes(draft: Draft) -> Iterator[str]:
    for name, columns in draft.clashes.items():
        lines = " or ".join(f'"{draft.file.headings[c]}" = "{name}"' for c in columns)
        yield f"One of these under [columns]: {lines}"


def _split(draft: Draft) -> Iterator[str]:
    if not set(NAME_FIELDS) <= set(draft.missing):
        return
    for column in draft.whole_names:
        facts = draft.facts([column], names=True)[column]
        pattern, count = max(facts.splits.items(), key=lambda item: item[1])
        if count:
            line = f'"{draft.file.headings[column]}" = "{pattern}"'
            yield f"If right, under [split]: {line}   splits {count:,} of {facts.filled:,}"


def _times(draft: Draft) -> Iterator[str]:
    day = draft.column_of(APPOINTMENT)
    if day is None or APPOINTMENT in draft.times:
        return
    headings = draft.file.headings
    for time in draft.times_beside(day):
        line = f'{APPOINTMENT} = ["{headings[day]}", "{headings[time]}"]'
        yield f"If right, under [joined] instead of [columns]: {line}"


def _dates(draft: Draft) -> Iterator[str]:
    facts = draft.date_facts()
    for name, found in facts.items():
        if found.evidence.is_ordered and name not in draft.known_orders:
            if found.evidence.order:
                line = f'If right, under [dates.orders]: {name} = "{found.evidence.order}"'
            else:
                line = f"Needed under [dates.orders]: {name} = {_ORDERS}"
            yield f"{line}   {found.evidence}"
        if found.short_years and draft.two_digit_pivot is None:
            yield f"Needed under [dates]: two_digit_pivot, the last year that is 20xx, for {name}"
    if draft.needs_zone(facts) or _times_are_local(draft):
        yield 'Needed under [dates]: timezone, the zone of the clinic, such as "America/Chicago"'


def _times_are_local(draft: Draft) -> bool:
    """Return whether a column that may hold the times of visits lacks offsets."""
    day = draft.column_of(APPOINTMENT)
    if day is None or APPOINTMENT in draft.times or draft.settings.knows_a_zone:
        return False
    times = draft.times_beside(day)
    facts = draft.facts(times, dates=True)
    return any(facts[column].local_times for column in times)


def _words(draft: Draft) -> Iterator[str]:
    for name, words in draft.strange_words(also=_perhaps(draft)).items():
        # What stands in a cell may be a patient after all, so only a terminal shows it.
        if draft.settings.show_values:
            shown = ", ".join(_shown(draft, name, word, words) for word in words)
            yield f"Needed under [values.{name}], with the value in Solv behind each: {shown}"
        else:
            count = f"{len(words):,} words" if len(words) > 1 else "1 word"
            yield (
                f'Needed under [values.{name}]: "their word" = the value in Solv, for {count} '
                "(--show-values names them)"
            )


def _perhaps(draft: Draft) -> dict[int, str]:
    """Return the columns that may hold a clinic's words for a field that has no column yet."""
    held = set(draft.chosen.values())
    return {c: s.field for c, s in draft.offered.items() if s.is_open and s.field not in held}


def _shown(draft: Draft, name: str, word: str, words: Sequence[str]) -> str:
    others = [*draft.known_words.get(name, ()), *words[: words.index(word)]]
    near = near_word(word, others) if name == "location_id" else None
    like = f', like "{near}"' if near else ""
    column = draft.column_of(name)
    if column is None:
        column = next(c for c, held in _perhaps(draft).items() if held == name)
    count = draft.facts([column])[column].count_of(word)
    return f'"{word}" ({count:,} rows{like})'


def _missing(draft: Draft) -> Iterator[str]:
    named = {suggestion.field for suggestion in draft.offered.values()}
    told = {*named, *draft.clashes}
    if any(line.startswith("If right, under [split]") for line in _split(draft)):
        told |= set(NAME_FIELDS)
    for name in draft.missing:
        if name not in told:
            also = ", or location_id under [defaults]" if name == "location_id" else ""
            yield f'Needed under [columns]: a heading = "{name}"{also}'


def _left_out(draft: Draft) -> Iterator[str]:
    """Yield which columns are not sent as it stands, though somebody may want them."""
    day = draft.column_of(APPOINTMENT)
    told = {*draft.offered, *draft.whole_names}
    told |= {column for columns in draft.clashes.values() for column in columns}
    told |= set(draft.times_beside(day)) if day is not None else set()
    left = [f'"{draft.file.headings[c]}"' for c in draft.free if c not in told]
    if left:
        yield f"Not sent, unless a line under [columns] says so: {', '.join(left)}"
