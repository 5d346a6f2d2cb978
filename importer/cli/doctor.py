"""`solv-import doctor`: settings, folders, sign-in and clock, before anything is sent."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from importer.cli.config import json_value, settings_table
from importer.cli.options import setting_options, settings_of
from importer.cli.shell import command as command_class
from importer.cli.terminal import counted, put
from importer.clock import SystemClock
from importer.errors import SettingsError, worst

if TYPE_CHECKING:
    from importer.cli.checkup import Finding
    from importer.settings import Settings

_COLORS = {"ok": "green", "warning": "yellow", "wrong": "red"}
_WIDTH = 12


@click.command(
    "doctor",
    cls=command_class(
        "doctor",
        ("solv-import doctor", "before the first run, and when something is odd"),
        ("solv-import doctor /drop --profile northside", "with what the nightly run is told"),
        ("solv-import doctor --json", "for a monitor"),
    ),
)
@click.argument("files", nargs=-1, metavar="[FILE|FOLDER]...", type=click.Path())
@setting_options("profile", "results", "summary", "move_to", "log", "metrics", "json", "quiet")
@click.pass_context
def command(ctx: click.Context, /, files: tuple[str, ...], **_flags: object) -> None:
    """Check settings, folders, ledger, sign-in and clock; sends no booking.

    Name what the nightly run imports, and it is looked at, too. The exit code is what a run
    would end with because of what was found: 0 when nothing would stop it.
    """
    from importer.cli.checkup import checkup, checkup_without_settings  # noqa: PLC0415 - httpx

    settings = None
    try:
        settings = settings_of(ctx)
    except SettingsError as error:
        findings = list(checkup_without_settings(error))
    else:
        findings = list(checkup(settings, files, SystemClock()))
    if settings.json if settings else ctx.params["json"]:
        put(json.dumps(_as_json(findings, settings)))
    else:
        _print(
            findings, settings, is_quiet=settings.quiet if settings else bool(ctx.params["quiet"])
        )
    ctx.exit(worst(*(finding.exit_code for finding in findings)))


def _print(findings: list[Finding], settings: Settings | None, *, is_quiet: bool) -> None:
    unwell = [finding for finding in findings if finding.todo]
    for finding in unwell if is_quiet else findings:
        put(_as_text(finding))
    if is_quiet:
        return
    if settings is not None:
        _print_settings(settings)
    put("")
    put(f"{counted(len(unwell), 'finding')} to look at." if unwell else "All is well.")


def _as_text(finding: Finding) -> str:
    word = click.style(f"{finding.health:<7}", fg=_COLORS[finding.health], bold=True)
    line = f"{word}  {finding.what:<{_WIDTH}}  {finding.detail}"
    return f"{line}\n{'':<{_WIDTH + 11}}{finding.todo}" if finding.todo else line


def _print_settings(settings: Settings) -> None:
    """Print what was set; what was left alone stands in `config show`."""
    given = [row for row in settings_table(settings) if row[2] != "default"]
    if given:
        put("")
    for name, value, origin in given:
        put(f"{name:<20}{value}  ({origin})")


def _as_json(findings: list[Finding], settings: Settings | None) -> dict[str, object]:
    code = worst(*(finding.exit_code for finding in findings))
    origins = settings.origins.items() if settings else ()
    return {
        "type": "doctor",
        "findings": [asdict(finding) for finding in findings],
        "settings": {
            name: {"value": json_value(settings, name), "origin": origin}
            for name, origin in origins
            if settings
        },
        "exit_code": int(code),
        "exit_reason": code.reason,
    }
