"""The bookings that the sandbox has made; nothing is ever taken for a repetition."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from importer.sandbox.request_log import canonical_json, keyed_hash

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.sandbox.config import Location
    from importer.sandbox.request_log import LoggedRequest

FIRST_ID = 100_001
"""The id of the first booking of a fresh log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingRecord:
    """One booking, without its patient."""

    id: int
    body_hmac: str | None
    natural_key: str
    """Keyed hash of location, instant, birth date and names."""
    location_id: int | None = None
    """None: it was made before this server started, and is known from the log only."""
    status: str | None = None
    instant: float | None = None
    """Its unix seconds; None when the appointment's text is no date and time."""
    allow_walkin_scheduling: bool | None = None
    emr_booking_id: str | None = None
    fields: dict[str, Any] | None = field(default=None, repr=False)
    """The body as the server took it, unless bodies are not kept."""


def instant_of(text: str, timezone: str) -> float | None:
    """Return the unix seconds of an appointment, a naive one in the clinic's zone."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(timezone))
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None


class BookingStore:
    """Keeps bookings under increasing ids."""

    def __init__(
        self,
        key: bytes,
        earlier: Iterable[LoggedRequest] = (),
        *,
        first_id: int = FIRST_ID,
        keeps_fields: bool = True,
    ) -> None:
        """Take over the bookings of an `earlier` log; `key` makes the hashes."""
        self._key = key
        self._keeps_fields = keeps_fields
        self.records: dict[int, BookingRecord] = {}
        self._taken: Counter[tuple[int, float]] = Counter()
        for request in earlier:
            if request.booking_id is not None and request.natural_key is not None:
                self.records[request.booking_id] = BookingRecord(
                    id=request.booking_id,
                    body_hmac=request.body_hmac,
                    natural_key=request.natural_key,
                )
        self.next_id = max(self.records, default=first_id - 1) + 1

    def taken(self, location: Location, instant: float) -> int:
        """Return how many bookings a clinic has at an instant."""
        return self._taken[location.id, instant]

    def add(
        self,
        fields: dict[str, Any],
        location: Location,
        *,
        body_hmac: str | None,
        allow_walkin_scheduling: bool | None,
        gives_emr_id: bool,
    ) -> BookingRecord:
        """Make a booking, also when there is one just like it."""
        instant = instant_of(fields["appointment_date"], location.timezone)
        record = BookingRecord(
            id=self.next_id,
            status="CONFIRMED" if fields["is_walk_in"] else "RESERVED",
            location_id=location.id,
            instant=instant,
            body_hmac=body_hmac,
            natural_key=self._natural_key(fields, location, instant),
            allow_walkin_scheduling=allow_walkin_scheduling,
            emr_booking_id=f"EMR-{self.next_id}" if gives_emr_id else None,
            fields=fields if self._keeps_fields else None,
        )
        self.next_id += 1
        self.replace(record)
        if instant is not None:
            self._taken[location.id, instant] += 1
        return record

    def replace(self, record: BookingRecord) -> None:
        """Put `record` in the place of the one with its id."""
        self.records[record.id] = record

    def by_emr_id(self, emr_booking_id: str) -> BookingRecord | None:
        """Return the booking that the EMR knows by that id."""
        number = emr_booking_id.removeprefix("EMR-")
        record = self.records.get(int(number)) if number.isdecimal() else None
        return record if record and record.emr_booking_id == emr_booking_id else None

    def duplicates(self) -> dict[str, list[int]]:
        """Return the booking ids of every natural key that was booked more than once."""
        ids: dict[str, list[int]] = defaultdict(list)
        for record in list(self.records.values()):
            ids[record.natural_key].append(record.id)
        return {key: same for key, same in ids.items() if len(same) > 1}

    def _natural_key(
        self, fields: dict[str, Any], location: Location, instant: float | None
    ) -> str:
        when = fields["appointment_date"] if instant is None else instant
        names = (_folded(fields["first_name"]), _folded(fields["last_name"]))
        return keyed_hash(
            self._key, canonical_json([location.id, when, fields["birth_date"], *names])
        )


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def booking_object(
    record: BookingRecord, fields: dict[str, Any], *, empty: str | None
) -> dict[str, Any]:
    """Return a booking as the API shows it, its fields in the documented order."""

    def given(name: str) -> Any:  # noqa: ANN401 - whatever the request held
        return empty if fields[name] is None else fields[name]

    return {
        "id": record.id,
        "status": record.status,
        "appointment_date": fields["appointment_date"],
        "birth_date": fields["birth_date"],
        "first_name": fields["first_name"],
        "last_name": fields["last_name"],
        "birth_sex": fields["birth_sex"],
        "emr_booking_id": record.emr_booking_id,
        "address_street": fields["address_street"],
        "address_street_secondary": fields["address_street_secondary"],
        "address_city": fields["address_city"],
        "address_state": fields["address_state"],
        "address_zip": fields["address_zip"],
        "location_id": record.location_id,
        "paperwork_status": fields["paperwork_status"] or "incomplete",
        "phone": fields["phone"],
        "reason": given("reason"),
        "email": given("email"),
        "is_walk_in": bool(fields["is_walk_in"]),
        "gender": None,
        "custom_booking_management_url": fields["custom_booking_management_url"],
    }
