"""What the settings say: what is missing, what nobody reads, the profile, whom to tell."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from importer.cli.checkup.finding import Finding, Health, warning
from importer.cli.target import target_label
from importer.cli.terminal import counted
from importer.errors import ExitCode, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importer.settings import Settings

_NEEDED = {
    "base_url": ("SOLV_IMPORT_BASE_URL", "where bookings go"),
    "client_id": ("SOLV_IMPORT_CLIENT_ID", "which client signs in"),
    "client_secret": ("SOLV_IMPORT_CLIENT_SECRET_FILE", "the client's secret"),
}
"""Setting -> the variable to name, and what it is."""


def target(settings: Settings) -> Iterator[Finding]:
    """Yield whom bookings reach, or all that is missing to know it."""
    missing = [wanted for name, wanted in _NEEDED.items() if not getattr(settings, name)]
    for variable, what in missing:
        yield Finding(
            what="target",
            health=Health.WRONG,
            detail=f"{variable} is not set: {what}",
            todo=f"Set it, or {variable.removeprefix('SOLV_IMPORT_').lower()} under [run] in "
            "config.toml; cron has none of your shell's variables.",
            exit_code=ExitCode.USAGE,
        )
    if not missing:
        label = target_label(settings.base_url)
        yield Finding(what="target", detail=f"{label} {settings.base_url}")


def unread_variables(settings: Settings) -> Iterator[Finding]:
    """Yield variables that look like ours and that nobody reads."""
    for name in settings.unknown_variables:
        yield warning(
            "settings",
            f"{name} is set, and no setting reads it",
            "Correct its spelling; `solv-import config show` lists the settings.",
        )


def profile(settings: Settings) -> Iterator[Finding]:
    """Yield which profile is used, and the guards that it has."""
    path = settings.profile_file
    if path is None:
        yield Finding(what="profile", detail="none is named: no guard holds a run")
        return
    from importer.pipeline.guarding import refuse_other_server  # noqa: PLC0415 - SQLAlchemy is slow

    if settings.base_url:
        refuse_other_server(settings)
    on = ", ".join(_guards(settings, is_on=True))
    off = ", ".join(_guards(settings, is_on=False))
    yield Finding(what="profile", detail=f"{path}; guards: {on}" + (f"; off: {off}" if off else ""))
    if path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield warning("profile", f"{path} may be changed by others", f"Run: chmod go-w {path}")


def _guards(settings: Settings, *, is_on: bool) -> list[str]:
    """Return the names of the guards that hold, with their bounds; or of those that do not."""
    bounds: dict[str, object] = {
        "server": settings.guard_base_url,
        "headings": len(settings.headings) or None,
        "no-rows": settings.guard_no_rows or None,
        "rows": settings.guard_rows,
        "invalid": settings.guard_invalid,
        "days-ahead": settings.guard_days_ahead,
    }
    if not is_on:
        return [name for name, bound in bounds.items() if bound is None]
    shown = {name: "" if bound is True else f" {bound}" for name, bound in bounds.items() if bound}
    return [f"{name}{bound}" for name, bound in shown.items()]


def messages(settings: Settings) -> Iterator[Finding]:
    """Yield whether somebody is told, at addresses that can be read; nobody is told now.

    Raises:
        SettingsError: A target is none that can be used.
    """
    from importer.messages import unknown_targets  # noqa: PLC0415 - Apprise is slow to import

    targets = settings.message_targets
    unknown = unknown_targets(targets) if targets else []
    if unknown:
        raise SettingsError(
            f"{unknown[0]} of the messages is not written as Apprise writes one",
            todo="Write it as https://appriseit.com/services/ shows for that service.",
        )
    heart = ", and a heartbeat is called" if settings.heartbeat_url else ""
    if targets or heart:
        told = f"{counted(len(targets), 'target')}{heart}; none was tried"
        yield Finding(what="messages", detail=told)
    else:
        yield Finding(what="messages", detail="nobody is told when a run needs a person")
    is_inside = settings.origins["heartbeat_url"].startswith("profile")
    if is_inside and _is_readable(settings.profile_file):
        yield warning(
            "messages",
            f"{settings.profile_file} holds heartbeat_url, and others may read it",
            f"Run: chmod go= {settings.profile_file}",
        )


def _is_readable(path: Path | None) -> bool:
    return path is not None and bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
