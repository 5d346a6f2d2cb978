"""What a spreadsheet can hold, by the programs that write them."""

from __future__ import annotations

from typing import Final

ROW_LIMIT: Final = 1_048_576
"""Rows of a sheet, the headings included."""
COLUMN_LIMIT: Final = 16_384
"""Columns of a sheet."""
CELL_LIMIT: Final = 32_767
"""Characters of a cell; those who write one count them in UTF-16 units."""
EXACT_LIMIT: Final = 2**53
"""From this number on a cell may keep another one than was typed, without a word."""
