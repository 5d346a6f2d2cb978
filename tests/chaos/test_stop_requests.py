"""SIGTERM, SIGINT and SIGHUP at any instant of a run, once and twice: it ends, and carries on."""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.chaos.level import LEVEL, Level, seed, share
from tests.chaos.process_kit import IN_FLIGHT, note_cases, opened_place, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.verify import Violation
    from tests.acceptance.cli_kit import Finished
    from tests.chaos.process_kit import Place, Scene

pytestmark = pytest.mark.timeout(300)

SHARDS = share(quick=1, full=16, report=40)
INSTANTS = share(quick=8, full=160, report=240)
TWICE = share(quick=2, full=40, report=60)
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
STOPPED = {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGHUP: 143}
MOST_UNKNOWN = IN_FLIGHT + 5


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory, make_row: Callable[..., dict[str, str]]
) -> Iterator[Place]:
    """Return a sandbox that takes its time, and a process that forks command lines."""
    with opened_place(tmp_path_factory.mktemp("stops"), make_row, latency_s=0.01) as opened:
        yield opened


@pytest.fixture(scope="module")
def calls(place: Place) -> int:
    """Return how many calls of our functions a run has: each is an instant."""
    life = place.scene().start()
    assert life.end().code == 0
    return life.calls


def instants(shard: int, most: int, calls: int) -> list[tuple[int, signal.Signals]]:
    """Return the instants of a shard, spread over the run; another seed takes others."""
    named = os.environ.get("CHAOS_INSTANT")
    if named:
        call, number = named.split(":")
        return [(int(call), signal.Signals(int(number)))] if shard == 0 else []
    chance = random.Random(f"{seed()} {most}")
    spread = [int((n + chance.random()) * calls / most) + 1 for n in range(most)]
    return [(call, SIGNALS[n % 3]) for n, call in enumerate(spread)][shard::SHARDS]


def repeat_with(call: int, number: int) -> str:
    """Return the line that comes back to one instant."""
    line = f"CHAOS={LEVEL.value} CHAOS_SEED={seed()} CHAOS_INSTANT={call}:{int(number)}"
    return f"{line} make test T=tests/chaos/test_stop_requests.py"


def broken_by(scene: Scene, stopped: Finished, code: int, **told: object) -> list[Violation]:
    """Return every promise that one stopped life, and the one after it, have broken."""
    words = Counter(scene.statuses())
    # Until `main` hears signals, the system itself obeys them: nothing has begun by then.
    is_unheard = stopped.code == 128 - code and not words
    assert is_unheard or stopped.code == (6 if words["unknown"] else code), stopped.err
    if words["not sent"] or words["unknown"]:
        assert stopped.summary["exit_code"] == stopped.code
    return scene.carries_on(stopped, most_unknown=MOST_UNKNOWN, **told)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_one_request_to_stop_leaves_nothing_unknown_and_the_same_command_carries_on(
    shard: int, place: Place, calls: int
) -> None:
    for call, number in instants(shard, INSTANTS, calls):
        scene = place.scene()
        before = scene.requests()
        life = scene.start(moments=[(call, number)])
        stopped = life.end()
        where = f"at {life.place}: {repeat_with(call, number)}"
        assert scene.statuses() or scene.requests() == before, where
        broken = broken_by(scene, stopped, STOPPED[number], were_answers_read=True)
        note_cases(1, broken, unknown=scene.statuses().count("unknown"))
        assert broken == [], where
        assert set(scene.statuses()) <= {"booked", "skipped"}, where


@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_second_request_does_not_wait_and_only_what_was_in_flight_is_unknown(
    shard: int, place: Place, calls: int
) -> None:
    chance = random.Random(f"{seed()} twice {shard}")
    for call, number in instants(shard, TWICE, calls):
        scene = place.scene()
        life = scene.start(moments=[(call, number), (call + chance.randrange(1, 400), number)])
        broken = broken_by(scene, life.end(), STOPPED[number])
        unknown = scene.statuses().count("unknown")
        note_cases(1, broken, unknown=unknown)
        where = f"at {life.place}: {repeat_with(call, number)}"
        assert broken == [], where
        assert unknown <= IN_FLIGHT, where


