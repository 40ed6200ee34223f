"""What `./sra preflight` looks at before anything is loaded: the FMP plan, the seed files, the update API."""
