"""Exports come from the address that the vendor names, unless that address is unsafe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fundata_ingest.seed.local_load import LoadResult
from fundata_ingest.updates import downloads
from fundata_ingest.updates.update_api import FundataAccount, check_hosts
from sra_shared.kit.db import Pool
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.settings import FundataSettings
from sra_shared.runs import RunStatus
from sra_testing.hostile_vendor import NAVPS_HEADER, NAVPS_ROW
from sra_testing.small_server import QuietHandler, serve
from sra_testing.tls_web import Web, run_tls_web
from sra_testing.updates import make_step, update

SECRET_OF_THE_INSTANCE = b"ami-id\nsecret-access-key-of-the-instance\n"


@dataclass
class Api:
    """The update API: it responds correctly with `export_url`; `inside` is content of the internal network."""

    export_url: str = ""
    url: str = ""
    body: bytes = NAVPS_HEADER + NAVPS_ROW
    headers: dict[str, str] = field(default_factory=dict)
    login: Any = "made-up-token"
    requested: list[str] = field(default_factory=list)
    fundata_auth_url: str = ""
    fundata_api_url: str = ""


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()

    class Handler(QuietHandler):
        def do_POST(self) -> None:  # noqa: N802 - a name of http.server
            self.rfile.read(int(self.headers["Content-Length"]))
            self.respond(json.dumps({"token": made.login}).encode())

        def do_GET(self) -> None:  # noqa: N802 - a name of http.server
            made.requested.append(self.path)
            if self.path.startswith("/getresults/"):
                self.respond(json.dumps({"status": "Succeeded", "url": made.export_url}).encode())
            elif self.path.startswith("/fund/"):
                self.respond(json.dumps({"execution_id": f"e{len(made.requested)}"}).encode())
            elif self.path.startswith("/latest/"):
                self.respond(SECRET_OF_THE_INSTANCE)
            else:
                self.respond(made.body, made.headers)

        def respond(self, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(200)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with serve(Handler) as url:
        made.url = made.fundata_auth_url = made.fundata_api_url = url
        yield made


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A TLS server under a name, which counts as public."""
    with run_tls_web(tmp_path) as running:
        running.handler.body = NAVPS_HEADER + NAVPS_ROW
        monkeypatch.setattr(downloads, "PublicDownloads", running.open)
        yield running


async def load(dsn: str, api: Api, root: Path, **account: Any) -> LoadResult:
    step = make_step(api, root, **account)  # type: ignore[arg-type] - it uses only two addresses of the stand-in
    return await update(dsn, step, **{"from": "2025-01-01"})


