"""A folder that a clinic drops files into: each is imported once, and put away."""

from __future__ import annotations

import json
import os
import shutil
import time
from typing import TYPE_CHECKING

from tests.acceptance.cli_kit import read_results
from tests.remote_kit import sftp_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.sandbox import Sandbox
    from tests.acceptance.cli_kit import Cli

    Write = Callable[..., Path]
    Make = Callable[..., dict[str, str]]

AT_ONCE = {"SOLV_IMPORT_SETTLE_S": "0"}


def test_every_file_of_a_folder_is_imported_once(
    run_cli: Cli,
    start_sandbox: Callable[..., Sandbox],
    make_row: Make,
    write_csv: Write,
    tmp_path: Path,
) -> None:
    server = start_sandbox()
    run_cli.target(server)
    drop = tmp_path / "drop"
    drop.mkdir()
    for name, first in (("a.csv", 2), ("b.csv", 12)):
        shutil.copy(write_csv([make_row(n) for n in range(first, first + 5)]), drop / name)
    (drop / "notes.pdf").write_bytes(b"%PDF-1.4")

    first = run_cli("run", drop, env=AT_ONCE)
    assert first.code == 0, first.err
    assert first.summary["booked"] == 10
    assert "notes.pdf is no CSV file and no workbook" in first.err
    assert len(server.requests()) == 10

    again = run_cli("run", drop, env=AT_ONCE)
    assert again.code == 0
    assert "a.csv was imported before, by run " in again.out
    assert len(server.requests()) == 10

    shutil.copy(drop / "a.csv", drop / "copy_of_a.csv")
    copy = run_cli("run", f"{drop}/*.csv", env=AT_ONCE)
    assert copy.code == 0
    assert "copy_of_a.csv was imported before" in copy.out
    assert len(server.requests()) == 10


def test_a_nightly_drop_of_one_name_keeps_the_results_of_every_night(
    run_cli: Cli,
    start_sandbox: Callable[..., Sandbox],
    make_row: Make,
    write_csv: Write,
    tmp_path: Path,
) -> None:
    run_cli.target(start_sandbox())
    drop, done = tmp_path / "drop", tmp_path / "done"
    drop.mkdir()
    for night in (1, 2):
        source = write_csv([make_row(n) for n in range(10 * night, 10 * night + 3)])
        shutil.move(source, drop / "visits.csv")
        night_s = time.time() - 86_400 * (9 - night)
        os.utime(drop / "visits.csv", (night_s, night_s))
        finished = run_cli("run", drop, "--move-to", done)
        assert finished.code == 0, finished.err
        assert finished.counts == {"booked": 3}
        assert len(read_results(finished.results)) == 3

    assert not list(drop.iterdir())
    names = sorted(path.name for path in done.iterdir())
    assert [name for name in names if ".results" not in name] == ["visits-2.csv", "visits.csv"]
    assert len([name for name in names if ".results" in name]) == 2


def test_a_file_that_needs_a_hand_stays_and_the_others_go(
    run_cli: Cli,
    start_sandbox: Callable[..., Sandbox],
    make_row: Make,
    write_csv: Write,
    tmp_path: Path,
) -> None:
    server = start_sandbox()
    run_cli.target(server)
    drop, done = tmp_path / "drop", tmp_path / "done"
    drop.mkdir()
    (drop / "broken.csv").write_text("first_name,last_name\nA,B\n")
    shutil.copy(write_csv([make_row(2)]), drop / "good.csv")

    finished = run_cli("run", drop, "--move-to", done, env=AT_ONCE)

    assert finished.code == 3
    assert [path.name for path in drop.iterdir()] == ["broken.csv"]
    assert "IMP101" in finished.err
    assert len(server.requests()) == 1


def test_an_empty_folder_is_no_fault(
    run_cli: Cli, start_sandbox: Callable[..., Sandbox], tmp_path: Path
) -> None:
    server = start_sandbox()
    run_cli.target(server)
    (tmp_path / "drop").mkdir()
    finished = run_cli("run", tmp_path / "drop")
    assert finished.code == 0
    assert "Nothing to import in" in finished.err
    assert not server.all_requests()


def test_a_dry_run_of_a_folder_tells_of_its_files_and_moves_none(
    run_cli: Cli,
    start_sandbox: Callable[..., Sandbox],
    make_row: Make,
    write_csv: Write,
    tmp_path: Path,
) -> None:
    server = start_sandbox()
    run_cli.target(server)
    drop, done = tmp_path / "drop", tmp_path / "done"
    drop.mkdir()
    shutil.copy(write_csv([make_row(2)]), drop / "good.csv")
    finished = run_cli("run", drop, "--move-to", done, "--dry-run", env=AT_ONCE)
    assert finished.code == 0
    assert (drop / "good.csv").exists()
    assert not server.all_requests()


