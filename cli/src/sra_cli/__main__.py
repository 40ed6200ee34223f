"""`python -m sra_cli`: the command line."""

import sys

from sra_cli.app import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
