"""An example for tests of forked processes: `python -m sra_testing.nursery_example exits|fails|stays`."""

from __future__ import annotations

import os
import sys
import time

if __name__ == "__main__":
    print(sys.argv[1], os.environ["MEANT_FOR"], flush=True)  # noqa: T201, TID251 - what it was given
    if sys.argv[1] == "exits":
        sys.exit(3)
    if sys.argv[1] == "fails":
        raise ValueError("a mistake")
    time.sleep(600)