@pytest.mark.skipif(LEVEL is Level.QUICK, reason="it takes the 20 seconds that answers are given")
def test_a_stop_is_obeyed_within_half_a_minute_although_nobody_answers(place: Place) -> None:
    scene = place.scene()
    before = scene.requests()
    place.sandbox.fault_next("latency,seconds=0", 4)
    place.sandbox.fault_next("commit-then-hang,seconds=300", IN_FLIGHT)
    life = scene.start()
    wait_until(lambda: scene.requests() >= before + 1 + 4 + IN_FLIGHT, life)
    life.send(signal.SIGTERM)

    stopped = life.end(timeout_s=30)

    assert stopped.counts["unknown"] == IN_FLIGHT
    broken = broken_by(scene, stopped, 143)
    note_cases(1, broken, unknown=IN_FLIGHT)
    assert broken == []


@pytest.mark.parametrize("n", range(share(quick=1, full=12, report=32)))
def test_a_command_that_is_still_importing_stops_without_a_traceback(n: int, place: Place) -> None:
    """The forked ones have imported everything already: these are started as people start them."""
    scene = place.scene()
    running = scene.cli.start("run", scene.source)
    number = SIGNALS[n % 3]
    status = Path(f"/proc/{running.process.pid}/status")
    wait_until(lambda: is_heard(status))
    time.sleep(random.Random(f"{seed()} {n}").uniform(0, 0.7))
    before = scene.requests()
    running.process.send_signal(number)

    stopped = running.finish(timeout_s=30)

    assert stopped.code == STOPPED[number], stopped.err
    assert scene.requests() == before or scene.statuses()
    broken = scene.carries_on(stopped, most_unknown=MOST_UNKNOWN, were_answers_read=True)
    note_cases(1, broken)
    assert broken == []


LATE = (
    "ending.py:_write_summary:1",
    "ending.py:_note_end:1",
    "ledger.py:__exit__:1",
    "run.py:_print:1",
)
"""Everything has been sent; what became of it is being told."""


@pytest.mark.parametrize("moment", LATE)
@pytest.mark.parametrize("unknown", [0, 1])
def test_a_request_that_comes_too_late_changes_nothing_that_is_told(
    unknown: int, moment: str, place: Place
) -> None:
    scene = place.scene(5)
    place.sandbox.fault_next("commit-then-drop", unknown)

    stopped = scene.run(moments=[(moment, signal.SIGTERM)])

    assert stopped.code == (6 if unknown else 143), stopped.err
    assert stopped.summary["rows_in"] == 5
    assert stopped.summary["booked"] == 5 - unknown
    assert f"5 in = {5 - unknown} booked" in stopped.out
    assert len(scene.statuses()) == 5


def test_a_request_that_comes_while_another_is_obeyed_does_not_change_the_exit_code(
    place: Place,
) -> None:
    scene = place.scene()
    moments = [("table.py:chunks:1", signal.SIGTERM), ("failures.py:exit_for:1", signal.SIGHUP)]

    assert scene.run(moments=moments).code == 143
    assert scene.run("check", scene.source, moments=moments).code == 143


def test_the_next_file_is_not_started_although_the_last_answer_was_there(place: Place) -> None:
    scene = place.scene(3)
    other = scene.write("other.csv", place.patients(2))

    stopped = scene.run(
        "run", scene.source, other, moments=[("client.py:__aexit__:1", signal.SIGTERM)]
    )

    assert stopped.code == 143
    assert "Not started: other.csv" in stopped.err
    assert scene.statuses() == ["booked"] * 3


def test_a_demo_stops_as_a_whole(place: Place) -> None:
    scene = place.scene(3)
    other = scene.write("other.csv", place.patients(2))

    stopped = scene.run(
        "demo", scene.source, other, moments=[("sender.py:_post_claimed:1", signal.SIGTERM)]
    )

    assert stopped.code == 143
    assert "not sent" in stopped.out
    assert other.name not in stopped.out + stopped.err


def is_heard(status: Path) -> bool:
    """Return whether a process hears SIGTERM: before, a signal is for Python alone."""
    caught = re.search(r"^SigCgt:\s*(\w+)", status.read_text("ascii"), re.MULTILINE)
    return caught is not None and bool(int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)
