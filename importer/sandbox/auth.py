"""The token call, and the look at the token of every other call."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from importer.sandbox.answers import detail, json_answer, problem_list, status_headers
from importer.sandbox.booking_body import TokenCall, check_body
from importer.sandbox.config import SCOPES
from importer.sandbox.request_log import TOKEN_PATH
from importer.sandbox.tokens import Refusal

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

    from importer.sandbox.state import SandboxState

_CURRENT_GRANT = "service_api"
_QUICK_START_GRANT = "client_credentials"


class TokenRoute:
    """POST /v1/auth/token."""

    def __init__(self, state: SandboxState) -> None:
        """Answer from `state`."""
        self._state = state

    def add_to(self, app: FastAPI) -> None:
        """Give `app` the route."""
        app.add_route(TOKEN_PATH, self.token, methods=["POST"])

    async def token(self, request: Request) -> Response:
        """Return a token, never in an envelope."""
        config = self._state.config
        content_type = request.headers.get("content-type")
        checked = check_body(TokenCall, request.state.call.body, content_type, config.dialect)
        if checked.problems:
            return problem_list(checked.problems)
        scopes = frozenset(checked.fields["scope"].split(","))
        refusal = self._refusal_of(checked.fields, scopes)
        if refusal is not None:
            return refusal
        grant_type = checked.fields["grant_type"]
        issued = self._state.tokens.issue(scopes, grant_type=grant_type, now=self._state.now())
        return json_answer(issued)

    def _refusal_of(self, asked: dict[str, Any], scopes: frozenset[str]) -> Response | None:
        config = self._state.config
        is_other_grant = asked["grant_type"] == _QUICK_START_GRANT
        if asked["grant_type"] != _CURRENT_GRANT and not (
            is_other_grant and config.takes_client_credentials
        ):
            return _bad_field("grant_type", "unsupported grant type")
        if not scopes <= frozenset(SCOPES):
            return _bad_field("scope", "unknown scope")
        given = (asked["client_id"], asked["client_secret"])
        if given != (config.client_id, config.client_secret):
            return detail("Invalid client credentials", config.bad_credentials_status)
        if not scopes <= frozenset(config.granted_scopes):
            return detail("Scope is not allowed for this client", HTTPStatus.FORBIDDEN)
        return None


def _bad_field(name: str, sentence: str) -> Response:
    return problem_list([{"loc": ["body", name], "msg": sentence, "type": "value_error"}])


def refusal_of(
    state: SandboxState, authorization: str | None, scope: str, *, is_lenient: bool = False
) -> Response | None:
    """Return why a call with this Authorization header may not use `scope`; None when it may."""
    token = state.tokens.check(authorization, now=state.now())
    if isinstance(token, Refusal):
        status = state.config.unauthorized_status
        return detail(token, status, status_headers(status))
    if scope in token.scopes or (is_lenient and state.config.has_lenient_scopes):
        return None
    return detail("Not enough permissions", HTTPStatus.FORBIDDEN)
