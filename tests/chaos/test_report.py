"""The report sums what was counted, and passes over nothing that was not tried."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chaos.figures import broken
from tests.chaos.report import LAYERS, PAGE, filled, layer_table


def line(layer: str, **counts: Any) -> dict[str, Any]:
    """Return what a test of a layer notes."""
    return {"layer": layer, "level": "quick", "seed": 1, "cases": 1, **broken([]), **counts}


@pytest.fixture
def lines() -> list[dict[str, Any]]:
    return [line(layer) for layer in LAYERS]


def test_counts_are_summed_but_for_the_most_and_the_least(lines: list[dict[str, Any]]) -> None:
    lines.append(line("disk faults", **broken(["I3", "I4", "I8"]), most_late=2, least_rows=7))
    lines.append(line("disk faults", most_late=1, least_rows=9, kills=3))

    (row,) = (row for row in layer_table(lines).splitlines() if row.startswith("| disk faults"))

    assert row.endswith("| 3 | 0 | 1 | 1 | others 1, most late 2, least rows 7, kills 3 |")


def test_a_layer_of_which_nothing_was_tried_makes_no_table(lines: list[dict[str, Any]]) -> None:
    with pytest.raises(AssertionError, match="nothing was tried of: canary searches"):
        layer_table([one for one in lines if one["layer"] != "canary searches"])


def test_figures_of_a_layer_that_nobody_knows_make_no_table(lines: list[dict[str, Any]]) -> None:
    with pytest.raises(AssertionError, match="canary search'"):
        layer_table([*lines, line("canary search")])


def test_the_page_has_a_place_for_both_tables(lines: list[dict[str, Any]]) -> None:
    page = filled(PAGE.read_text("utf-8"), lines, "today")

    assert page.count("today\n\n| what was tried |") == 1
    assert "planted bugs were caught" in page
    assert "| faults: booked twice |" in page


@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_is_explained(layer: str) -> None:
    explained = PAGE.read_text("utf-8").partition("## The layers")[2]

    names = [row.split("|")[1] for row in explained.splitlines() if row.startswith("| ")]
    assert layer in {name.strip() for row in names for name in row.split(",")}
