"""The targets of `make fuzz` without a fuzzer: they never rot, and they find what is planted."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections import deque
from typing import TYPE_CHECKING

import pytest

from tests.fuzz import __main__ as runner
from tests.fuzz.mutating import mutations
from tests.fuzz.target import scratch
from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_INPUTS = {"csv": 300, "xlsx": 200, "ods": 150, "xls": 150, "xlsb": 150, "profiles": 300}
"""How many are tried beside the seeds; the quick ones take 1,000."""


@pytest.fixture(autouse=True)
def own_scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep the files of a target in the folder of the test."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    scratch.cache_clear()
    yield
    scratch.cache_clear()


@pytest.mark.parametrize("name", TARGETS)
def test_no_promise_is_broken_over_the_seeds_and_what_lies_beside_them(name: str) -> None:
    target = TARGETS[name]
    for content in (*target.seeds(), *mutations(target, _INPUTS.get(name, 1_000), seed=1)):
        target.judge(content)


@pytest.mark.parametrize("name", TARGETS)
def test_a_planted_bug_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target = TARGETS[name]
    target.plant(monkeypatch.setattr)
    inputs = (*target.seeds(), *mutations(target, 500, seed=2))
    with pytest.raises(AssertionError):
        deque(map(target.judge, inputs), maxlen=0)


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_mutations_come_the_same_again(name: str) -> None:
    target = TARGETS[name]
    if name not in {"xlsx", "ods", "xls"}:  # their writers note the time of day
        assert list(target.seeds()) == list(target.seeds())
        assert list(mutations(target, 20, seed=3)) == list(mutations(target, 20, seed=3))
    assert len(set(mutations(target, 50, seed=3))) > 25


def test_a_finding_can_be_repeated_without_a_fuzzer(tmp_path: Path) -> None:
    found = tmp_path / "crash"
    found.write_bytes(b"\x00a,b\n1,2\n")
    command = [sys.executable, "-m", "tests.fuzz", "csv", "--replay", str(found)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, f"csv: nothing is wrong with {found}\n")


def test_words_of_a_mutation_are_written_as_libfuzzer_reads_them() -> None:
    for target in TARGETS.values():
        for word in target.words:
            assert re.fullmatch(r"(?:\\x[0-9a-f]{2})+", runner._escaped(word))  # noqa: SLF001 - its format


def test_where_atheris_is_missing_the_command_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr("sys.stdout", out)
    assert runner.main(["answers"]) == 2
    assert "make fuzz" in out.getvalue()
