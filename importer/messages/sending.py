"""Sends one message to every target, at the same time and once.

A target is written as Apprise writes it (`mailto://`, `slack://`, `json://` ...) and most often
holds a secret: it is in no log, no error and no return value, and Apprise is kept silent.
"""

from __future__ import annotations

import logging
import os
import ssl
import tempfile
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.messages.calls import LONGEST_S, Call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from apprise import NotifyBase

    from importer.model import Clock

_NAME = "solv-import"
_TRUST_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
"""Where OpenSSL and requests, with which Apprise sends, look for authorities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is told; without any patient value, heading or name of a file."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of a message at one target."""

    target: str
    """Its number and kind, such as `target 1 of 2 (mailto)`: never the target itself."""
    why_not: str = ""
    """"" when it was taken."""


def send_message(
    message: Message,
    targets: Sequence[str],
    clock: Clock,
    *,
    ca_file: Path | None = None,
    public: Callable[[], ssl.SSLContext] = ssl.create_default_context,
) -> list[Delivery]:
    """Send a message to every target; return what became of each, in their order.

    It takes ten seconds at most, as many targets as there are; none is tried twice.

    Args:
        message: What is told.
        targets: As Apprise writes them.
        clock: The time.
        ca_file: PEM file of authorities to trust beside the public ones.
        public: Returns what knows the public ones.
    """
    with _silence(), _trusted(ca_file, public):
        known = [_service_or_none(target) for target in targets]
        calls = [None if one is None else Call(_sender(one, message), clock) for one in known]
        whys = [_NOT_KNOWN if call is None else call.why_not() for call in calls]
    places = [f"target {number} of {len(targets)}" for number in range(1, len(targets) + 1)]
    return [
        Delivery(target=f"{place}{_kind(target, one)}", why_not=why)
        for place, target, one, why in zip(places, targets, known, whys, strict=True)
    ]


def unknown_targets(targets: Sequence[str]) -> list[str]:
    """Return those that Apprise has nothing for, named as a delivery names them."""
    with _silence():
        return [
            f"target {number} of {len(targets)}"
            for number, target in enumerate(targets, start=1)
            if _service_or_none(target) is None
        ]


_NOT_KNOWN = "it is not written as Apprise writes one"


def _service_or_none(target: str) -> NotifyBase | None:
    """Return what sends to a target, None when Apprise has nothing for it."""
    try:
        return _service(target)
    except Exception:  # noqa: BLE001 - a library of a hundred services raises anything
        return None


def _service(target: str) -> NotifyBase | None:
    import apprise  # noqa: PLC0415 - it costs a third of a second

    asset = apprise.AppriseAsset(
        app_id=_NAME,
        app_desc=_NAME,
        app_url="",
        image_url_mask="",
        image_url_logo="",
        async_mode=False,
        http_redirects=False,
        pgp_autogen=False,
        pem_autogen=False,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )
    found = apprise.Apprise.instantiate(target, asset=asset)
    if found is not None:
        found.socket_connect_timeout = found.socket_read_timeout = LONGEST_S
    return found


def _sender(service: NotifyBase, message: Message) -> Callable[[], str]:
    from apprise import NotifyFormat, NotifyType  # noqa: PLC0415 - as above

    def send() -> str:
        is_taken = service.notify(
            title=message.subject,
            body=message.body,
            notify_type=NotifyType.WARNING,
            body_format=NotifyFormat.TEXT,
        )
        return "" if is_taken else "it was not reached, or refused the message"

    return send


def _kind(target: str, service: NotifyBase | None) -> str:
    # What Apprise does not know may be a secret as a whole.
    return "" if service is None else f" ({target.partition('://')[0].lower()})"


@contextmanager
def _silence() -> Iterator[None]:
    """Keep Apprise, and what it sends with, from logging and warning: they quote targets."""
    before = logging.root.manager.disable
    try:
        logging.disable(logging.CRITICAL)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


@contextmanager
def _trusted(ca_file: Path | None, public: Callable[[], ssl.SSLContext]) -> Iterator[None]:
    """Let Apprise trust the clinic's own authorities, too; it can be told by variables only."""
    if ca_file is None:
        yield
        return
    before = {name: os.environ.get(name) for name in _TRUST_VARIABLES}
    with tempfile.NamedTemporaryFile("w", prefix="solv-import-", suffix=".pem") as bundle:
        known = public().get_ca_certs(binary_form=True)
        bundle.write("".join(map(ssl.DER_cert_to_PEM_cert, known)) + ca_file.read_text("utf-8"))
        bundle.flush()
        try:
            os.environ |= dict.fromkeys(_TRUST_VARIABLES, bundle.name)
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                os.environ |= {} if value is None else {name: value}
