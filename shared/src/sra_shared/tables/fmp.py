"""Tables of fmp."""
