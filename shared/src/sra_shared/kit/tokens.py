"""Finds tokens that are easy to guess."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from sra_shared.kit.errors import ConfigError

# the public tokens in docker-compose.yml begin with this
SANDBOX_TOKEN_PREFIX = "sandbox-only"  # noqa: S105 - public on purpose

_LEAST_LENGTH = 16
# of a hundred thousand texts of sixteen random hexadecimal digits, one has fewer bits by this measure
_LEAST_BITS = 28
_WORDS = re.compile(
    "secret|token|password|passwd|change-?me|admin|example|qwerty?|letmein|service|viewer|production", re.IGNORECASE
)


def find_weakness(token: str) -> str | None:
    """Return why a token is easy to guess, as the end of a sentence; None if it looks random.

    Common words are not counted. The measure of the rest is the Shannon entropy of its characters, times the number of
    characters that neither repeat an earlier part nor continue a series, as in `aaaa`, `1234` or `9876`.
    """
    if len(token) < _LEAST_LENGTH:
        return f"is shorter than {_LEAST_LENGTH} characters"
    rest = _WORDS.sub("", token)
    if len(rest) < _LEAST_LENGTH:
        return f"has fewer than {_LEAST_LENGTH} characters apart from common words"
    letters = "".join(character for character in rest if character.isalnum())
    if letters.isalpha() and (letters.islower() or letters.isupper()):
        return "consists only of letters of one case, as words do"
    if estimate_bits(rest) < _LEAST_BITS:
        return "repeats itself, or continues a series, too much"
    return None


def check_strength(tokens: Iterable[tuple[str, str]]) -> None:
    """Raise ConfigError for the first of these (name, token) pairs that production does not allow."""
    for name, token in tokens:
        if not token or token.startswith(SANDBOX_TOKEN_PREFIX):
            weakness: str | None = "is unset, or the public one of the sandbox"
        else:
            weakness = find_weakness(token)
        if weakness is not None:
            raise ConfigError(
                f"{name} {weakness}, and SRA_ENV is production.",
                next_step=f"Set {name} to 32 random characters, as `openssl rand -hex 16` prints them.",
            )


def estimate_bits(text: str) -> float:
    """Return an estimate of the bits that a guesser must try."""
    part = text[: (text + text).find(text, 1)]
    counts = Counter(part)
    per_character = -sum(n / len(part) * math.log2(n / len(part)) for n in counts.values())
    return per_character * (len(part) - _count_foreseen(part))


def _count_foreseen(text: str) -> int:
    """Return how many characters continue a series of at least two steps."""
    steps = [ord(after) - ord(before) for before, after in pairwise(text)]
    return sum(abs(step) <= 1 and step == before for before, step in pairwise(steps))
