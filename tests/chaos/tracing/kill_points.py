"""Every call at which a small run can be killed, and what is left of it afterwards."""

from __future__ import annotations

import signal
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.model import State
from importer.verify import Violation
from tests.chaos.tracing.scene import AS_EVER, IN_FLIGHT, Scene
from tests.chaos.tracing.strace import Tracing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.chaos.tracing.command_lines import ForkServer
    from tests.chaos.tracing.scene import Ground

_FIRST_THREAD = (
    "write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "renameat", "renameat2",
    "unlink", "unlinkat", "sendto", "recvfrom",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The n-th call of its kind.

    `first` counts the calls of the first thread, which reads, sends and writes results; `ledger`
    those on the ledger's files, `audit` those on its audit file, by whichever thread comes first
    to its n-th; `open` those of the first thread that open a file of the state folder or the
    results.
    """

    scope: str
    call: str
    n: int

    def __str__(self) -> str:
        """Return it as `CHAOS_POINT` takes it."""
        return f"{self.scope}:{self.call}:{self.n}"

    @classmethod
    def parse(cls, text: str) -> Point:
        """Return the point that `str` wrote."""
        scope, call, n = text.split(":")
        return cls(scope=scope, call=call, n=int(n))

    def tracing(self, scene: Scene) -> Tracing:
        """Return what kills a run of the scene at this point."""
        return _watched(scene)[self.scope].injecting(self.call, f"signal=SIGKILL:when={self.n}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """What came of one point."""

    point: Point
    was_reached: bool
    violations: list[Violation]
    unknown: int


def points_of(server: ForkServer, ground: Ground) -> list[Point]:
    """Return every point of a run that nobody kills, as a recording of each scope counts them."""
    return list(_points(server, ground))


def _points(server: ForkServer, ground: Ground) -> Iterator[Point]:
    for scope in _SCOPES:
        scene = Scene(ground=ground, kind="recorded")
        life = scene.live(server, "recorded", _watched(scene)[scope])
        assert life.end().code == AS_EVER
        seen = Counter((call.name, call.thread) for call in life.calls())
        most: Counter[str] = Counter()
        for (name, _), count in seen.items():
            most[name] = max(most[name], count)
        yield from (
            Point(scope=scope, call=name, n=n)
            for name in sorted(most)
            for n in range(1, most[name] + 1)
        )


_SCOPES = ("first", "ledger", "audit", "open")


def _watched(scene: Scene) -> dict[str, Tracing]:
    folder = scene.ledger
    ledger = (folder.database, folder.path / "ledger.db-wal")
    return {
        "first": Tracing(calls=_FIRST_THREAD, has_threads=False),
        "ledger": Tracing(calls=("pwrite64", "fdatasync"), paths=ledger),
        "audit": Tracing(calls=("openat", "write", "fsync"), paths=(folder.audit_file,)),
        "open": Tracing(calls=("openat",), paths=_opened(scene), has_threads=False),
    }


def _opened(scene: Scene) -> tuple[Path, ...]:
    folder = scene.ledger
    beside = (
        "ledger.db-wal", "draft.db", "draft.db-wal", "draft.db-journal",
        ".ledger.opening.json.tmp", ".ledger.key.tmp", "spool/answers.jsonl",
    )  # fmt: skip
    return (
        folder.path.parent,
        folder.path,
        folder.database,
        folder.lock_file,
        folder.key_file,
        folder.sidecar_file,
        folder.rescue_file,
        folder.spool,
        *(folder.path / name for name in beside),
        scene.source,
        scene.source.parent,
        scene.results,
    )


def kill_at(point: Point, server: ForkServer, ground: Ground, bug: str | None = None) -> Killed:
    """Kill a run at a point, run the same command to its end, and judge what is left.

    Args:
        point: Where.
        server: What starts both.
        ground: Where they are.
        bug: What is planted in both.
    """
    scene = Scene(ground=ground, kind="killed", bug=bug)
    first = scene.live(server, "killed", point.tracing(scene)).end()
    violations = scene.half_results()
    last = scene.live(server, "again").end()
    # One answer is lost anyway; what a kill cut off comes on top of it.
    evidence, found = scene.judged(most_unknown=IN_FLIGHT + 1)
    violations += found
    if last.code != AS_EVER:
        what = f"the same command ends with {last.code}, not {AS_EVER}: {last.err[-300:]}"
        violations.append(Violation(invariant="I8", what=what))
    return Killed(
        point=point,
        was_reached=first.code == -signal.SIGKILL,
        violations=violations,
        unknown=sum(row.state is State.UNKNOWN for row in evidence.ledger),
    )
