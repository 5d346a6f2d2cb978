"""No order of runs, crashes, faults, files, clocks and decisions breaks a promise.

The machine stands in `tests/chaos/model`: real planning, real ledger, real posting; the server,
the clock and the moment of death are the model's.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.chaos import figures, level
from tests.chaos.level import share
from tests.chaos.model.machine import ModelMachine
from tests.chaos.model.office import Chances, Wishes
from tests.chaos.model.process import Blow
from tests.chaos.model.sources import Line
from tests.chaos.planted import planted
from tests.property.test_ledger_machine import LedgerMachine

if TYPE_CHECKING:
    from importer.verify import Violation
    from tests.chaos.model.sources import Source

SHARDS = share(quick=2, full=10, report=20)
STORIES = share(quick=8, full=35, report=45)
STEPS = 30


@pytest.mark.timeout(900)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_story_breaks_a_promise(shard: int) -> None:
    """Every story ends with all faults gone and every row settled."""

    class Stories(ModelMachine):
        steps = 0

    first_seed = level.seed() * 1_000 + shard
    try:
        run_state_machine_as_test(seed(first_seed)(Stories), settings=_settings(STORIES))
    except Exception as error:
        error.add_note(
            "repeat it, with the shortest story that breaks the promise: CHAOS_SHRINK=1 "
            f"CHAOS={level.LEVEL.value} CHAOS_SEED={level.seed()} python -m pytest -n 0 "
            f"'tests/chaos/test_model.py::test_no_story_breaks_a_promise[{shard}]'"
        )
        raise
    finally:
        _note(Stories.steps, Stories.found)
    assert Stories.steps >= STORIES


def _settings(stories: int) -> settings:
    return settings(
        max_examples=stories,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=False,
        print_blob=True,
        phases=(Phase.generate, Phase.shrink)
        if os.environ.get("CHAOS_SHRINK")
        else (Phase.generate,),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )


def _note(steps: int, found: list[Violation]) -> None:
    broken = Counter(violation.invariant for violation in found)
    figures.note(
        "model steps",
        cases=steps,
        duplicates=broken["I1"],
        lost=broken["I2"] + broken["I3"],
        wrong=broken["I4"],
    )


# Planted bugs: each shows in a short story, which is well without it

Story: TypeAlias = Callable[[ModelMachine], Iterator[object]]


def killed_while_sending(model: ModelMachine) -> Iterator[object]:
    visits = _file(model, "Far")
    killed = Blow(what="killed", moment="at request", count=1)
    yield _run(model, visits, Chances(blow=killed, is_heard_after_its_end=True))
    yield _run(model, visits)


def answer_lost_before_the_next_file(model: ModelMachine) -> Iterator[object]:
    first, second = _file(model, "Far"), _file(model, "Far")
    yield _run(model, first, Chances(fates=("lost, but booked",)))
    yield _run(model, second)


def phone_corrected_in_the_next_file(model: ModelMachine) -> Iterator[object]:
    yield _run(model, _file(model, "Far"))
    yield _run(model, _file(model, "Far, other phone"))


def answer_with_the_id_of_another_row(model: ModelMachine) -> Iterator[object]:
    fates = ("fine", "200 with an id told before")
    yield _run(model, _file(model, "Far", "Farther"), Chances(fates=fates))


def looked_up_too_soon(model: ModelMachine) -> Iterator[object]:
    visits = _file(model, "Far")
    yield _run(model, visits, Chances(fates=("lost, and booked late",)))
    yield model.reconcile(which=0, row=None, waits_min=1, blow=None)
    yield _run(model, visits)
    yield model.wait(hours=1)


def disk_full_while_an_answer_comes(model: ModelMachine) -> Iterator[object]:
    visits = _file(model, "Far", "Farther")
    full = Blow(what="disk full", moment="at request", count=1)
    yield _run(model, visits, Chances(blow=full))
    yield _run(model, visits)


SEEN_IN: dict[str, tuple[Story, str]] = {
    "sending-resent-at-start": (killed_while_sending, "I1"),
    "unknown-resent-by-next-file": (answer_lost_before_the_next_file, "I1"),
    "fingerprint-includes-phone": (phone_corrected_in_the_next_file, "I1"),
    "booking-id-taken-twice": (answer_with_the_id_of_another_row, "I4"),
    "late-bookings-forgotten": (looked_up_too_soon, "I1"),
    "rescued-answers-dropped": (disk_full_while_an_answer_comes, "I3"),
}
"""Planted bug -> the story in which it breaks which promise."""


@pytest.mark.parametrize("name", SEEN_IN)
def test_the_model_sees_a_planted_bug(name: str) -> None:
    story, invariant = SEEN_IN[name]
    _tell(story)

    with planted(name), pytest.raises(AssertionError, match=f"{invariant}: "):
        _tell(story)


def test_the_model_of_the_ledger_sees_an_ignored_index() -> None:
    """Two plans of one booking race; with nothing but the plan between them, both are sent."""
    _race()

    with planted("unique-index-ignored"), pytest.raises(AssertionError, match="a second time"):
        _race()


def _tell(story: Story) -> None:
    model = ModelMachine()
    try:
        for _ in story(model):
            model.promises_are_kept()
        model.settle_everything()
    finally:
        model.place.cleanup()


def _file(model: ModelMachine, *names: str) -> Source:
    (source,) = model.get([tuple(Line(name) for name in names)]).values
    return source


def _run(model: ModelMachine, source: Source, chances: Chances | None = None) -> object:
    return model.office.import_file(source, Wishes(), chances or Chances())


def _race() -> None:
    model = LedgerMachine()
    model.make()
    try:
        for _ in range(2):
            model.plan_run(wanted=[("a", 0)], is_careless=True, is_edited=False, is_sent=True)
    finally:
        model.teardown()
