"""The chain of the audit: whatever is done to the file, the line is named."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.audit import (
    AuditKind,
    Chain,
    Entry,
    Tip,
    Writer,
    after,
    end_of,
    read_chain,
    read_following,
    read_line,
    sealed_line,
)

KEY = b"k" * 32
AT = datetime(2090, 1, 2, 3, 4, 5, tzinfo=UTC)
WHO = Writer(user="clinic", host="desk-3")
LINES = 7


def chain_of(count: int = LINES, key: bytes = KEY) -> tuple[list[bytes], Tip]:
    """Return the lines of a file, each with its line break, and its end."""
    lines: list[bytes] = []
    tip = Tip()
    for number in range(1, count + 1):
        entry = Entry(kind=AuditKind.ENDED, facts={"run": f"run {number}", "booked": number})
        lines.append(sealed_line(entry, tip, at=AT, who=WHO, key=key))
        tip = after(tip, lines[-1])
    return lines, tip


WHOLE, END = chain_of()
CONTENT = b"".join(WHOLE)
STARTS = [0, *accumulate(len(line) for line in WHOLE)]
offsets = st.integers(0, len(CONTENT) - 1)
places = st.integers(1, LINES)


def judged(content: bytes, *, is_closed: bool = True) -> Chain:
    return read_chain(content, END, KEY, is_closed=is_closed)


def named(content: bytes) -> set[int]:
    """Return the lines in which something is wrong."""
    return {flaw.line for flaw in judged(content).flaws}


def place_of(offset: int) -> int:
    """Return the line, counted from 1, in which a byte stands; its line break is its own."""
    return next(n for n in range(1, LINES + 1) if offset < STARTS[n])


def test_a_file_that_nobody_touched_has_no_flaw() -> None:
    chain = judged(CONTENT)

    assert (list(chain.flaws), chain.unwritten) == ([], frozenset())
    assert [line.number for _, line in chain.told()] == list(range(1, LINES + 1))
    assert chain.lines[0] is not None
    assert chain.lines[0].who == WHO
    assert chain.lines[0].entry.facts == {"run": "run 1", "booked": 1}


def test_an_empty_file_is_sound_where_the_ledger_knows_of_no_line() -> None:
    assert read_chain(b"", Tip(), KEY, is_closed=True).flaws == []


@given(offset=offsets, byte=st.integers(0, 255))
def test_one_changed_byte_names_its_line(offset: int, byte: int) -> None:
    changed = bytearray(CONTENT)
    changed[offset] ^= byte or 1

    assert place_of(offset) in named(bytes(changed))


@given(offset=offsets, byte=st.binary(min_size=1, max_size=1))
def test_one_byte_more_names_its_line(offset: int, byte: bytes) -> None:
    changed = CONTENT[:offset] + byte + CONTENT[offset:]

    assert changed == CONTENT[: offset + 1] + byte + CONTENT[offset + 1 :] or named(changed)
    assert place_of(offset) in named(changed)


@given(offset=offsets)
def test_one_byte_less_names_its_line(offset: int) -> None:
    assert place_of(offset) in named(CONTENT[:offset] + CONTENT[offset + 1 :])


@given(offset=offsets)
def test_a_cut_tail_names_where_it_was_cut(offset: int) -> None:
    assert place_of(offset) in named(CONTENT[:offset])


@given(one=places, other=places)
def test_swapped_lines_are_named(one: int, other: int) -> None:
    lines = list(WHOLE)
    lines[one - 1], lines[other - 1] = lines[other - 1], lines[one - 1]
    found = named(b"".join(lines))

    assert bool(found) == (one != other)
    assert found <= set(range(min(one, other), max(one, other) + 1))


@given(one=places, to=places)
def test_a_line_that_was_moved_is_the_only_one_named(one: int, to: int) -> None:
    lines = list(WHOLE)
    lines.insert(to - 1, lines.pop(one - 1))
    found = named(b"".join(lines))

    assert found == set() if one == to else len(found) == 1
    assert abs(one - to) <= 1 or found == {to}


@given(one=places, to=st.integers(1, LINES + 1))
def test_a_repeated_line_is_named(one: int, to: int) -> None:
    lines = list(WHOLE)
    lines.insert(to - 1, WHOLE[one - 1])
    original = one if one < to else one + 1

    assert named(b"".join(lines)) in ({to}, {original})


@given(one=places)
def test_a_line_that_was_taken_out_is_missed_in_its_place(one: int) -> None:
    lines = [*WHOLE[: one - 1], *WHOLE[one:]]
    (flaw,) = judged(b"".join(lines)).flaws

    assert (flaw.line, f"line {one} is missing" in flaw.what) == (one, True)


def test_lines_cut_off_the_end_are_counted() -> None:
    (flaw,) = judged(b"".join(WHOLE[:-3])).flaws

    assert (flaw.line, flaw.what) == (5, "at the end, lines 5 to 7 are missing")


def test_a_file_that_was_emptied_misses_every_line() -> None:
    (flaw,) = judged(b"").flaws

    assert (flaw.line, flaw.what) == (1, "at the end, lines 1 to 7 are missing")


def test_a_line_written_without_the_key_is_named() -> None:
    forged = sealed_line(Entry(kind=AuditKind.ENDED), END, at=AT, who=WHO, key=b"x" * 32)

    assert named(CONTENT + forged) == {LINES + 1}


def test_another_history_of_the_same_ledger_does_not_fit_in() -> None:
    """The lines are whole and their numbers right: a copy of the folder went on by itself."""
    twin = sealed_line(Entry(kind=AuditKind.BEGUN), after(Tip(), WHOLE[0]), at=AT, who=WHO, key=KEY)
    found = judged(b"".join([WHOLE[0], twin, *WHOLE[2:]])).flaws

    assert [(f.line, f.what) for f in found] == [(3, "does not follow from the line before it")]


def test_another_last_line_is_not_what_the_ledger_knows() -> None:
    tip = after(Tip(), WHOLE[0])
    for line in WHOLE[1:-1]:
        tip = after(tip, line)
    twin = sealed_line(Entry(kind=AuditKind.BEGUN), tip, at=AT, who=WHO, key=KEY)
    (flaw,) = judged(b"".join([*WHOLE[:-1], twin])).flaws

    assert flaw.what == "is not what the ledger knows as its last line"


def test_a_line_after_the_last_is_a_flaw_only_once_the_ledger_was_closed() -> None:
    more = sealed_line(Entry(kind=AuditKind.BEGUN), END, at=AT, who=WHO, key=KEY)

    assert named(CONTENT + more) == {LINES + 1}
    assert judged(CONTENT + more, is_closed=False).flaws == []
    assert judged(CONTENT + more[:40], is_closed=False).flaws == []


def test_what_a_crash_took_back_is_not_told() -> None:
    told = Entry(kind=AuditKind.RECOVERED, facts={"unwritten": [LINES], "torn_bytes": 0})
    line = sealed_line(told, END, at=AT, who=WHO, key=KEY)
    chain = read_chain(CONTENT + line, after(END, line), KEY, is_closed=True)

    assert (list(chain.flaws), chain.unwritten) == ([], {LINES})
    assert [line.number for _, line in chain.told()] == [*range(1, LINES), LINES + 1]


def test_lines_that_chain_on_are_read_up_to_a_torn_one() -> None:
    tip = after(Tip(), WHOLE[0])
    rest = b"".join(WHOLE[1:4]) + WHOLE[4][:30]
    lines, last, size = read_following(rest, tip, KEY)

    assert ([line.number for line in lines], last.number) == ([2, 3, 4], 4)
    assert STARTS[1] + size == STARTS[4]


@pytest.mark.parametrize(
    ("content", "end"),
    [
        (CONTENT, len(CONTENT)),
        (CONTENT + b"more", len(CONTENT)),
        (CONTENT + WHOLE[-1] + WHOLE[-1], len(CONTENT)),
        (CONTENT[STARTS[3] :], len(CONTENT) - STARTS[3]),
        (CONTENT[:-1], None),
        (CONTENT[: STARTS[6]], None),
        (b"", None),
    ],
)
def test_the_last_line_is_found_wherever_it_stands(content: bytes, end: int | None) -> None:
    assert end_of(content, END) == end
    assert end_of(content, Tip()) == 0


@given(text=st.binary(max_size=300))
def test_no_text_of_somebody_else_is_a_line(text: bytes) -> None:
    assert read_line(text, KEY) is None
