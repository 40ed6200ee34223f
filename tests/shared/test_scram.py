"""Verifiers of passwords equal those of the server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

import pytest

from sra_shared.kit.database.scram import make_verifier, prepare_password
from sra_shared.kit.db import Pool

PASSWORDS = [
    "pencil",
    "with ' quote, \\ backslash and $1",
    "Zürich-Ⅷ",
    "soft\u00adhyphen and no-break\u00a0space",
    "cafe\u0301",
    "ﬁne",
    "שלום",
    # as they are: both ways, a control sign, a private letter, nothing that is left
    "abcשלום",
    "bell\u0007-é",
    "\ue000",
    "\u00ad",
    "\u0221unassigned-é",
]


def test_the_example_in_the_rfc() -> None:
    """RFC 7677, section 3: the client's proof and the server's signature follow from what is kept."""
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    kept = make_verifier("pencil", salt=salt).split("$")[2]
    stored_key, server_key = (base64.b64decode(part) for part in kept.split(":"))
    nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    message = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={nonce}".encode()
    signature = base64.b64encode(hmac.digest(server_key, message, "sha256")).decode()
    assert signature == "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    proof = base64.b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    mask = hmac.digest(stored_key, message, "sha256")
    client_key = bytes(left ^ right for left, right in zip(proof, mask, strict=True))
    assert hashlib.sha256(client_key).digest() == stored_key


@pytest.mark.parametrize("password", PASSWORDS, ids=ascii)
async def test_the_server_stores_the_same_verifier(pool: Pool, password: str) -> None:
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        role = f"scram_{secrets.token_hex(4)}"
        literal = await connection.fetchval("SELECT quote_literal($1::text)", password)
        await connection.execute(f"CREATE ROLE {role} PASSWORD {literal}")
        kept = await connection.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = $1", role)
        salt = base64.b64decode(kept.split("$")[1].partition(":")[2])
        assert make_verifier(password, salt=salt) == kept
        await transaction.rollback()


def test_one_password_has_one_spelling() -> None:
    assert prepare_password("cafe\u0301") == prepare_password("café")
    assert make_verifier("same") != make_verifier("same")
