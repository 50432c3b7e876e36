#!/usr/bin/env python3
"""Compares `protea run knn` with the same method in Python, as whole processes on the same data.

    python3 runners/knn/benches/knn_vs_python.py TRAIN TEST

TRAIN and TEST are frozen datasets with embeddings, an ontology and annotations. The Python way is
FAISS `IndexFlatIP` on vectors of unit length, a transfer of the annotations of the k nearest with
their similarities, a file of predictions, and cafaeval. It reads the same files with pyarrow. Both
transfer the terms as annotated, from one index. The script installs the packages into a virtual
environment below `target/`, and builds the command and its runners unless `--runners` names their
directory.

It first checks that the predictions are the same: single precision may exchange neighbours at nearly
equal distance, so it counts the scores that differ by more than 1e-4. Then it prints the median of the
wall seconds and of the processor seconds of each, their ratios, and how the time of each is divided.
"""

import argparse
import datetime
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
PACKAGES = ["faiss-cpu==1.15.1", "numpy", "pyarrow", "cafaeval==1.3.0"]


def peer(train, test, k, threads, out):
    """The Python way. Prints the seconds of each part as JSON."""
    parts, start = {}, time.perf_counter()

    def done(part):
        nonlocal start
        parts[part] = time.perf_counter() - start
        start = time.perf_counter()

    import faiss
    import numpy as np
    from cafaeval.evaluation import cafa_eval
    from pyarrow import ipc

    faiss.omp_set_num_threads(threads)
    done("imports")

    def table(folder, name):
        with ipc.open_file(str(folder / name)) as file:
            return file.read_all()

    def vectors(proteins):
        column = proteins["embedding"].combine_chunks()
        matrix = column.flatten().to_numpy().reshape(len(column), -1).astype("f4")
        faiss.normalize_L2(matrix)
        return matrix

    references, queries = table(train, "proteins.arrow"), table(test, "proteins.arrow")
    known = table(train, "annotations.arrow")
    terms = {}
    for accession, term in zip(known["accession"].to_pylist(), known["term"].to_pylist()):
        terms.setdefault(accession, []).append(term)
    matrix, asked = vectors(references), vectors(queries)
    names, ids = references["accession"].to_pylist(), queries["accession"].to_pylist()
    truth = table(test, "annotations.arrow")
    with open(out / "truth.tsv", "w") as file:
        for accession, term in zip(truth["accession"].to_pylist(), truth["term"].to_pylist()):
            file.write(f"{accession}\t{term}\n")
    done("reading")
    index = faiss.IndexFlatIP(matrix.shape[1])
    index.add(matrix)
    similarity, rows = index.search(asked, k)
    done("search")
    (out / "predictions").mkdir()
    with open(out / "predictions" / "predictions.tsv", "w") as file:
        for query, weights, found in zip(ids, np.maximum(similarity, 0).tolist(), rows.tolist()):
            votes, total = {}, sum(weights)
            for weight, row in zip(weights, found):
                for term in terms.get(names[row], ()):
                    votes[term] = votes.get(term, 0.0) + weight
            for term, vote in votes.items():
                if vote > 0 and vote / total >= 0.005:
                    file.write(f"{query}\t{term}\t{min(vote / total, 1.0):.6f}\n")
    done("transfer")
    cafa_eval(str(test / "ontology.obo"), str(out / "predictions"), str(out / "truth.tsv"),
              ia=str(test / "ia.tsv"), norm="cafa", prop="max", th_step=0.01, n_cpu=threads)
    done("cafaeval")
    print(json.dumps(parts))


def set_up():
    folder = TARGET / "knn-peers"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                    "--only-binary", ":all:", *PACKAGES], check=True)
    return python


def measure(command):
    """Wall seconds, processor seconds, peak MiB of the largest process, and the output."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed")
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, processor, done.stdout


def predictions(path):
    with open(path) as file:
        lines = (line.rstrip("\n").split("\t") for line in file)
        return {(accession, term): float(score) for accession, term, score in lines}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("-k", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer-rounds", type=int, default=1)
    parser.add_argument("--runners", type=Path, help="the directory of the command and its runners")
    parser.add_argument("--python", type=Path, help="a Python that has the packages")
    parser.add_argument("--peer", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    train, test = options.train.resolve(), options.test.resolve()
    if options.peer:
        return peer(train, test, options.k, options.threads, options.peer)
    runners = options.runners
    if not runners:
        subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
        runners = TARGET / "release"
    python = options.python or set_up()
    os.environ["RAYON_NUM_THREADS"] = str(options.threads)
    ours, theirs, parts = [], [], []
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        for number in range(options.rounds):
            workspace = work / f"workspace-{number}"
            ours.append(measure([
                runners / "protea", "run", "knn", "--train", train, "--eval", test,
                "--workspace", workspace, "--runner-dir", runners, "-q",
                "--set", f"k={options.k}", "--set", "per_aspect=false",
                "--set", "propagate=false", "--set", "exclude_self=false",
            ]))
        for number in range(options.peer_rounds):
            out = work / f"peer-{number}"
            out.mkdir()
            theirs.append(measure([python, __file__, train, test, "-k", options.k,
                                   "--threads", options.threads, "--peer", out]))
            parts.append(json.loads(theirs[-1][2].splitlines()[-1]))
        (found,) = (work / "workspace-0").rglob("predictions.tsv")
        left, right = predictions(found), predictions(work / "peer-0/predictions/predictions.tsv")
        differing = sum(abs(left.get(pair, 0) - right.get(pair, 0)) > 1e-4
                        for pair in left.keys() | right.keys())
        print(f"{datetime.date.today()}; k={options.k}; {options.threads} threads; "
              f"{differing} of {len(left.keys() | right.keys())} scores differ")
        for name, column in (("wall", 0), ("processor", 1)):
            mine = statistics.median(row[column] for row in ours)
            other = statistics.median(row[column] for row in theirs)
            print(f"{name:9} seconds: protea {mine:8.3f}, Python {other:8.3f}, ratio "
                  f"{other / mine:6.1f}")
        for part in parts[0]:
            median = statistics.median(row[part] for row in parts)
            print(f"  Python: {part:10} {median:8.3f} s")


if __name__ == "__main__":
    main()
