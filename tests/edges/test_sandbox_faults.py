"""Every fault of the dial does what its name says, and the log tells the truth about it."""

from __future__ import annotations

import email.utils
import time
from datetime import UTC, datetime

import httpx
import pytest

from importer.sandbox import (
    BODY_FAULTS,
    PASSING_FAULTS,
    SPECIAL_STATUSES,
    Sandbox,
    SandboxConfig,
    parse_fault,
    running_sandbox,
)
from tests.edges.sandbox_kit import TOKEN, book, client_of, signed_in, token_body

# What a status fault answers


@pytest.mark.parametrize(
    "status",
    [
        *(302, 307, 400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 421, 422, 423, 425, 429, 431),
        *(500, 501, 502, 503, 505, 520, 529),
    ],
)
def test_a_status_fault_answers_so_once_and_books_nothing(sandbox: Sandbox, status: int) -> None:
    client = signed_in(sandbox)
    sandbox.fault_next(str(status))
    assert book(client).status_code == status
    (request,) = sandbox.requests()
    assert (request.status, request.committed, request.fault) == (status, False, str(status))
    assert sandbox.bookings() == []
    assert book(client).status_code == 200


@pytest.mark.parametrize(
    ("fault", "content_type", "text"),
    [
        ("500", "text/plain; charset=utf-8", "Internal Server Error"),
        ("502", "text/html; charset=utf-8", "<h1>502 Bad Gateway</h1>"),
        ("503", "application/json", '{"message":"Service Unavailable"}'),
        ("504", "application/json", '{"message":"Endpoint request timed out"}'),
        ("404", "application/json", '{"detail":"Not Found"}'),
        ("413", "application/json", '{"message":"Request Too Long"}'),
        ("422", "application/json", '{"detail":[{"loc":["body","phone"]'),
        ("422-string", "application/json", '{"detail":"This time is not available"}'),
        ("gateway-forbidden", "application/json", '{"message":"Forbidden"}'),
        ("520", "text/html; charset=utf-8", "520 Unknown Error"),
    ],
)
def test_each_status_has_the_words_of_whoever_gives_it(
    sandbox: Sandbox, fault: str, content_type: str, text: str
) -> None:
    client = signed_in(sandbox)
    sandbox.fault_next(fault)
    answer = book(client)
    assert answer.headers["content-type"] == content_type
    assert text in answer.text
    assert answer.status_code == (403 if fault == "gateway-forbidden" else int(fault[:3]))


@pytest.mark.parametrize(
    ("fault", "header", "value"),
    [
        ("503", "retry-after", None),
        ("503-retry-after,wait=7", "retry-after", "7"),
        ("302", "location", "/v1/partner/bookings/elsewhere"),
        ("401", "www-authenticate", "Bearer"),
        ("405", "allow", "GET"),
        ("429", "retry-after", "1"),
        ("429,headers=retry-after,wait=3.2", "retry-after", "4"),
        ("429,headers=none", "retry-after", None),
        ("429,headers=ratelimit,wait=9", "ratelimit", '"default";r=0;t=9'),
        ("429,headers=ratelimit-old,wait=9", "ratelimit-reset", "9"),
        ("429,headers=x-ratelimit", "x-ratelimit-remaining", "0"),
    ],
)
def test_statuses_carry_their_headers(
    sandbox: Sandbox, fault: str, header: str, value: str | None
) -> None:
    client = signed_in(sandbox)
    sandbox.fault_next(fault)
    assert book(client).headers.get(header) == value


def test_429_says_until_when_as_a_date_and_as_unix_seconds(sandbox: Sandbox) -> None:
    client = signed_in(sandbox)
    started = time.time()
    sandbox.fault_next("429,headers=http-date,wait=30")
    sandbox.fault_next("429,headers=x-ratelimit,wait=30")
    date = email.utils.parsedate_to_datetime(book(client).headers["retry-after"])
    reset = datetime.fromtimestamp(int(book(client).headers["x-ratelimit-reset"]), UTC)
    for moment in (date, reset):
        assert 30 <= moment.timestamp() - started < 40


# Faults after the booking was made


