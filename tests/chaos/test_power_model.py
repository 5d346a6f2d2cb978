"""The model of a disk that loses power: what may be lost is lost at times, what is synced never."""

from __future__ import annotations

from random import Random

import pytest

from tests.chaos.power.disk import (
    CORNERS,
    SECTOR,
    Fate,
    File,
    Folder,
    Image,
    Naming,
    Node,
    Resize,
    Write,
    fate_of,
    holds,
    left_by,
    settle,
)

OLD, NEW = b"o" * SECTOR * 4, b"n" * SECTOR * 4


def states(node: Node, count: int = 400) -> list[Image]:
    """Return many states of a disk that holds one thing, named `it`."""
    found = []
    for number in range(count):
        chance = Random(number)
        found.append(left_by(Folder({"it": node}), fate_of(number, chance), chance))
    return found


def test_a_write_that_was_not_synced_is_lost_kept_or_torn() -> None:
    file = File(OLD, [Write(0, NEW)])
    found = {state["it"] for state in states(file)}
    assert {OLD, NEW} <= found
    assert len(found) > 10
    assert all(
        content[start : start + SECTOR] in (OLD[:SECTOR], NEW[:SECTOR])
        for content in found
        if content is not None
        for start in range(0, len(OLD), SECTOR)
    )


def test_writes_do_not_wait_for_each_other() -> None:
    file = File(OLD, [Write(0, NEW[:SECTOR]), Write(SECTOR, NEW[:SECTOR])])
    found = {state["it"] for state in states(file)}
    assert OLD[:SECTOR] + NEW[:SECTOR] + OLD[: 2 * SECTOR] in found


def test_a_sector_never_holds_a_later_write_without_the_earlier_one() -> None:
    """Both went through the same page of memory."""
    file = File(b"....", [Write(0, b"1"), Write(2, b"2")])
    assert {state["it"] for state in states(file)} == {b"....", b"1...", b"1.2."}


def test_a_file_that_grew_is_short_or_ends_in_zeros() -> None:
    file = File(b"", [Write(0, NEW)])
    found = {state["it"] for state in states(file)}
    assert {b"", bytes(len(NEW)), NEW} <= found


def test_a_file_that_was_cut_may_still_be_whole() -> None:
    file = File(OLD, [Resize(1), Write(0, b"n")])
    assert {state["it"] for state in states(file)} == {OLD, b"o", b"n"}


@pytest.mark.parametrize("fate", CORNERS)
def test_what_was_synced_survives(fate: Fate) -> None:
    file = File(OLD, [Write(0, NEW)])
    settle(file, list(file.pending))
    assert left_by(Folder({"it": file}), fate, Random(1)) == {"it": NEW}


def test_a_synced_file_may_still_have_no_name() -> None:
    folder = Folder({}, [Naming({"it": File(NEW)})])
    assert left_by(folder, CORNERS[0], Random(1)) == {}
    assert holds(folder) == {"it": NEW}


def test_a_name_means_the_old_file_or_the_new_one() -> None:
    old, new = File(b"old"), File(b"new")
    folder = Folder({"it": old}, [Naming({"draft": new}), Naming({"draft": None, "it": new})])
    found = [left_by(folder, Fate(None, 1), Random(number)) for number in range(50)]
    assert {state["it"] for state in found} == {b"old", b"new"}
    assert {"it": b"old", "draft": b"new"} in found
    assert {"it": b"new", "draft": b"new"} not in found


def test_names_of_one_folder_come_in_their_order() -> None:
    folder = Folder({}, [Naming({name: File()}) for name in "abc"])
    found = {"".join(left_by(folder, Fate(None, 1), Random(number))) for number in range(50)}
    assert found == {"", "a", "ab", "abc"}


def test_a_lost_folder_takes_everything_in_it() -> None:
    inner = Folder({"it": File(NEW)})
    outer = Folder({}, [Naming({"in": inner})])
    assert left_by(outer, CORNERS[0], Random(1)) == {}
