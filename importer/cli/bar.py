"""Draw how a run goes as a bar, on a terminal."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from importer.cli.progress import JsonNarrator, LineNarrator, Narrator, QuietNarrator
from importer.cli.terminal import duration, say, signs

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live
    from rich.progress import Progress

    from importer.model import Clock
    from importer.reports import ProgressView
    from importer.settings import Settings

_FRAME_S = 0.2


class BarNarrator(Narrator):
    """A bar with counts below it, on a terminal."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Start without a bar: there is none before the first row is sent."""
        super().__init__(settings, clock)
        self._live: Live | None = None
        self._bar: Progress | None = None
        self._drawn_at = float("-inf")

    def __exit__(self, *_: object) -> None:
        """Leave the last picture on the screen."""
        if self._live is not None:
            self._live.stop()

    def progress(self, counts: ProgressView) -> None:
        """Draw the bar anew, a few times a second at most."""
        now = self.clock.monotonic()
        self.pulse.add(now, counts.done)
        if now - self._drawn_at < _FRAME_S and counts.done < counts.total:
            return
        self._drawn_at = now
        if self._live is None or self._bar is None:
            self._live, self._bar = _new_bar(counts)
        self._bar.update(
            self._bar.task_ids[0],
            completed=counts.done,
            total=counts.total,
            speed=self._speed(now, counts),
        )
        self._live.update(self._picture(counts), refresh=True)

    def notice(self, text: str) -> None:
        """Print one sentence above the bar."""
        if self._live is None:
            say(text)
        else:
            self._live.console.print(text, markup=False, highlight=False)

    def _speed(self, now: float, counts: ProgressView) -> str:
        rate = f"[cyan]{self.pulse.per_s(now, counts.done):.1f}/s[/]"
        eta_s = self.pulse.eta_s(now, counts)
        if eta_s is None or counts.done >= counts.total:
            return rate
        ends = (self.clock.now() + timedelta(seconds=eta_s)).astimezone()
        return f"{rate} [dim]left[/] {duration(eta_s)}, ends {ends:%H:%M}"

    def _picture(self, counts: ProgressView) -> Group:
        from rich.console import Group  # noqa: PLC0415 - only when a bar is drawn
        from rich.text import Text  # noqa: PLC0415

        lines = [Text.from_markup(_count_line(counts))]
        if counts.paused_s > 0:
            lines.append(Text(f"  the server asked for a pause: {duration(counts.paused_s)}"))
        if counts.last_problem:
            rows = counts.last_problem_rows
            lines.append(Text(f"  last: {counts.last_problem} ({rows:,} rows)", style="dim"))
        hint = "  Ctrl-C stops after the requests in flight; the same command carries on."
        bar = [] if self._bar is None else [self._bar]
        return Group(*bar, *lines, Text(hint, style="dim"))


def _count_line(counts: ProgressView) -> str:
    shown = signs(err=True)
    words = [
        f"[green]{shown.booked} {counts.booked:,} booked[/]",
        f"[red]{shown.rejected} {counts.rejected:,} rejected[/]",
        f"[yellow]{shown.unknown} {counts.unknown:,} unknown[/]",
        f"[blue]{shown.waiting} {counts.waiting:,} waiting[/]",
        f"[dim]skipped {counts.skipped:,}[/]",
    ]
    return "  " + "   ".join(words)


def _new_bar(counts: ProgressView) -> tuple[Live, Progress]:
    from rich.console import Console  # noqa: PLC0415 - only when a bar is drawn
    from rich.live import Live  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
    )

    console = Console(stderr=True)
    is_unicode = console.encoding.startswith("utf")
    bar = Progress(
        SpinnerColumn("dots" if is_unicode else "line"),
        TextColumn("[bold]Booking"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        console=console,
    )
    bar.add_task("", total=counts.total, speed="")
    live = Live(bar, console=console, auto_refresh=False)
    live.start()
    return live, bar


def narrator_for(settings: Settings, clock: Clock, *, is_terminal: bool) -> Narrator:
    """Return the way of telling that fits where the words go."""
    if settings.json:
        return JsonNarrator(settings, clock)
    if settings.quiet:
        return QuietNarrator(settings, clock)
    return (BarNarrator if is_terminal else LineNarrator)(settings, clock)
