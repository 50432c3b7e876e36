"""The commands that are killed: how each is prepared and called, and what its result is."""

import hashlib
import json
import os
import random
import re

MLFLOW_PROJECT = "killed"


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
    # The paths, as `shapes` gives them, that a killed run may leave besides those of an undisturbed one.
    records = frozenset()
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
    # The only record of the trials that a search had when it was killed.
    records = frozenset({"workspace/workspace/JOB/artifacts/search/RUN/trials.jsonl"})

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
