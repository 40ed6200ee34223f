"""Starts a program as a child that never outlives its parent, in a user namespace if it must not run as root.

As a script: `python launch.py [--as-nobody] PARENT_PID SIGNAL PROGRAM ARGUMENT...`. It needs only the standard library, so
that any Python starts it in a few milliseconds. It replaces itself with PROGRAM, which keeps the process id.
"""

import ctypes
import os
import pwd
import sys
from pathlib import Path

EXIT_NO_NAMESPACE = 126
EXIT_NOT_RUN = 127
_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1


def enter_user_namespace() -> None:
    """Make this process and its children appear as `nobody` to themselves, while the kernel still sees root.

    Nothing on disk changes its owner or mode. Raises OSError if the kernel or a container's profile refuses.
    """
    account = pwd.getpwnam("nobody")
    user, group = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{account.pw_uid} {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{account.pw_gid} {group} 1", encoding="ascii")


def follow_parent(parent_pid: int, number: int) -> None:
    """Have Linux send a signal when the parent dies; other systems have no such request, and nothing happens."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent_pid:
        raise SystemExit(1)


def main(arguments: list[str]) -> None:
    """Replace this process with the program named in `arguments`."""
    as_nobody = arguments[0] == "--as-nobody"
    if as_nobody:
        arguments = arguments[1:]
    parent_pid, number, command = int(arguments[0]), int(arguments[1]), arguments[2:]
    if as_nobody:
        try:
            enter_user_namespace()
        except (OSError, KeyError) as error:
            sys.stderr.write(f"user namespace refused: {error}\n")
            raise SystemExit(EXIT_NO_NAMESPACE) from None
    # After the namespace, because a change of credentials clears the request.
    follow_parent(parent_pid, number)
    try:
        os.execv(command[0], command)  # noqa: S606  (no shell: the arguments are already a list)
    except OSError as error:
        limits = "; root may open only its own files here, so use a folder that root owns" if as_nobody else ""
        sys.stderr.write(f"{command[0]} cannot be run: {error.strerror}{limits}\n")
        raise SystemExit(EXIT_NOT_RUN) from None


if __name__ == "__main__":
    main(sys.argv[1:])
