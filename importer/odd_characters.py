"""Characters that nobody types: those that control a device, and what broken bytes leave."""

from __future__ import annotations

from typing import Final

CONTROL: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
"""Control characters but tabs and line ends, as a part of a pattern's class."""
NOT_DECODED: Final = "\ufffd\ud800-\udfff"
"""What stands for bytes that are no text, and halves of a character; as above."""
