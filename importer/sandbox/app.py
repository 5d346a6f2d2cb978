"""The app: every route of the Partner API that the sandbox has, and its own admin page."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import FastAPI

from importer.sandbox.admin import AdminRoutes
from importer.sandbox.answers import detail
from importer.sandbox.auth import TokenRoute
from importer.sandbox.booking_body import UnreadableBodyError
from importer.sandbox.bookings import BookingRoute
from importer.sandbox.external import ExternalRoutes
from importer.sandbox.locations import LocationRoutes

if TYPE_CHECKING:
    from fastapi import Request, Response

    from importer.sandbox.state import SandboxState


def build_app(state: SandboxState) -> FastAPI:
    """Return the app over `state`; it stands behind a `FrontDoor`."""
    app = FastAPI(openapi_url=None)
    TokenRoute(state).add_to(app)
    BookingRoute(state).add_to(app)
    LocationRoutes(state).add_to(app)
    ExternalRoutes(state).add_to(app)
    AdminRoutes(state).add_to(app)
    app.add_exception_handler(UnreadableBodyError, _unreadable)
    return app


async def _unreadable(request: Request, error: Exception) -> Response:  # noqa: ARG001 - FastAPI's
    """Answer as FastAPI does when a body is not even text."""
    return detail("There was an error parsing the body", HTTPStatus.BAD_REQUEST)
