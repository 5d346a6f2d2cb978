"""Make sample files of any size: invented patients, appointments far ahead, no booking twice.

    python sample_data/make_sample.py --rows 100000 --bad 10% --seed 1 --out big.csv
    python sample_data/make_sample.py --rows 60 --out sixty.xlsx
    python sample_data/make_sample.py --committed

Rows are made and written one at a time, so a million of them need no more memory than ten.
The last form writes again the files that stand beside this script.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Cell = str | int | date | datetime
    Line = Sequence[Cell]
    Write = Callable[[Line], None]

HERE = Path(__file__).parent
ZONES = {
    4021: ZoneInfo("America/Los_Angeles"),
    4022: ZoneInfo("America/Chicago"),
    4023: ZoneInfo("America/New_York"),
}
FIRST_DAY = date(2037, 3, 2)
FIRST_SLOT_MINUTES, SLOT_MINUTES, SLOTS_A_DAY = 9 * 60, 15, 32
MOST_PER_SLOT = 40

FIRST_NAMES = (
    "Ada", "Amara", "Ana", "Bao", "Ben", "Carlos", "Chloé", "Dana", "Darius", "Elena",
    "Emeka", "Farah", "Grace", "Hana", "Imani", "Ines", "Ivan", "Jada", "Jonah", "José",
    "Kai", "Leila", "Liam", "Lucía", "Mara", "Mateo", "Maya", "Mina", "Nadia", "Noah",
    "Olu", "Omar", "Priya", "Quinn", "Rosa", "Sami", "Sofia", "Theo", "Uma", "Zoë",
)  # fmt: skip
LAST_NAMES = (
    "Abara", "Alvarez", "Andersson", "Bailey", "Becker", "Castillo", "Chen", "Dubois", "Eze",
    "Farouk", "Fischer", "García", "Greene", "Haddad", "Hughes", "Ibrahim", "Ivanova", "Jansen",
    "Jensen", "Kim", "Kovacs", "Larsen", "Lopez-Reed", "Marsh", "Mbeki", "Moreau", "Müller",
    "Nakamura", "Nguyen", "O'Brien", "Okafor", "Patel", "Petrov", "Quiroga", "Reyes", "Rossi",
    "Santos", "Sato", "Silva", "Sørensen", "Tanaka", "Torres", "Usman", "van Dijk", "Vargas",
    "Weiss", "Yamada", "Young", "Zhang", "Zielinski",
)  # fmt: skip
REASONS = ("Sore throat", "Flu shot", "Sports physical", "Rash", "Cough", "Follow-up", "")
STREETS = ("Oak St", "Lake Ave", "2nd St", "Maple Dr", "Harbor Rd", "Mill Ln")
CITIES = (("Chicago", "IL", "60601"), ("Boston", "MA", "02108"), ("Seattle", "WA", "98101"))
AREA_CODES = ("312", "773", "206", "415", "212", "617")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One invented patient at one invented time."""

    first_name: str
    last_name: str
    phone: str
    birth_date: str
    appointment: str
    location_id: str
    email: str
    reason: str
    birth_sex: str
    street: str
    city: str
    state: str
    zip_code: str


HEADINGS = (
    "First Name",
    "Last Name",
    "Phone",
    "Birth Date",
    "Appointment Date",
    "Location ID",
    "Email",
    "Reason",
    "Birth Sex",
    "Address Street",
    "Address City",
    "Address State",
    "Address Zip",
)

BREAKAGES: tuple[tuple[str, dict[str, str]], ...] = (
    ("phone of nine digits", {"phone": "312-555-014"}),
    ("letters in the phone", {"phone": "312-555-CARE"}),
    ("no such day", {"birth_date": "1990-02-30"}),
    ("born in the future", {"birth_date": "2090-01-01"}),
    ("no time of day", {"appointment": "2037-03-02"}),
    ("no last name", {"last_name": ""}),
    ("not an e-mail address", {"email": "ana at example.com"}),
    ("a clinic and a half", {"location_id": "4021.5"}),
)
"""What a bad row has wrong with it, in turn."""


