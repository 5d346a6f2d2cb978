"""LibreOffice, as an analyst's spreadsheet program: it opens files and saves them again."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.chaos.needs import need

if TYPE_CHECKING:
    from pathlib import Path

_FROM_CSV = "--infilter=CSV:44,34,76,1,,0,true"
"""Comma, quotation mark, UTF-8, from line 1 on, what is quoted is text."""
_TO_CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true"
"""The same on the way out; text is quoted."""
_TIMEOUT_S = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """LibreOffice with a profile of its own, so that two of them do not meet."""

    folder: Path

    def save(self, *paths: Path, kind: str = "xlsx") -> list[Path]:
        """Open files and save each as another kind; return where, in the same order.

        They may be workbooks, or CSV, but not both: one start is told how text is to be read.
        """
        out = self.folder / f"saved-{len(list(self.folder.iterdir()))}"
        words = ["soffice", f"-env:UserInstallation=file://{self.folder}/profile"]
        words += ["--headless", "--norestore"]
        words += [_FROM_CSV] if paths[0].suffix == ".csv" else []
        words += ["--convert-to", _TO_CSV if kind == "csv" else kind]
        words += ["--outdir", str(out), *map(str, paths)]
        home = {"HOME": str(self.folder), "PATH": os.environ["PATH"], "SAL_USE_VCLPLUGIN": "svp"}
        ended = subprocess.run(
            words, env=home, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
        written = [out / path.with_suffix(f".{kind}").name for path in paths]
        assert all(path.exists() for path in written), ended.stdout + ended.stderr
        return written


def needs_office() -> None:
    """Skip the test, or fail it where it must run, if LibreOffice is not there."""
    install = "apt-get install --no-install-recommends libreoffice-calc-nogui"
    need("" if shutil.which("soffice") else f"soffice is not on the PATH: {install}")
