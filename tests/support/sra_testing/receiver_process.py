"""A receiver of completions in a separate process: `python -m sra_testing.receiver_process DSN PORT [dies]`.

It stores each event in `taken_event` once, however often it comes; with `dies` it exits before acknowledging.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import asyncpg
import uvicorn
from fastapi import FastAPI, Request, Response

from sra_testing.nursery import Helper, start_helper

TAKEN_TABLE = "CREATE TABLE taken_event (event_id uuid PRIMARY KEY, deliveries int NOT NULL, body jsonb, headers jsonb)"
_SQL_TAKE = """
INSERT INTO taken_event VALUES (($1::jsonb ->> 'event_id')::uuid, 1, $1, $2)
ON CONFLICT (event_id) DO UPDATE SET deliveries = taken_event.deliveries + 1
"""


@contextmanager
def run_receiver(dsn: str, port: int, *, dies: bool = False) -> Iterator[Helper | subprocess.Popen[bytes]]:
    """Start a receiver process; it is killed at the end."""
    process = start_helper("sra_testing.receiver_process", dsn, str(port), *(["dies"] if dies else []))
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def make_receiver(dsn: str, *, dies: bool) -> FastAPI:
    """Return the receiver's application."""

    @asynccontextmanager
    async def keep_open(app: FastAPI) -> AsyncIterator[None]:
        app.state.connection = await asyncpg.connect(dsn)
        yield

    app = FastAPI(lifespan=keep_open)
    lock = asyncio.Lock()

    @app.post("/completions")
    async def post_completion(request: Request) -> Response:
        body = (await request.body()).decode()
        async with lock:
            await app.state.connection.execute(_SQL_TAKE, body, json.dumps(dict(request.headers)))
        if dies:
            os._exit(9)
        return Response(status_code=202)

    return app


if __name__ == "__main__":
    uvicorn.run(
        make_receiver(sys.argv[1], dies="dies" in sys.argv), host="127.0.0.1", port=int(sys.argv[2]), log_level="error"
    )
