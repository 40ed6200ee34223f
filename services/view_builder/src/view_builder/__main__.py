"""`python -m view_builder` serves it."""

from view_builder.main import main

if __name__ == "__main__":
    main()
