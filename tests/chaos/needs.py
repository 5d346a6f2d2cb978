"""What a test needs of the machine: without it the test is skipped, and with `CI=true` it fails."""

from __future__ import annotations

import os

import pytest


def need(reason: str) -> None:
    """Skip the test, or fail it where it must run, if there is a reason why it cannot."""
    if not reason:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
