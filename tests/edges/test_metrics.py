"""Metrics as a collector reads them."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from importer.metrics import Measured, write_metrics

if TYPE_CHECKING:
    from pathlib import Path

LAST_SUCCESS = "solv_import_last_success_timestamp_seconds"


def measured(*, ended_at_s: float, exit_code: int = 0, profile: str = "north") -> Measured:
    return Measured(
        profile=profile,
        rows={"booked": 3, "left_out": 1, "unknown": 0},
        duration_s=12.5,
        bookings_per_s=4.0,
        ended_at_s=ended_at_s,
        exit_code=exit_code,
        is_success=exit_code in {0, 1},
    )


def figures(path: Path) -> dict[str, float]:
    families = list(text_string_to_metric_families(path.read_text("utf-8")))
    assert all(family.type == "gauge" for family in families)
    assert all(family.documentation for family in families)
    return {
        sample.name + sample.labels.get("status", ""): sample.value
        for family in families
        for sample in family.samples
    }


def test_every_figure_stands_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "north.prom"
    write_metrics(path, measured(ended_at_s=1000.0))
    assert figures(path) == {
        "solv_import_rowsbooked": 3,
        "solv_import_rowsleft_out": 1,
        "solv_import_rowsunknown": 0,
        "solv_import_exit_code": 0,
        "solv_import_duration_seconds": 12.5,
        "solv_import_bookings_per_second": 4.0,
        "solv_import_last_run_timestamp_seconds": 1000.0,
        LAST_SUCCESS: 1000.0,
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_the_last_success_stays_until_there_is_another(tmp_path: Path) -> None:
    path = tmp_path / "north.prom"
    write_metrics(path, measured(ended_at_s=1000.0, exit_code=3))
    assert LAST_SUCCESS not in figures(path)
    seen = []
    for ended_at_s, code in ((2000.0, 1), (3000.0, 5), (4000.0, 0)):
        write_metrics(path, measured(ended_at_s=ended_at_s, exit_code=code))
        seen.append(figures(path)[LAST_SUCCESS])
    assert seen == [2000.0, 2000.0, 4000.0]


@pytest.mark.parametrize(
    "before", ["no metrics at all {", "\x00", f'{LAST_SUCCESS}{{profile="other"}} 5\n', "a{b=\n"]
)
def test_what_is_not_ours_is_no_last_success(tmp_path: Path, before: str) -> None:
    path = tmp_path / "north.prom"
    path.write_text(before, "utf-8")
    write_metrics(path, measured(ended_at_s=1000.0, exit_code=5))
    assert LAST_SUCCESS not in figures(path)


def test_a_place_that_cannot_be_written_keeps_what_stood_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        write_metrics(tmp_path / "nowhere" / "north.prom", measured(ended_at_s=1.0))
