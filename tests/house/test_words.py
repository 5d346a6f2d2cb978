"""Words that no file of this project may hold."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROMISES_TOO_MUCH = re.compile(r"exactly[ -]once", re.IGNORECASE)
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|Users|root|work)/\w+")
ITSELF = Path(__file__).name


def tracked() -> list[Path]:
    """Return the text files of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],  # noqa: S607 - git is on the PATH
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("not a git checkout: nothing says which files belong to the project")
    files = [ROOT / name for name in listed.stdout.splitlines()]
    kinds = {".py", ".md", ".toml", ".txt", ".in", ".json", ".csv", ""}
    return [f for f in files if f.is_file() and f.suffix in kinds and f.name != ITSELF]


@pytest.mark.parametrize("pattern", [PROMISES_TOO_MUCH, MACHINE_PATH], ids=["promise", "path"])
def test_no_file_holds_the_words(pattern: re.Pattern[str]) -> None:
    found = [
        f"{f.relative_to(ROOT)}: {m[0]}" for f in tracked() for m in pattern.finditer(f.read_text())
    ]
    assert found == []
