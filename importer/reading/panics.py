"""Standard error kept from a library whose panics print what the file holds."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_STANDARD_ERROR = 2
_only_one = Lock()
"""Two at once would each put back what the other had put there."""


@contextmanager
def silenced() -> Iterator[None]:
    """Let nothing that is written below Python reach standard error meanwhile.

    Rust prints a panic before anybody can catch it, and its message may quote a cell.
    """
    with _only_one:
        kept = _redirected()
        try:
            yield
        finally:
            if kept is not None:
                os.dup2(kept, _STANDARD_ERROR)
                os.close(kept)


def _redirected() -> int | None:
    """Send standard error nowhere; return where it went before, None where there is none.

    Where the process began without one, its number may belong to a file of ours.
    """
    if sys.__stderr__ is None:
        return None
    kept = os.dup(_STANDARD_ERROR)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STANDARD_ERROR)
    os.close(nowhere)
    return kept
