"""Files of an inbox that are imported, moved to where nobody imports them again."""

from __future__ import annotations

import os
import shutil
from itertools import count
from typing import TYPE_CHECKING

from importer.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def prove_move_to(folder: Path, inboxes: Iterable[Path]) -> None:
    """Raise unless files can be moved to a folder; it is made if need be.

    Raises:
        SettingsError: It cannot be written, or it is an inbox itself.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"--move-to {folder} cannot be used: {error.strerror}.", todo="Name another folder."
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError(
            f"--move-to {folder} cannot be written.", todo="Let this user write to it."
        )
    if folder.resolve() in {inbox.resolve() for inbox in inboxes}:
        raise SettingsError(
            f"--move-to {folder} is the inbox itself.", todo="Name a folder inside or beside it."
        )


def move_away(path: Path, folder: Path) -> Path:
    """Move a file into a folder, over nothing; return where it is now.

    Raises:
        OSError: It could not be moved; it is where it was.
    """
    for place in _places(folder / path.name):
        if _is_put(path, place):
            path.unlink()
            return place
    raise AssertionError


def _is_put(path: Path, place: Path) -> bool:
    """Put a file's content where nothing stands; return False when something does."""
    if not path.is_symlink():  # elsewhere a link may lead nowhere: its content goes
        try:
            os.link(path, place)  # over nothing, whoever writes there at this moment
        except FileExistsError:
            return False
        except OSError:  # another file system, or one without links
            return _is_copied(path, place)
        return True
    return _is_copied(path, place)


def _is_copied(path: Path, place: Path) -> bool:
    """Copy a file; return False when something stands there already."""
    try:
        target = place.open("xb")
    except FileExistsError:
        return False
    try:
        with target, path.open("rb") as source:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
    except BaseException:
        place.unlink()
        raise
    shutil.copystat(path, place)
    return True


def _places(wanted: Path) -> Iterable[Path]:
    """Yield the place that is wanted, then others beside it."""
    yield wanted
    for number in count(2):
        yield wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
