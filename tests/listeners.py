"""Who is told by the command under test: a mail server and a webhook, real, on loopback."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_server
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from email.message import EmailMessage

    from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(slots=True, kw_only=True)
class Webhook:
    """A server that keeps every request, and may be slow, or refuse."""

    url: str = ""
    status: int = 200
    is_silent: bool = False
    """Whether it takes requests and never answers."""
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Method, path with its query, body."""
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def target(self) -> str:
        """Return it as Apprise writes it."""
        return self.url.replace("http", "json", 1)

    @property
    def paths(self) -> list[str]:
        """Return what was called, in order."""
        return [path for _, path, _ in self.requests]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Return the bodies of the posts."""
        return [json.loads(body) for method, _, body in self.requests if method == "POST"]


@contextmanager
def webhook(tls: ssl.SSLContext | None = None, **switches: Any) -> Iterator[Webhook]:
    """Run a webhook on a free port, until the block ends."""
    hook = Webhook(**switches)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            hook.requests.append((self.command, self.path, body))
            if hook.is_silent:
                hook.ended.wait(30)
            self.send_response(hook.status)
            self.send_header("Location", f"{hook.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - as above

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            pass  # a client that gave up

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "http" if tls is None else "https"
    hook.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield hook
    finally:
        hook.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(slots=True, kw_only=True)
class Mailbox:
    """What a mail server took: who sent it to whom, and the mail."""

    port: int
    mails: list[tuple[str, list[str], EmailMessage]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd names it so
        """Keep a mail."""
        content = envelope.original_content or b""
        mail = message_from_bytes(content, policy=policy.default)
        self.raw.append(content)
        self.mails.append((envelope.mail_from or "", envelope.rcpt_tos, mail))
        return "250 taken"


@contextmanager
def mail_server(tls: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """Run a mail server on a free port, with STARTTLS when it has a certificate."""
    box = Mailbox(port=_free_port())
    required = {} if tls is None else {"tls_context": tls, "require_starttls": True}
    controller = Controller(box, hostname="127.0.0.1", port=box.port, **required)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def _free_port() -> int:
    with create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
