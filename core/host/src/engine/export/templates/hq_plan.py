#!/usr/bin/env python3
# Executes the tasks of a plan with HyperQueue, then gathers the results.
#
#   python hq_plan.py [directory of the server]
#
# It needs the package `hyperqueue` in the version of the server, which must run and have workers:
# `hq server start`, then `hq worker start` or `hq alloc add slurm`.
#
@about@
#
# What protea does not know: how many cores and how much memory a task needs, unless the plan says so.
# Memory is not asked for; the workers decide how many tasks run at once by CPUS.
#
# Tasks that end with exit code 75 are tried three times, those that end with 65 once: their failure is
# recorded. The next generation of a search with TPE is done as soon as it is planned. Called again, the
# script executes the tasks that have no result. Its exit code is that of `protea gather`.
#
# Without Python, the same for tasks 0 to N: hq submit --wait --array 0-N -- protea task PLAN; protea gather PLAN
import datetime
import os
import subprocess
import sys

from hyperqueue import Client, Job
from hyperqueue.ffi.protocol import ResourceRequest

PROGRAM = @program@
PLAN = @plan@
# Cores of one process.
CPUS = @threads@
# Seconds that a worker must have left to begin a task; None if this is not known.
SECONDS = @seconds@
# Tasks that one process executes, one after the other.
PER_INDEX = @per_index@
ATTEMPTS = 3


def planned():
    with open(os.path.join(PLAN, "tasks.jsonl"), "rb") as lines:
        return sum(1 for _ in lines)


def remaining():
    """One text for each process: the indices of its tasks."""
    command = [PROGRAM, "plan", "remaining", PLAN, "--per-index", str(PER_INDEX)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()


def run(client, groups):
    job = Job(name=@name@, max_fails=None, default_workdir=PLAN)
    resources = ResourceRequest(cpus=CPUS, min_time=SECONDS and datetime.timedelta(seconds=SECONDS * PER_INDEX))
    for indices in groups:
        log = "%{CWD}/logs/hyperqueue-" + indices.split(",")[0]
        job.program(
            [PROGRAM, "task", PLAN, "--index", indices, "--threads", str(CPUS)],
            stdout=log + ".stdout",
            stderr=log + ".stderr",
            resources=resources,
        )
    client.wait_for_jobs([client.submit(job)], raise_on_error=False)


def main():
    client = Client(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HQ_SERVER_DIR"))
    tasks, attempt = planned(), 1
    while True:
        groups = remaining()
        if groups:
            run(client, groups)
        code = subprocess.run([PROGRAM, "gather", PLAN]).returncode
        if code != 75:
            return code
        if planned() > tasks:
            tasks, attempt = planned(), 1
        elif attempt < ATTEMPTS:
            attempt += 1
        else:
            return code


if __name__ == "__main__":
    sys.exit(main())
