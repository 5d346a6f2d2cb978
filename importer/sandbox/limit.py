"""A sliding-window limit, judged by arrival, and how a 429 words it."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from email.utils import formatdate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.sandbox.config import Limit, LimitHeaders

_KEPT_BEFORE_PRUNING = 4096


def most_in_window(times: Iterable[float], window_s: float) -> int:
    """Return the most `times` that any window of `window_s` holds, its end excluded."""
    ordered = sorted(times)
    most = first = 0
    for index, moment in enumerate(ordered):
        while moment - ordered[first] >= window_s:
            first += 1
        most = max(most, index - first + 1)
    return most


class SlidingLimit:
    """Lets at most so many requests through in any window of their arrivals."""

    def __init__(self, limit: Limit) -> None:
        """Start with an empty window."""
        self.limit = limit
        self._arrivals: list[float] = []

    def admits(self, arrived: float) -> bool:
        """Return whether a request that arrived then is within the limit, and count it."""
        fits = self._fits(arrived)
        if fits or self.limit.counts_refused:
            insort(self._arrivals, arrived)
            self._prune(arrived)
        return fits

    def wait_s(self, now: float) -> float:
        """Return the seconds from `now` until one more would be admitted."""
        if len(self._arrivals) < self.limit.requests:
            return 0.0
        freeing = self._arrivals[-self.limit.requests]
        return max(0.0, freeing + self.limit.window_s - now)

    def _fits(self, arrived: float) -> bool:
        """Return whether `arrived` may join, also when a later arrival was judged before it."""
        low = bisect_right(self._arrivals, arrived - self.limit.window_s)
        high = bisect_left(self._arrivals, arrived + self.limit.window_s)
        near = self._arrivals[low:high]
        if not near or arrived >= near[-1]:
            return len(near) < self.limit.requests
        return most_in_window([*near, arrived], self.limit.window_s) <= self.limit.requests

    def _prune(self, now: float) -> None:
        if len(self._arrivals) > _KEPT_BEFORE_PRUNING + 2 * self.limit.requests:
            oldest = bisect_left(self._arrivals, now - 2 * self.limit.window_s)
            kept = min(oldest, len(self._arrivals) - self.limit.requests)
            del self._arrivals[: max(0, kept)]


def limit_headers(
    dialect: LimitHeaders, *, wait_s: float, now: float, requests: int = 1, window_s: float = 1.0
) -> dict[str, str]:
    """Return the headers by which a 429 tells to wait `wait_s`, never less.

    Args:
        dialect: Whose headers.
        wait_s: How long to wait.
        now: Unix seconds.
        requests: The limit.
        window_s: Its window.
    """
    whole_s = max(1, math.ceil(wait_s))
    until = math.ceil(now + wait_s)
    match dialect:
        case "retry-after":
            return {"Retry-After": str(whole_s)}
        case "http-date":
            return {"Retry-After": formatdate(until, usegmt=True)}
        case "x-ratelimit":
            return {
                "X-RateLimit-Limit": str(requests),
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-Reset": str(until),
            }
        case "ratelimit":
            return {
                "RateLimit-Policy": f'"default";q={requests};w={math.ceil(window_s)}',
                "RateLimit": f'"default";r=0;t={whole_s}',
            }
        case "ratelimit-old":
            return {
                "RateLimit-Limit": str(requests),
                "RateLimit-Remaining": "0",
                "RateLimit-Reset": str(whole_s),
            }
        case "none":
            return {}
