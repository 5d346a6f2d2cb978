"""Writes the figures of a command for the textfile collector of Prometheus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_READABLE = 0o644
"""The collector runs as somebody else; there is nothing but counts in it."""
_LAST_SUCCESS = "solv_import_last_success_timestamp_seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The figures of one command."""

    profile: str
    """Its name, "" for none: the label of every figure."""
    rows: Mapping[str, int]
    """Status, such as `left_out` -> rows."""
    duration_s: float
    bookings_per_s: float
    """While it sent."""
    ended_at_s: float
    """Seconds since 1970."""
    exit_code: int
    is_success: bool


def write_metrics(path: Path, measured: Measured) -> None:
    """Replace the file in one step; the time of the last success stays until there is another.

    Raises:
        OSError: It cannot be written; what stood there is untouched.
    """
    from prometheus_client import (  # noqa: PLC0415 - most runs write none
        CollectorRegistry,
        Gauge,
        write_to_textfile,
    )

    registry = CollectorRegistry()

    def put(name: str, what: str, value: float) -> None:
        Gauge(name, what, ["profile"], registry=registry).labels(measured.profile).set(value)

    rows = Gauge(
        "solv_import_rows",
        "Rows of the last command by what became of them.",
        ["profile", "status"],
        registry=registry,
    )
    for status, count in measured.rows.items():
        rows.labels(measured.profile, status).set(count)
    put("solv_import_exit_code", "What the last command returned.", measured.exit_code)
    put("solv_import_duration_seconds", "How long it took.", measured.duration_s)
    rate = "Bookings a second while it sent."
    put("solv_import_bookings_per_second", rate, measured.bookings_per_s)
    put("solv_import_last_run_timestamp_seconds", "When it ended.", measured.ended_at_s)
    success_s = measured.ended_at_s if measured.is_success else _last_success_s(path, measured)
    if success_s is not None:
        put(_LAST_SUCCESS, "When a command last ended with exit code 0 or 1.", success_s)
    # The collector reads what ends in .prom, so it never sees this one.
    temp = path.with_name(f".{path.name}.tmp")
    write_to_textfile(str(temp), registry)
    temp.chmod(_READABLE)
    temp.replace(path)


def _last_success_s(path: Path, measured: Measured) -> float | None:
    """Return the time that the file holds for this profile, None when it holds none."""
    from prometheus_client.parser import (  # noqa: PLC0415 - as above
        text_string_to_metric_families,
    )

    try:
        families = list(text_string_to_metric_families(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, IndexError):  # none yet, or somebody else's
        return None
    return next(
        (
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == _LAST_SUCCESS and sample.labels.get("profile") == measured.profile
        ),
        None,
    )