def test_a_folder_of_another_machine_is_an_inbox_too(
    run_cli: Cli,
    start_sandbox: Callable[..., Sandbox],
    make_row: Make,
    write_csv: Write,
    tmp_path: Path,
) -> None:
    server = start_sandbox()
    with sftp_server(tmp_path / "sftp") as away:
        (away.root / "drop").mkdir()
        source = write_csv([make_row(n) for n in range(2, 5)])
        os.utime(source, (time.time() - 3_600,) * 2)
        shutil.copy2(source, away.root / "drop")
        (tmp_path / "results").mkdir()
        run_cli.target(
            server,
            sftp_known_hosts=str(away.known_hosts),
            sftp_key_file=str(away.key_file),
            move_to=away.url("done"),
            upload_results=away.url("drop"),
        )
        first = run_cli("run", away.url("drop"), "--results", tmp_path / "results")
        assert first.code == 0, first.err
        assert first.summary["booked"] == 3
        assert [path.name for path in (away.root / "done").iterdir()] == ["visits.csv"]
        (sent,) = (away.root / "drop").iterdir()
        assert len(read_results(sent)) == 3
        assert not list((run_cli.state_dir / "downloads").iterdir())

        shutil.copy2(source, away.root / "drop" / "again.csv")
        again = run_cli("run", away.url("drop"), "--results", tmp_path / "results")
        assert again.code == 0
        assert "again.csv was imported before" in again.out
        assert len(server.requests()) == 3


def test_one_summary_tells_of_a_whole_folder_and_never_of_last_night(
    run_cli: Cli,
    start_sandbox: Callable[..., Sandbox],
    make_row: Make,
    write_csv: Write,
    tmp_path: Path,
) -> None:
    run_cli.target(start_sandbox())
    drop, last = tmp_path / "drop", tmp_path / "last.json"
    drop.mkdir()
    for name, first in (("a.csv", 2), ("b.csv", 12)):
        shutil.copy(write_csv([make_row(n) for n in range(first, first + 5)]), drop / name)

    run_cli("run", drop, "--summary", last, env=AT_ONCE)
    told = json.loads(last.read_text())
    assert (told["booked"], told["rows_in"], len(told["runs"])) == (10, 10, 2)

    broken = run_cli("run", drop, "--summary", last, env={"SOLV_IMPORT_BASE_URL": ""})
    told = json.loads(last.read_text())
    assert (broken.code, told["exit_code"], told["booked"]) == (2, 2, 0)
    assert "SOLV_IMPORT_BASE_URL" in told["why"]


def test_a_second_cron_job_on_the_same_folder_goes_at_once_and_disturbs_nothing(
    run_cli: Cli,
    start_sandbox: Callable[..., Sandbox],
    make_row: Make,
    write_csv: Write,
    tmp_path: Path,
) -> None:
    server = start_sandbox()
    run_cli.target(server)
    drop = tmp_path / "drop"
    drop.mkdir()
    shutil.copy(write_csv([make_row(n) for n in range(2, 22)]), drop / "visits.csv")
    first = run_cli.start("run", drop, "--rate", "10/s", env=AT_ONCE)
    while not server.requests():
        time.sleep(0.01)

    second = run_cli("run", drop, "--summary", tmp_path / "second.json")
    assert second.code == 7
    assert "another run holds this ledger: process" in second.err
    assert not (tmp_path / "second.json").exists()

    ended = first.finish(60)
    assert ended.code == 0
    assert ended.summary["booked"] == 20
    assert len(server.requests()) == 20


def test_a_file_that_could_not_be_used_is_not_taken_for_one_that_was_imported(
    run_cli: Cli,
    start_sandbox: Callable[..., Sandbox],
    make_row: Make,
    write_csv: Write,
    tmp_path: Path,
) -> None:
    run_cli.target(start_sandbox())
    drop, done = tmp_path / "drop", tmp_path / "done"
    drop.mkdir()
    shutil.copy(write_csv([make_row(n, phone="555") for n in range(2, 5)]), drop / "bad.csv")
    for _ in range(2):
        ended = run_cli("run", drop, "--move-to", done, env=AT_ONCE)
        assert ended.code == 3
        assert "imported before" not in ended.out
    assert (drop / "bad.csv").exists()


