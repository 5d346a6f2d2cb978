"""Results as JSON Lines: one object a row, for programs."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING

from importer.results.layout import require_width
from importer.results.text import utf8_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from importer.results.model import ResultRow


def write_jsonl(file: IO[bytes], headings: Sequence[str], rows: Iterable[ResultRow]) -> None:
    """Write one object a row; the cells stand in `cells`, by heading."""
    names = _unique(headings)
    for row in rows:
        require_width(row, len(headings))
        line = json.dumps(_object(row, names), ensure_ascii=False)
        file.write(utf8_text(line).encode() + b"\n")


def _object(row: ResultRow, names: Sequence[str]) -> dict[str, object]:
    return {
        "row_number": row.row_number,
        "status": row.status_word,
        "booking_id": row.booking_id,
        "what_to_fix": row.what_to_fix,
        "solv_status": row.solv_status,
        "emr_booking_id": row.emr_booking_id,
        "http": row.http_status,
        "server_ids": row.server_ids,
        "row_key": row.row_key,
        "cells": dict(zip(names, row.cells, strict=True)),
    }


def _unique(headings: Sequence[str]) -> tuple[str, ...]:
    """Return names that differ, as an object keeps only one value of a name: `Phone (2)`."""
    names: list[str] = []
    taken = set(headings)
    for heading in headings:
        name, number = heading, 2
        while name in names or (name != heading and name in taken):
            name, number = f"{heading} ({number})", number + 1
        names.append(name)
    return tuple(names)
