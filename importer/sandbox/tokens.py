"""Access tokens: which scopes each has, and until when it lives."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

_TOKEN_BITS = 160
_UNLIMITED = frozenset({"read:locations"})
"""Tokens for nothing else never expire."""


class Refusal(StrEnum):
    """Why a token does not open the door, in the words of the answer."""

    ABSENT = "Not authenticated"
    NOT_BEARER = "Invalid authentication credentials"
    UNKNOWN = "Could not validate credentials"
    EXPIRED = "Token has expired"


@dataclass(slots=True)
class Token:
    """What one token opens, and until when."""

    scopes: frozenset[str]
    expires_at: float | None
    """Unix seconds; None: never."""


class TokenDesk:
    """Hands out tokens and knows them again; several may live at once."""

    def __init__(self, *, seed: int, lifetime_s: int) -> None:
        """Start with no tokens."""
        self._random = random.Random(f"{seed} tokens")  # noqa: S311 - repeatable, opens nothing real
        self._lifetime_s = lifetime_s
        self._tokens: dict[str, Token] = {}

    def issue(self, scopes: frozenset[str], *, grant_type: str, now: float) -> dict[str, Any]:
        """Return the answer to a token call."""
        name = self._fresh_name()
        answer: dict[str, Any] = {
            "access_token": name,
            "token_type": "bearer",
            "grant_type": grant_type,
        }
        if scopes <= _UNLIMITED:
            self._tokens[name] = Token(scopes, None)
            return answer
        expires_at = now + self._lifetime_s
        self._tokens[name] = Token(scopes, expires_at)
        stamp = datetime.fromtimestamp(expires_at, UTC).isoformat().replace("+00:00", "Z")
        return answer | {
            "expires_in": self._lifetime_s,
            "expiration_timestamp": stamp,
            "refresh_token": self._fresh_name(),
        }

    def check(self, authorization: str | None, *, now: float) -> Token | Refusal:
        """Return the live token of an Authorization header, or why there is none."""
        if not authorization:
            return Refusal.ABSENT
        scheme, _, name = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return Refusal.NOT_BEARER
        token = self._tokens.get(name.strip())
        if token is None:
            return Refusal.UNKNOWN
        if token.expires_at is not None and now >= token.expires_at:
            return Refusal.EXPIRED
        return token

    def expire_all(self, *, now: float) -> None:
        """End every token's life now, also of those that never expire."""
        for token in self._tokens.values():
            token.expires_at = now

    def _fresh_name(self) -> str:
        return f"sbx-{self._random.getrandbits(_TOKEN_BITS):040x}"
