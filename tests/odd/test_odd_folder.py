"""A folder of odd files: no traceback, no hang, little memory, no silent difference."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.odd.folder import odd_files, write, write_places
from tests.odd.judging import MOST_MB, judge

if TYPE_CHECKING:
    from pathlib import Path

    from tests.odd.model import OddFile

_IS_FULL = os.environ.get("FUZZ") == "full"
_SEED = int(os.environ.get("FUZZ_SEED") or "1")
_QUICK = 60
_PARTS = 1 if _IS_FULL else 3
"""How many processes check them: a test takes no longer than 20 seconds."""
_SMALL = 100_000
"""Bytes: larger files take seconds, and are for `make fuzz`."""


@cache
def _all() -> tuple[OddFile, ...]:
    return tuple(odd_files(_SEED, has_large=_IS_FULL))


def _chosen() -> list[OddFile]:
    """Return every file, or a share of each group: the small ones, evenly."""
    files = list(_all())
    if _IS_FULL:
        return files
    small = [file for file in files if len(file.content) < _SMALL]
    return small[:: len(small) // _QUICK]


@pytest.mark.timeout(1_800 if _IS_FULL else 20)
@pytest.mark.parametrize("part", range(_PARTS))
def test_an_odd_file_is_read_as_written_or_refused_in_a_sentence(tmp_path: Path, part: int) -> None:
    chosen = _chosen()
    assert len(chosen) >= (450 if _IS_FULL else _QUICK)
    files = chosen[part::_PARTS]
    for file in files:
        write(file, tmp_path)
    places = write_places(tmp_path) if part == 0 else []
    verdict = judge(files, tmp_path, places)
    assert not verdict.findings, "\n".join(verdict.findings)
    assert verdict.files == len(files) + len(places)
    assert verdict.accepted * 3 > verdict.files, "most are refused: nothing is compared"
    assert verdict.cells > 20 * verdict.accepted
    assert verdict.peak_mb < MOST_MB


def test_the_folder_has_hundreds_of_files_and_each_a_name_of_its_own() -> None:
    files = _all()
    assert len({file.name for file in files}) == len(files) >= 400


def test_a_cell_that_is_changed_on_the_way_is_noticed(tmp_path: Path) -> None:
    file = next(f for f in _all() if f.name == "shapes/plain.csv")
    assert file.written is not None
    changed = {number: [*cells[:-1], "another"] for number, cells in file.written.items()}
    fewer = {number: cells for number, cells in file.written.items() if number > 2}
    others = [
        replace(file, name="changed.csv", written=changed),
        replace(file, name="fewer.csv", written=fewer),
    ]
    for one in (file, *others):
        write(one, tmp_path)
    found = judge([file, *others], tmp_path).findings
    assert sum("'changed.csv'" in line for line in found) == len(changed)
    assert [line for line in found if "changed" not in line] == [
        "'fewer.csv': rows that nobody wrote: [2]"
    ]
