"""`solv-import config show`: every setting and where it came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from importer.cli.options import READING, setting_options, settings_of
from importer.cli.shell import command as command_class
from importer.cli.shell import group
from importer.cli.terminal import put, say
from importer.rate import rate_text
from importer.settings import SPECS

if TYPE_CHECKING:
    from importer.settings import Settings

_EXAMPLES = (
    ("solv-import config show", "each value with its origin"),
    ("solv-import config show --profile lakeside", "as a command with this profile sees it"),
)

_UNSET = "-"


@click.group("config", cls=group("config", *_EXAMPLES))
def command() -> None:
    """Show settings and where each came from."""


@command.command(
    "show",
    cls=command_class("config show", *_EXAMPLES),
    short_help="Print every setting, its value and its origin.",
)
@setting_options(*READING, "rate", "in_flight", "json")
@click.pass_context
def show(ctx: click.Context, /, **_flags: object) -> None:
    """Print every setting, its value and its origin; a secret only as set or not set."""
    settings = settings_of(ctx)
    if settings.json:
        values = {
            name: {"value": json_value(settings, name), "origin": origin}
            for name, origin in settings.origins.items()
        }
        put(json.dumps(values))
        return
    rows = settings_table(settings)
    width = max(len(name) for name, _, _ in rows)
    wide = max(len(value) for _, value, _ in rows)
    for name, value, origin in rows:
        put(f"{name:<{width}}  {value:<{min(wide, 40)}}  {origin}")
    for variable in settings.unknown_variables:
        say(f"warning: {variable} is set, and no setting reads it.")


def settings_table(settings: Settings) -> list[tuple[str, str, str]]:
    """Return name, value and origin of every setting; a secret only as set or not set."""
    return [(name, value_text(settings, name), origin) for name, origin in settings.origins.items()]


def value_text(settings: Settings, name: str) -> str:
    """Return a setting's value as people read it."""
    return _text(_value(settings, name)) or _UNSET


def _value(settings: Settings, name: str) -> object:
    spec = SPECS.get(name)
    if spec is not None and spec.is_secret:
        return "set" if getattr(settings, name) else "not set"
    if spec is not None and spec.section == "defaults":
        return settings.defaults.get(name)
    return rate_text(settings.rate) if name == "rate" else getattr(settings, name)


def json_value(settings: Settings, name: str) -> object:
    """Return a setting's value as JSON has it; unset is null, and a secret at most "set"."""
    value = _value(settings, name)
    match value:
        case None | "" | "not set":
            return None
        case bool() | int() | float():
            return value
        case Mapping():
            return {key: _text(value[key]) for key in value}
        case _:
            return _text(value) or None


def _text(value: object) -> str:
    match value:
        case None:
            text = ""
        case bool():
            text = str(value).lower()
        case ZoneInfo():
            text = value.key
        case time():
            text = value.isoformat("minutes")
        case Mapping():
            text = ", ".join(f"{key} = {_text(value[key])}" for key in value)
        case frozenset():
            text = ",".join(sorted(value))
        case tuple():
            text = ",".join(_part(part) for part in value)
        case _:
            text = str(value)
    return text


def _part(value: object) -> str:
    """Return a heading as it is, and a span of rows as `--rows` takes it."""
    if isinstance(value, tuple):
        return "-".join(str(end) for end in dict.fromkeys(value))
    return str(value)
