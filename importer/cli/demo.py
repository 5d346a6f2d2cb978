"""`solv-import demo`: import sample files into a sandbox, over real HTTP, without an account."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

import importer
from importer.cli.bar import narrator_for
from importer.cli.failures import tell
from importer.cli.options import READING, given_flags, setting_options
from importer.cli.shell import command as command_class
from importer.cli.terminal import bold, counted, put, say
from importer.clock import SystemClock
from importer.errors import ExitCode, ImporterError, SettingsError, worst
from importer.settings import SPECS, Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from importer.sandbox import Sandbox

_FINE = frozenset({ExitCode.OK, ExitCode.NEEDS_A_PERSON})
_STOPPED = frozenset({ExitCode.INTERRUPTED, ExitCode.TERMINATED, ExitCode.UNKNOWN_OUTCOMES})
_RATE = "40/s"
_LIMIT_PER_S = 50
_ABOUT_THE_FILE = frozenset({"file", "dates", "values", "defaults"})
_SAMPLES = ("northside_clean.csv", "northside_clean.xlsx", "lakeside_messy.csv")


@click.command(
    "demo",
    cls=command_class(
        "demo",
        ("solv-import demo", "the sample files of this repository"),
        ("solv-import demo visits.xlsx --into trial", "your own file, into a sandbox only"),
        ("solv-import demo visits.csv --timezone America/Chicago", "read as you say"),
    ),
)
@click.argument("files", nargs=-1, metavar="[FILE...]", type=click.Path(path_type=Path))
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the results go.  [default: demo-results/TIME]",
)
@setting_options(*READING, "quiet")
@click.pass_context
def command(
    ctx: click.Context, /, files: tuple[Path, ...], into: Path | None, **_flags: object
) -> None:
    """Import files into a sandbox on this machine: real HTTP, invented clinics, no account.

    A profile that stands beside a file and bears the first word of its name is used:
    lakeside.toml for lakeside_messy.csv. Invalid rows stay behind. How a file of your own is
    read, flags and your own settings say; where it goes, they do not.
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
        stage = _Stage(
            sandbox=sandbox,
            state=state,
            folder=folder,
            flags=given_flags(ctx),
            environ=_environ_for_reading() if files else {},
        )
        ctx.exit(_import_all(ctx, sources, stage))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """What all files of one demo share."""

    sandbox: Sandbox
    state: Path
    folder: Path
    flags: Mapping[str, object]
    environ: Mapping[str, str]
    """Their own variables that say how a file is read; none for the sample files."""


def _environ_for_reading() -> dict[str, str]:
    names = {spec.variable for spec in SPECS.values() if spec.section in _ABOUT_THE_FILE}
    names |= {"SOLV_IMPORT_CONFIG_DIR", SPECS["profile"].variable}
    return {name: value for name, value in os.environ.items() if name in names}


def _import_all(ctx: click.Context, sources: Sequence[Path], stage: _Stage) -> ExitCode:
    codes: dict[Path, ExitCode] = {}
    for source in sources:
        codes[source] = _try(ctx, source, stage)
        if codes[source] in _STOPPED:
            return codes[source]
    first = next((source for source, code in codes.items() if code in _FINE), None)
    ended = list(codes.values())
    if first is not None:
        say(f"\nThe same file again: {first.name}")
        place = stage.folder / f"{first.name}.again.results.xlsx"
        ended.append(_import(first, replace(_settings(first, stage), quiet=True, results=place)))
    twice = len(stage.sandbox.duplicates())
    bookings = counted(len(stage.sandbox.bookings()), "booking")
    put(f"\nThe sandbox holds {bookings}, {twice or 'none'} twice.")
    if twice:
        return ExitCode.BUG
    return worst(*(code for code in ended if code not in _FINE), ExitCode.OK)


def _try(ctx: click.Context, source: Path, stage: _Stage) -> ExitCode:
    """Import one file; one that cannot be used keeps no other waiting."""
    try:
        return _import(source, _settings(source, stage))
    except ImporterError as error:
        tell(error, ctx)
        return error.exit_code


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


def _settings(source: Path, stage: _Stage) -> Settings:
    """Return settings whose target is nobody's but the demo's own."""
    config = stage.sandbox.config
    environ = {
        "SOLV_IMPORT_CONFIG_DIR": str(stage.state),
        **stage.environ,
        "SOLV_IMPORT_BASE_URL": stage.sandbox.base_url,
        "SOLV_IMPORT_CLIENT_ID": config.client_id,
        "SOLV_IMPORT_CLIENT_SECRET": config.client_secret,
        "SOLV_IMPORT_STATE_DIR": str(stage.state),
    }
    profile = source.with_name(source.stem.split("_")[0] + ".toml")
    flags = {
        "profile": str(profile.absolute()) if profile.is_file() else None,
        **stage.flags,
        "results": stage.folder / f"{source.name}.results.xlsx",
        "rate": _RATE,
        "only_valid": True,
    }
    return load_settings(flags, environ=environ, folder=stage.state)


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
