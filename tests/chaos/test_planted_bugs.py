"""No planted bug stands about untested, and those that everybody should fear are planted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.planted import BUGS, load_bugs, planted

load_bugs()

FEARED = {
    "record-after-success": "the intent is written only when the answer is there",
    "sending-resent-at-start": "what was under way at a crash is sent again",
    "retry-on-read-timeout": "a lost answer is taken for none",
    "200-without-id-is-booked": "a success without an id counts as a booking",
    "5xx-is-rejected": "a server error counts as a refusal",
    "redirects-followed": "a POST becomes a GET somewhere else",
    "except-transport-error": "an answer that cannot be decoded ends the run",
    "per-read-timeout-only": "a byte now and then keeps a request alive for ever",
    "retry-after-ignored": "the server's own pause is not kept",
    "token-bucket-burst": "a window's worth leaves at once",
    "limiter-lost-on-restart": "a new process owes nothing to the one before",
    "lock-removed": "two processes share a ledger",
    "results-in-place": "a kill leaves half a results file",
    "blank-rows-dropped": "rows in are not rows out",
    "default-na-parsing": "the surname NA is an empty cell",
    "key-regenerated-silently": "nobody is recognized any more",
    "post-before-full-validation": "half of a broken file is sent",
    "sigterm-kills-mid-send": "a stop loses what was in flight",
    "wal-normal": "a power cut takes back what was committed",
    "default-journal": "the same, with what SQLite does unless told otherwise",
}
"""Planted bug -> what it does."""


@pytest.mark.parametrize("name", sorted(FEARED))
def test_what_everybody_should_fear_is_planted(name: str) -> None:
    assert name in BUGS


@pytest.mark.parametrize("name", sorted(BUGS))
def test_every_planted_bug_is_caught_by_some_layer(name: str) -> None:
    tests = [path for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__)]

    assert any(f'"{name}"' in path.read_text("utf-8") for path in tests)


@pytest.mark.parametrize("name", sorted(BUGS))
def test_a_planted_bug_is_gone_afterwards(name: str) -> None:
    touched: list[tuple[object, str, object]] = []

    def note(owner: object, attribute: str, _: object) -> None:
        touched.append((owner, attribute, vars(owner)[attribute]))

    BUGS[name](note)
    assert touched
    with planted(name):
        assert all(vars(owner)[attribute] is not right for owner, attribute, right in touched)
    assert all(vars(owner)[attribute] is right for owner, attribute, right in touched)
