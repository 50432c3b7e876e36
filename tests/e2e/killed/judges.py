"""What is wrong with what a kill left. Each function but the readers returns a list of faults."""

import collections
import json
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request

import signac

from commands import project


def signac_refuses(workspace):
    if not os.path.isdir(f"{workspace}/.signac"):
        return []
    try:
        opened = signac.get_project(workspace)
        for job in opened:
            # Raises if the state point is not that of the id.
            found = opened.open_job(job.statepoint()).id
            if found != job.id:
                return [f"signac: {job.id} is {found}"]
            job.document()
        opened.repair()
    except Exception as error:  # Whatever signac says is the verdict.
        return [f"signac: {type(error).__name__}: {error}"]
    return []


def logs(workspace):
    """The text of each event log."""
    found = {}
    for directory, _, files in os.walk(workspace):
        if "events.jsonl" in files:
            with open(f"{directory}/events.jsonl") as file:
                found[os.path.relpath(directory, workspace)] = file.read()
    return found


def metrics(events):
    """The points of the runner's metric: step and value."""
    return [(event["step"], event["metrics"]["m"]) for event in events
            if event["event"] == "log" and "m" in event["metrics"]]


def log_faults(workspace, before, acknowledged):
    faults, values, after = [], collections.Counter(), logs(workspace)
    for name, text in before.items():
        whole = text[: text.rfind("\n") + 1]
        if whole and not after.get(name, "").startswith(whole):
            faults.append(f"lost: events of {name}")
    for name, text in after.items():
        try:
            events = [json.loads(line) for line in text.splitlines()]
        except ValueError as error:
            faults.append(f"log {name}: {error}")
            continue
        if [event["seq"] for event in events] != list(range(len(events))):
            faults.append(f"log {name}: sequence numbers")
        if not events or "status" not in events[-1]:
            faults.append(f"log {name}: is not closed")
        values.update(value for _, value in metrics(events))
    twice = [value for value, count in values.items() if count > 1]
    lost = [value for value in acknowledged if value not in values]
    if twice:
        faults.append(f"recorded twice: {twice}")
    if lost:
        faults.append(f"lost: {len(lost)} of {len(acknowledged)} acknowledged events")
    for directory, _, files in os.walk(workspace):
        if "run_manifest.json" in files:
            try:
                with open(f"{directory}/run_manifest.json") as file:
                    if json.load(file)["status"] == "running":
                        faults.append(f"{directory} is still running")
            except ValueError as error:
                faults.append(f"{directory}: manifest: {error}")
    return faults


def shapes(place):
    """The paths in the place, with ids replaced; directories that are empty end with `(empty)`."""
    found = set()
    for directory, directories, files in os.walk(place.path):
        relative = os.path.relpath(directory, place.path)
        if not directories and not files:
            found.add(shape(relative) + " (empty)")
        found.update(shape(os.path.join(relative, name)) for name in files)
    return found


def shape(path):
    path = re.sub(r"[0-9a-f]{32}", "JOB", path)
    return re.sub(r"\d{8}T\d{6}Z-[a-z]+-[0-9a-f]{6}", "RUN", path)


# Files in the user's cache. Whether a command makes them depends on the age of files and on the time
# that it took; names have inode numbers. Files that are not finished have other names.
CACHED = re.compile(r"\.cache/protea/(digests/[0-9a-f]+-[0-9a-f]+|indexes/JOBJOB\.[a-z0-9.-]+)$")


def stray(place, command, reference):
    """The paths that neither an undisturbed run nor a killed one leaves on purpose."""
    found = shapes(place) - reference["shapes"] - command.records
    return sorted(path for path in found if not CACHED.fullmatch(path))


def shared_memory():
    """The segments, queues, semaphores and files of the machine."""
    found = set()
    for kind in ("shm", "msg", "sem"):
        with open(f"/proc/sysvipc/{kind}") as file:
            found.update((kind, line.split()[1]) for line in file.read().splitlines()[1:])
    return found | {("file", name) for name in os.listdir("/dev/shm")}


def shared_memory_faults(before):
    """What came since and stays. Programs beside the command have shared memory too: theirs goes, or
    is in use, and no process of the command is left."""
    until = time.monotonic() + 30
    while left := (shared_memory() - before) - used():
        if time.monotonic() > until:
            return [f"shared memory is left: {sorted(left)}"]
        time.sleep(0.1)
    return []


def used():
    """The segments that are attached and the files that are mapped, by any process."""
    found = set()
    with open("/proc/sysvipc/shm") as file:
        for line in file.read().splitlines()[1:]:
            fields = line.split()
            if fields[6] != "0":
                found.add(("shm", fields[1]))
    for process in os.listdir("/proc"):
        if process.isdigit():
            try:
                with open(f"/proc/{process}/maps") as file:
                    found.update(("file", name) for name in re.findall(r" /dev/shm/(.+)$", file.read(), re.M))
            except OSError:
                # The process has ended.
                pass
    return found


def call(uri, path, body=None, query=()):
    full = f"{uri}/api/2.0/mlflow/{path}"
    if query:
        full += "?" + urllib.parse.urlencode(query)
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(full, data, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def mlflow_faults(place):
    """Compares MLflow with the logs of runs that name the project of the place."""
    uri, expected = place.options.mlflow, {}
    for name, text in logs(place.workspace).items():
        events = [json.loads(line) for line in text.splitlines()]
        expected[name.rpartition("/")[2]] = sorted(metrics(events))
    try:
        found = call(uri, "experiments/get-by-name", query=[("experiment_name", project(place))])
        ids = [found["experiment"]["experiment_id"]]
        runs = call(uri, "runs/search", {"experiment_ids": ids, "max_results": 1000}).get("runs", [])
    except urllib.error.HTTPError:
        runs = []
    faults, seen = [], collections.Counter()
    for run in runs:
        tags = {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
        name = tags.get("protea.run_id", run["info"]["run_id"])
        seen[name] += 1
        if run["info"]["status"] == "RUNNING":
            faults.append(f"MLflow: {name} is still running")
        points, token = [], None
        while True:
            query = [("run_id", run["info"]["run_id"]), ("metric_key", "m"), ("max_results", 1000)]
            page = call(uri, "metrics/get-history", query=query + ([("page_token", token)] if token else []))
            points += [(int(point.get("step", 0)), point["value"]) for point in page.get("metrics", [])]
            token = page.get("next_page_token")
            if not token:
                break
        if sorted(points) != expected.get(name, []):
            faults.append(f"MLflow: {name} has {len(points)} points, the log {len(expected.get(name, []))}")
    for name in expected:
        if seen[name] != 1:
            faults.append(f"MLflow: {name} is there {seen[name]} times")
    return faults
