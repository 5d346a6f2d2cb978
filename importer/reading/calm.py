"""calamine's failures as one sentence; what its compiled code says of them is never seen."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from importer.problems import ProblemCode
from importer.signals import kept_waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.table import Place

_STANDARD_ERROR = 2


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
    with kept_waiting():  # else a request to stop could leave the process without its voice
        try:
            voice = os.dup(_STANDARD_ERROR)
        except OSError:  # it is closed: nothing can be heard anyway
            yield
            return
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, _STANDARD_ERROR)
        os.close(silence)
        try:
            yield
        finally:
            os.dup2(voice, _STANDARD_ERROR)
            os.close(voice)
