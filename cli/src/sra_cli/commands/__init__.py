"""One module per command: `commands/load.py` holds `def load(...)` for `./sra load`.

A command with commands below it exposes `app: typer.Typer` instead. Each takes `as_json: JsonOption = False`, speaks
through `sra_cli.output.Output` and ends with `Output.finish(result, code=...)`; an SraError that it raises becomes a
message, or with --json an object with `status` and `error`, and the error's exit code. Only the module of the command
that is called is imported.
"""
