"""Which of many points are tried, and how one is tried again."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T = TypeVar("T")

_GOLDEN = 0.618
"""Its multiples stay apart from each other, so that every seed takes points of its own."""


def spread(points: Sequence[T], most: int, seed: int) -> list[T]:
    """Return at most so many of the points, evenly spread; another seed takes others."""
    step = max(1.0, len(points) / most)
    start = (seed - 1) * _GOLDEN % step
    return [points[int(start + place * step)] for place in range(min(most, len(points)))]


@contextmanager
def repeatable(point: object, test: str) -> Iterator[None]:
    """Say of whatever goes wrong inside which command tries the point once more."""
    try:
        yield
    except Exception as error:
        error.add_note(f"repeat: CHAOS_POINT={point} make test T=tests/chaos/{test}")
        raise
