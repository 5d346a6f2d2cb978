"""`solv-import resume`: carry on with a run that was stopped."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from importer.cli.bar import narrator_for
from importer.cli.options import (
    LIMITING,
    RECORDING,
    SENDING,
    TALKING,
    setting_options,
    settings_of,
)
from importer.cli.passwords import with_password
from importer.cli.run import print_run, refuse_unattended
from importer.cli.run_ids import run_id_of
from importer.cli.shell import command as command_class
from importer.clock import SystemClock

if TYPE_CHECKING:
    from importer.cli.telling import Account
    from importer.errors import ExitCode
    from importer.pipeline import RunReport
    from importer.settings import Settings


@click.command(
    "resume",
    cls=command_class(
        "resume",
        ("solv-import resume", "the newest run that has not ended"),
        ("solv-import resume 7f3a9c --yes", "this one, without a question"),
        ("solv-import resume 7f3a9c --only-valid", "held by invalid rows: send the others"),
    ),
)
@click.argument("run_id", required=False, metavar="[RUN]")
@setting_options(
    *SENDING, *LIMITING, "override", "profile", "only_valid", "results", "summary", *RECORDING
)
@setting_options("show_values", *TALKING)
@click.pass_context
def command(ctx: click.Context, /, run_id: str | None, **_flags: object) -> None:
    """Carry on with a run that was stopped; its answered and unknown rows are not sent again."""
    from importer.cli.telling import told  # noqa: PLC0415 - the pipeline is slow to import

    settings = settings_of(ctx)
    with told("resume", settings) as account:
        account.exit_code = account.each(resume_one)(run_id, settings, account)
    ctx.exit(account.exit_code)


def resume_one(run_id: str | None, settings: Settings, account: Account) -> ExitCode:
    """Carry on with a run, print what came of it, and return its exit code."""
    from importer.pipeline import resume_run  # noqa: PLC0415 - pandas costs half a second

    refuse_unattended(settings)
    chosen = None if run_id is None else run_id_of(settings, run_id)
    clock = SystemClock()

    def work(told: Settings) -> RunReport:
        with narrator_for(told, clock, is_terminal=sys.stderr.isatty()) as observer:
            return resume_run(chosen, told, clock=clock, observer=account.watch(observer))

    report = with_password(settings, work)
    account.note(report)
    return print_run(report, settings)
