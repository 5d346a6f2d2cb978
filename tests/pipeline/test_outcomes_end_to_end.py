"""Each row of the outcome table, from the row's cell to the exit code, by the server's own log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.errors import ExitCode
from tests.pipeline.desk import FastClock, sent_per_body, statuses

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.pipeline.desk import Desk

UNKNOWN = ExitCode.UNKNOWN_OUTCOMES
PERSON = ExitCode.NEEDS_A_PERSON

OUTCOMES = {
    # marker: status word, exit code, requests of that row at the server
    "201": ("booked", ExitCode.OK, 1),
    "drip,seconds=0.001": ("booked", ExitCode.OK, 1),
    "500": ("unknown", UNKNOWN, 1),
    "500,commit=yes": ("unknown", UNKNOWN, 1),
    "502": ("unknown", UNKNOWN, 1),
    "503": ("unknown", UNKNOWN, 1),
    "503-retry-after,wait=0.1": ("unknown", UNKNOWN, 1),
    "504": ("unknown", UNKNOWN, 1),
    "504-uncommitted": ("unknown", UNKNOWN, 1),
    "520": ("unknown", UNKNOWN, 1),
    "408": ("unknown", UNKNOWN, 1),
    "202": ("unknown", UNKNOWN, 1),
    "204": ("unknown", UNKNOWN, 1),
    "unparsable": ("unknown", UNKNOWN, 1),
    "no-id": ("unknown", UNKNOWN, 1),
    "null-id": ("unknown", UNKNOWN, 1),
    "commit-then-drop": ("unknown", UNKNOWN, 1),
    "commit-then-reset": ("unknown", UNKNOWN, 1),
    "garbage": ("unknown", UNKNOWN, 1),
    "truncated": ("unknown", UNKNOWN, 1),
    "commit-then-hang": ("unknown", UNKNOWN, 1),
    "stall-after-headers": ("unknown", UNKNOWN, 1),
    "400": ("rejected", PERSON, 1),
    "403": ("rejected", PERSON, 1),
    "404": ("rejected", PERSON, 1),
    "406": ("rejected", PERSON, 1),
    "409": ("rejected", PERSON, 1),
    "410": ("rejected", PERSON, 1),
    "413": ("rejected", PERSON, 1),
    "422": ("rejected", PERSON, 1),
    "422-string": ("rejected", PERSON, 1),
    "421": ("booked", ExitCode.OK, 2),
    "423": ("booked", ExitCode.OK, 2),
    "425": ("booked", ExitCode.OK, 2),
    "429,wait=0.1": ("booked", ExitCode.OK, 2),
    "429,headers=http-date,wait=0.1": ("booked", ExitCode.OK, 2),
    "429,headers=x-ratelimit,wait=0.1": ("booked", ExitCode.OK, 2),
    "429,headers=ratelimit,wait=0.1": ("booked", ExitCode.OK, 2),
    "429,headers=ratelimit-old,wait=0.1": ("booked", ExitCode.OK, 2),
    "429,headers=none": ("booked", ExitCode.OK, 2),
    "429,wait=0.1,times=3": ("booked", ExitCode.OK, 4),
}


@pytest.mark.parametrize("marker", OUTCOMES)
def test_every_outcome_gets_its_status_its_requests_and_its_exit_code(
    marker: str,
    desk: Callable[..., Desk],
    make_row: Callable[..., dict[str, str]],
    write_csv: Callable[..., Path],
) -> None:
    """One good row before, the faulty one, one good row after."""
    status, code, requests = OUTCOMES[marker]
    at = desk()
    at.clock = FastClock(times=10)
    # Slow is not lost: only an answer that never ends may meet its deadline.
    at.environ["SOLV_IMPORT_DEADLINE_S"] = "10" if marker == "drip,seconds=0.001" else "1"
    rows = [make_row(2), make_row(3, reason=f"fault:{marker}"), make_row(4)]

    report = at.run(write_csv(rows))

    assert statuses(report) == {2: "booked", 3: status, 4: "booked"}
    assert report.exit_code == code
    assert sorted(sent_per_body(at.requests).values()) == sorted([1, requests, 1])
    assert report.summary.requests == len(at.requests) == 2 + requests
    assert at.sandbox.duplicates() == {}
