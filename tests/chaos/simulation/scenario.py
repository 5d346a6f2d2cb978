"""What happens in one simulated run: everything follows from its seed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING

from importer.rate import parse_rate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.rate import Rate
    from importer.sandbox.config import LimitHeaders

BOOKING_FAULTS = (
    "reset",
    "commit-then-reset",
    "hang",
    "commit-then-hang",
    "commit-late",
    "stall-after-headers",
    "no-id",
    "202",
    "201",
    "401",
    "409",
    "421",
    "423",
    "425",
    "429",
    "500",
    "500-committed",
    "502",
    "503-retry-after",
    "504-committed",
    "gateway-forbidden",
    "expire-tokens",
)
"""What the server may do to a booking request instead of answering it as it should."""
OTHER_FAULTS = ("refused", "connect-hang", "hung-up", "token-500", "token-429", "token-lost")
"""What may happen to a connection, and to a sign-in."""
DIALECTS: tuple[LimitHeaders, ...] = (
    "retry-after",
    "http-date",
    "none",
    "x-ratelimit",
    "ratelimit",
    "ratelimit-old",
)

_FAST_RATES = ("20/s", "50/s", "100/s")
_RATES = ("2/s", "5/s", "10/s", "20/s", "50/s", "100/s", "0.5/s", "30/min", "90/min", "600/min")
_JITTERS_MS = (5, 20, 20, 50, 100)
_STEPS_WORTH_S = 2_500.0
"""Workers times seconds: who waits looks five times a second whether the run was stopped."""

_STEADY_ROWS, _STEADY_S = 45, 1.5
"""With so many more rows than there are workers, for so long, a calm run tells its pace.

Over a shorter time, one last request that leaves late would count for more than the pace.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """For a while the server answers every request with 429."""

    begins_s: float
    lasts_s: float
    wait_s: float
    headers: LimitHeaders = "retry-after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """The process ends so late after its start, or at so many of its steps, and starts again."""

    after_s: float = 0.0
    steps: int = 0
    """A step is a commit about to begin or just done, a request arriving, an answer read."""
    restart_s: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One run of one machine against one server.

    Units: seconds, from the start of the machine where they are moments.
    """

    seed: str
    rows: int = 20
    in_flight: int = 4
    rate_text: str = "none"
    jitter_ms: int = 20

    late_s: float = 0.0
    """By how much a sleep may end too late."""
    commit_s: float = 0.0
    """How long a commit may take."""
    connect_s: float = 0.0
    way_s: float = 0.05
    way_varies_s: float = 0.0
    """Less than the allowance, or no limit could be kept."""
    think_s: float = 0.1
    """How long the server may take for an answer."""

    faults: Mapping[str, float] = field(default_factory=dict)
    """Fault -> how likely it hits."""
    calm_s: float = float("inf")
    """When faults stop, if not with the last kill."""
    storms: tuple[Storm, ...] = ()
    outages: tuple[tuple[float, float], ...] = ()
    """From when to when every request and its answer are lost."""
    kills: tuple[Kill, ...] = ()
    signals: tuple[float, ...] = ()
    """When the first process is asked to end."""
    clock_jumps: tuple[tuple[float, float], ...] = ()
    """When the wall clock is set, and by how much."""
    token_told_s: int = 3600
    token_lasts_s: float = 3600.0
    """How long a token is really good."""
    has_second_file: bool = False
    refuses_share: float = 0.0
    """How many rows the server always refuses."""
    most_s: float = 500_000.0
    """An end must come before that."""

    @property
    def rate(self) -> Rate | None:
        """Return the limit of the server and the pace of the client."""
        return parse_rate(self.rate_text)

    @property
    def is_calm(self) -> bool:
        """Return whether nothing at all goes wrong."""
        return not (
            self.faults or self.storms or self.outages or self.kills or self.signals
            or self.clock_jumps or self.has_second_file
        ) and self.token_lasts_s >= self.token_told_s  # fmt: skip

    @property
    def keeps_its_clock(self) -> bool:
        """Return whether a new process can tell how long ago the last one sent something."""
        is_one_process = not (self.kills or self.signals or self.has_second_file)
        return is_one_process or all(by_s <= 0 for _, by_s in self.clock_jumps)


def scenario_of(seed: str) -> Scenario:
    """Return what a seed stands for; `7x5000` is seed 7 with 5,000 rows."""
    chance = Random(f"scenario {seed}")
    rows = int(seed.partition("x")[2] or 0)
    base = _long(chance, seed, rows) if rows else _base(chance, seed)
    kind = chance.choices((_calm, _outage, _stormy, _faulty, _stopped), (15, 10, 20, 45, 10))[0]
    return kind(chance, base)


def _base(chance: Random, seed: str) -> Scenario:
    in_flight = chance.choice((1, 1, 2, 3, 4, 8, 12, 16))
    rate_text = "none" if chance.random() < 0.15 else chance.choice(_RATES)
    rate = parse_rate(rate_text)
    most = 100 if rate is None else int(rate.per_s * _STEPS_WORTH_S / in_flight / 4)
    scenario = Scenario(
        seed=seed,
        rows=max(3, min(round(2 + 98 * chance.random() ** 3), most)),
        in_flight=in_flight,
        rate_text=rate_text,
        jitter_ms=chance.choice(_JITTERS_MS),
        way_s=chance.choice((0.0, 0.01, 0.08, 0.3)),
        think_s=chance.choice((0.0, 0.05, 0.4)),
        refuses_share=chance.choice((0.0, 0.0, 0.05)),
    )
    return _prompt(scenario) if chance.random() < 0.3 else _sluggish(chance, scenario)


