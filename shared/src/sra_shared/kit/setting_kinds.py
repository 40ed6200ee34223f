"""Kinds of text settings and their checks, so that a copying error is found before anything starts.

A message never repeats the value, which may be or contain a secret. It continues a sentence that begins with the variable's
name.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from sra_shared.kit.database.dsn import is_host, read_sslmode
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.named_tokens import parse_tokens

_QUOTES = "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u00b4"
_STRAIGHT_QUOTES = "'\""
_BUCKET = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,253}[A-Za-z0-9])?")
_PREFIX = re.compile(r"[A-Za-z0-9._/=-]{1,512}")
_REGION = re.compile(r"[A-Za-z0-9-]{1,63}")
_LONGEST_NAME = 63


def check_text(value: str) -> str:
    """Return a text without control characters that can be encoded as UTF-8; raises ValueError for any other."""
    if any(mark in value for mark in "\r\n"):
        raise ValueError("has a line break. Write it on one line")
    if any(ord(mark) < 32 or 127 <= ord(mark) < 160 for mark in value):
        raise ValueError("has a control character. Copy it again, as plain text")
    if any(0xD800 <= ord(mark) < 0xE000 for mark in value):
        raise ValueError("is not encoded as UTF-8. Write it again")
    return value


def check_ascii(value: str) -> str:
    """Return a text of visible ASCII characters; raises ValueError that names what else it contains."""
    if any(mark.isspace() for mark in check_token(value)):
        raise ValueError("has a blank inside. Write it without blanks")
    return value


def check_token(value: str) -> str:
    """Return a text that a header can hold: ASCII, with inner blanks allowed.

    Raises ValueError that names what else it contains.
    """
    check_text(value)
    if any(mark in _QUOTES for mark in value):
        raise ValueError("has typographic quotes. Write it without quotes")
    if len(value) > 1 and value[0] in _STRAIGHT_QUOTES and value[-1] == value[0]:
        raise ValueError("is in quotes. Remove them")
    if not value.isascii():
        raise ValueError("has a character that is not ASCII. Copy it again, as plain text")
    return value


def check_token_list(value: str) -> str:
    """Return `name:role:token` entries, separated by commas; raises ValueError that gives the position of an invalid one."""
    for token in parse_tokens(check_token(value)):
        check_token(token.value)
    return value


def check_password(value: str) -> str:
    """Return a password, which may contain any visible characters; raises ValueError for quotes around it."""
    check_text(value)
    if len(value) > 1 and value[0] in _QUOTES and value[-1] in _QUOTES:
        raise ValueError("is in typographic quotes. Remove them")
    return value


def check_url(value: str, *, with_login: bool = False, with_query: bool = False) -> str:
    """Return an http or https address, without a trailing slash unless it has a query; raises ValueError."""
    check_ascii(value)
    try:
        parts = urlsplit(value)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise ValueError("is not an address, or has an invalid port. Write it as https://host:port/path") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("has another scheme than http and https. Write it as https://host:port/path")
    if port == 0 or not is_host(host) or host.startswith("/"):
        raise ValueError("has no host, or an invalid port. Write it as https://host:port/path")
    if "@" in parts.netloc and not with_login:
        raise ValueError("contains a user or password. Omit them")
    if (parts.query or parts.fragment) and not with_query:
        raise ValueError("has a query or a fragment. End it with its path")
    return value if parts.query else value.rstrip("/")


def check_proxy(value: str) -> str:
    """Return the address of an HTTP proxy, with `http://` added if it has no scheme; raises ValueError."""
    check_ascii(value)
    if value.lower().startswith("socks"):
        raise ValueError("names a SOCKS proxy, which is not supported. Name an HTTP proxy")
    return check_url(value if "://" in value else f"http://{value}", with_login=True)


def check_no_proxy(value: str) -> str:
    """Return a list of hosts, domains, addresses and networks, each with an optional port; raises ValueError."""
    for entry in split_no_proxy(check_text(value)):
        host, _ = split_entry(entry)
        is_name = is_host(host.lstrip(".")) and "[" not in entry
        if entry != "*" and not (is_name or is_network(host)):
            raise ValueError(
                "has an entry that is not a host, domain, address or network. Separate entries with commas"
            )
    return value


def split_no_proxy(value: str) -> list[str]:
    """Return the entries of NO_PROXY, in lower case."""
    return [entry.lower() for entry in re.split(r"[,\s]+", value) if entry]


def split_entry(entry: str) -> tuple[str, int | None]:
    """Return an entry's host, domain or network (IPv6 without brackets) and its port, or None for any."""
    entry = entry.partition("://")[2] or entry
    if entry.startswith("*."):
        entry = entry[1:]
    if entry.startswith("["):
        host, _, rest = entry[1:].partition("]")
        entry, port = host + (rest if rest.startswith("/") else ""), rest.removeprefix(":")
    else:
        host, _, port = entry.partition(":")
        # more than one colon: an IPv6 address without brackets, which has no port
        entry, port = (entry, "") if ":" in port else (host, port)
    return entry, int(port) if port.isascii() and port.isdigit() else None


