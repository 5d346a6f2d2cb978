"""The way in: admin or not, the limit, faults, the key, and the log line before any answer."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import time
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING

from importer.sandbox.answers import WireAnswer, bent_answer, gateway, limit_answer
from importer.sandbox.request_log import body_hmac
from importer.sandbox.wire import log

if TYPE_CHECKING:
    from fastapi import FastAPI, Response
    from starlette.types import Message, Receive, Scope, Send

    from importer.sandbox.faults import Fault
    from importer.sandbox.state import Call, SandboxState


_NOTHING = {"detail": "Nothing was booked"}


class ClientGoneError(Exception):
    """The client left before its request was complete."""


class FrontDoor:
    """Wraps the app; what it answers itself never reaches a route."""

    def __init__(self, app: FastAPI, state: SandboxState) -> None:
        """Stand before `app`."""
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        call: Call | None = scope["state"]["call"]
        try:
            if call is None:
                await self._admin(scope, receive, send)
            else:
                await self._logged(call, scope, receive, send)
        except asyncio.CancelledError:
            scope["state"]["wire"].cut()  # the server is closing: no answer leaves any more
        except ClientGoneError:
            pass
        except Exception as error:  # noqa: BLE001 - its text may hold a patient: name the place only
            place = traceback.extract_tb(error.__traceback__)[-1]
            log.error("sandbox: %s at %s:%s", type(error).__name__, place.filename, place.lineno)
        finally:
            if call is not None:
                self._state.answered(call, None)

    async def _admin(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a call from this machine through to the admin routes."""
        host = (scope.get("client") or ("", 0))[0]
        is_local = bool(host) and ipaddress.ip_address(host).is_loopback
        answer = self._app if is_local else gateway("Forbidden", HTTPStatus.FORBIDDEN)
        await answer(scope, receive, send)

    async def _logged(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that stands in the log."""

        async def logged_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._state.answered(call, message["status"])
            await send(message)

        answer = await self._answer_of(call, scope, receive)
        await (answer or self._app)(scope, receive, logged_send)

    async def _answer_of(self, call: Call, scope: Scope, receive: Receive) -> Response | None:
        """Return what the front answers itself; None lets the request through to its route."""
        state = self._state
        refusal = limit_answer(state, call)
        if refusal is None and not call.is_warm_up:
            call.hit = state.dial.pick(call.n, call.kind)
            if call.hit is not None and call.hit.fault.is_before_read:
                return WireAnswer(call.hit.fault, b"", state, call)
        is_whole = await self._read(call, receive)
        if refusal is not None:
            return refusal
        if not is_whole:
            return gateway("Request Too Long", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if not state.is_ready and not call.is_warm_up:
            return gateway("Service Unavailable", HTTPStatus.SERVICE_UNAVAILABLE)
        if state.config.latency_s and not call.is_warm_up:
            await asyncio.sleep(state.config.latency_s)
        fault_answer = await self._fault_answer(call)
        return fault_answer or self._key_answer(scope)

    async def _read(self, call: Call, receive: Receive) -> bool:
        """Read the body; False when it is longer than is taken."""
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            size += len(message["body"])
            if size <= self._state.config.max_body_bytes:
                parts.append(message["body"])
            if not message["more_body"]:
                break
        call.body = b"".join(parts)
        call.body_hmac = body_hmac(self._state.log.key, call.body)
        return size <= self._state.config.max_body_bytes

    async def _fault_answer(self, call: Call) -> Response | None:
        """Return the answer of a fault that acts before the app; let the others go on."""
        state = self._state
        if call.hit is None and call.kind == "booking":
            call.hit = state.dial.marked(call.body, call.body_hmac)
        fault = call.hit.fault if call.hit else None
        if fault is None:
            return None
        if fault.is_before_read:
            return WireAnswer(fault, b"", state, call)
        if fault.is_passing:
            await self._pass(fault)
            return None
        if fault.commits and call.kind == "booking":
            return None
        if fault.is_on_the_wire:
            return WireAnswer(fault, json.dumps(_NOTHING).encode(), state, call)
        return bent_answer(fault, _NOTHING, time.time())

    async def _pass(self, fault: Fault) -> None:
        """Let a fault that changes the world do so."""
        if fault.name == "expire-tokens":
            self._state.tokens.expire_all(now=self._state.now())
        else:
            await asyncio.sleep(fault.seconds)

    def _key_answer(self, scope: Scope) -> Response | None:
        """Return the gateway's refusal of an absent or wrong `x-api-key`."""
        key = dict(scope["headers"]).get(b"x-api-key", b"")
        if key == self._state.config.client_id.encode():
            return None
        return gateway("Forbidden", HTTPStatus.FORBIDDEN)
