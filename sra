#!/usr/bin/env python3
"""The command of SRA Data. Creates a private environment in .sra/venv from the lock files, then runs sra_cli in it.

Needs only Python 3.11 to 3.13. An older Python can parse this file too, and reports what is missing.
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
# each includes the one before it
RUNTIME, LAKE, DEVELOPMENT = LOCKS = ("requirements.lock", "requirements-lake.lock", "requirements-dev.lock")
# the tools of these commands (linters, pytest) are in the development lock
DEVELOPMENT_COMMANDS = ("test", "check")


def say(text):
    """Write one line for people to stderr, because stdout is for the JSON object."""
    sys.stderr.write("sra: " + text + "\n")
    sys.stderr.flush()


def fail(text, next_step, code=EXIT_CONFIG):
    """Exit with the code for a configuration error; with --json, print one object as every command does."""
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
    """Continue with a supported Python: this one, or a `python3.N` on PATH."""
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
    """Return the source folders of our packages."""
    found = []
    for pattern in PACKAGES:
        found += sorted(glob.glob(os.path.join(glob.escape(ROOT), pattern, "src")))
    return found


def compute_key(lock):
    """Return a digest of everything that an installation depends on: its locks, packages, Python and path."""
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
    """Return the keys of the locks that the environment contains completely."""
    try:
        with open(STAMP, encoding="ascii") as file:
            return file.read().split()
    except (OSError, UnicodeDecodeError):
        return []


def run_logged(command, title, guard):
    """Run a step with its output in the log; show a line that counts seconds on a terminal. Returns its exit code.

    The step inherits the lock: if this process is killed, the next one waits until the step has finished.
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
            fail("Interrupted while %s." % title, "Run the command again to continue.", EXIT_INTERRUPTED)
    if shown:
        sys.stderr.write("\rsra: %s ... %d s\n" % (title, time.monotonic() - begun))
    return process.returncode


def read_log_end():
    """Return the last lines of the log that mention an error."""
    with open(LOG, encoding="utf-8", errors="replace") as file:
        lines = [line.rstrip() for line in file if line.strip() and not line.startswith("WARNING: Location")]
    errors = [line for line in lines if "ERROR" in line or "error" in line]
    return "\n  ".join((errors or lines)[-4:])


def make_environment(guard):
    """Create an empty environment with pip."""
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        import ensurepip  # noqa: F401  (checks that it exists: Debian's python3 omits it)
        import venv  # noqa: F401
    except ImportError as error:
        fail(
            "Python's module %s is missing." % error.name,
            "On Debian and Ubuntu: apt-get install python%s-venv. Then try again." % name_version(sys.version_info),
        )
    if run_logged([sys.executable, "-m", "venv", VENV], "creating a private environment in .sra/venv", guard) != 0:
        fail("python -m venv failed:\n  " + read_log_end(), "Fix this error; the whole log is " + LOG + ".")


def install_lock(lock, guard):
    """Install the packages of a lock file, by hash, from the index that pip is configured to use.

    Dependencies are not resolved, because a lock lists all of them. For `coverage[toml]` and a pinned `coverage`, pip would
    otherwise choose the newest version in the index and then refuse it because it has no hash.
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
    if run_logged(command, "installing %s (once; takes about half a minute)" % lock, guard) != 0:
        fail(
            "The packages could not be installed:\n  " + read_log_end(),
            "Check the network and pip's index (pip config list), then try again. The whole log is " + LOG + ".",
        )


def link_sources():
    """Make our packages importable from their source folders."""
    folder = glob.glob(os.path.join(glob.escape(VENV), "lib", "python3.*", "site-packages"))[0]
    with open(os.path.join(folder, "sra_data.pth"), "w", encoding="utf-8") as file:
        file.write("\n".join(list_sources()) + "\n")


def install(lock, key, guard):
    """Install a lock into the environment; an incomplete environment is created again."""
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
        keys = [key] + [compute_key(other) for other in LOCKS[: LOCKS.index(lock)]]
        with open(STAMP + ".new", "w", encoding="ascii") as file:
            file.write("\n".join([name_version(sys.version_info)] + keys) + "\n")
        os.replace(STAMP + ".new", STAMP)
    except OSError as error:
        fail(
            "%s cannot be written: %s." % (error.filename or HOME, error.strerror),
            "Free some space, and make it writable for this user.",
        )


def is_installed(key):
    """Return whether the environment contains the key's lock and its Python still exists.

    A system upgrade may remove the Python that the environment links to.
    """
    return key in read_stamp() and shutil.which(PYTHON) is not None


def ensure_installed(lock):
    """Install the lock if necessary, one process at a time."""
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
    """Install the packages that the command needs and replace this process with it."""
    require_python()
    arguments = sys.argv[1:]
    wants_tools = arguments[:1] and arguments[0] in DEVELOPMENT_COMMANDS and "--help" not in arguments
    # without a lake, nobody waits for the installation of Arrow
    wants_lake = os.environ.get("LAKE_URL", "").strip()
    ensure_installed(DEVELOPMENT if wants_tools else LAKE if wants_lake else RUNTIME)
    for name in ("PYTHONHOME", "PYTHONPATH"):  # they would make the environment import other packages
        os.environ.pop(name, None)
    # without bytecode, every process of a stack compiles a thousand modules at start
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.execv(PYTHON, [PYTHON, "-m", "sra_cli"] + arguments)


if __name__ == "__main__":
    main()