def _long(chance: Random, seed: str, rows: int) -> Scenario:
    """Return a long file at a pace that ends on the day it begins."""
    rate_text = chance.choice(_FAST_RATES)
    in_flight = chance.choice((8, 16))
    return replace(_base(chance, seed), rows=rows, rate_text=rate_text, in_flight=in_flight)


def _prompt(scenario: Scenario) -> Scenario:
    """Return it with a client that is never late: the whole allowance is the network's."""
    return replace(scenario, way_varies_s=scenario.jitter_ms / 1000)


def _sluggish(chance: Random, scenario: Scenario) -> Scenario:
    """Return it with a client that may be late: it keeps half of the allowance for itself."""
    return replace(
        scenario,
        late_s=chance.choice((0.0, 0.002, 0.02, 0.3)),
        commit_s=chance.choice((0.0, 0.001, 0.02, 0.2)),
        connect_s=chance.choice((0.0, 0.03, 0.2)),
        way_varies_s=scenario.jitter_ms / 2000,
    )


def _calm(chance: Random, base: Scenario) -> Scenario:
    """Return it with nothing going wrong, and enough workers for the pace to be the only limit."""
    rate = base.rate
    per_s = 20.0 if rate is None else rate.per_s
    slow_s = min(0.5 * base.in_flight / per_s, 0.4)
    return replace(
        base,
        rows=max(base.rows, base.in_flight + max(_STEADY_ROWS, round(_STEADY_S * per_s))),
        late_s=min(base.late_s, 0.4 * base.jitter_ms / 1000, slow_s / 8),
        commit_s=min(base.commit_s, 0.02, slow_s / 4),
        connect_s=min(base.connect_s, 0.02, slow_s / 4),
        way_s=min(base.way_s, slow_s / 4),
        way_varies_s=min(base.way_varies_s, slow_s / 4),
        think_s=min(base.think_s, slow_s / 4) * chance.random(),
    )


def _outage(chance: Random, base: Scenario) -> Scenario:
    """Return it with one outage, during which nothing comes through and nothing comes back."""
    begins_s = chance.uniform(0.5, 1.0 + _pace_s(base))
    return replace(base, outages=((begins_s, begins_s + chance.choice((0.5, 10.0, 200.0))),))


def _stormy(chance: Random, base: Scenario) -> Scenario:
    """Return it with a server that asks for pauses, and processes killed during them."""
    longest_s = 300.0 if base.in_flight <= 2 else 30.0
    storms = tuple(
        Storm(
            begins_s=chance.uniform(0.1, 1.0 + _pace_s(base)),
            lasts_s=chance.uniform(0.1, 10.0),
            wait_s=chance.choice((0.0, 0.5, 2.0, 7.0, longest_s)),
            headers=chance.choice(DIALECTS),
        )
        for _ in range(chance.randint(1, 4))
    )
    return replace(base, storms=storms, kills=_kills(chance, base, most=2))


def _faulty(chance: Random, base: Scenario) -> Scenario:
    """Return it with a mix of faults, kills and clocks that are set."""
    names = chance.sample([*BOOKING_FAULTS, *OTHER_FAULTS], chance.randint(1, 6))
    share = chance.choice((0.01, 0.05, 0.1, 0.3))
    told_s = chance.choice((3600, 3600, 600, 90))
    return replace(
        base,
        faults={name: share * chance.random() for name in names},
        calm_s=chance.choice((10.0, 60.0, float("inf"))),
        kills=_kills(chance, base, most=3),
        clock_jumps=_clock_jumps(chance, base) if chance.random() < 0.2 else (),
        token_told_s=told_s,
        token_lasts_s=told_s * chance.choice((1.0, 1.0, 0.3)),
        has_second_file=chance.random() < 0.3,
    )


def _stopped(chance: Random, base: Scenario) -> Scenario:
    """Return it with a person or a machine asking the process to end, once or twice."""
    first_s = chance.uniform(0.0, 1.0 + _pace_s(base))
    later = (first_s + chance.choice((0.001, 0.5, 5.0)),) if chance.random() < 0.4 else ()
    names = chance.sample(BOOKING_FAULTS, 2)
    return replace(
        base,
        signals=(first_s, *later),
        faults=dict.fromkeys(names, 0.1) if chance.random() < 0.5 else {},
        think_s=chance.choice((base.think_s, 30.0)),
        calm_s=first_s + 100.0,
    )


def _kills(chance: Random, base: Scenario, most: int) -> tuple[Kill, ...]:
    return tuple(
        Kill(
            after_s=chance.uniform(0.0, 1.0 + _pace_s(base)),
            steps=chance.choice((0, chance.randint(1, 6 * base.rows))),
            restart_s=chance.choice((0.0, 0.01, 0.3, 2.0, 90.0)),
        )
        for _ in range(chance.randint(0, most))
    )


def _clock_jumps(chance: Random, base: Scenario) -> tuple[tuple[float, float], ...]:
    return tuple(
        (chance.uniform(0.0, 1.0 + _pace_s(base)), chance.choice((-90_000.0, -40.0, -1.0, 40.0)))
        for _ in range(chance.randint(1, 2))
    )


def _pace_s(base: Scenario) -> float:
    """Return about how long the rows take."""
    rate = base.rate
    per_s = base.in_flight * 10.0 if rate is None else rate.per_s
    return base.rows / per_s
