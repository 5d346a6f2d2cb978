"""A server that misbehaves as no well-meant one does: it quotes patients, or sends one away."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""

TOKEN: Answer = (200, {}, json.dumps({"access_token": "t0k3n", "expires_in": 3600}).encode())


def echoes(number: int, body: bytes) -> Answer:
    """Return one of the ways in which servers quote what they were sent."""
    sent = json.loads(body)
    text, words = body.decode(), " ".join(str(value) for value in sent.values())
    problem = {"loc": ["body", "phone", sent["last_name"]], "msg": words, "type": "value_error"}
    problem |= {"input": sent, "ctx": {"doc": text}}
    bodies: list[tuple[int, Any]] = [
        (200, {"id": number, "status": sent["first_name"], "emr_booking_id": sent["last_name"]}),
        (422, {"detail": [problem]}),
        (422, {"detail": words}),
        (409, {"detail": text}),
        (500, text),
        (200, {"id": words, "status": words}),
        (400, {"message": words}),
        (503, words),
    ]
    status, told = bodies[number % len(bodies)]
    quoted = words.encode("ascii", "replace").decode()
    headers = {"x-request-id": f"req-{number}", "x-note": quoted, "Retry-After": quoted}
    content = told if isinstance(told, str) else json.dumps(told)
    return status, headers, content.encode()


@contextmanager
def answering(book: Callable[[int, bytes], Answer]) -> Iterator[str]:
    """Serve sign-ins, and `book` for everything else; give the base URL."""
    count = iter(range(1, 1_000_000))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_sign_in = self.path.endswith("/auth/token")
            status, headers, content = TOKEN if is_sign_in else book(next(count), body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
