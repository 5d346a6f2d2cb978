"""Bookings addressed by the EMR's id: update, cancel, reschedule.

They exist only when the sandbox gives EMR ids; otherwise every id is unknown.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from importer.sandbox.answers import detail, in_envelope, json_answer, problem_list
from importer.sandbox.auth import refusal_of
from importer.sandbox.booking_body import (
    ExternalCancel,
    ExternalChange,
    ExternalReschedule,
    check_body,
)
from importer.sandbox.store import booking_object

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response
    from pydantic import BaseModel

    from importer.sandbox.state import SandboxState
    from importer.sandbox.store import BookingRecord

_PLACE = "/v1/partner/external_bookings/{external_booking_id}"
_SERVICES = frozenset({"7", "8", "11"})


class ExternalRoutes:
    """PATCH, DELETE and POST .../reschedule of an external booking."""

    def __init__(self, state: SandboxState) -> None:
        """Change bookings of `state`."""
        self._state = state

    def add_to(self, app: FastAPI) -> None:
        """Give `app` the routes."""
        app.add_route(_PLACE, self.change, methods=["PATCH"])
        app.add_route(_PLACE, self.cancel, methods=["DELETE"])
        app.add_route(f"{_PLACE}/reschedule", self.reschedule, methods=["POST"])

    async def change(self, request: Request) -> Response:
        """Set a booking's status."""
        return self._changed(request, ExternalChange)

    async def cancel(self, request: Request) -> Response:
        """Cancel a booking."""
        return self._changed(request, ExternalCancel)

    async def reschedule(self, request: Request) -> Response:
        """Move a booking to another time."""
        return self._changed(request, ExternalReschedule)

    def _changed(self, request: Request, model: type[BaseModel]) -> Response:
        state = self._state
        headers = request.headers
        refusal = refusal_of(state, headers.get("authorization"), "write:bookings")
        if refusal is not None:
            return refusal
        checked = check_body(
            model, request.state.call.body, headers.get("content-type"), state.config.dialect
        )
        problems = checked.problems
        if not problems and checked.fields["service_id"] not in _SERVICES:
            loc = ["body", "service_id"]
            problems = [{"loc": loc, "msg": "unknown service", "type": "value_error"}]
        if problems:
            return problem_list(problems)
        record = state.store.by_emr_id(request.path_params["external_booking_id"])
        if record is None or record.fields is None:
            return detail("Booking not found", HTTPStatus.NOT_FOUND)
        return self._shown(_after(record, record.fields, checked.fields))

    def _shown(self, record: BookingRecord) -> Response:
        """Keep the changed booking and return it."""
        self._state.store.replace(record)
        empty = None if self._state.config.empty_as == "null" else ""
        shown = booking_object(record, record.fields or {}, empty=empty)
        return json_answer(in_envelope(self._state, shown))


def _after(record: BookingRecord, fields: dict[str, Any], change: dict[str, Any]) -> BookingRecord:
    """Return `record` after a change, cancellation or move."""
    if "appointment_date" in change:
        return replace(record, fields=fields | {"appointment_date": change["appointment_date"]})
    return replace(record, status=change.get("status", "CANCELLED"))
