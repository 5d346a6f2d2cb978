"""`doctor` on set-ups that are broken for real: it names what is broken, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from jsonschema import Draft202012Validator

from importer.cli.checkup.machine import network_disk
from tests.acceptance.skewed_server import skewed_server
from tests.chaos.tracing.small_disk import needs_mounts, small_disk

if TYPE_CHECKING:
    from importer.sandbox import Sandbox
    from tests.acceptance.cli_kit import Cli, Running

pytestmark = pytest.mark.timeout(90)

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "doctor.schema.json").read_text("utf-8"))
PASSWORD = "canary-password"


@dataclass(slots=True, kw_only=True)
class Scene:
    """A set-up in which all is well, for a test to break."""

    cli: Cli
    sandbox: Callable[..., Sandbox]
    server: Sandbox
    source: Path
    closing: ExitStack

    @property
    def ledger(self) -> Path:
        """Return the folder of a ledger that one run has used."""
        ended = self.cli("run", self.source)
        assert ended.code == 0, ended.err
        (folder,) = self.cli.state_dir.glob("127.0.0.1-*")
        return folder

    def profile(self, text: str) -> Path:
        """Return a profile of the clinic."""
        path = self.cli.folder / "northside.toml"
        path.write_text(text)
        return path


@pytest.fixture
def scene(
    run_cli: Cli,
    start_sandbox: Callable[..., Sandbox],
    make_row: Callable[..., Any],
    write_csv: Callable[..., Path],
) -> Iterator[Scene]:
    server = start_sandbox()
    run_cli.target(server)
    run_cli.state_dir.chmod(0o700)
    source = write_csv(make_row(n) for n in range(2, 5))
    with ExitStack() as closing:
        yield Scene(
            cli=run_cli, sandbox=start_sandbox, server=server, source=source, closing=closing
        )


Break: TypeAlias = Callable[[Scene], list[object]]
CASES: list[Any] = []


def broken(what: str, health: str, code: int, *says: str) -> Callable[[Break], Break]:
    """Return a decorator that lists a way to break a set-up, and what must be said of it."""

    def listed(way: Break) -> Break:
        CASES.append(pytest.param(way, what, health, code, says, id=way.__name__))
        return way

    return listed


def _kill(running: Running) -> None:
    running.process.kill()
    running.process.communicate()


# The server and who we are there


@broken("sign-in", "wrong", 4, "refused the sign-in", "Renew SOLV_IMPORT_CLIENT_ID")
def a_wrong_secret(scene: Scene) -> list[object]:
    scene.cli.environ["SOLV_IMPORT_CLIENT_SECRET"] = PASSWORD
    return []


@broken("sign-in", "wrong", 4, "Ask Solv to grant the scope write:bookings")
def a_scope_that_is_missing(scene: Scene) -> list[object]:
    scene.cli.target(scene.sandbox(granted_scopes=("read:bookings",)))
    return []


@broken("clock", "wrong", 2, "s apart from the server's", "Set this machine's clock")
def a_clock_that_is_ten_minutes_off(scene: Scene) -> list[object]:
    address = scene.closing.enter_context(skewed_server(ahead_s=600))
    scene.cli.environ["SOLV_IMPORT_BASE_URL"] = address
    return []


@broken("clock", "warning", 0, "s apart from the server's", "Set this machine's clock")
def a_clock_that_is_three_minutes_off(scene: Scene) -> list[object]:
    address = scene.closing.enter_context(skewed_server(ahead_s=-180))
    scene.cli.environ["SOLV_IMPORT_BASE_URL"] = address
    return []


# The settings


@broken("settings", "warning", 0, "SOLV_IMPORT_RAET", "Correct its spelling")
def a_variable_that_nobody_reads(scene: Scene) -> list[object]:
    scene.cli.environ["SOLV_IMPORT_RAET"] = "1/s"
    return []


@broken("settings", "wrong", 2, "no profile called northsied", "Did you mean northside?")
def a_profile_that_is_missing(scene: Scene) -> list[object]:
    profiles = scene.cli.folder / "home" / ".config" / "solv-import" / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "northside.toml").write_text("")
    return ["--profile", "northsied"]


@broken("settings", "wrong", 2, "profile northside is not TOML", "line 1")
def a_profile_that_is_no_toml(scene: Scene) -> list[object]:
    return ["--profile", scene.profile("[columns\n")]


@broken("settings", "wrong", 2, "others may read it", "chmod 600")
def a_secret_file_that_others_may_read(scene: Scene) -> list[object]:
    secret = scene.cli.folder / "secret"
    secret.write_text(scene.cli.environ.pop("SOLV_IMPORT_CLIENT_SECRET"))
    secret.chmod(0o644)
    scene.cli.environ["SOLV_IMPORT_CLIENT_SECRET_FILE"] = str(secret)
    return []


@broken("profile", "wrong", 3, "guard server: this profile books at https://solv.example.com")
def a_profile_of_another_server(scene: Scene) -> list[object]:
    return ["--profile", scene.profile('[guards]\nbase_url = "https://solv.example.com"\n')]


@broken("profile", "warning", 0, "may be changed by others", "chmod go-w")
def a_profile_that_others_may_change(scene: Scene) -> list[object]:
    path = scene.profile("[values]\npad_zip = true\n")
    path.chmod(0o666)
    return ["--profile", path]


@broken("source", "wrong", 2, "is no folder, and files come from one", "Make the folder")
def results_of_a_folder_that_are_no_folder(scene: Scene) -> list[object]:
    return [scene.source.parent, "--results", scene.cli.folder / "nowhere"]


@broken("ledger", "wrong", 8, "audit.jsonl", "put")
def an_audit_file_that_is_gone(scene: Scene) -> list[object]:
    assert scene.cli("run", scene.source).code == 0
    next(scene.cli.state_dir.glob("*/audit.jsonl")).unlink()
    return []


@broken("messages", "wrong", 2, "target 2 of 2 of the messages", "appriseit.com")
def a_message_that_can_go_nowhere(scene: Scene) -> list[object]:
    targets = f"mailto://ops:{PASSWORD}@example.com carrierpigeon://{PASSWORD}"
    scene.cli.environ["SOLV_IMPORT_MESSAGE_TARGETS"] = targets
    return []


@broken("settings", "wrong", 2, "targets holds a target that may be secret", "of mode 0600")
def a_profile_with_a_password_in_a_target(scene: Scene) -> list[object]:
    text = f'[messages]\ntargets = ["mailto://ops:{PASSWORD}@example.com"]\n'
    return ["--profile", scene.profile(text)]


@broken("messages", "warning", 0, "holds heartbeat_url, and others may read it", "chmod go=")
def a_profile_with_a_heartbeat_that_others_may_read(scene: Scene) -> list[object]:
    text = f'[messages]\nheartbeat_url = "https://example.com/{PASSWORD}"\n'
    path = scene.profile(text)
    path.chmod(0o644)
    return ["--profile", path]


@broken("packages", "wrong", 2, "schemas from", "virtual environment of its own")
def another_package_of_our_name(scene: Scene) -> list[object]:
    package = scene.cli.folder / "elsewhere" / "schemas"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('not ours')\n")
    path = f"{package.parent}{os.pathsep}{scene.cli.environ['PYTHONPATH']}"
    scene.cli.environ["PYTHONPATH"] = path
    return []


# The ledger and its folder


@broken("ledger", "wrong", 8, "ledger.db", "docs/operations/backup.md tells how")
def a_ledger_that_was_cut(scene: Scene) -> list[object]:
    database = scene.ledger / "ledger.db"
    os.truncate(database, database.stat().st_size // 2)
    return []


@broken("ledger", "wrong", 8, "the fingerprint key", "is missing", "docs/operations/backup.md")
def a_key_that_is_gone(scene: Scene) -> list[object]:
    (scene.ledger / "ledger.key").unlink()
    return []


@broken("ledger", "wrong", 8, "ledger.opening.json is missing", "docs/operations/backup.md")
def a_sidecar_that_is_gone(scene: Scene) -> list[object]:
    (scene.ledger / "ledger.opening.json").unlink()
    return []


@broken("ledger", "wrong", 8, "ledger.db is missing", "docs/operations/backup.md")
def a_ledger_that_is_gone(scene: Scene) -> list[object]:
    (scene.ledger / "ledger.db").unlink()
    return []


@broken("ledger", "wrong", 8, "older or newer than its record", "docs/operations/backup.md")
def a_ledger_that_was_put_back(scene: Scene) -> list[object]:
    folder = scene.ledger
    kept = shutil.copy(folder / "ledger.db", scene.cli.folder / "older.db")
    scene.cli("status")
    scene.cli("run", scene.source)
    shutil.copy(kept, folder / "ledger.db")
    return []


@broken("state", "warning", 0, "may be read by others", "chmod -R go= ")
def a_state_folder_that_is_open_to_others(scene: Scene) -> list[object]:
    scene.cli.state_dir.chmod(0o755)
    return []


@broken("state", "wrong", 2, "Not a directory", "name another place")
def a_state_folder_that_is_a_file(scene: Scene) -> list[object]:
    place = scene.cli.folder / "taken"
    place.write_text("")
    scene.cli.environ["SOLV_IMPORT_STATE_DIR"] = str(place)
    return []


@broken("disk", "wrong", 2, "0 MB free; 1 file will need about", "Make room there")
def a_disk_that_is_small(scene: Scene) -> list[object]:
    needs_mounts()
    disk = scene.closing.enter_context(small_disk(scene.cli.folder / "disk", 512))
    scene.cli.environ["SOLV_IMPORT_STATE_DIR"] = str(disk.path)
    return [scene.source]


@broken("lock", "warning", 7, "another run holds this ledger: process ", "wait until it has ended")
def a_ledger_that_another_run_holds(scene: Scene) -> list[object]:
    slow = scene.sandbox(latency_s=5)
    scene.cli.target(slow)
    running = scene.cli.start("run", scene.source)
    scene.closing.callback(_kill, running)
    while not slow.requests():
        assert running.process.poll() is None
    return []


@broken("last run", "warning", 0, "it was cut off before its end", "solv-import resume 20")
def a_run_that_lost_its_power(scene: Scene) -> list[object]:
    slow = scene.sandbox(latency_s=5)
    scene.cli.target(slow)
    running = scene.cli.start("run", scene.source)
    while not slow.requests():
        assert running.process.poll() is None
    _kill(running)
    scene.cli.environ["SOLV_IMPORT_BASE_URL"] = scene.server.base_url
    return []


# Where files come from and go to


@broken("source", "wrong", 3, "No such file or directory", "correct its name")
def an_inbox_that_is_not_there(scene: Scene) -> list[object]:
    return [scene.cli.folder / "drop"]


@broken("move-to", "wrong", 2, "cannot be written", "Let this user write to it.")
def a_place_for_done_files_that_is_a_file(scene: Scene) -> list[object]:
    return [scene.source.parent, "--move-to", scene.source]


@broken("source", "wrong", 2, "there is no such folder", "Make the folder")
def results_without_a_folder(scene: Scene) -> list[object]:
    return [scene.source, "--results", scene.cli.folder / "none" / "results.xlsx"]


@broken("records", "warning", 0, "no textfile collector reads it", "solv-import.prom")
def metrics_of_a_wrong_name(scene: Scene) -> list[object]:
    return ["--metrics", scene.cli.folder / "metrics.txt"]


@pytest.mark.parametrize(("way", "what", "health", "code", "says"), CASES)
def test_doctor_names_what_is_broken(
    scene: Scene, way: Break, what: str, health: str, code: int, says: tuple[str, ...]
) -> None:
    arguments = way(scene)

    ended = scene.cli("doctor", "--json", *arguments)

    told = json.loads(ended.out)
    Draft202012Validator(SCHEMA).validate(told)
    unwell = [one for one in told["findings"] if one["health"] != "ok"]
    assert [(one["what"], one["health"]) for one in unwell] == [(what, health)], unwell
    (found,) = unwell
    assert all(words in f"{found['detail']} {found['todo']}" for words in says), found
    assert (ended.code, told["exit_code"]) == (code, code)
    assert not ended.err
    assert PASSWORD not in ended.out


def test_everything_that_is_missing_is_named_at_once(scene: Scene) -> None:
    for name in ("BASE_URL", "CLIENT_ID", "CLIENT_SECRET"):
        del scene.cli.environ[f"SOLV_IMPORT_{name}"]
    ended = scene.cli("doctor")
    assert ended.code == 2
    for name in ("BASE_URL", "CLIENT_ID", "CLIENT_SECRET_FILE"):
        assert f"SOLV_IMPORT_{name} is not set" in ended.out
    assert "3 findings to look at." in ended.out


def test_all_is_well_before_and_after_a_run_and_nothing_is_booked_or_changed(scene: Scene) -> None:
    first = scene.cli("doctor", scene.source)
    assert (first.code, first.err) == (0, "")
    assert first.out.endswith("All is well.\n")
    folder = scene.ledger
    kept = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    asked = len(scene.server.requests())

    again = scene.cli("doctor", scene.source.parent, "--results", scene.cli.folder)

    assert again.code == 0, again.out
    assert "sound, 1 run, closed" in again.out
    assert "exit code 0" in again.out
    assert len(scene.server.requests()) == asked == 3
    assert {path: path.read_bytes() for path in kept} == kept


def test_a_run_after_doctor_has_looked_at_a_crash_carries_on(scene: Scene) -> None:
    a_run_that_lost_its_power(scene)
    assert scene.cli("doctor").code == 0
    carried_on = scene.cli("run", scene.source)
    assert carried_on.code == 6  # the row that was under way
    after = scene.cli("doctor")
    assert after.code == 0
    assert "may or may not be booked" in after.out
    assert "solv-import reconcile 20" in after.out


def test_quiet_says_only_what_is_wrong(scene: Scene) -> None:
    assert scene.cli("doctor", "--quiet").out == ""
    scene.cli.environ["SOLV_IMPORT_RAET"] = "1/s"
    lines = scene.cli("doctor", "--quiet").out.splitlines()
    assert [line.split()[0] for line in lines] == ["warning", "Correct"]


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs"])
def test_a_state_folder_on_a_network_disk_is_wrong(tmp_path: Path, kind: str) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/root / ext4 rw 0 0\nserver:/share {tmp_path} {kind} rw 0 0\n")
    (found,) = network_disk(tmp_path / "state", mounts)
    assert (found.what, found.exit_code) == ("state", 8)
    assert f"on a network disk ({kind})" in found.detail
    assert "SOLV_IMPORT_STATE_DIR" in found.todo
