"""Passwords of workbooks: asked for where one is needed and somebody is there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import click

from importer.cli.terminal import can_answer, say
from importer.errors import SourceError
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.settings import Settings

_T = TypeVar("_T")
_ASKED_FOR = (ProblemCode.SOURCE_ENCRYPTED.code, ProblemCode.PASSWORD_WRONG.code)
_MOST_TIMES = 3


def with_password(settings: Settings, work: Callable[[Settings], _T]) -> _T:
    """Do the work; where a workbook is encrypted, ask for its password and do it again.

    Raises:
        SourceError: Nobody is there to be asked, or three passwords were wrong.
    """
    for _ in range(_MOST_TIMES):
        try:
            return work(settings)
        except SourceError as error:
            may_ask = can_answer() and not settings.non_interactive
            if error.code not in _ASKED_FOR or not may_ask:
                raise
            say(error.message)
        password = click.prompt("Password", hide_input=True, err=True)
        settings = replace(settings, source_password=password)
    return work(settings)
