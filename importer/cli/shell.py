"""The command `solv-import`: knows each command's name and line without importing it."""

from __future__ import annotations

import os
from importlib import import_module

import click

from importer import __version__
from importer.errors import EXIT_MEANINGS, ExitCode, worst
from importer.signals import PATIENCE, kept_waiting

COMMANDS: dict[str, str] = {
    "template": "Write an empty workbook to type patients into.",
    "map": "Make a profile for files with headings like these.",
    "check": "Say what would be refused; send nothing.",
    "run": "Book the rows of a file.",
    "resume": "Carry on with a run that was stopped.",
    "status": "Show runs and what came of them.",
    "results": "Write the results of a run again.",
    "reconcile": "Settle rows whose outcome is unknown.",
    "verify": "Check a run against source, results and a server's request log.",
    "purge": "Delete what old runs hold of their rows.",
    "explain": "Say what a problem code means and how to fix it.",
    "sandbox": "Serve a stand-in Partner API on this machine.",
    "demo": "Import sample files into a sandbox: no account needed.",
    "doctor": "Check settings, folders, sign-in and clock.",
    "config": "Show settings and where each came from.",
    "completion": "Print the completion script of a shell.",
}
"""Command -> its line in the help; each stands in the module of its name."""

_EXAMPLES = (
    ("solv-import demo", "see it work, without an account"),
    ("solv-import check visits.xlsx", "what would be refused, and why"),
    ("solv-import run visits.xlsx", "book it; asks before it sends"),
)


class Shell(click.Group):
    """A group that imports a command when it is used, and turns errors into exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order people meet them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, imported now."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        # A library that is interrupted while it is imported cannot be imported again.
        with kept_waiting(most=PATIENCE):
            command = import_module(f"importer.cli.{cmd_name}").command
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command to run; name the nearest one when there is none."""
        name = args[0]
        if name in COMMANDS or name.startswith("-"):
            return super().resolve_command(ctx, args)
        from difflib import get_close_matches  # noqa: PLC0415 - only after a misspelling

        near = get_close_matches(name, COMMANDS, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise click.UsageError(f"There is no command {name!r}.{hint}", ctx)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; whatever stops it becomes one sentence and its exit code."""
        try:
            return super().invoke(ctx)
        except click.exceptions.Exit:
            raise
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last line of defence
            with kept_waiting(most=PATIENCE) as waiting:
                from importer.cli.failures import exit_for  # noqa: PLC0415 - most runs do not fail

                code = worst(exit_for(error, ctx), waiting.take() or ExitCode.OK)
            ctx.exit(code)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write examples, usage, options, commands and exit codes."""
        write_examples(formatter, _EXAMPLES)
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        self.format_options(ctx, formatter)
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(int(code)), text) for code, text in EXIT_MEANINGS.items()])

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one line a command, without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


class WithExamples(click.Command):
    """A command whose help starts with examples."""

    examples: tuple[tuple[str, str], ...] = ()

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write examples, usage, what it does and its options."""
        write_examples(formatter, self.examples)
        super().format_help(ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write how a setting's flag is called elsewhere."""
        del ctx
        formatter.write_paragraph()
        formatter.write_text(
            "Every setting has its variable: --rate is SOLV_IMPORT_RATE. Flags win over variables,"
            " these over .env, a profile, config.toml; `solv-import config show` lists them all."
        )


class Command(WithExamples):
    """A command of its own."""


class Group(WithExamples, click.Group):
    """A command that holds others."""


def group(name: str, *examples: tuple[str, str]) -> type[Group]:
    """Return the class of a group with these examples: (what to type, why)."""
    return type(f"{name.title()}Group", (Group,), {"examples": examples})


def command(name: str, *examples: tuple[str, str]) -> type[Command]:
    """Return the class of a command with these examples: (what to type, why)."""
    return type(f"{name.title()}Command", (Command,), {"examples": examples})


def write_examples(formatter: click.HelpFormatter, examples: tuple[tuple[str, str], ...]) -> None:
    """Write an indented block of commands, each with why one would type it."""
    with formatter.section("Examples"):
        formatter.write_dl(list(examples), col_max=60)
    formatter.write_paragraph()


@click.group(
    cls=Shell,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", prog_name="solv-import")
@click.pass_context
def shell(ctx: click.Context) -> None:
    """Get a messy patient spreadsheet into Solv as bookings, and never book anybody twice."""
    ctx.color = _color()
    if ctx.invoked_subcommand is None:
        width = max(len(typed) for typed, _ in _EXAMPLES)
        lines = [f"  {typed:<{width}}   {why}" for typed, why in _EXAMPLES]
        click.echo("\n".join([shell.help or "", "", *lines, "", "All of it: solv-import --help"]))


def _color() -> bool | None:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return True if os.environ.get("FORCE_COLOR") else None
