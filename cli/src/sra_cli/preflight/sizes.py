"""What a load takes, by the measured figures of docs/benchmarks.md; docs/operations.md and render.yaml count with the same."""

from __future__ import annotations

BYTES_PER_FUND_ROW = 881
"""A row of fund quotes with its indexes, history and all views; data rows, three in a hundred, count alike."""
BYTES_PER_CLOSE = 598
"""A close of a listing with its place in the series."""
SESSIONS_PER_YEAR = 250
RESERVE = 1.5
"""What a disk should have for each byte that is expected."""
LOADER_PEAK_MB = 340
"""Of the loader with its streams, whatever the size of the files."""
BYTES_PER_GB = 10**9