@pytest.mark.parametrize("fault", ["504", "500,commit=yes", "502,commit=yes", "503,commit=yes"])
def test_a_server_error_may_hide_a_booking(sandbox: Sandbox, fault: str) -> None:
    client = signed_in(sandbox)
    sandbox.fault_next(fault)
    answer = book(client)
    (request,) = sandbox.requests()
    assert answer.status_code == request.status == int(fault[:3])
    assert request.committed
    assert [request.booking_id] == [record.id for record in sandbox.bookings()]


@pytest.mark.parametrize("fault", ["504,commit=no", "504-uncommitted"])
def test_504_without_a_booking(sandbox: Sandbox, fault: str) -> None:
    client = signed_in(sandbox)
    sandbox.fault_next(fault)
    assert book(client).status_code == 504
    assert sandbox.bookings() == []


@pytest.mark.parametrize("fault", sorted(BODY_FAULTS))
def test_a_success_that_hides_the_booking(sandbox: Sandbox, fault: str) -> None:
    client = signed_in(sandbox)
    sandbox.fault_next(fault)
    answer = book(client)
    (made,) = sandbox.bookings()
    assert sandbox.requests()[0].booking_id == made.id
    match fault:
        case "unparsable":
            assert answer.status_code == 200
            with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
                answer.json()
        case "no-id":
            assert answer.status_code == 200
            assert "id" not in answer.json()
            assert answer.json()["status"] == "RESERVED"
        case "null-id":
            assert (answer.status_code, answer.json()["id"]) == (200, None)
        case "201":
            assert (answer.status_code, answer.json()["id"]) == (201, made.id)
        case "202":
            assert (answer.status_code, answer.json()) == (202, {"detail": "Accepted"})
        case "204":
            assert (answer.status_code, answer.content) == (204, b"")


def test_the_id_also_goes_out_of_an_envelope() -> None:
    with running_sandbox(SandboxConfig(has_envelope=True)) as sandbox:
        client = signed_in(sandbox)
        sandbox.fault_next("no-id")
        data = book(client).json()["data"]
    assert data["status"] == "RESERVED"
    assert "id" not in data


@pytest.mark.parametrize("fault", ["commit-then-drop", "204", "500,commit=yes"])
def test_a_fault_that_needs_a_booking_waits_for_one(sandbox: Sandbox, fault: str) -> None:
    """A refused booking is answered as it would be; the fault hits the next one."""
    client = signed_in(sandbox)
    sandbox.fault_next(fault)
    assert book(client, location_id=1).status_code == 404
    assert book(client_of(sandbox)).status_code == 401
    assert [request.fault for request in sandbox.requests()] == [None, None]
    try:
        assert book(client).status_code in {204, 500}
    except httpx.RemoteProtocolError:
        assert fault == "commit-then-drop"
    assert sandbox.requests()[-1].committed


# Faults that let the request through


def test_latency_only_delays(sandbox: Sandbox) -> None:
    client = signed_in(sandbox)
    sandbox.fault_next("latency,seconds=0.2")
    started = time.monotonic()
    assert book(client).status_code == 200
    assert time.monotonic() - started >= 0.2
    assert sandbox.requests()[0].fault == "latency"


def test_a_configured_latency_holds_for_every_request() -> None:
    with running_sandbox(SandboxConfig(latency_s=0.1)) as sandbox:
        started = time.monotonic()
        assert book(signed_in(sandbox)).status_code == 200
        assert time.monotonic() - started >= 0.2


def test_tokens_can_expire_in_the_middle_of_a_run(sandbox: Sandbox) -> None:
    client = signed_in(sandbox)
    assert book(client).status_code == 200
    sandbox.fault_next("expire-tokens")
    answers = [book(client), book(client), book(signed_in(sandbox))]
    assert [answer.status_code for answer in answers] == [401, 401, 200]


# Which requests a fault hits


def test_queued_faults_hit_in_order_and_only_their_kind(sandbox: Sandbox) -> None:
    sandbox.fault_next("500", on="token")
    sandbox.fault_next("404")
    sandbox.fault_next("409", 2)
    client = client_of(sandbox)
    assert client.post(TOKEN, json=token_body()).status_code == 500
    found = [book(signed_in(sandbox)).status_code for _ in range(4)]
    assert found == [404, 409, 409, 200]


