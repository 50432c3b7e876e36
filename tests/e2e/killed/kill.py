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
* nothing is in the place that an undisturbed run does not have, and no directory is empty.

Needs signac. Prints one line per command and the failures; exits with 1 if there are any.
"""

import argparse
import collections
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import signac

MARK = "PROTEA_KILL_MARK"
# Only ends a run that hangs; nothing is measured.
PATIENCE = 600
MLFLOW_PROJECT = "killed"


class Place:
    """A directory for one command, with a workspace, a directory for temporary files and a mark."""

    def __init__(self, options, base):
        self.options = options
        self.path = tempfile.mkdtemp(dir=base)
        self.workspace = f"{self.path}/workspace"
        self.mark = f"{os.path.basename(self.path)}-{os.getpid()}"
        os.mkdir(f"{self.path}/tmp")
        self.acknowledged_file = f"{self.path}/acknowledged"
        open(self.acknowledged_file, "w").close()

    def environment(self):
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        environment = kept | {
            MARK: self.mark,
            "HOME": self.path,
            "TMPDIR": f"{self.path}/tmp",
            "STEADY_FILE": self.acknowledged_file,
            "SOURCE_DATE_EPOCH": "1700000000",
            "PROTEA_EXAMPLE_DATA": self.options.data,
        }
        if self.options.mlflow:
            environment["MLFLOW_TRACKING_URI"] = self.options.mlflow
        return environment

    def start(self, arguments, **more):
        return subprocess.Popen(
            [self.options.protea, *arguments],
            cwd=self.path,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            **more,
        )

    def run(self, arguments):
        process = self.start(arguments)
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out.decode(), err.decode()

    def must(self, arguments):
        code, out, err = self.run(arguments)
        assert code == 0, f"{arguments}: {code}: {err}"
        return out

    def processes(self):
        """The processes with the mark of this place."""
        found = []
        wanted = f"{MARK}={self.mark}".encode()
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/environ", "rb") as file:
                        environment = file.read().split(b"\0")
                    with open(f"/proc/{entry}/stat") as file:
                        state = file.read().rpartition(")")[2].split()[0]
                except OSError:
                    continue
                if wanted in environment and state != "Z":
                    found.append(int(entry))
        return found

    def acknowledged(self):
        with open(self.acknowledged_file) as file:
            return [int(line) for line in file.read().splitlines()]

    def remove(self):
        shutil.rmtree(self.path)


# ---- Commands: how each is prepared and called, and what its result is. ----


def steady(place, more=()):
    return ["--runner-dir", place.options.runners, "--workspace", place.workspace, *more]


def digest(path):
    """The content of a file or of all files below a directory."""
    if os.path.isfile(path):
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    found = {}
    for directory, _, files in os.walk(path):
        for name in files:
            full = os.path.join(directory, name)
            found[os.path.relpath(full, path)] = digest(full)
    return found


def without(value, names):
    """JSON without the members of these names: they differ between two runs of the same."""
    if isinstance(value, dict):
        return {key: without(kept, names) for key, kept in value.items() if key not in names}
    if isinstance(value, list):
        return [without(kept, names) for kept in value]
    return value


CHANGING = {"run_id", "directory", "manifest", "seconds", "resources", "origin", "taken_over", "tables", "uri",
            "model_uri", "artifacts", "resumed", "sha256", "started", "finished", "report", "reused",
            "predictions", "predictions_uri", "model", "export", "run", "job_id", "table", "datasets", "runs"}


class Command:
    """One of the commands. `output` is what the command makes besides the workspace, if anything."""

    output = None
    # Whether it writes its output again.
    replaces = False
    tracks = False

    def prepare(self, place):
        pass

    def result(self, place, out):
        return without(json.loads(out), CHANGING)


class Fit(Command):
    def arguments(self, place):
        train = f"{place.options.data}/train"
        return ["fit", "steady", *steady(place), "--train", train, "--json"]


class Run(Command):
    def arguments(self, place):
        data = place.options.data
        return ["run", "baseline", *steady(place), "--train", f"{data}/train",
                "--eval", f"{data}/test", "--json"]


class Search(Command):
    def arguments(self, place):
        data = place.options.data
        return ["search", "steady", *steady(place), "--train", f"{data}/train", "--jobs", "2",
                "--eval", f"{data}/test", "--grid", "x=0.1,0.3,0.8", "--metric", "score", "--json"]

    def result(self, place, out):
        found = json.loads(out)
        return [(trial["params"], trial["metrics"]) for trial in [found["best"], *found["trials"]]]


class Cv(Command):
    def arguments(self, place):
        data = f"{place.options.data}/test"
        return ["cv", "baseline", *steady(place), "--data", data, "--folds", "2", "--json"]


class Benchmark(Command):
    def arguments(self, place):
        data = place.options.data
        return ["benchmark", *steady(place), "--runners", "naive,knn", "--train", f"{data}/train",
                "--eval", f"{data}/test", "--bootstrap", "20", "--resume", "--json"]


def terms_of(place):
    """The terms of the ontology, each with its namespace."""
    with open(f"{place.options.data}/test/ontology.obo") as file:
        return re.findall(r"^id: (GO:\d{7})\nname: .*\nnamespace: (\w+)$", file.read(), re.M)


class Freeze(Command):
    output = "frozen"

    def prepare(self, place):
        terms = [term for term, _ in terms_of(place)]
        choose = random.Random(1)
        with open(f"{place.path}/proteins.fasta", "w") as fasta, \
                open(f"{place.path}/terms.tsv", "w") as table:
            for number in range(2000):
                name = f"P{number:05}"
                sequence = "".join(choose.choices("ACDEFGHIKLMNPQRSTVWY", k=200))
                fasta.write(f">{name}\n{sequence}\n")
                for term in choose.sample(terms, 4):
                    table.write(f"{name}\t{term}\n")

    def arguments(self, place):
        return ["dataset", "freeze", self.output, "--name", "frozen", "--ontology",
                f"{place.options.data}/test/ontology.obo", "--fasta", "proteins.fasta",
                "--annotations", "terms.tsv", "--features", "kmer", "--json"]

    def result(self, place, out):
        return digest(f"{place.path}/{self.output}")


class Split(Command):
    output = "parts"

    def arguments(self, place):
        return ["dataset", "split", f"{place.options.data}/train", self.output, "--by", "random",
                "--test", "0.2", "--validation", "0.1", "--seed", "7", "--json"]

    def result(self, place, out):
        return digest(f"{place.path}/{self.output}")


class Predict(Command):
    output = "terms.tsv"

    def prepare(self, place):
        train = f"{place.options.data}/train"
        place.must(["fit", "baseline", *steady(place), "--train", train])

    def arguments(self, place):
        return ["predict", "latest", *steady(place), "--dataset", f"{place.options.data}/test",
                "--output", self.output]

    def result(self, place, out):
        return digest(f"{place.path}/{self.output}")


class PredictTrain(Predict):
    def prepare(self, place):
        pass

    def arguments(self, place):
        data = place.options.data
        return ["predict", "baseline", *steady(place), "--train", f"{data}/train",
                "--dataset", f"{data}/test", "--output", self.output]


class Merge(Command):
    output = "merged.tsv"

    def prepare(self, place):
        terms = [term for term, _ in terms_of(place)]
        choose = random.Random(2)
        for name in "ab":
            with open(f"{place.path}/{name}.tsv", "w") as table:
                for number in range(3000):
                    for term in choose.sample(terms, 10):
                        table.write(f"P{number:05}\t{term}\t{choose.random():.3f}\n")

    def arguments(self, place):
        return ["predictions", "merge", "a.tsv", "b.tsv", "--output", self.output, "--json"]

    def result(self, place, out):
        return digest(f"{place.path}/{self.output}")


class Accretion(Command):
    output = "ia.tsv"

    def arguments(self, place):
        return ["dataset", "ia", f"{place.options.data}/train", "--output", self.output, "--json"]

    def result(self, place, out):
        return digest(f"{place.path}/{self.output}")


class Lafa(Command):
    output = "lafa.tsv"
    replaces = True

    def prepare(self, place):
        letters = {"molecular_function": "F", "biological_process": "P", "cellular_component": "C"}
        terms, choose = terms_of(place), random.Random(3)
        for name, count in [("train", 400), ("query", 50)]:
            with open(f"{place.path}/{name}.fasta", "w") as fasta:
                for number in range(count):
                    sequence = "".join(choose.choices("ACDEFGHIKLMNPQRSTVWY", k=100))
                    fasta.write(f">{name[0].upper()}{number:05}\n{sequence}\n")
        with open(f"{place.path}/train.gaf", "w") as gaf:
            gaf.write("!gaf-version: 2.2\n")
            for number in range(400):
                for term, namespace in choose.sample(terms, 4):
                    gaf.write(f"UniProtKB\tT{number:05}\tX\tenables\t{term}\tPMID:1\tEXP\t\t"
                              f"{letters[namespace]}\t\t\tprotein\ttaxon:9606\t20200101\tX\t\t\n")

    def arguments(self, place):
        return ["lafa", "--query_file", "query.fasta", "--train_sequences", "train.fasta",
                "--annot_file", "train.gaf", "--graph", f"{place.options.data}/test/ontology.obo",
                "--output_file", self.output, "--runner-dir", place.options.runners, "--json"]

    def result(self, place, out):
        return digest(f"{place.path}/{self.output}")


class Export(Command):
    output = "exported"

    def prepare(self, place):
        train = f"{place.options.data}/train"
        self.model = place.must(["fit", "knn", *steady(place), "--train", train, "--quiet"]).strip()

    def arguments(self, place):
        return ["export", "knn", *steady(place), "--model", self.model, "--output", self.output,
                "--json"]

    def result(self, place, out):
        found = digest(f"{place.path}/{self.output}")
        # It names the run.
        found.pop("run.json")
        return found


class Sync(Command):
    tracks = True

    def prepare(self, place):
        train = f"{place.options.data}/train"
        for seed in "12":
            place.must(["fit", "steady", *steady(place), "--train", train, "--seed", seed,
                        "--track", "mlflow", "--offline", "--project", project(place)])

    def arguments(self, place):
        return ["sync", "--workspace", place.workspace, "--json"]

    def result(self, place, out):
        return None


class Live(Command):
    """Sends events while the run goes on."""

    tracks = True

    def arguments(self, place):
        train = f"{place.options.data}/train"
        return ["fit", "steady", *steady(place), "--train", train, "--json",
                "--track", "mlflow", "--project", project(place)]


COMMANDS = {
    "fit": Fit, "run": Run, "search": Search, "cv": Cv, "benchmark": Benchmark, "freeze": Freeze,
    "merge": Merge, "accretion": Accretion, "lafa": Lafa, "split": Split, "predict": Predict,
    "predict-train": PredictTrain, "export": Export, "sync": Sync, "live": Live,
}


def project(place):
    return f"{MLFLOW_PROJECT}-{place.mark}"


# ---- The judges. Each returns a list of what is wrong. ----


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


def shared_memory():
    found = set()
    for kind in ("shm", "msg", "sem"):
        with open(f"/proc/sysvipc/{kind}") as file:
            found.update((kind, line.split()[1]) for line in file.read().splitlines()[1:])
    return found | {("file", name) for name in os.listdir("/dev/shm")}


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


# ---- One moment. ----


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
    out, err = process.communicate(timeout=PATIENCE)
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
    if shared_memory() - shared:
        faults.append(f"shared memory is left: {shared_memory() - shared}")
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
    stray = shapes(place) - reference["shapes"]
    if stray:
        faults.append(f"left over: {sorted(stray)}")
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
