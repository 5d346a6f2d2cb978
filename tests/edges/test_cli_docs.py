"""The README and the pages in docs/ say what the program does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from importer.cli.shell import COMMANDS, shell
from importer.errors import EXIT_ACTIONS, EXIT_MEANINGS, ExitCode
from importer.headings import SYNONYMS
from importer.settings import SPECS

ROOT = Path(__file__).parents[2]
KINDS = ("csv", "toml")
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])


def table_after(heading: str, first_column: str) -> list[list[str]]:
    """Return the cells of the README's table that begins with this column, below a heading."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition(f"## {heading}\n")[2]
    lines = text.partition(f"| {first_column} |")[2].splitlines()[2:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        cells = re.split(r"(?<!\\)\|", line.strip("|"))
        rows.append([cell.strip().strip("`").replace("\\|", "|") for cell in cells])
    return rows


def command_lines(text: str) -> list[list[str]]:
    """Return the calls of solv-import in a page's console blocks, as words."""
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    joined = "\n".join(blocks).replace("\\\n", " ")
    # Not the folders, users and units of that name.
    calls = re.findall(r"(?:(?<=bin/)|(?<![\w./=-]))solv-import ([^\n#>]*)", joined)
    return [call.split() for call in calls]


def test_the_readme_lists_every_command_with_its_line() -> None:
    told = [
        [cells[0].removeprefix("solv-import "), cells[1]]
        for cells in table_after("Commands", "command")
    ]
    assert told == [list(item) for item in COMMANDS.items()]


def test_the_readme_lists_every_exit_code_with_its_meaning() -> None:
    assert table_after("Exit codes", "code") == [
        [str(int(code)), meaning] for code, meaning in EXIT_MEANINGS.items()
    ]


def test_the_page_of_the_night_says_what_to_type_after_each_exit_code() -> None:
    page = (ROOT / "docs" / "nightly.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([0-9, ]+) \| .+ \| .+ \|$", page, re.MULTILINE)
    told = {ExitCode(int(code)) for codes in rows for code in codes.split(", ")}
    assert told == EXIT_ACTIONS.keys() == set(ExitCode)


def test_the_readme_lists_every_setting_as_the_program_has_it() -> None:
    expected = [
        [
            spec.name,
            spec.flag,
            f"[{spec.section}] {spec.file_key}" if spec.section else "",
            spec.default,
            spec.what,
        ]
        for spec in SPECS.values()
    ]
    assert table_after("Settings", "setting") == expected


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_says_no_less_than_the_list(name: str) -> None:
    with click.Context(shell) as ctx:
        command = shell.get_command(ctx, name)
    assert command is not None
    assert command.name == name
    assert command.help


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_in_a_page_names_real_commands_and_flags(page: Path) -> None:
    for words in command_lines(page.read_text(encoding="utf-8")):
        with click.Context(shell) as ctx:
            command = shell.get_command(ctx, words[0])
        assert command is not None, words
        known = {flag for param in command.params for flag in (*param.opts, *param.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= known, words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_promises_what_no_client_can_keep(page: Path) -> None:
    forbidden = "exactly" + " once"
    assert forbidden not in page.read_text(encoding="utf-8").lower()


def test_the_schema_of_the_summary_is_json() -> None:
    json.loads((ROOT / "docs" / "summary.schema.json").read_text(encoding="utf-8"))


def test_the_page_of_profiles_lists_every_known_heading() -> None:
    page = (ROOT / "docs" / "profiles.md").read_text(encoding="utf-8")
    for name, headings in SYNONYMS.items():
        assert f"| `{name}` | {', '.join(headings)} |" in page


def test_the_example_of_the_page_of_profiles_reads_its_own_file(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "profiles.md").read_text(encoding="utf-8")
    (rows,), (profile,) = (re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL) for kind in KINDS)
    (tmp_path / "june.csv").write_text(rows, encoding="utf-8")
    (tmp_path / "lakeside.toml").write_text(profile, encoding="utf-8")
    words = ["check", str(tmp_path / "june.csv"), "--profile", str(tmp_path / "lakeside.toml")]
    result = CliRunner().invoke(shell, [*words, "--json"])
    report = json.loads(result.stdout)
    assert (result.exit_code, report["ready"], report["problems"]) == (0, 2, [])
