"""The limit of calls that all processes share, the vendor's own limits, and the counts of calls."""
