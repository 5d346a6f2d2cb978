"""Inputs a little beside the seeds: what the tests try where no fuzzer is installed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fuzz.target import Target

_MOST_CHANGES = 4


def mutations(target: Target, count: int, *, seed: int) -> Iterator[bytes]:
    """Yield so many inputs; the same seed makes the same ones."""
    chance = random.Random(f"{target.name} {seed}")
    seeds = list(target.seeds())
    for _ in range(count):
        content = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, _MOST_CHANGES)):
            _change(content, target, seeds, chance)
        yield bytes(content)


def _change(content: bytearray, target: Target, seeds: list[bytes], chance: random.Random) -> None:
    """Change one place: a bit, a word put in, a stretch taken out or put in from elsewhere."""
    at = chance.randrange(len(content) + 1)
    match chance.randrange(5):
        case 0 if content:
            content[at % len(content)] ^= 1 << chance.randrange(8)
        case 1:
            del content[at : at + chance.randint(1, 8)]
        case 2:
            content[at:at] = content[at : at + chance.randint(1, 16)]
        case 3:
            other = chance.choice(seeds)
            begin = chance.randrange(len(other) + 1)
            content[at:at] = other[begin : begin + chance.randint(1, 32)]
        case _:
            content[at:at] = chance.choice(target.words)
