"""What this terminal is: who sees it, who can answer, which signs it can show."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from importer.printable import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """The signs that a terminal of one encoding can show."""

    booked: str
    rejected: str
    unknown: str
    waiting: str
    corner: str
    bar: str
    dots: str
    dash: str
    middle: str
    open_quote: str
    close_quote: str
    hidden: str
    arrow: str


_UNICODE = Signs(
    booked="✓",
    rejected="✕",
    unknown="?",
    waiting="↻",
    corner="┌─",
    bar="│",
    dots="┆",
    dash="—",
    middle="·",
    open_quote="“",
    close_quote="”",
    hidden="•••",
    arrow="→",
)
_ASCII = Signs(
    booked="+",
    rejected="x",
    unknown="?",
    waiting="~",
    corner="+-",
    bar="|",
    dots=":",
    dash="-",
    middle="-",
    open_quote='"',
    close_quote='"',
    hidden="***",
    arrow="->",
)


def signs(*, err: bool = False) -> Signs:
    """Return the signs that standard output, or standard error, can show."""
    return _UNICODE if _encoding(err=err).lower().startswith("utf") else _ASCII


def _encoding(*, err: bool) -> str:
    # While a bar is drawn, rich stands in front of both streams, and says no encoding.
    streams = (sys.stderr, sys.__stderr__) if err else (sys.stdout, sys.__stdout__)
    return next((s.encoding for s in streams if s is not None and s.encoding), "ascii")


def is_seen_by_a_person() -> bool:
    """Return whether all that is said goes to a terminal, and nothing to a file or a log."""
    return sys.stdout.isatty() and sys.stderr.isatty()


def can_answer() -> bool:
    """Return whether somebody is there to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def say(text: str) -> None:
    """Print one line for people; a sign that the encoding lacks must not end a run."""
    _print(text, err=True)


def put(text: str) -> None:
    """Print one line of data."""
    _print(text, err=False)


def json_line(document: object) -> str:
    """Return a document as one line of JSON in which a terminal finds nothing to obey."""
    text = json.dumps(document, ensure_ascii=False)
    return printable(text, lambda sign: json.dumps(sign)[1:-1])


def _print(text: str, *, err: bool) -> None:
    encoding = _encoding(err=err)
    click.echo(text.encode(encoding, "replace").decode(encoding), err=err)


def bold(text: str) -> str:
    """Return the text in bold, where the terminal can."""
    return click.style(text, bold=True)


def dim(text: str) -> str:
    """Return the text in grey, where the terminal can."""
    return click.style(text, dim=True)


def duration(seconds: float) -> str:
    """Return a span of time as people say it: `2 h 04 min`."""
    minutes, left = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {left:02} s" if minutes else f"{left} s"


def counted(count: int, noun: str) -> str:
    """Return how many there are of a thing: `1 row`, `2,000 rows`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def shortened(path: Path) -> str:
    """Return a path as people write it: `~` for their own folder."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):  # it lies elsewhere, or nobody has a home here
        return str(path)
