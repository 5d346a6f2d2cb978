"""Signs in and keeps the token: one call at a time, in memory only, renewed before it ends."""

from __future__ import annotations

import asyncio
import json
import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_result,
    stop_after_attempt,
    wait_random_exponential,
)

from importer.address import base_url_of, place_of
from importer.api.connection import AnswerLost, BeforeFirstByte, Connection, NeverLeft, Reply
from importer.api.wire import TOKEN_PATH, headers_of, is_header_text
from importer.errors import CredentialsError, ImporterError, SettingsError, StoppedEarly
from importer.model import NotTakenCause
from importer.outcomes import Answer
from importer.waits_asked import wait_asked_s

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

    from importer.model import Clock

WRITE_BOOKINGS = "write:bookings"
"""The scope that Create Booking asks for."""

_RENEW_AFTER_S = 55 * 60.0
_RENEW_BEFORE_S = 300.0
_FRESH_S = 60.0
_LONGEST_WAIT_S = 15 * 60.0
_ATTEMPTS = 5
_OK = 200
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_REFUSED = frozenset({400, 401, 403, 422})
_WRONG_ADDRESS = frozenset({404, 405, 410, 415, 501, 505, *range(300, 400)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One access token; it is never shown, logged or written to disk."""

    value: str = field(repr=False)
    generation: int
    """Counts the sign-ins, so that a refusal of an older token is told from one of this."""
    obtained_at: float
    """On the clock's monotonic scale."""
    lifetime_s: float = math.inf

    def has_expired(self, now: float) -> bool:
        """Return whether the server said that it ends before `now`."""
        return now - self.obtained_at >= self.lifetime_s

    def is_due(self, now: float) -> bool:
        """Return whether it is time for the next one."""
        early = max(self.lifetime_s - _RENEW_BEFORE_S, self.lifetime_s / 2)
        return now - self.obtained_at >= min(_RENEW_AFTER_S, early)


@dataclass(slots=True, kw_only=True)
class TokenSource:
    """Hands the current token to every worker; all of them wait for the same sign-in."""

    base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    tls: ssl.SSLContext
    clock: Clock
    turn: BeforeFirstByte
    """Waits until one more request may leave: sign-ins count against the pace too."""
    nap: Callable[[float], Awaitable[None]] | None = None
    """Sleeps between two attempts, and ends early when the run is stopped; None: the clock."""
    grant_type: str = "service_api"
    scope: str = WRITE_BOOKINGS
    deadline_s: float = 65.0
    connect_s: float = 10.0
    _token: Token | None = field(default=None, init=False, repr=False)
    _generation: int = field(default=0, init=False)
    _good: int = field(default=0, init=False)
    _bad: int = field(default=0, init=False)
    _failure: ImporterError | None = field(default=None, init=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the address: the secret goes there."""
        self.base_url = base_url_of(self.base_url)

    async def current(self) -> Token:
        """Return a token that is good for some minutes, signing in if there is none.

        Raises:
            CredentialsError: Client id, secret or scope were refused.
            SettingsError: There is no sign-in at this address, or its certificate is bad.
            StoppedEarly: It could not be reached, or only answered with errors.
        """
        async with self._lock:
            if self._failure is not None:
                raise self._failure
            if self._token is None or self._token.is_due(self.clock.monotonic()):
                self._token = await self._sign_in()
            return self._token

    def accepted(self, token: Token) -> None:
        """Take note that the server looked at a request with this token."""
        self._good = max(self._good, token.generation)

    def refused(self, token: Token) -> None:
        """Drop the token, unless there is a newer one already.

        Raises:
            CredentialsError: The token is fresh, or the one before was refused as well
                without a good answer in between. `current` raises it from now on, too.
        """
        if self._token is None or token.generation != self._token.generation:
            return
        now = self.clock.monotonic()
        is_fresh = now - token.obtained_at < _FRESH_S and not token.has_expired(now)
        is_second = self._bad > self._good
        self._bad = token.generation
        self._token = None
        if is_fresh or is_second:
            self._failure = CredentialsError(
                f"{place_of(self.base_url)} refuses a token that it has just given.",
                todo=f"Ask Solv whether this client may book with the scope {self.scope}.",
            )
            raise self._failure

    async def _sign_in(self) -> Token:
        try:
            return self._read(await self._ask())
        except ImporterError as error:
            # Whoever waits for this sign-in need not try, and wait, all over again.
            self._failure = error
            raise

    async def _ask(self) -> Reply:
        """Return the server's last word; asking again is harmless, so passing faults are."""
        attempts = AsyncRetrying(
            sleep=self.nap or self.clock.sleep,
            stop=stop_after_attempt(_ATTEMPTS),
            wait=self._wait_s,
            retry=retry_if_result(_is_passing),
            retry_error_callback=_last_reply,
        )
        reply: Reply = await attempts(self._ask_once)
        return reply

    async def _ask_once(self) -> Reply:
        connection = Connection(tls=self.tls, deadline_s=self.deadline_s, connect_s=self.connect_s)
        try:
            return await connection.post(
                self.base_url + TOKEN_PATH,
                headers=headers_of(self.client_id),
                body=self._body(),
                gate=self.turn,
            )
        finally:
            await connection.aclose()

    def _body(self) -> bytes:
        return json.dumps(
            {
                "client_id": self.client_id,
                "client_secret": self.client_secret,
                "grant_type": self.grant_type,
                "scope": self.scope,
            }
        ).encode()

    def _wait_s(self, state: RetryCallState) -> float:
        """Return what the server asked for, or else a random share of 0.5, 1, 2, 4 s."""
        reply = _last_reply(state)
        asked = wait_asked_s(reply.headers, self.clock.now()) if isinstance(reply, Answer) else None
        if asked is None:
            return wait_random_exponential(multiplier=0.5, max=30)(state)
        if asked > _LONGEST_WAIT_S:
            raise StoppedEarly(
                f"{place_of(self.base_url)} asks to wait {asked / 60:.0f} minutes for a sign-in.",
                todo="Run the same command again later; it carries on.",
            )
        return asked

    def _read(self, reply: Reply) -> Token:
        host = place_of(self.base_url)
        if not isinstance(reply, Answer):
            raise _unreachable(host, reply)
        if reply.status in _REFUSED:
            raise CredentialsError(
                f"{host} refused the sign-in ({reply.status}).", todo=self._what_to_renew(reply)
            )
        if reply.status in _WRONG_ADDRESS:
            raise SettingsError(
                f"{host} has no sign-in at {TOKEN_PATH} (it answered {reply.status}).",
                todo="Correct SOLV_IMPORT_BASE_URL; it ends before /v1.",
            )
        if reply.status != _OK or reply.body is None:
            raise StoppedEarly(
                f"{host} could not sign us in: {_ATTEMPTS} attempts, last answer {reply.status}.",
                todo="Run the same command again later; it carries on.",
            )
        return self._token_in(_object_in(reply.body))

    def _what_to_renew(self, answer: Answer) -> str:
        """Return what to fix; the server's words only choose the sentence, they may echo it."""
        words = (answer.body or b"").decode(errors="replace").casefold()
        if "grant_type" in words:
            return f"Set the grant type that Solv gave you; asked for was {self.grant_type}."
        if "scope" in words:
            return f"Ask Solv to grant the scope {self.scope} to this client id."
        return (
            "Renew SOLV_IMPORT_CLIENT_ID and SOLV_IMPORT_CLIENT_SECRET, and ask Solv whether "
            f"the scope {self.scope} is granted to them."
        )

    def _token_in(self, document: dict[str, Any]) -> Token:
        value = document.get("access_token")
        if not isinstance(value, str) or not is_header_text(value):
            raise CredentialsError(
                f"{place_of(self.base_url)} answered the sign-in without a token.",
                todo="Check that SOLV_IMPORT_BASE_URL is the address of the Partner API.",
            )
        granted = document.get("scope")
        if isinstance(granted, str) and WRITE_BOOKINGS not in re.split(r"[,\s]+", granted):
            raise CredentialsError(
                f"The sign-in did not grant the scope {WRITE_BOOKINGS}; asked was {self.scope}.",
                todo=f"Ask Solv to grant the scope {WRITE_BOOKINGS} to this client id.",
            )
        self._generation += 1
        return Token(
            value=value,
            generation=self._generation,
            obtained_at=self.clock.monotonic(),
            lifetime_s=_lifetime_s(document, self.clock.now()),
        )


def _is_passing(reply: Reply) -> bool:
    """Return whether asking again may help."""
    match reply:
        case Answer(status=status, body=body):
            return status in _PASSING or (status == _OK and body is None)
        case NeverLeft(cause=NotTakenCause.CERTIFICATE | NotTakenCause.HELD_BACK):
            return False
        case _:
            return True


def _last_reply(state: RetryCallState) -> Reply:
    assert state.outcome is not None  # noqa: S101 - tenacity asks only after an attempt
    reply: Reply = state.outcome.result()
    return reply


def _unreachable(host: str, reply: AnswerLost | NeverLeft) -> ImporterError:
    if isinstance(reply, NeverLeft) and reply.cause is NotTakenCause.CERTIFICATE:
        return SettingsError(
            f"The certificate of {host} could not be verified.",
            todo="Check SOLV_IMPORT_BASE_URL; for an authority of your own name its PEM file "
            "in SOLV_IMPORT_CA_FILE.",
        )
    if isinstance(reply, NeverLeft) and reply.cause is NotTakenCause.HELD_BACK:
        return StoppedEarly(
            "The run was stopped before it signed in.",
            todo="Run the same command again; it carries on.",
        )
    return StoppedEarly(
        f"Could not reach {host} ({reply.reason}, {_ATTEMPTS} attempts).",
        todo="Check the network and SOLV_IMPORT_BASE_URL, then run the same command again.",
    )


def _object_in(body: bytes) -> dict[str, Any]:
    """Return the JSON object that holds the token, {} when there is none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if isinstance(document, dict) and "access_token" not in document:
        document = document.get("data")
    return document if isinstance(document, dict) else {}


def _lifetime_s(document: dict[str, Any], now: datetime) -> float:
    """Return how long the token lasts, `inf` when the answer does not say it readably."""
    seconds = _seconds(document.get("expires_in"))
    if seconds is None:
        seconds = _seconds_until(document.get("expiration_timestamp"), now)
    return seconds if seconds is not None and seconds > 0 else math.inf


def _seconds(value: object) -> float | None:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _seconds_until(value: object, now: datetime) -> float | None:
    try:
        ends = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if ends is None:
        return None
    return ((ends if ends.tzinfo else ends.replace(tzinfo=UTC)) - now).total_seconds()
