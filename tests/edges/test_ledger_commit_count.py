"""The count of changes beside the ledger: exact after any kill, and never ahead of the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.errors import LedgerError
from importer.ledger.commit_count import CommitCount
from importer.ledger.folder import RESTORE
from tests.edges.ledger_kit import no_file_beyond

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.commits"


def test_where_there_is_no_file_it_tells_nothing_and_makes_none(path: Path) -> None:
    count = CommitCount(path)
    assert count.told() is None
    count.note(7)
    count.close()
    assert not path.exists()


def test_it_tells_what_was_noted_last_in_one_line_of_one_length(path: Path) -> None:
    CommitCount(path).make(0)
    assert path.read_text() == f"{0:020}\n"
    assert path.stat().st_mode & 0o777 == 0o600
    count = CommitCount(path)
    count.open()
    for commits in (1, 12_345, 10**19):
        count.note(commits)
        assert CommitCount(path).told() == commits
        assert path.read_text() == f"{commits:020}\n"
    count.close()
    count.note(3)
    assert count.told() == 10**19


def test_where_the_disk_refuses_it_goes_on_telling_of_fewer(path: Path) -> None:
    CommitCount(path).make(7)
    count = CommitCount(path)
    count.open()
    with no_file_beyond(0):
        count.note(8)
    assert count.told() == 7
    count.note(9)
    assert count.told() == 9
    count.close()


@pytest.mark.parametrize(
    "line", ["", f"{7:020}", f"{7:019}\n", f"{7:021}\n", f"{-7:020}\n", "a count of changes.\n"]
)
def test_what_is_no_count_is_refused(line: str, path: Path) -> None:
    path.write_text(line)
    with pytest.raises(LedgerError, match=r"ledger\.commits cannot be read") as caught:
        CommitCount(path).told()
    assert caught.value.todo == RESTORE
