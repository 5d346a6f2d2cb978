"""What a row must hold."""

from __future__ import annotations

from schemas.booking import BOOKING, BOOKING_WITH_TEXT_IDS

__all__ = ["BOOKING", "BOOKING_WITH_TEXT_IDS"]
