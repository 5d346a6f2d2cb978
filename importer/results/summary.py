"""The `--summary` file: the totals of a run for scripts."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING

from importer.results.atomic import write_atomically
from importer.results.text import utf8_text

if TYPE_CHECKING:
    from pathlib import Path

    from importer.results.model import Summary


def write_summary(path: Path, summary: Summary) -> str:
    """Write the summary as JSON and return its SHA-256; `docs/summary.schema.json` describes it.

    Raises:
        SettingsError: The place cannot be written.
    """

    def write(file: IO[bytes]) -> None:
        text = json.dumps(summary.to_json(), indent=2, ensure_ascii=False)
        file.write(utf8_text(text).encode() + b"\n")

    return write_atomically(path, write)
