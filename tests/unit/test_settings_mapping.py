"""What a profile says of columns, words, orders and headings is read whole or refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from importer.errors import SettingsError, SourceError
from importer.model import HeadingsAccepted
from importer.pipeline.stored_settings import (
    as_confirmed,
    differing,
    refuse_others,
    restored,
    stored,
)
from importer.settings import Settings, load_settings

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """
[columns]
"Cell #" = "phone"
[joined]
appointment_date = ["Appt Date", "Appt Time"]
[split]
"Patient" = "Last, First Middle"
[values]
pad_zip = true
[values.location_id]
"Lakeview" = 4021
[values.is_walk_in]
"W" = true
"?" = ""
[values.birth_sex]
Token = "Female"
[values.address_state]
"Land of Lincoln" = "il"
[dates]
order = "MDY"
[dates.orders]
birth_date = "dmy"
[file]
headings = ["Patient", "Cell #"]
"""


def load(tmp_path: Path, profile: str, **flags: object) -> Settings:
    path = tmp_path / "clinic.toml"
    path.write_text(profile, encoding="utf-8")
    environ = {"SOLV_IMPORT_CONFIG_DIR": str(tmp_path / "config")}
    return load_settings({"profile": str(path), **flags}, environ=environ, folder=tmp_path)


def test_every_table_is_read(tmp_path: Path) -> None:
    settings = load(tmp_path, WHOLE)
    assert dict(settings.joined) == {"appointment_date": ("Appt Date", "Appt Time")}
    assert dict(settings.split) == {"Patient": "Last, First Middle"}
    assert settings.value_maps == {
        "location_id": {"Lakeview": "4021"},
        "is_walk_in": {"W": "true", "?": ""},
        "birth_sex": {"Token": "female"},
        "address_state": {"Land of Lincoln": "IL"},
    }
    assert (settings.date_order, dict(settings.date_orders)) == ("MDY", {"birth_date": "DMY"})
    assert settings.headings == ("Patient", "Cell #")
    assert settings.pad_zip
    assert settings.origins["split"] == "profile clinic"


def test_a_flag_for_all_columns_wins_over_a_profiles_single_ones(tmp_path: Path) -> None:
    settings = load(tmp_path, WHOLE, date_order="MDY")
    assert (settings.date_order, dict(settings.date_orders)) == ("MDY", {})
    assert settings.origins["date_orders"] == "default"


@pytest.mark.parametrize(
    ("profile", "where", "hint"),
    [
        ("[joined]\nbirth_date = ['A', 'B']\n", "[joined] birth_date", "appointment_date"),
        ("[joined]\nappointment_date = ['A']\n", "takes the headings of two", ""),
        ("[joined]\nappointment_date = ['A', 'a ']\n", "takes the headings of two", ""),
        ("[joined]\nappointment_date = 'A'\n", "[joined] appointment_date", ""),
        ("joined = 3\n", "joined must be a table", ""),
        ("[split]\n'Name' = 'Last First'\n", "Last, First", ""),
        ("[split]\n'A' = 'Last, First'\n'B' = 'Last, First'\n", "one column only", ""),
        (
            "[columns]\n'A' = 'last_name'\n[split]\n'B' = 'Last, First'\n",
            "last_name is mapped twice",
            "[split]",
        ),
        (
            "[columns]\n'A' = 'phone'\n[joined]\nappointment_date = ['A', 'B']\n",
            "A is mapped twice",
            "[joined]",
        ),
        ("[values.phone]\n'A' = '1'\n", "[values] phone", ""),
        ("[values]\nlocation_id = 3\n", "[values.location_id] must be a table", ""),
        ("[values.location_id]\n'A' = ''\n", '[values.location_id] "A"', ""),
        ("[values.location_id]\n'A' = 'AXjwbE'\n", "[values.location_id]", "text_location_ids"),
        ("[values.location_id]\n'A' = 1\n'a ' = 2\n", "twice", ""),
        ("[values.location_id]\n' ' = 1\n", "is empty", ""),
        ("[values.birth_sex]\n'A' = 'other'\n", "male or female", ""),
        ("[values.is_walk_in]\n'A' = 'maybe'\n", "true or false", ""),
        ("[values.address_state]\n'A' = 'Illinois'\n", "two letters", ""),
        ("[values.visit_type_id]\n'A' = [1]\n", "must be one value", ""),
        ("[dates.orders]\nphone = 'MDY'\n", "[dates.orders] phone", "birth_date"),
        ("[dates.orders]\nbirth_date = 'YMD'\n", "MDY or DMY", ""),
        ("[dates]\norders = 'MDY'\n", "[dates.orders] must be a table", ""),
        ("[file]\nheadings = 'A'\n", "[file] headings must be a list", ""),
    ],
)
def test_a_line_that_cannot_be_is_refused_where_it_stands(
    tmp_path: Path, profile: str, where: str, hint: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, profile)
    assert where in caught.value.message
    assert hint in caught.value.todo


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("[split]\n'Patient' = 'Last, First'\n", "split"),
        ("[joined]\nappointment_date = ['A', 'B']\n", "joined"),
        ("[values.location_id]\n'Lakeview' = 4022\n", "value_maps"),
        ("[dates.orders]\nbirth_date = 'MDY'\n", "date_orders"),
    ],
)
def test_a_run_does_not_carry_on_with_other_tables(tmp_path: Path, line: str, name: str) -> None:
    kept = stored(load(tmp_path, WHOLE))
    with pytest.raises(SourceError, match=name):
        refuse_others("r1", kept, load(tmp_path, line))
    refuse_others("r1", kept, load(tmp_path, WHOLE))


def test_a_run_is_restored_with_its_tables_and_not_held_to_headings_again(tmp_path: Path) -> None:
    whole, plain = load(tmp_path, WHOLE), load(tmp_path, "")
    again = restored(plain, stored(whole))
    assert again.request_settings() == whole.request_settings()
    assert again.headings == again.accepted_headings == whole.headings


def test_listed_headings_change_no_request(tmp_path: Path) -> None:
    without = WHOLE.replace('["Patient", "Cell #"]', "[]")
    assert differing(stored(load(tmp_path, WHOLE)), load(tmp_path, without)) == []


def test_a_confirmed_order_stands_for_its_run(tmp_path: Path) -> None:
    from dataclasses import replace  # noqa: PLC0415 - for this test alone

    asked = load(tmp_path, "")
    kept = stored(replace(asked, confirmed_orders={"birth_date": "MDY"}))
    with pytest.raises(SourceError, match="confirmed_orders"):
        refuse_others("r1", kept, asked)
    refuse_others("r1", kept, as_confirmed(asked, kept))
    told = load(tmp_path, "", date_order="DMY")
    assert as_confirmed(told, kept) == told


def test_accepted_headings_stand_for_their_run_and_for_no_others(tmp_path: Path) -> None:
    asked = load(tmp_path, WHOLE)
    kept = stored(asked.confirmed(HeadingsAccepted(expected=asked.headings)))
    assert as_confirmed(asked, kept).accepted_headings == asked.headings
    changed = load(tmp_path, WHOLE.replace('"Cell #"]', '"Cell"]'))
    assert as_confirmed(changed, kept).accepted_headings != changed.headings


def test_the_last_year_of_this_century_may_be_its_first(tmp_path: Path) -> None:
    kept = stored(load(tmp_path, "[dates]\ntwo_digit_pivot = 0\n"))
    assert differing(kept, load(tmp_path, "")) == ["two_digit_pivot"]


def test_a_setting_that_an_earlier_version_did_not_know_is_as_good_as_empty(tmp_path: Path) -> None:
    plain = load(tmp_path, "")
    kept = json.loads(stored(plain))
    del kept["joined"], kept["encoding"], kept["allow_walkin_scheduling"]
    assert differing(json.dumps(kept), plain) == []


@pytest.mark.parametrize(
    "lines",
    [
        "[columns]\nReason = 'reason'\n'reason ' = 'attribution'\n",
        "[columns]\nDOB = 'birth_date'\n[joined]\nappointment_date = ['dob', 'Time']\n",
    ],
)
def test_one_heading_is_not_mapped_twice_whatever_its_case_and_spaces(
    lines: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="is mapped twice"):
        load(tmp_path, lines)
