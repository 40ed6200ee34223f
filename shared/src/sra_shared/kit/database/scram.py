"""Passwords as SCRAM verifiers (RFC 5802, 7677): a statement with a plain-text password may end up in a log."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import stringprep
import unicodedata
from base64 import b64encode

_ITERATIONS = 4096
_SALT_BYTES = 16
_PROHIBITED = (
    *(stringprep.in_table_a1, stringprep.in_table_c12, stringprep.in_table_c21_c22, stringprep.in_table_c3),
    *(stringprep.in_table_c4, stringprep.in_table_c5, stringprep.in_table_c6, stringprep.in_table_c7),
    *(stringprep.in_table_c8, stringprep.in_table_c9),
)


def make_verifier(password: str, *, salt: bytes | None = None, iterations: int = _ITERATIONS) -> str:
    """Return a verifier that `ALTER ROLE ... PASSWORD` accepts in place of the password; needs no quoting."""
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", prepare_password(password).encode(), salt, iterations)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    parts = [b64encode(part).decode("ascii") for part in (salt, stored_key, server_key)]
    return f"SCRAM-SHA-256${iterations}:{parts[0]}${parts[1]}:{parts[2]}"


def prepare_password(password: str) -> str:
    """Return a password normalised with SASLprep (RFC 4013), as server and clients do.

    A password that SASLprep prohibits is returned unchanged.
    """
    if password.isascii():
        return password
    mapped = "".join(
        " " if stringprep.in_table_c12(letter) else letter for letter in password if not stringprep.in_table_b1(letter)
    )
    prepared = unicodedata.normalize("NFKC", mapped)
    is_prohibited = any(in_table(letter) for letter in prepared for in_table in _PROHIBITED)
    if not prepared or is_prohibited or not _reads_one_way(prepared):
        return password
    return prepared


def _reads_one_way(text: str) -> bool:
    """Whether a text with right-to-left letters has no others, and begins and ends with such letters."""
    if not any(stringprep.in_table_d1(letter) for letter in text):
        return True
    has_others = any(stringprep.in_table_d2(letter) for letter in text)
    return not has_others and stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
