"""Create Booking: the one call that cannot be taken back, and how it goes wrong."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from importer.sandbox.answers import (
    WireAnswer,
    bent_answer,
    detail,
    in_envelope,
    json_answer,
    policy_answer,
    problem_list,
)
from importer.sandbox.auth import refusal_of
from importer.sandbox.booking_body import AliasedBooking, Booking, check_body, check_query_bool
from importer.sandbox.request_log import BOOKINGS_PATH
from importer.sandbox.store import booking_object, instant_of

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

    from importer.sandbox.config import Location
    from importer.sandbox.state import Call, SandboxState

_WALK_IN_PARAMETER = "allow_walkin_scheduling"


class BookingRoute:
    """POST /v1/partner/bookings."""

    def __init__(self, state: SandboxState) -> None:
        """Book into `state`."""
        self._state = state
        self._model = AliasedBooking if state.config.has_aliases else Booking

    def add_to(self, app: FastAPI) -> None:
        """Give `app` the route."""
        app.add_route(BOOKINGS_PATH, self.create, methods=["POST"])

    async def create(self, request: Request) -> Response:
        """Return the booking that was made, or why there is none."""
        call: Call = request.state.call
        answer = self._refused_or_booked(call, request)
        if isinstance(answer, dict):
            return self._answer(call, answer)
        if call.hit is not None and call.hit.fault.commits:
            self._state.dial.give_back(call.hit)
            call.hit = None
        return answer

    def _refused_or_booked(self, call: Call, request: Request) -> Response | dict[str, Any]:
        state = self._state
        headers = request.headers
        refusal = refusal_of(state, headers.get("authorization"), "write:bookings")
        if refusal is not None:
            return refusal
        dialect = state.config.dialect
        allow_walkin, problems = check_query_bool(
            _WALK_IN_PARAMETER, request.query_params.get(_WALK_IN_PARAMETER), dialect
        )
        checked = check_body(self._model, call.body, headers.get("content-type"), dialect)
        if problems or checked.problems:
            return problem_list([*problems, *checked.problems])
        fields = checked.fields
        location = state.location(fields["location_id"])
        if location is None:
            return detail("Location not found", HTTPStatus.NOT_FOUND)
        refusal = self._place_refusal(location, fields) or self._time_refusal(location, fields)
        if refusal is not None:
            return refusal
        record = state.book(call, fields, location, allow_walkin=allow_walkin)
        empty = None if state.config.empty_as == "null" else ""
        return in_envelope(state, booking_object(record, fields, empty=empty))

    def _place_refusal(self, location: Location, fields: dict[str, Any]) -> Response | None:
        """Return why a well-formed booking cannot be made there."""
        if not location.is_granted:
            return detail("Not allowed for this location", HTTPStatus.FORBIDDEN)
        if fields["visit_type_id"] not in {None, *self._state.config.visit_types}:
            return detail("Visit type not found", HTTPStatus.NOT_FOUND)
        return None

    def _time_refusal(self, location: Location, fields: dict[str, Any]) -> Response | None:
        """Return why it cannot be made then, by the policies; a text that is no time passes."""
        state = self._state
        instant = instant_of(fields["appointment_date"], location.timezone)
        if instant is None:
            return None
        refusal = None
        if instant <= state.now():
            refusal = policy_answer(state.config.past_time, "Appointment time is in the past")
        if refusal is None and state.store.taken(location, instant) >= state.config.slot_capacity:
            refusal = policy_answer(state.config.slot_full, "Appointment time is not available")
        return refusal

    def _answer(self, call: Call, booking: dict[str, Any]) -> Response:
        """Return the answer to a booking that was made, as a fault leaves it."""
        fault = call.hit.fault if call.hit else None
        if fault is None or not fault.commits:
            return json_answer(booking)
        if fault.is_on_the_wire:
            content = json.dumps(booking, ensure_ascii=False).encode(errors="replace")
            return WireAnswer(fault, content, self._state, call)
        return bent_answer(fault, booking, time.time())
