"""All targets, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fuzz import answers, csv_loader, normalizers, other_books, profiles, xlsx_scan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fuzz.target import Target

TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        csv_loader.TARGET,
        xlsx_scan.TARGET,
        *other_books.TARGETS,
        normalizers.TARGET,
        answers.TARGET,
        profiles.TARGET,
    )
}
