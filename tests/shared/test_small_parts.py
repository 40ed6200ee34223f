"""Addresses, settings, counts and redaction."""

from __future__ import annotations

import io
import json
import logging
import platform
import secrets
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sra_shared.kit.database.dsn import build_dsn, normalise_dsn, read_password, redact_dsn
from sra_shared.kit.errors import ConfigError, FatalError
from sra_shared.kit.logs import configure_logs, get_logger, hide_secrets, redact_text
from sra_shared.kit.settings import DatabaseSettings, FundataSettings, PeerSettings, ScheduleSettings, ServiceSettings
from sra_shared.kit.tokens import find_weakness
from sra_shared.runs.counts import Counts
from sra_shared.service import limit


@pytest.mark.parametrize(
    "address",
    [
        "postgres://u:p@h:5432/d?sslmode=require",
        "postgresql://u:p@h:5432/d?sslmode=require",
        "postgresql+asyncpg://u:p@h:5432/d?ssl=require",
        "postgresql+psycopg://u:p@h:5432/d?ssl=true",
    ],
)
def test_every_spelling_of_an_address_becomes_one(address: str) -> None:
    assert normalise_dsn(address) == "postgresql://u:p@h:5432/d?sslmode=require"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("postgresql:///d?host=/run/postgresql", "postgresql:///d?host=/run/postgresql"),
        ("postgres:///d?host=%2Frun%2Fp&user=u&password=p%26", "postgresql://u:p%26@/d?host=/run/p"),
        ("postgres://u@/d?host=/run/p&port=5433", "postgresql://u@/d?host=/run/p&port=5433"),
        ("postgres://u:p@x@h/d", "postgresql://u:p%40x@h/d"),
        ("postgres://u:p@[::1]:5433/d", "postgresql://u:p@[::1]:5433/d"),
        ("postgres://u:p@h1:5432,h2:5433/d", "postgresql://u:p@h1:5432,h2:5433/d"),
    ],
)
def test_sockets_and_unusual_hosts_are_kept(address: str, expected: str) -> None:
    assert normalise_dsn(address) == expected
    assert normalise_dsn(expected) == expected


@pytest.mark.parametrize(
    "address",
    [
        "mysql://u:secret99@h/d",
        "postgres://u:secret99@h",
        "postgres://u:secret99@h/d?sslmode=maybe",
        "postgres://u:[secret99@h/d",
        "postgres://u:secret99/x@h/d",
        "postgres://u:5432/secret99@h/d",
        "postgres://u:secret99#x@h/d",
        "postgres://u:secret99@h:port/d",
        "postgres://u:secret99@h:70000/d",
        "postgres://u:secret99@h/d?port=0",
    ],
)
def test_bad_address_is_refused_without_its_password(address: str) -> None:
    with pytest.raises(ConfigError, match="DATABASE_URL") as raised:
        normalise_dsn(address)
    assert "secret99" not in str(raised.value)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("::1", "postgresql://u@[::1]:5432/d"),
        ("/run/postgresql", "postgresql://u@/d?host=/run/postgresql&port=5432"),
    ],
)
def test_host_may_be_an_address_or_a_folder(host: str, expected: str) -> None:
    assert build_dsn(host=host, port=5432, name="d", user="u", password=None, ssl=None) == expected


def test_an_invalid_host_is_refused_by_the_name_of_its_variable() -> None:
    with pytest.raises(ConfigError, match="DB_HOST"):
        build_dsn(host="postgres://h", port=5432, name="d", user="u", password=None, ssl=None)


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=30))
def test_any_password_survives_the_address(password: str) -> None:
    dsn = build_dsn(host="h", port=5432, name="d", user="u", password=password, ssl=None)
    assert read_password(dsn) == password
    assert redact_dsn(dsn) == "postgresql://u:***@h:5432/d"
    assert normalise_dsn(dsn) == dsn


def test_parts_make_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "DB_PORT", "DB_NAME", "DB_USER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DB_HOST", "db.example")
    monkeypatch.setenv("DB_PASSWORD", "p@ss/word")
    monkeypatch.setenv("DB_SSL", "true")
    assert DatabaseSettings().dsn == "postgresql://sra:p%40ss%2Fword@db.example:5432/sra_data?sslmode=require"


