"""Run a command with as few rights as this machine can give it without root. Plain Python only.

python -I -S jail.py SPEC        SPEC is JSON: see `Cell` in isolation.py

Three layers. Limits on time, memory and file sizes always. With `namespaces`: processes, network
and mounts of its own, everything read-only except the folder. With `landlock`: nothing but the
listed paths can be opened at all. A layer that was asked for and fails stops the command.
"""

import contextlib
import ctypes
import json
import os
import re
import resource
import signal
import struct
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)

NEWNS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x00020000, 0x08000000, 0x10000000, 0x20000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY, SYS_MOUNT_SETATTR = -100, 0x8000, 1, 442
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 24, 36, 38

# What Landlock may allow on a path; later versions of the kernel know more of them.
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | 1 << 15
KNOWN_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # version -> number of bits
CREATE, ADD, RESTRICT = 444, 445, 446

TOO_MANY = 96  # exit status
LOOK = 0.02  # seconds between two looks at the number of processes


def checked(result: int, what: str) -> int:
    """The result of a system call; `OSError` with `what` was tried if it failed."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def limits(spec: dict) -> None:
    """Seconds of processor, bytes of memory, of one file, and the number of processes."""
    for name, value in spec["limits"].items():
        kind = getattr(resource, f"RLIMIT_{name}", None)
        hard = resource.getrlimit(kind)[1] if kind is not None else 0
        if kind is not None and (hard == resource.RLIM_INFINITY or value < hard):
            resource.setrlimit(kind, (value, value))


def landlock_version() -> int:
    """What Landlock knows on this kernel, 0 if it is not there."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(0, libc.syscall(CREATE, None, 0, 1))


def landlock(spec: dict) -> None:
    """Allow the listed paths, no TCP, no signal to anyone outside; forbid all other files."""
    version = landlock_version()
    every = (1 << KNOWN_RIGHTS.get(version, 16)) - 1
    attributes = struct.pack("QQQ", every, 3, 3)[: 8 if version < 4 else 16 if version < 6 else 24]
    rules = checked(libc.syscall(CREATE, attributes, len(attributes), 0), "landlock")
    reading = EXECUTE | READ_FILE | READ_DIR
    rights = {"read": reading, "write": every, "device": READ_FILE | WRITE_FILE}
    for right, paths in spec["paths"].items():
        for path in filter(os.path.exists, paths):
            allow(rules, path, rights[right] & every)
    checked(libc.syscall(RESTRICT, rules, 0), "landlock")
    os.close(rules)


def allow(rules: int, path: str, rights: int) -> None:
    """Add one rule for a path, and all beneath it if it is a folder."""
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    rights &= -1 if os.path.isdir(path) else FILE_RIGHTS
    checked(libc.syscall(ADD, rules, 1, struct.pack("=Qi", rights, fd), 0), f"landlock {path}")
    os.close(fd)


def leave_the_others() -> None:
    """Users, processes, network and mounts of our own, from the next child on."""
    uid, gid = os.getuid(), os.getgid()
    checked(libc.unshare(NEWUSER | NEWNS | NEWPID | NEWNET | NEWIPC), "unshare")
    for name, text in [
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ]:
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def mount(source: str, target: str, kind: str | None, flags: int) -> None:
    """mount(2)."""
    names = [None if text is None else text.encode() for text in (source, target, kind)]
    checked(libc.mount(*names, ctypes.c_ulong(flags), None), f"mount {target}")


def mounts(spec: dict) -> None:
    """The process table of the new processes, empty folders over `hide`, all else read-only."""
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    few_tasks(spec["limits"]["NPROC"])
    folder = spec["folder"]
    kept = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    for path in filter(os.path.isdir, spec["hide"]):
        mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV)
    os.makedirs(folder, exist_ok=True)
    mount(f"/proc/self/fd/{kept}", folder, None, MS_BIND)
    os.close(kept)
    read_only("/", True)
    read_only(folder, False)
    os.chdir(spec["home"])  # the new mount of it


