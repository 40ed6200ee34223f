"""Every parameter that a libpq address may contain (PostgreSQL 18), and how it is handled here.

The source is the list of parameter keywords in PostgreSQL's documentation, "Database Connection Control Functions". asyncpg
knows less than half of them and sends the others to the server, which then refuses the connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

OLDEST_CLIENT = 15


class Fate(StrEnum):
    """How a parameter is handled."""

    TRANSLATED = "translated"
    DROPPED = "dropped"
    REFUSED = "refused"


class Form(StrEnum):
    """The form of a parameter's value."""

    TEXT = "text"
    NUMBER = "number"
    FILE = "file"
    FOLDER = "folder"


@dataclass(frozen=True)
class Parameter:
    """One parameter: its fate, its accepted values (none listed: any of its form), and how it is handled.

    `since` is the first major version of libpq that knows it, 15 for all older ones; `meaning` ends with a full stop.
    """

    name: str
    fate: Fate
    meaning: str
    form: Form = Form.TEXT
    values: tuple[str, ...] = ()
    since: int = OLDEST_CLIENT


_NO = ("0", "false", "no", "off")
_TLS_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_FILE_READ = "The file must be readable."
_T, _D, _R = Fate.TRANSLATED, Fate.DROPPED, Fate.REFUSED

