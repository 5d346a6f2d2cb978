"""A disk that refuses, gets full, or goes away: nothing more is sent, nothing answered is lost."""

from __future__ import annotations

import os
import re
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.cli_kit import read_results
from tests.chaos.figures import broken, note
from tests.chaos.level import seed, share
from tests.chaos.tracing.disk_points import (
    Refusal,
    Refused,
    ended_well,
    is_refused_well,
    refusals_of,
    refuse,
    refused_everywhere,
)
from tests.chaos.tracing.scene import AS_EVER, IN_FLIGHT, Scene
from tests.chaos.tracing.small_disk import needs_mounts, read_only, small_disk
from tests.chaos.tracing.spread import repeatable, spread
from tests.chaos.tracing.stage import stage
from tests.chaos.tracing.strace import needs_strace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from importer.sandbox import LoggedRequest
    from importer.verify import Violation
    from tests.acceptance.cli_kit import Finished
    from tests.chaos.tracing.command_lines import ForkServer, Life
    from tests.chaos.tracing.scene import Ground

    Stage = tuple[ForkServer, Ground]

REFUSALS = share(quick=4, full=160, report=320)
"""A run has some hundreds of writes and syncs: an even share of them; another seed has others."""
SHARDS = share(quick=1, full=16, report=40)
RECORDING = tuple(f"ledger:fdatasync:EIO:{n}+" for n in (16, 24, 26, 27, *range(11, 30)))
"""Commits while rows are under way; which of them hold an answer differs from run to run."""
PLANTED = {"fsync-error-ignored": "I1", "rescue-skipped": "I3"}
"""Bug -> what it breaks in one recording at least."""
KIB_OF_STATE = range(640, 64, -share(quick=1_000, full=40, report=16))
"""From room for half of the run down to room for nothing at all."""
PAGES_OF_RESULTS = (1, 2, 3, 4)[: share(quick=2, full=4, report=4)]
"""From no room beside the source up to room for everything; a tmpfs counts in pages."""
PACE = "20/s"
"""Slow enough that something can happen in between."""


@pytest.fixture(scope="module")
def plain(
    tmp_path_factory: pytest.TempPathFactory, make_row: Callable[..., dict[str, str]]
) -> Iterator[Stage]:
    """Return a server of command lines and the ground for them."""
    with stage(tmp_path_factory.mktemp("disks"), make_row) as ready:
        yield ready


@pytest.fixture(scope="module")
def refusals(plain: Stage) -> list[Refusal]:
    """Return what is to be refused: `CHAOS_POINT` alone, or an even share of all that can be."""
    needs_strace()
    named = os.environ.get("CHAOS_POINT")
    return [Refusal.parse(named)] if named else spread(refusals_of(*plain), REFUSALS, seed())


@pytest.mark.timeout(900)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_any_write_or_sync_may_fail_and_the_run_stops_and_ends_well_later(
    shard: int, plain: Stage, refusals: Sequence[Refusal]
) -> None:
    done = [refuse_well(refusal, plain) for refusal in refusals[shard::SHARDS]]
    # Two runs differ by a few calls, so the last one of a kind may be one too many.
    missed = [str(one.refusal) for one in done if not one.was_reached]
    assert len(missed) <= 1 + len(done) // 10, missed


@pytest.mark.timeout(180)
@pytest.mark.parametrize("bug", PLANTED)
def test_the_disk_faults_catch(bug: str, plain: Stage) -> None:
    needs_strace()
    assert any(
        violation.invariant == PLANTED[bug]
        for refusal in RECORDING
        for violation in refuse(Refusal.parse(refusal), *plain, bug).violations
    )


@pytest.mark.timeout(180)
@pytest.mark.parametrize("refusal", RECORDING[:4])
def test_nothing_is_caught_there_without_a_bug(refusal: str, plain: Stage) -> None:
    needs_strace()
    done = refuse_well(Refusal.parse(refusal), plain)
    assert done.was_reached
    assert done.code == 8


@pytest.mark.timeout(180)
@pytest.mark.parametrize("commits", [11, 14])
def test_an_answer_that_no_disk_takes_is_told_to_be_written_down(
    commits: int, plain: Stage
) -> None:
    """Ledger and rescue file fail together: what is left is standard error."""
    needs_strace()
    server, ground = plain
    scene = Scene(ground=ground, kind="nowhere", rows=12)
    before = len(ground.sandbox.requests())
    life = scene.live(server, "nowhere", refused_everywhere(scene, after_commits=commits))
    stopped = life.end()
    missing = answered(ground.sandbox.requests()[before:]) - ids_told(scene, stopped)
    note_fault([], lost=len(missing))
    assert stopped.code == 8
    assert not missing


@pytest.mark.timeout(180)
@pytest.mark.parametrize("kib", KIB_OF_STATE)
def test_a_state_folder_that_gets_full_stops_the_run_and_keeps_every_answer(
    kib: int, plain: Stage, tmp_path: Path
) -> None:
    needs_mounts()
    server, ground = plain
    with small_disk(tmp_path / "disk", kib) as disk:
        scene = Scene(ground=ground, kind="full", rows=12, state_dir=disk.path / "state")
        stopped, sent = run(scene, server)
        assert stopped.code == AS_EVER or is_refused_well(stopped, sent=len(sent)), stopped.err
        disk.mend()
        violations = scene.half_results() + ended_well(scene, server)
    note_fault(violations)
    assert not violations


