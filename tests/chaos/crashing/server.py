"""The fork server: everything is imported once, then each life is a fork without threads.

Scenes are asked for by JSON Lines on standard input, and told by the same on standard output.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import threading
import traceback
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from tests.acceptance.server_kit import sandbox_process
from tests.chaos.crashing.hooks import Hook
from tests.chaos.crashing.life import KILLED
from tests.chaos.crashing.scene import Picture, Scene, trust_one_authority
from tests.chaos.crashing.server_apart import ServerApart
from tests.chaos.crashing.sources import SOURCES
from tests.chaos.crashing.verdict import broken
from tests.chaos.memory_disk import folder_in_memory
from tests.chaos.planted import load_bugs

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Stage:
    """Where scenes are played, one at a time."""

    folder: Path
    server: ServerApart
    _pictures: dict[tuple[str, ...], Picture] = field(default_factory=dict, init=False)
    """How scenes begin, and how the one that was crashed last looked right after."""

    def warm_up(self) -> None:
        """Import every kind of file once in this very process, so that forks find all loaded."""
        for kind in SOURCES:
            scene = self._scene(kind, None)
            scene.begin()
            code = scene.warm_up()
            assert not broken(scene, 4, [code])

    def play(self, job: dict[str, Any]) -> dict[str, Any]:
        """Play one scene: crashes at the hooks that are named, then a last life, and judge it.

        With `records`, the answer also lists the hooks that the last life passed.
        """
        scene = self._scene(job["kind"], job["bug"])
        workers = job["workers"]
        hooks = [Hook.parse(text) for text in job["hooks"]]
        if job["bug"]:
            load_bugs()  # here, so that not every life has to
        ends = self._crashed(scene, workers, hooks)
        passed_to = self.folder / "passed.json"
        passed_to.write_text("[]")
        ends.append(scene.live(workers, passed_to=passed_to if job["records"] else None))
        violations = broken(scene, workers, ends)
        return {
            "violations": [[found.invariant, found.what] for found in violations],
            "ends": ends,
            "passed": json.loads(passed_to.read_text()),
        }

    def _crashed(self, scene: Scene, workers: int, hooks: list[Hook]) -> list[int]:
        """Set the scene and let lives end at these hooks; return how they did.

        Of two crashes, the first is played once, and its picture used for every second one.
        """
        if len(hooks) <= 1:
            scene.put_back(self._begun(scene))
            return [scene.live(workers, deadly=hook) for hook in hooks]
        first, *others = hooks
        key = (scene.kind, scene.bug or "", str(workers), str(first))
        picture = self._pictures.get(key)
        if picture is None:
            scene.put_back(self._begun(scene))
            if scene.live(workers, deadly=first) != KILLED:
                return []
            self._pictures = {k: p for k, p in self._pictures.items() if len(k) == 1}
            picture = self._pictures[key] = scene.taken(self.folder / "crashed")
        scene.put_back(picture)
        return [KILLED, *(scene.live(workers, deadly=hook) for hook in others)]

    def _begun(self, scene: Scene) -> Picture:
        picture = self._pictures.get((scene.kind,))
        if picture is None:
            bug, scene.bug = scene.bug, None
            scene.begin()
            scene.bug = bug
            picture = self._pictures[scene.kind,] = scene.taken(self.folder / scene.kind)
        return picture

    def _scene(self, kind: str, bug: str | None) -> Scene:
        return Scene(
            kind=kind,
            folder=self.folder / "scene",
            log=self.folder / "scene.jsonl",
            server=self.server,
            words_to=self.folder / "words",
            bug=bug,
        )


@contextmanager
def _stage() -> Iterator[Stage]:
    with (
        folder_in_memory("crashing-") as root,
        sandbox_process(root / "requests.jsonl") as sandbox,
    ):
        trust_one_authority(root)
        server = ServerApart(sandbox)
        server.share_key(root / "scene.jsonl")
        stage = Stage(root, server)
        stage.warm_up()
        yield stage


def main() -> None:
    """Serve jobs until standard input ends."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with _stage() as stage:
        gc.collect()
        gc.freeze()  # a collection in a child would copy every page
        assert _threads() == 1, "a fork would copy locks that other threads hold"
        for line in sys.stdin:
            _answer(stage, json.loads(line), answers)


def _threads() -> int:
    """Return how many threads this process has, those of libraries included."""
    told = Path("/proc/self/task")
    return len(list(told.iterdir())) if told.is_dir() else threading.active_count()


def _answer(stage: Stage, job: dict[str, Any], answers: TextIO) -> None:
    try:
        answer = stage.play(job)
    except Exception:  # noqa: BLE001 - told to whoever asked
        answer = {"error": traceback.format_exc()}
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
