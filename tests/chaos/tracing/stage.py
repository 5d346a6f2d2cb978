"""Sets a stage: a sandbox, and a server of command lines that is warm."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from importer.sandbox import SandboxConfig, running_sandbox
from tests.chaos.tracing.command_lines import ForkServer
from tests.chaos.tracing.scene import Ground, Scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def stage(
    folder: Path, make_row: Callable[..., dict[str, str]]
) -> Iterator[tuple[ForkServer, Ground]]:
    """Lend a server of command lines, and the ground on which they run.

    Args:
        folder: Where everything goes.
        make_row: The maker of rows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "requests.jsonl"
    with running_sandbox(SandboxConfig(log_path=log)) as sandbox:
        ground = Ground(folder=folder, sandbox=sandbox, request_log=log, make_row=make_row)
        with ForkServer(Scene(ground=ground, kind="warm-up").order) as server:
            yield server, ground
