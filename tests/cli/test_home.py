"""The home of a stack: access and ownership."""

from __future__ import annotations

import socket
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sra_cli.home import Home, RunningStack
from sra_cli.stack import choose_fmp_settings, choose_gateway_port, choose_ports, plan_children, plan_stack
from sra_shared.kit.errors import ConfigError

STACK = RunningStack(pid=1, gateway_url="http://g", database_url="postgresql://x", service_token="t", urls={"a": "b"})
VENDORS = (
    "FMP_API_KEY",
    "FMP_BASE_URL",
    "FUNDATA_ACCESS_KEY_ID",
    "FUNDATA_SECRET_ACCESS_KEY",
    "FUNDATA_AUTH_URL",
    "FUNDATA_API_URL",
    "FUNDATA_BASE_PATH",
    "SRA_SANDBOX",
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in VENDORS:
        monkeypatch.delenv(name, raising=False)
    made = Home(tmp_path / "home")
    made.prepare()
    return made


def test_it_is_closed_to_others(home: Home) -> None:
    token = home.read_token("service")
    with home.hold():
        home.write_running(STACK)
        assert stat.S_IMODE((home.path / "up.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.path.stat().st_mode) == 0o700
    assert stat.S_IMODE((home.path / "service.token").stat().st_mode) == 0o600
    assert len(token) >= 32
    assert home.read_token("service") == token
    assert home.read_token("viewer") != token


def test_the_running_stack_is_known_while_the_home_is_locked(home: Home) -> None:
    assert home.read_running() is None
    with home.hold() as is_ours:
        assert is_ours
        assert home.read_running() is None
        home.write_running(STACK)
        assert home.read_running() == STACK
    assert home.read_running() is None


def test_a_second_one_is_reported(home: Home) -> None:
    with home.hold():
        code = (
            f"from pathlib import Path; from sra_cli.home import Home\n"
            f"with Home(Path({str(home.path)!r})).hold() as ours: print(ours)"
        )
        response = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert response.stdout.strip() == "False"


def test_a_killed_holder_leaves_nothing_behind(home: Home) -> None:
    code = (
        f"import os; from pathlib import Path; from sra_cli.home import Home, RunningStack\n"
        f"home = Home(Path({str(home.path)!r}))\n"
        f"with home.hold():\n home.write_running(RunningStack(1, 'g', 'd', 't', {{}})); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    assert (home.path / "up.json").exists()
    assert home.read_running() is None


def test_a_home_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="--home"):
        Home(tmp_path / "file").prepare()


def test_without_keys_it_is_a_sandbox_on_stand_in_and_sample(home: Home) -> None:
    stack = plan_stack(home, gateway_port=None)
    assert stack.is_sandbox
    assert stack.settings["FMP_BASE_URL"].endswith(f":{stack.ports['stand_in']}/stable")
    assert stack.settings["FMP_BULK_CALLS_PER_MINUTE"] == "600"
    assert stack.settings["FMP_HISTORY_YEARS"] == "1"
    assert stack.settings["FUNDATA_BASE_PATH"].endswith("fundata/sample")
    children = plan_children(stack, home, "postgresql://x/y")
    assert [child.name for child in children] == ["stand-in", "fmp_ingest", "fundata_ingest", "view_builder", "gateway"]
    assert {child.settings.get("DATABASE_URL") for child in children[1:]} == {"postgresql://x/y"}
    assert "DATABASE_URL" not in children[0].settings


@pytest.mark.parametrize("name", ["FMP_API_KEY", "FUNDATA_ACCESS_KEY_ID"])
def test_with_a_key_no_data_are_made_up(home: Home, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "real")
    monkeypatch.setenv("FUNDATA_SECRET_ACCESS_KEY", "real")
    monkeypatch.setenv("FUNDATA_ACCESS_KEY_ID", "real")
    stack = plan_stack(home, gateway_port=None)
    assert not stack.is_sandbox
    assert "FMP_BASE_URL" not in stack.settings
    assert stack.settings["SRA_SANDBOX"] == "0"
    assert "stand_in" not in stack.ports


STAND_IN_OF_ONES_OWN = {
    "SRA_SANDBOX": "1",
    "FMP_API_KEY": "made-up-key",
    "FMP_BASE_URL": "http://127.0.0.1:7/stable",
    "FUNDATA_ACCESS_KEY_ID": "made-up-key",
    "FUNDATA_SECRET_ACCESS_KEY": "made-up-secret",
    "FUNDATA_AUTH_URL": "http://127.0.0.1:7/fundata-auth",
    "FUNDATA_API_URL": "http://127.0.0.1:7/fundata-api",
}


def test_a_configured_stand_in_is_used(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in STAND_IN_OF_ONES_OWN.items():
        monkeypatch.setenv(name, value)
    stack = plan_stack(home, gateway_port=None)
    assert stack.is_sandbox
    assert not stack.has_stand_in
    assert not set(stack.settings) & (set(STAND_IN_OF_ONES_OWN) - {"SRA_SANDBOX"})
    assert stack.settings["FUNDATA_BASE_PATH"].endswith("fundata/sample")
    stack.check_vendors(is_sandbox=True)


def test_in_a_sandbox_the_stand_in_plays_the_vendor_without_a_key(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SRA_SANDBOX", "FMP_API_KEY", "FMP_BASE_URL"):
        monkeypatch.setenv(name, STAND_IN_OF_ONES_OWN[name])
    monkeypatch.setenv("FUNDATA_BASE_PATH", "seeds of mine")
    monkeypatch.setenv("FUNDATA_AUTH_URL", "http://127.0.0.1:7/fundata-auth")
    stack = plan_stack(home, gateway_port=None)
    assert stack.has_stand_in
    assert "FMP_BASE_URL" not in stack.settings
    assert "FUNDATA_AUTH_URL" not in stack.settings
    assert stack.settings["FUNDATA_API_URL"].endswith(f":{stack.ports['stand_in']}/fundata-api")
    assert stack.settings["FUNDATA_BASE_PATH"] == str(Path.cwd() / "seeds of mine")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FMP_BASE_URL", "https://financialmodelingprep.com/stable"),
        ("FUNDATA_API_URL", "https://dbsync.fundataapi.com"),
    ],
)
def test_a_sandbox_refuses_the_vendors_own_hosts(
    name: str, value: str, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for given, text in {**STAND_IN_OF_ONES_OWN, name: value}.items():
        monkeypatch.setenv(given, text)
    stack = plan_stack(home, gateway_port=None)
    with pytest.raises(ConfigError, match="sandbox"):
        stack.check_vendors(is_sandbox=True)
    stack.check_vendors(is_sandbox=False)


def test_a_collection_next_to_a_stack_uses_its_stand_in(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with home.hold():
        home.write_running(replace(STACK, stand_in_port=4711))
        chosen = choose_fmp_settings(home, STACK.database_url)
        assert chosen.fmp_base_url == "http://127.0.0.1:4711/stable"
        assert chosen.fmp_api_key is not None
        # another database, or a key of one's own, has nothing to do with it
        assert choose_fmp_settings(home, "postgresql://other").fmp_api_key is None
        monkeypatch.setenv("FMP_API_KEY", "a-key-of-ones-own")
        assert "127.0.0.1" not in choose_fmp_settings(home, STACK.database_url).fmp_base_url
    monkeypatch.delenv("FMP_API_KEY")
    assert choose_fmp_settings(home, STACK.database_url).fmp_api_key is None


def test_ports_differ_and_a_taken_one_is_named() -> None:
    assert len(set(choose_ports(5))) == 5
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigError, match="is taken"):
            choose_gateway_port(taken.getsockname()[1])


def test_a_port_that_another_process_chose_is_not_chosen_again() -> None:
    chooser = [
        sys.executable,
        "-c",
        "from sra_cli.stack import choose_ports; print(choose_ports(1)[0], flush=True); input()",
    ]
    with subprocess.Popen(chooser, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        # nobody listens there yet
        with pytest.raises(ConfigError, match="is taken"):
            choose_gateway_port(port)
        other.communicate("\n")
    assert choose_gateway_port(port) == port