PARAMETERS: tuple[Parameter, ...] = (
    Parameter("host", _T, "One or more names, addresses or folders of sockets; they are tried in order."),
    Parameter(
        "hostaddr",
        _T,
        "Address to connect to instead of `host`. Not with `sslmode=verify-full`, which checks the name.",
    ),
    Parameter("port", _T, "One for all hosts, or one for each."),
    Parameter("dbname", _T, "The database, if the path names none."),
    Parameter("user", _T, "The user, if it is not given before the host."),
    Parameter("password", _T, "The password, if it is not given before the host."),
    Parameter("passfile", _T, "File to read the password from if the address has none. " + _FILE_READ, Form.FILE),
    Parameter("require_auth", _R, "Login methods cannot be restricted here: restrict them in pg_hba.conf.", since=16),
    Parameter(
        "channel_binding",
        _T,
        "`require` becomes TLS with a checked certificate: against `sslrootcert`, else against the system's authorities.",
        values=("disable", "prefer", "require"),
    ),
    Parameter("connect_timeout", _T, "Seconds for each host; 10 if it is 0 or not given.", Form.NUMBER),
    Parameter("client_encoding", _D, "Sessions always use UTF-8."),
    Parameter("options", _T, "Sent to the server. Settings of the session itself take precedence."),
    Parameter("application_name", _D, "Each session sets its own name, because workers are identified by it."),
    Parameter("fallback_application_name", _D, "Each session sets its own name."),
    Parameter("keepalives", _T, "0 turns off the client's TCP keepalives.", values=("0", "1")),
    Parameter("keepalives_idle", _T, "Seconds before the first keepalive.", Form.NUMBER),
    Parameter("keepalives_interval", _T, "Seconds between two keepalives.", Form.NUMBER),
    Parameter("keepalives_count", _T, "Number of unanswered keepalives that ends the connection.", Form.NUMBER),
    Parameter("tcp_user_timeout", _T, "Milliseconds until unacknowledged data ends the connection.", Form.NUMBER),
    Parameter("replication", _D, "Sessions are ordinary ones; a replication connection is refused.", values=_NO),
    Parameter("gssencmode", _D, "GSSAPI encryption is never used.", values=("disable", "prefer")),
    Parameter(
        "sslmode",
        _T,
        "As in libpq. `ssl=true` and similar spellings are accepted too.",
        values=("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    ),
    Parameter("sslnegotiation", _T, "As in libpq.", values=("postgres", "direct"), since=17),
    Parameter("sslcompression", _D, "No server compresses TLS any more.", values=("0", "1")),
    Parameter("sslcert", _T, "Certificate of the client. " + _FILE_READ, Form.FILE),
    Parameter("sslkey", _T, "Key of the client's certificate. " + _FILE_READ, Form.FILE),
    Parameter("sslkeylogfile", _D, "TLS secrets are never written to a file.", since=18),
    Parameter("sslpassword", _T, "Password of `sslkey`."),
    Parameter("sslcertmode", _T, "`disable` sends no client certificate.", values=("disable", "allow"), since=16),
    Parameter(
        "sslrootcert",
        _T,
        "Authorities that the server's certificate is checked by, or `system`. " + _FILE_READ,
        Form.FILE,
    ),
    Parameter("sslcrl", _T, "List of revoked certificates. " + _FILE_READ, Form.FILE),
    Parameter("sslcrldir", _T, "Folder of such lists, as `openssl rehash` names them.", Form.FOLDER),
    Parameter("sslsni", _D, "The server's name is always sent.", values=("0", "1")),
    Parameter(
        "requirepeer", _R, "The owner of a socket is not checked: restrict access to the socket's folder instead."
    ),
    Parameter("ssl_min_protocol_version", _T, "Oldest version of TLS.", values=_TLS_VERSIONS),
    Parameter("ssl_max_protocol_version", _T, "Newest version of TLS.", values=_TLS_VERSIONS),
    Parameter("min_protocol_version", _D, "Sessions use protocol 3.0.", values=("3.0",), since=18),
    Parameter("max_protocol_version", _D, "Sessions use protocol 3.0.", values=("3.0", "3.2", "latest"), since=18),
    Parameter("krbsrvname", _D, "GSSAPI logins are not supported."),
    Parameter("gsslib", _D, "GSSAPI logins are not supported."),
    Parameter("gssdelegation", _D, "GSSAPI logins are not supported.", values=("0",), since=16),
    Parameter("scram_client_key", _R, "A login needs the password itself.", since=18),
    Parameter("scram_server_key", _R, "A login needs the password itself.", since=18),
    Parameter("service", _R, "Service files are not read: put the parameters into DATABASE_URL."),
    Parameter(
        "target_session_attrs",
        _T,
        "Which of the hosts is used. The other values accept a read-only server, but SRA Data writes.",
        values=("any", "read-write", "primary"),
    ),
    Parameter(
        "load_balance_hosts", _T, "`random` tries the hosts in random order.", values=("disable", "random"), since=16
    ),
    Parameter("oauth_issuer", _R, "OAuth logins are not supported.", since=18),
    Parameter("oauth_client_id", _R, "OAuth logins are not supported.", since=18),
    Parameter("oauth_client_secret", _R, "OAuth logins are not supported.", since=18),
    Parameter("oauth_scope", _R, "OAuth logins are not supported.", since=18),
)
BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


def find_fault(name: str, value: str) -> tuple[str, str] | None:
    """Return the fault of a parameter of DATABASE_URL and the next step, without its value; None if it is valid.

    Files are checked by their users.
    """
    parameter = BY_NAME.get(name)
    if parameter is None:
        return (
            "DATABASE_URL has a parameter that PostgreSQL's libpq does not know"
            + (f", {name}." if name.isascii() and name.replace("_", "").isalnum() and len(name) <= 40 else "."),
            "Omit it; write a server setting as options=-c%20name%3Dvalue.",
        )
    if parameter.fate is Fate.REFUSED:
        return f"DATABASE_URL has {name}, which cannot be used.", f"Omit it. {parameter.meaning}"
    if parameter.values and value not in parameter.values:
        return (
            f"DATABASE_URL has {name} with a value that cannot be used.",
            f"Use one of: {', '.join(parameter.values)}. {parameter.meaning}",
        )
    digits = value.removeprefix("-")
    if parameter.form is Form.NUMBER and not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        return f"DATABASE_URL has {name}, which is not a number.", "Use digits only."
    return None


def render_table() -> str:
    """Return the parameters as a Markdown table, for the documentation."""
    rows = ["| parameter | is | accepted values | how it is handled |", "|---|---|---|---|"]
    for each in PARAMETERS:
        values = ", ".join(f"`{value}`" for value in each.values)
        if not values and each.fate is not Fate.REFUSED:
            values = {Form.NUMBER: "a number", Form.FILE: "a file", Form.FOLDER: "a folder"}.get(each.form, "any")
        rows.append(f"| `{each.name}` | {each.fate} | {values or 'none'} | {each.meaning} |")
    return "\n".join(rows) + "\n"
