"""Sources as bytes: their digest, and the private copy that is read instead of them."""

from __future__ import annotations

import hashlib
import stat
import subprocess
import sys
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from importer.errors import SourceError
from importer.reading import (
    ReadOptions,
    copy_privately,
    open_table,
    prove_unchanged,
    source_digest,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("size", [0, 1, 3_000_001])
def test_the_digest_is_that_of_the_content(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"x" * size)
    assert source_digest(path) == hashlib.sha256(b"x" * size).hexdigest()


def test_the_copy_is_private_and_its_digest_is_returned(tmp_path: Path) -> None:
    source, target = tmp_path / "a.csv", tmp_path / "copy"
    source.write_bytes(b"x" * 3_000_001)
    source.chmod(0o644)
    assert copy_privately(source, target) == source_digest(target)
    assert target.read_bytes() == source.read_bytes()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_copy_never_replaces_anything(tmp_path: Path, kind: str) -> None:
    source, target, other = tmp_path / "a.csv", tmp_path / "copy", tmp_path / "other"
    source.write_bytes(b"new")
    other.write_bytes(b"old")
    if kind == "link":
        target.symlink_to(other)
    else:
        target.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        copy_privately(source, target)
    assert other.read_bytes() == target.read_bytes() == b"old"


def test_case_92_a_file_that_grows_after_it_was_copied_is_noticed(tmp_path: Path) -> None:
    """Half of an export is a file like any other."""
    source, target = tmp_path / "a.csv", tmp_path / "copy"
    source.write_bytes(b"first,last\nAda,E")
    digest = copy_privately(source, target)
    prove_unchanged(source, digest)
    source.write_bytes(b"first,last\nAda,Ek\n")
    with pytest.raises(SourceError, match=r"a\.csv: The file changed") as caught:
        prove_unchanged(source, digest)
    assert caught.value.code == "IMP018"


def test_a_source_that_is_missing_leaves_no_copy(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        copy_privately(tmp_path / "a.csv", tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []


def test_reading_starts_without_pandas() -> None:
    """It costs half a second, which `--help` has not."""
    code = "import sys, importer.reading; print('pandas' in sys.modules, 'zipfile' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_case_80_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Four times the rows, the same memory."""

    def peak(rows: int) -> int:
        path = tmp_path / f"{rows}.csv"
        path.write_text("first,last,phone,zip\n" + "Ada,Ekdahl,5555550100,02134\n" * rows)
        tracemalloc.start()
        options = ReadOptions(chunk_rows=5_000)
        count = sum(len(chunk.frame) for chunk in open_table(path, options).chunks())
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == rows
        return most

    peak(5_000)
    small = peak(20_000)
    assert peak(80_000) < small * 1.2
