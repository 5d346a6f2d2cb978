"""What a profile, a .env and a secret file may hold, and who may read them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from importer.errors import SettingsError
from importer.settings import Settings, load_settings

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s3cret-canary-$HOME"


def load(tmp_path: Path, profile: str = "", **environ: str) -> Settings:
    """Load settings with this profile and these variables (without their prefix)."""
    flags: dict[str, object] = {}
    if profile:
        path = tmp_path / "clinic.toml"
        path.write_text(profile, encoding="utf-8")
        flags["profile"] = str(path)
    variables = {f"SOLV_IMPORT_{name}": value for name, value in environ.items()}
    variables["SOLV_IMPORT_CONFIG_DIR"] = str(tmp_path / "config")
    return load_settings(flags, environ=variables, folder=tmp_path)


def private(path: Path, text: str, mode: int = 0o600) -> Path:
    """Write a file of that mode."""
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("profile", "where", "hint"),
    [
        ('[colums]\n"Tel" = "phone"\n', "[colums]", "Did you mean columns?"),
        ('[columns]\n"Tel" = "phon"\n', '"Tel" = "phon"', "Did you mean phone?"),
        ('[columns]\n"Tel" = "phone"\n"Cell" = "phone"\n', '"Cell"', ""),
        ('[dates]\ntimezon = "UTC"\n', "[dates] timezon", "Did you mean timezone?"),
        ('[dates]\ntimezone = "Chicago"\n', "[dates] timezone", ""),
        ('[dates.timezones]\n4021 = "Chicago"\n', "[dates.timezones] 4021", ""),
        ('[dates.timezones]\n04021 = "America/Chicago"\n', "[dates.timezones] 04021", ""),
        ('[dates.timezones]\nHarlem = "America/Chicago"\n', "[dates.timezones]", ""),
        (
            '[values.location_id]\n1 = 4021\n[dates.timezones]\n1 = "America/Chicago"\n',
            "[dates.timezones] 1 is a word",
            "the location",
        ),
        ("[dates]\ntimezones = 3\n", "[dates.timezones]", ""),
        ('[run]\nraet = "1/s"\n', "[run] raet", "Did you mean rate?"),
        ('[run]\nrate = "fast"\n', "[run] rate", ""),
        ("[run]\nrate = [1, 2]\n", "[run] rate", ""),
        ("[run]\nyes = true\n", "[run] yes", ""),
        ('[run]\nprofile = "other"\n', "another profile", ""),
        ('[defaults]\nemail = "a@example.com"\n', "[defaults] email", ""),
        ("[defaults]\nlocation_id = 4021.5\n", "[defaults] location_id", ""),
        ('[defaults]\nlocation_id = "AXjwbE"\n', "[defaults] location_id", "text_location_ids"),
        ("rate = 3\n", "[rate]", ""),
        ("[run\n", "not TOML", "clinic.toml"),
    ],
)
def test_a_bad_profile_is_refused_where_it_is_bad(
    tmp_path: Path, profile: str, where: str, hint: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, profile)
    assert where in caught.value.message
    assert hint in caught.value.todo


def test_a_zone_belongs_to_what_a_word_stands_for(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        '[values.location_id]\n1 = 4021\n4021 = 4022\n[dates.timezones]\n4021 = "America/Denver"\n',
    )
    assert settings.timezone_by_location["4021"].key == "America/Denver"


def test_location_ids_with_letters_pass_when_the_profile_says_so(tmp_path: Path) -> None:
    settings = load(
        tmp_path, '[defaults]\nlocation_id = "AXjwbE"\n[values]\ntext_location_ids = true\n'
    )
    assert settings.location_id == "AXjwbE"


@pytest.mark.parametrize("key", ["client_secret", "secret", "password", "token"])
@pytest.mark.parametrize("table", ["[run]\n", ""])
def test_a_secret_in_a_profile_is_refused_and_never_repeated(
    tmp_path: Path, key: str, table: str
) -> None:
    with pytest.raises(SettingsError, match="must not hold a secret") as caught:
        load(tmp_path, f"{table}{key} = '{SECRET}'\n")
    assert SECRET not in str(caught.value) + caught.value.todo


def test_a_missing_profile_names_the_nearest(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "profiles"
    folder.mkdir(parents=True)
    (folder / "lakeside.toml").write_text("")
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, PROFILE="laekside")
    assert "Did you mean lakeside?" in caught.value.todo


def test_a_secret_arrives_as_it_is_from_a_private_dotenv(tmp_path: Path) -> None:
    private(tmp_path / ".env", f"SOLV_IMPORT_CLIENT_SECRET='{SECRET}'\n")
    settings = load(tmp_path)
    assert settings.client_secret == SECRET
    assert settings.origins["client_secret"] == ".env SOLV_IMPORT_CLIENT_SECRET"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_dotenv_with_the_secret_that_others_may_read_is_refused(
    tmp_path: Path, mode: int
) -> None:
    private(tmp_path / ".env", f"SOLV_IMPORT_CLIENT_SECRET={SECRET}\n", mode)
    with pytest.raises(SettingsError, match="others may read it") as caught:
        load(tmp_path)
    assert SECRET not in str(caught.value)


def test_a_dotenv_without_the_secret_may_be_read_but_not_written_by_others(tmp_path: Path) -> None:
    path = private(tmp_path / ".env", "SOLV_IMPORT_RATE=3/s\n", 0o644)
    assert str(load(tmp_path).rate) == "3/s"
    path.chmod(0o646)
    with pytest.raises(SettingsError, match="changed by anybody"):
        load(tmp_path)


@pytest.mark.parametrize("text", [SECRET, SECRET + "\n", f" {SECRET}\r\n"])
def test_a_secret_file_is_read_without_its_line_end(tmp_path: Path, text: str) -> None:
    path = private(tmp_path / "secret", text)
    settings = load(tmp_path, CLIENT_SECRET_FILE=str(path))
    assert settings.client_secret == SECRET
    assert str(path) in settings.origins["client_secret"]


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_secret_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = private(tmp_path / "secret", SECRET, mode)
    with pytest.raises(SettingsError, match="others may read it"):
        load(tmp_path, CLIENT_SECRET_FILE=str(path))


def test_a_secret_file_that_is_missing_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read") as caught:
        load(tmp_path, CLIENT_SECRET_FILE=str(tmp_path / "none"))
    assert str(tmp_path / "none") in caught.value.message
    assert "mode 0600" in caught.value.todo
    with pytest.raises(SettingsError, match="is empty"):
        load(tmp_path, CLIENT_SECRET_FILE=str(private(tmp_path / "secret", "\n")))


def test_two_secrets_in_one_place_are_refused(tmp_path: Path) -> None:
    path = private(tmp_path / "secret", SECRET)
    with pytest.raises(SettingsError, match="Both"):
        load(tmp_path, CLIENT_SECRET="other", CLIENT_SECRET_FILE=str(path))


def test_a_secret_variable_wins_over_a_secret_file_named_in_dotenv(tmp_path: Path) -> None:
    path = private(tmp_path / "secret", "from the file")
    private(tmp_path / ".env", f"SOLV_IMPORT_CLIENT_SECRET_FILE={path}\n")
    assert load(tmp_path, CLIENT_SECRET=SECRET).client_secret == SECRET
    assert load(tmp_path, RATE="1/s").origins["client_secret"].startswith(".env")


def test_no_repr_shows_the_secret(tmp_path: Path) -> None:
    settings = load(tmp_path, CLIENT_SECRET=SECRET)
    assert settings.client_secret == SECRET
    assert SECRET not in repr(settings)
    assert SECRET not in json.dumps(settings.request_settings())
    assert SECRET not in str(asdict(settings)["origins"])


def test_a_secret_that_cannot_be_sent_is_refused_without_repeating_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="CLIENT_SECRET cannot be used") as caught:
        load(tmp_path, CLIENT_SECRET="two words")
    assert "two words" not in str(caught.value)


@pytest.mark.parametrize("secret", ["s3cret-canary", "s3cret/canary=="])
def test_a_secret_given_in_place_of_its_file_is_not_repeated(tmp_path: Path, secret: str) -> None:
    with pytest.raises(SettingsError, match="CLIENT_SECRET_FILE names cannot be read") as caught:
        load(tmp_path, CLIENT_SECRET_FILE=secret)
    assert "canary" not in caught.value.message + caught.value.todo


@pytest.mark.parametrize(
    "profile", ["a = " + "[" * 5_000, "a = {b = " * 3_000, "[run]\nrate = " + "9" * 5_000]
)
def test_toml_for_which_its_parser_has_no_words_is_still_one_sentence(
    tmp_path: Path, profile: str
) -> None:
    with pytest.raises(SettingsError, match=r"nested too deeply|is not TOML"):
        load(tmp_path, profile)


def test_a_terminal_obeys_nothing_that_a_profile_says(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, '[columns]\n"\\u001b[31mx\\nerror: y" = "shoe"\n')
    assert caught.value.message.isprintable()
    assert r"\x1b[31mx\nerror" in caught.value.message
