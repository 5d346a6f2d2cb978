"""Reading from the command line on: passwords, encodings and files without headings."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from importer.cli.shell import shell
from importer.errors import SettingsError
from importer.pipeline.stored_settings import restored, stored
from importer.settings import load_settings
from importer.settings.parsing import encoding
from tests.edges.reading_kit import encrypted, write_csv, write_xlsx

if TYPE_CHECKING:
    from pathlib import Path

HEADINGS = ["first_name", "last_name", "phone", "birth_date", "appointment_date", "location_id"]
ROW = ["Ada", "Ek", "312-555-0101", "1984-02-29", "2030-01-07T09:30:00-06:00", "4021"]
PASSWORD = "swordfish 7"


pytestmark = pytest.mark.usefixtures("own_world")


def checked(*words: str) -> tuple[int, str, str]:
    """Return the exit code of `check`, and what it said on both streams."""
    done = CliRunner().invoke(shell, ["check", *words])
    return done.exit_code, done.stdout, done.stderr


def locked(tmp_path: Path) -> Path:
    """Write a workbook behind the password."""
    path = tmp_path / "locked.xlsx"
    path.write_bytes(encrypted(write_xlsx(tmp_path, [HEADINGS, ROW]), PASSWORD))
    return path


def test_case_86_the_password_comes_from_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = locked(tmp_path)
    code, _, err = checked(str(path))
    assert (code, "IMP010" in err) == (3, True)
    monkeypatch.setenv("SOLV_IMPORT_SOURCE_PASSWORD", PASSWORD)
    code, out, err = checked(str(path))
    assert code == 0
    assert PASSWORD not in out + err
    monkeypatch.setenv("SOLV_IMPORT_SOURCE_PASSWORD", "another")
    code, out, err = checked(str(path))
    assert (code, "IMP017" in err) == (3, True)
    assert "another" not in out + err.replace("another one", "")


@pytest.mark.parametrize(("mode", "code"), [(0o600, 0), (0o644, 2)])
def test_case_86_the_password_comes_from_a_private_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, code: int
) -> None:
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    secret.chmod(mode)
    monkeypatch.setenv("SOLV_IMPORT_SOURCE_PASSWORD_FILE", str(secret))
    found, out, err = checked(str(locked(tmp_path)))
    assert found == code
    assert PASSWORD not in out + err


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_password_keeps_its_white_space_also_when_it_comes_from_a_file(
    tmp_path: Path, end: str
) -> None:
    secret = tmp_path / "password"
    secret.write_bytes(f" two words {end}".encode())
    secret.chmod(0o600)
    environ = {"SOLV_IMPORT_SOURCE_PASSWORD_FILE": str(secret)}
    assert load_settings({}, environ=environ, folder=tmp_path).source_password == " two words "


def test_case_86_a_password_is_never_shown_or_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOLV_IMPORT_SOURCE_PASSWORD", PASSWORD)
    settings = load_settings({}, environ=os.environ, folder=tmp_path)
    assert settings.source_password == PASSWORD
    assert PASSWORD not in repr(settings) + stored(settings)
    assert restored(settings, stored(settings)).source_password == PASSWORD
    for form in ([], ["--json"]):
        shown = CliRunner().invoke(shell, ["config", "show", *form]).output
        assert PASSWORD not in shown
        assert "source_password" in shown


def test_case_86_a_profile_cannot_hold_a_password(tmp_path: Path) -> None:
    profile = tmp_path / "clinic.toml"
    profile.write_text(f'[file]\nsource_password = "{PASSWORD}"\n')
    with pytest.raises(SettingsError) as caught:
        load_settings({"profile": str(profile)}, environ={}, folder=tmp_path)
    assert PASSWORD not in caught.value.message
    assert "SOLV_IMPORT_SOURCE_PASSWORD" in caught.value.todo


def test_case_86_a_readable_env_file_must_not_hold_one(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text(f"SOLV_IMPORT_SOURCE_PASSWORD='{PASSWORD}'\n")
    env.chmod(0o644)
    with pytest.raises(SettingsError, match="password"):
        load_settings({}, environ={}, folder=tmp_path)
    env.chmod(0o600)
    assert load_settings({}, environ={}, folder=tmp_path).source_password == PASSWORD


def test_case_86_somebody_at_a_terminal_is_asked(tmp_path: Path) -> None:
    """A wrong one first; what is typed is not shown."""
    path = locked(tmp_path)
    here, there = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "importer", "check", str(path)],
        stdin=there,
        stdout=there,
        stderr=there,
        start_new_session=True,
    )
    os.close(there)
    said = ""
    for answer in ("wrong", PASSWORD):
        said += _until(here, "Password: ")
        os.write(here, answer.encode() + b"\n")
    said += _until(here, "1 ready")
    assert child.wait(timeout=15) == 0
    os.close(here)
    assert PASSWORD not in said
    assert "does not open" in said


def test_case_86_the_password_is_asked_for_once_although_an_answer_is_needed(
    tmp_path: Path,
) -> None:
    path = locked(tmp_path)
    (tmp_path / "old.toml").write_text('[file]\nheadings = ["first_name", "surname"]\n')
    here, there = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "importer", "check", str(path), "--profile", "./old.toml"],
        stdin=there,
        stdout=there,
        stderr=there,
        start_new_session=True,
    )
    os.close(there)
    said = _until(here, "Password: ")
    os.write(here, PASSWORD.encode() + b"\n")
    said += _until(here, "[y/N]: ")
    os.write(here, b"y\n")
    said += _until(here, "1 ready")
    assert child.wait(timeout=15) == 0
    os.close(here)
    assert said.count("Password: ") == 1


def test_case_86_a_workbook_behind_a_password_is_mapped_and_not_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = locked(tmp_path)
    monkeypatch.setenv("SOLV_IMPORT_SOURCE_PASSWORD", PASSWORD)
    shown = CliRunner().invoke(shell, ["map", str(path), "--show"])
    assert (shown.exit_code, 'first_name = "first_name"' in shown.stdout) == (0, True)
    code, _, err = checked(str(path), "--fix", "copy.xlsx")
    assert code == 2
    assert "of a kind that is only read" in err
    assert not (tmp_path / "copy.xlsx").exists()


def test_case_04_map_keeps_the_encoding_that_it_was_told(tmp_path: Path) -> None:
    text = ",".join(HEADINGS) + "\n" + ",".join(["d’angelo", *ROW[1:]]) + "\n"
    path = write_csv(tmp_path, text.encode("cp1252"))
    shown = CliRunner().invoke(shell, ["map", str(path), "--show", "--encoding", "cp1252"])
    (tmp_path / "clinic.toml").write_text(shown.stdout)
    assert checked(str(path), "--profile", "./clinic.toml")[0] == 0


def _until(terminal: int, words: str) -> str:
    """Return what a terminal shows up to some words."""
    said = ""
    while words not in said:
        assert select.select([terminal], [], [], 15)[0], said
        try:
            said += os.read(terminal, 4096).decode()
        except OSError:  # the other side is gone
            pytest.fail(said)
    return said


def test_case_04_the_encoding_comes_from_a_flag_or_a_profile(tmp_path: Path) -> None:
    text = ",".join(HEADINGS) + "\n" + ",".join(["d’angelo", *ROW[1:]]) + "\n"
    path = write_csv(tmp_path, text.encode("cp1252"))
    assert checked(str(path))[0] == 3
    assert checked(str(path), "--encoding", "windows-1252")[0] == 0
    (tmp_path / "clinic.toml").write_text('[file]\nencoding = "cp1252"\n')
    assert checked(str(path), "--profile", "./clinic.toml")[0] == 0


def test_the_encoding_is_stored_with_a_run(tmp_path: Path) -> None:
    """One that carries on must read the same names."""
    settings = load_settings({"encoding": "latin-1"}, environ={}, folder=tmp_path)
    assert json.loads(stored(settings))["encoding"] == "iso8859-1"
    other = load_settings({}, environ={}, folder=tmp_path)
    assert restored(other, stored(settings)).encoding == "iso8859-1"


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("cp1252", "cp1252"),
        ("Windows-1252", "cp1252"),
        ("latin-1", "iso8859-1"),
        ("UTF-8-SIG", "utf-8"),
        ("ascii", "utf-8"),
        ("utf_16_le", "utf-16-le"),
    ],
)
def test_an_encoding_has_one_name(word: str, name: str) -> None:
    assert encoding(word) == name


@pytest.mark.parametrize(
    "word",
    [
        *("", "nonsense", "base64", "rot13", "utf-7", "utf_7", "idna", "punycode", "zlib"),
        *("unicode_escape", "unicode-escape", "raw_unicode_escape", "raw-unicode-escape"),
    ],
)
def test_what_is_no_encoding_of_files_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=r"name such as|is written|is empty"):
        encoding(word)


def test_case_33_columns_are_mapped_by_their_letters(tmp_path: Path) -> None:
    path = write_csv(tmp_path, (",".join(ROW) + "\n") * 1)
    lines = [f'{letter} = "{field}"' for letter, field in zip("ABCDEF", HEADINGS, strict=True)]
    profile = tmp_path / "clinic.toml"
    profile.write_text("[file]\nheader_row = 0\n[columns]\n" + "\n".join(lines) + "\n")
    code, out, _ = checked(str(path), "--profile", str(profile), "--json")
    assert (code, json.loads(out)["rows_in"], json.loads(out)["ready"]) == (0, 1, 1)


def test_case_34_a_row_that_is_no_patient_has_one_problem(tmp_path: Path) -> None:
    text = ",".join(HEADINGS) + "\n" + ",".join(ROW) + "\nTotal: 1,,,,,\n"
    code, out, _ = checked(str(write_csv(tmp_path, text)), "--format", "concise")
    assert code == 1
    assert out.count("IMP") == 1
    assert "IMP041" in out
