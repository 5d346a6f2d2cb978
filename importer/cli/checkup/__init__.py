"""What `doctor` looks at; each finding says what is wrong and what to do about it."""

from __future__ import annotations

from importer.cli.checkup.finding import Finding, Health
from importer.cli.checkup.order import checkup, checkup_without_settings
from importer.cli.checkup.server import clock_skew

__all__ = ["Finding", "Health", "checkup", "checkup_without_settings", "clock_skew"]
