"""Locations and their slots, v1 and v2."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from importer.sandbox.answers import detail, in_envelope, json_answer, problem_list
from importer.sandbox.auth import refusal_of
from importer.sandbox.booking_body import check_query_bool, check_query_int
from importer.sandbox.config import Location
from importer.sandbox.slots import slots_of

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

    from importer.sandbox.booking_body import Problem
    from importer.sandbox.state import SandboxState

_DAYS_V1 = 7
_PLACE = "/partner/locations/{location_id}"
_VISIT_TYPE = "visit_type_id"
_MOST_DAYS = 366


class LocationRoutes:
    """GET of a location and of its slots."""

    def __init__(self, state: SandboxState) -> None:
        """Answer from `state`."""
        self._state = state

    def add_to(self, app: FastAPI) -> None:
        """Give `app` the routes."""
        app.add_route(f"/v1{_PLACE}", self.location, methods=["GET"])
        app.add_route(f"/v1{_PLACE}/slots", self.slots_v1, methods=["GET"])
        app.add_route(f"/v2{_PLACE}/slots", self.slots_v2, methods=["GET"])

    async def location(self, request: Request) -> Response:
        """Return a clinic's id, name and zone."""
        place = self._place_or_refusal(request)
        if not isinstance(place, Location):
            return place
        shown = {"id": place.id, "name": place.name, "timezone": place.timezone}
        return json_answer(in_envelope(self._state, shown))

    async def slots_v1(self, request: Request) -> Response:
        """Return the slots of as many days as asked, seven by default; deprecated."""
        dialect = self._state.config.dialect
        name = "number_of_days_worth"
        days, problems = check_query_int(name, request.query_params.get(name), dialect)
        return self._slots(request, _DAYS_V1 if days is None else days, problems)

    async def slots_v2(self, request: Request) -> Response:
        """Return the slots of as many days as the clinic has set."""
        return self._slots(request, self._state.config.slot_days_v2, [])

    def _slots(self, request: Request, days: int, problems: list[Problem]) -> Response:
        place = self._place_or_refusal(request)
        if not isinstance(place, Location):
            return place
        visit_type, more = self._visit_type(request)
        if problems or more:
            return problem_list([*problems, *more])
        state = self._state
        if visit_type not in {None, *state.config.visit_types}:
            return detail("Visit type not found", HTTPStatus.NOT_FOUND)
        slots = slots_of(
            place,
            state.store,
            now=state.now(),
            days=min(days, _MOST_DAYS),
            capacity=state.config.slot_capacity,
        )
        return json_answer(in_envelope(state, [{"location_id": place.id, "slots": slots}]))

    def _visit_type(self, request: Request) -> tuple[int | None, list[Problem]]:
        """Return the visit type asked for; the walk-in switches are checked, and change nothing."""
        query = request.query_params
        dialect = self._state.config.dialect
        visit_type, problems = check_query_int(_VISIT_TYPE, query.get(_VISIT_TYPE), dialect)
        for name in ("return_walkin_slots", "with_booking_buffer"):
            problems += check_query_bool(name, query.get(name), dialect)[1]
        return visit_type, problems

    def _place_or_refusal(self, request: Request) -> Location | Response:
        """Return the clinic of the path, or why the caller may not see it."""
        header = request.headers.get("authorization")
        refusal = refusal_of(self._state, header, "read:locations", is_lenient=True)
        if refusal is not None:
            return refusal
        place = self._state.location(request.path_params["location_id"])
        if place is None:
            return detail("Location not found", HTTPStatus.NOT_FOUND)
        if not place.is_granted:
            return detail("Not allowed for this location", HTTPStatus.FORBIDDEN)
        return place
