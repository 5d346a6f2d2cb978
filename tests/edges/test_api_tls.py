"""Certificates are always verified, and a bad one stops the run before any byte of a request."""

from __future__ import annotations

import asyncio
import os
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import trustme

from importer.api import Partner, TokenSource, tls_context
from importer.errors import SettingsError
from importer.model import Booked, NotTaken, NotTakenCause, Outcome, Unknown
from tests.edges.raw_server import HandedInClock, Script, Visit, always, answer, raw_server

if TYPE_CHECKING:
    from pathlib import Path

BOOKED = always(answer(b'{"id": 12}'))
TOKEN = always(answer(b'{"access_token": "t0k3n"}'))
AUTHORITY = trustme.CA()
STRANGER = trustme.CA()


def server_tls(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """Return what a server needs to show `certificate`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


GOOD = server_tls(AUTHORITY.issue_cert("127.0.0.1"))
BAD = {
    "another name": server_tls(AUTHORITY.issue_cert("elsewhere.example.com")),
    "another authority": server_tls(STRANGER.issue_cert("127.0.0.1")),
    "expired": server_tls(
        AUTHORITY.issue_cert("127.0.0.1", not_after=datetime(2001, 1, 1, tzinfo=UTC))
    ),
}


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("tls") / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return path


async def at_once(visit: Visit) -> None:
    """Answer as a plain server does to what is no HTTP."""
    await visit.send(answer(b"", status=400))
    await visit.request()


async def no_turn() -> bool:
    return True


def source_of(base_url: str, tls: ssl.SSLContext) -> TokenSource:
    return TokenSource(
        base_url=base_url,
        client_id="clinic-1",
        client_secret="s3cret",
        tls=tls,
        clock=HandedInClock(),
        turn=no_turn,
    )


def book(
    shown: ssl.SSLContext | None,
    trusted: ssl.SSLContext,
    *,
    gate_s: float = 0.0,
    script: Script = BOOKED,
) -> Outcome:
    """Return the outcome of a booking over TLS at a server that shows this certificate."""

    async def gate() -> bool:
        await asyncio.sleep(gate_s)
        return True

    async def run() -> Outcome:
        async with (
            raw_server(TOKEN) as sign_in,
            raw_server(script, tls=shown) as server,
            Partner(
                base_url=server.url("https"),
                client_id="clinic-1",
                tls=trusted,
                tokens=source_of(sign_in.url(), trusted),
                clock=HandedInClock(),
                deadline_s=2.0,
            ) as partner,
        ):
            outcome = await partner.create_booking(b"{}", before_first_byte=gate)
            assert not server.requests or isinstance(outcome, Booked | Unknown)
            return outcome

    return asyncio.run(run())


def test_a_named_authority_is_trusted(ca_file: Path) -> None:
    assert book(GOOD, tls_context(ca_file)) == Booked(booking_id=12)


def test_session_tickets_at_the_gate_are_no_hang_up(ca_file: Path) -> None:
    """TLS 1.3 servers send them after the handshake, while the request waits for its slot."""
    assert book(GOOD, tls_context(ca_file), gate_s=0.2) == Booked(booking_id=12)


@pytest.mark.parametrize("shown", BAD.values(), ids=BAD.keys())
def test_a_bad_certificate_takes_no_booking(shown: ssl.SSLContext, ca_file: Path) -> None:
    assert book(shown, tls_context(ca_file)) == NotTaken(
        cause=NotTakenCause.CERTIFICATE, reason="ConnectError", left=False
    )


def test_a_private_authority_is_not_trusted_unless_named() -> None:
    outcome = book(GOOD, tls_context())
    assert isinstance(outcome, NotTaken)
    assert outcome.cause is NotTakenCause.CERTIFICATE


@pytest.mark.parametrize("shown", BAD.values(), ids=BAD.keys())
def test_a_bad_certificate_ends_the_sign_in_at_once(shown: ssl.SSLContext, ca_file: Path) -> None:
    async def run() -> None:
        async with raw_server(TOKEN, tls=shown) as server:
            source = source_of(server.url("https"), tls_context(ca_file))
            with pytest.raises(SettingsError, match="certificate of 127") as caught:
                await source.current()
            assert "SOLV_IMPORT_CA_FILE" in caught.value.todo
            assert server.visits <= 1

    asyncio.run(run())


def test_tls_to_a_plain_port_takes_no_booking() -> None:
    outcome = book(None, tls_context(), script=at_once)
    assert isinstance(outcome, NotTaken)
    assert (outcome.cause, outcome.left) == (NotTakenCause.NO_CONNECTION, False)


def test_a_broken_record_after_the_request_leaves_the_row_unknown(ca_file: Path) -> None:
    """No class of httpx's own comes out of this one; that the request left decides."""

    async def broken(visit: Visit) -> None:
        await visit.request()
        os.write(
            visit.writer.get_extra_info("socket").fileno(), b"\x17\x03\x03\x00\x20" + b"x" * 32
        )
        await visit.request()

    outcome = book(GOOD, tls_context(ca_file), script=broken)
    assert isinstance(outcome, Unknown)
    assert "Error" in outcome.reason


def test_verification_cannot_be_less_than_this(ca_file: Path) -> None:
    for tls in (tls_context(), tls_context(ca_file)):
        assert tls.verify_mode is ssl.CERT_REQUIRED
        assert tls.check_hostname
        assert tls.minimum_version >= ssl.TLSVersion.TLSv1_2
    public = tls_context().cert_store_stats()["x509_ca"]
    assert public > 1
    assert tls_context(ca_file).cert_store_stats()["x509_ca"] == public + 1


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_file_of_authorities_that_cannot_be_used_is_named(
    content: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SettingsError) as caught:
        tls_context(path)
    assert "SOLV_IMPORT_CA_FILE" in caught.value.todo
