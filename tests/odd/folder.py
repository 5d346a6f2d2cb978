"""The folder of odd files: all of them, made by code from a seed."""

from __future__ import annotations

import os
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from tests.odd import packed_files, raw_sheets, text_files, workbooks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.odd.model import OddFile

_GROUPS = {
    "dialects": text_files.dialects,
    "encodings": text_files.encodings,
    "shapes": text_files.shapes,
    "texts": workbooks.texts,
    "types": workbooks.types,
    "features": workbooks.features,
    "raw": raw_sheets.raw_sheets,
    "archives": packed_files.archives,
    "names": packed_files.names,
    "damaged": packed_files.damaged,
    "growing": packed_files.growing,
    "sizes": text_files.sizes,
    "bombs": raw_sheets.bombs,
}
_LARGE = ("growing", "sizes", "bombs")
"""What takes seconds to make, or to read."""


def odd_files(seed: int, *, has_large: bool = True) -> Iterator[OddFile]:
    """Yield every odd file, each in a folder of its group; the same seed makes the same rows."""
    for group, make in _GROUPS.items():
        if group in _LARGE and not has_large:
            continue
        for file in make(Random(f"{seed} {group}")):
            yield replace(file, name=f"{group}/{file.name}")


def write(file: OddFile, folder: Path) -> Path:
    """Write an odd file into the folder."""
    path = folder / file.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file.content)
    return path


def write_places(folder: Path) -> list[str]:
    """Make what is no regular file, and return the names: each must be refused, without waiting."""
    place = folder / "places"
    place.mkdir(parents=True)
    (place / "folder.csv").mkdir()
    os.mkfifo(place / "pipe.csv")
    (place / "nowhere.csv").symlink_to(place / "missing.csv")
    (place / "circle.csv").symlink_to(place / "circle.csv")
    (place / "device.csv").symlink_to("/dev/zero")
    names = ["folder.csv", "pipe.csv", "nowhere.csv", "circle.csv", "device.csv", "missing.xlsx"]
    return [f"places/{name}" for name in names]
