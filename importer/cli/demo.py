"""`solv-import demo`: import sample files into a sandbox, over real HTTP, without an account."""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

import importer
from importer.cli.bar import narrator_for
from importer.cli.options import setting_options
from importer.cli.shell import command as command_class
from importer.cli.terminal import bold, put, say
from importer.clock import SystemClock
from importer.errors import ExitCode, SettingsError, worst
from importer.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.sandbox import Sandbox

_FINE = frozenset({ExitCode.OK, ExitCode.NEEDS_A_PERSON})
_RATE = "40/s"
_LIMIT_PER_S = 50
_SAMPLES = ("northside_clean.csv", "northside_clean.xlsx", "lakeside_messy.csv")


@click.command(
    "demo",
    cls=command_class(
        "demo",
        ("solv-import demo", "the sample files of this repository"),
        ("solv-import demo visits.xlsx --into trial", "your own file, into a sandbox only"),
    ),
)
@click.argument("files", nargs=-1, metavar="[FILE...]", type=click.Path(path_type=Path))
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the results go.  [default: demo-results/TIME]",
)
@setting_options("quiet")
@click.pass_context
def command(
    ctx: click.Context, /, files: tuple[Path, ...], into: Path | None, **flags: object
) -> None:
    """Import files into a sandbox on this machine: real HTTP, invented clinics, no account.

    A profile that stands beside a file and bears the first word of its name is used:
    lakeside.toml for lakeside_messy.csv. Invalid rows stay behind.
    """
    from importer.sandbox import Limit, SandboxConfig, running_sandbox  # noqa: PLC0415 - slow

    sources = files or _samples()
    folder = into or Path("demo-results") / f"{SystemClock().now():%Y-%m-%dT%H%M%SZ}"
    with ExitStack() as stack:
        # A new sandbox knows no booking, so the ledger beside it starts empty as well.
        state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="solv-demo-")))
        config = SandboxConfig(limit=Limit(requests=_LIMIT_PER_S))
        sandbox = stack.enter_context(running_sandbox(config))
        say(f"A sandbox at {sandbox.base_url} stands in for Solv; nothing leaves this machine.")
        folder.mkdir(parents=True, exist_ok=True)
        ctx.exit(_import_all(sources, sandbox, state, folder, is_quiet=bool(flags["quiet"])))


def _import_all(
    sources: Sequence[Path], sandbox: Sandbox, state: Path, folder: Path, *, is_quiet: bool
) -> ExitCode:
    codes = [
        _import(source, _settings(source, sandbox, state, folder, is_quiet=is_quiet))
        for source in sources
    ]
    again = replace(
        _settings(sources[0], sandbox, state, folder, is_quiet=True),
        results=folder / f"{sources[0].name}.again.results.xlsx",
    )
    say(f"\nThe same file again: {sources[0].name}")
    codes.append(_import(sources[0], again))
    twice = len(sandbox.duplicates())
    put(f"\nThe sandbox holds {len(sandbox.bookings()):,} bookings, {twice or 'none'} twice.")
    if twice:
        return ExitCode.BUG
    return worst(*(code for code in codes if code not in _FINE), ExitCode.OK)


def _import(source: Path, settings: Settings) -> ExitCode:
    from importer.pipeline import import_file  # noqa: PLC0415 - pandas costs half a second

    clock = SystemClock()
    if not settings.quiet:
        say(f"\n{bold(source.name)}")
    with narrator_for(settings, clock, is_terminal=sys.stderr.isatty()) as observer:
        report = import_file(
            source, settings, clock=clock, observer=observer, selection=settings.selection
        )
    put(report.summary.conservation_line())
    put(f"Results: {report.results_path}")
    return ExitCode(report.exit_code)


def _settings(
    source: Path, sandbox: Sandbox, state: Path, folder: Path, *, is_quiet: bool
) -> Settings:
    """Return settings of nobody's but the demo's own."""
    environ = {
        "SOLV_IMPORT_BASE_URL": sandbox.base_url,
        "SOLV_IMPORT_CLIENT_ID": sandbox.config.client_id,
        "SOLV_IMPORT_CLIENT_SECRET": sandbox.config.client_secret,
        "SOLV_IMPORT_STATE_DIR": str(state),
        "SOLV_IMPORT_CONFIG_DIR": str(state),
    }
    profile = source.with_name(source.stem.split("_")[0] + ".toml")
    flags = {
        "profile": str(profile) if profile.is_file() else None,
        "results": folder / f"{source.name}.results.xlsx",
        "rate": _RATE,
        "only_valid": True,
        "quiet": is_quiet,
    }
    return load_settings(flags, environ=environ, folder=state)


def _samples() -> tuple[Path, ...]:
    beside = Path(importer.__file__).parents[1] / "sample_data"
    for folder in (Path("sample_data"), beside):
        found = tuple(folder / name for name in _SAMPLES)
        if all(path.is_file() for path in found):
            return found
    raise SettingsError(
        "The sample files are not here; they come with the repository.",
        todo="Name a file of your own: solv-import demo visits.xlsx",
    )
