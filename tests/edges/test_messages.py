"""Messages and heartbeats to real servers on loopback: bounded, once, and without a secret."""

from __future__ import annotations

import logging
import ssl
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

import pytest

from importer.clock import SystemClock
from importer.messages import Beat, Heartbeat, Message, send_message
from tests.listeners import mail_server, webhook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.listeners import Webhook

MESSAGE = Message(subject="solv-import north: exit 6", body="run 1: 1 in = 1 unknown\nMore: <no>")
SECRET = "qasecret"


class HastyClock(SystemClock):
    """A clock whose seconds are over before anybody has answered."""

    def __init__(self) -> None:
        self._leaps = count()

    def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC)

    def monotonic(self) -> float:
        return 10.0 * next(self._leaps)


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as running:
        yield running


def test_every_target_gets_the_message_once_as_plain_text(hook: Webhook) -> None:
    with mail_server() as box:
        mail = f"mailto://127.0.0.1:{box.port}?to=a@example.com&from=b@example.com"
        deliveries = send_message(MESSAGE, (hook.target, mail), SystemClock())
    assert [(one.target, one.why_not) for one in deliveries] == [
        ("target 1 of 2 (json)", ""),
        ("target 2 of 2 (mailto)", ""),
    ]
    (posted,) = hook.messages
    assert (posted["title"], posted["message"]) == (MESSAGE.subject, MESSAGE.body)
    ((_, _, letter),) = box.mails
    plain = letter.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().splitlines() == MESSAGE.body.splitlines()
    assert "github" not in box.raw[0].decode()


def test_a_silent_server_is_not_waited_for(hook: Webhook) -> None:
    hook.is_silent = True
    (delivery,) = send_message(MESSAGE, (hook.target,), HastyClock())
    assert delivery.why_not == "no answer in 10 seconds"
    beat = Heartbeat(hook.url, ssl.create_default_context, HastyClock())
    assert beat.end(Beat.FAILURE) == "no answer in 10 seconds"


def test_a_redirect_is_not_followed(hook: Webhook) -> None:
    hook.status = 307
    (delivery,) = send_message(MESSAGE, (hook.target,), SystemClock())
    assert delivery.why_not == "it was not reached, or refused the message"
    assert hook.paths == ["/"]


def test_one_target_that_fails_keeps_the_message_from_no_other(hook: Webhook) -> None:
    targets = (f"nobody://{SECRET}", f"slack://{SECRET}", f"jsons://{SECRET}@127.0.0.1:1")
    deliveries = send_message(MESSAGE, (*targets, hook.target), SystemClock())
    assert [bool(one.why_not) for one in deliveries] == [True, True, True, False]
    assert len(hook.messages) == 1


def test_no_secret_is_logged_returned_or_shown(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], hook: Webhook
) -> None:
    caplog.set_level(1)
    hook.status = 401
    targets = (
        f"json://user:{SECRET}@{hook.target.partition('://')[2]}/{SECRET}",
        f"mailto://user:{SECRET}@127.0.0.1:1?to=a@example.com",
        f"{SECRET}://{SECRET}",
    )
    deliveries = send_message(MESSAGE, targets, SystemClock())
    heartbeat = Heartbeat(f"{hook.url}/{SECRET}", ssl.create_default_context, SystemClock())
    why = heartbeat.end(Beat.SUCCESS)
    assert why == "the answer was 401"
    said = capfd.readouterr()
    seen = [*map(str, deliveries), repr(heartbeat), said.out, said.err]
    ours = [r for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    assert SECRET not in "".join([*seen, *map(logging.Formatter().format, ours)])
    assert logging.root.manager.disable == logging.NOTSET  # as it was before
