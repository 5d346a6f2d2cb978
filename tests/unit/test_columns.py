"""A heading is known, mapped or not sent; nothing is guessed."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from importer.columns import ColumnPlan, ProfileColumns, plan_columns
from importer.headings import PLAIN_HEADINGS, SYNONYMS, VETO_WORDS, known_field
from importer.model import BOOKING_FIELDS, REQUIRED_FIELDS
from importer.our_columns import OUR_HEADINGS
from importer.problems import FileProblem, ProblemCode

if TYPE_CHECKING:
    from collections.abc import Mapping

P = ProblemCode


def plan(
    *headings: str,
    show: bool = True,
    mapped: Mapping[str, str] | None = None,
    joined: Mapping[str, tuple[str, str]] | None = None,
    split: Mapping[str, str] | None = None,
    **how: Any,
) -> ColumnPlan:
    profile = ProfileColumns(mapped=mapped or {}, joined=joined or {}, split=split or {})
    return plan_columns(headings, profile=profile, show_headings=show, **how)


def found(planned: ColumnPlan, code: ProblemCode) -> list[FileProblem]:
    return [problem for problem in planned.problems if problem.code is code]


def test_names_of_the_api_are_known() -> None:
    planned = plan(*BOOKING_FIELDS)
    assert planned.fields == {field: column for column, field in enumerate(BOOKING_FIELDS)}
    assert planned.problems == ()
    assert (planned.ours, planned.row_key) == ((), None)


def test_a_heading_that_the_profile_lists_needs_no_telling() -> None:
    profile = ProfileColumns(listed=("DOB", "Cell"))
    planned = plan_columns(["dob", "Cell", "Surname"], profile=profile, show_headings=True)
    assert [p.place for p in found(planned, P.HEADING_SYNONYM)] == ["column C"]


def test_headings_of_the_template_need_no_telling() -> None:
    planned = plan(*PLAIN_HEADINGS.values())
    assert list(planned.fields) == list(BOOKING_FIELDS)
    assert planned.problems == ()


def test_a_known_other_name_is_told_and_other_spelling_is_not() -> None:
    planned = plan("First Name", "LAST_NAME", "Cell", "DOB", "Appointment Date", "Facility ID")
    told = [(p.place, p.hint) for p in found(planned, P.HEADING_SYNONYM)]
    assert told == [
        ("column C", "read as phone"),
        ("column D", "read as birth_date"),
        ("column F", "read as location_id"),
    ]
    assert not any(problem.is_error for problem in planned.problems)
    mapped = plan("Cell", mapped={"Cell": "phone"})
    assert found(mapped, P.HEADING_SYNONYM) == []


TABLE = (*REQUIRED_FIELDS, "", "Doctor", "Room")


@pytest.mark.parametrize(
    ("headings", "columns"),
    [
        (TABLE, "columns H to I"),
        (("Doctor", "Room", "", *REQUIRED_FIELDS), "columns A to B"),
        ((*REQUIRED_FIELDS, " ", "Doctor", "", "Room"), "columns H to J"),
    ],
)
def test_headings_behind_an_empty_one_of_which_none_is_sent_are_another_table(
    headings: tuple[str, ...], columns: str
) -> None:
    (problem,) = found(plan(*headings), P.TABLES_UNCLEAR)
    assert problem.place == columns
    assert "if it is one table" in problem.hint


@pytest.mark.parametrize(
    "headings",
    [
        (*REQUIRED_FIELDS, "Doctor", "Room"),
        (*REQUIRED_FIELDS, "", "Doctor"),
        (*REQUIRED_FIELDS[:3], "", *REQUIRED_FIELDS[3:], "Doctor", "Room"),
        (*REQUIRED_FIELDS, "", "Doctor", "Reason"),
    ],
)
def test_one_table_with_a_gap_is_one(headings: tuple[str, ...]) -> None:
    assert found(plan(*headings), P.TABLES_UNCLEAR) == []


def test_a_column_that_a_profile_maps_belongs_to_the_table() -> None:
    assert found(plan(*TABLE, mapped={"Doctor": "reason"}), P.TABLES_UNCLEAR) == []


@pytest.mark.parametrize(
    "heading",
    [
        "first_name",
        "First Name",
        "FIRST-NAME",
        "firstName",
        "FirstName",
        " first\u00a0name ",
        "First  Name *",
        "First Name (required)",
        "\uff26irst Name",
        "First\u200b Name",
    ],
)
def test_writing_makes_no_difference(heading: str) -> None:
    assert known_field(heading) == "first_name"


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Patient First Name", "first_name"),
        ("First", "first_name"),
        ("Given Name", "first_name"),
        ("Surname", "last_name"),
        ("Mobile", "phone"),
        ("Cell", "phone"),
        ("Phone #", "phone"),
        ("DOB", "birth_date"),
        ("D.O.B.", "birth_date"),
        ("Date of Birth", "birth_date"),
        ("DOB (MM/DD/YYYY)", "birth_date"),
        ("DOB (dd-mmm-yyyy) (required)", "birth_date"),
        ("DOB (YYYYMMDD)", "birth_date"),
        ("DOB (MM/DD)", "birth_date"),
        ("DOB (mdy)", "birth_date"),
        ("DOB (yyyy)", "birth_date"),
        ("Phone (required)", "phone"),
        ("Appt (mm/dd/yyyy hh:mm)", "appointment_date"),
        ("Appt Time (h:mm:ss)", "appointment_date"),
        ("Appt Date", "appointment_date"),
        ("Appointment", "appointment_date"),
        ("Appointment Time", "appointment_date"),
        ("Appointment Date/Time", "appointment_date"),
        ("Clinic ID", "location_id"),
        ("Location", "location_id"),
        ("Location #", "location_id"),
        ("Walk-in", "is_walk_in"),
        ("E-mail", "email"),
        ("Reason for visit", "reason"),
        ("Sex", "birth_sex"),
        ("Street", "address_street"),
        ("Address 1", "address_street"),
        ("Address Line 2", "address_street_secondary"),
        ("City", "address_city"),
        ("State", "address_state"),
        ("Zip", "address_zip"),
        ("ZIP Code", "address_zip"),
        ("Referral Source", "attribution"),
        ("MRN", "emr_patient_id"),
        ("EMR ID", "emr_patient_id"),
        ("Paperwork", "paperwork_status"),
        ("Appointment Type ID", "visit_type_id"),
    ],
)
def test_synonym_is_known(heading: str, field: str) -> None:
    assert known_field(heading) == field


@pytest.mark.parametrize(
    "heading",
    [
        *("Guarantor Phone", "Emergency Contact Phone", "Employer Phone", "Spouse First Name"),
        *("Name", "Date", "Gender", "Provider", "Notes", "Birthdy", "Phone (Emergency)", ""),
        *("First name (MD)", "Last name (M.D.)", "Phone (M)", "Phone (h)", "DOB (S)", "DOB (MD)"),
        *("Birth date (S.)", "DOB (M.D)", "DOB (HS)", "DOB (MM)", "Phone (MM/DD/YYYY)"),
    ],
)
def test_what_is_only_similar_is_not_taken(heading: str) -> None:
    assert known_field(heading) is None


def test_every_field_has_synonyms_and_none_has_two_fields() -> None:
    assert set(SYNONYMS) == set(BOOKING_FIELDS)
    owners = [(name, field) for field, names in SYNONYMS.items() for name in names]
    assert [pair for pair in owners if known_field(pair[0]) != pair[1]] == []


def test_no_synonym_is_about_somebody_else() -> None:
    words = {word for names in SYNONYMS.values() for name in names for word in name.lower().split()}
    assert words.isdisjoint(VETO_WORDS)


def test_one_column_is_never_read_for_two_fields() -> None:
    twice = plan(*REQUIRED_FIELDS, "Re-ason", mapped={"Re-ason": "reason", "reason": "attribution"})
    (problem,) = found(twice, P.PROFILE_COLUMN_MISSING)
    assert "attribution is mapped to column G" in problem.hint
    half = plan(
        *REQUIRED_FIELDS, "Day", mapped={"DAY": "reason"}, joined={"appointment_date": ("day", "x")}
    )
    assert any("column G" in problem.hint for problem in found(half, P.PROFILE_COLUMN_MISSING))


def test_unknown_column_is_listed_and_not_sent() -> None:
    planned = plan(*REQUIRED_FIELDS, "Notes", "Guarantor Phone", "")
    assert list(planned.fields.values()) == [0, 1, 2, 3, 4, 5]
    assert [(p.place, p.details) for p in found(planned, P.COLUMN_UNKNOWN)] == [
        ("column G", '"Notes"'),
        ("column H", '"Guarantor Phone"'),
    ]
    assert not any(problem.is_error for problem in planned.problems)


def test_outside_a_terminal_unknown_headings_are_named_by_letter_only() -> None:
    planned = plan("Zelda Secretname", "1985-03-04", "birthdy", show=False)
    said = " ".join(problem.sentence() for problem in planned.problems)
    assert "Zelda" not in said
    assert "1985" not in said
    assert "birthdy" not in said
    assert "column A" in said


def test_heading_on_a_terminal_is_short_and_printable() -> None:
    planned = plan(*REQUIRED_FIELDS, "x" * 500 + "\x1b[31m", "\x1b[31mred")
    hints = [problem.details for problem in found(planned, P.COLUMN_UNKNOWN)]
    assert all(hint.isprintable() for hint in hints)
    assert max(map(len, hints)) < 70


def test_missing_columns_are_told_one_by_one() -> None:
    missing = found(plan("Notes"), P.COLUMN_MISSING)
    assert [problem.hint for problem in missing] == [
        f"{field}: no heading comes near" for field in REQUIRED_FIELDS
    ]
    assert all(problem.is_error for problem in missing)


def test_missing_column_names_the_nearest_heading() -> None:
    headings = [field for field in REQUIRED_FIELDS if field != "birth_date"]
    shown = found(plan(*headings, "Birthdy"), P.COLUMN_MISSING)
    assert [problem.hint for problem in shown] == [
        'birth_date: the nearest heading is "Birthdy" in column F; map it under [columns]'
    ]
    hidden = found(plan(*headings, "Birthdy", show=False), P.COLUMN_MISSING)
    assert [problem.hint for problem in hidden] == [
        "birth_date: the nearest heading is in column F; map it under [columns]"
    ]


def test_somebody_elses_column_is_no_hint() -> None:
    headings = [field for field in REQUIRED_FIELDS if field != "phone"]
    hints = [p.hint for p in found(plan(*headings, "Guarantor Phone"), P.COLUMN_MISSING)]
    assert hints == ["phone: no heading comes near"]


def test_default_stands_in_for_a_column() -> None:
    headings = [field for field in REQUIRED_FIELDS if field != "location_id"]
    assert plan(*headings, provided={"location_id"}).problems == ()


def test_two_columns_for_one_field_are_a_question() -> None:
    planned = plan(*REQUIRED_FIELDS, "Mobile")
    assert [(p.place, p.hint) for p in found(planned, P.COLUMN_TWICE)] == [
        ("columns C and G", "phone: map just one of them under [columns]")
    ]
    assert found(planned, P.COLUMN_UNKNOWN) == []


def test_profile_wins_over_known_names() -> None:
    planned = plan(*REQUIRED_FIELDS, "Mobile", mapped={"Mobile": "phone"})
    assert planned.fields["phone"] == 6
    assert [(p.place, p.details) for p in found(planned, P.COLUMN_UNKNOWN)] == [
        ("column C", '"phone"; phone is read from column G')
    ]


def test_profile_maps_any_heading_whatever_its_case() -> None:
    planned = plan("geb.  datum", "Other", mapped={"Geb. Datum": "birth_date", "Other": "reason"})
    assert planned.fields == {"birth_date": 0, "reason": 1}


def test_profile_heading_that_is_exactly_there_beats_one_that_is_alike() -> None:
    planned = plan("cell no", "Cell No", mapped={"Cell No": "phone"})
    assert planned.fields["phone"] == 1


def test_profile_that_names_two_columns_is_a_question() -> None:
    planned = plan("A1", "B1", mapped={"A1": "phone", "B1": "phone"})
    assert [problem.place for problem in found(planned, P.COLUMN_TWICE)] == ["columns A and B"]


def test_mapped_heading_that_is_not_there_stops_the_file() -> None:
    planned = plan(*REQUIRED_FIELDS, mapped={"Born on": "birth_date"})
    (problem,) = found(planned, P.PROFILE_COLUMN_MISSING)
    assert problem.is_error
    assert problem.hint == "birth_date is mapped to the heading 'Born on'"
    assert found(planned, P.COLUMN_MISSING) == []


@pytest.mark.parametrize(
    "heading", ["f\u0456rst_name", "First N\u0430me", "\u0420hone", "D\u039fB"]
)
def test_letters_of_another_alphabet_that_look_latin_stop_the_file(heading: str) -> None:
    (problem,) = found(plan(heading), P.HEADING_LOOKALIKE)
    assert problem.is_error
    assert problem.place == "column A"
    assert problem.hint.startswith("it looks like ")


def test_heading_in_another_alphabet_is_just_unknown() -> None:
    planned = plan(*REQUIRED_FIELDS, "\u0418\u043c\u044f")
    assert [problem.code for problem in planned.problems] == [P.COLUMN_UNKNOWN]


def test_our_own_csv_is_recognized_by_its_last_headings() -> None:
    planned = plan(*REQUIRED_FIELDS, "Notes", *OUR_HEADINGS)
    assert planned.ours == tuple(range(7, 7 + len(OUR_HEADINGS)))
    assert planned.row_key == planned.ours[-1]


def test_our_own_workbook_keeps_its_row_keys_when_columns_were_moved() -> None:
    planned = plan("row_key", *REQUIRED_FIELDS, "status", is_results=True)
    assert (planned.row_key, planned.ours) == (0, (0, 7))
    assert planned.problems == ()


def test_strangers_status_and_row_key_are_just_unknown() -> None:
    planned = plan(*REQUIRED_FIELDS, "status", "row_key")
    assert (planned.row_key, planned.ours) == (None, ())
    assert len(found(planned, P.COLUMN_UNKNOWN)) == 2


def test_column_letters_go_past_z() -> None:
    planned = plan(*REQUIRED_FIELDS, *[""] * 20, "Notes", *[""] * 675, "More")
    places = [problem.place for problem in found(planned, P.COLUMN_UNKNOWN)]
    assert places == ["column AA", "column AAA"]


def test_errors_come_before_warnings() -> None:
    errors = [problem.is_error for problem in plan("Notes", "f\u0456rst name").problems]
    assert errors == sorted(errors, reverse=True)


def test_rules_do_not_cost_half_a_second_of_pandas() -> None:
    program = (
        "import sys, importer.columns, importer.normalize, importer.identity;"
        "sys.exit(bool({'pandas', 'pandera', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_date_and_a_time_column_are_joined() -> None:
    planned = plan(
        *("First", "Last", "Phone", "DOB", "Clinic", "Appt Date", "Appt Time"),
        joined={"appointment_date": ("Appt Date", "Appt Time")},
    )
    assert not any(problem.is_error for problem in planned.problems)
    assert planned.columns_of("appointment_date") == (5, 6)
    assert (planned.fields["appointment_date"], planned.sources[6]) == (5, "appointment_date")
    assert planned.columns_of("email") == ()


def test_two_columns_of_an_appointment_say_that_they_may_be_joined() -> None:
    (problem,) = found(plan("Appt Date", "Appt Time"), P.COLUMN_TWICE)
    assert "[joined]" in problem.hint


@pytest.mark.parametrize("headings", [("Appt Date",), ("Appt Time", "Notes"), ("Notes",)])
def test_a_half_that_is_not_there_stops_the_file(headings: tuple[str, ...]) -> None:
    planned = plan(*headings, joined={"appointment_date": ("Appt Date", "Appt Time")})
    hints = [problem.hint for problem in found(planned, P.PROFILE_COLUMN_MISSING)]
    assert hints == [
        f"appointment_date is joined from the heading {half!r}"
        for half in ("Appt Date", "Appt Time")
        if half not in headings
    ]
    assert found(planned, P.COLUMN_MISSING) == found(
        plan(*headings, provided={"appointment_date"}), P.COLUMN_MISSING
    )


def test_a_half_that_is_there_twice_is_a_question() -> None:
    planned = plan(
        *("appt date", "APPT DATE", "Time"), joined={"appointment_date": ("Appt Date", "Time")}
    )
    assert [p.place for p in found(planned, P.COLUMN_TWICE)] == ["columns A and B and C"]
    assert planned.joined == {}


def test_one_column_of_names_is_split_and_wins_over_known_ones() -> None:
    planned = plan("Patient", "First", "Phone", split={"Patient": "Last, First"})
    assert planned.split is not None
    assert (planned.split.column, planned.split.pattern) == (0, "Last, First")
    assert (planned.fields["first_name"], planned.fields["last_name"]) == (0, 0)
    assert planned.sources == {0: "first_name", 2: "phone"}
    assert [problem.place for problem in found(planned, P.COLUMN_UNKNOWN)] == ["column B"]


def test_a_column_of_names_that_is_not_there_stops_the_file() -> None:
    planned = plan("Name", split={"Patient": "Last, First"})
    (problem,) = found(planned, P.PROFILE_COLUMN_MISSING)
    assert problem.hint == "the name is split from the heading 'Patient'"
    assert planned.split is None


GROUPED = ("First", "Last", "DOB", "Name", "Phone", "Email", "Appt", "Clinic")
OF_OTHERS = {3: "emergency", 4: "emergency", 5: "emergency"}


def test_a_column_of_somebody_else_is_not_sent_and_says_why() -> None:
    planned = plan(*GROUPED, of_others=OF_OTHERS)
    (missing,) = found(planned, P.COLUMN_MISSING)
    assert missing.hint.startswith('phone: the line above column E says "emergency"')
    hints = {p.place: p.hint for p in found(planned, P.COLUMN_UNKNOWN)}
    assert hints["column F"] == 'the line above it says "emergency"'
    assert {"phone", "email"}.isdisjoint(planned.fields)


def test_what_the_profile_maps_is_sent_whatever_stands_above_it() -> None:
    planned = plan(*GROUPED, of_others=OF_OTHERS, mapped={"Phone": "phone"})
    assert planned.fields["phone"] == 4
    assert found(planned, P.COLUMN_MISSING) == []


@pytest.mark.parametrize("mapped", [{}, {"Phone": "phone"}])
def test_the_namesake_that_is_the_patients_is_sent(mapped: Mapping[str, str]) -> None:
    planned = plan(
        "Phone", *GROUPED[:3], "Phone", *GROUPED[6:], of_others={4: "kin"}, mapped=mapped
    )
    assert planned.fields["phone"] == 0
    assert not any(problem.is_error for problem in planned.problems)
