"""What must hold of the disk if the power fails at an instant of a tape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.chaos.power.checking import rows_in
from tests.chaos.power.disk import holds
from tests.chaos.power.strace_log import Moment
from tests.chaos.power.traffic import exchanges_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from random import Random

    from tests.chaos.power.checking import Booking
    from tests.chaos.power.recording import Tape
    from tests.chaos.power.replay import Replay
    from tests.chaos.power.traffic import Exchange

_ORDERING = frozenset({"fsync", "fdatasync", "rename"})
_NETWORK = frozenset({"sendto", "recvfrom"})
_MARKED_SHARE = 85
_OWN_FILES = "state/"
"""Judged by opening the ledger, whether they are renamed into place or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """One instant of a tape, with the disk as the model has it then."""

    at: int
    """How many events have happened."""
    replay: Replay
    left: Sequence[Exchange]
    """Booking requests whose first byte has left, and whose body left as a whole in the end."""
    whole_files: Mapping[str, Sequence[bytes | None]]
    """Path -> what may stand there: each version since the last that was promised."""
    booked: frozenset[Booking]
    """What the last command that ended had written down as booked."""


def instants_of(tape: Tape, wanted: Sequence[int]) -> Iterator[Instant]:
    """Yield the wanted instants of a tape in their order; each is good until the next is asked for.

    `wanted` are numbers of events that have happened by then.
    """
    exchanges = [exchange for exchange in exchanges_of(tape.events) if exchange.is_whole]
    replay = tape.replay()
    promised: dict[str, int] = {}
    booked: frozenset[Booking] = frozenset()
    asked = set(wanted)
    for at, event in enumerate(tape.events, 1):
        replay.step(event)
        if event.moment is Moment.EXIT:
            promised = {path: len(found) for path, found in replay.versions.items()}
            booked = rows_in(holds(replay.disk))[0].booked
        if at in asked:
            yield Instant(
                at=at,
                replay=replay,
                left=[exchange for exchange in exchanges if exchange.left_at < at],
                whole_files=_whole_files(replay, promised),
                booked=booked,
            )


def _whole_files(replay: Replay, promised: Mapping[str, int]) -> dict[str, list[bytes | None]]:
    found: dict[str, list[bytes | None]] = {}
    for path, versions in replay.versions.items():
        if not path.startswith(_OWN_FILES):
            told = promised.get(path, 0)
            found[path] = [*versions[told - 1 :]] if told else [None, *versions]
    return found


def chosen(tape: Tape, count: int, chance: Random, step: int | None = None) -> list[int]:
    """Return so many instants: every send, then those around syncs and answers, then any others.

    Args:
        tape: What was recorded.
        count: How many instants.
        chance: Decides which.
        step: Only instants of this command.
    """
    ends = [*tape.starts[1:], len(tape.events)]
    first, last = (0, ends[-1]) if step is None else (tape.starts[step], ends[step])
    every = set(range(first + 1, last + 1))
    sends = {exchange.left_at + 1 for exchange in exchanges_of(tape.events)} & every
    marked = sorted(_marked(tape) & every - sends)
    others = sorted(every - sends - set(marked))
    most = max(0, count - len(sends)) * _MARKED_SHARE // 100
    some = chance.sample(marked, min(most, len(marked)))
    more = chance.sample(others, max(0, count - len(sends) - len(some)))
    return sorted({*sends, *some, *more})


def _marked(tape: Tape) -> set[int]:
    """Return the instants around each sync, rename, message sent and message read."""
    found = set()
    for at, event in enumerate(tape.events, 1):
        call = event.call
        if event.moment is Moment.EXIT or (call is not None and call.name in _ORDERING):
            found |= {at, at - 1}
        elif call is not None and call.name in _NETWORK:
            found.add(at)
    return found - {0}
