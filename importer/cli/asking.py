"""A question about a whole file, asked where somebody can answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from importer.cli.terminal import can_answer, say
from importer.errors import OpenQuestion

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.errors import ExitCode
    from importer.settings import Settings


def asking(work: Callable[[Settings], ExitCode], settings: Settings) -> ExitCode:
    """Do the work, as a person's answers let it go on; nobody is asked twice.

    Raises:
        OpenQuestion: Nobody is there to be asked, or the answer is no.
    """
    while True:
        try:
            return work(settings)
        except OpenQuestion as question:
            if not _is_confirmed(question, settings):
                raise
            changes = dict(question.answers)
        settings = replace(settings, **changes)  # type: ignore[arg-type]


def _is_confirmed(question: OpenQuestion, settings: Settings) -> bool:
    # --yes answers where bookings go, not what a file means.
    if not can_answer() or settings.non_interactive or settings.yes or settings.json:
        return False
    say(question.message)
    return click.confirm(question.question, default=False, err=True)
