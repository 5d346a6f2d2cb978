"""How many bookings may leave in a span of time, as people write it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

_SECONDS = {"s": 1, "sec": 1, "min": 60, "m": 60, "h": 3600}
_FORM = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,4})?)\s*/\s*(s|sec|min|m|h)")
_FASTEST_PER_S = 10_000
_UNLIMITED = "none"
_EXPECTED = "write it as 2/s, 10/min or 100/h; `none` only for a server on this machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """At most `count` requests in any `window_s` seconds.

    A count below one is written as one in a longer window: `0.5/s` is one in two seconds.
    """

    count: int
    window_s: float

    @property
    def per_s(self) -> float:
        """Return the requests a second that this comes to."""
        return self.count / self.window_s

    def __str__(self) -> str:
        """Return it as it may be written in a setting, such as `50/s`."""
        for unit, seconds in (("s", 1), ("min", 60), ("h", 3600)):
            if self.window_s == seconds:
                return f"{self.count}/{unit}"
        return f"{float(f'{self.per_s:.4g}'):g}/s"


def parse_rate(text: str) -> Rate | None:
    """Return the rate that `text` writes, or None for `none`, which means no limit.

    Raises:
        ValueError: It is not a rate; the message says how to write one.
    """
    word = text.strip().lower()
    if word == _UNLIMITED:
        return None
    match = _FORM.fullmatch(word)
    if match is None:
        raise ValueError(_EXPECTED)
    count = Fraction(Decimal(match[1]))
    rate = Rate(count=count.numerator, window_s=float(_SECONDS[match[2]] * count.denominator))
    if not rate.count:
        raise ValueError("a rate of nothing sends nothing; " + _EXPECTED)
    if rate.per_s > _FASTEST_PER_S:
        raise ValueError(f"more than {_FASTEST_PER_S}/s is more than this program can pace")
    return rate


def rate_text(rate: Rate | None) -> str:
    """Return the rate as it may be written in a setting; `none` for no limit."""
    return _UNLIMITED if rate is None else str(rate)
