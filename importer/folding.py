"""Text as people compare it: whatever its case and the spaces around and in it."""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """Return `text` in compatible form, without case, single-spaced."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
