"""Logs: nanoseconds per byte that redaction takes for texts designed to slow it down, of two lengths."""

from __future__ import annotations

import argparse
import json
import time

from sra_shared.kit.logs import redact_text

# quadratic time would result in 4
MOST_RATIO = 2.5
LENGTHS = (16_000, 64_000)
TEXTS = {
    "addresses without end": "://a:",
    "addresses with an end": "://a:b@",
    "users without end": "://a",
    "parameters": "key=",
    "parameters with values": "&token=x",
    "ats": "@",
    "ats after addresses": "://a:/@",
    "spaces": "://a: ",
    "plain words": "nothing to hide here ",
}


def measure(part: str, length: int, rounds: int) -> float:
    """Return the least nanoseconds per byte of this many rounds."""
    text = (part * (length // len(part) + 1))[:length]
    least = float("inf")
    for _ in range(rounds):
        began = time.thread_time_ns()
        redact_text(text)
        least = min(least, time.thread_time_ns() - began)
    return least / length


def main() -> int:
    """Measure, print, and return 1 if a text four times as long takes more than linear time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    texts = {}
    for name, part in TEXTS.items():
        short, long = (measure(part, length, options.rounds) for length in LENGTHS)
        texts[name] = {"ns_per_byte": round(short, 1), "ns_per_byte_at_4x": round(long, 1), "ratio": long / short}
    worst = max(one["ratio"] for one in texts.values())
    result = {"texts": texts, "worst": worst, "passed": worst <= MOST_RATIO}
    print(json.dumps(result) if options.json else json.dumps(result, indent=2))
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
