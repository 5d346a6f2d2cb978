"""A written profile is TOML that says just what went into it."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from importer.settings.profile_text import Profile

headings = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30)


@given(listed=st.lists(headings, max_size=6), word=headings)
def test_any_heading_and_any_word_come_back(listed: list[str], word: str) -> None:
    profile = Profile(
        headings=listed,
        columns={word: "phone"},
        joined={"appointment_date": (word, "Time")},
        split={word: "Last, First"},
        value_maps={"location_id": {word: "4021"}, "is_walk_in": {word: "true", "x": ""}},
        doubts=[word],
    )
    tables = tomllib.loads(profile.toml())
    assert tables["columns"] == {word: "phone"}
    assert tables["joined"] == {"appointment_date": [word, "Time"]}
    assert tables["split"] == {word: "Last, First"}
    assert tables["values"]["location_id"] == {word: 4021}
    assert tables["values"]["is_walk_in"][word] is (True if word != "x" else "")
    assert tables.get("file", {}).get("headings", []) == listed


def test_one_order_stands_for_both_columns_and_two_stand_apart() -> None:
    same = Profile(orders={"birth_date": "MDY", "appointment_date": "MDY"})
    apart = Profile(orders={"birth_date": "DMY", "appointment_date": "MDY"})
    assert tomllib.loads(same.toml())["dates"] == {"order": "MDY"}
    assert tomllib.loads(apart.toml())["dates"] == {
        "orders": {"birth_date": "DMY", "appointment_date": "MDY"}
    }


def test_an_answer_about_one_column_is_no_order_of_the_others() -> None:
    profile = Profile(orders={"birth_date": "MDY"})
    assert tomllib.loads(profile.toml())["dates"] == {"orders": {"birth_date": "MDY"}}


def test_ids_stay_text_where_a_number_would_change_them() -> None:
    profile = Profile(defaults={"location_id": "0042", "is_walk_in": "false"})
    assert tomllib.loads(profile.toml())["defaults"] == {"location_id": "0042", "is_walk_in": False}


def test_headings_stand_a_line_each_so_that_a_review_shows_the_one_that_changed() -> None:
    assert (
        '\nheadings = [\n  "DOB",\n  "Cell #",\n]\n' in Profile(headings=["DOB", "Cell #"]).toml()
    )
