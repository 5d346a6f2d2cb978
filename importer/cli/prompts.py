"""Questions on a terminal: lists to choose from, a yes or no, a line of text."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

import questionary
from prompt_toolkit.output import create_output

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prompt_toolkit.output import Output

_T = TypeVar("_T")


class Prompts:
    """Asks on standard error, so that standard output stays data; Ctrl-C ends it all."""

    def __init__(self) -> None:
        """Take the terminal as it is."""
        self._output: Output = create_output(stdout=sys.stderr)

    def choose(self, question: str, choices: Mapping[str, _T], chosen: str | None = None) -> _T:
        """Return what stands behind the line that was chosen."""
        answer: str = questionary.select(
            question, list(choices), default=chosen, output=self._output
        ).unsafe_ask()
        return choices[answer]

    def agree(self, question: str, *, usual: bool) -> bool:
        """Return whether the answer is yes."""
        return bool(questionary.confirm(question, default=usual, output=self._output).unsafe_ask())

    def write(self, question: str, usual: str = "", read: Callable[[str], object] = str) -> str:
        """Return a line that `read` takes; what it raises is said, and asked again."""

        def judge(text: str) -> bool | str:
            try:
                read(text)
            except ValueError as error:
                why = str(error)
                return why[:1].upper() + why[1:] + "."
            return True

        asked = questionary.text(question, default=usual, validate=judge, output=self._output)
        return str(asked.unsafe_ask()).strip()
