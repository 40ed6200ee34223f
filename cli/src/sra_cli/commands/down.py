"""`./sra down`: stops what `up` runs."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil

from sra_cli.home import Home
from sra_cli.output import EXIT_FAILED, HomeOption, JsonOption, Output

_SECONDS = 60.0


def down(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Stop the stack of the home, and any PostgreSQL that a killed stack left running."""
    output = Output(as_json=as_json)
    place = Home(home)
    running = place.read_running()
    shared = place.read_shared_server()
    if shared is not None:
        output.print_note(f"A command is using the database here (process {shared.pid}) and stops it when it finishes.")
        output.finish({"status": "busy", "stopped": []}, code=EXIT_FAILED)
    if running is None and place.is_held():
        output.print_note("A stack is starting; try again in a few seconds.")
        output.finish({"status": "starting", "stopped": []}, code=EXIT_FAILED)
    stopped = []
    if running is not None:
        os.kill(running.pid, signal.SIGTERM)
        deadline = time.monotonic() + _SECONDS
        while place.is_held():
            if time.monotonic() > deadline:
                output.print_note(f"Process {running.pid} did not exit within {_SECONDS:.0f} seconds.")
                output.finish({"status": "failed", "stopped": []}, code=EXIT_FAILED)
            time.sleep(0.1)
        stopped.append("stack")
    if stop_orphaned_server(place.path / "postgres"):
        stopped.append("postgres")
    output.print_note("Stopped." if stopped else f"Nothing is running on {place.path}.")
    output.finish({"status": "completed", "stopped": stopped})


def stop_orphaned_server(data_folder: Path) -> bool:
    """Stop a PostgreSQL server on the data folder whose supervisor has died; return whether one was running."""
    try:
        pid = int((data_folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        process = psutil.Process(pid)
        # the process id may belong to another program by now
        if f"-D{data_folder}" not in process.cmdline():
            return False
        process.send_signal(signal.SIGINT)
        process.wait(_SECONDS)
    except (FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
        return False
    return True
