"""The page of backups, line by line: what is restored is whole, and what it cannot know is held."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.operations.night_kit import PAGES, crontab_line

if TYPE_CHECKING:
    from importer.sandbox import Sandbox
    from tests.operations.night_kit import Machine

PAGE = (PAGES / "backup.md").read_text("utf-8")
LINES = [
    line.removeprefix("$ ").partition("   #")[0]
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]
BACK_UP, MOVE_AWAY, UNPACK, DOCTOR, STATUS, HOLD = LINES


def typed(machine: Machine, line: str) -> tuple[int, str]:
    """Return the exit code and all that was said."""
    (state,) = machine.home.glob(".local/state/solv-import/*-*")
    line = line.replace("TARGET", state.name)
    line = re.sub(r"2026-11-21", "$(date +%F)", line)
    ended = machine.type(line, path=f"{machine.top / 'bin'}:/usr/bin:/bin")
    return ended.returncode, ended.stdout + ended.stderr


@pytest.fixture
def night() -> str:
    return crontab_line().split(maxsplit=5)[5]


@pytest.mark.timeout(120)
def test_what_a_restored_folder_cannot_know_is_held_and_not_sent_again(
    machine: Machine, server: Sandbox, night: str
) -> None:
    machine.dropped("monday.csv", 2, 3)
    assert machine.type(night).returncode == 0
    assert typed(machine, BACK_UP)[0] == 0
    machine.dropped("tuesday.csv", 4, 5)
    assert machine.type(night).returncode == 0

    for line in (MOVE_AWAY, UNPACK):
        code, said = _typed_anywhere(machine, line)
        assert code == 0, said
    code, said = typed(machine, DOCTOR)
    assert (code, "sound, 1 run" in said) == (0, True), said
    assert "1 run" in said
    assert typed(machine, STATUS)[0] == 0
    code, said = typed(machine, HOLD)
    assert "nothing was sent: 2 rows are unknown" in said, said

    machine.dropped("wednesday.csv", 2, 3, 4, 5, 6)
    assert machine.type(night).returncode == 6
    assert len(server.requests()) == 5
    assert server.duplicates() == {}


def _typed_anywhere(machine: Machine, line: str) -> tuple[int, str]:
    """Type a line while the state folder is not where it was."""
    line = line.replace("2026-11-21", "$(date +%F)")
    ended = machine.type(line)
    return ended.returncode, ended.stdout + ended.stderr


@pytest.mark.timeout(60)
def test_a_run_that_starts_during_a_backup_ends_with_7_and_the_backup_is_whole(
    machine: Machine, server: Sandbox, night: str
) -> None:
    machine.dropped("monday.csv", 2)
    assert machine.type(night).returncode == 0
    machine.dropped("tuesday.csv", 3)
    inside = night.partition(">>")[0]
    lock = BACK_UP.partition(" tar ")[0]
    code, said = typed(machine, f"{lock} {inside}")
    assert code == 7, said
    assert len(server.requests()) == 1
    assert machine.type(night).returncode == 0
