"""`python -m fmp_ingest`."""

from fmp_ingest.main import main

main()
