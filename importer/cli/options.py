"""The options that commands share, made from the catalogue of settings."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from importer.cli.failures import WANTS_JSON
from importer.cli.terminal import is_seen_by_a_person
from importer.settings import SPECS, Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_F = TypeVar("_F", bound="Callable[..., Any]")

_METAVARS = {
    "rate": "N/s|min|h",
    "in_flight": "N",
    "limit": "N",
    "rows": "3,7-9",
    "timezone": "ZONE",
    "location_id": "ID",
    "profile": "NAME|PATH",
    "sheet": "NAME",
    "header_row": "N",
    "delimiter": "CHAR",
    "encoding": "NAME",
    "date_order": "MDY|DMY",
    "accept_change": "MARK",
    "results": "PATH",
    "summary": "PATH",
    "deadline": "HH:MM",
    "window": "HH:MM-HH:MM",
    "max_rejects": "N|P%",
    "canary": "N",
    "move_to": "FOLDER|URL",
    "upload_results": "URL",
    "override": "GUARD,...",
    "log": "PATH",
    "metrics": "PATH",
}

READING = (
    *("profile", "location_id", "sheet", "header_row", "delimiter", "encoding"),
    *("timezone", "date_order"),
)
"""How a file is read."""

SENDING = ("rate", "in_flight", "yes", "non_interactive")
"""How bookings are sent."""

CHOOSING = (
    "only_valid",
    "limit",
    "rows",
    "accept_change",
    "retry_rejected",
    "allow_duplicates",
    "allow_reschedules",
    "allow_walkin_scheduling",
    "as_unknown",
)
"""Which rows are sent."""

LIMITING = ("deadline", "window", "max_rejects", "canary")
"""When a run stops before its end."""

RECORDING = ("log", "metrics")
"""What is written for machines."""

TALKING = ("json", "quiet", "verbose")
"""What is said."""


def setting_options(*names: str, **meant: str) -> Callable[[_F], _F]:
    """Return a decorator that adds the options of these settings, in this order.

    Args:
        names: The settings.
        meant: What one of them says here, where that is not what it says elsewhere.
    """

    def decorate(function: _F) -> _F:
        for name in reversed(names):
            function = _option(name, meant.get(name, ""))(function)
        return function

    return decorate


def _option(name: str, meant: str) -> Callable[[_F], _F]:
    spec = replace(SPECS[name], what=meant) if meant else SPECS[name]
    shown = f"{spec.what}  [default: {spec.default}]" if spec.default else spec.what
    if name == "verbose":
        return click.option("-v", "--verbose", count=True, help="Log what happens; -vv every step.")
    if spec.default != "false":
        return click.option(spec.flag, name, metavar=_METAVARS[name], help=_sentence(shown))
    # What a profile can switch on, the command line must be able to switch off.
    off = f"/--no-{spec.flag.removeprefix('--')}" if spec.section else ""
    short = ("-q",) if name == "quiet" else ("-y",) if name == "yes" else ()
    return click.option(
        *short, spec.flag + off, name, is_flag=True, default=None, help=_sentence(spec.what)
    )


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + ("" if text.endswith("]") else ".")


def given_flags(ctx: click.Context) -> dict[str, object]:
    """Return the settings that stand on the command line itself, by name."""
    given = ParameterSource.COMMANDLINE
    return {
        name: value
        for name, value in ctx.params.items()
        if name in SPECS and ctx.get_parameter_source(name) is given
    }


def words_of(ctx: click.Context, names: Collection[str]) -> tuple[str, ...]:
    """Return these settings as the command line says them, so that they can be typed again."""
    words: list[str] = []
    for name, value in given_flags(ctx).items():
        if name in names:
            flag = SPECS[name].flag
            words += [flag] if value is True else [flag, str(value)]
    return tuple(words)


def settings_of(ctx: click.Context, *, trusts_terminal: bool = True) -> Settings:
    """Return the settings of this command: its flags over everything else.

    Args:
        ctx: The command.
        trusts_terminal: Whether values of cells may be shown because a person is looking.

    Raises:
        SettingsError: A value cannot be used.
    """
    # Settings that cannot be read must be told as JSON, too.
    ctx.meta[WANTS_JSON] = bool(ctx.params.get("json"))
    settings = load_settings(given_flags(ctx), environ=os.environ, folder=Path.cwd())
    ctx.meta[WANTS_JSON] = settings.json
    return replace(
        settings, show_values=settings.show_values or (trusts_terminal and is_seen_by_a_person())
    )
