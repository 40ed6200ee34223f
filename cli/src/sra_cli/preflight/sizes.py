"""The size of a load, from the figures in docs/benchmarks.md; docs/operations.md and render.yaml use the same."""

from __future__ import annotations

BYTES_PER_FUND_ROW = 881
"""A row of fund quotes with its indexes, history and all views; data rows, three in a hundred, count alike."""
BYTES_PER_CLOSE = 598
"""A close of a listing with its part of the series."""
SESSIONS_PER_YEAR = 250
RESERVE = 1.5
"""Disk bytes to provide for each expected byte."""
LOADER_PEAK_MB = 340
"""Memory of the loader with its streams, independent of the size of the files."""
BYTES_PER_GB = 10**9
