"""`solv-import completion`: what a shell needs to complete commands and flags."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from importer.cli.shell import command as command_class
from importer.cli.shell import shell as root
from importer.cli.terminal import put


@click.command(
    "completion",
    cls=command_class(
        "completion",
        ("solv-import completion bash >> ~/.bashrc", "from the next shell on"),
        ("solv-import completion zsh >> ~/.zshrc", "below the line that calls compinit"),
        ("solv-import completion fish > ~/.config/fish/completions/solv-import.fish", "fish"),
    ),
)
@click.argument("shell_name", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell_name: str) -> None:
    """Print the completion script of a shell."""
    kind = get_completion_class(shell_name)
    if kind is not None:
        put(kind(root, {}, "solv-import", "_SOLV_IMPORT_COMPLETE").source())