async def read_everything(pool: Pool) -> str:
    """Return all that errors, alerts and the ledger show."""
    tables = ("task_execution_log", "run_unit", "fundata_export", "field_warning", "rejected_record")
    rows = [row["t"] for table in tables for row in await pool.fetch(f"SELECT t::text AS t FROM {table} t")]  # noqa: S608
    return "\n".join(rows)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://169.254.169.254/latest/meta-data/", "not https"),
        ("https://169.254.169.254/latest/meta-data/", "no public address"),
        ("https://[::ffff:127.0.0.1]/latest/", "no public address"),
        ("https://user:pass@exports.example/x", "user info"),
        ("https://localhost/latest/", "this machine"),
        ("{own}/latest/meta-data/", "not https"),
        ("file:///etc/passwd", "is not an address"),
        ("https://\ud800/", "is not an address"),
        ("https://a\x00\x1b[31mb/", "is not an address"),
        ("", "is not an address"),
    ],
)
async def test_an_internal_address_is_refused_and_its_content_not_shown(
    database: str, pool: Pool, api: Api, tmp_path: Path, url: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    api.export_url = url.replace("{own}", api.url)
    result = await load(database, api, tmp_path)
    assert result.task.status == RunStatus.FAILED
    assert words in result.errors[0]
    assert result.errors[0].isprintable()
    shown = await read_everything(pool) + caplog.text
    assert "secret-access-key" not in shown
    assert "ami-id" not in shown
    assert not any(path.startswith("/latest/") for path in api.requested)


async def test_an_export_is_fetched_without_our_token_and_a_new_host_is_a_warning_once(
    database: str, pool: Pool, api: Api, web: Web, tmp_path: Path
) -> None:
    api.export_url = f"{web.base}/x.csv?signature=1"
    result = await load(database, api, tmp_path)
    assert result.task.status == RunStatus.COMPLETED, result.errors
    assert result.units[0].counts.warnings_by == {"new_export_host": 1}
    row = await pool.fetchrow("SELECT field, value, reason FROM field_warning")
    assert tuple(row) == ("url", "exports.example", "new_export_host")
    assert not any("token" in str(headers) or "authorization" in headers for _, headers in web.handler.seen)
    api.export_url = f"{web.base.replace('exports.example', 'EXPORTS.example.')}/x.csv"
    again = await load(database, api, tmp_path)
    assert (again.task.status, again.units[0].counts.warnings_by) == (RunStatus.COMPLETED, {})


async def test_listed_hosts_are_the_only_ones_and_no_warning(
    database: str, pool: Pool, api: Api, web: Web, tmp_path: Path
) -> None:
    api.export_url = f"{web.base}/x.csv"
    result = await load(database, api, tmp_path, export_hosts=("others.example",))
    assert result.task.status == RunStatus.FAILED
    assert "not one of the hosts in FUNDATA_EXPORT_HOSTS" in result.errors[0]
    assert web.handler.seen == []
    result = await load(database, api, tmp_path, export_hosts=(".example",))
    assert result.task.status == RunStatus.COMPLETED, result.errors
    assert await pool.fetchval("SELECT count(*) FROM field_warning") == 0


async def test_a_redirect_into_our_network_is_refused(
    database: str, pool: Pool, api: Api, web: Web, tmp_path: Path
) -> None:
    api.export_url, web.handler.location = f"{web.base}/go", f"{api.url}/latest/meta-data/"
    result = await load(database, api, tmp_path)
    assert result.task.status == RunStatus.FAILED
    assert "not https" in result.errors[0]
    assert "secret-access-key" not in await read_everything(pool)


async def test_a_sandbox_takes_its_own_stand_in_and_no_other(
    sandbox_database: str, pool: Pool, api: Api, tmp_path: Path
) -> None:
    api.export_url = f"{api.url}/x.csv"
    result = await load(sandbox_database, api, tmp_path)
    assert result.task.status == RunStatus.COMPLETED, result.errors
    assert await pool.fetchval("SELECT count(*) FROM field_warning") == 0
    api.export_url = "http://127.0.0.1:9/x.csv"
    assert (await load(sandbox_database, api, tmp_path)).task.status == RunStatus.FAILED


async def test_an_export_that_is_too_large_is_an_error_and_leaves_nothing(
    sandbox_database: str, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    api.export_url, api.body = f"{api.url}/x.csv", NAVPS_HEADER + NAVPS_ROW * 100
    result = await load(sandbox_database, api, tmp_path, most_bytes=2000)
    assert result.task.status == RunStatus.FAILED
    assert "DOWNLOAD_MAX_MB" in result.errors[0]
    assert list(room.iterdir()) == []


@pytest.mark.parametrize("login", ["tok\nen", "\ud800", 7, "x" * 9000])
async def test_a_login_without_a_token_is_an_error(
    sandbox_database: str, api: Api, tmp_path: Path, login: object
) -> None:
    api.login = login
    result = await load(sandbox_database, api, tmp_path)
    assert result.task.status == RunStatus.FAILED
    assert "login returned no usable response" in result.errors[0]


async def test_json_with_unstorable_text_is_quarantined_and_the_rest_stored(
    sandbox_database: str, pool: Pool, api: Api, tmp_path: Path
) -> None:
    good = '{"identifier":"1","Date":"2025-01-02","NAVPS":"10"}'
    bad = [
        '{"identifier":"2","Date":"2025-01-02","NAVPS":"10","note":"\\ud800"}',
        '{"identifier":"\\udc00","Date":"2025-01-02","NAVPS":"10"}',
        '{"identifier":"3","Date":"2025-01-02","NAVPS":"10","api_version":"\\ud800"}',
        '{"identifier":"3","Date":"2025-01-02","NAVPS":"10","\\ud800":["\\udfff"]}',
        '["\\ud800"]',
        '"\\ud800"',
    ]
    api.export_url, api.body = f"{api.url}/x.json", f"[{','.join([good, *bad])}]".encode()
    result = await load(sandbox_database, api, tmp_path, export_hosts=())
    counts = result.units[0].counts
    assert (counts.stored, counts.rejected_by) == (1, {"bad_encoding": 6}), result.errors
    assert await pool.fetchval("SELECT count(*) FROM fundata_quotes") == 1


def test_the_vendor_with_a_dot_is_the_vendor_and_an_odd_address_names_its_setting() -> None:
    account = FundataAccount(
        FundataSettings().fundata_access_key_id, None, "https://x.fundataapi.com.", "https://y.example"
    )  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="sandbox"):
        check_hosts(account, is_sandbox=True)
    with pytest.raises(ConfigError, match="FUNDATA_API_URL"):
        check_hosts(FundataAccount(None, None, "https://y.example", "https://[::1"), is_sandbox=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("hosts", ["https://exports.example", "exports.example:443", "a b.example", "user@h.example"])
def test_invalid_hosts_are_refused_at_the_start(hosts: str) -> None:
    with pytest.raises(ValueError, match="is not a host"):
        FundataSettings(fundata_export_hosts=hosts)
    assert FundataSettings(fundata_export_hosts="a.example, .b.example ,").export_hosts == ("a.example", ".b.example")
