"""calamine's failures as one sentence; what its compiled code says of them is never seen."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from importer.problems import ProblemCode
from importer.signals import kept_waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.table import Place

_STANDARD_ERROR = 2
_only_one = Lock()


@contextmanager
def calm(place: Place) -> Iterator[None]:
    """Turn whatever calamine raises into one sentence.

    Raises:
        SourceError: It finds the workbook damaged.
    """
    from python_calamine import CalamineError  # noqa: PLC0415 - a refused file need not wait

    try:
        with _unheard():
            yield
    except (CalamineError, OSError, OverflowError):
        raise place.refuse(ProblemCode.SOURCE_CORRUPT) from None
    except BaseException as error:
        # A panic of its Rust code is no Exception, and its text may quote the file.
        if type(error).__name__ != "PanicException":
            raise
        raise place.refuse(ProblemCode.SOURCE_CORRUPT) from None


@contextmanager
def _unheard() -> Iterator[None]:
    """Keep what compiled code writes to standard error by itself from anybody's eyes.

    A panic of Rust code prints its text and a stack there before Python hears of it.
    """
    # A request to stop must not leave the process without its voice, nor two threads swap theirs.
    with kept_waiting(), _only_one:
        voice = _silenced()
        try:
            yield
        finally:
            if voice is not None:
                os.dup2(voice, _STANDARD_ERROR)
                os.close(voice)


def _silenced() -> int | None:
    """Send standard error nowhere; return where it went before, None where there is none.

    Where the process began without one, its number may belong to a file of ours.
    """
    if sys.__stderr__ is None:
        return None
    try:
        voice = os.dup(_STANDARD_ERROR)
    except OSError:  # it was closed since
        return None
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, _STANDARD_ERROR)
    os.close(silence)
    return voice
