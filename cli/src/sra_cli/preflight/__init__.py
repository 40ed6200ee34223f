"""The checks of `./sra preflight` before anything is loaded: the FMP plan, the seed files, the update API."""
