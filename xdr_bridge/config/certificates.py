"""The bridge's own certificate and its key: read, and said what is wrong with them."""

from __future__ import annotations

import hashlib
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_KEY = re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")
# How OpenSSL says it depends on the two kinds of key.
_MISMATCHES = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the bridge proves itself by.

    Attributes:
        context: For connections from pages.
        fingerprint: The SHA-256 of the certificate, in hexadecimal digits.
    """

    context: ssl.SSLContext = field(repr=False, compare=False)
    fingerprint: str


class CertificateError(Exception):
    """What is wrong, and in which of the two files: `of_key`. The text is a reason."""

    def __init__(self, reason: str, *, of_key: bool = False) -> None:
        super().__init__(reason)
        self.of_key = of_key


class _AskedForPassphraseError(Exception):
    """OpenSSL wants one."""


def read_certificate(certificate: str, key: str | None) -> Certificate:
    """Read a certificate, with those between it and its authority, and its private key.

    Args:
        certificate: The name of a PEM file; the first certificate is the bridge's.
        key: That of the key; None: the key is in the same file.

    Raises:
        CertificateError: TLS cannot be spoken by them.
    """
    found = _CERTIFICATE.search(_read(certificate, of_key=False))
    if found is None:
        raise CertificateError("holds no certificate; a PEM file with one is accepted")
    if _KEY.search(_read(key or certificate, of_key=key is not None)) is None:
        raise CertificateError(
            "holds no private key; a PEM file with one is accepted"
            if key
            else "holds no private key; --tls-key names the file that does",
            of_key=key is not None,
        )
    try:
        fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(found[0])).hexdigest()
    except ValueError:
        raise CertificateError("holds a certificate that is no PEM") from None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A page has no use for it, and each costs us a handshake.
    context.options |= ssl.OP_NO_RENEGOTIATION
    try:
        context.load_cert_chain(certificate, key, _refuse_to_answer)
    except _AskedForPassphraseError:
        raise CertificateError(
            "is protected by a passphrase, which nobody is there to enter; a key without one is"
            " accepted, in a file that only the bridge can read",
            of_key=key is not None,
        ) from None
    except ssl.SSLError as error:
        _explain(error, certificate, key)
    return Certificate(context, fingerprint)


def _read(file: str, *, of_key: bool) -> str:
    try:
        return Path(file).read_text("latin-1")
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise CertificateError(
            f"cannot be read ({reason}); a PEM file is accepted", of_key=of_key
        ) from None


def _refuse_to_answer() -> NoReturn:
    # Without this, OpenSSL would ask on the terminal.
    raise _AskedForPassphraseError


def _explain(error: ssl.SSLError, certificate: str, key: str | None) -> NoReturn:
    if error.reason in _MISMATCHES:
        raise CertificateError(
            f"is not the key of the first certificate in {Path(certificate).name}"
            if key
            else "holds a key that is not the one of its first certificate",
            of_key=key is not None,
        ) from None
    said = (error.reason or "no reason given").replace("_", " ").lower()
    raise CertificateError(f"is refused by OpenSSL, with its key: {said}") from None