@pytest.mark.parametrize("fault", ["unparsable", "204", "no-id", "504", "201"])
def test_faults_for_bookings_also_bend_token_calls(sandbox: Sandbox, fault: str) -> None:
    sandbox.fault_next(fault, on="token")
    answer = client_of(sandbox).post(TOKEN, json=token_body())
    assert "access_token" not in answer.text
    assert answer.status_code == (int(fault) if fault.isdecimal() else 200)


def test_a_fault_hits_the_request_of_a_number() -> None:
    with running_sandbox(SandboxConfig(numbered_faults={3: "500"})) as sandbox:
        client = signed_in(sandbox)
        sandbox.fault_request(5, "502")
        found = [book(client).status_code for _ in range(5)]
        assert found == [200, 500, 200, 502, 200]
        assert {request.n for request in sandbox.requests() if request.fault} == {3, 5}


def test_a_rate_hits_its_share_the_same_way_for_the_same_seed() -> None:
    patterns = []
    for seed in (1, 1, 2):
        config = SandboxConfig(seed=seed, faults={"500": 0.2, "404": 0.2})
        with running_sandbox(config) as sandbox:
            client = signed_in(sandbox)
            patterns.append([book(client).status_code for _ in range(60)])
    assert patterns[0] == patterns[1] != patterns[2]
    assert set(patterns[0]) == {200, 404, 500}
    assert 24 <= patterns[0].count(200) <= 48


def test_a_rate_of_zero_ends_a_fault(sandbox: Sandbox) -> None:
    client = signed_in(sandbox)
    sandbox.fault_rate("500", 1.0)
    assert book(client).status_code == 500
    sandbox.fault_rate("500", 0.0)
    assert book(client).status_code == 200


def test_rates_beyond_one_are_refused(sandbox: Sandbox) -> None:
    sandbox.fault_rate("500", 0.6)
    with pytest.raises(ValueError, match="between 0 and 1"):
        sandbox.fault_rate("404", 0.6)


@pytest.mark.parametrize("field", ["reason", "attribution"])
def test_a_marker_in_the_row_hits_its_first_request(sandbox: Sandbox, field: str) -> None:
    client = signed_in(sandbox)
    marked = {field: "cough fault:429,headers=none"}
    answers = [book(client, **marked), book(client), book(client, **marked)]
    assert [answer.status_code for answer in answers] == [429, 200, 200]
    assert "retry-after" not in answers[0].headers


@pytest.mark.parametrize(("option", "hits"), [("times=3", 3), ("times=0", 0)])
def test_a_marker_says_how_often_it_hits(sandbox: Sandbox, option: str, hits: int) -> None:
    client = signed_in(sandbox)
    found = [book(client, reason=f"fault:500,{option}").status_code for _ in range(5)]
    assert found == [500] * hits + [200] * (5 - hits)


def test_a_marker_that_needs_a_booking_waits_for_one(sandbox: Sandbox) -> None:
    client = signed_in(sandbox)
    sandbox.expire_tokens()
    assert book(client, reason="fault:204").status_code == 401
    assert book(signed_in(sandbox), reason="fault:204").status_code == 204


@pytest.mark.parametrize(
    "reason", ["fault:nonsense", "fault:", "fault:500,wait=soon", "default:500"]
)
def test_a_misspelt_marker_is_just_a_reason(sandbox: Sandbox, reason: str) -> None:
    assert book(signed_in(sandbox), reason=reason).json()["reason"] == reason


def test_markers_can_be_switched_off() -> None:
    with running_sandbox(SandboxConfig(has_row_markers=False)) as sandbox:
        assert book(signed_in(sandbox), reason="fault:500").status_code == 200


# Names


@pytest.mark.parametrize("name", [*BODY_FAULTS, *PASSING_FAULTS, *SPECIAL_STATUSES, "599", "302"])
def test_fault_names_are_known(name: str) -> None:
    assert parse_fault(name).name == name


@pytest.mark.parametrize(
    "text",
    ["", "200", "199", "600", "drop", "500,wait", "500,wait=x", "500,color=red", "429,headers=x"],
)
def test_unknown_faults_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"fault|float"):
        parse_fault(text)


def test_a_configured_fault_that_does_not_exist_keeps_the_server_from_starting() -> None:
    with (
        pytest.raises(ValueError, match="no fault 'nonsense'"),
        running_sandbox(SandboxConfig(faults={"nonsense": 0.1})),
    ):
        pass
