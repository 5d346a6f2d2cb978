"""Workbooks behind a password: their plain bytes, for whoever has it."""

from __future__ import annotations

import os
import struct
import zipfile
from dataclasses import replace
from typing import BinaryIO
from xml.parsers.expat import ExpatError

from importer.problems import FileProblem, ProblemCode
from importer.reading.package import UNPACKED_LIMIT
from importer.reading.source import Source, Unpacked

_LONGEST_PASSWORD = 255
"""The most characters that Excel takes."""
_BROKEN = (
    *(OSError, ValueError, LookupError, AttributeError, TypeError, AssertionError),
    *(struct.error, zipfile.BadZipFile, RecursionError, ExpatError, ArithmeticError, MemoryError),
)
"""What a library that trusts its file raises where the file is damaged."""


def decrypted(source: Source, password: str | None) -> Source:
    """Return the workbook that the password opens.

    Raises:
        SourceError: There is no password, it is another one, or the file is damaged.
    """
    if not password:
        raise source.place.refuse(ProblemCode.SOURCE_ENCRYPTED)
    with source.open() as packed:
        size = packed.seek(0, os.SEEK_END)
        if size > UNPACKED_LIMIT:
            raise source.place.refuse(ProblemCode.SOURCE_TOO_LARGE)
        # What it unpacks to is measured later; as a whole it is no larger than this.
        plain = Unpacked(source.place, size)
        _decrypt(source, packed, password[:_LONGEST_PASSWORD], plain)
    warning = FileProblem(code=ProblemCode.SOURCE_DECRYPTED, place=str(source.place))
    return replace(source, plain=plain, warnings=(*source.warnings, warning))


def _decrypt(source: Source, packed: BinaryIO, password: str, plain: Unpacked) -> None:
    # cryptography costs 0.1 s, which a file without a password need not wait.
    import msoffcrypto  # noqa: PLC0415 - see above
    from msoffcrypto import exceptions  # noqa: PLC0415 - see above

    broken = (
        exceptions.DecryptionError,
        exceptions.FileFormatError,
        exceptions.ParseError,
        *_BROKEN,
    )
    try:
        office = msoffcrypto.OfficeFile(packed)
        try:
            office.load_key(password=password, verify_password=True)
        except exceptions.InvalidKeyError:
            raise source.place.refuse(ProblemCode.PASSWORD_WRONG) from None
        office.decrypt(plain)
    except broken:
        sentence = "The workbook is damaged, or encrypted in a way that is not known."
        todo = "Open it in your spreadsheet program, and save a copy without a password."
        raise source.place.refuse(ProblemCode.SOURCE_CORRUPT, sentence, todo=todo) from None
