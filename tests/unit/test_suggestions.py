"""Headings and cells suggest; what is only similar is never sure, and data is no heading."""

from __future__ import annotations

from datetime import date

import pytest

from importer.suggestions import (
    ColumnFacts,
    looks_like_data,
    names_whole_people,
    near_word,
    suggest_field,
    unknown_words,
)


def facts(*texts: str, is_name: bool = False, is_date: bool = False) -> ColumnFacts:
    found = ColumnFacts()
    found.add(texts, is_name=is_name, is_date=is_date)
    return found


@pytest.mark.parametrize(
    ("heading", "field", "how"),
    [
        ("Cell #", "phone", "sure"),
        ("DOB (MM/DD/YYYY)", "birth_date", "sure"),
        ("Mobil", "phone", "pre-selected"),
        ("Birthdy", "birth_date", "pre-selected"),
        ("Visit Reasn Txt", "reason", "offered"),
        ("Clinic Name", "location_id", "open"),
        ("facility", "location_id", "open"),
        ("Practice_Location", "location_id", "open"),
        ("Gender", "birth_sex", "open"),
        ("Sex assigned at birth", "birth_sex", "sure"),
        ("Gender Identity", None, ""),
        ("Referring Facility", None, ""),
        ("Birth date (S.)", "birth_date", "offered"),
        ("First name (MD)", "first_name", "offered"),
        ("Guarantor Phone", None, ""),
        ("Notes", None, ""),
        ("Provider First Name", None, ""),
    ],
)
def test_a_heading_suggests_a_field_as_far_as_it_comes_near(
    heading: str, field: str | None, how: str
) -> None:
    suggestion = suggest_field(heading)
    if field is None:
        assert suggestion is None
        return
    assert suggestion is not None
    assert suggestion.field == field
    assert not (suggestion.is_open and suggestion.is_pre_selected), "only a person knows"
    words = ("sure",) if suggestion.is_sure else ("open",) if suggestion.is_open else ()
    words += ("pre-selected",) if suggestion.is_pre_selected else ("offered",)
    assert words[0] == how


DATA = ("1985-03-04", "3/4/85", "312-555-0142", "(312) 555-0142", "a@example.com", "9:30")
HEADINGS = ("DOB (MM/DD/YYYY)", "Phone #1", "Address 2", "Q3 2nd visit", "Appt Date/Time")


@pytest.mark.parametrize("text", [*DATA, "MRN 12345", "x" * 61, "two\nlines"])
def test_what_may_be_a_patients_data_looks_like_it(text: str) -> None:
    assert looks_like_data(text)


@pytest.mark.parametrize("text", HEADINGS)
def test_an_ordinary_heading_does_not(text: str) -> None:
    assert not looks_like_data(text)


def test_days_and_times_are_told_apart() -> None:
    days = facts("02/01/2090", "2090-02-01T00:00:00", "", is_date=True)
    times = facts("9:30 AM", "09:30:00", is_date=True)
    both = facts("02/01/2090 09:30", "2090-02-01T09:30:00-06:00", is_date=True)
    assert (days.is_day_alone, days.is_time_alone, days.local_times) == (True, False, 0)
    assert (times.is_day_alone, times.is_time_alone, times.local_times) == (False, True, 2)
    assert (both.is_day_alone, both.is_time_alone, both.local_times) == (False, False, 1)
    assert not facts(is_date=True).is_day_alone


def test_short_years_are_counted_and_count_as_evidence() -> None:
    found = facts("03/14/85", "03/14/1985", is_date=True)
    assert (found.short_years, found.evidence.month_first) == (1, 2)


def test_patterns_are_counted_by_the_cells_that_they_split() -> None:
    found = facts("Lee, Ann", "Lee, Ann B", "Ann Lee", is_name=True)
    assert found.splits == {"Last, First": 1, "First Last": 1, "Last, First Middle": 2}


def test_words_are_those_that_the_rule_refuses_and_that_are_no_data() -> None:
    found = facts("4021", "Lakeview", "1234 Main St", "Lakeview")
    assert unknown_words(found, "location_id", date(2030, 1, 7)) == ("Lakeview",)
    many = facts(*(f"word{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(300)))
    assert unknown_words(many, "location_id", date(2030, 1, 7)) == ()
    assert "word" not in repr(many)


def test_a_word_of_paperwork_that_solv_does_not_document_is_unclear() -> None:
    found = facts("incomplete", "complete", "Complete", "done")
    assert unknown_words(found, "paperwork_status", date(2030, 1, 7)) == ("Complete", "done")
    states = facts("Illinois", "il", "Ill.")
    assert unknown_words(states, "address_state", date(2030, 1, 7)) == ("Ill.",)


@pytest.mark.parametrize("heading", ["Name", "Patient Name", "PATIENT", "Full name"])
def test_a_heading_of_whole_names_is_known(heading: str) -> None:
    assert names_whole_people(heading)


@pytest.mark.parametrize(
    ("word", "near"),
    [
        *[("Lakeveiw", "Lakeview"), ("lakevew", "Lakeview"), ("Lakeviews", "Lakeview")],
        *[("Old-Town", "Old Town"), ("OLD TOWN", "Old Town"), ("Site 12", None)],
        *[("Lakeside", None), ("Lake 2", None), ("Lake 1.", "Lake 1"), ("ABD", None), ("", None)],
    ],
)
def test_a_word_is_near_another_by_one_slip_and_never_by_a_digit(
    word: str, near: str | None
) -> None:
    assert near_word(word, ["Lakeview", "Old Town", "Lake 1", "Site 1", "ABC"]) == near


def test_words_are_counted_whatever_their_case_and_those_of_most_cells_come_first() -> None:
    found = facts("Lakeveiw", "Uptown", "Lakeview", "lakeview", "Uptown", "LAKEVIEW")
    assert (found.count_of("lakeview"), found.count_of("Lakeveiw"), found.count_of("x")) == (
        3,
        1,
        0,
    )
    words = unknown_words(found, "location_id", date(2026, 1, 1))
    assert words == ("Lakeview", "lakeview", "LAKEVIEW", "Uptown", "Lakeveiw")


def test_one_odd_cell_keeps_no_column_from_being_one_of_days_or_of_times() -> None:
    days = facts("02/01/2090", "02/02/2090 09:30", "02/03/2090", is_date=True)
    times = facts("9:30 AM", "TBD", "10:00", is_date=True)
    assert (days.is_mostly_days, days.is_mostly_times) == (True, False)
    assert (times.is_mostly_days, times.is_mostly_times) == (False, True)
    assert not facts(is_date=True).is_mostly_times
