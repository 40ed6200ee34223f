"""Database, runs, service contract and view models that the SRA Data services share."""
