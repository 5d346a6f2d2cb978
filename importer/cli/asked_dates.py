"""Questions about dates: their order, years of two digits, and whose time it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.cli.terminal import counted, say
from importer.headings import noted_order
from importer.model import ORDER_WORDS, DateOrder
from importer.settings import parsing

if TYPE_CHECKING:
    from importer.cli.prompts import Prompts
    from importer.pipeline.drafting import Draft
    from importer.suggestions import ColumnFacts

_ZONES = (
    *("America/New_York", "America/Chicago", "America/Denver", "America/Phoenix"),
    *("America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu"),
)
_OTHER_ZONE = "another zone ..."


class AskedDates:
    """What a person says of the dates of one file."""

    def __init__(self, draft: Draft, prompts: Prompts) -> None:
        """Begin where nothing has been asked."""
        self._draft = draft
        self._prompts = prompts
        self._has_asked_years = False
        self._told_mixed: set[int | None] = set()

    def ask(self) -> None:
        """Ask what the columns of dates leave open."""
        draft, facts = self._draft, self._draft.date_facts()
        for name, found in facts.items():
            column = draft.column_of(name)
            if found.evidence.is_mixed:
                if column not in self._told_mixed:
                    say(f"{name}: {found.evidence}; those that fit both will be invalid.")
                self._told_mixed.add(column)
            elif found.evidence.is_ordered and name not in draft.known_orders:
                draft.orders[name] = self._asked_order(name, found)
        short_years = sum(found.short_years for found in facts.values())
        if short_years and draft.two_digit_pivot is None and not self._has_asked_years:
            self._has_asked_years = True
            draft.two_digit_pivot = self._asked_pivot(short_years)
        if draft.needs_zone(facts):
            draft.timezone = self._asked_zone()

    def _asked_order(self, name: str, facts: ColumnFacts) -> DateOrder:
        """Ask which comes first; Enter takes what the dates say, unless the heading denies it."""
        orders: dict[str, DateOrder] = {ORDER_WORDS["MDY"]: "MDY", ORDER_WORDS["DMY"]: "DMY"}
        column, proven = self._draft.column_of(name), facts.evidence.order
        note = None if column is None else noted_order(self._draft.file.headings[column])
        usual = ORDER_WORDS[proven] if proven and note in {None, proven} else None
        told = f"; its heading says {ORDER_WORDS[note]}" if note else ""
        return self._prompts.choose(f"{name}: {facts.evidence}{told}. It is written", orders, usual)

    def _asked_pivot(self, count: int) -> int | None:
        question = (
            f"{counted(count, 'date')} with a year of two digits. The last year that is 20xx, "
            "such as 30 (empty: they will be invalid):"
        )
        return self._prompts.write(question, "", _pivot)

    def _asked_zone(self) -> str:
        lines = {zone: zone for zone in _ZONES} | {_OTHER_ZONE: ""}
        # No zone stands chosen: this machine's says nothing about the clinic, and a wrong one
        # moves every visit by an hour.
        zone = self._prompts.choose("Appointments are local times. The clinic's zone:", lines)
        return zone or self._prompts.write("Its IANA name:", "America/", parsing.zone).key


def _pivot(text: str) -> int | None:
    return parsing.whole_number(0, 99)(text) if text else None
