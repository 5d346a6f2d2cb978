"""How the text of a setting is read, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.errors import SettingsError
from importer.rate import Rate, parse_rate, rate_text
from importer.settings import Selection, Settings, load_settings
from importer.settings.parsing import base_url, delimiter, encoding, mark, row_spans, zone

if TYPE_CHECKING:
    from pathlib import Path


def load(tmp_path: Path, **flags: object) -> Settings:
    """Load settings with these flags and nothing else."""
    environ = {"SOLV_IMPORT_CONFIG_DIR": str(tmp_path)}
    return load_settings(flags, environ=environ, folder=tmp_path)


@pytest.mark.parametrize(
    ("text", "count", "window_s", "again"),
    [
        ("50/s", 50, 1, "50/s"),
        ("10/min", 10, 60, "10/min"),
        ("100/h", 100, 3600, "100/h"),
        (" 2 / S ", 2, 1, "2/s"),
        ("0.5/s", 1, 2, "0.5/s"),
        ("2.5/s", 5, 2, "2.5/s"),
    ],
)
def test_a_rate_is_read_and_written_back(
    text: str, count: int, window_s: float, again: str
) -> None:
    rate = parse_rate(text)
    assert rate == Rate(count=count, window_s=window_s)
    assert rate_text(rate) == again
    assert rate is not None
    assert rate.per_s == count / window_s


@pytest.mark.parametrize(
    "name", ["unicode_escape", "unicode-escape", "raw_unicode_escape", "utf-7", "punycode"]
)
def test_an_encoding_that_executes_or_hides_text_is_none(name: str) -> None:
    with pytest.raises(ValueError, match="no file is written in it"):
        encoding(name)


@pytest.mark.parametrize("text", ["", "1f0c9a3", "1f0c9a3ee", "1f0c9a3x"])
def test_a_mark_is_just_what_the_message_showed(text: str) -> None:
    assert mark(" 1F0C9A3E ") == "1f0c9a3e"
    with pytest.raises(ValueError, match="the mark that the message shows"):
        mark(text)


def test_none_means_no_limit() -> None:
    assert parse_rate("none") is None
    assert rate_text(None) == "none"


@pytest.mark.parametrize(
    "text", ["", "5", "0/s", "0.0/s", "-1/s", "5/day", "1e9/s", "99999/s", "٣/s"]
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"rate|/s"):
        parse_rate(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://partner-api.solvhealth.com/", "https://partner-api.solvhealth.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_an_address_is_taken(text: str, expected: str) -> None:
    assert base_url(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "partner-api.solvhealth.com",
        "http://partner-api.solvhealth.com",
        "http://127.0.0.1.example.com",
        "https://user:word@example.com",
        "https://example.com/?key=1",
        "https://example.com:99999",
        "ftp://127.0.0.1",
        "https://",
    ],
)
def test_an_address_that_would_leak_or_lead_nowhere_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        base_url(text)


@pytest.mark.parametrize(
    ("text", "spans"),
    [("3", ((3, 3),)), ("3,7-9", ((3, 3), (7, 9))), (" 2 - 4 , 8 ", ((2, 4), (8, 8)))],
)
def test_rows_are_read_as_spans(text: str, spans: tuple[tuple[int, int], ...]) -> None:
    assert row_spans(text) == spans


@pytest.mark.parametrize("text", ["", "0", "9-7", "a", "3,,4", "3-", "-3"])
def test_rows_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="3,7-9"):
        row_spans(text)


def test_a_selection_includes_its_rows_alone() -> None:
    selection = Selection(rows=((3, 3), (7, 9)))
    assert [row for row in range(2, 12) if selection.includes(row)] == [3, 7, 8, 9]
    assert Selection().includes(2)
    assert Selection().is_everything
    assert not Selection(limit=5).is_everything


@pytest.mark.parametrize(
    ("text", "sign"), [(",", ","), ("tab", "\t"), ("\t", "\t"), ("\\t", "\t"), ("|", "|")]
)
def test_a_delimiter_is_a_sign_or_its_name(text: str, sign: str) -> None:
    assert delimiter(text) == sign


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("in_flight", "0"),
        ("in_flight", "many"),
        ("header_row", "-1"),
        ("timezone", "Chicago"),
        ("timezone", "../../etc/passwd"),
        ("date_order", "YMD"),
        ("delimiter", "x"),
        ("deadline_s", "0"),
        ("deadline_s", "nan"),
        ("limit", "0"),
        ("only_valid", "perhaps"),
        ("results", " "),
        ("ca_file", "/nowhere/ca.pem"),
        ("client_id", "with space"),
        ("is_walk_in", "maybe"),
        ("visit_type_id", "one"),
        ("verbose", "loud"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(SettingsError, match="cannot be used"):
        load(tmp_path, **{name: value})


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("localhost:18733", "write http://localhost:18733"),
        ("127.0.0.1:8080", "write http://127.0.0.1:8080"),
        ("partner-api.example.com", "write https://partner-api.example.com"),
    ],
)
def test_an_address_without_its_beginning_is_completed(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        base_url(text)


@pytest.mark.parametrize("text", ["me:canary@example.com", "example.com?key=canary", "canary word"])
def test_what_may_hold_a_password_is_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="it ") as caught:
        base_url(text)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Chicago", "America/Chicago"),
        ("america/chicgo", "America/Chicago"),
        ("New York", "America/New_York"),
        ("US/Centrl", "US/Central"),
    ],
)
def test_a_misspelt_zone_names_the_nearest(text: str, name: str) -> None:
    with pytest.raises(ValueError, match=f"the nearest is {name}$"):
        zone(text)


def test_a_zone_like_no_other_is_shown_an_example() -> None:
    with pytest.raises(ValueError, match="such as America/Chicago"):
        zone("../../etc/passwd")


def test_no_limit_is_for_this_machine_only(tmp_path: Path) -> None:
    assert load(tmp_path, rate="none", base_url="http://127.0.0.1:1").rate is None
    with pytest.raises(SettingsError, match="only for a server on this machine"):
        load(tmp_path, rate="none", base_url="https://partner-api.solvhealth.com")


@pytest.mark.parametrize("missing", ["base_url", "client_id", "client_secret"])
def test_a_target_that_is_not_whole_names_its_variable(tmp_path: Path, missing: str) -> None:
    whole = {"base_url": "http://127.0.0.1:1", "client_id": "id", "client_secret": "word"}
    load(tmp_path, **whole).require_target()
    del whole[missing]
    with pytest.raises(SettingsError, match=f"SOLV_IMPORT_{missing.upper()} is not set") as caught:
        load(tmp_path, **whole).require_target()
    assert "solv-import config show" in caught.value.todo
    is_about_the_secret = missing == "client_secret"
    assert ("SOLV_IMPORT_CLIENT_SECRET_FILE" in caught.value.todo) is is_about_the_secret


def test_all_that_a_target_lacks_is_named_at_once(tmp_path: Path) -> None:
    bare = load(tmp_path)
    with pytest.raises(SettingsError) as caught:
        bare.require_target()
    assert caught.value.message == (
        "SOLV_IMPORT_BASE_URL (where bookings go), SOLV_IMPORT_CLIENT_ID (which client signs in) "
        "and SOLV_IMPORT_CLIENT_SECRET (the client's secret) are not set."
    )
    assert caught.value.todo.startswith("Set them; SOLV_IMPORT_CLIENT_SECRET_FILE may name a file")
    with pytest.raises(
        SettingsError, match=r"BASE_URL \(.*\) and SOLV_IMPORT_CLIENT_ID .* are not"
    ):
        bare.require_ledger()
    with pytest.raises(
        SettingsError, match=r"CLIENT_ID \(.*\) and SOLV_IMPORT_CLIENT_SECRET .* are"
    ):
        load(tmp_path, base_url="http://127.0.0.1:1").require_target()
