"""Questions about a whole file, and its password, asked where somebody can answer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from importer.cli.passwords import with_password
from importer.cli.terminal import can_answer, say
from importer.errors import OpenQuestion

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.errors import ExitCode, SourceError
    from importer.settings import Settings


def asking(settings: Settings, work: Callable[[Settings], ExitCode]) -> ExitCode:
    """Do the work, as a person's password and answers let it go on; nobody is asked twice.

    Raises:
        OpenQuestion: Nobody is there to be asked, or the answer is no.
        SourceError: The same of a password, or three were wrong.
    """
    # A file opens before it asks anything, so the password is there for every answer.
    return with_password(settings, partial(_answered, work))


def _answered(work: Callable[[Settings], ExitCode], settings: Settings) -> ExitCode:
    while True:
        try:
            return work(settings)
        except OpenQuestion as question:
            if not _is_confirmed(question, settings):
                raise
            answer = question.answer
        settings = settings.confirmed(answer)


def is_asked(question: SourceError | None, settings: Settings) -> bool:
    """Return whether somebody is there to be asked, and the question can be answered here."""
    # --yes answers where bookings go, not what a file means.
    is_silent = settings.non_interactive or settings.yes or settings.json
    return isinstance(question, OpenQuestion) and can_answer() and not is_silent


def _is_confirmed(question: OpenQuestion, settings: Settings) -> bool:
    if not is_asked(question, settings):
        return False
    say(question.message)
    return click.confirm(question.question, default=False, err=True)
