"""`python -m fundata_ingest` starts the service."""

from fundata_ingest.main import main

if __name__ == "__main__":
    main()
