"""Draw what a run is about to do, and hold it as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from importer.cli.problem_json import group_as_json
from importer.cli.problem_view import draw_problems
from importer.cli.target import target_label
from importer.cli.terminal import bold, counted, dim, duration, shortened
from importer.errors import ExitCode
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.cli.terminal import Signs
    from importer.reports import PlanView

_FACTS = (
    "run_id", "source_name", "base_url", "rate", "in_flight", "rows_in", "to_send", "booked",
    "skipped", "duplicate", "invalid", "left_out", "blank", "rejected", "unknown", "not_sent",
    "estimated_s", "is_held",
)  # fmt: skip


def draw_plan(plan: PlanView, signs: Signs, *, show_values: bool) -> Iterator[str]:
    """Yield the problems, where bookings would go and how fast, and the counts."""
    yield from draw_problems(plan.groups, plan.file_warnings, signs, show_values=show_values)
    parts = [f"{bold(target_label(plan.base_url))} {plan.base_url}"]
    if plan.run_id:
        parts.append(f"run {bold(plan.run_id)}" + (" (carried on)" if plan.is_resumed else ""))
    parts += [f"limit {plan.rate}", f"{plan.in_flight} in flight"]
    yield f" {signs.middle} ".join(parts)
    yield dim(f"ledger {shortened(plan.ledger)}")
    yield f" {signs.middle} ".join(_counts(plan))


def _counts(plan: PlanView) -> list[str]:
    earlier = (
        (plan.booked, "booked before it was stopped"),
        (plan.skipped, "skipped (booked before)"),
        (plan.duplicate, "duplicate"),
        (plan.invalid, "invalid"),
        (plan.left_out, "left out"),
        (plan.rejected, "rejected before"),
        (plan.unknown, "unknown"),
        (plan.blank, "blank"),
    )
    words = [counted(plan.rows_in, "row"), bold(f"{plan.to_send:,} to send")]
    words += [f"{count:,} {word}" for count, word in earlier if count]
    if plan.to_send and plan.estimated_s is not None and plan.estimated_s >= 1:
        words.append(f"about {duration(plan.estimated_s)}")
    return words


def plan_as_json(plan: PlanView, *, show_values: bool) -> dict[str, Any]:
    """Return the plan as JSON holds it; values of cells only where they may be shown."""
    shown: dict[str, Any] = {name: getattr(plan, name) for name in _FACTS}
    shown["held_by"] = [held._asdict() for held in plan.held_by]
    shown["ledger"], shown["results"] = str(plan.ledger), str(plan.results)
    shown["problems"] = [group_as_json(group, show_values=show_values) for group in plan.groups]
    return {"type": "plan", **shown}


def exit_code_of_plan(plan: PlanView) -> ExitCode:
    """Return what a dry run ends with: held, a person is needed, or neither."""
    if plan.is_held or plan.held_by:
        return ExitCode.SOURCE
    is_edited = any(group.code is ProblemCode.BOOKED_ROW_EDITED for group in plan.groups)
    needing = plan.invalid + plan.rejected + plan.left_out + plan.unknown
    return ExitCode.NEEDS_A_PERSON if needing or is_edited else ExitCode.OK
