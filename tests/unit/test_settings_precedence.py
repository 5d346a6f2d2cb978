"""Which place wins when several name a setting, and that every value knows its origin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.rate import Rate
from importer.settings import SPECS, Settings, load_settings
from importer.settings.mapping import TABLE_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load settings of a machine whose every place is under `tmp_path`."""
    config, work = tmp_path / "config", tmp_path / "work"
    (config / "profiles").mkdir(parents=True)
    work.mkdir()

    def load_it(
        *,
        flag: object = None,
        variable: str = "",
        dotenv: str = "",
        profile: str = "",
        config_toml: str = "",
        name: str = "rate",
        more: dict[str, str] | None = None,
    ) -> Settings:
        flags = {name: flag} | ({"profile": "clinic"} if profile else {})
        environ = {"SOLV_IMPORT_CONFIG_DIR": str(config), **(more or {})}
        if variable:
            environ[SPECS[name].variable] = variable
        for path, text in (
            (work / ".env", dotenv),
            (config / "profiles" / "clinic.toml", profile),
            (config / "config.toml", config_toml),
        ):
            if text:
                path.write_text(text, encoding="utf-8")
        return load_settings(flags, environ=environ, folder=work)

    return load_it


DOTENV = "SOLV_IMPORT_RATE=3/s\n"
PROFILE = '[run]\nrate = "4/s"\n'
CONFIG = '[run]\nrate = "5/s"\n'


@pytest.mark.parametrize(
    ("flag", "variable", "dotenv", "profile", "config", "count", "origin"),
    [
        ("1/s", "2/s", DOTENV, PROFILE, CONFIG, 1, "flag --rate"),
        (None, "6/s", DOTENV, PROFILE, CONFIG, 6, "variable SOLV_IMPORT_RATE"),
        (None, "", DOTENV, PROFILE, CONFIG, 3, ".env SOLV_IMPORT_RATE"),
        (None, "", "", PROFILE, CONFIG, 4, "profile clinic [run] rate"),
        (None, "", "", "", CONFIG, 5, "config.toml [run] rate"),
        (None, "", "", "", "", 2, "default"),
    ],
    ids=["flag", "variable", "dotenv", "profile", "config", "default"],
)
def test_the_nearer_place_wins_and_is_named(
    load: Load,
    flag: str | None,
    variable: str,
    dotenv: str,
    profile: str,
    config: str,
    count: int,
    origin: str,
) -> None:
    settings = load(
        flag=flag, variable=variable, dotenv=dotenv, profile=profile, config_toml=config
    )
    assert settings.rate == Rate(count=count, window_s=1.0)
    assert settings.origins["rate"] == origin


def test_an_empty_variable_is_as_good_as_none(load: Load) -> None:
    settings = load(config_toml=CONFIG, more={"SOLV_IMPORT_RATE": ""})
    assert settings.origins["rate"] == "config.toml [run] rate"


def test_a_flag_switches_off_what_a_profile_switches_on(load: Load) -> None:
    profile = "[run]\nonly_valid = true\n"
    assert load(profile=profile, name="only_valid").only_valid
    assert not load(profile=profile, name="only_valid", flag=False).only_valid


def test_config_toml_may_name_the_profile(load: Load, tmp_path: Path) -> None:
    (tmp_path / "config" / "profiles" / "lake.toml").write_text('[run]\nrate = "7/s"\n')
    settings = load(config_toml='[run]\nprofile = "lake"\n')
    assert settings.profile == "lake"
    assert settings.origins["rate"] == "profile lake [run] rate"


def test_columns_come_from_the_profile_alone(load: Load) -> None:
    settings = load(
        profile='[columns]\n"Cell #" = "phone"\n', config_toml='[columns]\n"Tel" = "phone"\n'
    )
    assert dict(settings.columns) == {"Cell #": "phone"}
    assert settings.origins["columns"] == "profile clinic"


def test_every_setting_has_an_origin(load: Load) -> None:
    secret_files = {spec.name for spec in SPECS.values() if spec.name.endswith("_file")}
    secret_files -= {"ca_file", "sftp_key_file"}
    assert set(load().origins) == {*SPECS, *TABLE_NAMES} - secret_files


def test_a_misspelt_variable_is_named(load: Load) -> None:
    settings = load(more={"SOLV_IMPORT_RAET": "1/s"}, dotenv="SOLV_IMPORT_TIMEZON=UTC\n")
    assert settings.unknown_variables == ("SOLV_IMPORT_RAET", "SOLV_IMPORT_TIMEZON")


def test_every_file_setting_is_read_from_its_table(load: Load) -> None:
    settings = load(
        profile="""
[file]
sheet = "Patients"
header_row = 3
delimiter = "tab"
[dates]
order = "dmy"
timezone = "America/Chicago"
two_digit_pivot = 30
timezones = { 4021 = "America/New_York" }
[defaults]
location_id = 4021
is_walk_in = false
reason = "Flu shot"
[values]
pad_zip = true
[run]
in_flight = 3
deadline_s = 30.5
"""
    )
    assert (settings.sheet, settings.header_row, settings.delimiter) == ("Patients", 3, "\t")
    assert (settings.date_order, settings.two_digit_pivot) == ("DMY", 30)
    assert settings.timezone is not None
    assert settings.timezone.key == "America/Chicago"
    assert settings.timezone_by_location["4021"].key == "America/New_York"
    assert dict(settings.defaults) == {
        "location_id": "4021",
        "is_walk_in": "false",
        "reason": "Flu shot",
    }
    assert (settings.pad_zip, settings.in_flight, settings.deadline_s) == (True, 3, 30.5)


def test_what_changes_requests_is_told_apart_from_what_does_not(load: Load) -> None:
    plain = load().request_settings()
    assert load(flag="9/s").request_settings() == plain
    assert load(name="timezone", flag="UTC").request_settings() != plain
    assert load(name="location_id", flag="4021").request_settings() != plain
