"""Where the simulation stands in for the real thing: network, chance, time; and its settings."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias

import importer.api.auth
import importer.api.client
import importer.posting.session
from importer.settings import load_settings
from tests.chaos.simulation.disk import BASE_URL, CLIENT_ID
from tests.chaos.simulation.timeline import SimulatedLoop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importer.settings import Settings
    from tests.chaos.simulation.network import Network
    from tests.chaos.simulation.scenario import Scenario

NewLoop: TypeAlias = Callable[[], SimulatedLoop]


@contextmanager
def in_place_of_the_real_ones(seed: str, network: Network, new_loop: NewLoop) -> Iterator[None]:
    """Put network, chance and event loop of the simulation where the product finds its own."""
    session = importer.posting.session
    places: list[tuple[Any, str, object]] = [
        (importer.api.client, "Connection", network.connection),
        (importer.api.auth, "Connection", network.connection),
        (session, "tls_context", lambda _: _tls()),
        (session, "random", SimpleNamespace(Random=lambda: random.Random(f"turns {seed}"))),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in places]
    policy, state = asyncio.get_event_loop_policy(), random.getstate()
    random.seed(f"tries {seed}")
    asyncio.set_event_loop_policy(_SimulatedLoops(new_loop))
    for owner, name, value in places:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)
        asyncio.set_event_loop_policy(policy)
        random.setstate(state)


class _SimulatedLoops(asyncio.DefaultEventLoopPolicy):
    def __init__(self, new_loop: NewLoop) -> None:
        super().__init__()
        self._new_loop = new_loop

    def new_event_loop(self) -> SimulatedLoop:
        """Return the loop of the process that starts now."""
        return self._new_loop()


@cache
def _tls() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@cache
def _usual_settings(folder: Path) -> Settings:
    environ = {
        "SOLV_IMPORT_BASE_URL": BASE_URL,
        "SOLV_IMPORT_CLIENT_ID": CLIENT_ID,
        "SOLV_IMPORT_CLIENT_SECRET": "simulated-secret",
    }
    return load_settings({}, environ=environ, folder=folder)


def settings_of(scenario: Scenario, folder: Path) -> Settings:
    return replace(
        _usual_settings(folder),
        rate=scenario.rate,
        in_flight=scenario.in_flight,
        jitter_ms=scenario.jitter_ms,
    )
