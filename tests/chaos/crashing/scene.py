"""The places of one import, put back as they were as often as another crash is tried."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import certifi

from importer.settings import load_settings
from tests.chaos.crashing.life import Life
from tests.chaos.crashing.sources import SOURCES

if TYPE_CHECKING:
    from pathlib import Path

    from importer.settings import Settings
    from tests.chaos.crashing.hooks import Hook
    from tests.chaos.crashing.server_apart import ServerApart
    from tests.chaos.crashing.sources import Source

_END_OF_FIRST = "-----END CERTIFICATE-----\n"


@dataclass(frozen=True, slots=True)
class Picture:
    """How a scene looked at one moment: a copy of its files, and what its server had logged."""

    files: Path
    log: bytes


@dataclass(slots=True, kw_only=True)
class Scene:
    """One file, its state folder and its server; the same places again and again."""

    kind: str
    folder: Path
    """The scene's files, and nothing else."""
    log: Path
    """The part of the server's log that belongs to it, with the key beside it."""
    server: ServerApart
    words_to: Path
    bug: str | None = None
    _earlier_log: bytes = field(default=b"", init=False)

    @property
    def source(self) -> Source:
        """Return the file that is imported."""
        return SOURCES[self.kind]

    def begin(self) -> None:
        """Put up the scene as it is before the first life."""
        self._clear()
        self.folder.mkdir()
        self.source.write(self.folder)
        before = self.source.before
        if before is not None:
            code = self._life(before, workers=1).live()
            assert code == 0, self.words()

    def warm_up(self) -> int:
        """Import the file in this very process; return what it would exit with."""
        return self._life(self.source, workers=4).run_here()

    def taken(self, files: Path) -> Picture:
        """Take a picture of the scene."""
        shutil.rmtree(files, ignore_errors=True)
        shutil.copytree(self.folder, files)
        return Picture(files, self._logged())

    def put_back(self, picture: Picture) -> None:
        """Make the scene what it was when the picture was taken."""
        self._clear()
        shutil.copytree(picture.files, self.folder)
        self._earlier_log = picture.log

    def live(
        self, workers: int, *, deadly: Hook | None = None, passed_to: Path | None = None
    ) -> int:
        """Let one process import the file; return how it ended."""
        return self._life(self.source, workers, deadly=deadly, passed_to=passed_to).live()

    def settings(self, workers: int, source: Source | None = None) -> Settings:
        """Return the settings of the command, the same in every life."""
        named = source or self.source
        environ = self.server.process.environ | {
            "SOLV_IMPORT_STATE_DIR": str(self.folder / "state"),
            "SOLV_IMPORT_GUARD_DAYS_AHEAD": "off",  # visits that never pass
            "SOLV_IMPORT_CONFIG_DIR": str(self.folder / "config"),
        }
        flags = {
            "rate": "none",
            "in_flight": workers,
            "only_valid": True,
            "results": str(self.folder / named.results),
        }
        return load_settings(flags, environ=environ, folder=self.folder)

    def write_log(self) -> Path:
        """Write what the server has logged of this scene to where it is judged."""
        self.log.write_bytes(self._logged())
        return self.log

    def words(self) -> str:
        """Return what the last life said about its end."""
        return self.words_to.read_text() if self.words_to.exists() else ""

    def _life(
        self,
        source: Source,
        workers: int,
        *,
        deadly: Hook | None = None,
        passed_to: Path | None = None,
    ) -> Life:
        self.words_to.unlink(missing_ok=True)
        return Life(
            source=self.folder / source.name,
            settings=self.settings(workers, source),
            deadly=deadly,
            passed_to=passed_to,
            words_to=self.words_to,
            bug=self.bug,
        )

    def _clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.server.begin_scene()
        self._earlier_log = b""

    def _logged(self) -> bytes:
        return self._earlier_log + self.server.lines_of_scene()


def trust_one_authority(folder: Path) -> None:
    """Let this machine trust a single authority: to load them all takes a third of a life."""
    bundle = certifi.contents()
    end = bundle.index(_END_OF_FIRST) + len(_END_OF_FIRST)
    short = folder / "authority.pem"
    short.write_text(bundle[:end], encoding="utf-8")
    certifi.where = lambda: str(short)
