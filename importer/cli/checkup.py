"""What `doctor` looks at; each finding says what is wrong and what to do about it."""

from __future__ import annotations

import asyncio
import platform
import stat
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from importer import __version__
from importer.cli.target import target_label
from importer.cli.terminal import counted
from importer.errors import ExitCode, ImporterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.model import Clock
    from importer.settings import Settings

_SKEW_TO_SAY = timedelta(minutes=1)
_PROBE_S = 10.0


class Health(StrEnum):
    """How a thing is."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How one thing is, and what to do when it is not well."""

    what: str
    health: Health = Health.OK
    detail: str
    todo: str = ""
    exit_code: ExitCode = ExitCode.OK


def checkup(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Yield what was found, in the order in which to mend it; sends no booking."""
    yield Finding(
        what="versions",
        detail=f"solv-import {__version__}, Python {platform.python_version()}",
    )
    yield packages()
    yield from variables(settings)
    yield from state_folder(settings.state_dir)
    yield from message_targets(settings)
    try:
        settings.require_target()
    except ImporterError as error:
        yield _wrong("target", error)
        return
    label = target_label(settings.base_url)
    yield Finding(what="target", detail=f"{label} {settings.base_url}")
    yield ledger(settings)
    yield asyncio.run(sign_in(settings, clock))
    yield clock_skew(settings, clock)


def packages() -> Finding:
    """Return whether `importer` and `schemas` are ours: both names are easily taken."""
    found = {name: find_spec(name) for name in ("importer", "schemas")}
    roots = {
        name: Path(spec.origin).parents[1] for name, spec in found.items() if spec and spec.origin
    }
    if len(roots) == len(found) and len(set(roots.values())) == 1:
        return Finding(what="packages", detail=f"importer and schemas from {roots['importer']}")
    return Finding(
        what="packages",
        health=Health.WRONG,
        detail="; ".join(f"{name} from {root}" for name, root in roots.items()),
        todo="Another distribution has a package of the same name; use an environment of its own.",
        exit_code=ExitCode.USAGE,
    )


def variables(settings: Settings) -> Iterator[Finding]:
    """Yield variables that look like ours and that nobody reads."""
    for name in settings.unknown_variables:
        yield Finding(
            what="settings",
            health=Health.WARNING,
            detail=f"{name} is set, and no setting reads it",
            todo="Correct its spelling; `solv-import config show` lists the settings.",
        )


def message_targets(settings: Settings) -> Iterator[Finding]:
    """Yield whether messages could be sent, if any are wanted; none is."""
    from importer.messages import unknown_targets  # noqa: PLC0415 - Apprise is slow to import

    targets = settings.message_targets
    unknown = unknown_targets(targets) if targets else []
    for named in unknown:
        yield Finding(
            what="messages",
            health=Health.WRONG,
            detail=f"{named} is not written as Apprise writes one",
            todo="Correct it: https://github.com/caronc/apprise/wiki lists the services.",
            exit_code=ExitCode.USAGE,
        )
    if targets and not unknown:
        yield Finding(what="messages", detail=f"{counted(len(targets), 'target')}, not called")


def state_folder(folder: Path) -> Iterator[Finding]:
    """Yield whether the folder of ledgers and keys is there and private."""
    if not folder.exists():
        yield Finding(what="state", detail=f"{folder} (the first run makes it)")
        return
    open_to_others = [path for path in _private_paths(folder) if _is_open(path)]
    if not open_to_others:
        yield Finding(what="state", detail=f"{folder}, private")
    for path in open_to_others:
        yield Finding(
            what="state",
            health=Health.WARNING,
            detail=f"{path} may be read by others",
            todo=f"Run: chmod go= {path}",
        )


def _private_paths(folder: Path) -> Iterator[Path]:
    yield folder
    for inside in sorted(folder.iterdir()):
        yield inside
        if inside.is_dir():
            yield from sorted(path for path in inside.iterdir() if not path.is_symlink())


def _is_open(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO))


def ledger(settings: Settings) -> Finding:
    """Return whether the ledger of this target can be read, without writing to it."""
    from importer.ledger import History  # noqa: PLC0415 - SQLAlchemy is slow to import
    from importer.pipeline.ledgers import folder_of  # noqa: PLC0415 - as above

    folder = folder_of(settings)
    if not folder.database.exists():
        return Finding(what="ledger", detail="none for this target yet (the first run makes it)")
    try:
        sidecar = folder.read_sidecar()
        with History(folder.database) as history:
            runs = len(history.runs())
    except ImporterError as error:
        return _wrong("ledger", error)
    phase = sidecar.phase if sidecar else "without its sidecar"
    return Finding(what="ledger", detail=f"{folder.database}: {counted(runs, 'run')}, {phase}")


async def sign_in(settings: Settings, clock: Clock) -> Finding:
    """Return whether the credentials give a token that may book."""
    from importer.api import WRITE_BOOKINGS, TokenSource, tls_context  # noqa: PLC0415 - httpx

    async def at_once() -> bool:
        """Let it go: one request needs no pace."""
        return True

    try:
        source = TokenSource(
            base_url=settings.base_url,
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            tls=tls_context(settings.ca_file),
            clock=clock,
            turn=at_once,
            grant_type=settings.grant_type,
            deadline_s=_PROBE_S,
        )
        await source.current()
    except ImporterError as error:
        return _wrong("sign-in", error)
    return Finding(what="sign-in", detail=f"a token with {WRITE_BOOKINGS}")


def clock_skew(settings: Settings, clock: Clock) -> Finding:
    """Return how far this machine's clock is from the server's."""
    import httpx  # noqa: PLC0415 - only this command needs it here

    from importer.api import tls_context  # noqa: PLC0415 - httpx

    try:
        answer = httpx.get(
            settings.base_url,
            verify=tls_context(settings.ca_file),
            timeout=_PROBE_S,
            trust_env=False,
        )
        there = parsedate_to_datetime(answer.headers["Date"])
    except (httpx.HTTPError, ImporterError, KeyError, ValueError) as error:
        reason = type(error).__name__
        return Finding(what="clock", health=Health.WARNING, detail=f"not compared ({reason})")
    apart = abs(clock.now() - there)
    if apart <= _SKEW_TO_SAY:
        return Finding(what="clock", detail="agrees with the server's")
    return Finding(
        what="clock",
        health=Health.WARNING,
        detail=f"{round(apart.total_seconds())} s apart from the server's",
        todo="Set this machine's clock: it decides which appointments have passed.",
    )


def _wrong(what: str, error: ImporterError) -> Finding:
    return Finding(
        what=what,
        health=Health.WRONG,
        detail=error.message,
        todo=error.todo,
        exit_code=error.exit_code,
    )
