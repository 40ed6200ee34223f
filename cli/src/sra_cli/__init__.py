"""The ./sra command: runs, triggers and inspects the whole product."""
