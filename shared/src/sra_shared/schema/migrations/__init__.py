"""The database's one linear history, run by `sra_shared.migrate`."""
