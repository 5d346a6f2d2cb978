"""Old Western encodings: no name comes out as another one, whatever stands beside it."""

from __future__ import annotations

import pytest

from importer.reading.western import western_encodings
from tests.edges.western_names import CZECH, HUNGARIAN, POLISH, WESTERN

ENCODINGS = ["cp1252", "mac_roman", "cp437"]
NAMES = [
    *("Muñoz", "García", "Raúl", "López", "José", "Hernández", "Peña", "Zoë", "Müller", "Björk"),
    *("François", "Hélène", "Ángel", "Óscar", "Íñigo", "Iñárritu", "João", "Groß", "Weiß", "Díez"),
    *("MUÑOZ", "GARCÍA", "LÓPEZ", "PÉREZ", "HERNÁNDEZ", "MÜLLER", "NÚÑEZ", "SIMÕES", "ÁNGEL"),
    *("Noël", "Chloé", "ZOË", "Côté", "CÔTÉ", "Søren", "Åsa", "Schön", "Benoît", "ÉLODIE", "Þór"),
    *("DeÁngel", "McÓscar", "Preßler", "STRAUß", "Œuvre", "œuf", "ÇELIK", "Özil", "Conceição"),
    *("Plácido", "Coll·lecte", "übel", "Nicolò", "Así", "LINDSTRÖM", "INÊS", "Ângela", "ÆGIR"),
    *("O’Brien", "O’BRIEN", "D’Angelo", "smith\u00a0jones", "SMITH\u00a0JONES", "SMITH—JONES"),
]
SIGNS = [
    *("Fever 101°F", "£5", "±2", "©", "½ tablet", "Botox™", "“hurt”", "Bob’s", "wait…", "a – b"),
    *("monday–friday", "MONDAY—FRIDAY", "•", "\u00a0", "5 µg", "à", "é", "été", "§", "¿qué?"),
    *("¡hola!", "left±right", "“BILL”", "®", "²", "×", "€", "¼", "´", "·", "Mª", "†", "ß", "≤5"),
]


def as_bytes(encoding: str, *words: str) -> bytes | None:
    """Return words as a line of that encoding, None where it lacks a letter."""
    try:
        return ",".join(words).encode(encoding)
    except UnicodeEncodeError:
        return None


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_beside_a_sign_or_another_name_is_itself_or_a_question(
    name: str, encoding: str
) -> None:
    wrong = []
    for other in ("", *SIGNS, *NAMES):
        line = as_bytes(encoding, name, other)
        found = western_encodings(iter([line])) if line else ()
        if line and len(found) == 1:
            read, beside = line.decode(found[0]).split(",")
            wrong += [other] if read != name or (other in NAMES and beside != other) else []
    assert wrong == []


@pytest.mark.parametrize("name", NAMES[:20])
@pytest.mark.parametrize("sign", ["Fever 101°F", "½ tablet", "a – b", "5 µg", "“hurt”", "Mª"])
def test_signs_keep_no_usual_text_from_being_read(name: str, sign: str) -> None:
    line = as_bytes("cp1252", name, "José", sign)
    assert line
    assert western_encodings(iter([line])) == ("cp1252",)


@pytest.mark.parametrize(
    ("encoding", "names"),
    [("mac_roman", "José,Hernández,Muñoz,García"), ("cp437", "José,Muñoz,García,Renée")],
)
def test_other_encodings_are_told_by_letters(encoding: str, names: str) -> None:
    line = as_bytes(encoding, names, "101°F")
    assert line
    assert western_encodings(iter([line])) == (encoding,)


def test_a_dash_that_may_be_a_letter_of_a_mac_is_a_question() -> None:
    line = as_bytes("mac_roman", "Muñoz", "García", "Fever 101°F")
    assert line
    assert western_encodings(iter([line])) == ("cp1252", "mac_roman")


@pytest.mark.parametrize("name", ["MUÑOZ", "PEÑA", "ZUÑIGA", "CASTAÑEDA", "ACOMPAÑANTE"])
def test_capitals_of_the_usual_encoding_are_no_question(name: str) -> None:
    """On a Mac their Ñ would be a dash between two words; asking would ask about every one."""
    line = as_bytes("cp1252", name)
    assert line
    assert western_encodings(iter([line])) == ("cp1252",)


def test_a_sign_that_touches_letters_as_none_does_settles_nothing() -> None:
    """Þ is no letter of any candidate, and a line of a frame for one of them."""
    line = as_bytes("cp1252", "Þor")
    assert line
    assert western_encodings(iter([line])) == ()


def test_a_word_that_two_blocks_share_is_one_word() -> None:
    line = as_bytes("cp1252", "José")
    assert line
    assert western_encodings(iter([line[:2], line[2:]])) == ("cp1252",)


@pytest.mark.parametrize("language", WESTERN)
def test_no_name_of_a_western_language_is_asked_about(language: str) -> None:
    names = [name for name in WESTERN[language] if as_bytes("cp1252", name)]
    assert western_encodings(iter([as_bytes("cp1252", *names) or b""])) == ("cp1252",)
    beside = [western_encodings(iter([as_bytes("cp1252", name, "José") or b""])) for name in names]
    assert {found[:1] for found in beside} == {("cp1252",)}


@pytest.mark.parametrize(
    "names", [CZECH, HUNGARIAN, POLISH, ["Dvořák"], ["Jiří"], ["Kőműves"], ["Tőrök"], ["Horáček"]]
)
def test_names_of_central_europe_are_a_question(names: list[str]) -> None:
    assert western_encodings(iter([as_bytes("cp1250", *names) or b""])) == ()


@pytest.mark.parametrize("name", ["Álvarez", "Ángel", "Ávila"])
def test_a_micro_sign_before_a_word_is_a_letter_of_another_encoding(name: str) -> None:
    assert len(western_encodings(iter([as_bytes("cp850", name, "José") or b""]))) != 1


@pytest.mark.parametrize("sign", ["50 µg", "5 µmol", "38 °C", "101°F", "§ 5", "£5"])
def test_a_sign_before_its_unit_is_no_question(sign: str) -> None:
    assert western_encodings(iter([as_bytes("cp1252", "José", sign) or b""])) == ("cp1252",)
