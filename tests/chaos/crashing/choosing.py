"""Which of the hooks that a life passed are crashed at: spread over its length, by the seed."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

from tests.chaos.level import seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.chaos.crashing.client import Passed
    from tests.chaos.crashing.hooks import Hook

_WHERE_IT_HURTS = (
    "disk.",
    "network.",
    "api.client.",
    "api.connection.",
    "ledger.changes.",
    "ledger.opening.",
    "ledger.writer.",
    "posting.records.",
    "posting.sender.",
    "results.atomic.",
)
"""What writes, sends or receives: half of all crashes are here."""


def spread(passed: Sequence[Passed], most: int, salt: str) -> list[Hook]:
    """Return at most so many hooks, each of another function or event, at some occurrence.

    Args:
        passed: What a life passed, in its order.
        most: How many hooks.
        salt: So that another sweep of the same seed takes others.
    """
    chance = Random(f"{seed()} {salt}")
    sore = [hook for hook in passed if hook.name.startswith(_WHERE_IT_HURTS)]
    calm = [hook for hook in passed if not hook.name.startswith(_WHERE_IT_HURTS)]
    picked = _evenly(sore, (most + 1) // 2, chance)
    picked += _evenly(calm, most - len(picked), chance)
    return [hook.hook(chance.choice(_occurrences(hook.count))) for hook in picked]


def _evenly(hooks: Sequence[Passed], most: int, chance: Random) -> list[Passed]:
    """Return one hook of each of `most` equal stretches."""
    if len(hooks) <= most:
        return list(hooks)
    edges = [len(hooks) * number // max(1, most) for number in range(most + 1)]
    return [chance.choice(hooks[start:end]) for start, end in pairwise(edges)]


def _occurrences(count: int) -> list[int]:
    """Return the first, the middle and the last."""
    return sorted({1, (count + 1) // 2, count})