def test_contradictory_settings_name_their_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_POOL_MIN_SIZE", "9")
    monkeypatch.setenv("DB_POOL_MAX_SIZE", "8")
    with pytest.raises(ValidationError, match="DB_POOL_MIN_SIZE"):
        DatabaseSettings()
    monkeypatch.setenv("FUNDATA_ACCESS_KEY_ID", "only-half")
    monkeypatch.delenv("FUNDATA_SECRET_ACCESS_KEY", raising=False)
    with pytest.raises(ValidationError, match="FUNDATA_SECRET_ACCESS_KEY"):
        FundataSettings()
    monkeypatch.setenv("REFRESH_TIMEZONE", "Mars/Olympus")
    with pytest.raises(ValidationError, match="REFRESH_TIMEZONE"):
        ScheduleSettings()


def test_production_needs_two_real_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SRA_ENV", "production")
    for name in ("SRA_SERVICE_TOKEN", "SRA_VIEWER_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match="SRA_SERVICE_TOKEN"):
        ServiceSettings().check_production()
    token, other = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    monkeypatch.setenv("SRA_SERVICE_TOKEN", token)
    with pytest.raises(ConfigError, match="SRA_VIEWER_TOKEN"):
        ServiceSettings().check_production()
    monkeypatch.setenv("SRA_VIEWER_TOKEN", token)
    with pytest.raises(ConfigError, match="equals"):
        ServiceSettings().check_production()
    monkeypatch.setenv("SRA_VIEWER_TOKEN", "sandbox-only-viewer-token")
    with pytest.raises(ConfigError, match="SRA_VIEWER_TOKEN"):
        ServiceSettings().check_production()
    monkeypatch.setenv("SRA_VIEWER_TOKEN", other)
    ServiceSettings().check_production()


@pytest.mark.parametrize(
    "token",
    [
        *("x" * 32, "ab" * 16, "0123456789abcdef0123", "aaaaaaaabbbbbbbb1", "short-9aF3", "myveryownpassphrase"),
        *("correct horse battery", "Summer-Password-2026", "my-service-token-1", "1111222233334444"),
    ],
)
def test_production_refuses_a_token_that_is_easy_to_guess(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SRA_ENV", "production")
    monkeypatch.setenv("SRA_SERVICE_TOKEN", token)
    monkeypatch.setenv("SRA_VIEWER_TOKEN", secrets.token_hex(16))
    with pytest.raises(ConfigError, match="SRA_SERVICE_TOKEN") as caught:
        ServiceSettings().check_production()
    assert token not in str(caught.value)


def test_production_holds_named_tokens_to_the_same_strength(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SRA_ENV", "production")
    strong = [secrets.token_hex(16) for _ in range(4)]
    monkeypatch.setenv("SRA_SERVICE_TOKEN", strong[0])
    monkeypatch.setenv("SRA_VIEWER_TOKEN", strong[1])
    monkeypatch.setenv("SRA_TOKENS", f" alice:operator:{strong[2]} , bob : viewer : {strong[3]}")
    settings = ServiceSettings()
    settings.check_production()
    assert [(token.name, token.role.value, token.value) for token in settings.list_tokens()] == [
        *(("service", "operator", strong[0]), ("viewer", "viewer", strong[1])),
        *(("alice", "operator", strong[2]), ("bob", "viewer", strong[3])),
    ]
    assert not any(token in repr((settings, settings.list_tokens())) for token in strong)
    monkeypatch.setenv("SRA_TOKENS", f"alice:operator:{strong[2]},bob:viewer:aaaaaaaabbbbbbbb1")
    with pytest.raises(ConfigError, match="Entry 2 of SRA_TOKENS") as caught:
        ServiceSettings().check_production()
    assert "aaaa" not in str(caught.value)


@pytest.mark.parametrize("make", [secrets.token_hex, secrets.token_urlsafe])
def test_random_tokens_are_strong(make: Callable[[int], str]) -> None:
    assert {find_weakness(make(16)) for _ in range(200)} == {None}


def test_bare_host_and_port_get_a_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FMP_INGEST_URL", "sra-fmp-ingest:8081")
    assert PeerSettings().fmp_ingest_url == "http://sra-fmp-ingest:8081"


def test_counts_add_up_and_report_a_lost_record() -> None:
    one = Counts(read=3, stored=1, duplicate=1, rejected=1, rejected_by={"field_count": 1})
    both = (one + one).check("a file")
    assert both.as_dict() == {
        "read": 6,
        "stored": 2,
        "unchanged": 0,
        "duplicate": 2,
        "rejected": 2,
        "rejected_by": {"field_count": 2},
        "warnings_by": {},
    }
    with pytest.raises(FatalError, match="a chunk"):
        Counts(read=2, stored=1).check("a chunk")
    with pytest.raises(FatalError, match="by reason"):
        Counts(read=1, rejected=1).check("a chunk")


def test_logs_carry_fields_and_no_secret() -> None:
    stream = io.StringIO()
    handlers, level = logging.getLogger().handlers, logging.getLogger().level
    try:
        configure_logs(service="test", stream=stream)
        hide_secrets(["canary-0123456789"])
        get_logger("t").warning(
            "failed", dataset="quote", url="http://h/x?apikey=abc&b=1", note="canary-0123456789", token="abc"
        )
    finally:
        logging.getLogger().handlers, level_now = handlers, level
        logging.getLogger().setLevel(level_now)
    line = json.loads(stream.getvalue())
    assert (line["event"], line["service"], line["dataset"], line["level"]) == ("failed", "test", "quote", "warning")
    assert "canary" not in stream.getvalue()
    assert line["url"] == "http://h/x?apikey=***&b=1"
    assert line["token"] == "***"


def test_passwords_in_addresses_are_hidden() -> None:
    assert redact_text("postgresql://sra:hunter22@h/d") == "postgresql://sra:***@h/d"
    assert redact_text("redis://:hunter22@h and http://a:b@c:1/x") == "redis://:***@h and http://a:***@c:1/x"
    assert redact_text("postgresql://sra:hunter@22@h/d?x=1") == "postgresql://sra:***@h/d?x=1"
    assert redact_text("postgresql://sra:hunter/22@h/d") == "postgresql://sra:***@h/d"


@pytest.mark.parametrize(
    "text", ["http://h:8080/health", "mail a@b at noon://x", "://a:" * 9, "http://u@h:1/", "://@", ""]
)
def test_texts_without_passwords_stay(text: str) -> None:
    assert redact_text(text) == text


@given(st.text("a:/@ ?", max_size=40), st.text("ab1@", min_size=3, max_size=9))
def test_no_password_of_an_address_is_left_whatever_surrounds_it(around: str, password: str) -> None:
    secret = f"Z{password}Z"
    assert secret not in redact_text(f"{around} pg://u:{secret}@h/{around}")


def test_failures_are_counted_per_address_in_a_moving_window(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(limit.time, "monotonic", lambda: now)
    failures = limit.FailureLimit(failures=3, seconds=60, addresses=2)
    for _ in range(2):
        assert failures.record("a") == 0
        now += 10
    assert failures.record("a") == 0
    assert (failures.record("a"), failures.find_wait("a"), failures.find_wait("b")) == (40, 40, 0)
    now += 40
    # the first one is too old to count, and one more may be made
    assert (failures.record("a"), failures.record("a")) == (0, 10)
    failures.uncount("a")
    assert failures.record("a") == 0
    # those heard of longest ago make room
    assert (failures.record("b"), failures.record("c")) == (0, 0)
    assert failures.find_wait("a") == 0


_MEASURE = """
import sys, subprocess
from sra_shared.kit.memory import measure_peak_memory
ballast = b"x" * (400 << 20) if len(sys.argv) > 1 else b""
own = measure_peak_memory()
words = [sys.executable, "-c", "from sra_shared.kit.memory import measure_peak_memory; print(measure_peak_memory())"]
child = float(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
waiting = subprocess.Popen([sys.executable, "-c", "b = b'x' * (200 << 20); print(flush=True); input()"], stdin=-1, stdout=-1)
waiting.stdout.readline()
with_child = measure_peak_memory(children=True)
waiting.communicate(b"\\n")
print(own, child, with_child)
"""


def test_peak_memory_excludes_the_parent_process() -> None:
    done = subprocess.run([sys.executable, "-c", _MEASURE, "big"], check=True, capture_output=True, text=True)
    own, child, with_child = map(float, done.stdout.split())
    assert own > 419
    assert child < 150
    assert with_child > own + 200


_RELEASE = """
import psutil
from sra_shared.kit.memory import release_memory, share_arenas
share_arenas()
blocks = [bytes(2000) for _ in range(50_000)]
pin = bytes(2000)
held = psutil.Process().memory_info().rss
del blocks
release_memory()
print((held - psutil.Process().memory_info().rss) / 1e6)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left to themselves")
def test_freed_memory_is_returned_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", _RELEASE], check=True, capture_output=True, text=True)
    assert float(done.stdout) > 80
