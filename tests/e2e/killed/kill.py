"""Kills commands at random moments and judges what is left.

    kill.py --protea FILE --runners DIR --data DIR [--moments N] [--seed N] [--mlflow URI] [COMMAND …]

For each moment a command runs in a fresh place and the host, one of its descendants or the whole
process group gets SIGKILL. Then:

* no process of the command is left, and no shared memory;
* each metric whose `emit` had returned to the runner, and each event that was in a log before the
  kill, is in a log, once; the logs and manifests are whole and no run is open;
* MLflow has each event once (commands that track);
* signac opens the workspace and accepts every job;
* the same command run again succeeds with the result of an undisturbed run;
* nothing is in the place that an undisturbed run does not have, apart from the records of the killed
  run, and no directory is empty.

Needs signac. Prints one line per command and the failures; exits with 1 if there are any.
"""

import argparse
import collections
import os
import random
import shutil
import signal
import sys
import tempfile
import time

from commands import COMMANDS
from judges import (
    log_faults, logs, mlflow_faults, shapes, shared_memory, shared_memory_faults, signac_refuses,
    stray,
)
from place import TIMEOUT, Place


def children(pid):
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        try:
            for task in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{task}/children") as file:
                    todo += [int(child) for child in file.read().split()]
        except OSError:
            pass
        found.append(one)
    return found[1:]


def kill(process, choose):
    """Kills something. Returns what, or None if nothing was left to be killed."""
    if process.poll() is not None:
        return None
    target = choose.choices(["host", "descendant", "group"], [5, 3, 2])[0]
    try:
        if target == "group":
            os.killpg(process.pid, signal.SIGKILL)
        elif target == "descendant" and (below := children(process.pid)):
            os.kill(choose.choice(below), signal.SIGKILL)
        else:
            target = "host"
            os.kill(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return None
    return target


def moment(command, place, choose, reference, duration):
    faults, start = [], time.monotonic()
    shared = shared_memory()
    process = place.start(command.arguments(place))
    time.sleep(max(0.0, choose.uniform(0, 1.05) * duration - (time.monotonic() - start)))
    before = logs(place.workspace)
    killed = kill(process, choose)
    out, err = process.communicate(timeout=TIMEOUT)
    if killed == "descendant" and process.returncode not in (0, 1, 2, 4, 5) and b"error" not in err:
        faults.append(f"after the kill of a worker: {process.returncode}: {err.decode()}")
    until = time.monotonic() + 30
    while (left := place.processes()) and time.monotonic() < until:
        time.sleep(0.02)
    if left:
        faults.append(f"processes are left: {left}")
        for pid in left:
            os.kill(pid, signal.SIGKILL)
    acknowledged = place.acknowledged()
    faults += shared_memory_faults(shared)
    directly = signac_refuses(place.workspace)

    # The command again, unless it has made its output: that is never overwritten.
    output = command.output and f"{place.path}/{command.output}"
    if output and os.path.exists(output) and not command.replaces:
        out = "{}"
        if os.path.isdir(place.workspace):
            place.must(["sync", "--workspace", place.workspace])
        elif killed:
            # Only the command itself could clean up; it has nothing to do any more.
            code, _, err = place.run(command.arguments(place))
            if code not in (2, 3, 5) or "exist" not in err:
                faults.append(f"again: {code}: {err}")
    else:
        code, out, err = place.run(command.arguments(place))
        if code != 0:
            faults.append(f"again: {code}: {err}")
            return killed, directly, faults
    found = command.result(place, out)
    if found != reference["result"]:
        faults.append(f"another result: {found}"[:400])
    if os.path.isdir(place.workspace):
        # The signal may have ended the process before it could close a run of its own.
        place.must(["sync", "--workspace", place.workspace])
        faults += signac_refuses(place.workspace)
        faults += log_faults(place.workspace, before, acknowledged)
        if command.tracks:
            faults += mlflow_faults(place)
    if found := stray(place, command, reference):
        faults.append(f"left over: {found}")
    return killed, directly, faults


def undisturbed(command, options, base):
    place = Place(options, base)
    command.prepare(place)
    start = time.monotonic()
    out = place.must(command.arguments(place))
    duration = time.monotonic() - start
    if os.path.isdir(place.workspace):
        place.must(["sync", "--workspace", place.workspace])
    if command.tracks:
        assert not mlflow_faults(place), mlflow_faults(place)
    reference = {"result": command.result(place, out), "shapes": shapes(place)}
    place.remove()
    return reference, duration


def main():
    parser = argparse.ArgumentParser()
    for name in ("protea", "runners", "data"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--moments", type=int, default=2, help="of each command")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mlflow")
    parser.add_argument("--keep", action="store_true", help="the places of moments with faults")
    parser.add_argument("commands", nargs="*")
    options = parser.parse_args()
    names = options.commands or [name for name in COMMANDS
                                 if options.mlflow or not COMMANDS[name].tracks]
    base = tempfile.mkdtemp(prefix="protea-kill-")
    failures, total = 0, collections.Counter()
    try:
        for name in names:
            command = COMMANDS[name]()
            reference, duration = undisturbed(command, options, base)
            counts, acknowledged = collections.Counter(), 0
            for number in range(options.moments):
                place = Place(options, base)
                command.prepare(place)
                choose = random.Random(f"{options.seed} {name} {number}")
                killed, directly, faults = moment(command, place, choose, reference, duration)
                counts[killed or "ended before"] += 1
                counts["signac refuses until the next command"] += bool(directly)
                acknowledged += len(place.acknowledged())
                for fault in faults:
                    print(f"FAULT {name} {number} ({killed}): {fault}", flush=True)
                failures += bool(faults)
                if not (faults and options.keep):
                    place.remove()
            total += counts
            print(f"{name}: {dict(counts)}, {acknowledged} acknowledged", flush=True)
    finally:
        if not (options.keep and failures):
            shutil.rmtree(base, ignore_errors=True)
    print(f"all: {dict(total)}; moments with faults: {failures}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
