"""A question about a whole file is asked of a person, and stops a run that nobody watches."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from importer.cli.shell import shell
from tests.edges.terminal_kit import ENTER, Terminal
from tests.rows import invented_row, write_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.sandbox import Sandbox
    from tests.acceptance.cli_kit import Cli

BORN = ["03/14/1985", "03/04/1985", "12/31/1985"]
EVIDENCE = "birth_date in column D: 2 dates fit only month/day, 0 only day/month, 1 both"


pytestmark = pytest.mark.usefixtures("own_world")


def visits(folder: Path, *born: str, **changes: str) -> Path:
    rows = [invented_row(n, birth_date=text, **changes) for n, text in enumerate(born, start=2)]
    return write_rows(folder / "visits.csv", rows)


def profile(folder: Path, *headings: str) -> Path:
    listed = ", ".join(f'"{heading}"' for heading in headings)
    path = folder / "clinic.toml"
    path.write_text(f"[file]\nheadings = [{listed}]\n", encoding="utf-8")
    return path


def unattended(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(shell, ["check", *words])
    return result.exit_code, result.stderr


def test_nobody_there_means_exit_3_with_the_evidence_and_the_flag(tmp_path: Path) -> None:
    code, err = unattended(str(visits(tmp_path, *BORN)))
    assert code == 3
    assert "IMP107" in err
    assert EVIDENCE in err
    assert 'orders = { birth_date = "MDY" } under [dates] in a profile' in err
    assert "--date-order MDY, which means every column" in err


def test_columns_of_other_orders_are_told_apart(tmp_path: Path) -> None:
    source = visits(tmp_path, *BORN, appointment_date="25/12/2090 09:30-06:00")
    code, err = unattended(str(source))
    assert code == 3
    assert 'orders = { birth_date = "MDY", appointment_date = "DMY" } under [dates]' in err


def test_evidence_that_leaves_both_orders_proposes_none(tmp_path: Path) -> None:
    code, err = unattended(str(visits(tmp_path, "03/04/1985", "05/06/1985")))
    assert code == 3
    assert "0 dates fit only month/day, 0 only day/month, 2 both" in err
    assert "Say which: --date-order MDY or DMY" in err


def test_one_document_tells_one_error_with_what_to_say(tmp_path: Path) -> None:
    result = CliRunner().invoke(shell, ["check", str(visits(tmp_path, *BORN)), "--format", "json"])
    (told,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert (result.exit_code, told["type"], told["code"]) == (3, "error", "IMP107")
    assert EVIDENCE in told["message"]
    assert "--date-order MDY" in told["todo"]


def test_zone_and_order_are_asked_together(tmp_path: Path) -> None:
    code, err = unattended(str(visits(tmp_path, *BORN, appointment_date="2090-02-01 09:30")))
    assert code == 3
    assert "whose local time" not in err
    assert "3 rows ask" in err
    assert EVIDENCE in err


def test_a_profile_that_lists_the_headings_answers_for_a_table_beside(tmp_path: Path) -> None:
    row = invented_row(2) | {"": "", "Doctor": "Dr. Example", "Room": "12 b"}
    source = write_rows(tmp_path / "visits.csv", [row])
    code, err = unattended(str(source))
    assert (code, "error[IMP016]" in err, "columns J to K" in err) == (3, True, True)
    listed = [heading for heading in row if heading]
    code, err = unattended(str(source), "--profile", str(profile(tmp_path, *listed)))
    assert code == 0, err
    assert unattended(str(source), "--profile", str(profile(tmp_path, *listed, "Fee")))[0] == 3


@pytest.mark.parametrize(("answer", "code"), [("y\r", 0), ("n\r", 3), (ENTER, 3)])
def test_a_person_confirms_what_the_whole_column_leaves(
    answer: str, code: int, tmp_path: Path
) -> None:
    source = visits(tmp_path, *BORN)
    with Terminal(arguments=("check", str(source)), folder=tmp_path) as terminal:
        terminal.expect(EVIDENCE).expect("Read birth_date as month/day?").type(answer)
        assert terminal.ended() == code
    assert ("3 ready" in terminal.seen) is (code == 0)


def test_a_person_sees_the_rows_before_the_question_and_the_answer_in_them(tmp_path: Path) -> None:
    source = visits(tmp_path, *BORN)
    with Terminal(arguments=("check", str(source)), folder=tmp_path) as terminal:
        terminal.expect("[IMP107] birth_date").expect("3 │").expect("03/04/1985")
        terminal.expect(EVIDENCE).expect("Read birth_date as month/day?").type("y\r")
        terminal.expect("3 ready")
        assert terminal.ended() == 0
    before, _, after = terminal.seen.partition("[y/N]")
    assert "IMP107" not in after
    assert "Next:" not in before
    assert "Next:" in after


@pytest.mark.parametrize("form", ["concise", "json", "jsonl", "github"])
def test_lines_for_a_program_are_followed_by_no_question(form: str, tmp_path: Path) -> None:
    words = ("check", str(visits(tmp_path, *BORN)), "--format", form)
    with Terminal(arguments=words, folder=tmp_path) as terminal:
        terminal.expect(EVIDENCE)
        assert terminal.ended() == 3
    assert "[y/N]" not in terminal.seen


@pytest.mark.parametrize(("answer", "code"), [("y\r", 0), ("n\r", 3)])
def test_a_copy_is_corrected_whatever_the_answer(answer: str, code: int, tmp_path: Path) -> None:
    source = visits(tmp_path, *BORN, first_name="Ann\u200b")
    copy = tmp_path / "copy.csv"
    words = ("check", str(source), "--fix", str(copy))
    with Terminal(arguments=words, folder=tmp_path) as terminal:
        terminal.expect("Read birth_date as month/day?").type(answer)
        assert terminal.ended() == code
    text = source.read_text(encoding="utf-8")
    assert copy.read_text(encoding="utf-8") == text.replace("\u200b", "")


@pytest.mark.parametrize("born", [("03/04/1985",), ("05/06/1985", "07/08/1985")])
def test_a_person_is_not_asked_where_both_orders_are_possible(
    born: tuple[str, ...], tmp_path: Path
) -> None:
    with Terminal(arguments=("check", str(visits(tmp_path, *born))), folder=tmp_path) as terminal:
        assert terminal.ended() == 3
    assert "[y/N]" not in terminal.seen


@pytest.mark.parametrize("name", ["NON_INTERACTIVE", "YES", "JSON"])
def test_who_wants_no_questions_is_asked_none(name: str, tmp_path: Path) -> None:
    environ = {f"SOLV_IMPORT_{name}": "true"}
    words = ("check", str(visits(tmp_path, *BORN)))
    with Terminal(arguments=words, folder=tmp_path, environ=environ) as terminal:
        assert terminal.ended() == 3
    assert "[y/N]" not in terminal.seen


def noted(folder: Path, note: str, *born: str) -> Path:
    """Write visits whose heading of birth dates has a note."""
    source = visits(folder, *born)
    text = source.read_text("utf-8")
    source.write_text(text.replace("birth_date", f"birth_date ({note})", 1), encoding="utf-8")
    return source


def test_a_heading_that_contradicts_the_order_stops_a_run_that_nobody_watches(
    tmp_path: Path,
) -> None:
    source = noted(tmp_path, "DD/MM/YYYY", "03/04/1985")
    code, err = unattended(str(source), "--date-order", "MDY")
    assert (code, "IMP113" in err) == (3, True)
    assert "1 both, the heading says day/month, the settings say month/day" in err
    assert unattended(str(source), "--date-order", "DMY")[0] == 0
    assert unattended(str(source))[0] == 3


def test_an_order_beside_that_very_heading_in_the_profile_is_no_question(tmp_path: Path) -> None:
    source = noted(tmp_path, "DD/MM/YYYY", "03/04/1985")
    headings = source.read_text("utf-8").splitlines()[0].split(",")
    path = profile(tmp_path, *headings)
    path.write_text(f'[dates]\norder = "MDY"\n{path.read_text("utf-8")}', encoding="utf-8")
    assert unattended(str(source), "--profile", str(path))[0] == 0
    assert unattended(str(source), "--profile", str(path), "--date-order", "MDY")[0] == 3


@pytest.mark.parametrize(
    ("flags", "asked"),
    [(("--date-order", "MDY"), "as month/day?"), ((), "as day/month?")],
    ids=["contradicts", "proposes"],
)
def test_a_person_may_say_what_a_note_leaves_open(
    flags: tuple[str, ...], asked: str, tmp_path: Path
) -> None:
    source = noted(tmp_path, "DD/MM/YYYY", "03/04/1985")
    with Terminal(arguments=("check", str(source), *flags), folder=tmp_path) as terminal:
        terminal.expect("the heading says day/month").expect(f"Read birth_date {asked}").type("y\r")
        terminal.expect("1 ready")
        assert terminal.ended() == 0


def test_a_changed_profile_is_a_question_to_a_person_and_stops_everybody_else(
    tmp_path: Path, run_cli: Cli, start_sandbox: Callable[..., Sandbox]
) -> None:
    server = start_sandbox()
    run_cli.target(server)
    path = tmp_path / "clinic.toml"
    path.write_text('[dates]\norder = "MDY"\n', encoding="utf-8")
    source = visits(tmp_path, "03/04/1985")
    assert run_cli("run", source, "--profile", path).counts == {"booked": 1}
    path.write_text('[dates]\norder = "DMY"\n', encoding="utf-8")
    july = visits(tmp_path, "03/04/1985", "05/06/1985")
    held = run_cli("run", july, "--profile", path)
    assert (held.code, held.summary["exit_reason"]) == (3, "source")
    assert "order of birth_date" in held.summary["why"]
    assert len(server.requests()) == 1
    environ = run_cli.environ | {"SOLV_IMPORT_NON_INTERACTIVE": "false"}
    words = ("run", str(july), "--profile", str(path), "--rows", "3")
    with Terminal(arguments=words, folder=tmp_path, environ=environ) as terminal:
        terminal.expect("Is no row of this file booked already?").type("y\r")
        terminal.expect("1 booked")
        assert terminal.ended() == 1
    assert len(server.requests()) == 2


def test_headings_that_changed_stop_an_unattended_check(tmp_path: Path) -> None:
    source = visits(tmp_path, "1985-03-04")
    expected = [*invented_row()]
    expected[2], expected[-1] = "phones", "Plan"
    path = profile(tmp_path, *expected, "Gone")
    code, err = unattended(str(source), "--profile", str(path))
    assert code == 3
    assert "IMP110" in err
    assert "column C: 'phones' is another heading now" in err
    assert "column H: 'Plan' is another heading now" in err
    assert "'Gone' is missing" in err
    assert "solv-import map" in err


def test_a_profile_of_the_same_headings_is_no_question(tmp_path: Path) -> None:
    source = visits(tmp_path, "1985-03-04")
    path = profile(tmp_path, *(heading.upper() for heading in invented_row()))
    assert unattended(str(source), "--profile", str(path))[0] == 0


@pytest.mark.parametrize(("answer", "code"), [("y\r", 0), (ENTER, 3)])
def test_a_person_may_go_on_with_other_headings(answer: str, code: int, tmp_path: Path) -> None:
    source = visits(tmp_path, "1985-03-04")
    path = profile(tmp_path, *invented_row(), "Gone")
    words = ("check", str(source), "--profile", str(path))
    with Terminal(arguments=words, folder=tmp_path) as terminal:
        terminal.expect("'Gone' is missing").expect("Go on with these?").type(answer)
        assert terminal.ended() == code


def test_nothing_is_sent_before_a_question_is_answered(
    tmp_path: Path, run_cli: Cli, start_sandbox: Callable[..., Sandbox]
) -> None:
    server = start_sandbox()
    run_cli.target(server)
    finished = run_cli("run", visits(tmp_path, *BORN))
    assert (finished.code, finished.summary["exit_reason"]) == (3, "source")
    path = profile(tmp_path, *invented_row(), "Gone")
    finished = run_cli("run", visits(tmp_path, "1985-03-04"), "--profile", path)
    assert finished.code == 3
    assert server.requests() == []


def test_an_answer_stands_for_its_run(
    tmp_path: Path, run_cli: Cli, start_sandbox: Callable[..., Sandbox]
) -> None:
    server = start_sandbox()
    run_cli.target(server)
    source = visits(tmp_path, *BORN)
    environ = run_cli.environ | {"SOLV_IMPORT_NON_INTERACTIVE": "false"}
    words = ("run", str(source), "--limit", "1")
    with Terminal(arguments=words, folder=tmp_path, environ=environ) as terminal:
        terminal.expect("Read birth_date as month/day?").type("y\r")
        terminal.expect("1 booked")
        assert terminal.ended() == 1
    (request,) = server.requests()
    assert request.status == 200
    again = run_cli("run", source)
    assert again.code == 3  # a new run, whose question nobody has answered
    finished = run_cli("run", source, "--date-order", "MDY")
    assert finished.counts == {"booked": 2, "skipped": 1}


def test_results_of_a_profile_with_listed_headings_may_be_run_again(
    tmp_path: Path, run_cli: Cli, start_sandbox: Callable[..., Sandbox]
) -> None:
    run_cli.target(start_sandbox())
    source = visits(tmp_path, "1985-03-04")
    path = profile(tmp_path, *invented_row())
    first = run_cli("run", source, "--profile", path)
    again = run_cli("run", first.results, "--profile", path)
    assert (first.counts, again.counts) == ({"booked": 1}, {"skipped": 1})
