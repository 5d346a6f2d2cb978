"""The Partner API: signs in, creates bookings, and says truthfully what came of each."""

from __future__ import annotations

from importer.api.auth import WRITE_BOOKINGS, Token, TokenSource
from importer.api.client import Partner
from importer.api.connection import BeforeFirstByte, tls_context

__all__ = [
    "WRITE_BOOKINGS",
    "BeforeFirstByte",
    "Partner",
    "Token",
    "TokenSource",
    "tls_context",
]
