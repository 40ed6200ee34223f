"""`python -m fundata_ingest` serves it."""

from fundata_ingest.main import main

if __name__ == "__main__":
    main()
