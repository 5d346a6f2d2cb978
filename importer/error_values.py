"""The text of an error in a spreadsheet, such as `#N/A`: never anybody's name or number."""

from __future__ import annotations

import re

_ERROR_VALUE = re.compile(
    r"\s*#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!"
    r"|UNKNOWN!|BUSY!|GETTING_DATA|#{2,})\s*",
    re.IGNORECASE,
)


def is_error_value(text: str) -> bool:
    """Return whether the text is what a spreadsheet shows where a formula failed."""
    return _ERROR_VALUE.fullmatch(text) is not None
