"""Start a program that dies with us, as somebody who is not root: `python -m hiroba.base.db.launch [--uid U --gid G] -- CMD …`.

PostgreSQL refuses root. Run by root, this drops to the given user for good, keeping the one capability that lets
it walk through closed parent directories (CAP_DAC_READ_SEARCH), and only where root itself holds it. The kernel then
sends a signal (SIGINT, PostgreSQL's fast shutdown, unless another is named) when the process that started us ends.
"""

import argparse
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_SET_SECUREBITS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 8, 28, 47, 2
SECBIT_NO_SETUID_FIXUP = 4
CAP_DAC_READ_SEARCH = 2
CAPABILITY_VERSION_3 = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def drop_to(uid: int, gid: int) -> None:
    """Become `uid`:`gid`, keeping the right to pass closed directories where root has it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    libc.prctl(
        PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0
    )  # access(2), which initdb asks, honours the capability too
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    bit = 1 << CAP_DAC_READ_SEARCH
    data = (_Data * 2)(_Data(bit, bit, bit), _Data(0, 0, 0))
    header = _Header(CAPABILITY_VERSION_3, 0)
    if libc.capset(ctypes.byref(header), data) == 0:
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0)
    else:
        empty = (_Data * 2)()
        libc.capset(ctypes.byref(header), empty)


def main() -> None:
    """Drop, bind our life to the parent's, and become the command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--signal", default="SIGINT")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    if options.uid is not None:
        drop_to(options.uid, options.gid)
    ctypes.CDLL(None).prctl(
        PR_SET_PDEATHSIG, signal.Signals[options.signal], 0, 0, 0
    )  # after the drop: changing user clears it
    if os.getppid() != options.parent:
        sys.exit("hiroba: the supervisor ended before its child started")
    os.umask(0o077)
    os.execv(options.command[0], options.command)  # noqa: S606 - no shell, and the path is our own


if __name__ == "__main__":
    main()
