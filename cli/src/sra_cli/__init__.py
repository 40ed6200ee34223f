"""The ./sra command: runs, triggers and inspects the whole product."""

# before typer, which imports Rich: it keeps the extras of libraries out of the process
import sra_shared as sra_shared
