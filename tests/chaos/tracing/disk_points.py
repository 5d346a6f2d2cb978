"""Every write and sync that a disk can refuse, and what a run makes of the refusal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.verify import Violation
from tests.chaos.tracing.scene import AS_EVER, IN_FLIGHT, Scene
from tests.chaos.tracing.strace import Tracing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.acceptance.cli_kit import Finished
    from tests.chaos.tracing.command_lines import ForkServer
    from tests.chaos.tracing.scene import Ground
    from tests.chaos.tracing.strace import Call

_ROWS = 12
_KINDS = (("EIO", "+"), ("ENOSPC", ""), ("ENOSPC", "+"), ("EIO", ""))
"""Error, and whether it lasts: the writes take turns, the syncs, which are few, get all four."""
SCOPES = ("ledger", "audit", "beside", "folder", "first")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The n-th call of its kind is refused, or every one from it on.

    `ledger` counts calls on the ledger's files by whichever thread comes first to its n-th,
    `audit` the same on its audit file, `beside` on the files beside it, `folder` on the folder
    itself, `first` any of the thread that reads, sends and writes results: also on the spool and
    the results, whose names nobody can foretell, and on standard output and error, which may go to
    a full disk too.
    """

    scope: str
    call: str
    error: str
    when: str
    """`7`, or `7+` when it lasts."""

    def __str__(self) -> str:
        """Return it as `CHAOS_POINT` takes it."""
        return f"{self.scope}:{self.call}:{self.error}:{self.when}"

    @classmethod
    def parse(cls, text: str) -> Refusal:
        """Return the refusal that `str` wrote."""
        scope, call, error, when = text.split(":")
        return cls(scope=scope, call=call, error=error, when=when)

    def tracing(self, scene: Scene) -> Tracing:
        """Return what refuses the call."""
        what = f"error={self.error}:when={self.when}"
        return _watched(scene)[self.scope].injecting(self.call, what)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What came of one refusal."""

    refusal: Refusal
    was_reached: bool
    code: int
    violations: list[Violation]


def refusals_of(server: ForkServer, ground: Ground) -> list[Refusal]:
    """Return every refusal of a run whose disk is sound, as recordings of each scope count them."""
    return list(_refusals(server, ground))


def _refusals(server: ForkServer, ground: Ground) -> Iterator[Refusal]:
    for scope in SCOPES:
        scene = Scene(ground=ground, kind="recorded", rows=_ROWS)
        life = scene.live(server, "recorded", _watched(scene)[scope])
        assert life.end().code == AS_EVER
        for place, (call, n) in enumerate(_numbered(life.calls())):
            for error, lasts in _KINDS if "sync" in call else (_KINDS[place % len(_KINDS)],):
                yield Refusal(scope=scope, call=call, error=error, when=f"{n}{lasts}")


def _numbered(calls: Sequence[Call]) -> list[tuple[str, int]]:
    """Return each call with its number, as strace will count it: by thread."""
    seen: Counter[tuple[str, int]] = Counter()
    numbered: dict[tuple[str, int], None] = {}
    for call in calls:
        seen[call.name, call.thread] += 1
        numbered[call.name, seen[call.name, call.thread]] = None
    return list(numbered)


def _watched(scene: Scene) -> dict[str, Tracing]:
    folder = scene.ledger
    beside = ("draft.db", "draft.db-wal", "draft.db-journal", ".ledger.opening.json.tmp")
    files = (folder.rescue_file, folder.lock_file, folder.path / ".ledger.key.tmp")
    return {
        "ledger": Tracing(
            calls=("pwrite64", "fdatasync", "fsync", "ftruncate"),
            paths=(folder.database, folder.path / "ledger.db-wal", folder.path / "ledger.db-shm"),
        ),
        "audit": Tracing(calls=("write", "fsync"), paths=(folder.audit_file,)),
        "beside": Tracing(
            calls=("write", "pwrite64", "fsync", "fdatasync"),
            paths=(*(folder.path / name for name in beside), *files),
            has_threads=False,
        ),
        "folder": Tracing(
            calls=("fsync", "fdatasync"),
            paths=(folder.path, folder.spool, scene.source.parent),
            has_threads=False,
        ),
        "first": Tracing(calls=("write", "fsync"), has_threads=False),
    }


def refused_everywhere(scene: Scene, *, after_commits: int) -> Tracing:
    """Return what refuses the ledger from some commit on, and the rescue file once it is made."""
    folder = scene.ledger
    return Tracing(
        calls=("fdatasync", "fsync"),
        # The ledger is synced by the one, the rescue file by the other, first when it is made.
        injections=(f"fdatasync:error=EIO:when={after_commits}+", "fsync:error=EIO:when=2+"),
        paths=(folder.database, folder.path / "ledger.db-wal", folder.rescue_file),
    )


def refuse(refusal: Refusal, server: ForkServer, ground: Ground, bug: str | None = None) -> Refused:
    """Run with a disk that refuses, then with a sound one, and judge both.

    Args:
        refusal: What is refused.
        server: What starts both.
        ground: Where they are.
        bug: What is planted in both.
    """
    scene = Scene(ground=ground, kind="refused", rows=_ROWS, bug=bug)
    before = len(ground.sandbox.requests())
    life = scene.live(server, "refused", refusal.tracing(scene))
    first = life.end()
    refused = [call for call in life.calls() if call.is_refused]
    violations = scene.half_results()
    if refused:
        arrived = [request.at for request in ground.sandbox.requests()[before:]]
        late = sum(at_s > refused[0].at_s for at_s in arrived)
        violations += _stopped(scene, refusal, first, sent=len(arrived), late=late)
    violations += ended_well(scene, server)
    return Refused(
        refusal=refusal, was_reached=bool(refused), code=first.code, violations=violations
    )


def _stopped(
    scene: Scene, refusal: Refusal, first: Finished, *, sent: int, late: int
) -> Iterator[Violation]:
    """Yield what is wrong with how a run took a refusal: it stops, or nothing was lost by it."""
    is_whole = sent == _ROWS and first.code == AS_EVER
    is_told = is_refused_well(first, sent=sent)
    if not (is_whole or is_told):
        what = f"a refused disk ends with {first.code} after {sent}: {first.err[-300:]}"
        yield Violation(invariant="I8", what=what)
    if refusal.scope == "ledger" and late > IN_FLIGHT + 1:
        what = f"{late} requests arrived after the ledger was refused"
        yield Violation(invariant="I6", what=what)
    if is_whole and scene.results.exists():  # else they are written later
        yield from scene.judged(were_answers_read=True)[1]


def is_refused_well(ended: Finished, *, sent: int) -> bool:
    """Return whether a run said as it should that the disk is not sound.

    The ledger's disk is 8; that of the results is 2, and they are said to be missing when
    something had been sent.
    """
    return ended.code == 8 or (ended.code == 2 and (sent == 0 or "results" in ended.err))


def ended_well(scene: Scene, server: ForkServer) -> list[Violation]:
    """Run the same command with a sound disk, and return what is wrong with its end."""
    last = scene.live(server, "again").end()
    violations = scene.judged(were_answers_read=True)[1]
    if last.code != AS_EVER:
        what = f"the same command ends with {last.code}, not {AS_EVER}: {last.err[-300:]}"
        violations.append(Violation(invariant="I8", what=what))
    return violations
