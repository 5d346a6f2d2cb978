"""One small import through the fault proxy, and the same command once more without a fault."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from importer.pipeline.verifying import read_server_log
from importer.verify import Seen
from tests.chaos.judging import judged
from tests.chaos.network.client_time import ClientTime, LeapingClock
from tests.chaos.network.faults import KINDS, shown, write_authority
from tests.chaos.network.proxy import running_proxy
from tests.chaos.network.striking import Elsewhere, Striker
from tests.pipeline.desk import Desk, Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importer.pipeline import RunReport
    from importer.sandbox import Sandbox
    from importer.verify import Violation
    from tests.chaos.network.faults import Fault
    from tests.chaos.network.proxy import FaultProxy, Request

_FAST = 20.0
"""So many of the importer's seconds pass in one: its waits are not what is tested here."""
_DAYS_LATER = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one import came to."""

    words: dict[int, str]
    """Row number -> what the results say; empty when there are none."""
    exit_code: int | None
    """None: it ended with an error that nobody expects."""
    crash: str
    violations: list[Violation]
    """What the server's log, the ledger and the results show."""
    sent: Counter[int]
    """Row number -> whole booking requests that came to the proxy."""
    striker: Striker

    @property
    def victims(self) -> list[int]:
        """Return the rows whose request met the fault whole."""
        return [_row_number_of(body) for body in self.striker.victims]


@dataclass(slots=True, kw_only=True)
class Scene:
    """A sandbox, the proxy before it and one file, imported and imported again."""

    folder: Path
    sandbox: Sandbox
    source: Path
    proxy: FaultProxy
    elsewhere: FaultProxy
    environ: dict[str, str]
    workers: int
    _swallowed: list[tuple[Request, int | None]] = field(default_factory=list, init=False)

    def strike(self, fault: Fault, strikes: range, **how: Any) -> Outcome:
        """Import the file while these booking requests meet a fault; `how` as `Striker` says."""
        clock = LeapingClock(times=_FAST)
        striker = Striker(
            fault=fault, strikes=strikes, clock=clock, elsewhere=self.elsewhere, **how
        )
        return self._run(striker)

    def repeat(self) -> Outcome:
        """Give the same command again two days later, when no pause is owed any more."""
        self.proxy.soon(self.proxy.listen)
        clock = LeapingClock(times=_FAST, ahead=_DAYS_LATER)
        return self._run(
            Striker(fault=None, strikes=range(0), clock=clock, elsewhere=self.elsewhere)
        )

    def _run(self, striker: Striker) -> Outcome:
        self.proxy.script = striker
        time = ClientTime(settled_first=striker.settled_first)
        self.proxy.pass_time = time.pass_
        desk = Desk(
            folder=self.folder,
            sandbox=self.sandbox,
            environ=self.environ,
            clock=striker.clock,
            observer=Recorder(on_progress=time.note),
        )
        report: RunReport | None = None
        crash = ""
        try:
            with time.rules():
                report = desk.run(
                    self.source, in_flight=self.workers, results=self.folder / "r.jsonl"
                )
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            crash = type(error).__name__
        self._swallowed += striker.swallowed
        words, violations = self._judged(desk)
        return Outcome(
            words=words,
            exit_code=None if report is None else int(report.exit_code),
            crash=crash,
            violations=violations,
            sent=Counter(_row_number_of(request.body) for request in striker.asked_for),
            striker=striker,
        )

    def _judged(self, desk: Desk) -> tuple[dict[int, str], list[Violation]]:
        """Return what the results say, and what the evidence shows to be broken."""
        log = read_server_log(self.sandbox.log_path)
        swallowed = [
            Seen(
                arrived_s=0.0,
                status=told,
                is_committed=False,
                booking_id=None,
                body=log.hash_of(request.body),
            )
            for request, told in self._swallowed
        ]
        evidence, violations = judged(
            desk.settings(),
            self.sandbox.log_path,
            requests=[*log.requests, *swallowed],
            planned_s=None,  # the importer's clock runs ahead of the server's
        )
        words = {row.row_number: row.status for row in evidence.results or ()}
        return words, violations


@contextmanager
def open_scene(
    folder: Path, sandbox: Sandbox, source: Path, fault: Fault, *, workers: int
) -> Iterator[Scene]:
    """Run what a case needs: a proxy before the sandbox, and a host that nobody may ask."""
    environ = {"SOLV_IMPORT_TRUST_503": str(fault.trusts_503).lower()}
    tls = None
    if fault.is_tls:
        for kind in KINDS:
            shown(kind)  # made here: the proxy's thread is not to be kept waiting
        write_authority(folder / "authority.pem")
        environ["SOLV_IMPORT_CA_FILE"] = str(folder / "authority.pem")
        tls = shown("good")
    with (
        running_proxy(Elsewhere()) as elsewhere,
        running_proxy(before=sandbox.base_url, tls=tls) as proxy,
    ):
        yield Scene(
            folder=folder,
            sandbox=sandbox,
            source=source,
            proxy=proxy,
            elsewhere=elsewhere,
            environ=environ | {"SOLV_IMPORT_BASE_URL": proxy.base_url},
            workers=workers,
        )


def _row_number_of(body: bytes) -> int:
    """Return which row of the file a request is, by what the file calls its patient."""
    return int(json.loads(body)["emr_patient_id"].rpartition("-")[2])
