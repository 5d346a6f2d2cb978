"""Requests to stop: raised, kept waiting, or not heard at all."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest

from importer import signals
from importer.errors import ExitCode
from importer.signals import (
    EXIT_OF_SIGNAL,
    Interruption,
    Waiting,
    code_of_interrupt,
    hear_signals,
    ignore_signals,
    kept_waiting,
    raise_again,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(),
    reason="signals reach the main thread only",
)


@pytest.fixture(autouse=True)
def own_signals(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin as a login shell would have it, and put everything back."""
    monkeypatch.setattr(signals, "_raised", [])
    before = {number: signal.getsignal(number) for number in EXIT_OF_SIGNAL}
    for number in EXIT_OF_SIGNAL:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def done() -> list[str]:
    """Return where a block writes that it is whole."""
    return []


def work(done: list[str], *, most: int, signals: int, error: Exception | None = None) -> None:
    """Do something that must be whole, while signals come."""
    hear_signals()
    with kept_waiting() as waiting:
        waiting.most = most
        for _ in range(signals):
            signal.raise_signal(signal.SIGTERM)
        if error is not None:
            raise error
        done.append("whole")


@pytest.mark.parametrize(("number", "code"), EXIT_OF_SIGNAL.items())
def test_a_signal_is_raised_as_ctrl_c_is(number: int, code: ExitCode) -> None:
    hear_signals()
    with pytest.raises(KeyboardInterrupt) as caught:
        signal.raise_signal(number)
    assert code_of_interrupt(caught.value) == code


def test_ctrl_c_that_python_itself_raised_is_an_interruption_too() -> None:
    assert code_of_interrupt(KeyboardInterrupt()) == ExitCode.INTERRUPTED


def test_what_we_were_started_to_ignore_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    hear_signals()
    with kept_waiting() as waiting:
        signal.raise_signal(signal.SIGHUP)
    assert waiting.numbers == []


def test_at_the_very_end_nothing_is_heard() -> None:
    hear_signals()
    ignore_signals()
    for number in EXIT_OF_SIGNAL:
        signal.raise_signal(number)


def test_a_signal_waits_until_the_block_has_ended(done: list[str]) -> None:
    with pytest.raises(Interruption) as caught:
        work(done, most=1, signals=1)
    assert done == ["whole"]
    assert caught.value.number == signal.SIGTERM


def test_one_that_was_obeyed_is_not_raised() -> None:
    hear_signals()
    with kept_waiting() as waiting:
        signal.raise_signal(signal.SIGTERM)
        assert waiting.take() == ExitCode.TERMINATED
    assert waiting.take() is None


def test_one_more_than_may_wait_is_raised_in_the_block(done: list[str]) -> None:
    with pytest.raises(Interruption):
        work(done, most=2, signals=3)
    assert done == []


def test_whoever_has_no_patience_left_hears_at_once(done: list[str]) -> None:
    with pytest.raises(Interruption):
        work(done, most=0, signals=1)
    assert done == []


def test_an_error_in_the_block_weighs_more_than_a_signal() -> None:
    with pytest.raises(ValueError, match="disk"):
        work([], most=1, signals=1, error=ValueError("disk"))
    with pytest.raises(Interruption):
        signal.raise_signal(signal.SIGTERM)


def test_blocks_inside_blocks_hand_it_on() -> None:
    hear_signals()
    with kept_waiting() as outer:
        with kept_waiting():
            signal.raise_signal(signal.SIGHUP)
        assert outer.numbers == [signal.SIGHUP]
        outer.take()


def test_another_thread_keeps_nothing_waiting() -> None:
    def work() -> None:
        with kept_waiting() as waiting:
            found.append(waiting)

    found: list[Waiting] = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [Waiting()]


def test_what_was_lost_where_nothing_can_be_raised_is_raised_again() -> None:
    hear_signals()
    raise_again()
    with pytest.raises(Interruption):
        signal.raise_signal(signal.SIGTERM)
    with pytest.raises(Interruption) as caught:
        raise_again()
    assert code_of_interrupt(caught.value) == ExitCode.TERMINATED
