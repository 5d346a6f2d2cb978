"""Requests to stop: raised where everything may be left as it is, kept waiting where not.

Outside of posting, which has its own way to end, SIGTERM and SIGHUP unwind the process as Ctrl-C
does. What must be whole on disk is done inside `kept_waiting`.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from importer.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType

EXIT_OF_SIGNAL: Final[Mapping[int, ExitCode]] = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGHUP: ExitCode.TERMINATED,
}
"""The signals that ask for an end, and what the process returns then."""

PATIENCE: Final = 100
"""More than anybody sends: what is done meanwhile is short, and must be whole."""

_raised: list[int] = []
"""What was raised in this process; it may have been lost in a place where nothing can be raised."""


class Interruption(KeyboardInterrupt):
    """A signal asked for an end; whoever can end for Ctrl-C ends for any of them."""

    def __init__(self, number: int) -> None:
        """Keep which signal it was."""
        super().__init__()
        self.number = number


@dataclass(slots=True)
class Waiting:
    """The signals that came while none was to be raised; who obeys one takes it out."""

    numbers: list[int] = field(default_factory=list)
    most: int = 1
    """One more is raised at once."""

    def take(self) -> ExitCode | None:
        """Return what the process returns for the first that waits, and let none wait any more."""
        code = EXIT_OF_SIGNAL[self.numbers[0]] if self.numbers else None
        self.numbers.clear()
        return code


def hear_signals() -> None:
    """Have every request to stop raised; what we were started to ignore stays ignored."""
    for number in EXIT_OF_SIGNAL:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _raise)


def ignore_signals() -> None:
    """Be deaf from now on: the process is about to exit by itself."""
    for number in EXIT_OF_SIGNAL:
        signal.signal(number, signal.SIG_IGN)


def code_of_interrupt(interrupt: KeyboardInterrupt) -> ExitCode:
    """Return what the process returns after an interruption."""
    number = interrupt.number if isinstance(interrupt, Interruption) else signal.SIGINT
    return EXIT_OF_SIGNAL[number]


def code_of_raised() -> ExitCode:
    """Return what the process returns for what was raised in it, whoever caught it."""
    return EXIT_OF_SIGNAL[_raised[0]] if _raised else ExitCode.OK


def raise_again() -> None:
    """Raise what was raised before and still did not end the process.

    Raises:
        Interruption: A signal came where Python drops what is raised, as in a destructor.
    """
    if _raised:
        raise Interruption(_raised[0])


@contextmanager
def kept_waiting(*, most: int = 1) -> Iterator[Waiting]:
    """Let requests to stop wait until the block has ended; lend the list of them.

    What still waits then is raised, unless something else is.

    Args:
        most: So many may wait; one more is raised at once, in the block.
    """
    waiting = Waiting(most=most)
    if threading.current_thread() is not threading.main_thread():
        yield waiting  # signals reach the main thread only
        return

    def keep(number: int, _frame: FrameType | None) -> None:
        waiting.numbers.append(number)
        if len(waiting.numbers) > waiting.most:
            _raise(number, None)

    before = {number: signal.getsignal(number) for number in EXIT_OF_SIGNAL}
    heard = {number: handler for number, handler in before.items() if callable(handler)}
    for number in heard:
        signal.signal(number, keep)
    try:
        yield waiting
    finally:
        for number, handler in heard.items():
            signal.signal(number, handler)
    if waiting.numbers:
        signal.raise_signal(waiting.numbers[0])


def _raise(number: int, _frame: FrameType | None) -> None:
    _raised.append(number)
    raise Interruption(number)
