"""A run as people name it: its whole id, or as much of its start or end as only one run has."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from importer.errors import LedgerError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.settings import Settings

_LEAST_TYPED = 3
_MOST_NAMED = 3


def run_id_of(settings: Settings, typed: str) -> str:
    """Return the id of the run that was meant.

    Raises:
        SettingsError: No run fits, or several do; the nearest are named.
    """
    known = _known_ids(settings)
    if known is None or typed in known:
        return typed
    is_enough = len(typed) >= _LEAST_TYPED
    fitting = [one for one in known if is_enough and (one.startswith(typed) or one.endswith(typed))]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        message = f"{typed} fits {len(fitting)} runs."
        raise SettingsError(message, todo=f"Type more of it: {_some(fitting)}")
    near = difflib.get_close_matches(typed, known, n=_MOST_NAMED)
    hint = f"Did you mean {_some(near)}?" if near else "List the runs with: solv-import status"
    raise SettingsError(f"There is no run {typed}.", todo=hint)


def _some(ids: Sequence[str]) -> str:
    newest = list(ids)[-_MOST_NAMED:]
    return ", ".join(newest) + (", ..." if len(newest) < len(ids) else "")


def _known_ids(settings: Settings) -> list[str] | None:
    """Return the ids of every run that the command could mean, None when they cannot be read."""
    from importer.ledger import History  # noqa: PLC0415 - SQLAlchemy is slow to import
    from importer.pipeline.ledgers import existing_folders  # noqa: PLC0415 - as above

    ids: list[str] = []
    for ledger in existing_folders(settings):
        try:
            with History(ledger.database) as history:
                ids += [run.run_id for run in history.runs()]
        except LedgerError:
            return None  # the command itself says what is wrong with it, and may mend it
    return ids
