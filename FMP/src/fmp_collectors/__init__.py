"""Collectors for Financial Modeling Prep: what to request and how to read the response."""
