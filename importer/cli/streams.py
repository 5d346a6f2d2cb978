"""Standard input, output and error that neither lack nor stop a run: words are a comfort."""

from __future__ import annotations

import io
import os
import select
import sys
from errno import EPIPE
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

    from _typeshed import ReadableBuffer


_PATIENCE_S = 5.0
"""A run is deaf while it waits for the reader of its log, and answers come meanwhile."""


class Outlet(io.FileIO):
    """A descriptor that drops what cannot be written any more, and remembers why."""

    failure: OSError | None = None
    patience_s: float | None = None
    """How long a reader who has stopped reading is waited for; None is for ever."""
    _is_stalled = False

    def write(self, data: ReadableBuffer) -> int:
        """Write, or drop; a reader who has left, or a full disk, must not end a run."""
        if self.failure is None:
            try:
                if self._is_read():
                    # Where there is room at all, there is room for so much: it does not block.
                    return super().write(memoryview(data).cast("B")[: select.PIPE_BUF]) or 0
            except OSError as error:
                self.failure = error
        return memoryview(data).nbytes

    def _is_read(self) -> bool:
        """Wait until there is room; whoever did not make any in time is not waited for again."""
        wait_s = 0.0 if self._is_stalled else self.patience_s
        self._is_stalled = not select.select([], [self], [], wait_s)[1]
        return not self._is_stalled


def open_streams() -> Outlet:
    """Have all three streams, whatever we were started with; return where output goes.

    A closed one is a danger: the next file to be opened, such as the ledger, would get its
    number, and every message would be written into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, closefd=False)
    output, errors = Outlet(1, "w", closefd=False), Outlet(2, "w", closefd=False)
    errors.patience_s = _PATIENCE_S
    sys.stdout = _text_over(output, sys.stdout)
    sys.stderr = _text_over(errors, sys.stderr, is_prompt=True)
    return output


def is_lost(output: Outlet) -> bool:
    """Return whether output was lost though somebody may want it: `| head` does not."""
    return output.failure is not None and output.failure.errno != EPIPE


def _text_over(
    outlet: Outlet, before: TextIO | None, *, is_prompt: bool = False
) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(outlet),
        encoding=getattr(before, "encoding", None) or "utf-8",
        errors=getattr(before, "errors", None) or "backslashreplace",
        line_buffering=is_prompt or outlet.isatty(),
    )
