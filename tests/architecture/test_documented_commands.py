"""Each `./sra` command and SQL query in the README and docs is valid."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import typer

from sra_cli.app import build_app
from sra_cli.settings import ROOT
from sra_testing.databases import create_database, drop_database

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_SHELL_ENDS = re.compile(r"\s(?:[|>&]|&&).*")


def list_texts(page: Path) -> Iterator[str]:
    """The lines of console blocks without their prompts, the statements of SQL blocks, and code within sentences."""
    text = page.read_text(encoding="utf-8")
    for language, body in _BLOCK.findall(text):
        if language == "console":
            yield from (line.removeprefix("$ ") for line in body.splitlines() if line.startswith("$ "))
        elif language == "sql":
            yield from (one.strip() for one in body.split(";") if one.strip())
    yield from _INLINE.findall(_BLOCK.sub("", text))


def list_commands() -> list[tuple[str, str]]:
    found = {
        (page.relative_to(ROOT).as_posix(), text[text.index("./sra ") :])
        for page in PAGES
        for text in list_texts(page)
        if re.match(r"([A-Z_]+=\S+ )*\./sra [a-z-]", text)
    }
    return sorted(found)


def list_queries() -> list[tuple[str, str]]:
    found = {
        (page.relative_to(ROOT).as_posix(), text)
        for page in PAGES
        for text in list_texts(page)
        if re.match(r"(SELECT|WITH)\s.*\bsra\.\w+", text, re.DOTALL)
    }
    return sorted(found)


def find_command(words: list[str]) -> tuple[Any, list[str]]:
    """Return the command that words call, and the words left for it; raises KeyError where there is none."""
    command: Any = typer.main.get_command(build_app(words[0]))
    rest = words
    while (inner := getattr(command, "commands", None)) and rest and not rest[0].startswith("-"):
        if rest[0] not in inner and command.invoke_without_command and rest is not words:
            break
        command, rest = inner[rest[0]], rest[1:]
    return command, rest


@pytest.mark.parametrize(("page", "text"), list_commands())
def test_documented_command_and_its_options_exist(page: str, text: str) -> None:
    words = shlex.split(_SHELL_ENDS.sub("", text))[1:]
    command, rest = find_command(words)
    own = rest[: rest.index("--")] if "--" in rest else rest
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    unknown = {word.partition("=")[0] for word in own if word.startswith("--")} - known - {"--help"}
    assert not unknown, f"{page}: {text}"


@pytest.fixture(scope="module")
def published(postgres_server: object, views_template: str) -> Iterator[str]:
    dsn = create_database(postgres_server, template=views_template)  # type: ignore[arg-type]
    yield dsn
    drop_database(postgres_server, dsn)  # type: ignore[arg-type]


@pytest.mark.parametrize(("page", "query"), list_queries())
async def test_documented_query_runs_as_the_reader(published: str, page: str, query: str) -> None:
    connection = await asyncpg.connect(published)
    try:
        await connection.execute("SET ROLE sra_reader")
        await connection.fetch(query)
    finally:
        await connection.close()
