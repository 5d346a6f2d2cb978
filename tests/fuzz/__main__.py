"""`make fuzz`: every target for a while, from seeds made by code; says how to repeat a finding."""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fuzz.target import Target

FOLDER = Path(".fuzz")
"""What was found, and inputs that reached something new; they are tried first the next time."""
_LONGEST_INPUT_S = 20
_MOST_MB = 1_024
_LONGEST_INPUT = 60_000
_GRACE_S = 120


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz the targets that are named, or all; return 1 when something was found."""
    asked = _parsed(arguments)
    if asked.replay is not None:
        return _replay(TARGETS[asked.targets[0]], asked)
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed: `make fuzz` does that")
        return 2
    names = asked.targets or list(TARGETS)
    with ThreadPoolExecutor(max_workers=asked.jobs) as pool:
        found = list(pool.map(lambda name: _fuzz(TARGETS[name], asked), names))
    return int(any(found))


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], metavar="TARGET")
    parser.add_argument("--seconds", type=int, default=int(os.environ.get("FUZZ_S") or 60))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--replay", type=Path, metavar="FILE", help="judge one input again")
    parser.add_argument("--planted", action="store_true", help="look for a bug put in on purpose")
    asked = parser.parse_args(arguments)
    if asked.replay is not None and len(asked.targets) != 1:
        parser.error("--replay takes one target")
    return asked


def _replay(target: Target, asked: argparse.Namespace) -> int:
    """Judge one input without a fuzzer; what is wrong comes as a traceback."""
    if asked.planted:
        target.plant(setattr)
    target.judge(asked.replay.read_bytes())
    print(f"{target.name}: nothing is wrong with {asked.replay}")
    return 0


def _fuzz(target: Target, asked: argparse.Namespace) -> bool:
    """Fuzz one target and say how it went; return whether something was found."""
    findings = FOLDER / ("planted" if asked.planted else "found") / target.name
    corpus = FOLDER / "corpus" / target.name
    findings.mkdir(parents=True, exist_ok=True)
    before = set(findings.iterdir())
    _write_seeds(target, corpus)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        words = Path(scratch) / "words"
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words))
        environ = os.environ | {"TMPDIR": scratch} | ({"PLANTED": "1"} if asked.planted else {})
        log = findings / "log.txt"
        with log.open("wb") as out:
            ended = subprocess.run(
                [
                    *(sys.executable, "-m", "tests.fuzz.fuzzing", target.name),
                    *(f"-max_total_time={asked.seconds}", f"-timeout={_LONGEST_INPUT_S}"),
                    *(f"-rss_limit_mb={_MOST_MB}", f"-max_len={_LONGEST_INPUT}"),
                    *(f"-dict={words}", f"-artifact_prefix={findings}/", "-print_final_stats=1"),
                    str(corpus),
                ],
                env=environ,
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=asked.seconds + _GRACE_S,
                check=False,
            )
    made = sorted(set(findings.iterdir()) - before - {log})
    name = f"{target.name} --planted" if asked.planted else target.name
    print(_told(name, ended.returncode, made, log), flush=True)
    return bool(ended.returncode or made)


def _told(name: str, code: int, made: Sequence[Path], log: Path) -> str:
    """Return what to say of one target: a line, or where a finding is and how to repeat it."""
    text = log.read_text(errors="replace")
    tried = next(
        (line.split()[-1] for line in text.splitlines() if "number_of_executed_units" in line), "?"
    )
    if not code and not made:
        return f"{name}: nothing found in {tried} inputs"
    lines = [f"{name}: FOUND (exit {code}, {log})"]
    for path in made:
        lines.append(f"  {path}")
        lines.append(f"  repeat it: {sys.executable} -m tests.fuzz {name} --replay {path}")
    return "\n".join(lines)


def _write_seeds(target: Target, corpus: Path) -> None:
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds():
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    sys.exit(main())
