"""Where a profile goes, what it changes there, and what the file is like with it."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from importer.cli.terminal import counted, dim, put, say, shortened
from importer.clock import SystemClock
from importer.errors import ImporterError, SettingsError
from importer.pipeline import check_file
from importer.problems import Severity
from importer.results import write_atomically
from importer.settings import config_folder, is_profile_path, load_settings, profile_path
from importer.settings.profile_differences import changed_lines, read_profile
from importer.suggestions import looks_like_data

if TYPE_CHECKING:
    from importer.cli.prompts import Prompts
    from importer.reports import CheckReport
    from importer.settings import Settings
    from importer.settings.profile_text import Profile

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_MOST_REASONS = 3


def place_of(source: Path, settings: Settings, output: Path | None, prompts: Prompts) -> Path:
    """Return where the profile of a file goes; its name is asked for where none was given."""
    if output is not None:
        return output
    name = settings.profile or prompts.write(
        "Save it under which name? The file's own name is proposed; --profile NAME takes it:",
        _usual_name(source),
        _profile_name,
    )
    return profile_path(name, config_folder(os.environ))


def save(place: Path, profile: Profile, prompts: Prompts) -> bool:
    """Write a profile; over another one only after what changes was shown, and with a yes.

    Returns:
        Whether the profile stands there now.

    Raises:
        SettingsError: The place cannot be written.
    """
    text = profile.toml()
    if place.exists():
        changes = _changes(place, text)
        if not changes:
            say(f"{shortened(place)} says all of this already; it stays as it is.")
            return True
        say(f"What changes in {shortened(place)}:")
        for line in changes:
            say(f"  {line}")
        say(dim("  Its comments, and the order of its lines, are not kept."))
        if not prompts.agree(f"{shortened(place)} is there already. Write over it?", usual=False):
            say("Nothing was written.")
            return False
    _write(place, text)
    put(f"Profile: {shortened(place)}")
    return True


def check_with(source: Path, place: Path, settings: Settings) -> None:
    """Check the file with its new profile, and say what is left to do."""
    try:
        told = load_settings({"profile": str(place)}, environ=os.environ, folder=Path.cwd())
        told = replace(
            told, show_values=settings.show_values, source_password=settings.source_password
        )
        report = check_file(source, told, clock=SystemClock())
    except ImporterError as error:
        say(f"The file cannot be read with it yet: {error.message}")
        return
    say(f"{counted(report.rows_in, 'row')}: {report.ready:,} ready, {report.invalid:,} with errors")
    for line in _reasons(report):
        say(f"  {line}")
    say(f"Next: solv-import check {quote(str(source))} --profile {quote(_shortest(place))}")


def _changes(place: Path, text: str) -> list[str]:
    """Return what a new text says otherwise than the profile that is there."""
    try:
        before = read_profile(place)
    except SettingsError:
        return ["all of it: it is no profile now"]
    changes = changed_lines(before, tomllib.loads(text))
    return changes if before else ["all of it: it says nothing now", *changes]


def _reasons(report: CheckReport) -> list[str]:
    """Return why rows are not ready, what holds most of them first."""
    asked = [f"{problem.code.title} ({problem.code.code})" for problem in report.questions]
    errors = [group for group in report.groups if group.code.severity is Severity.ERROR]
    found = [
        f"{counted(group.rows, 'row')}: {group.field}{': ' if group.field else ''}"
        f"{group.code.title} ({group.code.code})"
        for group in errors
    ]
    more = len(errors) - _MOST_REASONS
    return [*asked, *found[:_MOST_REASONS], *([f"and {more} more kinds"] if more > 0 else [])]


def _shortest(place: Path) -> str:
    """Return the shortest that `--profile` finds the profile by, from this folder."""
    if place == profile_path(place.stem, config_folder(os.environ)):
        return place.stem
    here = Path.cwd()
    absolute = place.absolute()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(place)


def _usual_name(source: Path) -> str:
    """Return a name for the profile; a file's own name may be a patient's."""
    if looks_like_data(source.stem):
        return "clinic"
    return re.sub(r"[^a-z0-9]+", "-", source.stem.lower()).strip("-") or "clinic"


def _profile_name(text: str) -> str:
    if not _NAME.fullmatch(text) or is_profile_path(text):
        raise ValueError("use small letters, digits and dashes")
    return text


def _write(place: Path, text: str) -> None:
    """Write the profile whole or not at all.

    A profile holds no patient and is meant for git and colleagues, so its mode is the usual one.

    Raises:
        SettingsError: The place cannot be written.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{place} cannot be written: {error.strerror}.") from None
    write_atomically(place, lambda file: file.write(text.encode()), is_private=False)
