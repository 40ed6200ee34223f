"""`python -m sra_stand_in`: run the stand-in in the foreground until it gets a signal."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import sys
from pathlib import Path

from sra_stand_in.app import StandInApp
from sra_stand_in.options import PLANS, Options
from sra_stand_in.server import HOST, make_server, open_socket


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    ask = argparse.ArgumentParser(prog="sra_stand_in", description="A local stand-in for the APIs of both vendors.")
    defaults = Options()
    ask.add_argument("--host", default=HOST)
    ask.add_argument("--port", type=int, default=8900, help="0 takes a free one (default 8900)")
    ask.add_argument("--securities", type=int, default=defaults.securities, help="listings of the five exchanges (200)")
    ask.add_argument("--funds", type=int, default=defaults.funds, help="made-up Fundata instruments (25)")
    ask.add_argument("--seed", type=int, default=defaults.seed, help="another seed gives another world (7)")
    ask.add_argument("--as-of", type=dt.date.fromisoformat, help="day of the world (today, UTC, moving on at midnight)")
    ask.add_argument("--plan", choices=PLANS, default=defaults.plan, help="FMP plan (ultimate)")
    ask.add_argument("--fmp-limit", type=int, default=0, help="FMP calls in a window before a 429; 0: no limit")
    ask.add_argument("--bulk-limit", type=int, default=0, help="bulk calls in a window; 0: no limit")
    ask.add_argument("--window-seconds", type=float, default=defaults.window_seconds, help="length of a window (60)")
    ask.add_argument("--invalid-key", default=defaults.invalid_key, help="the one key that is refused (invalid)")
    ask.add_argument("--fundata-tree", type=Path, help="serve the records of this seed tree and daily changes of them")
    ask.add_argument(
        "--answers", type=Path, help="serve the FMP answers that `./sra preflight --save` kept in this folder"
    )
    ask.add_argument("--fundata-format", choices=("csv", "json"), default=defaults.fundata_format)
    ask.add_argument("--pending-polls", type=int, default=defaults.pending_polls, help="Running answers per export (1)")
    ask.add_argument("--token-seconds", type=float, default=defaults.token_seconds, help="life of a token (3600)")
    ask.add_argument("--link-seconds", type=float, default=defaults.link_seconds, help="life of a download link (900)")
    return ask.parse_args(arguments)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    requested = vars(parse_arguments(sys.argv[1:]))
    host, port = requested.pop("host"), requested.pop("port")
    bound = open_socket(host, port)
    server = make_server(StandInApp(Options(**requested)))
    sys.stdout.write(f"stand-in on http://{host}:{bound.getsockname()[1]}\n")
    sys.stdout.flush()
    asyncio.run(server.serve([bound]))


if __name__ == "__main__":
    main()
