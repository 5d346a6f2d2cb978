"""A heartbeat: an address that is called when a command begins and ends, so that silence is heard.

The addresses are those of healthchecks.io and what follows its convention: the address itself
after success, with `/start` and `/fail` added otherwise.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from importer import __version__
from importer.messages.calls import LONGEST_S, Call

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from importer.model import Clock


class Beat(StrEnum):
    """What is told, as it is added to the address."""

    START = "start"
    SUCCESS = ""
    FAILURE = "fail"


class Heartbeat:
    """Calls an address; one that cannot be reached holds nobody up for long."""

    def __init__(self, url: str, tls: Callable[[], ssl.SSLContext], clock: Clock) -> None:
        """Keep where to call, whom to trust there, and what time it is."""
        self._url = url
        self._tls = tls
        self._clock = clock
        self._start: Call | None = None

    def __repr__(self) -> str:
        """Return no address: whoever knows it can call it."""
        return "Heartbeat()"

    def start(self) -> None:
        """Tell that the command begins; nobody waits for that."""
        self._start = self._call(Beat.START)

    def started(self) -> str:
        """Wait until that is told; return "" or why it was in vain."""
        return "" if self._start is None else self._start.why_not()

    def end(self, beat: Beat) -> str:
        """Tell how the command ended; return "" or why that was in vain."""
        return self._call(beat).why_not()

    def _call(self, beat: Beat) -> Call:
        return Call(lambda: _get(address_of(self._url, beat), self._tls), self._clock)


def address_of(url: str, beat: Beat) -> str:
    """Return the address that tells this; a query stays at its end."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    return parts._replace(path=f"{path}/{beat}" if beat else parts.path).geturl()


def _get(url: str, tls: Callable[[], ssl.SSLContext]) -> str:
    import httpx  # noqa: PLC0415 - a run that calls nobody needs none

    with (
        httpx.Client(verify=tls(), trust_env=False, timeout=LONGEST_S) as client,
        client.stream("GET", url, headers={"User-Agent": f"solv-import/{__version__}"}) as answer,
    ):
        return "" if answer.is_success else f"the answer was {answer.status_code}"
