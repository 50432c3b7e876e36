"""Runs commands on disks that are full, have no inodes left, or fail, and judges what is left.

    disk.py --protea FILE --runners DIR --data DIR {space,inodes,errors} [--points N] [COMMAND …]

Everything that a command writes is on the disk: the workspace, its output and temporary files. `space`
and `inodes` need root (or a user namespace), because they mount a small disk in memory; `errors` needs
strace, which lets one call of the process fail with EIO. Then:

* the command succeeds, or fails with the code for output, a path of the disk, and the system's words;
* nothing is half published, and no temporary file is left;
* events of logs are whole, every run is closed, signac accepts every job;
* with room on the disk, the same command succeeds with the result of an undisturbed run.

Needs signac. Prints one line per command and the faults; exits with 1 if there are any.
"""

import argparse
import collections
import os
import random
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "killed"))
# The commands and the judges of the kill tests.
from commands import COMMANDS, Benchmark, Search  # noqa: E402
from judges import log_faults, logs, signac_refuses, stray  # noqa: E402
from kill import undisturbed  # noqa: E402
from place import TIMEOUT, Place  # noqa: E402

MIB = 1 << 20
NAMES = ["run", "search", "freeze", "split", "predict", "export", "cv", "benchmark"]
# What may fail: the calls that write, make, flush and rename.
CALLS = ["write", "pwrite64", "fsync", "rename,renameat,renameat2", "mkdir,mkdirat", "openat",
         "linkat,link", "ftruncate", "copy_file_range", "fchmod,chmod"]
WORDS = {
    "space": ["No space left on device", "disk is full"],
    "inodes": ["No space left on device", "disk is full"],
    "errors": ["Input/output error"],
}


def mount(path, options):
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)


def fill(place, room):
    """Fills the disk except for `room` bytes."""
    disk = os.statvfs(place.path)
    with open(f"{place.path}/filler", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(4096, disk.f_bavail * disk.f_frsize - room))


def fill_inodes(place, free):
    os.mkdir(f"{place.path}/fillers")
    number = 0
    while os.statvfs(place.path).f_ffree > free:
        open(f"{place.path}/fillers/{number}", "w").close()
        number += 1


def judge(kind, place, command, code, err, before):
    faults = []
    if code != 0:
        if code != 5 and not (kind == "errors" and code in (1, 3, 4)):
            faults.append(f"code {code}: {err.strip()[-300:]}")
        # The runner `steady` does not tell the system's words.
        if not any(word in err for word in [*WORDS[kind], "STEADY_FILE", "cannot be written"]):
            faults.append(f"the reason is missing: {err.strip()[-300:]}")
        if place.path not in err and not any(name in err for name in ("frozen", "parts", "exported",
                                                                     "terms.tsv", "data", "/proc")):
            faults.append(f"no path: {err.strip()[-300:]}")
        if "panicked" in err:
            faults.append(f"panic: {err.strip()[-600:]}")
    if code in (-6, -11, 101, 134):
        faults.append(f"crash {code}")
    for name, text in logs(place.workspace).items():
        if name in before and not text.startswith(before[name]):
            faults.append(f"lost: events of {name}")
    left = place.processes()
    if left:
        faults.append(f"processes are left: {left}")
    return faults


def point(kind, command, options, base, where, reference):
    place = Place(options, base)
    if kind != "errors":
        mount(place.path, "size=400m" if kind == "space" else "size=400m,nr_inodes=2000")
        os.mkdir(f"{place.path}/tmp")
        open(place.acknowledged_file, "w").close()
    try:
        command.prepare(place)
        before = logs(place.workspace)
        arguments = command.arguments(place)
        if kind == "space":
            fill(place, where)
        elif kind == "inodes":
            fill_inodes(place, where)
        if kind == "errors":
            calls, when = where
            strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e",
                      f"inject={calls}:error=EIO:when={when}"]
            process = subprocess.Popen(
                [*strace, options.protea, *arguments], cwd=place.path, env=place.environment(),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            out, err = process.communicate(timeout=TIMEOUT)
            code, out, err = process.returncode, out.decode(), err.decode(errors="replace")
        else:
            code, out, err = place.run(arguments)
        faults = judge(kind, place, command, code, err, before)
        outcome = "succeeded" if code == 0 else "failed"
        if kind == "space":
            os.remove(f"{place.path}/filler")
        elif kind == "inodes":
            shutil.rmtree(f"{place.path}/fillers")
        faults += [f"directly: {fault}" for fault in signac_refuses(place.workspace)]
        output = command.output and f"{place.path}/{command.output}"
        if code == 0 and kind == "errors":
            # The call may fail without harm.
            pass
        elif not (output and os.path.exists(output)):
            code, out, err = place.run(arguments)
            if code != 0:
                return outcome, [*faults, f"again: {code}: {err.strip()[-300:]}"]
        # A search and a benchmark go on after a run that failed, and list it.
        lists_failures = kind == "errors" and type(command) in (Search, Benchmark)
        if command.result(place, out or "{}") != reference["result"] and not lists_failures:
            faults.append("another result")
        if os.path.isdir(place.workspace):
            place.must(["sync", "--workspace", place.workspace])
            faults += signac_refuses(place.workspace)
            found = log_faults(place.workspace, before, place.acknowledged())
            # The number of an event that could not be written is not used again.
            faults += [fault for fault in found if not fault.endswith("sequence numbers")]
        if left := stray(place, command, reference):
            faults.append(f"left over: {left[:6]}")
        return outcome, faults
    finally:
        if kind != "errors":
            subprocess.run(["umount", place.path], check=True)
        shutil.rmtree(place.path, ignore_errors=True)


def points_of(kind, number, choose):
    if kind == "space":
        # From 64 KiB to 100 MiB, in equal ratios.
        first, last = MIB // 16, 100 * MIB
        return [int(first * (last / first) ** (at / max(1, number - 1))) for at in range(number)]
    if kind == "inodes":
        return [at * 2 for at in range(number)]
    return [(CALLS[at % len(CALLS)], choose.choice([1, 2, 3, 5, 8, 13, 21, 34, 55]))
            for at in range(number)]


def main():
    parser = argparse.ArgumentParser()
    for name in ("protea", "runners", "data"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--points", type=int, default=4, help="of each command")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("kind", choices=list(WORDS))
    parser.add_argument("commands", nargs="*")
    options = parser.parse_args()
    options.mlflow = None
    base = tempfile.mkdtemp(prefix="protea-disk-")
    failures, total = 0, collections.Counter()
    try:
        for name in options.commands or NAMES:
            command = COMMANDS[name]()
            reference, _ = undisturbed(command, options, base)
            counts = collections.Counter()
            choose = random.Random(f"{options.seed} {name}")
            for where in points_of(options.kind, options.points, choose):
                outcome, faults = point(options.kind, command, options, base, where, reference)
                counts[outcome] += 1
                for fault in faults:
                    print(f"FAULT {name} {where}: {fault}", flush=True)
                failures += bool(faults)
            total += counts
            print(f"{name}: {dict(counts)}", flush=True)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    print(f"all: {dict(total)}; points with faults: {failures}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
