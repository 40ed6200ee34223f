"""Collectors for Financial Modeling Prep: what to ask and how to read the answer."""
