"""An inbox: which of its files are due, which were imported before, and where they go then."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from importer.errors import ExitCode, SettingsError
from importer.inbox import (
    Access,
    Found,
    RemoteFolder,
    drops_in,
    is_as_it_was,
    is_remote,
    move_away,
    prove_folder,
    prove_move_to,
    settled,
)
from importer.inbox import folder_of as folder_named
from importer.ledger import refuse_if_held
from importer.model import State
from importer.pipeline.ledgers import folder_of, history_of
from importer.problems import ProblemCode
from importer.reading import source_digest
from importer.results import dated_results_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from importer.inbox import Drop
    from importer.ledger import RunRecord
    from importer.model import Clock
    from importer.settings import Settings

_DONE = (ExitCode.OK, ExitCode.NEEDS_A_PERSON)
_TO_ITS_END = (*_DONE, ExitCode.UNKNOWN_OUTCOMES)
_AGAIN = frozenset({"allow_reschedules", "allow_duplicates", "retry_rejected", "as_unknown"})
"""Flags by which a person says that rows which were held before shall go now."""
_DOWNLOADS = "downloads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """What an inbox holds once its files stay as they are."""

    due: tuple[Drop, ...]
    """Whole files, whoever came first."""
    growing: tuple[Drop, ...]
    """Files that somebody is still writing."""
    others: tuple[Path, ...]
    """Files that no import reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The run that has imported a file before."""

    run: RunRecord
    unknown: int
    """Rows whose outcome nobody has settled yet."""

    @property
    def exit_code(self) -> ExitCode:
        """Return what importing it again comes to."""
        return ExitCode.UNKNOWN_OUTCOMES if self.unknown else ExitCode.OK


def look_into(named: Sequence[str], settings: Settings, clock: Clock) -> Inbox:
    """Return the files of folders, patterns and other machines that are due now.

    Raises:
        SourceError: A folder cannot be read.
        SettingsError: Files could not be moved, or results not be written, where they should.
        CredentialsError: Another machine refuses us, or is not the one that we know.
        StoppedEarly: It cannot be reached.
        LedgerBusy: Another run is under way, so nothing is waited for.
    """
    here = [one for one in named if not is_remote(one)]
    away = [one for one in named if is_remote(one)]
    _prove_places(here, away, settings)
    refuse_if_held(folder_of(settings).lock_file)
    seen: list[Found] = []

    def look() -> list[Drop]:
        seen[:] = [drops_in(here), *(_look_away(url, settings) for url in away)]
        return list(chain.from_iterable(found.drops for found in seen))

    due, growing = settled(look, settle_s=settings.settle_s, now=clock.now, wait=_waiting(clock))
    others = chain.from_iterable(found.others for found in seen)
    return Inbox(due=tuple(due), growing=tuple(growing), others=tuple(others))


@contextmanager
def local_copy(drop: Drop, settings: Settings) -> Iterator[Path]:
    """Give a file of an inbox on this machine; a private copy is deleted when the block ends.

    Raises:
        StoppedEarly: It cannot be fetched.
    """
    if not drop.url:
        yield drop.path
        return
    (settings.state_dir / _DOWNLOADS).mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(mkdtemp(dir=settings.state_dir / _DOWNLOADS))
    try:
        with _folder_at(drop.url, settings) as away:
            copy = away.fetch(drop, folder)
        yield copy
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def imported_before(path: Path, settings: Settings) -> Before | None:
    """Return the run that brought this very content to its end, None when there is none.

    A run with rows that may still be sent is none: importing the file carries it on. So is one
    of some of its rows, and any when a flag says that held rows shall go.

    Raises:
        SourceError: The file cannot be read.
        LedgerError: The ledger cannot be read.
    """
    if not folder_of(settings).database.is_file() or settings.by_flag & _AGAIN:
        return None
    digest = source_digest(path)
    with history_of(settings) as history:
        run = history.newest_run_of(digest)
        if run is None or run.exit_code not in _TO_ITS_END:
            return None
        counts = history.counts(run.run_number)
        held = sum(
            kind.rows
            for kind in history.problem_kinds(run.run_number)
            if kind.code is ProblemCode.POSSIBLE_RESCHEDULE
        )
    is_partly_done = counts.get(State.LEFT_OUT, 0) > held
    if is_partly_done or counts.get(State.READY) or counts.get(State.SENDING):
        return None
    return Before(run=run, unknown=counts.get(State.UNKNOWN, 0))


def settings_for(drop: Drop, path: Path, settings: Settings) -> Settings:
    """Return the settings with a place for the results of one file of an inbox.

    The place names when the file was written: a file of the same name, the next night, has
    results of its own.

    Args:
        drop: The file.
        path: Where it is on this machine.
        settings: Where results go.
    """
    folder = settings.results or _moved_to(settings) or drop.path.parent
    usual = dated_results_path(folder, drop.path.name, drop.changed_at.astimezone())
    own = _results_of(path, settings)
    stem = usual.name.removesuffix(".results.xlsx")
    others = (usual.with_name(f"{stem}-{number}.results.xlsx") for number in count(2))
    places = (place for place in chain([usual], others) if place == own or not place.exists())
    return replace(settings, results=next(places))


def _results_of(path: Path, settings: Settings) -> Path | None:
    """Return where the results of this content were written before."""
    if not folder_of(settings).database.is_file():
        return None
    with history_of(settings) as history:
        run = history.newest_run_of(source_digest(path))
    return Path(run.results_path) if run is not None and run.results_path else None


def upload_results(path: Path, settings: Settings) -> str:
    """Copy results to where `--upload-results` says; return their address.

    Raises:
        CredentialsError: The other machine refuses us.
        StoppedEarly: It cannot be reached; the results are on this machine.
    """
    assert settings.upload_results is not None  # noqa: S101 - who calls has looked
    with _folder_at(settings.upload_results, settings, is_folder=True) as away:
        return away.send(path)


def is_whole(drop: Drop, settings: Settings) -> bool:
    """Return whether a file of an inbox is still what it was when it was looked at.

    Raises:
        StoppedEarly: Its machine cannot be reached.
    """
    if not drop.url:
        return is_as_it_was(drop)
    return drop in _look_away(f"{drop.url}/{drop.path.name}", settings).drops


def put_away(drop: Drop, code: ExitCode, settings: Settings) -> str:
    """Move a file that is imported to where it should go; return where it is now, else "".

    One of which only some rows were chosen stays.

    Raises:
        SettingsError: It could not be moved; it is imported all the same.
        StoppedEarly: The same of a file on another machine.
    """
    if settings.move_to is None or code not in _DONE or not settings.selection.is_everything:
        return ""
    if drop.url:
        with _folder_at(drop.url, settings) as away:
            return away.move(drop, settings.move_to)
    folder = Path(settings.move_to).expanduser()
    try:
        return str(move_away(drop.path, folder))
    except OSError as error:
        raise SettingsError(
            f"{drop.path.name} is imported, and could not be moved to {folder}: {error.strerror}.",
            todo="Move it by hand; if it stays, it is known and not imported again.",
        ) from None


def _prove_places(here: Sequence[str], away: Sequence[str], settings: Settings) -> None:
    """Raise unless all that is named can be read, and all that comes of it has a place."""
    for one in here:
        prove_folder(one)
    to = settings.move_to
    if to is not None and (here if is_remote(to) else away):
        raise SettingsError(
            f"--move-to {to} is on another machine than the files.",
            todo="Name a folder of the machine that has them.",
        )
    if to is not None and not is_remote(to):
        prove_move_to(Path(to).expanduser(), [folder_named(one) for one in here])
    if away and settings.results is None:
        raise SettingsError(
            "The results of files on another machine have no place.",
            todo="Name a folder with --results, and the address with --upload-results.",
        )
    if settings.results is not None and not settings.results.is_dir():
        raise SettingsError(
            "--results must be a folder that exists when files come from a folder.",
            todo="Make it, or leave --results away.",
        )


def _moved_to(settings: Settings) -> Path | None:
    to = settings.move_to
    return None if to is None or is_remote(to) else Path(to).expanduser()


def _look_away(url: str, settings: Settings) -> Found:
    with _folder_at(url, settings) as away:
        return away.look()


def _folder_at(url: str, settings: Settings, *, is_folder: bool = False) -> RemoteFolder:
    return RemoteFolder(
        url,
        Access(
            known_hosts=settings.sftp_known_hosts,
            key_file=settings.sftp_key_file,
            password=settings.sftp_password,
        ),
        is_folder=is_folder,
    )


def _waiting(clock: Clock) -> Callable[[float], None]:
    return lambda seconds: asyncio.run(clock.sleep(seconds))
