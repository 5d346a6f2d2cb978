"""Several files one after the other; the worst exit code is the command's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from importer.cli.failures import tell
from importer.cli.terminal import bold, say
from importer.errors import ExitCode, ImporterError, SettingsError, SourceError, worst

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import click

    from importer.settings import Settings

_NEXT_FILE_MAY_FOLLOW = frozenset({ExitCode.OK, ExitCode.NEEDS_A_PERSON, ExitCode.SOURCE})


def each_file(
    ctx: click.Context,
    files: Sequence[str],
    work: Callable[[Path], ExitCode],
    *,
    is_named: bool = False,
    goes_on_after: frozenset[ExitCode] = frozenset(),
) -> ExitCode:
    """Do the work with each file in turn and return the worst exit code.

    One file that cannot be used does not keep the others waiting. Whatever would stop
    the next one too (credentials, the ledger, a person who stopped it) ends it here.

    Args:
        ctx: The command.
        files: As they were named.
        work: What to do with each.
        is_named: Whether each file's name stands above what is said of it.
        goes_on_after: Exit codes that here say nothing about the next file.
    """
    codes: list[ExitCode] = []
    for number, name in enumerate(files, start=1):
        if is_named:
            say(("\n" if codes else "") + bold(f"{name} ({number} of {len(files)})"))
        try:
            codes.append(ExitCode(work(Path(name))))
        except ImporterError as error:
            tell(error, ctx)
            codes.append(ExitCode.SOURCE if isinstance(error, SourceError) else error.exit_code)
        if codes[-1] not in _NEXT_FILE_MAY_FOLLOW | goes_on_after:
            if number < len(files):
                say(f"Not started: {', '.join(Path(left).name for left in files[number:])}")
            break
    return worst(*codes)


def destinations(
    files: Sequence[str], settings: Settings
) -> dict[Path, tuple[Path | None, Path | None]]:
    """Return where the results and the summary of each file go; None means the usual place.

    Raises:
        SettingsError: Several files would be written into one.
    """
    results = _spread(files, settings.results, "--results", ".results.xlsx")
    summaries = _spread(files, settings.summary, "--summary", ".summary.json")
    return {Path(name): (results[name], summaries[name]) for name in files}


def _spread(
    files: Sequence[str], place: Path | None, flag: str, suffix: str
) -> dict[str, Path | None]:
    if place is None:
        return dict.fromkeys(files)
    if not place.is_dir():
        if len(files) == 1:
            return {files[0]: place}
        raise SettingsError(
            f"{flag} must be a folder that exists when several files are named.",
            todo=f"Name a folder, or leave {flag} away.",
        )
    spread: dict[str, Path | None] = {name: place / f"{Path(name).name}{suffix}" for name in files}
    if len(set(spread.values())) < len(spread):
        raise SettingsError(
            f"Two files have the same name, so their {flag} would be the same file.",
            todo="Import them with two commands.",
        )
    return spread
