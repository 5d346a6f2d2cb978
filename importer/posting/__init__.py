"""Posting: wait a turn, claim a row, post it, write it down (async)."""

from importer.posting.poster import PostingEnd
from importer.posting.refusals import Refusals
from importer.posting.session import (
    Session,
    hours_of,
    in_flight_of,
    jitter_s_of,
    post_run,
    spacing_s_of,
)
from importer.posting.stops import LONGEST_PAUSE_S, Stop

__all__ = [
    "LONGEST_PAUSE_S",
    "PostingEnd",
    "Refusals",
    "Session",
    "Stop",
    "hours_of",
    "in_flight_of",
    "jitter_s_of",
    "post_run",
    "spacing_s_of",
]
