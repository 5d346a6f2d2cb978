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
_UNDECIDED = "(nothing is chosen yet)"


class Prompts:
    """Asks on standard error, so that standard output stays data; Ctrl-C ends it all."""

    def __init__(self) -> None:
        """Take the terminal as it is."""
        self._output: Output = create_output(stdout=sys.stderr)

    def choose(self, question: str, choices: Mapping[str, _T], chosen: str | None = None) -> _T:
        """Return what stands behind the line that was chosen.

        Args:
            question: What is asked.
            choices: Line to what it means.
            chosen: The line that Enter takes. Without one Enter takes nothing: a list begins
                with a line that is no answer, and is shown again.
        """
        lines = [*choices] if chosen else [_UNDECIDED, *choices]
        while True:
            answer: str = questionary.select(
                question, lines, default=chosen, output=self._output
            ).unsafe_ask()
            if answer in choices:
                return choices[answer]

    def agree(self, question: str, *, usual: bool) -> bool:
        """Return whether the answer is yes."""
        return bool(questionary.confirm(question, default=usual, output=self._output).unsafe_ask())

    def write(self, question: str, usual: str, read: Callable[[str], _T]) -> _T:
        """Return what `read` makes of a line; what it raises is said, and asked again."""

        def judge(text: str) -> bool | str:
            try:
                read(text.strip())
            except ValueError as error:
                why = str(error)
                return why[:1].upper() + why[1:] + "."
            return True

        asked = questionary.text(question, default=usual, validate=judge, output=self._output)
        return read(str(asked.unsafe_ask()).strip())