def few_tasks(most: int) -> None:
    """Number no more processes and threads than `most`, and the 300 numbers that Linux sets aside.

    RLIMIT_NPROC does not hold for root. Before Linux 6.14 this number is that of the whole machine,
    and not ours to change: there only `wait_for` stops what root starts.
    """
    if tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2]) >= (6, 14):
        with contextlib.suppress(OSError), open("/proc/sys/kernel/pid_max", "w") as file:
            file.write(str(most + 300))


def read_only(path: str, value: bool) -> None:
    """Make the mount at `path`, and all beneath it, read-only or writable."""
    flags = (MOUNT_ATTR_RDONLY, 0) if value else (0, MOUNT_ATTR_RDONLY)
    attributes = struct.pack("QQQQ", *flags, 0, 0)
    arguments = (AT_FDCWD, path.encode(), AT_RECURSIVE, attributes, len(attributes))
    checked(libc.syscall(SYS_MOUNT_SETATTR, *arguments), f"read-only {path}")


def most(spec: dict) -> int:
    """How many entries /proc may have: it also lists others, unless the processes are our own."""
    here = len(os.listdir("/proc"))
    return here + spec["processes"] * (1 if spec["namespaces"] else 5)


def no_privileges() -> None:
    """No rights over the new namespaces, and none from set-uid programs."""
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def wait_for(child: int, most: int = 0) -> int:
    """The exit status of `child`, as a shell would say it; what it left behind is killed.

    With `most`, more processes than that end everything at once, with the status `TOO_MANY`. This
    is looked at often: whoever starts processes without end starts hundreds in a second.
    """
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG if most else 0)
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            code = code if code >= 0 else 128 - code
            break
        if most and len(os.listdir("/proc")) > most:
            kill_all(child)
            code = TOO_MANY
            break
        if not pid:
            time.sleep(LOOK)
    for name in os.listdir("/proc") if os.path.isdir("/proc") else []:
        orphan(name)
    return code


def kill_all(child: int) -> None:
    """Everything there is in a namespace of our own, else the group of `child` without us."""
    if os.getpid() == 1:
        os.kill(-1, signal.SIGKILL)
    else:
        os.killpg(child, signal.SIGKILL)


def orphan(name: str) -> None:
    """Kill the process of that number if it is a child of ours."""
    try:
        with open(f"/proc/{int(name)}/stat") as file:
            if int(file.read().rpartition(")")[2].split()[1]) == os.getpid():
                os.kill(int(name), signal.SIGKILL)
    except (ValueError, OSError):
        return


def fork(then, most: int = 0) -> int:
    """Run `then` in a child, which dies with us, and return what it exits with."""
    child = os.fork()
    if child == 0:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        os._exit(guarded(then))
    return wait_for(child, most)


def guarded(then) -> int:
    """What `then` returns; 125 and a message if it raises."""
    try:
        return then()
    except OSError as error:
        print(f"jail: {error}", file=sys.stderr, flush=True)
        return 125


def main(spec: dict) -> int:
    """Give up rights layer by layer, run the command; its exit status, 125 if a layer failed."""
    linux = sys.platform.startswith("linux")

    def command() -> int:
        os.setpgid(0, 0)
        os.nice(5)  # whoever watches comes first, also on a machine that is busy
        os.execve(spec["command"][0], spec["command"], spec["environment"])

    def inside() -> int:
        if spec["namespaces"]:
            mounts(spec)
        if linux:
            libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
            no_privileges()
        if spec["landlock"]:
            landlock(spec)
        limits(spec)
        return fork(command, most(spec)) if linux else command()

    if linux:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if spec["namespaces"]:
        leave_the_others()
        return fork(inside)
    return inside()


if __name__ == "__main__":
    os.umask(0o077)
    given = json.loads(sys.argv[1])
    os.chdir(given["home"])
    sys.exit(guarded(lambda: main(given)))
