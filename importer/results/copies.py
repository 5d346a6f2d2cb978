"""Which corrected copies we wrote: only these may be written over.

A copy looks like its source, and nothing in it says that it is ours. So the state folder keeps
the SHA-256 of each, and a file that somebody has typed in since is theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.errors import SettingsError
from importer.results.atomic import digest_of, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import IO

_LIST = "corrected-copies.txt"
_MOST = 1_000
_PRIVATE_FOLDER = 0o700


def write_copy(path: Path, write: Callable[[IO[bytes]], None], *, state_dir: Path) -> None:
    """Write a corrected copy, whole or not at all, for its owner only.

    Raises:
        SettingsError: What stands there is not ours, or the place cannot be written.
    """
    known = _known(state_dir)
    there = digest_of(path)
    if there is not None and there not in known:
        raise SettingsError(
            f"{path} exists and is not a copy that this program wrote.",
            todo="Name another file with --fix.",
        )

    def remember(digest: str) -> None:
        kept = [*(other for other in known if other != digest), digest][-_MOST:]
        text = "".join(f"{one}\n" for one in kept).encode("ascii")
        write_atomically(state_dir / _LIST, lambda file: _write(file, text))

    write_atomically(path, write, remember)


def _write(file: IO[bytes], text: bytes) -> None:
    file.write(text)


def _known(state_dir: Path) -> list[str]:
    """Return the digests of the copies that were written, the newest last."""
    try:
        state_dir.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        return (state_dir / _LIST).read_text("ascii", "replace").split()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SettingsError(
            f"{state_dir} cannot be used: {error.strerror or type(error).__name__}.",
            todo="Name another state folder with SOLV_IMPORT_STATE_DIR.",
        ) from error
