"""The command `check`, run within this process."""

from __future__ import annotations

from click.testing import CliRunner

from importer.cli.shell import shell


def check(*args: object) -> tuple[int, str, str]:
    """Run it; return its exit code, standard output and standard error."""
    result = CliRunner().invoke(shell, ["check", *map(str, args)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr
