"""A machine for each test of the pages in docs/operations/."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.operations.night_kit import Machine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.sandbox import Sandbox


@pytest.fixture
def server(start_sandbox: Callable[..., Sandbox]) -> Sandbox:
    """Return a sandbox that stands in for Solv."""
    return start_sandbox()


@pytest.fixture
def machine(tmp_path: Path, server: Sandbox) -> Machine:
    """Return a machine on which all is installed."""
    installed = Machine(tmp_path)
    installed.install(server)
    return installed
