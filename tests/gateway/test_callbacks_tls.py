"""The pinned connection still checks the certificate for the name that was registered."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from approval_core.clock import utc_now
from gateway.intake import callbacks
from gateway.serve import Site
from tests.gateway.conftest import register, until
from tests.gateway.receiver import Receiver
from tests.gateway.test_callbacks import callbacks as rows
from tests.gateway.test_callbacks import decided


def certified(folder: Path, name: str) -> Path:
    """A file with a self-signed certificate for that name, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    other = x509.IPAddress(ip_address("192.0.2.1"))
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(utc_now() - timedelta(days=1))
        .not_valid_after(utc_now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name), other]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture(params=["localhost", "elsewhere.test"])
def secured(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Receiver, str]]:
    file = certified(tmp_path, request.param)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    callbacks._tls.cache_clear()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with Receiver(context) as receiver:
        receiver.address = f"https://localhost:{receiver.port}"
        yield receiver, request.param
    callbacks._tls.cache_clear()


def test_the_certificate_must_be_the_names_and_not_the_addresss(
    site: Site, secured: tuple[Receiver, str]
) -> None:
    receiver, name = secured
    with register(site, "erp", receiver.address) as system:
        decided(system, receiver)
        row = until(lambda: next((r for r in rows(site) if r.sent_at or r.error), None), "nothing was tried")
    if name == "localhost":
        assert (row.state, len(receiver.received)) == ("sent", 1)
    else:
        assert "certificate" in row.error.lower()
        assert receiver.received == []
