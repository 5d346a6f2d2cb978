"""Whom bookings reach at an address: nobody, testers, or patients."""

from __future__ import annotations

import re

from importer.address import host_of, is_loopback_url


def target_label(base_url: str) -> str:
    """Return SANDBOX for this very machine, STAGING when the host says so, else PRODUCTION."""
    if is_loopback_url(base_url):
        return "SANDBOX"
    words = re.split(r"[.-]", host_of(base_url))
    return "STAGING" if "staging" in words else "PRODUCTION"
