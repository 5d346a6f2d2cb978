"""What the pipeline tests start from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.pipeline.desk import Desk
from tests.pipeline.office_kit import Office, needs_office

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.sandbox import Sandbox


@pytest.fixture
def desk(tmp_path: Path, start_sandbox: Callable[..., Sandbox]) -> Callable[..., Desk]:
    """Return a maker of desks: a sandbox with these switches, and a state folder."""

    def make(**switches: Any) -> Desk:
        return Desk(folder=tmp_path, sandbox=start_sandbox(**switches))

    return make


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Return LibreOffice, or skip the test; every worker has one of its own."""
    needs_office()
    return Office(folder=tmp_path_factory.mktemp("office"))
