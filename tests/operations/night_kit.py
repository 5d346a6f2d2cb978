"""A clinic's machine as the pages of docs/operations/ describe it, under one folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tests.acceptance.cli_kit import FOR_COVERAGE
from tests.rows import invented_row, write_rows

if TYPE_CHECKING:
    from importer.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "operations"
INSTALLED = "/opt/solv-import/.venv/bin"
_PROFILE = '[guards]\ndays_ahead = "off"\nbase_url = "{base_url}"\n'


@dataclass(frozen=True, slots=True)
class Machine:
    """What stands on it is under `top`: the installed command, a home, the places of the pages."""

    top: Path

    def install(self, server: Sandbox) -> None:
        """Do what docs/nightly.md says: the command, settings, secret, profile and folders."""
        for name in (
            "bin",
            "drop/done",
            "srv/import",
            "backup",
            "home/.config/solv-import/profiles",
        ):
            (self.top / name).mkdir(parents=True)
        wrapper = self.top / "bin" / "solv-import"
        wrapper.write_text(
            f"#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} SOLV_IMPORT_SETTLE_S=0 "
            f'exec {shlex.quote(sys.executable)} -m importer "$@"\n'
        )
        wrapper.chmod(0o755)
        folder = self.home / ".config" / "solv-import"
        (folder / "config.toml").write_text(
            f'[run]\nbase_url = "{server.base_url}"\nclient_id = "{server.config.client_id}"\n'
            'client_secret_file = "~/.config/solv-import/secret"\nrate = "none"\n'
        )
        secret = folder / "secret"
        secret.touch(mode=0o600)
        secret.write_text(server.config.client_secret + "\n")
        profile = folder / "profiles" / "northside.toml"
        profile.write_text(_PROFILE.format(base_url=server.base_url))

    @property
    def home(self) -> Path:
        """Return the home of the user whose crontab it is."""
        return self.top / "home"

    @property
    def drop(self) -> Path:
        """Return the folder that the clinic drops files into."""
        return self.top / "drop"

    def dropped(self, name: str, *numbers: int) -> Path:
        """Drop a file with these patients."""
        return write_rows(self.drop / name, (invented_row(number) for number in numbers))

    def here(self, line: str) -> str:
        """Return a line of a page with the places of this machine, and a deadline to come."""
        later = f"{datetime.now().astimezone() + timedelta(hours=6):%H:%M}"
        places = {
            INSTALLED: self.top / "bin",
            "/srv/import": self.top / "srv" / "import",
            "/backup": self.top / "backup",
            "/drop": self.drop,
        }
        for place, own in places.items():
            line = re.sub(rf"(?<![\w./-]){place}\b", str(own), line)
        return line.replace("--deadline 05:30", f"--deadline {later}")

    def type(self, line: str, *, path: str = "") -> subprocess.CompletedProcess[str]:
        """Run a line as cron does: by sh, with next to no environment."""
        environ = {"HOME": str(self.home), "LOGNAME": "clinic", "SHELL": "/bin/sh"}
        environ["PATH"] = path or "/usr/bin:/bin"
        environ |= {k: v for k, v in os.environ.items() if k.startswith(FOR_COVERAGE)}
        ended = subprocess.run(
            ["/bin/sh", "-c", self.here(line)],
            env=environ,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in ended.stdout + ended.stderr, ended.stderr
        return ended


def crontab_line() -> str:
    """Return the one line of the crontab that is no comment."""
    lines = (PAGES / "crontab").read_text("utf-8").splitlines()
    (line,) = (line for line in lines if line and not line.startswith("#"))
    return line


def arguments_of(command: str) -> list[str]:
    """Return what follows `solv-import` in a command line, up to where its output goes."""
    words = shlex.split(command.partition(">>")[0])
    (at,) = (n for n, word in enumerate(words) if word.endswith("/solv-import"))
    return words[at + 1 :]
