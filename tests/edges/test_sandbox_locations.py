"""Locations, slots, and bookings by the EMR's id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from importer.sandbox import Location, Sandbox, SandboxConfig, running_sandbox
from tests.edges.sandbox_kit import book, problems_of, signed_in

if TYPE_CHECKING:
    import httpx


@pytest.mark.parametrize("name", ["4021", "HBRt21"])
def test_aliases_are_taken_only_by_switch(name: str) -> None:
    for has_aliases in (True, False):
        with running_sandbox(SandboxConfig(has_aliases=has_aliases)) as sandbox:
            client = signed_in(sandbox, "read:locations,write:bookings")
            is_known = has_aliases or name == "4021"
            assert client.get(f"/v1/partner/locations/{name}").is_success == is_known
            answer = book(client, location_id=name)
            assert answer.is_success == is_known
            if is_known:
                assert answer.json()["location_id"] == 4021


@pytest.mark.parametrize(
    ("name", "status"), [("4021", 200), ("1", 404), ("ABC123", 404), ("4999", 403)]
)
def test_a_location_is_found_by_its_id(sandbox: Sandbox, name: str, status: int) -> None:
    answer = signed_in(sandbox, "read:locations").get(f"/v1/partner/locations/{name}")
    assert answer.status_code == status


NOON = 1_900_000_000.0
"""2030-03-17 17:46:40 UTC, 10:46 in Los Angeles."""


def slots(client: httpx.Client, version: str, **query: object) -> list[dict[str, Any]]:
    answer = client.get(f"/{version}/partner/locations/4021/slots", params=query).json()
    assert [place["location_id"] for place in answer] == [4021]
    return list(answer[0]["slots"])


def test_slots_are_of_the_clinics_zone_and_still_to_come() -> None:
    with running_sandbox(SandboxConfig(clock=lambda: NOON, slot_days_v2=3)) as sandbox:
        client = signed_in(sandbox, "read:locations")
        first, second = slots(client, "v1"), slots(client, "v2")
        one_day = slots(client, "v1", number_of_days_worth=1)
    assert first[0] == {
        "appointment_date": "2030-03-17T11:00:00-07:00",
        "availability": 4,
        "busy": False,
        "location_ids": ["4021"],
    }
    days = [{slot["appointment_date"][:10] for slot in found} for found in (first, second)]
    assert [len(found) for found in days] == [7, 3]
    assert {slot["appointment_date"][:10] for slot in one_day} == {"2030-03-17"}


def test_slots_count_down_as_they_are_booked() -> None:
    with running_sandbox(SandboxConfig(clock=lambda: NOON, slot_capacity=2)) as sandbox:
        client = signed_in(sandbox, "read:locations,write:bookings")
        free = []
        for name in ("Ada", "Eda", "Ida"):
            slot = slots(client, "v1")[0]
            free.append((slot["availability"], slot["busy"]))
            book(client, first_name=name, appointment_date=slot["appointment_date"])
    assert free == [(2, False), (1, False), (0, True)]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"number_of_days_worth": "many"}, ("query", "number_of_days_worth", "type_error.integer")),
        ({"visit_type_id": "x"}, ("query", "visit_type_id", "type_error.integer")),
        ({"return_walkin_slots": "x"}, ("query", "return_walkin_slots", "type_error.bool")),
    ],
)
def test_slot_parameters_are_checked(
    sandbox: Sandbox, query: dict[str, str], wanted: tuple[str, ...]
) -> None:
    client = signed_in(sandbox, "read:locations")
    answer = client.get("/v1/partner/locations/4021/slots", params=query)
    assert problems_of(answer) == [wanted]


@pytest.mark.parametrize(("visit_type", "status"), [(1, 200), (9, 404)])
def test_slots_of_a_visit_type(sandbox: Sandbox, visit_type: int, status: int) -> None:
    answer = signed_in(sandbox, "read:locations").get(
        "/v2/partner/locations/4021/slots", params={"visit_type_id": visit_type}
    )
    assert answer.status_code == status


def test_bookings_are_addressed_by_the_emr_id_when_there_is_one() -> None:
    where = {"external_location_id": "L1", "service_id": "8"}
    with running_sandbox(SandboxConfig(gives_emr_ids=True)) as sandbox:
        client = signed_in(sandbox)
        made = book(client).json()
        path = f"/v1/partner/external_bookings/{made['emr_booking_id']}"
        moved = client.post(
            f"{path}/reschedule", json=where | {"appointment_date": "2091-01-01T10:00:00-08:00"}
        )
        changed = client.patch(path, json=where | {"status": "CHECKED_IN"})
        canceled = client.request("DELETE", path, json=where)
        wrong = client.patch(path, json=where | {"status": "X", "service_id": "9"})
        unknown = client.patch(f"{path}0", json=where | {"status": "X"})
    assert moved.json()["appointment_date"] == "2091-01-01T10:00:00-08:00"
    assert changed.json()["status"] == "CHECKED_IN"
    assert canceled.json()["status"] == "CANCELLED"
    assert (canceled.json()["id"], made["id"]) == (made["id"], sandbox.bookings()[0].id)
    assert problems_of(wrong) == [("body", "service_id", "value_error")]
    assert unknown.status_code == 404


def test_locations_can_be_configured() -> None:
    places = (Location(id=7, name="Test", timezone="UTC"),)
    with running_sandbox(SandboxConfig(locations=places)) as sandbox:
        client = signed_in(sandbox)
        assert book(client, location_id=7).status_code == 200
        assert book(client).status_code == 404
