"""The admin page and calls: for people and tests on this machine, without a key."""

from __future__ import annotations

import json
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, get_args

from fastapi import Response

from importer.sandbox.answers import detail, json_answer
from importer.sandbox.config import Limit
from importer.sandbox.faults import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI, Request

    from importer.sandbox.state import SandboxState

_MOST_BYTES = 65_536
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sandbox</title>
<meta http-equiv="refresh" content="2">
<style>body{{font:1rem/1.6 system-ui;margin:2rem auto;max-width:40rem}}
table{{border-collapse:collapse}}td{{border-bottom:1px solid #ccc;padding:.2rem 1rem}}
td+td{{text-align:right}}</style></head>
<body><h1>Sandbox</h1><p>A stand-in for the Partner API. Nobody is really booked.</p>
<table>{rows}</table></body></html>
"""


class AdminRoutes:
    """Everything below /admin; it stands neither in the log nor in the limit."""

    def __init__(self, state: SandboxState) -> None:
        """Show and change `state`."""
        self._state = state

    def add_to(self, app: FastAPI) -> None:
        """Give `app` the routes."""
        app.add_route("/admin", self.page, methods=["GET"])
        app.add_route("/admin/counts", self.counts, methods=["GET"])
        app.add_route("/admin/bookings", self.bookings, methods=["GET"])
        app.add_route("/admin/faults", self.faults, methods=["POST"])
        app.add_route("/admin/limit", self.limit, methods=["POST"])
        app.add_route("/admin/reset", self.reset, methods=["POST"])
        app.add_route("/admin/tokens/expire", self.expire_tokens, methods=["POST"])
        app.add_route("/admin/clock", self.clock, methods=["POST"])

    async def page(self, request: Request) -> Response:  # noqa: ARG002 - a route's signature
        """Show the counts to a person."""
        counts = self._state.counts()
        statuses = counts.pop("statuses")
        facts = {**counts, **{f"answered {name}": count for name, count in statuses.items()}}
        rows = (f"<tr><td>{escape(name)}</td><td>{fact}</td></tr>" for name, fact in facts.items())
        return Response(_PAGE.format(rows="".join(rows)), media_type="text/html")

    async def counts(self, request: Request) -> Response:  # noqa: ARG002 - a route's signature
        """Return the counts."""
        return json_answer(self._state.counts())

    async def bookings(self, request: Request) -> Response:  # noqa: ARG002 - a route's signature
        """Return every booking as its id and keyed hashes."""
        records = self._state.store.records.values()
        return json_answer(
            [
                {"id": kept.id, "body_hmac": kept.body_hmac, "natural_key": kept.natural_key}
                for kept in records
            ]
        )

    async def faults(self, request: Request) -> Response:
        """Turn the fault dial: `fault` with `next`, `request` or `rate`, and `on`."""
        return await self._told(request, self._turn_dial)

    async def limit(self, request: Request) -> Response:
        """Let another limit hold; without `requests`, none."""
        return await self._told(request, self._set_limit)

    async def reset(self, request: Request) -> Response:
        """Start anew."""
        return await self._told(request, lambda _: self._state.reset())

    async def expire_tokens(self, request: Request) -> Response:
        """End the life of every token."""
        state = self._state
        return await self._told(request, lambda _: state.tokens.expire_all(now=state.now()))

    async def clock(self, request: Request) -> Response:
        """Advance the sandbox's clock by `advance_s`."""
        return await self._told(request, self._advance)

    async def _told(self, request: Request, act: Callable[[dict[str, Any]], None]) -> Response:
        """Do as the JSON body says; 400 when it says nothing that can be done."""
        raw = await request.body()
        try:
            told = json.loads(raw[:_MOST_BYTES] or b"{}")
            act(dict(told))
        except (ValueError, TypeError, KeyError) as error:
            return detail(f"{type(error).__name__}: {error}", HTTPStatus.BAD_REQUEST)
        return json_answer({"done": True})

    def _turn_dial(self, told: dict[str, Any]) -> None:
        dial = self._state.dial
        fault, on = str(told["fault"]), told.get("on", "booking")
        if on not in get_args(Target):
            raise ValueError(f"requests are of no kind {on!r}")
        if "rate" in told:
            dial.set_rate(fault, float(told["rate"]), on)
        elif "request" in told:
            dial.set_numbered(int(told["request"]), fault)
        else:
            dial.queue(fault, int(told.get("next", 1)), on)

    def _set_limit(self, told: dict[str, Any]) -> None:
        self._state.set_limit(Limit(**told) if "requests" in told else None)

    def _advance(self, told: dict[str, Any]) -> None:
        self._state.clock_ahead_s += float(told["advance_s"])
