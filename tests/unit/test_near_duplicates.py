"""When two rows may be one visit typed twice, and when they are two."""

from __future__ import annotations

import string
import tracemalloc
from datetime import datetime
from itertools import product
from time import process_time
from typing import TYPE_CHECKING

import pytest

from importer.model import BookingRequest
from importer.near_duplicates import NearDuplicates

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ANN = {
    "location_id": 4021,
    "first_name": "Annika",
    "last_name": "Example",
    "phone": "+13125550142",
    "birth_date": "1985-03-14",
    "appointment_date": "2090-05-01T09:30:00-07:00",
}


def request(**changes: object) -> BookingRequest:
    values: dict[str, object] = ANN | changes
    return BookingRequest(**values)  # type: ignore[arg-type] # values of the case


def found(*rows: Mapping[str, object]) -> list[int | None]:
    """Return which row each of these may repeat, numbered from 2."""
    visits = NearDuplicates()
    asked = (request(**row) for row in rows)
    return [
        visits.above(number, one, datetime.fromisoformat(one.appointment_date))
        for number, one in enumerate(asked, start=2)
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"first_name": "Anika"},
        {"first_name": "Annike"},
        {"first_name": "Annikka"},
        {"first_name": "Anniak"},
        {"last_name": "Exemple"},
        {"last_name": "Rxample"},
        {"last_name": "Exampel"},
        {"first_name": "Example", "last_name": "Annika"},
        {"birth_date": "1985-03-15"},
        {"birth_date": "1985-03-41"},
        {"birth_date": "1958-03-14"},
        {"birth_date": "1985-14-03"},
        {"appointment_date": "2090-05-01T09:45:00-07:00"},
        {"appointment_date": "2090-05-01T17:30:00-07:00", "first_name": "ANNIKKA"},
        {"first_name": "Anníka"},
        {"last_name": "Exemple", "phone": "+13125550199"},
    ],
    ids=str,
)
def test_all_but_one_thing_is_the_same(change: dict[str, object]) -> None:
    assert found({}, change) == [None, 2]
    assert found(change, {}) == [None, 2]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"first_name": " annika", "last_name": "EXAMPLE"},
        {"first_name": "Bo", "birth_date": "1960-01-02"},
        {"first_name": "Ben"},
        {"first_name": "Jannika"},
        {"first_name": "Sannika"},
        {"first_name": "Anika", "last_name": "Exemple"},
        {"first_name": "Anika", "birth_date": "1985-03-15"},
        {"first_name": "Anika", "birth_sex": "male"},
        {"first_name": "Annki"},
        {"birth_date": "1985-04-15"},
        {"birth_date": "1990-12-30"},
        {"appointment_date": "2090-05-02T09:30:00-07:00"},
        {"location_id": 4022, "first_name": "Anika"},
        {"appointment_date": "2090-05-01T09:45:00-07:00", "visit_type_id": 8},
    ],
    ids=str,
)
def test_the_same_booking_and_another_patient_are_none(change: dict[str, object]) -> None:
    told = {"birth_sex": "female", "visit_type_id": 7}
    assert found(told, told | change) == [None, None]


def test_a_family_is_no_near_duplicate() -> None:
    """The same phone, the same surname, the same hour; twins are born on the same day."""
    family = [
        {"first_name": "Tim", "birth_date": "2021-02-03"},
        {"first_name": "Tom", "birth_date": "2021-02-03"},
        {"first_name": "Jaiden", "birth_date": "2023-02-03"},
        {"first_name": "Aiden", "birth_date": "2023-02-03"},
        {"first_name": "Maria", "birth_date": "1985-03-14", "birth_sex": "female"},
        {"first_name": "Mario", "birth_date": "1985-03-14", "birth_sex": "male"},
    ]
    assert found(*family) == [None] * 6


def test_names_of_few_letters_are_not_one_letter_apart() -> None:
    assert found({"last_name": "李"}, {"last_name": "王"}) == [None, None]
    assert found({"first_name": "Ann"}, {"first_name": "Anne"}) == [None, 2]


def test_the_first_of_several_is_named() -> None:
    assert found({}, {"first_name": "Anika"}, {"first_name": "Anika"}, {}) == [None, 2, 2, 3]


def test_what_is_said_once_may_be_left_out_the_other_time() -> None:
    rows = ({"birth_sex": "female"}, {"first_name": "Anika", "visit_type_id": 7})
    assert found(*rows) == [None, 2]


def _cost(rows: Iterable[BookingRequest]) -> float:
    visits, start = NearDuplicates(), process_time()
    at = datetime.fromisoformat(str(ANN["appointment_date"]))
    for number, one in enumerate(rows):
        visits.above(number, one, at)
    return process_time() - start


def test_a_file_of_one_name_on_one_day_takes_no_longer_than_any_other() -> None:
    """Every row shares two of three things with every other one."""
    alike = [request(birth_date=f"{1900 + n % 120}-03-14") for n in range(4_000)]
    letters = ("".join(word) for word in product(string.ascii_lowercase, repeat=3))
    others = [request(last_name=word, first_name=word[::-1]) for word in letters][:4_000]
    assert _cost(alike) < 40 * _cost(others) + 1


def test_memory_ends_with_the_rows_that_are_compared() -> None:
    visits = NearDuplicates(reach=500)
    at = datetime.fromisoformat(str(ANN["appointment_date"]))
    held = []
    tracemalloc.start()
    try:
        for number in range(3_000):
            visits.above(number, request(last_name=f"n{number}", first_name=f"f{number}"), at)
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert max(held[1_100:]) < 1.2 * max(held[:1_100])


def test_rows_far_apart_are_not_compared() -> None:
    visits = NearDuplicates(reach=2)
    at = datetime.fromisoformat(str(ANN["appointment_date"]))
    others = [request(last_name=name) for name in ("Bee", "Cee", "Dee", "Fee")]
    told = [visits.above(n, one, at) for n, one in enumerate([request(), *others], start=2)]
    assert told == [None] * 5
    assert visits.above(7, request(first_name="Anika"), at) is None
    assert visits.above(8, request(first_name="Annikka"), at) is None
    assert visits.above(9, request(), at) == 7
