"""The ./sra command: runs, triggers and inspects the whole system."""

# must precede typer, which imports Rich: it keeps optional extras of libraries out of the process
import sra_shared as sra_shared
