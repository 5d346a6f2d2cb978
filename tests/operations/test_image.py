"""The Dockerfile: its sources, its lock file, its user; and, on demand, its steps replayed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from importer.settings import SPECS
from tests.chaos.tracing.small_disk import needs_mounts
from tests.operations.night_kit import PAGES, ROOT

HERE = "/opt/solv-import"


def steps() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile, in order: word and the rest."""
    text = (PAGES / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line and line[0] != "#"]
    return [(word, re.sub(r" {2,}", " ", rest)) for word, rest in lines]


def steps_of(word: str) -> list[str]:
    return [rest for name, rest in steps() if name == word]


def sources() -> list[str]:
    """Return what is copied from the clone."""
    copies = [rest.split()[:-1] for rest in steps_of("COPY")]
    return [name for names in copies if not names[0].startswith("--from") for name in names]


def test_it_copies_what_is_there() -> None:
    assert sources()
    assert all((ROOT / name).exists() for name in sources())


def test_it_installs_what_is_locked_by_its_hash() -> None:
    installs = [line for line in steps_of("RUN") if " install " in line and "pip" in line]
    assert "--require-hashes -r requirements/run.txt" in installs[0]
    assert "--no-deps" in installs[1]
    assert len(installs) == 2


def test_nobody_who_may_write_the_image_runs_the_command() -> None:
    assert steps_of("USER") == ["10001:10001"]
    assert [name.split(":")[0] for name in steps_of("FROM")] == ["python", "python"]
    assert steps_of("STOPSIGNAL") == ["SIGTERM"]


def test_the_entry_point_is_the_one_that_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert steps_of("ENTRYPOINT") == [f'["{HERE}/bin/{next(iter(project["scripts"]))}"]']


def test_its_variables_are_settings() -> None:
    names = re.findall(r"(SOLV_IMPORT_\w+)=", " ".join(steps_of("ENV")))
    known = {spec.variable for spec in SPECS.values()} | {"SOLV_IMPORT_CONFIG_DIR"}
    assert set(names) <= known
    assert names


READ_ONLY = """
for folder in state tmp; do mount --bind "$TOP/$folder" "$TOP/$folder"; done
mount -o remount,bind,ro /
if touch "$TOP/config/probe" 2>/dev/null; then echo "not read-only"; exit 99; fi
exec "$@"
"""
"""In a mount namespace of its own: nothing but two folders can be written."""


@pytest.mark.timeout(90)
def test_on_a_read_only_root_a_state_folder_and_tmpdir_are_enough(tmp_path: Path) -> None:
    needs_mounts()
    for name in ("state", "tmp", "config"):
        (tmp_path / name).mkdir(mode=0o700)
    demo = [sys.executable, "-m", "importer", "demo", "--into", str(tmp_path / "tmp" / "out")]
    ended = subprocess.run(
        ["unshare", "--mount", "/bin/sh", "-euc", READ_ONLY, "sh", *demo],  # noqa: S607 - on the PATH
        env={
            "PATH": "/usr/bin:/bin",
            "TOP": str(tmp_path),
            "PYTHONPATH": str(ROOT),
            "SOLV_IMPORT_STATE_DIR": str(tmp_path / "state"),
            "SOLV_IMPORT_CONFIG_DIR": str(tmp_path / "config"),
            "TMPDIR": str(tmp_path / "tmp"),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "none twice" in ended.stdout + ended.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(
    os.environ.get("OPERATIONS") != "full", reason="it installs everything: make operations"
)
def test_its_steps_make_a_command_that_works(tmp_path: Path) -> None:
    """The build stage, step by step, in a clean folder instead of a container."""
    installed, source = tmp_path / "installed", tmp_path / "src"
    source.mkdir()
    build = steps()[: [word for word, _ in steps()].index("FROM", 1)]
    environ = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(tmp_path)}
    for word, rest in build:
        if word == "COPY":
            *names, to = rest.split()
            for name in names:
                _copy(ROOT / name, source / to if len(names) == 1 else source / to / name)
        if word == "RUN":
            line = rest.replace(HERE, str(installed))
            subprocess.run(["/bin/sh", "-c", line], cwd=source, env=environ, check=True)
    command = str(installed / "bin" / "solv-import")
    for words in (["--version"], ["demo", str(ROOT / "sample_data" / "northside_clean.csv")]):
        ended = subprocess.run(
            [command, *words],
            cwd=tmp_path,
            env=environ,
            check=False,
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 0, ended.stderr


def _copy(source: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, to, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, to)
