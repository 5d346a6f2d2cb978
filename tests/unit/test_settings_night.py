"""Settings of a run that nobody watches."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

import pytest

from importer.bounds import RowBound, RowSpread, Window
from importer.errors import SettingsError
from importer.settings import Settings, load_settings

if TYPE_CHECKING:
    from pathlib import Path

PROFILE = """
[run]
deadline = "05:30"
window = "20:00-06:00"
max_rejects = "5%"
canary = 10
[inbox]
settle_s = 30
move_to = "/drop/done"
[guards]
rows = "0.5-3"
invalid = 50
days_ahead = "off"
no_rows = false
base_url = "https://api.example.com"
[messages]
targets = ["json://127.0.0.1:9000/told", "mailto://mail.example.com?to=desk@example.com"]
invalid = "5%"
"""


def load(folder: Path, *, toml: str = "", more: dict[str, str] | None = None) -> Settings:
    environ = {"SOLV_IMPORT_CONFIG_DIR": str(folder), "SOLV_IMPORT_STATE_DIR": str(folder)}
    profile = folder / "north.toml"
    profile.write_text(toml, encoding="utf-8")
    environ |= {"SOLV_IMPORT_PROFILE": str(profile)} | (more or {})
    return load_settings({}, environ=environ, folder=folder)


def test_a_profile_holds_all_of_a_night(tmp_path: Path) -> None:
    settings = load(tmp_path, toml=PROFILE)
    assert settings.deadline == time(5, 30)
    assert settings.window == Window(time(20), time(6))
    assert settings.max_rejects == RowBound(percent=5.0)
    assert (settings.canary, settings.settle_s, settings.move_to) == (10, 30.0, "/drop/done")
    assert settings.guard_rows == RowSpread(0.5, 3.0)
    assert settings.guard_invalid == RowBound(rows=50)
    assert (settings.guard_days_ahead, settings.guard_no_rows) == (None, False)
    assert settings.guard_base_url == "https://api.example.com"
    assert len(settings.message_targets) == 2
    assert settings.message_invalid == RowBound(percent=5.0)


def test_without_a_word_the_guards_are_on_and_nobody_is_told(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.guard_rows == RowSpread(0.5, 2.0)
    assert settings.guard_invalid == RowBound(percent=20.0)
    assert (settings.guard_days_ahead, settings.guard_no_rows) == (400, True)
    assert (settings.max_rejects, settings.deadline, settings.window) == (None, None, None)
    assert (settings.message_targets, settings.heartbeat_url) == ((), None)
    assert settings.override == frozenset()


def test_targets_come_from_a_private_file_or_a_variable(tmp_path: Path) -> None:
    file = tmp_path / "targets"
    file.write_text("json://127.0.0.1/a\n\nmailto://example.com?to=a@example.com\n")
    file.chmod(0o600)
    named = {"SOLV_IMPORT_MESSAGE_TARGETS_FILE": str(file)}
    assert len(load(tmp_path, more=named).message_targets) == 2
    variable = {"SOLV_IMPORT_MESSAGE_TARGETS": "json://127.0.0.1/a json://127.0.0.1/b"}
    assert len(load(tmp_path, more=variable).message_targets) == 2


def test_a_file_of_targets_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "targets"
    file.write_text("json://127.0.0.1/a\n")
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="others may read it"):
        load(tmp_path, more={"SOLV_IMPORT_MESSAGE_TARGETS_FILE": str(file)})


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DEADLINE", "25:00", "such as 05:30"),
        ("WINDOW", "07:15", "such as 20:00-06:00"),
        ("MAX_REJECTS", "some", "such as 50 or 5%"),
        ("GUARD_ROWS", "2-3", r"such as 0\.5-2"),
        ("GUARD_DAYS_AHEAD", "-7", "from 1 to 3660"),
        ("OVERRIDE", "rows,everything", "name guards: headings, no-rows, rows"),
        ("MESSAGE_TARGETS", "desk@example.com", "mailto://"),
        ("HEARTBEAT_URL", "http://example.com/beat", "https://"),
        ("GUARD_BASE_URL", "ftp://example.com", "https"),
    ],
)
def test_what_cannot_be_used_says_how_to_write_it(
    tmp_path: Path, name: str, value: str, expected: str
) -> None:
    with pytest.raises(SettingsError, match=expected) as caught:
        load(tmp_path, more={f"SOLV_IMPORT_{name}": value})
    assert value not in caught.value.message


def test_targets_stand_in_no_repr(tmp_path: Path) -> None:
    text = repr(load(tmp_path, toml=PROFILE))
    assert "example.com?to" not in text


SECRET = "qasecret"


@pytest.mark.parametrize(
    "target",
    [
        f"mailto://desk:{SECRET}@mail.example.com?to=desk@example.com",
        f"mailtos://mail.example.com?to=desk@example.com&pass={SECRET}",
        f"json://127.0.0.1/told?+Authorization={SECRET}",
        f"jsons://desk:{SECRET}@hooks.example.com/told",
        f"json://hooks.example.com/?Token={SECRET}",
        f"slack://{SECRET}/T/B",
        f"https://hooks.example.com/{SECRET}",
    ],
)
@pytest.mark.parametrize("place", ["profile", "config.toml"])
def test_a_target_that_may_be_secret_stands_in_no_file_that_travels(
    tmp_path: Path, place: str, target: str
) -> None:
    text = f'[messages]\ntargets = ["json://127.0.0.1/told", "{target}"]\n'
    (tmp_path / "config.toml").write_text(text if place == "config.toml" else "", "utf-8")
    with pytest.raises(SettingsError, match="by targets_file") as caught:
        load(tmp_path, toml=text if place == "profile" else "")
    assert place in caught.value.message
    assert SECRET not in caught.value.message + caught.value.todo


@pytest.mark.parametrize(
    "target",
    [
        "mailto://mail.example.com:2525?to=desk@example.com&from=cron@example.com&name=Import",
        "mailtos://cron@mail.example.com?mode=starttls&cc=a@example.com",
        "jsons://hooks.example.com/told",
        "form://127.0.0.1:9000/told?method=put",
    ],
)
def test_a_target_without_a_secret_may_stand_in_a_profile(tmp_path: Path, target: str) -> None:
    text = f'[messages]\ntargets = "{target}"\n'
    assert load(tmp_path, toml=text).message_targets == (target,)


def test_a_profile_names_the_file_of_targets_that_are_secret(tmp_path: Path) -> None:
    file = tmp_path / "targets"
    file.write_text(f"slack://{SECRET}/T/B\n")
    file.chmod(0o600)
    settings = load(tmp_path, toml=f'[messages]\ntargets_file = "{file}"\n')
    assert settings.message_targets == (f"slack://{SECRET}/T/B",)


@pytest.mark.parametrize("word", ["no", "False", "0"])
def test_no_target_goes_without_proof_of_the_certificate(tmp_path: Path, word: str) -> None:
    with pytest.raises(SettingsError, match="ca_file"):
        load(tmp_path, more={"SOLV_IMPORT_MESSAGE_TARGETS": f"jsons://127.0.0.1/?Verify={word}"})
