"""Draw how a run goes as a bar, on a terminal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from importer.cli.progress import (
    JsonNarrator,
    LineNarrator,
    Narrator,
    QuietNarrator,
)
from importer.cli.terminal import counted, duration, signs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Group
    from rich.live import Live
    from rich.progress import Progress

    from importer.model import Clock
    from importer.reports import ProgressView
    from importer.settings import Settings

_FRAME_S = 0.2


class BarNarrator(Narrator):
    """A bar with counts below it, on a terminal; it goes when the run has ended."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Start without a bar: there is none before the first row is sent."""
        super().__init__(settings, clock)
        self._live: Live | None = None
        self._bar: Progress | None = None
        self._heard: ProgressView | None = None
        self._heard_at = 0.0
        self._drawn_at = float("-inf")

    def __exit__(self, *_: object) -> None:
        """Clear the bar: the line that adds up stands in its place."""
        if self._live is not None:
            self._live.stop()

    def progress(self, counts: ProgressView) -> None:
        """Draw the bar anew, a few times a second at most."""
        now = self.clock.monotonic()
        self.pulse.add(now, counts.done)
        self._heard, self._heard_at = counts, now
        if now - self._drawn_at < _FRAME_S and counts.done < counts.total:
            return
        self._drawn_at = now
        if self._live is None:
            self._live, self._bar = _new_bar(counts, self._picture)
        self._live.refresh()

    def notice(self, text: str) -> None:
        """Print one sentence above the bar."""
        if self._live is None:
            super().notice(text)
        else:
            self._live.console.print(text, markup=False, highlight=False)

    def _picture(self) -> Group:
        """Return what is on the screen; asked for between answers too, so that a pause moves."""
        from rich.console import Group  # noqa: PLC0415 - only when a bar is drawn
        from rich.text import Text  # noqa: PLC0415 - as above

        if self._bar is None or self._heard is None:
            return Group()
        now, counts = self.clock.monotonic(), self._heard
        left_s = max(0.0, counts.paused_s - (now - self._heard_at))
        counts = replace(counts, paused_s=left_s)
        self._bar.update(
            self._bar.task_ids[0],
            completed=counts.done,
            total=counts.total,
            speed=self._speed(now, counts),
        )
        hint = "  Ctrl-C stops after the requests in flight; the same command carries on."
        lines = [Text.from_markup(line) for line in _count_lines(counts)]
        return Group(self._bar, *lines, Text(hint, style="dim"))

    def _speed(self, now: float, counts: ProgressView) -> str:
        rate = f"[cyan]{self.pulse.per_s(now, counts.done):.1f}/s[/]"
        eta_s = self.pulse.eta_s(now, counts)
        if eta_s is None or counts.done >= counts.total:
            return rate
        ends = (self.clock.now() + timedelta(seconds=eta_s)).astimezone()
        return f"{rate} [dim]left[/] {duration(eta_s)}, ends {ends:%H:%M}"


def _count_lines(counts: ProgressView) -> Iterator[str]:
    shown = signs(err=True)
    words = [
        f"[green]{shown.booked} {counts.booked:,} booked[/]",
        f"[red]{shown.rejected} {counts.rejected:,} rejected[/]",
        f"[yellow]{shown.unknown} {counts.unknown:,} unknown[/]",
    ]
    if counts.waiting:
        words.append(f"[blue]{shown.waiting} {counts.waiting:,} waiting[/]")
    if counts.skipped:
        words.append(f"[dim]skipped {counts.skipped:,}[/]")
    yield "  " + "   ".join(words)
    if counts.paused_s > 0:
        yield f"  [yellow]paused by the server: {duration(counts.paused_s)} to go, then slower[/]"
    if counts.last_problem:
        rows = counted(counts.last_problem_rows, "row")
        yield f"  [dim]last: {counts.last_problem} ({rows})[/]"


def _new_bar(counts: ProgressView, picture: Callable[[], Group]) -> tuple[Live, Progress]:
    from rich.console import Console  # noqa: PLC0415 - only when a bar is drawn
    from rich.live import Live  # noqa: PLC0415 - as above
    from rich.progress import (  # noqa: PLC0415 - as above
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
    live = Live(get_renderable=picture, console=console, refresh_per_second=4, transient=True)
    live.start()
    return live, bar


def narrator_for(settings: Settings, clock: Clock, *, is_terminal: bool) -> Narrator:
    """Return the way of telling that fits where the words go."""
    if settings.json:
        return JsonNarrator(settings, clock)
    if settings.quiet:
        return QuietNarrator(settings, clock)
    return (BarNarrator if is_terminal else LineNarrator)(settings, clock)
