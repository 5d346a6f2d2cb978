"""`solv-import doctor`: settings, folders, sign-in and clock, before anything is sent."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from importer.cli.checkup import Health, checkup
from importer.cli.config import json_value, settings_table
from importer.cli.options import setting_options, settings_of
from importer.cli.shell import command as command_class
from importer.cli.terminal import put
from importer.clock import SystemClock
from importer.errors import worst

if TYPE_CHECKING:
    from importer.cli.checkup import Finding
    from importer.settings import Settings

_COLORS = {Health.OK: "green", Health.WARNING: "yellow", Health.WRONG: "red"}


@click.command(
    "doctor",
    cls=command_class(
        "doctor",
        ("solv-import doctor", "before the first run, and when something is odd"),
        ("solv-import doctor --json", "for a monitor"),
    ),
)
@setting_options("profile", "json", "quiet")
@click.pass_context
def command(ctx: click.Context, /, **_flags: object) -> None:
    """Check settings, folders, ledger, sign-in and clock; sends no booking."""
    settings = settings_of(ctx)
    findings = list(checkup(settings, SystemClock()))
    if settings.json:
        put(json.dumps(_as_json(findings, settings)))
    else:
        for finding in findings:
            if not (settings.quiet and finding.health is Health.OK):
                put(_as_text(finding))
        _print_settings(settings)
    ctx.exit(worst(*(finding.exit_code for finding in findings)))


def _as_text(finding: Finding) -> str:
    word = click.style(f"{finding.health.value:<7}", fg=_COLORS[finding.health], bold=True)
    line = f"{word}  {finding.what:<9}  {finding.detail}"
    return f"{line}\n{'':<20}{finding.todo}" if finding.todo else line


def _print_settings(settings: Settings) -> None:
    """Print what was set; what was left alone stands in `config show`."""
    given = [row for row in settings_table(settings) if row[2] != "default"]
    if given and not settings.quiet:
        put("")
    for name, value, origin in given if not settings.quiet else ():
        put(f"{name:<20}{value}  ({origin})")


def _as_json(findings: list[Finding], settings: Settings) -> dict[str, object]:
    code = worst(*(finding.exit_code for finding in findings))
    return {
        "type": "doctor",
        "findings": [asdict(finding) for finding in findings],
        "settings": {
            name: {"value": json_value(settings, name), "origin": origin}
            for name, origin in settings.origins.items()
        },
        "exit_code": int(code),
        "exit_reason": code.reason,
    }
