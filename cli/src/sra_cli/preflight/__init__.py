"""What `./sra preflight` checks before anything is loaded: the FMP plan, the seed files, the update API."""
