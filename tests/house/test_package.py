"""What is shipped is what was meant to be shipped."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the names in a freshly built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built).namelist()


def test_the_wheel_holds_two_packages_and_nothing_beside_them(wheel: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"importer", "schemas"}


def test_every_module_is_in_the_wheel(wheel: list[str]) -> None:
    sources = {
        str(path.relative_to(ROOT))
        for package in ("importer", "schemas")
        for path in (ROOT / package).rglob("*.py")
    }
    assert sources == {name for name in wheel if name.endswith(".py")}
    assert "importer/py.typed" in wheel


@pytest.mark.parametrize("lock", [path for path in LOCKS if path.name != "constraints.txt"])
def test_every_locked_package_has_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    packages = text.count("==")
    assert packages > 10
    assert "://" not in text.replace(" ; ", "")
    for block in text.split("\n\n"):
        for entry in block.split("\n"):
            if "==" in entry and not entry.startswith(("#", " ")):
                assert entry.endswith("\\"), entry
    assert text.count("--hash=sha256:") >= packages
