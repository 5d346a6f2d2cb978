"""Folders that files are dropped into: which are there, whole, and where they go afterwards."""

from __future__ import annotations

from importer.inbox.drops import (
    Drop,
    Found,
    drops_in,
    folder_of,
    is_as_it_was,
    is_inbox,
    prove_folder,
)
from importer.inbox.moving import move_away, prove_move_to
from importer.inbox.remote import Access, RemoteFolder, is_remote
from importer.inbox.settling import settled

__all__ = [
    "Access",
    "Drop",
    "Found",
    "RemoteFolder",
    "drops_in",
    "folder_of",
    "is_as_it_was",
    "is_inbox",
    "is_remote",
    "move_away",
    "prove_folder",
    "prove_move_to",
    "settled",
]
