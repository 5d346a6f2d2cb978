"""Questions about a clinic's own words: what each one stands for in Solv."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.cli.terminal import counted, say
from importer.folding import folded
from importer.headings import shown_heading
from importer.settings import parsing
from importer.suggestions import near_word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.cli.prompts import Prompts
    from importer.pipeline.drafting import Draft

_LEFT = {"nothing: leave it out": "", "nothing: such a row is invalid": None}
_FIXED_VALUES: dict[str, dict[str, str | None]] = {
    "birth_sex": {"male": "male", "female": "female", **_LEFT},
    "is_walk_in": {"yes": "true", "no": "false", **_LEFT},
    "paperwork_status": {
        "incomplete": "incomplete",
        "complete": "complete",
        "nothing: leave it out": "",
        "this very word: send it as it is": None,
    },
}
_NUMBERED = {"location_id": "location", "visit_type_id": "visit type"}
"""Fields whose words stand for numbers of Solv's, and what has such a number."""


class AskedWords:
    """What a person says of the words of one file."""

    def __init__(self, draft: Draft, prompts: Prompts) -> None:
        """Begin where nothing has been asked."""
        self._draft = draft
        self._prompts = prompts
        self._passed: set[tuple[str, str]] = set()
        """Words of fields that a person gave no meaning."""

    def ask(self) -> None:
        """Ask what each of the clinic's words stands for."""
        for name, words in self._draft.strange_words().items():
            self._ask_about(name, [w for w in words if (name, folded(w)) not in self._passed])

    def _ask_about(self, name: str, words: Iterable[str]) -> None:
        is_first = True
        for word in words:
            if is_first and name in _NUMBERED:
                say(_about_numbers(name))
            is_first = False
            answer = self._asked(name, word)
            if answer is None:
                self._passed.add((name, folded(word)))
            else:
                self._draft.value_maps.setdefault(name, {})[word] = answer

    def _asked(self, name: str, word: str) -> str | None:
        """Return what a word stands for, "" for nothing, None where that stays open."""
        count = counted(self._draft.count_of(name, word), "row")
        if name in _NUMBERED:
            return self._asked_number(name, word, count)
        question = f"{name}: {shown_heading(word)} ({count}) stands for"
        if name in _FIXED_VALUES:
            return self._prompts.choose(question, _FIXED_VALUES[name])
        read = parsing.or_empty(parsing.state_letters)
        return self._prompts.write(f"{question} (empty: invalid)", "", read) or None

    def _asked_number(self, name: str, word: str, count: str) -> str | None:
        """Ask for a number; a word that may be a slip of another can be said to be the same."""
        known = self._draft.known_words.get(name, {})
        near = near_word(word, [other for other in known if known[other]])
        if near is not None:
            same = f"the same as {shown_heading(near)}: {known[near]}"
            lines = {same: known[near], "another number ...": "", "nothing: rows invalid": None}
            asked = (
                f"{name}: {shown_heading(word)} ({count}) looks like {shown_heading(near)}. It is"
            )
            answer = self._prompts.choose(asked, lines)
            if answer != "":
                return answer
        return self._prompts.write(
            f"{name}: number of {shown_heading(word)} ({count}; empty leaves them invalid):",
            "",
            lambda text: self._read_number(name, text, known) if text else None,
        )

    def _read_number(self, name: str, text: str, known: dict[str, str]) -> str:
        """Return a number as it was typed, or that of a word that has one.

        Raises:
            ValueError: It is neither.
        """
        meant = {folded(word): value for word, value in known.items()}.get(folded(text))
        if meant:
            return meant
        if name == "location_id" and self._draft.settings.text_location_ids:
            return parsing.location(text)
        return parsing.positive_id(text)


def _about_numbers(name: str) -> str:
    """Return what a word of a numbered field may be answered with."""
    example = "4021" if name == "location_id" else "12"
    return (
        f"{name}: Solv has a number for each {_NUMBERED[name]}, such as {example}. Give that, or a "
        "word named before that is the same. A word without a number leaves its rows invalid."
    )
