"""Several commands for one ledger: one works, the others are told, nobody is booked twice."""

from __future__ import annotations

import json
import signal
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from importer.verify import Violation
from tests.chaos.level import share
from tests.chaos.process_kit import note_cases, opened_place, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.chaos.process_kit import Life, Place, Scene

pytestmark = pytest.mark.timeout(180)

CROWD = 8


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory, make_row: Callable[..., dict[str, str]]
) -> Iterator[Place]:
    """Return a sandbox that takes its time, and a process that forks command lines."""
    with opened_place(tmp_path_factory.mktemp("two"), make_row, latency_s=0.1) as opened:
        yield opened


def holder_of(scene: Scene) -> int:
    """Return which process says that it holds the ledger, 0 when none does."""
    for lock in scene.cli.state_dir.glob("*/ledger.lock"):
        text = lock.read_text("utf-8")
        return int(json.loads(text)["pid"]) if text else 0
    return 0


def holder_among(crowd: Sequence[Life], scene: Scene) -> Life:
    """Return the life that holds the ledger, once one does."""
    while True:
        pid = holder_of(scene)
        for life in crowd:
            if life.pid == pid:
                return life
        time.sleep(0.002)


def has_sent_more_than(scene: Scene, so_far: int) -> bool:
    return scene.requests() > so_far


def sends(scene: Scene, before: int, life: Life) -> None:
    """Return when a run has sent some of its rows."""
    wait_until(lambda: scene.requests() >= before + 4, life)


def second_run_let_in(place: Place, bug: str | None) -> list[Violation]:
    """Return what is broken when a file is run again while its run is under way."""
    scene = place.scene(16)
    before = scene.requests()
    first = scene.start(bug=bug)
    sends(scene, before, first)

    second = scene.run(bug=bug)

    is_told = second.code == 7 and f"process {first.pid}, since " in second.err
    ended = first.end()
    broken = [] if is_told else [Violation(invariant="I1", what=f"let in: exit {second.code}")]
    if ended.counts != {"booked": 16}:
        broken.append(Violation(invariant="I3", what=f"the first was disturbed: exit {ended.code}"))
    return broken


@pytest.mark.parametrize("bug", [None, "lock-removed"])
def test_a_second_run_of_a_file_is_refused_at_once_and_disturbs_nothing(
    bug: str | None, place: Place
) -> None:
    broken = second_run_let_in(place, bug)
    if bug is None:
        note_cases(1, broken)
    assert bool(broken) == bool(bug), broken


@pytest.mark.parametrize("number", range(share(quick=1, full=12, report=24)))
def test_of_eight_processes_one_works_and_a_killed_one_gives_the_ledger_up(
    number: int, place: Place
) -> None:
    scene = place.scene(40)  # so many that none is through before it is killed
    before = scene.requests()
    crowd = [scene.start() for _ in range(CROWD)]
    for more in range(1 + number % 3):
        so_far = before + 2 * more
        wait_until(partial(has_sent_more_than, scene, so_far))
        killed = holder_among(crowd, scene)
        killed.send(signal.SIGKILL)
        wait_until(killed.is_over)
        crowd.append(scene.start())
    codes = [life.end().code for life in crowd]

    assert codes.count(-signal.SIGKILL) == 1 + number % 3
    assert set(codes) <= {-signal.SIGKILL, 0, 6, 7}
    assert holder_of(scene) == 0
    last = scene.run()
    broken = scene.judged(most_unknown=3 * (1 + number % 3))[1]
    note_cases(1, broken, unknown=last.counts.get("unknown", 0))
    assert last.code in {0, 6}, last.err
    assert broken == []


@pytest.mark.parametrize("number", range(share(quick=1, full=8, report=24)))
def test_two_files_that_share_rows_book_each_of_them_once(number: int, place: Place) -> None:
    """At once the second is told to wait; afterwards it skips what the first has booked."""
    scene = place.scene(8)
    shared = scene.source.read_text("utf-8").splitlines()[1:5]
    other = scene.write("other.csv", place.patients(3))
    with other.open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in shared[number % 2 :])
    before = scene.requests()
    first = scene.start()
    sends(scene, before, first)

    at_once = scene.run("run", other)
    ended = first.end()
    after = scene.run("run", other)

    assert (at_once.code, ended.code, after.code) == (7, 0, 0), after.err
    skipped = len(shared[number % 2 :])
    assert f"3 booked + {skipped} skipped" in after.out
    broken = scene.judged(were_answers_read=True)[1]
    note_cases(1, broken)
    assert broken == []
    assert place.sandbox.duplicates() == {}
