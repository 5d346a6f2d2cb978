"""A draft of a profile as the headings, and the profile that was given, make it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.headings import heading_key
from importer.model import NAME_FIELDS
from importer.pipeline.drafting import APPOINTMENT, Draft
from importer.suggestions import names_whole_people, suggest_field

if TYPE_CHECKING:
    from importer.pipeline.mappable import MappableFile
    from importer.settings import Settings


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
    listed = {heading_key(heading) for heading in draft.file.profile.listed}
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
        elif heading_key(heading) not in listed:
            # Whoever listed a heading has answered what it is.
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