@pytest.mark.timeout(180)
@pytest.mark.parametrize("pages", PAGES_OF_RESULTS)
def test_no_room_for_results_is_told_before_the_first_request_or_after_the_last(
    pages: int, plain: Stage, tmp_path: Path
) -> None:
    needs_mounts()
    server, ground = plain
    with small_disk(tmp_path / "disk", pages * os.sysconf("SC_PAGE_SIZE") // 1024) as disk:
        scene = Scene(ground=ground, kind="no-room", rows=12, source_dir=disk.path)
        stopped, sent = run(scene, server)
        if pages == 1:
            assert (stopped.code, sent) == (2, [])
        else:
            # What was sent has an unknown row, which weighs more than results that are missing.
            assert stopped.code == AS_EVER, stopped.err
            assert scene.results.exists() or "results can be written later" in stopped.err
        violations = scene.half_results()
        disk.mend()
        violations += ended_well(scene, server)
    note_fault(violations)
    assert not violations


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("place", "code"), [("state", 2), ("folder", 2), ("ledger", 8), ("results", 2)]
)
def test_a_place_that_is_read_only_sends_nothing(place: str, code: int, plain: Stage) -> None:
    """The state folder, that of this target, its ledger alone, or that of source and results."""
    needs_mounts()
    server, ground = plain
    scene = Scene(ground=ground, kind="read-only", rows=12, extra=("--limit", "3"))
    run(scene, server)
    scene.extra = ()
    places = {
        "state": scene.cli.state_dir,
        "folder": scene.ledger.path,
        "ledger": scene.ledger.database,
        "results": scene.source.parent,
    }
    with read_only(places[place]):
        stopped, sent = run(scene, server)
    assert stopped.code == code, stopped.err
    assert not sent
    violations = ended_well(scene, server)
    note_fault(violations)
    assert not violations


def remove_ledger(scene: Scene) -> None:
    scene.ledger.database.unlink()


def remove_folder(scene: Scene) -> None:
    while scene.ledger.path.exists():  # the run may put a file into it meanwhile
        shutil.rmtree(scene.ledger.path, ignore_errors=True)


def move_folder(scene: Scene) -> None:
    scene.cli.state_dir.rename(scene.cli.folder / "elsewhere")


@pytest.mark.timeout(180)
@pytest.mark.parametrize("take_away", [remove_ledger, remove_folder, move_folder])
def test_a_ledger_that_is_taken_away_under_way_stops_the_run(
    take_away: Callable[[Scene], None], plain: Stage
) -> None:
    """What was answered is in the results or on standard error, with its id."""
    server, ground = plain
    scene = Scene(ground=ground, kind="taken", rows=48, rate=PACE)
    before = len(ground.sandbox.requests())
    life = under_way(scene, server)
    take_away(scene)
    taken_s = time.time()
    stopped = life.end()
    sent = ground.sandbox.requests()[before:]

    assert stopped.code == 8, stopped.err
    assert sum(request.at > taken_s for request in sent) <= IN_FLIGHT + 1
    missing = answered(sent) - ids_told(scene, stopped)
    note_fault([], lost=len(missing))
    assert not missing


@pytest.mark.timeout(180)
def test_a_ledger_that_was_moved_carries_on_once_it_is_back(plain: Stage) -> None:
    server, ground = plain
    scene = Scene(ground=ground, kind="moved", rows=48, rate=PACE)
    life = under_way(scene, server)
    move_folder(scene)
    assert life.end().code == 8
    shutil.rmtree(scene.cli.state_dir, ignore_errors=True)
    (scene.cli.folder / "elsewhere").rename(scene.cli.state_dir)
    violations = ended_well(scene, server)
    note_fault(violations)
    assert not violations


@pytest.mark.timeout(180)
def test_a_ledger_that_was_removed_is_missed_by_the_next_run(plain: Stage) -> None:
    server, ground = plain
    scene = Scene(ground=ground, kind="removed", rows=6)
    run(scene, server)
    remove_ledger(scene)
    refused, sent = run(scene, server)
    assert refused.code == 8
    assert not sent
    note_fault([])


def under_way(scene: Scene, server: ForkServer) -> Life:
    """Start the command, and return when it has sent some rows."""
    before = scene.ground.sandbox.counts()["requests"]
    life = scene.live(server, "under-way")
    while scene.ground.sandbox.counts()["requests"] < before + 6:
        assert life.is_alive
        time.sleep(0.005)
    return life


def run(scene: Scene, server: ForkServer) -> tuple[Finished, list[LoggedRequest]]:
    """Run the command to its end; return it with the booking requests that it sent."""
    before = len(scene.ground.sandbox.requests())
    finished = scene.live(server, "run").end()
    return finished, scene.ground.sandbox.requests()[before:]


def answered(requests: Sequence[LoggedRequest]) -> set[int]:
    """Return the ids of the bookings that the server told."""
    told = [request for request in requests if request.status == 200 and request.fault is None]
    return {request.booking_id for request in told if request.booking_id is not None}


def ids_told(scene: Scene, ended: Finished) -> set[int]:
    """Return the ids of the bookings that a person can find in results or messages."""
    found = {int(number) for number in re.findall(r"booked (\d+)", ended.err)}
    shown = read_results(scene.results) if scene.results.exists() else {}
    return found | {int(row["booking_id"]) for row in shown.values() if row["booking_id"]}


def refuse_well(refusal: Refusal, plain: Stage) -> Refused:
    """Run with a disk that refuses; note the figures, and have no promise broken."""
    with repeatable(refusal, "test_disk_faults.py"):
        done = refuse(refusal, *plain)
        note_fault(done.violations, cases=int(done.was_reached))
        assert not done.violations
    return done


def note_fault(violations: Sequence[Violation], *, cases: int = 1, lost: int = 0) -> None:
    """Add the figures of one case; `lost` are answers that neither results nor messages tell."""
    invariants = [*(violation.invariant for violation in violations), *["I3"] * lost]
    note("disk faults", cases=cases, **broken(invariants))