def test_a_file_of_which_some_rows_were_chosen_stays_until_all_are_sent(
    run_cli: Cli,
    start_sandbox: Callable[..., Sandbox],
    make_row: Make,
    write_csv: Write,
    tmp_path: Path,
) -> None:
    server = start_sandbox()
    run_cli.target(server)
    drop, done = tmp_path / "drop", tmp_path / "done"
    drop.mkdir()
    shutil.copy(write_csv([make_row(n) for n in range(2, 8)]), drop / "visits.csv")
    first = run_cli("run", drop, "--move-to", done, "--limit", 2, env=AT_ONCE)
    assert first.counts == {"booked": 2, "left_out": 4}
    assert (drop / "visits.csv").exists()
    rest = run_cli("run", drop, "--move-to", done, env=AT_ONCE)
    assert rest.counts == {"booked": 4, "skipped": 2}
    assert (done / "visits.csv").exists()
    assert len(server.requests()) == 6


def test_a_file_that_is_replaced_during_the_run_is_neither_moved_nor_lost(
    run_cli: Cli,
    start_sandbox: Callable[..., Sandbox],
    make_row: Make,
    write_csv: Write,
    tmp_path: Path,
) -> None:
    server = start_sandbox()
    run_cli.target(server)
    drop, done = tmp_path / "drop", tmp_path / "done"
    drop.mkdir()
    shutil.copy(write_csv([make_row(n) for n in range(2, 22)]), drop / "a.csv")
    shutil.copy(write_csv([make_row(n) for n in range(52, 55)]), drop / "b.csv")
    running = run_cli.start("run", drop, "--move-to", done, "--rate", "10/s", env=AT_ONCE)
    while not server.requests():
        time.sleep(0.01)
    for name, first in (("a.csv", 102), ("b.csv", 152)):
        shutil.move(write_csv([make_row(n) for n in range(first, first + 3)]), drop / name)
    ended = running.finish(60)
    assert ended.code == 5
    assert ended.err.count("is still being written") == 2
    assert sorted(path.name for path in drop.glob("?.csv")) == ["a.csv", "b.csv"]

    again = run_cli("run", drop, "--move-to", done, env=AT_ONCE)
    assert again.code == 0
    assert again.summary["booked"] == 6
    assert len(server.requests()) == 26


def test_two_files_of_one_name_and_minute_have_results_each(
    run_cli: Cli,
    start_sandbox: Callable[..., Sandbox],
    make_row: Make,
    write_csv: Write,
    tmp_path: Path,
) -> None:
    run_cli.target(start_sandbox())
    results = tmp_path / "results"
    results.mkdir()
    written = time.time() - 3_600
    for number, folder in enumerate(("north", "south")):
        (tmp_path / folder).mkdir()
        place = tmp_path / folder / "visits.csv"
        shutil.copy(write_csv([make_row(20 * number + n) for n in range(2, 5)]), place)
        os.utime(place, (written, written))
    ended = run_cli("run", tmp_path / "north", tmp_path / "south", "--results", results)
    assert ended.code == 0, ended.err
    assert ended.summary["booked"] == 6
    assert len(list(results.iterdir())) == 2


def test_a_name_that_is_no_text_is_told_and_the_others_go(
    run_cli: Cli,
    start_sandbox: Callable[..., Sandbox],
    make_row: Make,
    write_csv: Write,
    tmp_path: Path,
) -> None:
    run_cli.target(start_sandbox())
    drop = tmp_path / "drop"
    drop.mkdir()
    source = write_csv([make_row(2)])
    shutil.copy(source, os.fsencode(drop) + b"/Mu\xf1oz.csv")
    shutil.copy(write_csv([make_row(3)]), drop / "visits.csv")
    ended = run_cli("run", drop, env=AT_ONCE)
    assert ended.code == 3
    assert "has a name that is no text: Mu\\udcf1oz.csv" in ended.err
    assert ended.summary["booked"] == 1


def test_a_file_with_unknown_rows_keeps_no_younger_one_waiting(
    run_cli: Cli,
    start_sandbox: Callable[..., Sandbox],
    make_row: Make,
    write_csv: Write,
    tmp_path: Path,
) -> None:
    server = start_sandbox()
    run_cli.target(server)
    drop, done = tmp_path / "drop", tmp_path / "done"
    drop.mkdir()
    shutil.copy(write_csv([make_row(2)]), drop / "a.csv")
    server.fault_rate("503", 1.0)
    assert run_cli("run", drop, "--move-to", done, env=AT_ONCE).code == 6
    server.fault_rate("503", 0)

    shutil.copy(write_csv([make_row(3)]), drop / "b.csv")
    ended = run_cli("run", drop, "--move-to", done, env=AT_ONCE)
    assert ended.code == 6
    assert "a.csv was imported before" in ended.out
    assert [path.name for path in drop.glob("?.csv")] == ["a.csv"]
    assert ended.summary["booked"] == 1
