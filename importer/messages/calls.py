"""Work that may hang, done in a thread that nobody has to wait for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.model import Clock

LONGEST_S: Final = 10.0
"""How long anybody outside is waited for: a server may dribble, or never look up its name."""


class Call:
    """Work that began when this was made; it returns "" or why it was in vain.

    The thread is a daemon: one that still waits for a server keeps no process from its end.
    """

    def __init__(self, work: Callable[[], str], clock: Clock) -> None:
        """Begin."""
        self._work = work
        self._clock = clock
        self._until_s = clock.monotonic() + LONGEST_S
        self._why = f"no answer in {LONGEST_S:.0f} seconds"
        self._thread = threading.Thread(target=self._do, daemon=True)
        self._thread.start()

    def _do(self) -> None:
        try:
            self._why = self._work()
        except Exception as error:  # noqa: BLE001 - a library of a hundred services raises anything
            self._why = type(error).__name__  # its text may hold the address

    def why_not(self) -> str:
        """Wait until it is done, or its time is over; return "" or why it was in vain."""
        self._thread.join(max(0.0, self._until_s - self._clock.monotonic()))
        return self._why
