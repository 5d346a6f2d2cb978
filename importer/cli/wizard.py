"""The conversation of `map`: only what is not sure is asked, and a person's word decides."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.cli.asked_columns import AskedColumns
from importer.cli.asked_dates import AskedDates
from importer.cli.asked_words import AskedWords
from importer.cli.problem_view import one_line
from importer.cli.profile_saving import check_with, place_of, save
from importer.cli.prompts import Prompts
from importer.cli.terminal import dim, say
from importer.clock import SystemClock
from importer.errors import HeadingsElsewhere, SourceError
from importer.pipeline.first_draft import begin_draft
from importer.pipeline.mappable import open_for_mapping

if TYPE_CHECKING:
    from pathlib import Path

    from importer.pipeline.drafting import Draft
    from importer.pipeline.mappable import MappableFile
    from importer.settings import Settings

_SHOWN_HEADINGS = 6


def ask_and_save(path: Path, settings: Settings, output: Path | None) -> None:
    """Ask what is not sure about a file, save the profile, and check the file with it.

    Raises:
        SourceError: The file cannot be used, or lacks what every booking needs.
        SettingsError: The profile cannot be written.
    """
    prompts = Prompts()
    file, told = _opened(path, settings, prompts)
    draft = begin_draft(file, told)
    Wizard(draft, prompts).ask()
    place = place_of(path, told, output, prompts)
    if save(place, draft.profile(), prompts):
        check_with(path, place, told)


def _opened(path: Path, settings: Settings, prompts: Prompts) -> tuple[MappableFile, Settings]:
    """Open the file; where a title stands above the headings, ask which row holds them.

    Raises:
        SourceError: It cannot be used, or the other row does not hold the headings either.
    """
    now = SystemClock().now()
    try:
        return open_for_mapping(path, settings, now=now), settings
    except HeadingsElsewhere as error:
        told = replace(settings, header_row=error.row)
        try:
            file = open_for_mapping(path, told, now=now)
        except SourceError:
            raise error from None
        say(error.message)
        shown = [one_line(text) for text in file.headings.values()]
        more = " | ..." if len(shown) > _SHOWN_HEADINGS else ""
        say(dim(f"      {' | '.join(shown[:_SHOWN_HEADINGS])}{more}"))
        if not prompts.agree(f"Are these the headings, in row {error.row:,}?", usual=False):
            raise
        return file, told


class Wizard:
    """Goes through what a draft leaves open, in the order in which answers depend on others."""

    def __init__(self, draft: Draft, prompts: Prompts) -> None:
        """Begin where nothing has been asked."""
        self._columns = AskedColumns(draft, prompts)
        self._dates = AskedDates(draft, prompts)
        self._words = AskedWords(draft, prompts)

    def ask(self) -> None:
        """Ask everything that is not sure, then what a person wants otherwise."""
        self._columns.show()
        self._columns.ask_unsure()
        self._ask_open()
        while self._columns.ask_correction():
            self._ask_open()

    def _ask_open(self) -> None:
        """Ask what is open now, which a correction may have changed."""
        self._columns.ask_missing()
        self._dates.ask()
        self._words.ask()
