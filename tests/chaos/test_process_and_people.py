"""What machines and people do to a run: hang-ups, naps, lost readers, moved files, wrong clocks."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.cli_kit import read_results
from tests.chaos.level import seed, share
from tests.chaos.process_kit import IN_FLIGHT, note_cases, opened_place, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from importer.verify import Violation
    from tests.acceptance.cli_kit import Finished
    from tests.chaos.process_kit import Life, Place, Scene

pytestmark = pytest.mark.timeout(120)

ROWS = 12
HOUR_S = 3600.0
SENDING = "client.py:create_booking:3"
CLOCKS: Mapping[str, Mapping[str, object]] = {
    "back 1 h": {"at": SENDING, "by_s": -HOUR_S, "is_frozen": False},
    "forward 1 day": {"at": SENDING, "by_s": 24 * HOUR_S, "is_frozen": False},
    "frozen": {"at": SENDING, "by_s": 0.0, "is_frozen": True},
}
KINDS = share(quick=1, full=3, report=3)
FEW = share(quick=1, full=4, report=8)


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory, make_row: Callable[..., dict[str, str]]
) -> Iterator[Place]:
    """Return a sandbox that takes its time, and a process that forks command lines."""
    folder = tmp_path_factory.mktemp("people")
    with opened_place(folder, make_row, latency_s=0.05, keep_alive_s=1) as opened:
        yield opened


def sends(scene: Scene, before: int, life: Life | None = None) -> None:
    """Return when a run has sent some of its rows."""
    wait_until(lambda: scene.requests() >= before + 5, life)


def under_way(scene: Scene, **how: Any) -> Life:
    """Return a run that has sent some of its rows."""
    before = scene.requests()
    life = scene.start(**how)
    sends(scene, before, life)
    return life


def all_is_well(scene: Scene, ended: Finished, **told: object) -> None:
    """Judge a run that could come to its end, and the same command once more."""
    broken = scene.carries_on(ended, **told)
    note_cases(1, broken, unknown=scene.statuses().count("unknown"))
    assert broken == []


def booked_all(scene: Scene, ended: Finished) -> None:
    """A run that nothing could disturb has booked every row, and the same command books none."""
    assert ended.code == 0, ended.err
    assert Counter(scene.statuses()) == {"booked": ROWS}
    all_is_well(scene, ended, were_answers_read=True)


def test_a_run_under_nohup_outlives_its_terminal(place: Place) -> None:
    scene = place.scene(ROWS)
    life = under_way(scene, ignored=[signal.SIGHUP])
    life.send(signal.SIGHUP)
    booked_all(scene, life.end())


@pytest.mark.parametrize("number", range(FEW))
@pytest.mark.parametrize("is_suspended", [False, True], ids=["stopped", "suspended"])
def test_a_nap_longer_than_every_time_out_makes_no_row_go_twice(
    is_suspended: bool,  # noqa: FBT001 - a case
    number: int,
    place: Place,
) -> None:
    """Answers arrive meanwhile and connections close; a machine that slept finds another time."""
    scene = place.scene(ROWS, deadline_s="3")
    clock = {"at": SENDING, "by_s": 8 * HOUR_S, "is_frozen": False} if is_suspended else None
    life = under_way(scene, clock=clock)
    life.send(signal.SIGSTOP)
    if is_suspended:
        place.sandbox.expire_tokens()
    time.sleep(3.2 + number / 8)
    life.send(signal.SIGCONT)

    ended = life.end()

    # Each command may meet an outage of its own on a machine that is too busy for its deadline.
    most = 2 * (IN_FLIGHT + 5)
    # A token that is refused within a minute of its making ends a run; clocks of naps stand still.
    assert ended.code in ({0, 4, 6} if is_suspended else {0, 6}), ended.err
    all_is_well(scene, ended, most_unknown=most)


@pytest.mark.parametrize("number", range(FEW))
def test_the_out_of_memory_killer_leaves_a_ledger_that_carries_on(
    number: int, place: Place
) -> None:
    scene = place.scene(ROWS)
    chance = random.Random(f"{seed()} {number}")
    at = f"sender.py:_post_claimed:{chance.randrange(1, 3 * ROWS)}"
    ended = scene.run(moments=[(at, signal.SIGKILL)])
    assert ended.code == -signal.SIGKILL
    all_is_well(scene, ended, most_unknown=IN_FLIGHT + 5)


def test_a_reader_who_leaves_does_not_stop_a_run(place: Place) -> None:
    """As in `solv-import run visits.csv --json | head -1`."""
    scene = place.scene(ROWS)
    pipe = scene.folder / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    life = scene.start("run", scene.source, "--json", out=str(pipe))
    wait_until(lambda: _has_line(reader), life)
    os.close(reader)
    booked_all(scene, life.end())


def _has_line(reader: int) -> bool:
    try:
        return b"\n" in os.read(reader, 65536)
    except BlockingIOError:
        return False


@pytest.mark.parametrize("stream", ["both", "out", "err"][:KINDS])
@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "full"])
def test_streams_that_take_nothing_do_not_stop_a_run(
    is_closed: bool,  # noqa: FBT001 - a case
    stream: str,
    place: Place,
) -> None:
    """A ledger must not become standard error, and lost output is told where it can be."""
    lost = None if is_closed else "/dev/full"
    how = dict.fromkeys(["out", "err"] if stream == "both" else [stream], lost)
    scene = place.scene(ROWS)
    ended = scene.start("run", scene.source, "-v", **how).end()
    assert ended.code == (2 if not is_closed and "out" in how else 0), ended.err
    assert Counter(scene.statuses()) == {"booked": ROWS}
    all_is_well(scene, ended, were_answers_read=True)


def test_a_run_whose_shell_is_killed_comes_to_its_end(place: Place) -> None:
    scene = place.scene(ROWS)
    before = scene.requests()
    line = f"{sys.executable} -m importer run {scene.source} --json; true"
    with subprocess.Popen(
        ["/bin/sh", "-c", line],
        env=scene.cli.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as shell:
        sends(scene, before)
        shell.kill()
        assert shell.stdout is not None
        told = shell.stdout.read().decode()  # until the orphan ends
    assert re.search(rf'"booked": {ROWS}\b', told), told
    assert Counter(scene.statuses()) == {"booked": ROWS}
    note_cases(1, scene.judged(were_answers_read=True)[1])


@pytest.mark.parametrize("what", ["changed", "deleted", "replaced by a folder"][:KINDS])
def test_a_file_that_changes_during_its_run_is_booked_as_it_was(what: str, place: Place) -> None:
    scene = place.scene(ROWS)
    life = under_way(scene)
    original = scene.source.read_bytes()
    scene.source.unlink()
    if what == "changed":
        scene.write("visits.csv", place.patients(3))
    elif what == "replaced by a folder":
        scene.source.mkdir()

    ended = life.end()

    assert ended.code == 0, ended.err
    assert [row["status"] for row in read_results(scene.results).values()] == ["booked"] * ROWS
    if scene.source.is_dir():
        scene.source.rmdir()
    scene.source.write_bytes(original)
    all_is_well(scene, ended, were_answers_read=True)


@pytest.mark.parametrize("what", ["somebody's", "open", "a folder"][:KINDS])
def test_results_that_are_in_the_way_are_not_written_over(what: str, place: Place) -> None:
    scene = place.scene(ROWS)
    life = under_way(scene)
    if what == "a folder":
        scene.results.mkdir()
    else:
        scene.results.write_bytes(b"typed by a person")
    reader = scene.results.open("rb") if what == "open" else None

    ended = life.end()

    if reader is not None:
        with reader:
            assert reader.read() == b"typed by a person"
    elif what == "somebody's":
        assert scene.results.read_bytes() == b"typed by a person"
    assert ended.code in {0, 2}, ended.err
    if ended.code == 0:
        words = Counter(row["status"] for row in read_results(ended.results).values())
        assert words == {"booked": ROWS}
    else:
        assert "solv-import results" in ended.err
    if scene.results.is_dir():
        scene.results.rmdir()
    else:
        scene.results.unlink()
    again = scene.run()
    broken = scene.judged(were_answers_read=True)[1]
    note_cases(1, broken)
    assert (again.code, broken) == (0, [])


@pytest.mark.parametrize("which", [*CLOCKS][:KINDS])
def test_a_clock_that_jumps_neither_stops_a_run_nor_the_next_one(which: str, place: Place) -> None:
    """The first is stopped with the wrong time in its ledger; the next has the right time."""
    scene = place.scene(ROWS, rate="50/s")
    life = under_way(scene, clock=CLOCKS[which])
    life.send(signal.SIGTERM)
    stopped = life.end()
    assert stopped.code == 143, stopped.err
    all_is_well(scene, stopped, were_answers_read=True)


@pytest.mark.parametrize("number", range(FEW))
def test_tokens_that_expire_again_and_again_lose_nothing(number: int, place: Place) -> None:
    """A token refused within a minute of its making ends a run; the same command carries on."""
    scene = place.scene(ROWS)
    life = under_way(scene)
    place.sandbox.expire_tokens()
    ended = life.end()
    assert ended.code == 4, ended.err
    assert ended.counts["not_sent"] + ended.counts["booked"] == ROWS
    for _ in range(number % 2):
        place.sandbox.fault_next("expire-tokens")
        assert scene.run().code in {0, 4}
    all_is_well(scene, ended, were_answers_read=True)


def mid_send(place: Place, bug: str | None) -> list[Violation]:
    """Return what is broken by a stop while requests are in flight, and the next command."""
    scene = place.scene(ROWS)
    before = scene.requests()
    place.sandbox.fault_next("latency,seconds=0", 4)
    place.sandbox.fault_next("commit-then-hang,seconds=3", IN_FLIGHT)
    life = scene.start(bug=bug)
    wait_until(lambda: scene.requests() >= before + 1 + 4 + IN_FLIGHT, life)
    life.send(signal.SIGTERM)
    return scene.carries_on(life.end())


def twice_mid_send(place: Place, bug: str | None) -> list[Violation]:
    """Return what is broken by two stops while requests hang, and the next command."""
    scene = place.scene(ROWS)
    before = scene.requests()
    place.sandbox.fault_next("latency,seconds=0", 4)
    place.sandbox.fault_next("commit-then-hang,seconds=3", IN_FLIGHT)
    life = scene.start(bug=bug)
    wait_until(lambda: scene.requests() >= before + 1 + 4 + IN_FLIGHT, life)
    life.send(signal.SIGINT)
    time.sleep(0.2)
    life.send(signal.SIGINT)
    return scene.carries_on(life.end())


@pytest.mark.parametrize("is_planted", [False, True], ids=["plain", "planted"])
@pytest.mark.parametrize(
    ("bug", "story"),
    [("sigterm-kills-mid-send", mid_send), ("unknown-after-stop-is-ready", twice_mid_send)],
    ids=["sigterm-kills-mid-send", "unknown-after-stop-is-ready"],
)
def test_the_process_layer_sees_the_bug(
    bug: str,
    story: Callable[[Place, str | None], list[Violation]],
    is_planted: bool,  # noqa: FBT001 - a case
    place: Place,
) -> None:
    broken = story(place, bug if is_planted else None)
    assert ("I1" in {violation.invariant for violation in broken}) == is_planted, broken
