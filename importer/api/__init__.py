"""The Partner API: signs in, creates bookings, and says truthfully what came of each."""

from __future__ import annotations

from importer.api.auth import WRITE_BOOKINGS, Token, TokenSource
from importer.api.client import Partner
from importer.api.connection import BeforeFirstByte, tls_context
from importer.api.wire import base_url_of, host_of, is_loopback_url

__all__ = [
    "WRITE_BOOKINGS",
    "BeforeFirstByte",
    "Partner",
    "Token",
    "TokenSource",
    "base_url_of",
    "host_of",
    "is_loopback_url",
    "tls_context",
]
