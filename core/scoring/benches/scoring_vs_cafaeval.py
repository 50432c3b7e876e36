#!/usr/bin/env python3
"""Compares `protea cafa` with cafaeval 1.3.0 as whole processes on the same files.

    scoring_vs_cafaeval.py [options] ONTOLOGY PREDICTIONS_DIR GROUND_TRUTH

Checks that both write the same tables, then prints the median wall time and the largest peak of
memory of each program, and their ratios. Without `--python` the script creates a virtual
environment with cafaeval in a temporary directory. It decompresses .gz predictions once before the
measurement, because cafaeval does not read them. With `--packed`, `protea` reads the compressed
files.
"""
import argparse
import gzip
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path


def measure(command):
    """Wall seconds and peak resident MiB of a process and its children."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status != 0:
        sys.exit(f"{' '.join(map(str, command))}\nfailed:\n{errors.decode()}")
    unit = 1 if sys.platform == "darwin" else 1024
    return wall, usage.ru_maxrss * unit / 2**20


def tables(directory):
    """The tables as sets of lines, because cafaeval lists files in the order of the file system."""
    return {p.name: sorted(p.read_text().splitlines()) for p in directory.glob("evaluation_*.tsv")}


def cafaeval_python(work):
    venv.create(work / "venv", with_pip=True)
    python = work / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "cafaeval==1.3.0"], check=True)
    return python


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ontology", type=Path)
    parser.add_argument("predictions", type=Path)
    parser.add_argument("ground_truth", type=Path)
    parser.add_argument("--ia", type=Path, help="information accretion, for the weighted scores")
    parser.add_argument("--protea", default="target/release/protea", help="the command (default: %(default)s)")
    parser.add_argument("--python", type=Path, help="a Python that has cafaeval 1.3.0")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of ours (default: %(default)s)")
    parser.add_argument("--peer-rounds", type=int, default=1, help="rounds of cafaeval, which can take long (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=0, help="threads of both; 0: all (default: %(default)s)")
    parser.add_argument("--only", action="append", default=[], help="only prediction files whose name contains this; may be repeated")
    parser.add_argument("--packed", action="store_true", help="give ours the .gz files as they are")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        plain, packed = work / "plain", work / "packed"
        plain.mkdir(), packed.mkdir()
        for path in sorted(p for p in args.predictions.rglob("*") if p.is_file()):
            if args.only and not any(part in path.name for part in args.only):
                continue
            shutil.copy(path, packed / path.name)
            if path.suffix == ".gz":
                with gzip.open(path) as source, open(plain / path.stem, "wb") as target:
                    shutil.copyfileobj(source, target)
            else:
                shutil.copy(path, plain / path.name)
        print("predictions:", ", ".join(sorted(p.name for p in plain.iterdir())))

        python = args.python or cafaeval_python(work)
        ia = ["-ia", args.ia] if args.ia else []
        ours = [args.protea, "cafa", args.ontology, packed if args.packed else plain, args.ground_truth, *ia, "-out_dir", work / "ours"]
        ours += ["-threads", str(args.threads)] if args.threads else []
        theirs = [python, "-m", "cafaeval", args.ontology, plain, args.ground_truth, *ia, "-out_dir", work / "theirs", "-threads", str(args.threads)]

        results = {}
        for name, command, rounds in [("protea cafa", ours, args.rounds), ("cafaeval", theirs, args.peer_rounds)]:
            runs = [measure(command) for _ in range(rounds)]
            results[name] = statistics.median(w for w, _ in runs), max(m for _, m in runs)
            print(f"{name:12} {results[name][0]:10.3f} s (median of {rounds})  {results[name][1]:8.1f} MiB (peak)", flush=True)
        mine, peer = tables(work / "ours"), tables(work / "theirs")
        if not peer or mine != peer:
            sys.exit("the tables differ: " + ", ".join(n for n in sorted(mine.keys() | peer.keys()) if mine.get(n) != peer.get(n)))
        (wall, memory), (peer_wall, peer_memory) = results["protea cafa"], results["cafaeval"]
        print(f"same tables; {peer_wall / wall:.0f} times faster, 1/{peer_memory / memory:.0f} of the memory")


if __name__ == "__main__":
    main()
