"""Whoever is told of a run that nobody watched: people by messages, a monitor by a heartbeat.

Nothing here raises: what could not be told is returned as a few words, without any address, as
addresses hold secrets. apprise and httpx are imported when something is sent.
"""

from __future__ import annotations

from importer.messages.heartbeat import Beat, Heartbeat
from importer.messages.sending import Delivery, Message, send_message, unknown_targets

__all__ = ["Beat", "Delivery", "Heartbeat", "Message", "send_message", "unknown_targets"]