def is_network(text: str) -> bool:
    """Whether it is an IP address or network (`10.0.0.0/8`, `fd00::/8`)."""
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def check_certificates(value: str) -> str:
    """Return the path of a file of authorities; raises ValueError if it cannot be used."""
    check_text(value)
    try:
        _read_authorities(value, Path(value).stat().st_mtime_ns)
    except ssl.SSLError:
        raise ValueError("names a file without certificates. Name a file in PEM form") from None
    except OSError as error:
        raise ValueError(f"names a file that cannot be read ({error.strerror}). Correct or unset it") from None
    return value


@lru_cache(maxsize=8)
def _read_authorities(file: str, _changed: int) -> None:
    """Load a file of authorities, which takes forty milliseconds, once per modification."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)


def check_folder(value: str) -> str:
    """Return the path of an existing folder; raises ValueError for any other."""
    if not Path(check_text(value)).is_dir():
        raise ValueError("does not name a folder. Correct or unset it")
    return value


def check_name(value: str) -> str:
    """Return a name that PostgreSQL keeps in full; raises ValueError for one that it would truncate."""
    if len(check_text(value).encode()) > _LONGEST_NAME:
        raise ValueError(f"is longer than the {_LONGEST_NAME} bytes that PostgreSQL keeps of a name. Shorten it")
    return value


def check_host(value: str) -> str:
    """Return a host name, an IP address or a socket's folder; raises ValueError for any other."""
    if not is_host(check_ascii(value)):
        raise ValueError("is not a host. Set it to just the name, the IP address or the socket's folder")
    return value


def check_bucket(value: str) -> str:
    """Return the name of a bucket; raises ValueError if it is invalid."""
    if not _BUCKET.fullmatch(check_ascii(value)):
        raise ValueError("is not the name of a bucket. Use at most 255 letters, digits, dots and hyphens")
    return value


def check_lake_address(value: str) -> str:
    """Return the address of the lake, without a trailing slash: an absolute folder or `s3://bucket/prefix`; raises ValueError."""
    if check_text(value).startswith("/"):
        return value.rstrip("/") or "/"
    scheme, _, rest = value.partition("://")
    bucket, _, prefix = rest.partition("/")
    if scheme != "s3" or not _BUCKET.fullmatch(bucket) or (prefix and not _PREFIX.fullmatch(prefix)):
        raise ValueError("is neither an absolute folder nor s3://bucket/prefix")
    return value.rstrip("/")


def check_region(value: str) -> str:
    """Return the name of a region; raises ValueError if it is invalid."""
    if not _REGION.fullmatch(check_ascii(value)):
        raise ValueError("is not the name of a region. Use letters, digits and hyphens")
    return value


def _check_sslmode(value: str) -> str:
    try:
        return read_sslmode(value)
    except ConfigError as error:
        raise ValueError(str(error).removeprefix("DB_SSL ").rstrip(".")) from None


def _check_secret(check: Callable[[str], str]) -> AfterValidator:
    """Return a validator that passes on the result of the check, hidden again."""
    return AfterValidator(lambda secret: SecretStr(check(secret.get_secret_value())))


Text = Annotated[str, AfterValidator(check_text)]
Name = Annotated[str, AfterValidator(check_name)]
HostName = Annotated[str, AfterValidator(check_host)]
SslMode = Annotated[str, AfterValidator(_check_sslmode)]
Url = Annotated[str, AfterValidator(check_url)]
UrlWithLogin = Annotated[str, AfterValidator(lambda value: check_url(value, with_login=True))]
Bucket = Annotated[str, AfterValidator(check_bucket)]
LakeAddress = Annotated[str, AfterValidator(check_lake_address)]
Region = Annotated[str, AfterValidator(check_region)]
NoProxy = Annotated[str, AfterValidator(check_no_proxy)]
CertificateFile = Annotated[str, AfterValidator(check_certificates)]
Folder = Annotated[str, AfterValidator(check_folder)]
Key = Annotated[SecretStr, _check_secret(check_ascii)]
Token = Annotated[SecretStr, _check_secret(check_token)]
TokenList = Annotated[SecretStr, _check_secret(check_token_list)]
Password = Annotated[SecretStr, _check_secret(check_password)]
Proxy = Annotated[SecretStr, _check_secret(check_proxy)]
Webhook = Annotated[SecretStr, _check_secret(lambda value: check_url(value, with_login=True, with_query=True))]
