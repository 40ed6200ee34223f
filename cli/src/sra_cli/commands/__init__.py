"""One module per command: `commands/load.py` defines `def load(...)` for `./sra load`.

A command with subcommands exposes `app: typer.Typer` instead. Each command takes `as_json: JsonOption = False`, writes
through `sra_cli.output.Output` and ends with `Output.finish(result, code=...)`. An SraError becomes a message, or with
--json an object with `status` and `error`, and sets the exit code. Only the module of the called command is imported.
"""
