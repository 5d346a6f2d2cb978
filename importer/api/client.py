"""The Partner API as one worker sees it: a booking request goes in, an outcome comes out."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self, assert_never

from importer.address import base_url_of
from importer.api.connection import AnswerLost, BeforeFirstByte, Connection, NeverLeft, Reply
from importer.api.wire import bookings_url, headers_of
from importer.errors import CredentialsError
from importer.model import NotTaken, NotTakenCause, Outcome, Unknown
from importer.outcomes import Answer, outcome_of

if TYPE_CHECKING:
    import ssl

    from importer.api.auth import Token, TokenSource
    from importer.model import Clock


@dataclass(slots=True, kw_only=True)
class Partner:
    """Creates bookings over one connection, one at a time; an async context manager."""

    base_url: str
    client_id: str
    tls: ssl.SSLContext
    tokens: TokenSource
    clock: Clock
    deadline_s: float = 65.0
    connect_s: float = 10.0
    response_limit: int = 1024 * 1024
    allow_walkin_scheduling: bool | None = None
    trust_503_with_retry_after: bool = False
    _connection: Connection = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the address and prepare the connection; nothing is opened yet."""
        self.base_url = base_url_of(self.base_url)
        self._connection = Connection(
            tls=self.tls,
            deadline_s=self.deadline_s,
            connect_s=self.connect_s,
            response_limit=self.response_limit,
        )

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connection."""
        await self._connection.aclose()

    async def create_booking(self, body: bytes, *, before_first_byte: BeforeFirstByte) -> Outcome:
        """Send one booking request at most once and return what came of it.

        Args:
            body: The JSON body, as `canonical_body` wrote it.
            before_first_byte: Awaited when the connection stands and nothing is written. It
                waits for the slot; False holds the request back.

        Raises:
            ImporterError: The run cannot go on. Nothing of this request left.
            Exception: What `before_first_byte` raised; nothing left. Any other one, and a
                cancellation: the request may have left, so its row stays `sending`.
        """
        token = await self.tokens.current()
        reply = await self._connection.post(
            bookings_url(self.base_url, allow_walkin_scheduling=self.allow_walkin_scheduling),
            headers=headers_of(self.client_id, token=token.value),
            body=body,
            gate=before_first_byte,
        )
        outcome = self._outcome_of(reply, token)
        if isinstance(reply, Answer):
            self._tell_tokens(token, outcome)
        return outcome

    def _outcome_of(self, reply: Reply, token: Token) -> Outcome:
        match reply:
            case Answer():
                return outcome_of(
                    reply,
                    token_age_s=self._age_s(token),
                    now=self.clock.now(),
                    trust_503_with_retry_after=self.trust_503_with_retry_after,
                )
            case AnswerLost():
                return Unknown(reason=reply.reason)
            case NeverLeft():
                return NotTaken(cause=reply.cause, reason=reply.reason, left=False)
            case _:
                assert_never(reply)

    def _age_s(self, token: Token) -> float:
        now = self.clock.monotonic()
        return math.inf if token.has_expired(now) else now - token.obtained_at

    def _tell_tokens(self, token: Token, outcome: Outcome) -> None:
        """Tell the source of tokens whether this one was good."""
        match outcome:
            case NotTaken(stop=None, cause=NotTakenCause.UNAUTHORIZED):
                # This row was surely not taken, and its caller must hear that. What it means
                # for the run is raised by the next `current`, before anything leaves.
                with suppress(CredentialsError):
                    self.tokens.refused(token)
            case NotTaken():
                pass
            case _:
                self.tokens.accepted(token)
