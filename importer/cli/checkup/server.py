"""What the server says: a token that may book, and the time."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx

from importer.api import WRITE_BOOKINGS, TokenSource, tls_context
from importer.cli.checkup.finding import Finding, Health, warning
from importer.errors import ExitCode, ImporterError

if TYPE_CHECKING:
    from importer.model import Clock
    from importer.settings import Settings

_SKEW_TO_SAY = timedelta(minutes=1)
_SKEW_TO_MEND = timedelta(minutes=5)
"""Beyond it, visits that have passed are taken for visits to come, and limits end runs at wrong
times."""
_PROBE_S = 10.0


async def sign_in(settings: Settings, clock: Clock) -> Finding:
    """Return that the credentials give a token that may book.

    Raises:
        CredentialsError: They do not.
        SettingsError: There is no sign-in at this address.
        StoppedEarly: The server could not be reached.
    """

    async def at_once() -> bool:
        """Let it go: one request needs no pace."""
        return True

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
    return Finding(what="sign-in", detail=f"a token with {WRITE_BOOKINGS}")


def clock_skew(settings: Settings, clock: Clock) -> Finding:
    """Return how far this machine's clock is from the server's."""
    try:
        answer = httpx.get(
            settings.base_url,
            verify=tls_context(settings.ca_file),
            timeout=_PROBE_S,
            trust_env=False,
        )
        there = parsedate_to_datetime(answer.headers["Date"])
        apart = abs(clock.now() - there)
    except (httpx.HTTPError, ImporterError, KeyError, TypeError, ValueError) as error:
        reason = type(error).__name__
        todo = "Compare it with another clock; `timedatectl` says whether it is kept right."
        return warning("clock", f"not compared with the server's ({reason})", todo)
    detail = f"{round(apart.total_seconds())} s apart from the server's"
    todo = (
        "Set this machine's clock (timedatectl set-ntp true): it decides which visits have passed."
    )
    if apart <= _SKEW_TO_SAY:
        return Finding(what="clock", detail="agrees with the server's")
    if apart <= _SKEW_TO_MEND:
        return warning("clock", detail, todo)
    return Finding(
        what="clock",
        health=Health.WRONG,
        detail=detail,
        todo=todo,
        exit_code=ExitCode.USAGE,
    )
