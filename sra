#!/usr/bin/env python3
"""The command of SRA Data. Makes a private environment under .sra/venv from the lock files, then runs sra_cli in it.

Needs Python 3.11 to 3.13 and nothing else. Written so that an older Python can read it and say what is missing.
"""

import glob
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time

OLDEST, NEWEST = (3, 11), (3, 13)
EXIT_CONFIG = 5
EXIT_INTERRUPTED = 130
ROOT = os.path.dirname(os.path.realpath(__file__))
HOME = os.path.join(ROOT, ".sra")
VENV = os.path.join(HOME, "venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "sra-installed")
LOG = os.path.join(HOME, "install.log")
PACKAGES = ("shared", "shared/contract", "FMP", "services/*", "cli", "tests/stand_in")
RUNTIME, DEVELOPMENT = "requirements.lock", "requirements-dev.lock"
# what these commands run (linters, pytest) comes from the development lock
DEVELOPMENT_COMMANDS = ("test", "check")


def say(text):
    """Write one line for people, on stderr, since stdout may hold one JSON object."""
    sys.stderr.write("sra: " + text + "\n")
    sys.stderr.flush()


def fail(text, next_step, code=EXIT_CONFIG):
    """End with the exit code for a machine that lacks something, and with --json one object, as every command does."""
    say(text)
    say(next_step)
    if "--json" in sys.argv[1:]:
        sys.stdout.write(json.dumps({"status": "failed", "error": text, "next_step": next_step}) + "\n")
        sys.stdout.flush()
    raise SystemExit(code)


def name_version(version):
    """Return 3.11 for (3, 11, ...)."""
    return ".".join(str(part) for part in version[:2])


def require_python():
    """Go on under a fitting Python: this one, or one with its version in its name on PATH."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        other = shutil.which("python3.%d" % minor)
        probe = "import ensurepip, sys; raise SystemExit(sys.version_info[:2] != (3, %d))" % minor
        if other and subprocess.call([other, "-c", probe], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
            os.execv(other, [other, os.path.realpath(__file__)] + sys.argv[1:])
    fail(
        "This is Python %s (%s); SRA Data needs %s to %s, and no such Python is on PATH."
        % (name_version(sys.version_info), sys.executable, name_version(OLDEST), name_version(NEWEST)),
        "Install Python %s and try again." % name_version(NEWEST),
    )


def list_sources():
    """Return the folders that hold our own packages."""
    found = []
    for pattern in PACKAGES:
        found += sorted(glob.glob(os.path.join(glob.escape(ROOT), pattern, "src")))
    return found


def compute_key(lock):
    """Return what an installation depends on, as one line: its locks, packages, Python and place."""
    digest = hashlib.sha256(lock.encode())
    files = [os.path.join(ROOT, lock), os.path.realpath(__file__)]
    files += [os.path.join(os.path.dirname(source), "pyproject.toml") for source in list_sources()]
    for path in files:
        try:
            with open(path, "rb") as file:
                digest.update(file.read())
        except OSError as error:
            fail("%s cannot be read: %s." % (path, error.strerror), "Clone the repository again.")
    digest.update(repr((sys.version_info[:2], ROOT, list_sources())).encode())
    return digest.hexdigest()


def read_stamp():
    """Return the keys of what the environment holds in full."""
    try:
        with open(STAMP, encoding="ascii") as file:
            return file.read().split()
    except (OSError, UnicodeDecodeError):
        return []


def run_logged(command, title, guard):
    """Run a step with its output in the log; show a line that counts seconds on a terminal. Returns its exit code.

    The step holds the lock too: if this process is killed, the next one waits until the step is over.
    """
    begun = time.monotonic()
    with open(LOG, "ab") as log:
        log.write(("\n$ " + " ".join(command) + "\n").encode())
        log.flush()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, pass_fds=(guard.fileno(),)
        )
        shown = sys.stderr.isatty()
        if not shown:
            say(title + " ...")
        try:
            while process.poll() is None:
                if shown:
                    sys.stderr.write("\rsra: %s ... %d s" % (title, time.monotonic() - begun))
                    sys.stderr.flush()
                try:
                    process.wait(0.5)
                except subprocess.TimeoutExpired:
                    continue
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            fail("Interrupted while %s." % title, "The next call goes on.", EXIT_INTERRUPTED)
    if shown:
        sys.stderr.write("\rsra: %s ... %d s\n" % (title, time.monotonic() - begun))
    return process.returncode


def read_log_end():
    """Return the last lines of the log that tell of an error."""
    with open(LOG, encoding="utf-8", errors="replace") as file:
        lines = [line.rstrip() for line in file if line.strip() and not line.startswith("WARNING: Location")]
    errors = [line for line in lines if "ERROR" in line or "error" in line]
    return "\n  ".join((errors or lines)[-4:])


def make_environment(guard):
    """Make an empty environment with pip in it."""
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        import ensurepip  # noqa: F401  (only asked whether it is there: Debian leaves it out of python3)
        import venv  # noqa: F401
    except ImportError as error:
        fail(
            "Python's module %s is missing." % error.name,
            "On Debian and Ubuntu: apt-get install python%s-venv. Then try again." % name_version(sys.version_info),
        )
    if run_logged([sys.executable, "-m", "venv", VENV], "making a private environment in .sra/venv", guard) != 0:
        fail("python -m venv failed:\n  " + read_log_end(), "Mend what it names; the whole log is " + LOG + ".")


def install_lock(lock, guard):
    """Install what a lock file pins, by hash, from whatever index pip is set to.

    Without looking at dependencies: a lock names all of them, and pip, asked to resolve `coverage[toml]` against a pinned
    `coverage`, takes the newest one of the index and then refuses it for want of a hash.
    """
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-compile"]
    command += [
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--progress-bar=off",
        "-r",
        os.path.join(ROOT, lock),
    ]
    if run_logged(command, "installing %s (once; half a minute on a usual line)" % lock, guard) != 0:
        fail(
            "The packages could not be installed:\n  " + read_log_end(),
            "Check the network and pip's index (pip config list), then try again. The whole log is " + LOG + ".",
        )


def link_sources():
    """Let the environment import our packages from where they lie."""
    folder = glob.glob(os.path.join(glob.escape(VENV), "lib", "python3.*", "site-packages"))[0]
    with open(os.path.join(folder, "sra_data.pth"), "w", encoding="utf-8") as file:
        file.write("\n".join(list_sources()) + "\n")


def install(lock, key, guard):
    """Bring the environment to a lock; what was left half done is made anew."""
    held = read_stamp()
    try:
        os.makedirs(HOME, mode=0o700, exist_ok=True)
        if held and os.path.exists(PYTHON) and held[0] == name_version(sys.version_info):
            os.remove(STAMP)
        else:
            held = []
            make_environment(guard)
        install_lock(lock, guard)
        link_sources()
        keys = [key] if lock == RUNTIME else [key, compute_key(RUNTIME)]
        with open(STAMP + ".new", "w", encoding="ascii") as file:
            file.write("\n".join([name_version(sys.version_info)] + keys) + "\n")
        os.replace(STAMP + ".new", STAMP)
    except OSError as error:
        fail("%s cannot be written: %s." % (error.filename or HOME, error.strerror), "Give it room, and to this user.")


def is_installed(key):
    """Return whether the environment holds what the key stands for, and its Python is still there.

    A system's upgrade may take away the Python that the environment is linked to.
    """
    return key in read_stamp() and shutil.which(PYTHON) is not None


def ensure_installed(lock):
    """Install unless it is done, one process at a time."""
    key = compute_key(lock)
    if is_installed(key):
        return
    import fcntl

    try:
        os.makedirs(HOME, mode=0o700, exist_ok=True)
        guard = open(os.path.join(HOME, "install.lock"), "w")  # noqa: SIM115  (held until this process ends)
    except OSError as error:
        fail("%s cannot be written: %s." % (HOME, error.strerror), "Make the clone writable for this user.")
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        say("another ./sra is installing; waiting for it")
        fcntl.flock(guard, fcntl.LOCK_EX)
    if not is_installed(key):
        install(lock, key, guard)
    guard.close()


def main():
    """Install what the command needs and become it."""
    require_python()
    arguments = sys.argv[1:]
    wants_tools = arguments[:1] and arguments[0] in DEVELOPMENT_COMMANDS and "--help" not in arguments
    ensure_installed(DEVELOPMENT if wants_tools else RUNTIME)
    for name in ("PYTHONHOME", "PYTHONPATH"):  # they would lead the environment to other people's packages
        os.environ.pop(name, None)
    # without bytecode every process of a stack compiles a thousand modules at its start
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.execv(PYTHON, [PYTHON, "-m", "sra_cli"] + arguments)


if __name__ == "__main__":
    main()
