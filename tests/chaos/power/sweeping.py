"""Many disk states of one tape, each judged; what is broken comes with the line that repeats it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from tests.chaos.level import seed
from tests.chaos.power.carrying_on import violations_by_carrying_on
from tests.chaos.power.checking import violations_by_opening, violations_by_sqlite
from tests.chaos.power.disk import fate_of, is_mapped, left_by
from tests.chaos.power.facts import instants_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.verify import Violation
    from tests.chaos.power.disk import Image
    from tests.chaos.power.facts import Instant
    from tests.chaos.power.recording import Tape


@dataclass(slots=True, kw_only=True)
class Swept:
    """What a sweep has seen."""

    instants: int = 0
    states: int = 0
    """Different ones of each instant; one that came up twice counts once."""
    opened: int = 0
    carried_on: int = 0
    violations: list[tuple[Violation, str]] = field(default_factory=list)
    """With the command that repeats each."""

    @property
    def promises(self) -> Counter[str]:
        """Return how many states broke each promise."""
        return Counter(name for name, _ in {(v.invariant, line) for v, line in self.violations})

    def told(self) -> str:
        """Return the first violations and how to see them again."""
        return "\n".join(f"{v.invariant}: {v.what}\n  {line}" for v, line in self.violations[:5])


def sweep(
    tape: Tape,
    wanted: Sequence[int],
    *,
    seeds: int,
    opens_every: int = 0,
    carries_on_every: int = 0,
) -> Swept:
    """Judge the states that `seeds` seeds make of each wanted instant.

    Args:
        tape: What was recorded.
        wanted: Instants of it.
        seeds: How many states of each instant, the same ones left out.
        opens_every: Each so manieth state is also opened by the importer; 0 is none.
        carries_on_every: Each so manieth state is also carried on; 0 is none.
    """
    swept = Swept()
    for instant in instants_of(tape, wanted):
        swept.instants += 1
        for number, image in _different_states(instant, seeds):
            swept.states += 1
            opens = _is_turn(swept.states, opens_every)
            carries_on = _is_turn(swept.states, carries_on_every)
            swept.opened += opens
            swept.carried_on += carries_on
            found = violations_of(
                image, instant, tape, number=number, opens=opens, carries_on=carries_on
            )
            line = (
                f"CHAOS_SEED={seed()} python -m tests.chaos.power {tape.folder} "
                f"{instant.at} {number}"
            )
            swept.violations += [(violation, line) for violation in found]
    return swept


def violations_of(
    image: Image, instant: Instant, tape: Tape, *, number: int, opens: bool, carries_on: bool
) -> list[Violation]:
    """Return what is broken in one state."""
    found = violations_by_sqlite(image, instant)
    if opens:
        found += violations_by_opening(image, instant)
    if carries_on:
        found += violations_by_carrying_on(image, instant, tape, resumes=number % 2 == 1)
    return found


def state_of(instant: Instant, number: int) -> Image:
    """Return the state that a seed makes of an instant."""
    chance = Random(f"{seed()} {instant.at} {number}")
    return left_by(instant.replay.disk, fate_of(number, chance), chance)


def _different_states(instant: Instant, seeds: int) -> Iterator[tuple[int, Image]]:
    seen = set()
    for number in range(seeds):
        image = state_of(instant, number)
        told = hash(tuple(item for item in image.items() if not is_mapped(item[0])))
        if told not in seen:
            seen.add(told)
            yield number, image


def _is_turn(count: int, every: int) -> bool:
    return every > 0 and count % every == 0
