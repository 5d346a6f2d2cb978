"""The reader of profiles: settings or one sentence of any text; what `map` writes comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.errors import SettingsError
from importer.headings import heading_key
from importer.model import BOOKING_FIELDS
from importer.settings import load_settings, profile_text
from importer.settings.layers import toml_layer
from tests.fuzz.target import Target, scratch

if TYPE_CHECKING:
    from pathlib import Path

    from importer.settings.layers import Layer
    from tests.fuzz.target import Replace

_WRITTEN = b"\x00"
"""An input that begins with it is the headings of a profile to write; any other is one to read."""
_PROFILE = """
[columns]
"Patient First" = "first_name"
"Cell #" = "phone"
[joined]
appointment_date = ["Appt Date", "Appt Time"]
[values]
pad_zip = true
[values.location_id]
"North" = 4021
[dates]
order = "MDY"
two_digit_pivot = 30
timezones = { 4021 = "America/Chicago" }
[defaults]
location_id = 4022
[file]
sheet = "Sheet1"
headings = ["Patient First", "Cell #"]
[run]
rate = "10/min"
"""
_SEEDS = (
    _PROFILE,
    _PROFILE.replace("[joined]", "[split]\n'Name' = 'Last, First'\n[joined]"),
    "[dates]\norders = { birth_date = 'DMY' }\n[file]\ndelimiter = '\\t'\nheader_row = 0\n",
    "[run]\nclient_secret = 'x'\n",
    "columns = 3\n",
    "[columns]\nx = ['y']\n",
    "a = " + "[" * 3_000,
    "[run]\nrate = " + "9" * 5_000,
    "[file]\nheadings = [1979-05-27, 07:32:00]\n",
)


def judge(content: bytes) -> None:
    """Read a profile, or write one and read it."""
    path = scratch() / "profile.toml"
    if content.startswith(_WRITTEN):
        _require_read_back(content[1:].decode("utf-8", "replace").split("\n"), path)
        return
    path.write_bytes(content)
    if _layer(path) is None:
        return
    try:
        load_settings({"profile": str(path)}, environ={}, folder=scratch())
    except SettingsError as error:
        _require_clear(error)


def _layer(path: Path) -> Layer | None:
    try:
        return toml_layer(path, origin="profile clinic", is_profile=True)
    except SettingsError as error:
        _require_clear(error)
        return None


def _require_clear(error: SettingsError) -> None:
    assert error.message.isprintable(), error.message
    assert error.todo.isprintable(), error.todo
    assert error.message.endswith((".", "?")), error.message


def _require_read_back(headings: list[str], path: Path) -> None:
    """Fail unless a profile with these headings is read as it was written."""
    # Two lines for what compares as one heading are refused, and one for nothing maps nothing.
    by_key = {heading_key(heading): heading for heading in headings}
    named = [heading for key, heading in by_key.items() if key]
    columns = dict(zip(named, BOOKING_FIELDS, strict=False))
    profile = profile_text.Profile(headings=named, columns=columns)
    profile.doubts = named
    path.write_text(profile.toml(), encoding="utf-8")
    layer = _layer(path)
    assert layer is not None
    assert layer.tables.columns == columns
    assert layer.tables.headings == tuple(named)
    words = {word: "done" for word in named if word.strip()}
    profile.value_maps = {"paperwork_status": words}
    path.write_text(profile.toml(), encoding="utf-8")
    layer = _layer(path)  # none where two words differ in case only
    assert layer is None or layer.tables.value_maps.get("paperwork_status", {}) == words


def _plant(replace: Replace) -> None:
    """Write a heading as it stands, whatever TOML makes of it."""
    replace(profile_text, "_text", lambda text: f'"{text}"')


TARGET = Target(
    name="profiles",
    judge=judge,
    seeds=lambda: (
        *(text.encode() for text in _SEEDS),
        _WRITTEN + b'Patient "First"\nCell #\n\\n\n',
        _WRITTEN + "Größe\n\u2028x\n\x7f\n\x1b[31m\n'\n".encode(),
    ),
    words=(
        *(
            b"[columns]",
            b"[joined]",
            b"[split]",
            b"[values]",
            b"[dates]",
            b"[file]",
            b"[run]",
            b"=",
        ),
        *(b"[values.location_id]", b"[dates.timezones]", b"[defaults]", b'"', b'"""', b"'", b"\n"),
        *(
            b"first_name",
            b"phone",
            b"timezone",
            b"order",
            b"MDY",
            b"headings",
            b"{",
            b"}",
            b"[",
            b"]",
        ),
        *(
            b"true",
            b"1979-05-27",
            b"1e999",
            b"0x",
            b"\\u0000",
            b"\\U0010FFFF",
            b"\xff",
            b"\x00",
            b".",
        ),
        *(b"America/Chicago", b"../../x", b"two_digit_pivot", b"rate", b"10/min", b"sheet", b"nan"),
    ),
    plant=_plant,
)
