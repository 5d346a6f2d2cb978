"""What many tests begin with: a ledger, a place of their own, a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.ledger import LedgerFolder
from tests.edges.ledger_kit import open_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importer.ledger import Ledger
    from importer.sandbox import Sandbox


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return a new ledger, held open until the test ends."""
    with open_at(LedgerFolder(tmp_path / "ledger")) as ledger:
        yield ledger


@pytest.fixture
def own_world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let settings, state and the working folder be under `tmp_path`."""
    monkeypatch.setenv("SOLV_IMPORT_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("SOLV_IMPORT_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("SOLV_IMPORT_GUARD_DAYS_AHEAD", "off")  # visits that never pass
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Return a sandbox with its usual switches, which runs until the test ends."""
    from importer.sandbox import running_sandbox  # noqa: PLC0415 - slow

    with running_sandbox() as running:
        yield running
