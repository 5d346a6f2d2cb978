"""What the tests of opening share: a ledger of two openings, and what is written beside it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from importer.errors import LedgerError
from importer.ledger import LedgerFolder
from tests.edges.ledger_kit import book, contents, make_row, open_at, plan

if TYPE_CHECKING:
    from pathlib import Path


def opened_twice(path: Path) -> LedgerFolder:
    """Return a ledger that was opened twice and closed, with one booking."""
    folder = LedgerFolder(path)
    with open_at(folder) as ledger:
        (row_id,) = plan(ledger, make_row())
        book(ledger, row_id, 501)
    with open_at(folder):
        pass
    return folder


def write_sidecar(folder: LedgerFolder, **changes: object) -> None:
    """Change what the sidecar says."""
    told = json.loads(folder.sidecar_file.read_text())
    folder.sidecar_file.write_text(json.dumps(told | changes))


def never_open(folder: LedgerFolder) -> None:
    """Take back what the first opening wrote after the sidecar and the ledger itself."""
    write_sidecar(folder, opening=1, phase="opening")
    folder.commits_file.unlink()


def write_count(folder: LedgerFolder, count: int) -> None:
    """Change how often the ledger says that it was opened."""
    with closing(sqlite3.connect(folder.database)) as connection, connection:
        connection.execute("UPDATE meta SET value = ? WHERE name = 'opening'", (str(count),))


def sidecar(folder: LedgerFolder) -> tuple[int, str]:
    """Return what the sidecar says: how often it was opened, and how far that came."""
    told = json.loads(folder.sidecar_file.read_text())
    return told["opening"], told["phase"]


def refuse(folder: LedgerFolder) -> LedgerError:
    """Return the refusal of a ledger, which stays as it is, byte for byte."""
    before = contents(folder)
    with pytest.raises(LedgerError) as caught:
        open_at(folder)
    assert contents(folder) == before
    return caught.value