def visits(rows: int, seed: int, *, bad: int = 0) -> Iterator[Visit]:
    """Yield `rows` visits, no two the same booking, `bad` of them broken and evenly spread."""
    chance = random.Random(seed)
    per_slot = max(1, min(MOST_PER_SLOT, rows // 2000))
    offset = chance.randrange(len(LAST_NAMES))
    broken = 0
    for number in range(rows):
        visit = _visit(number, per_slot, offset, chance)
        if number * bad // rows != (number + 1) * bad // rows:
            _, wrong = BREAKAGES[broken % len(BREAKAGES)]
            visit = replace(visit, **wrong)
            broken += 1
        yield visit


def _visit(number: int, per_slot: int, offset: int, chance: random.Random) -> Visit:
    # Within a slot of one clinic every last name comes once: that keeps bookings apart.
    slot_number, place = divmod(number, per_slot)
    slot, clinic = divmod(slot_number, len(ZONES))
    location_id = list(ZONES)[clinic]
    first, last = chance.choice(FIRST_NAMES), LAST_NAMES[(offset + place + slot) % len(LAST_NAMES)]
    city, state, zip_code = chance.choice(CITIES)
    born = date(1940, 1, 1) + timedelta(days=chance.randrange(29_000))
    return Visit(
        first_name=first,
        last_name=last,
        phone=_phone(chance),
        birth_date=born.isoformat(),
        appointment=_slot_time(slot, location_id).isoformat(),
        location_id=str(location_id),
        email=f"patient{number + 1}@example.com" if chance.randrange(3) else "",
        reason=chance.choice(REASONS),
        birth_sex=chance.choice(("female", "male", "")),
        street=f"{chance.randrange(1, 999)} {chance.choice(STREETS)}",
        city=city,
        state=state,
        zip_code=zip_code,
    )


def _phone(chance: random.Random) -> str:
    area, line = chance.choice(AREA_CODES), f"01{chance.randrange(100):02}"
    return chance.choice((f"({area}) 555-{line}", f"{area}-555-{line}", f"+1 {area} 555 {line}"))


def _slot_time(slot: int, location_id: int) -> datetime:
    days, turn = divmod(slot, SLOTS_A_DAY)
    weeks, weekday = divmod(days, 5)
    day = FIRST_DAY + timedelta(weeks=weeks, days=weekday)
    minutes = FIRST_SLOT_MINUTES + turn * SLOT_MINUTES
    return datetime(
        day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=ZONES[location_id]
    )


def cells(visit: Visit) -> list[str]:
    """Return the visit's cells under `HEADINGS`."""
    return [str(getattr(visit, name)) for name in visit.__slots__]


def typed_cells(visit: Visit) -> list[Cell]:
    """Return the cells as a clinic's workbook has them: real dates, local times, numbers."""
    found: list[Cell] = [*cells(visit)]
    if visit.location_id.isdecimal():
        found[5] = int(visit.location_id)
    for place, kind in ((3, date), (4, datetime)):
        try:
            value = kind.fromisoformat(str(found[place]))
        except ValueError:
            continue  # a broken cell stays the text that it is
        if not isinstance(value, datetime):
            found[place] = value
        elif value.tzinfo is not None:
            found[place] = value.replace(tzinfo=None)
    return found


@contextmanager
def csv_writer(path: Path, *, encoding: str = "utf-8", newline: str = "\n") -> Iterator[Write]:
    """Give a function that writes one line of CSV."""
    with path.open("w", encoding=encoding, newline="") as file:
        yield csv.writer(file, lineterminator=newline).writerow


@contextmanager
def xlsx_writer(path: Path) -> Iterator[Write]:
    """Give a function that writes one row of a workbook; dates become date cells."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Patients")

    def write(line: Line) -> None:
        row = []
        for value in line:
            cell = WriteOnlyCell(sheet)
            cell.value = value
            if isinstance(value, date):
                is_timed = isinstance(value, datetime)
                cell.number_format = "yyyy-mm-dd hh:mm" if is_timed else "yyyy-mm-dd"
            row.append(cell)
        sheet.append(row)

    yield write
    workbook.save(path)


def write_sample(path: Path, rows: int, seed: int, bad: int) -> None:
    """Write `rows` visits as CSV or as a workbook, by the suffix of `path`."""
    is_workbook = path.suffix.lower() == ".xlsx"
    with xlsx_writer(path) if is_workbook else csv_writer(path) as write:
        write(HEADINGS)
        for visit in visits(rows, seed, bad=bad):
            write(typed_cells(visit) if is_workbook else cells(visit))


LAKESIDE_HEADINGS = (
    "Patient First",
    "Patient Last",
    "DOB",
    "Cell #",
    "Appt",
    "E-mail",
    "Why are you coming?",
    "Insurance",
    "Notes",
)

LAKESIDE_BREAKAGES = {
    5: (3, "312-555-014"),
    11: (3, "call the front desk"),
    17: (2, "02/30/1990"),
    23: (2, ""),
    29: (4, "03/09/2037"),
    35: (4, "next Tuesday"),
    41: (1, ""),
    47: (5, "ana at example.com"),
}
"""Row of the messy file, from 0 -> column and what stands there instead."""

LAKESIDE_REPEATED, LAKESIDE_BLANK_AFTER = 20, 40


def write_lakeside(path: Path) -> None:
    """Write what an old system exports: odd headings, American dates, eight bad rows."""
    with csv_writer(path, encoding="utf-8-sig", newline="\r\n") as write:
        write(LAKESIDE_HEADINGS)
        for number, visit in enumerate(visits(60, seed=3)):
            line = _lakeside_cells(number, visit)
            if number in LAKESIDE_BREAKAGES:
                column, text = LAKESIDE_BREAKAGES[number]
                line[column] = text
            write(line)
            if number == LAKESIDE_REPEATED:
                write(line)
            if number == LAKESIDE_BLANK_AFTER:
                write([""] * len(line))


def _lakeside_cells(number: int, visit: Visit) -> list[str]:
    born = date.fromisoformat(visit.birth_date)
    at = datetime.fromisoformat(visit.appointment)
    first = f"  {visit.first_name} " if number % 7 == 0 else visit.first_name
    last = visit.last_name.upper() if number % 5 == 0 else visit.last_name
    insurance = ("Acme Health", "none", "")[number % 3]
    note = "prefers mornings, calls back" if number % 9 == 0 else ""
    return [
        first,
        last,
        f"{born:%m/%d/%Y}",
        visit.phone,
        f"{at:%m/%d/%Y %I:%M %p}",
        visit.email,
        visit.reason,
        insurance,
        note,
    ]


def share(text: str, rows: int) -> int:
    """Return how many of `rows` are meant by `10%` or by `100`."""
    number = float(text.removesuffix("%"))
    count = round(rows * number / 100) if text.endswith("%") else round(number)
    if not 0 <= count <= rows:
        raise argparse.ArgumentTypeError("between none and all of the rows can be bad")
    return count


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and write the file it asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=60)
    parser.add_argument("--bad", default="0", help="how many are broken: 10%% or a number")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="x.csv or x.xlsx")
    parser.add_argument("--committed", action="store_true", help="write this folder's own files")
    wanted = parser.parse_args(arguments)
    if wanted.committed:
        write_sample(HERE / "northside_clean.csv", 60, 1, 0)
        write_sample(HERE / "northside_clean.xlsx", 60, 2, 0)
        write_lakeside(HERE / "lakeside_messy.csv")
        return 0
    if wanted.out is None:
        parser.error("name the file with --out, or say --committed")
    bad = share(wanted.bad, wanted.rows)
    write_sample(wanted.out, wanted.rows, wanted.seed, bad)
    print(f"{wanted.out}: {wanted.rows:,} rows, {bad:,} of them bad")
    return 0


if __name__ == "__main__":
    sys.exit(main())
