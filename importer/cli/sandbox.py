"""`solv-import sandbox`: a stand-in Partner API on this machine."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from importer.cli.shell import command as command_class
from importer.cli.terminal import put, say
from importer.clock import SystemClock
from importer.errors import SettingsError
from importer.rate import parse_rate
from importer.settings import state_folder

if TYPE_CHECKING:
    from importer.sandbox import Limit, LimitHeaders, SandboxConfig

_ANOTHER_PORT = "Name another with --port; 0 takes any that is free."
_LIMIT_HEADERS = ("retry-after", "http-date", "none", "x-ratelimit", "ratelimit", "ratelimit-old")


@click.command(
    "sandbox",
    cls=command_class(
        "sandbox",
        ("solv-import sandbox", "then paste all lines it prints into another terminal"),
        ("solv-import sandbox --limit 20/s", "answers 429 above that"),
        ("solv-import sandbox --fault commit-then-drop:0.02", "loses 2 % of its answers"),
    ),
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Where it listens; 0 takes any port that is free.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same faults.")
@click.option("--limit", "limit_text", metavar="N/s|min|h", help="Answer 429 above this.")
@click.option(
    "--limit-headers",
    type=click.Choice(_LIMIT_HEADERS),
    default="retry-after",
    show_default=True,
    help="How a 429 says how long to wait.",
)
@click.option(
    "--fault",
    "faults",
    metavar="FAULT:SHARE",
    multiple=True,
    help="Let a share of bookings fail that way, such as 504:0.01; `list` names them all.",
)
@click.option(
    "--latency",
    "latency_s",
    type=click.FloatRange(0, 60),
    default=0.0,
    metavar="S",
    help="Seconds that every answer takes longer.",
)
@click.option(
    "--dialect",
    type=click.Choice(["v1", "v2"]),
    default="v1",
    show_default=True,
    help="Whose 422 bodies.",
)
@click.option("--log", "log_path", type=click.Path(path_type=Path), help="Keep the request log.")
def command(  # noqa: PLR0913 - one parameter an option
    *,
    port: int,
    seed: int,
    limit_text: str | None,
    limit_headers: LimitHeaders,
    faults: tuple[str, ...],
    latency_s: float,
    dialect: Literal["v1", "v2"],
    log_path: Path | None,
) -> None:
    """Serve a stand-in Partner API on this machine, until Ctrl-C.

    It takes bookings like the real one, and no real patient is booked. It forgets them when it
    ends, which a ledger never does: so it prints, with its address and credentials, a state folder
    of its own. Paste all those lines into the terminal from which you import.
    """
    from importer.sandbox import SandboxConfig, serve  # noqa: PLC0415 - web framework

    if "list" in faults:
        _list_faults()
        return
    config = SandboxConfig(
        port=port,
        seed=seed,
        limit=_limit(limit_text, limit_headers),
        faults=_faults(faults),
        latency_s=latency_s,
        dialect=dialect,
        log_path=log_path,
    )
    try:
        serve(config, lambda url, log: _say_where(config, url, log))
    except ValueError as error:
        raise SettingsError(f"--fault: {error}.", todo="`--fault list` names them all.") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SettingsError(
            f"The sandbox cannot listen on port {port}: {reason}.", todo=_ANOTHER_PORT
        ) from None


def _say_where(config: SandboxConfig, url: str, log: Path) -> None:
    for name, value in (
        ("BASE_URL", url),
        ("CLIENT_ID", config.client_id),
        ("CLIENT_SECRET", config.client_secret),
        ("STATE_DIR", str(_fresh_state())),
    ):
        put(f"export SOLV_IMPORT_{name}={shlex.quote(value)}")
    say("Paste these lines into the terminal from which you import. The last one names a fresh")
    say("ledger: this sandbox knows no booking, so rows of an earlier one must not be skipped.")
    say(f"The sandbox listens. Its request log is {log}; Ctrl-C ends it.")


def _fresh_state() -> Path:
    """Return a state folder that no sandbox has named before; the first run makes it."""
    stamp = f"{SystemClock().now():%Y-%m-%dT%H%M%SZ}"
    return state_folder(os.environ).absolute() / "sandbox" / f"{stamp}-{os.getpid()}"


def _limit(text: str | None, headers: LimitHeaders) -> Limit | None:
    from importer.sandbox import Limit  # noqa: PLC0415 - web framework

    if text is None:
        return None
    try:
        rate = parse_rate(text)
    except ValueError as error:
        raise SettingsError(f"--limit cannot be used: {error}.") from None
    if rate is None:
        return None
    return Limit(requests=rate.count, window_s=rate.window_s, headers=headers)


def _faults(texts: tuple[str, ...]) -> dict[str, float]:
    faults: dict[str, float] = {}
    for text in texts:
        name, colon, share = text.rpartition(":")
        try:
            faults[name] = float(share)
        except ValueError:
            colon = ""
        if not colon:
            raise SettingsError(f"--fault {text} names no share.", todo="Such as 504:0.01.")
    return faults


def _list_faults() -> None:
    from importer.sandbox import (  # noqa: PLC0415 - web framework
        BODY_FAULTS,
        PASSING_FAULTS,
        SPECIAL_STATUSES,
        WIRE_FAULTS,
    )

    for group in (WIRE_FAULTS, BODY_FAULTS, PASSING_FAULTS, SPECIAL_STATUSES):
        for name, what in group.items():
            put(f"{name:<20}  {what}")
    put(f"{'any status':<20}  its three digits, such as 500")
