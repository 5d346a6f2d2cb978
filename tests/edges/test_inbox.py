"""Files that lie in a folder: which are ours, which are whole, and where they go afterwards."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from importer.errors import SettingsError, SourceError
from importer.inbox import (
    Drop,
    drops_in,
    folder_of,
    is_inbox,
    move_away,
    prove_folder,
    prove_move_to,
    settled,
)

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = datetime(2030, 1, 7, 12, tzinfo=UTC)


def put(folder: Path, *names: str) -> None:
    """Put files there, a minute between each."""
    for number, name in enumerate(names):
        (folder / name).write_text(name)
        at = NOON.timestamp() + 60 * number
        os.utime(folder / name, (at, at))


def names(*named: str) -> list[str]:
    return [drop.path.name for drop in drops_in(named).drops]


def test_whoever_came_first_stands_first(tmp_path: Path) -> None:
    put(tmp_path, "b.csv", "a.xlsx", "c.csv.gz")
    assert names(str(tmp_path)) == ["b.csv", "a.xlsx", "c.csv.gz"]


def test_what_is_none_of_ours_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path, "visits.csv", ".visits.csv.swp", ".hidden.csv", "~$visits.xlsx")
    put(tmp_path, ".~lock.visits.xlsx#", "visits.csv.results.xlsx", "visits.csv.results-2.csv")
    put(tmp_path, "visits.csv.2030-01-07-0115.results.xlsx", "visits.csv.part", "readme.pdf")
    put(tmp_path, "visits.csv.results.2030-01-07-7f3a9c.xlsx", "visits.csv.summary.json")
    (tmp_path / "done.csv").mkdir()
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere.csv")
    found = drops_in([str(tmp_path)])
    assert [drop.path.name for drop in found.drops] == ["visits.csv"]
    assert [path.name for path in found.others] == [
        *("readme.pdf", "visits.csv.part", "visits.csv.summary.json")
    ]


def test_a_named_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    assert names(str(tmp_path)) == []


def test_a_pattern_names_the_files_that_fit_it(tmp_path: Path) -> None:
    put(tmp_path, "north_1.csv", "south_1.csv", "north_2.csv")
    assert names(f"{tmp_path}/north_*.csv") == ["north_1.csv", "north_2.csv"]


def test_a_file_that_two_patterns_name_comes_once(tmp_path: Path) -> None:
    put(tmp_path, "north.csv")
    assert names(f"{tmp_path}/*.csv", str(tmp_path)) == ["north.csv"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    put(tmp_path, "visits[1].csv")
    assert not is_inbox(f"{tmp_path}/visits[1].csv")
    assert is_inbox(f"{tmp_path}/visits*.csv")
    assert is_inbox(str(tmp_path))
    assert not is_inbox(f"{tmp_path}/nothing.csv")


def test_a_folder_that_is_missing_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file or directory") as caught:
        prove_folder(f"{tmp_path}/drop/*.csv")
    assert str(tmp_path / "drop") in caught.value.message


# Growing files


class Folder:
    """A folder whose files change while somebody waits."""

    def __init__(self, *looks: dict[str, int], changed_s: float = 0.0) -> None:
        """Say how large each file is at each look; it was written `changed_s` before."""
        self.looks = looks
        self.changed_s = changed_s
        self.waited_s: list[float] = []

    def look(self) -> list[Drop]:
        sizes = self.looks[min(len(self.waited_s), len(self.looks) - 1)]
        at = NOON - timedelta(seconds=self.changed_s)
        return [
            Drop(path=Path(name), size=size, changed_at=at + timedelta(seconds=size))
            for name, size in sizes.items()
        ]

    def settle(self) -> tuple[list[str], list[str]]:
        whole, growing = settled(self.look, settle_s=5, now=self.now, wait=self.waited_s.append)
        return [d.path.name for d in whole], [d.path.name for d in growing]

    def now(self) -> datetime:
        return NOON + timedelta(seconds=sum(self.waited_s))


def test_files_that_were_written_long_ago_are_not_waited_for() -> None:
    folder = Folder({"a.csv": 1, "b.csv": 2}, changed_s=60)
    assert folder.settle() == (["a.csv", "b.csv"], [])
    assert folder.waited_s == []


def test_a_file_that_was_just_written_is_looked_at_again() -> None:
    folder = Folder({"a.csv": 1})
    assert folder.settle() == (["a.csv"], [])
    assert folder.waited_s == [5]


def test_a_file_that_grows_is_waited_for_until_it_is_whole() -> None:
    folder = Folder({"a.csv": 1}, {"a.csv": 6}, {"a.csv": 11}, {"a.csv": 11})
    assert folder.settle() == (["a.csv"], [])
    assert folder.waited_s == [5, 5, 5]


def test_a_file_that_grows_for_ever_is_left_behind_and_holds_up_no_other() -> None:
    folder = Folder(*({"slow.csv": 5 * n, "a.csv": 0} for n in range(99)))
    assert folder.settle() == (["a.csv"], ["slow.csv"])
    assert len(folder.waited_s) == 12


def test_a_file_from_the_future_is_whole_when_it_stays_the_same() -> None:
    folder = Folder({"a.csv": 1}, changed_s=-3_600)
    assert folder.settle() == (["a.csv"], [])


def test_a_file_that_is_taken_away_meanwhile_is_no_file_any_more() -> None:
    folder = Folder({"a.csv": 1, "b.csv": 1}, {"b.csv": 1})
    assert folder.settle() == (["b.csv"], [])


# Moving


def _without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)


def _with_links(monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch


@pytest.mark.parametrize("links", [_with_links, _without_links])
def test_a_file_is_moved_over_nothing(
    links: Callable[[pytest.MonkeyPatch], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    links(monkeypatch)
    done = tmp_path / "done"
    done.mkdir()
    (done / "visits.csv").write_text("of last night")
    put(tmp_path, "visits.csv")
    written = (tmp_path / "visits.csv").stat().st_mtime

    place = move_away(tmp_path / "visits.csv", done)

    assert place == done / "visits-2.csv"
    assert place.read_text() == "visits.csv"
    assert place.stat().st_mtime == written
    assert (done / "visits.csv").read_text() == "of last night"
    assert not (tmp_path / "visits.csv").exists()


def test_files_may_not_be_moved_into_their_own_inbox(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is the inbox itself"):
        prove_move_to(tmp_path / "x" / "..", [tmp_path])


def test_a_folder_to_move_to_is_made(tmp_path: Path) -> None:
    prove_move_to(tmp_path / "drop" / "done", [tmp_path])
    assert (tmp_path / "drop" / "done").is_dir()


def test_a_place_that_is_no_folder_cannot_be_moved_to(tmp_path: Path) -> None:
    put(tmp_path, "done")
    with pytest.raises(SettingsError, match="--move-to"):
        prove_move_to(tmp_path / "done", [])


def test_the_folder_of_a_pattern_is_an_inbox_itself(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is the inbox itself"):
        prove_move_to(tmp_path, [folder_of(f"{tmp_path}/visits*.csv")])


def test_the_content_of_a_link_is_moved_and_not_the_link(tmp_path: Path) -> None:
    put(tmp_path, "real.csv")
    (tmp_path / "drop").mkdir()
    (tmp_path / "drop" / "link.csv").symlink_to("../real.csv")
    (tmp_path / "done" / "deep").mkdir(parents=True)
    place = move_away(tmp_path / "drop" / "link.csv", tmp_path / "done" / "deep")
    assert place.read_text() == "real.csv"
    assert not place.is_symlink()
    assert not (tmp_path / "drop" / "link.csv").is_symlink()
