"""Whatever goes wrong, patients stand in source, spool and results, and nowhere else."""

from __future__ import annotations

import json
import random
import re
import resource
import signal
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from importer.sandbox import BODY_FAULTS, SPECIAL_STATUSES, WIRE_FAULTS
from tests.chaos.canaries import BAD, SECRET, found_in, leaks_under, patient
from tests.chaos.figures import note
from tests.chaos.level import LEVEL, seed, share
from tests.chaos.process_kit import opened_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.acceptance.cli_kit import Finished, Running
    from tests.chaos.process_kit import Place, Scene

pytestmark = pytest.mark.timeout(300)

IN_A_RUN = 9
SLOW = {
    "commit-then-hang": ",seconds=0.2",
    "stall-after-headers": ",seconds=0.2",
    "drip": ",seconds=0",
}
FAULTS = [
    *(name + SLOW.get(name, "") for name in [*WIRE_FAULTS, *BODY_FAULTS, *SPECIAL_STATUSES]),
    *(str(status) for status in range(400, 600)),
]
SHARDS = share(quick=2, full=-(-len(FAULTS) // IN_A_RUN), report=-(-len(FAULTS) // IN_A_RUN))
WRITING_RESULTS = "xlsx.py:text:300"
MOMENTS = {
    "reading": "table.py:chunks:1",
    "planning": "planning.py:finish:1",
    "sending": "sender.py:_post_claimed:12",
    "summing up": "ending.py:_write_summary:1",
}
PATIENTS = 24
CORES = [signal.SIGQUIT, signal.SIGABRT][: share(quick=1, full=2, report=2)]
KILLS = share(quick=1, full=40, report=60)


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory, make_row: Callable[..., dict[str, str]]
) -> Iterator[Place]:
    """Return a sandbox that quotes what it is sent, and a process that forks command lines."""
    folder = tmp_path_factory.mktemp("canary")
    with opened_place(folder, make_row, client_secret=SECRET, dialect="v2") as opened:
        yield opened


def search(scene: Scene, *finished: Finished, is_counted: bool = True) -> None:
    """Search what was printed, every file, and the server's log of methods and paths."""
    leaks = leaks_under(scene.folder)
    for number, one in enumerate(finished, start=1):
        for stream, text in (("out", one.out), ("err", one.err)):
            if found_in(text.encode()):
                leaks[f"{stream} of command {number}"] = found_in(text.encode())
    log = scene.place.sandbox.log_path
    if found_in(log.read_bytes()):
        leaks[log.name] = found_in(log.read_bytes())
    if is_counted:
        note("canary searches", cases=1, leaks=len(leaks))
    assert leaks == {}, f"CHAOS={LEVEL.value} CHAOS_SEED={seed()}"


def chosen_faults(shard: int) -> list[str]:
    """Return the faults of one run; each seed mixes them anew."""
    mixed = random.Random(seed()).sample(FAULTS, len(FAULTS))
    return mixed[shard * IN_A_RUN : (shard + 1) * IN_A_RUN]


@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_answer_of_a_server_makes_a_patient_known(shard: int, place: Place) -> None:
    """Between two faults an answer is right, so that the run does not stop before the last."""
    faults = chosen_faults(shard)
    scene = place.scene_of([patient(n) for n in range(3 * IN_A_RUN)], in_flight="1", deadline_s="2")
    place.sandbox.reset()
    for fault in faults:
        place.sandbox.fault_next("latency,seconds=0", 1)
        place.sandbox.fault_next(fault, 1)
    ran = [scene.run("run", scene.source, "-vv", *more) for more in ((), ("--json",))]
    told = scene.run("status", "--json")

    assert {one.code for one in ran} <= {0, 1, 2, 4, 5, 6}, faults
    search(scene, *ran, told)


def test_no_cell_that_is_refused_is_shown(place: Place) -> None:
    """Each kind of field holds what it may not: the run is held, then goes without them."""
    rows = [patient(n) | {heading: bad} for n, (heading, bad) in enumerate(BAD.items())]
    scene = place.scene_of([*rows, *(patient(n) for n in range(40, 50))])
    place.sandbox.reset()
    checked = scene.run("check", scene.source, "--json")
    held = scene.run("run", scene.source, "-vv")
    sent = scene.run("run", scene.source, "-vv", "--only-valid", "--json")

    assert (checked.code, held.code, sent.code) == (1, 3, 1)
    counts = json.loads(sent.out.splitlines()[-1])
    assert counts["invalid"] >= len(BAD) - 2  # a name may hold nearly anything
    assert counts["booked"] >= 10
    search(scene, checked, held, sent)


@pytest.mark.parametrize("moment", [*MOMENTS][: share(quick=3, full=4, report=4)])
def test_a_kill_leaves_nothing_where_nobody_looks(moment: str, place: Place) -> None:
    killed(MOMENTS[moment], place)


@pytest.mark.parametrize("number", range(KILLS))
def test_a_kill_at_any_instant_leaves_nothing_where_nobody_looks(number: int, place: Place) -> None:
    killed(random.Random(f"{seed()} {number}").randrange(1, 10_000), place)


def killed(at: str | int, place: Place, bug: str | None = None) -> None:
    """Search after a kill at this call, and after the same command once more."""
    scene = place.scene_of([patient(n) for n in range(PATIENTS)])
    place.sandbox.reset()
    dead = scene.run("run", scene.source, "-vv", moments=[(at, signal.SIGKILL)], bug=bug)
    if isinstance(at, str):
        assert dead.code == -signal.SIGKILL
    search(scene, dead, is_counted=bug is None)
    assert scene.run(bug=bug).code in {0, 6}
    search(scene, is_counted=bug is None)


def test_a_full_disk_makes_no_patient_known(place: Place) -> None:
    scene = place.scene_of([patient(n) for n in range(PATIENTS)])
    place.sandbox.reset()
    codes = set()
    for most_bytes in (2_000, 100_000, 160_000)[: share(quick=2, full=3, report=3)]:
        full = scene.run("run", scene.source, "-vv", most_bytes=most_bytes)
        codes.add(full.code)
        search(scene, full)
    assert codes <= {0, 2, 6, 8}
    assert codes & {2, 8}


def test_a_bug_report_quotes_nobody(place: Place) -> None:
    scene = place.scene_of([patient(n) for n in range(10)])
    place.sandbox.reset()
    broken = scene.run("run", scene.source, "-vv", bug="crash-with-a-patient")

    assert broken.code == 70
    (report,) = scene.cli.state_dir.rglob("bug-*.txt")
    assert "ValueError" in report.read_text("utf-8")
    search(scene, broken)


@pytest.mark.parametrize("bug", [None, "body-in-log", "temp-in-tmpdir"])
def test_the_canary_sees_the_bug(bug: str | None, place: Place) -> None:
    """As above, while the results are being written."""
    is_leak = pytest.raises(AssertionError, match="CHAOS_SEED")
    with nullcontext() if bug is None else is_leak:
        killed(WRITING_RESULTS, place, bug)


@pytest.mark.parametrize("number", CORES)
def test_no_core_file_and_no_argument_shows_anybody(number: signal.Signals, place: Place) -> None:
    """As people start it: a forked process has the arguments of another."""
    scene = place.scene_of([patient(n) for n in range(20)])
    place.sandbox.reset()
    place.sandbox.fault_next("latency,seconds=1", 20)
    soft = resource.getrlimit(resource.RLIMIT_CORE)[1]
    running = scene.cli.start("run", scene.source, "-vv")
    resource.prlimit(running.process.pid, resource.RLIMIT_CORE, (soft, soft))
    before = scene.requests()
    seen = watched(running, lambda: scene.requests() > before + 2)
    limits = Path(f"/proc/{running.process.pid}/limits").read_text("ascii")
    running.process.send_signal(number)
    finished = running.finish()

    assert finished.code == -number
    assert re.search(r"^Max core file size\s+0\s+0\s", limits, re.MULTILINE)
    assert [path for path in scene.folder.rglob("*core*") if path.is_file()] == []
    assert found_in(b"\n".join(seen)) == []
    search(scene, finished)


def watched(running: Running, is_so: Callable[[], bool]) -> set[bytes]:
    """Return the command lines of a process and its children, until something is so."""
    pid = running.process.pid
    seen = set()
    while not is_so():
        assert running.process.poll() is None
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
        for one in (str(pid), *children):
            seen.add(Path(f"/proc/{one}/cmdline").read_bytes())
        time.sleep(0.01)
    return seen
