"""E-mail and web addresses."""

from __future__ import annotations

import re
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from importer.normalize.cell import Cell
from importer.normalize.text import tidy
from importer.problems import ProblemCode

LONGEST_URL = 2_048
"""What browsers and proxies carry without cutting."""

_LONGEST_EMAIL = 254
_LONGEST_LOCAL_PART = 64
_MAILTO = re.compile(r"(?:mailto: ?)+", re.IGNORECASE)
_BETWEEN_EMAILS = re.compile(r"[;,/|\s]+")
_PLAIN_EMAIL = re.compile(r"([A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*)@([a-z0-9.-]+)")
_URL = re.compile(
    r"https://"
    r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?"  # no user name, no password
    r"(?:[/?#][A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*)?"
)


def normalize_email(text: str) -> Cell:
    """Return one e-mail address, its domain in lower case; DNS is not asked."""
    cell = tidy(text)
    if cell.is_error or not cell.text:
        return cell
    address = cell.text
    if _MAILTO.match(address):
        address = tidy(_MAILTO.sub("", address, count=1)).text  # its apostrophe comes to the edge
    warning = cell.problem if address == cell.text else ProblemCode.EMAIL_MAILTO
    if _is_plain_address(address):
        return Cell(address, warning)
    if sum("@" in part for part in _BETWEEN_EMAILS.split(address)) > 1:
        return Cell(text, ProblemCode.EMAIL_TWO)
    validated = _validated(address)
    return Cell(text, ProblemCode.EMAIL_INVALID) if not validated else Cell(validated, warning)


def _is_plain_address(address: str) -> bool:
    """Return whether an address may be used as it stands, without the long way of asking."""
    match = _PLAIN_EMAIL.fullmatch(address)
    return (
        match is not None
        and len(address) <= _LONGEST_EMAIL
        and len(match[1]) <= _LONGEST_LOCAL_PART
        and _is_plain_domain(match[2])
    )


@lru_cache(maxsize=16_384)
def _is_plain_domain(domain: str) -> bool:
    """Return whether a domain may be used as it stands; patients share few of them."""
    return _validated(f"a@{domain}") == f"a@{domain}"


def _validated(address: str) -> str:
    """Return the address as email-validator would write it, "" when it is none."""
    try:
        # example.com and .test are where invented patients live; a domain that does not
        # exist is found by nobody but DNS, which a file of patients must not be told to.
        found = validate_email(
            address, check_deliverability=False, test_environment=True, strict=True
        )
    except EmailNotValidError:
        return ""
    return found.normalized


def normalize_url(text: str) -> Cell:
    """Return an https address, without user name or password."""
    cell = tidy(text)
    if cell.is_error or not cell.text:
        return cell
    if len(cell.text) > LONGEST_URL:
        return Cell(text, ProblemCode.CELL_TOO_LONG, f"at most {LONGEST_URL} characters")
    scheme, separator, rest = cell.text.partition("://")
    url = scheme.lower() + separator + rest
    if not _URL.fullmatch(url):
        return Cell(text, ProblemCode.URL_NOT_HTTPS)
    return Cell(url, cell.problem)
