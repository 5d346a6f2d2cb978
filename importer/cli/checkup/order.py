"""All that `doctor` looks at, in the order in which to mend it; no look ends the others."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from importer.cli.checkup.configured import messages, profile, target, unread_variables
from importer.cli.checkup.finding import Finding, Health, wrong
from importer.cli.checkup.kept import last_run, ledger, lock, unknown_rows
from importer.cli.checkup.machine import network_disk, packages, private_folder, room, versions
from importer.cli.checkup.places import move_to, records, sources
from importer.cli.checkup.server import clock_skew, sign_in
from importer.errors import ExitCode, ImporterError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from importer.model import Clock
    from importer.settings import Settings

    Look = Callable[[], Iterable[Finding]]


def checkup(settings: Settings, named: Sequence[str], clock: Clock) -> Iterator[Finding]:
    """Yield what was found; no booking is sent, and no file of the ledger changed.

    Args:
        settings: What the run would be told.
        named: Files and folders that the run would import.
        clock: The time.
    """
    folder = settings.state_dir
    yield from _machine()
    looks: list[tuple[str, Look]] = [
        ("settings", partial(unread_variables, settings)),
        ("profile", partial(profile, settings)),
        ("messages", partial(messages, settings)),
        ("state", partial(state, folder)),
        ("disk", partial(room, settings, named)),
        ("source", partial(sources, settings, named)),
        ("move-to", partial(move_to, settings, named)),
        ("records", partial(records, settings)),
        ("target", partial(target, settings)),
    ]
    if settings.base_url and settings.client_id:
        looks += [("lock", partial(lock, settings)), ("ledger", partial(kept, settings))]
    if settings.base_url:
        looks.append(("clock", lambda: [clock_skew(settings, clock)]))
    if settings.base_url and settings.client_id and settings.client_secret:
        looks.append(("sign-in", lambda: [asyncio.run(sign_in(settings, clock))]))
    for what, look in looks:
        yield from _calmly(what, look)


def state(folder: Path) -> Iterator[Finding]:
    """Yield whether the state folder is private, and on a disk that keeps its promises."""
    yield from private_folder(folder)
    yield from network_disk(folder)


def kept(settings: Settings) -> Iterator[Finding]:
    """Yield how the ledger is, and what it says where it can be believed."""
    if settings.state_dir.exists() and not settings.state_dir.is_dir():
        return  # said of the folder already
    is_sound = True
    for found in ledger(settings):
        is_sound = found.health is Health.OK
        yield found
    if is_sound:
        yield from last_run(settings)
        yield from unknown_rows(settings)


def checkup_without_settings(error: SettingsError) -> Iterator[Finding]:
    """Yield what can be said where the settings themselves cannot be read."""
    yield from _machine()
    yield wrong("settings", error)


def _machine() -> Iterator[Finding]:
    yield from _calmly("versions", versions)
    yield from _calmly("packages", packages)


def _calmly(what: str, look: Look) -> list[Finding]:
    """Return what a look found; whatever stops it is a finding itself."""
    try:
        return list(look())
    except ImporterError as error:
        return [wrong(what, error)]
    except OSError as error:
        place = f"{error.filename}: " if isinstance(error.filename, str) else ""
        return [
            Finding(
                what=what,
                health=Health.WRONG,
                detail=f"{place}{error.strerror or type(error).__name__}",
                todo="Let this user read it, or name another place.",
                exit_code=ExitCode.USAGE,
            )
        ]
