"""One posting session: connections, sign-in, pace and signals around the poster."""

from __future__ import annotations

import asyncio
import random
import signal
import threading
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from importer.api import Partner, TokenSource, tls_context
from importer.pacing import Pace, default_in_flight, spacing_s
from importer.posting.hours import Hours
from importer.posting.poster import Poster, PostingEnd
from importer.posting.refusals import Refusals
from importer.posting.stops import Stop
from importer.posting.tally import Tally
from importer.posting.turns import Turns
from importer.signals import EXIT_OF_SIGNAL, Waiting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from types import FrameType

    from importer.ledger import Ledger, Spool
    from importer.model import Clock
    from importer.reports import Observer
    from importer.settings import Settings

_DRAIN_S = 20.0
_UNLIMITED_IN_FLIGHT = 50
_LONGEST_NAP_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What one session of posting works with."""

    settings: Settings
    ledger: Ledger
    spool: Spool
    clock: Clock
    observer: Observer
    run_id: str
    rows: int
    """How many requests are planned."""
    wait_s: float
    """How long to wait before the first request, for the sake of an earlier process."""
    paused_s: float
    """How much longer the server has asked everybody to wait."""
    waiting: Waiting = field(default_factory=Waiting)
    """Requests to stop that came since the plan was accepted."""
    refusals: Refusals = field(default_factory=Refusals)
    ends: tuple[datetime, Stop] | None = None
    """When the hours are over in which bookings may leave, and what is said then."""


async def post_run(session: Session) -> PostingEnd:
    """Send the planned requests of one run and return how that ended.

    Raises:
        LedgerError: The ledger could not be written.
    """
    settings = session.settings
    turns = turns_of(session)
    tokens = _tokens(session, turns)
    poster = Poster(
        ledger=session.ledger,
        spool=session.spool,
        clock=session.clock,
        turns=turns,
        sign_in=tokens.current,
        observer=session.observer,
        tally=tally_of(session),
        refusals=session.refusals,
    )
    with _stopped_by_signals(poster, session.waiting):
        async with AsyncExitStack() as stack:
            count = min(in_flight_of(settings), session.rows)
            partners = [
                await stack.enter_async_context(_partner(settings, tokens, session.clock))
                for _ in range(count)
            ]
            stack.enter_context(_stopped_in_time(poster, session))
            await poster.post(session.spool.requests(), partners)
        return poster.end()  # only now: connections take their time to close, and signals come


def hours_of(settings: Settings) -> Hours:
    """Return when bookings may leave."""
    return Hours(deadline=settings.deadline, window=settings.window)


def in_flight_of(settings: Settings) -> int:
    """Return how many requests may be under way at once."""
    if settings.in_flight is not None:
        return settings.in_flight
    if settings.rate is None:
        return _UNLIMITED_IN_FLIGHT
    return default_in_flight(settings.rate.count, settings.rate.window_s)


def jitter_s_of(settings: Settings) -> float:
    """Return by how much the way to the server may vary."""
    if settings.jitter_ms is not None:
        return settings.jitter_ms / 1000
    return 0.020 if settings.is_loopback else 0.050


def spacing_s_of(settings: Settings) -> float:
    """Return the seconds between two slots, 0 for no limit."""
    rate = settings.rate
    return 0.0 if rate is None else spacing_s(rate.count, rate.window_s, jitter_s_of(settings))


def turns_of(session: Session) -> Turns:
    """Return the turns, with what earlier processes owe still to be waited for."""
    now_s = session.clock.monotonic()
    pace = Pace(
        spacing_s=spacing_s_of(session.settings),
        # Half of the allowance is for us being late, the other half for the way to the server.
        tolerance_s=jitter_s_of(session.settings) / 2,
        next_free_s=now_s + session.wait_s,
    )
    turns = Turns(
        pace=pace,
        clock=session.clock,
        chance=random.Random(),  # noqa: S311 - only spreads waits
        note=session.ledger.note_request,
    )
    if session.paused_s > 0:
        turns.pause(session.paused_s)
        minutes = turns.paused_s / 60
        session.observer.notice(f"the server asked for a pause: {minutes:.1f} minutes of it to go")
    return turns


def tally_of(session: Session) -> Tally:
    """Return the counters of this session."""
    rate = session.settings.rate
    return Tally(
        run_id=session.run_id,
        total=session.rows,
        limit_per_s=None if rate is None else rate.per_s,
    )


def _tokens(session: Session, turns: Turns) -> TokenSource:
    settings = session.settings
    return TokenSource(
        base_url=settings.base_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        tls=tls_context(settings.ca_file),
        clock=session.clock,
        turn=partial(turns.take, partial(_remember_request, session)),
        nap=turns.nap,
        grant_type=settings.grant_type,
        deadline_s=settings.deadline_s,
    )


async def _remember_request(session: Session, at: datetime) -> None:
    """Write down when a request that claims no row will leave."""
    await asyncio.to_thread(session.ledger.remember_pace, last_request_at=at.isoformat())


def _partner(settings: Settings, tokens: TokenSource, clock: Clock) -> Partner:
    return Partner(
        base_url=settings.base_url,
        client_id=settings.client_id,
        tls=tokens.tls,
        tokens=tokens,
        clock=clock,
        deadline_s=settings.deadline_s,
        allow_walkin_scheduling=settings.allow_walkin_scheduling or None,
        trust_503_with_retry_after=settings.trust_503,
    )


@contextmanager
def _stopped_in_time(poster: Poster, session: Session) -> Iterator[None]:
    """Stop in order when the hours are over in which bookings may leave."""
    clock = session.clock
    if session.ends is None:
        yield
        return
    at, stop = session.ends

    async def watch() -> None:
        # In short naps: somebody may set this machine's clock meanwhile.
        while (left_s := (at - clock.now()).total_seconds()) > 0:
            await clock.sleep(min(left_s, _LONGEST_NAP_S))
        poster.halt(stop)

    watcher = asyncio.create_task(watch())
    try:
        yield
    finally:
        watcher.cancel()


@contextmanager
def _stopped_by_signals(poster: Poster, waiting: Waiting) -> Iterator[None]:
    """Stop in order at the first signal, and at once at the second."""
    loop = asyncio.get_running_loop()
    unheeded: list[int] = []
    is_first = True

    def stop(number: int) -> None:
        nonlocal is_first
        if not is_first:
            poster.abandon(leaves_sending=True)
            return
        is_first = False
        poster.halt(Stop(exit_code=EXIT_OF_SIGNAL[number], why="as asked"))
        loop.call_later(_DRAIN_S, lambda: poster.abandon(leaves_sending=False))

    def hear(number: int, _frame: FrameType | None) -> None:
        unheeded.append(number)
        loop.call_soon_threadsafe(lambda: stop(unheeded.pop(0)))

    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread only
        return
    # What we were started to ignore, as by nohup, stays ignored. The loop's own way of hearing
    # has no handler for an instant when it ends, and a signal then would kill.
    ours = [n for n in EXIT_OF_SIGNAL if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, hear) for number in ours}
    for number in waiting.numbers:
        stop(number)
    waiting.numbers.clear()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for number in unheeded:
        signal.raise_signal(number)  # too late for us: whoever heard before us hears it
