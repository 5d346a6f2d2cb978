"""How long a server asks to wait, in whatever header and words it says so."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.waits_asked import Headers, wait_asked_s

NOW = datetime(2030, 1, 7, 12, 0, 0, tzinfo=UTC)


def h(**headers: str) -> Headers:
    """Return headers; an underscore stands for the hyphen."""
    return tuple((name.replace("_", "-"), value) for name, value in headers.items())


SERVER_DATE = "Mon, 07 Jan 2030 11:00:00 GMT"  # an hour behind our own clock


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ((), None),
        (h(Retry_After="120"), 120.0),
        (h(RETRY_AFTER=" 120 "), 120.0),
        (h(Retry_After="0"), 0.0),
        (h(Retry_After="-5"), 0.0),
        (h(Retry_After="1.5"), 1.5),
        (h(Retry_After="999999999"), 86_400.0),
        *(
            (h(Retry_After=junk), None)
            for junk in ("", "1e9", "soon", "nan", "inf", "\u0661", "9" * 400)
        ),
        ((("Retry-After", "3"), ("Retry-After", "9")), 9.0),
        ((("Retry-After", "x"), ("Retry-After", "9")), 9.0),
        # The three forms of an HTTP date
        (h(Retry_After="Mon, 07 Jan 2030 12:02:00 GMT"), 120.0),
        (h(Retry_After="Monday, 07-Jan-30 12:02:00 GMT"), 120.0),
        (h(Retry_After="Mon Jan  7 12:02:00 2030"), 120.0),
        (h(Retry_After="Mon, 07 Jan 2030 11:59:00 GMT"), 0.0),
        (h(Retry_After="Mon, 07 Jan 2030 11:02:00 GMT", Date=SERVER_DATE), 120.0),
        (h(Retry_After="Mon, 07 Jan 2030 12:02:00 GMT", Date="yesterday"), 120.0),
        (h(Retry_After="Mon, 07 Jan 2999 12:02:00 GMT"), 86_400.0),
        # RateLimit, newest draft, older draft, three fields
        (h(RateLimit='"default";r=0;t=30'), 30.0),
        (h(RateLimit='"a";r=0;t=5, "b";r=50;t=30'), 5.0),
        (h(RateLimit='"a";r=0;t=5, "b";r=0;t=30'), 30.0),
        (h(RateLimit='"a";r=9;t=5, "b";r=50;t=30'), 30.0),
        (h(RateLimit="limit=100, remaining=0, reset=30"), 30.0),
        (h(RateLimit='"a";r=0;t=soon'), None),
        (h(RateLimit_Reset="30"), 30.0),
        (h(RateLimit='"a";r=0', RateLimit_Reset="30"), 30.0),
        # X-RateLimit-Reset
        (h(X_RateLimit_Reset="30"), 30.0),
        (h(X_RateLimit_Reset="1894017630"), 30.0),
        (h(X_RateLimit_Reset="1894017630000"), 30.0),
        (h(X_RateLimit_Reset="1894014030", Date=SERVER_DATE), 30.0),
        (h(X_RateLimit_Reset="1794017630"), 0.0),
        (h(X_RateLimit_Reset="2030-01-07T12:00:30Z"), 30.0),
        (h(X_RateLimit_Reset="2030-01-07T12:00:30"), 30.0),
        (h(X_RateLimit_Reset="2030-01-07T06:00:30-06:00"), 30.0),
        (h(X_RateLimit_Reset="6m0s"), None),
        (h(X_RateLimit_Reset="1000000000"), 86_400.0),
        (h(X_RateLimit_Reset="1000000001"), 0.0),
        (h(X_RateLimit_Reset="1000000000000"), 86_400.0),
        (h(X_RateLimit_Reset="1000000001000"), 0.0),
        (h(X_RateLimit_Reset_Requests="30"), 30.0),
        (h(X_RateLimit_Remaining="0"), None),
        # Which of them counts
        (h(X_RateLimit_Reset="3", RateLimit='"a";r=0;t=2', Retry_After="1"), 1.0),
        (h(X_RateLimit_Reset="3", RateLimit='"a";r=0;t=2'), 2.0),
        (h(X_RateLimit_Reset="3", RateLimit_Reset="2"), 2.0),
        (h(X_RateLimit_Reset="3", Retry_After="soon"), 3.0),
    ],
)
def test_the_wait_asked_for(headers: Headers, wait_s: float | None) -> None:
    assert wait_asked_s(headers, NOW) == wait_s


@pytest.mark.parametrize(
    "headers",
    [h(Retry_After="Mon Jan  7 12:02:00 2030"), h(X_RateLimit_Reset="2030-01-07T12:02:00")],
)
def test_a_time_without_a_zone_is_not_one_of_this_machines_zone(
    headers: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "America/Chicago")
        time.tzset()
        assert wait_asked_s(headers, NOW) == 120.0
    time.tzset()


NAMES = st.sampled_from(
    ["Retry-After", "RateLimit", "RateLimit-Reset", "X-RateLimit-Reset", "Date"]
)
VALUES = (
    st.text(max_size=30)
    | st.text('0123456789.-:TZ+ ,;=rt"GMTJanMon', max_size=40)
    | st.integers().map(str)
    | st.floats().map(str)
    | st.datetimes().map(str)
    | st.datetimes().map(lambda when: when.strftime("%a, %d %b %Y %H:%M:%S GMT"))
)


@settings(deadline=None)
@given(headers=st.lists(st.tuples(NAMES, VALUES), max_size=4).map(tuple))
def test_no_header_asks_for_less_than_nothing_or_more_than_a_day(headers: Headers) -> None:
    wait_s = wait_asked_s(headers, NOW)
    assert wait_s is None or 0 <= wait_s <= 86_400


@pytest.mark.parametrize("space", ["\x1f", "\x1c", "\u2003", " \t"])
def test_odd_white_space_around_a_wait_breaks_nothing(space: str) -> None:
    assert wait_asked_s((("Retry-After", f"{space}9{space}"),), NOW) == 9.0
