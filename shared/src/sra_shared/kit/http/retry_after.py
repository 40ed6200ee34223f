"""The parser of Retry-After headers."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_SECONDS = 86_400.0
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?")
# no valid date is longer, and the standard library's parser accepts any length
_MOST_CHARACTERS = 64
_MOST_DIGITS = 12


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds to wait by a Retry-After header (RFC 9110, section 10.2.3), from 0 to a day.

    Accepts a number of seconds or an HTTP date; a date in the past is 0. Returns None if the header is missing or invalid.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        whole, _, fraction = text.partition(".")
        whole = whole.lstrip("0")
        if len(whole) > _MOST_DIGITS:
            return LONGEST_SECONDS
        return min(float(f"{whole or 0}.{fraction[:_MOST_DIGITS] or 0}"), LONGEST_SECONDS)
    if not text.isascii() or not 0 < len(text) <= _MOST_CHARACTERS:
        return None
    try:
        moment = parsedate_to_datetime(text)
        seconds = ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
    except (ValueError, TypeError, LookupError, OverflowError, AttributeError):
        return None
    return min(max(0.0, seconds), LONGEST_SECONDS)
