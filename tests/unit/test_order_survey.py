"""Whose word decides the order of a column of dates, and what its heading has to do with it."""

from __future__ import annotations

import pytest

from importer.headings import noted_order
from importer.model import DateOrder, OrdersConfirmed
from importer.normalize import DateRules, OrderEvidence
from importer.pipeline.questions import FileQuestions, OrderSurvey, how_to_say, question_about
from importer.problems import ProblemCode

MONTH_FIRST = OrderEvidence(month_first=2, both=1)
BOTH = OrderEvidence(both=3)


@pytest.mark.parametrize(
    ("heading", "order"),
    [
        *((heading, "DMY") for heading in ("DOB (DD/MM/YYYY)", "DOB [d-m-y]", "Born dd.mm.yy")),
        *((heading, "DMY") for heading in ("DOB (DD/MM)", "Appt (dd/mm/yyyy hh:mm)", "DDMMYYYY")),
        *((heading, "MDY") for heading in ("DOB (MM/DD/YYYY)", "m/d/yy", "DOB mm dd yyyy")),
        *(
            (heading, None)
            for heading in ("DOB", "DOB (YYYY-MM-DD)", "Time (hh:mm)", "DM", "DD MM")
        ),
        *((heading, None) for heading in ("yyyy/mm/dd", "DOB (DD-MMM-YYYY)", "Slot (mm/mm)", "")),
    ],
)
def test_a_note_names_an_order_only_where_it_shows_one(heading: str, order: str | None) -> None:
    assert noted_order(heading) == order


def asked(
    found: OrderEvidence,
    given: DateOrder | None = None,
    noted: DateOrder | None = None,
    *,
    is_settled: bool = False,
) -> FileQuestions:
    survey = OrderSurvey(
        evidence={"birth_date": found},
        columns={"birth_date": 3},
        noted={} if noted is None else {"birth_date": noted},
        settled=frozenset({"birth_date"} if is_settled else ()),
    )
    return FileQuestions(orders=survey, rules=DateRules(order=given))


@pytest.mark.parametrize(
    ("given", "evidence", "unreadable"),
    [
        ("MDY", OrderEvidence(day_first=6, both=4), True),
        ("DMY", OrderEvidence(month_first=6, both=4), True),
        ("MDY", OrderEvidence(month_first=6, day_first=1, both=4), True),
        ("MDY", OrderEvidence(month_first=6, both=4), False),
        ("DMY", OrderEvidence(both=4), False),
    ],
)
def test_dates_that_fit_both_are_not_read_where_some_fit_only_the_other_order(
    given: DateOrder, evidence: OrderEvidence, *, unreadable: bool
) -> None:
    assert asked(evidence, given).decided().of("birth_date").is_mixed is unreadable


def test_a_note_joins_the_evidence_and_decides_nothing() -> None:
    (problem,) = asked(BOTH, noted="DMY").problems()
    assert problem.code is ProblemCode.DATE_ORDER_NEEDED
    assert problem.hint.endswith("3 both, the heading says day/month")
    assert asked(BOTH, noted="DMY").confirmable() == {"birth_date": "DMY"}


def test_dates_weigh_more_than_a_note() -> None:
    assert asked(MONTH_FIRST, noted="DMY").confirmable() == {"birth_date": "MDY"}


@pytest.mark.parametrize("found", [BOTH, MONTH_FIRST])
def test_a_note_that_contradicts_the_given_order_is_a_question(found: OrderEvidence) -> None:
    questions = asked(found, "MDY", "DMY")
    (problem,) = questions.problems()
    assert problem.code is ProblemCode.DATE_ORDER_CONTRADICTED
    assert "the heading says day/month, the settings say month/day" in problem.hint
    question = question_about("june.csv", questions.problems(), questions.confirmable())
    assert question is not None
    assert (question.code, question.todo) == ("IMP113", ProblemCode.DATE_ORDER_CONTRADICTED.fix)


@pytest.mark.parametrize(
    ("given", "noted", "is_settled"),
    [("DMY", "DMY", False), ("MDY", None, False), ("MDY", "DMY", True)],
)
def test_an_order_that_agrees_or_was_given_for_that_heading_is_no_question(
    given: DateOrder,
    noted: DateOrder | None,
    is_settled: bool,  # noqa: FBT001 - a case of the table
) -> None:
    assert asked(BOTH, given, noted, is_settled=is_settled).problems() == ()


def test_a_yes_is_not_enough_for_an_order_that_no_date_fits() -> None:
    questions = asked(MONTH_FIRST, "DMY", "MDY")
    assert questions.problems()
    assert questions.confirmable() == {}


def test_dates_that_need_no_order_ask_nothing_whatever_the_heading_says() -> None:
    plain = OrderSurvey(evidence={}, columns={"birth_date": 3}, noted={"birth_date": "DMY"})
    assert FileQuestions(orders=plain, rules=DateRules(order="MDY")).problems() == ()


def test_an_answer_about_one_column_is_advised_as_that_of_one_column() -> None:
    said = how_to_say({"birth_date": "MDY"})
    assert said.index('orders = { birth_date = "MDY" }') < said.index("--date-order MDY")
    assert "every column of dates" in said
    both = how_to_say({"birth_date": "MDY", "appointment_date": "MDY"})
    assert 'order = "MDY" under [dates]' in both


def test_a_yes_is_kept_as_an_answer_of_its_kind() -> None:
    questions = asked(BOTH, noted="DMY")
    question = question_about("june.csv", questions.problems(), questions.confirmable())
    assert getattr(question, "answer", None) == OrdersConfirmed(orders={"birth_date": "DMY"})
