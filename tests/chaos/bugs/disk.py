"""Wrong ways with a disk: results written in place, refusals that nobody minds."""

from __future__ import annotations

import hashlib
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from importer.ledger.writer import Writer
from importer.posting.records import Records
from tests.chaos.planted import bug

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.chaos.planted import Replace


@bug("results-in-place")
def results_in_place(replace: Replace) -> None:
    """Write results straight to where they go, as most programs do."""

    def write_in_place(
        path: Path,
        write: Callable[[IO[bytes]], None],
        before_replace: Callable[[str], None] | None = None,
    ) -> str:
        with path.open("wb") as file:
            write(file)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if before_replace is not None:
            before_replace(digest)
        return digest

    replace(import_module("importer.results.write"), "write_atomically", write_in_place)


@bug("fsync-error-ignored")
def fsync_error_ignored(replace: Replace) -> None:
    """Go on after a commit that the disk refused, as if the next one would make up for it."""

    def commit(self: Any, batch: list[Any]) -> None:
        values: list[Any] = []
        try:
            with self._connection.begin():
                values.extend(change.apply(self._connection) for change in batch)
                self._before_commit(self._connection)
        except (SQLAlchemyError, OSError):
            pass
        except BaseException as error:  # noqa: BLE001 - as the right one does
            self._fail(batch, len(values), error)
            return
        for change, value in zip(batch, values, strict=True):
            change.done.set_result(value)

    replace(Writer, "_commit", commit)


@bug("rescue-skipped")
def rescue_skipped(replace: Replace) -> None:
    """Forget an answer that the ledger could not take."""

    def forget(_: Records, *_answer: object) -> None:
        """Do nothing."""

    replace(Records, "_rescue", forget)
