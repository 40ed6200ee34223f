"""Invalid values of every setting: exit code 5, the variable named, its value never repeated."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from pydantic_settings import BaseSettings

from sra_cli.app import run
from sra_cli.settings import CommandSettings, build_environment
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.http import is_direct, make_outbound_transport
from sra_shared.kit.settings import (
    SETTINGS_CLASSES,
    FmpSettings,
    OutboundSettings,
    PeerSettings,
    check_settings,
    list_own_fields,
    read_settings,
)

CANARY = "canary99"
NOWHERE = "postgresql://u:p@127.0.0.1:1/d"
KINDS: tuple[type[BaseSettings], ...] = (*SETTINGS_CLASSES, CommandSettings)
DECLARED = {name.upper(): kind for kind in KINDS for name in list_own_fields(kind)}

TEXT = (f"{CANARY}\nx", f"{CANARY}\x07", f"{CANARY}\udcff")
TOKEN = (*TEXT, f"\u201c{CANARY}\u201d", f"'{CANARY}'", f"{CANARY}\u00e9")
KEY = (*TOKEN, f"{CANARY} {CANARY}")
PASSWORD = (*TEXT, f"\u201c{CANARY}\u201d")
ADDRESS = (
    *(
        f"https://{CANARY}.example\nX-Header: 1",
        f"\u2018https://{CANARY}.example\u2019",
        f"https://{CANARY}\u00e9.example",
    ),
    *(f"ftp://{CANARY}.example", f"https://{CANARY}.example:0", f"https://{CANARY}.example:70000", "https://"),
    *(
        f"https://{CANARY}.example:port",
        f"https://{CANARY}..example",
        f"https://[{CANARY}",
        f"https://{CANARY} .example",
    ),
)
BASE = (*ADDRESS, f"https://user:{CANARY}@host.example", f"https://host.example/?key={CANARY}")
NUMBER = (CANARY, "1.5", "-1", "99999999")
SHARE = (CANARY, "-0.1", "1.1", "NaN", "Infinity")
WORD = (CANARY,)
PROXY = (*ADDRESS, f"socks5://{CANARY}:1080", f"SOCKS5h://{CANARY}:1080")
CRON = (f"{CANARY} * * * *", "61 * * * *", "0 2 * *", "0 0 30 2 *", "R * * * *")
ADDRESS_OF_DATABASE = (
    f"postgresql://u:{CANARY}@h/d\nx",
    f"\u201cpostgresql://u:{CANARY}@h/d\u201d",
    f"postgresql://u:{CANARY}\u00e9@h/d",
    f"mysql://u:{CANARY}@h/d",
    f"postgresql://u:{CANARY}@h",
    f"postgresql://u:{CANARY}@h/d?oauth_scope={CANARY}",
    f"postgresql://u:{CANARY}@h/d?unheard_of={CANARY}",
    f"postgresql://u:{CANARY}@h/d?sslrootcert=/{CANARY}",
    f"host=h password={CANARY}",
)

BAD: dict[str, tuple[str, ...]] = {
    "DATABASE_URL": ADDRESS_OF_DATABASE,
    "DB_HOST": (*KEY, f"postgres://{CANARY}", f"{CANARY}:5432", f"{CANARY}..x"),
    "DB_PORT": (*NUMBER, "0"),
    "DB_NAME": (*TEXT, CANARY * 8),
    "DB_USER": (*TEXT, CANARY * 8),
    "DB_PASSWORD": PASSWORD,
    "DB_SSL": WORD,
    "DB_POOL_MIN_SIZE": NUMBER,
    "DB_POOL_MAX_SIZE": NUMBER,
    "SRA_READER_PASSWORD": PASSWORD,
    "SRA_READER_MAX_SECONDS": (*NUMBER, "0"),
    "DB_ADMIN_USER": (*TEXT, CANARY * 8),
    "DB_ADMIN_PASSWORD": PASSWORD,
    "PORT": NUMBER,
    "SRA_ENV": WORD,
    "SRA_SANDBOX": WORD,
    "SRA_SERVICE_TOKEN": TOKEN,
    "SRA_VIEWER_TOKEN": TOKEN,
    "SRA_TOKENS": (
        *(*TOKEN, f"eve:viewer:'{CANARY}'", f"eve:{CANARY}", f"eve:owner:{CANARY}", f"e v e:viewer:{CANARY}"),
        *("eve:viewer:", f":viewer:{CANARY}", f"eve:viewer:{CANARY},", f"Service:viewer:{CANARY}"),
        *(f"eve:viewer:{CANARY},Eve:viewer:2", f"eve:viewer:{CANARY},bob:operator:{CANARY}"),
    ),
    "LOG_LEVEL": WORD,
    "LOG_FORMAT": WORD,
    "FMP_INGEST_URL": BASE,
    "FUNDATA_INGEST_URL": BASE,
    "VIEW_BUILDER_URL": BASE,
    "TRUSTED_PROXIES": NUMBER,
    "REJECT_LIMIT": SHARE,
    "DROP_LIMIT": SHARE,
    "DOWNLOAD_MAX_MB": (*NUMBER, "0"),
    "HTTP_PROXY": PROXY,
    "HTTPS_PROXY": PROXY,
    "ALL_PROXY": PROXY,
    "NO_PROXY": (*TEXT[1:], f"[{CANARY}]", f"{CANARY}/8", f"a..{CANARY}"),
    "SSL_CERT_FILE": (*TEXT, f"/no/such/{CANARY}", "/dev/null"),
    "SSL_CERT_DIR": (*TEXT, f"/no/such/{CANARY}"),
    "FMP_API_KEY": KEY,
    "FMP_BASE_URL": BASE,
    "FMP_MAX_CALLS_PER_MINUTE": NUMBER,
    "FMP_BULK_CALLS_PER_MINUTE": NUMBER,
    "FMP_HISTORY_YEARS": NUMBER,
    "FMP_BACKFILL_SHARE": (*SHARE, "0"),
    "FUNDATA_ACCESS_KEY_ID": KEY,
    "FUNDATA_SECRET_ACCESS_KEY": KEY,
    "FUNDATA_AUTH_URL": BASE,
    "FUNDATA_API_URL": BASE,
    "FUNDATA_OVERLAP_DAYS": NUMBER,
    "FUNDATA_EXPORT_HOSTS": (*TEXT, f"https://{CANARY}/", f"{CANARY}:443", f"{CANARY}..x", f"a.example, {CANARY}/x"),
    "FUNDATA_BASE_PATH": TEXT,
    "FUNDATA_DATA_PATH": TEXT,
    "FUNDATA_QUOTES_PATH": TEXT,
    "LFS_URL": (*ADDRESS, f"https://host.example/?key={CANARY}"),
    "LFS_TOKEN": KEY,
    "SEED_BASE_URL": BASE,
    "SEED_BUCKET": (*KEY, f"s3://{CANARY}", f"{CANARY}/x"),
    "SEED_REGION": (*KEY, f"{CANARY}/1"),
    "SEED_ACCESS_KEY_ID": KEY,
    "SEED_SECRET_ACCESS_KEY": KEY,
    "SEED_MANIFEST": TEXT,
    "LAKE_URL": (*TEXT, CANARY, f"https://{CANARY}", f"s3://{CANARY}/a b", "s3://", f"s3://_{CANARY}"),
    "LAKE_ENDPOINT": BASE,
    "LAKE_REGION": (*KEY, f"{CANARY}/1"),
    "LAKE_ACCESS_KEY_ID": KEY,
    "LAKE_SECRET_ACCESS_KEY": KEY,
    "LAKE_KEEP_BUILDS": (*NUMBER, "0"),
    "LAKE_GRACE_HOURS": (*NUMBER, "4"),
    "REFRESH_CRON": (*TEXT, *CRON),
    "WEEKLY_CRON": (*TEXT, *CRON),
    "REFRESH_TIMEZONE": (*TEXT, f"Mars/{CANARY}", f"../{CANARY}"),
    "REFRESH_WINDOW_MINUTES": (*NUMBER, "0"),
    "ALERT_WEBHOOK_URL": ADDRESS,
    "ALERT_FORM": WORD,
    "DASHBOARD_URL": BASE,
    "RENDER_EXTERNAL_URL": BASE,
    "LEDGER_RETENTION_DAYS": NUMBER,
    "PG_BIN": (*TEXT, f"/no/such/{CANARY}"),
    "GATEWAY_URL": BASE,
    "CI": WORD,
}
CONTRADICTIONS: tuple[Mapping[str, str], ...] = (
    {"DB_POOL_MIN_SIZE": "9", "DB_POOL_MAX_SIZE": "8"},
    {"FUNDATA_ACCESS_KEY_ID": CANARY},
    {"SEED_ACCESS_KEY_ID": CANARY, "SEED_BUCKET": "bucket"},
    {"SEED_BASE_URL": f"https://{CANARY}.example"},
    {"LAKE_ACCESS_KEY_ID": CANARY, "LAKE_URL": "s3://bucket"},
    {"LAKE_REGION": "eu-west-1", "LAKE_URL": f"/{CANARY}"},
    {"LFS_TOKEN": CANARY},
    {"SRA_VIEWER_TOKEN": CANARY, "SRA_TOKENS": f"eve:viewer:{CANARY}"},
)


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in DECLARED:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    # nothing listens there, so that a wrongly accepted value ends at once
    monkeypatch.setenv("DATABASE_URL", NOWHERE)


def test_every_setting_has_a_row() -> None:
    assert list(BAD) == list(DECLARED)


@pytest.mark.parametrize("name", BAD)
def test_bad_values_are_refused_by_the_name_of_the_setting(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    # settings of a stack are checked by `up`, before its home is made; what only commands know, by one of these
    words = ["refresh"] if DECLARED[name] is CommandSettings else ["up", "--home", str(tmp_path / "home")]
    for value in BAD[name]:
        monkeypatch.setenv(name, value)
        assert run([*words, "--json"]) == 5, repr(value)
        said = capsys.readouterr()
        assert name in json.loads(said.out)["error"], repr(value)
        assert CANARY not in said.out + said.err, repr(value)
        assert "Traceback" not in said.err
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("given", CONTRADICTIONS, ids=lambda given: next(iter(given)))
def test_contradictions_are_refused_by_the_names_of_the_settings(
    given: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=next(iter(given))) as raised:
        check_settings(*SETTINGS_CLASSES)
    assert CANARY not in str(raised.value)


def test_the_first_fault_in_the_order_of_the_settings_is_the_one_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = {
        "FMP_API_KEY": "a b",
        "VIEW_BUILDER_URL": "ftp://h",
        "PORT": "x",
        "DB_SSL": "maybe",
        "DATABASE_URL": "a b",
    }
    for name, value in faults.items():
        monkeypatch.setenv(name, value)
    for name in reversed(faults):
        with pytest.raises(ConfigError) as raised:
            check_settings(*reversed(SETTINGS_CLASSES))
        assert [each for each in faults if each in str(raised.value)] == [name]
        monkeypatch.delenv(name)


def test_blanks_around_a_value_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FMP_API_KEY", " a-key\r\n")
    monkeypatch.setenv("FMP_MAX_CALLS_PER_MINUTE", " 7 ")
    monkeypatch.setenv("FMP_BASE_URL", "\thttps://h.example/stable/ ")
    monkeypatch.setenv("VIEW_BUILDER_URL", " builder:8083 ")
    monkeypatch.setenv("FMP_HISTORY_YEARS", "   ")
    settings = read_settings(FmpSettings)
    assert settings.fmp_api_key is not None
    assert settings.fmp_api_key.get_secret_value() == "a-key"
    assert (settings.fmp_base_url, settings.fmp_max_calls_per_minute) == ("https://h.example/stable", 7)
    assert (settings.fmp_history_years, "fmp_history_years" in settings.model_fields_set) == (10, False)
    assert read_settings(PeerSettings).view_builder_url == "http://builder:8083"


@pytest.mark.parametrize(
    ("url", "no_proxy", "expected"),
    [
        ("https://api.example", "example", True),
        ("https://api.example", ".example", True),
        ("https://api.example", "*.example", True),
        ("https://apiexample", "example", False),
        ("https://api.example", "other, api.example:443", True),
        ("https://api.example", "api.example:8443", False),
        ("https://[fd00::7]/x", "[fd00::7]", True),
        ("https://[fd00::7]:8443/x", "[fd00::7]:8443", True),
        ("https://[fd00::7]/x", "::1,fd00::/8", True),
        ("https://[fd00::7]/x", "fd01::/16", False),
        ("http://10.1.2.3", "10.0.0.0/8", True),
        ("http://11.1.2.3", "10.0.0.0/8 11.1.2.4", False),
        ("http://anything", "*", True),
        ("http://anything", "", False),
    ],
)
def test_no_proxy_takes_hosts_domains_addresses_and_networks(url: str, no_proxy: str, expected: bool) -> None:
    assert is_direct(httpx.URL(url), no_proxy) is expected


async def test_calls_use_the_configured_proxy_except_for_hosts_in_no_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # nobody listens at either port: the address in the error shows which way was taken
    monkeypatch.setenv("ALL_PROXY", "127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "localhost,[::1]")
    transport = make_outbound_transport(read_settings(OutboundSettings))
    async with httpx.AsyncClient(transport=transport) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("http://vendor.invalid/")
        with pytest.raises(httpx.ConnectError):
            await client.get("http://[::1]:2/")


PROCESSES: dict[str, tuple[tuple[str, ...], dict[str, str], str]] = {
    "no number": (("gateway",), {"PORT": CANARY}, "PORT"),
    "quotes in a key": (("fmp_ingest",), {"FMP_API_KEY": f"\u201c{CANARY}\u201d"}, "FMP_API_KEY"),
    "parameter of the database": (
        ("sra_shared.migrate",),
        {"DATABASE_URL": f"postgresql://u:{CANARY}@h/d?service=x"},
        "service",
    ),
    "missing authorities": (("sra_cli", "fmp", "universe"), {"SSL_CERT_FILE": f"/{CANARY}"}, "SSL_CERT_FILE"),
    "half a pair": (("sra_cli", "up"), {"FUNDATA_ACCESS_KEY_ID": CANARY}, "FUNDATA_SECRET_ACCESS_KEY"),
}


@pytest.mark.parametrize("fault", PROCESSES)
def test_a_process_exits_with_5_before_it_connects_to_anything(fault: str) -> None:
    words, settings, name = PROCESSES[fault]
    # a process that connected to the database would exit with 1, or wait for it
    environment = {"DATABASE_URL": NOWHERE, **settings}
    done = subprocess.run(
        [sys.executable, "-m", *words], env=build_environment(environment), capture_output=True, text=True, check=False
    )
    assert done.returncode == 5, done.stderr
    assert name in done.stderr
    assert CANARY not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder away")
def test_a_home_of_another_user_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="sra-") as folder:
        os.chown(folder, 65534, 65534)
        for words in (["up"], ["migrate"], ["status"], ["refresh"]):
            assert run([*words, "--home", folder]) == 5, words
            result = capsys.readouterr().err
            assert "belongs to another user" in result
            assert folder in result
        assert list(Path(folder).iterdir()) == []
