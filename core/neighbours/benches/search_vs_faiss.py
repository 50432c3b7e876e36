"""Compares the exact search with FAISS: same matrix, same threads, one table.

    python3 core/neighbours/benches/search_vs_faiss.py --embeddings REFERENCES QUERIES \
        --spectrum 500000x1024x5000 --random 100000x1024x2000

REFERENCES and QUERIES are `.npy` files, or frozen datasets with embeddings. The script installs its
Python packages into a virtual environment below `target/` and builds the program that searches,
unless `--binary` names it.

The peers are `IndexFlatIP` and `PCA,FlatPanorama`, FAISS's own exact search that prunes. For each
size, the lines are:

* `whole`: this search with an index that multiplies every row;
* `auto`: this search as users get it, the first time: index, leading coordinates and search;
* `again`: a later search with the same index, whose leading coordinates are prepared.

Times include building the index, for FAISS too (`again` and FAISS's `search` are without). FAISS
gets rows of unit length; normalising them is not counted. The engines alternate, once each per
round, so that other load on the machine affects all of them; the numbers are medians. `ratio` is
the time of `IndexFlatIP` divided by that of the line, both with or both without the index. With one
thread, `cpu` is the same of processor seconds, which other load affects less. `pruned ratio` is
the same against FAISS's index that prunes.

First, the script checks the neighbours: `differing` is the number of queries whose set of
neighbours is not that of a search in double precision with numpy (for at most 200 queries of a
large matrix), near ties within 1e-12 not counted.

`--spectrum` draws vectors with the spectrum of real embeddings: see `spectrum`.
"""

import argparse
import datetime
import os
import platform
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
TARGET = os.environ.get("CARGO_TARGET_DIR") or os.path.join(ROOT, "target")
PACKAGES = ["faiss-cpu==1.15.1", "numpy", "pyarrow"]

try:
    import faiss
    import numpy as np
except ImportError:
    folder = os.path.join(TARGET, "search-peers")
    python = os.path.join(folder, "bin", "python")
    if os.path.realpath(sys.prefix) == os.path.realpath(folder):
        raise
    if not os.path.exists(python):
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                    "--only-binary", ":all:", *PACKAGES], check=True)
    os.execv(python, [python, *sys.argv])

# Share of the squared norm in the leading principal components of 9,632 protein embeddings (UniRep,
# 768 columns, each row divided by its norm).
ENERGY = {1: 0.113, 2: 0.187, 4: 0.296, 8: 0.429, 16: 0.584, 32: 0.731, 64: 0.846, 128: 0.92,
          256: 0.968, 512: 0.995}


def spectrum(width):
    """The eigenvalues of the covariance, largest first, with sum 1."""
    ends = [0, *(end for end in ENERGY if end < width), width]
    energy = [0.0, *(share for end, share in ENERGY.items() if end < width), 1.0]
    # Interpolated over the logarithm of the number of components.
    values = np.diff(np.interp(np.log1p(np.arange(width + 1)), np.log1p(ends), energy))
    return np.sort(values)[::-1] / values.sum()


def vectors(rows, width, seed, values=None):
    """Gaussian vectors. With `values`, they have this spectrum along random orthogonal axes."""
    random = np.random.default_rng(seed)
    out = np.empty((rows, width), dtype=np.float32)
    axes = None
    if values is not None:
        axes = np.linalg.qr(np.random.default_rng(0).standard_normal((width, width)))[0]
        axes = (axes * np.sqrt(values * width)).T.astype(np.float32)
    for start in range(0, rows, 20_000):
        block = random.standard_normal((min(20_000, rows - start), width), dtype=np.float32)
        out[start:start + len(block)] = block if axes is None else block @ axes
    return out


class Ours:
    """A process that loads the matrices once, builds an index and searches on request."""

    def __init__(self, binary, folder, references, queries, metric):
        self.out = os.path.join(folder, "rows")
        paths = [os.path.join(folder, name) for name in ("references", "queries")]
        for path, matrix in zip(paths, (references, queries)):
            matrix.astype("<f4", copy=False).tofile(path)
        self.process = subprocess.Popen(
            [binary, *paths, str(references.shape[1]), metric],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.queries = len(queries)

    def search(self, k, threads, kernel, pruning):
        """Seconds of the index with the first search, and of the second search.

        Each is a pair: by the clock, and of the processor.
        """
        repeat = 1 if pruning == "off" else 2
        self.process.stdin.write(f"{k} {threads} {kernel} {pruning} {repeat} {self.out}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        index, first, last, first_processor, last_processor = map(float, line.split())
        return (index + first, first_processor), (last, last_processor)

    def rows(self):
        return np.fromfile(self.out, dtype="<u4").reshape(self.queries, -1)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Faiss:
    def __init__(self, factory, references, queries, metric):
        self.factory, self.references, self.queries = factory, references, queries
        self.metric = faiss.METRIC_INNER_PRODUCT if metric == "cosine" else faiss.METRIC_L2

    def search(self, k, threads):
        """Seconds of the index with the search, and of the search, as above."""
        faiss.omp_set_num_threads(threads)

        def now():
            return np.array([time.perf_counter(), time.process_time()])

        start = now()
        index = faiss.index_factory(self.references.shape[1], self.factory, self.metric)
        index.train(self.references)
        index.add(self.references)
        middle = now()
        index.search(self.queries, k)
        end = now()
        return tuple(end - start), tuple(end - middle)


def panorama(width):
    """The factory string of FAISS's exact index that prunes, or None if this FAISS has none.

    The metric is L2: the principal components are centred, which leaves distances as they are but
    not inner products. For rows of unit length, the neighbours are those of the cosine.
    """
    for name in (f"PCA{width},FlatL2Panorama8", f"PCA{width},FlatL2Panorama8_512"):
        try:
            faiss.index_factory(width, name, faiss.METRIC_L2)
            return name
        except RuntimeError:
            continue
    return None


def differing(rows, references, queries, metric, k):
    """Queries whose neighbours are not the nearest in double precision."""
    chosen = range(0, len(queries), max(1, len(queries) // 200) if len(references) > 50_000 else 1)
    wrong = 0
    norms = np.sqrt(np.concatenate([
        (block.astype(np.float64) ** 2).sum(1) for block in np.array_split(references, 64)]))
    # Many queries at a time: the rows are converted once for all of them.
    for batch in np.array_split(np.array(chosen), max(1, len(chosen) // 100)):
        vectors = queries[batch].astype(np.float64)
        distances = np.concatenate([
            vectors @ block.astype(np.float64).T if metric == "cosine"
            else np.stack([((block - vector) ** 2).sum(1) for vector in vectors])
            for block in np.array_split(references, 64)], axis=1)
        if metric == "cosine":
            own = np.linalg.norm(vectors, axis=1, keepdims=True)
            distances = 1 - distances / (np.where(norms > 0, norms, 1) * np.where(own > 0, own, 1))
        for query, distances in zip(batch, distances):
            farthest = np.partition(distances, k - 1)[k - 1]
            found = distances[rows[query]]
            near = found.max() <= farthest + 1e-12 * (1 + farthest)
            wrong += bool(len(set(rows[query])) < k or not near)
    return wrong, len(chosen)


def compare(name, references, queries, metric, options):
    width = references.shape[1]
    references, queries = (np.ascontiguousarray(m, dtype=np.float32) for m in (references, queries))
    unit = [references, queries]
    if metric == "cosine":
        unit = [m.copy() for m in unit]
        for matrix in unit:
            faiss.normalize_L2(matrix)
    peers = {"IndexFlat": Faiss("Flat", *unit, metric)}
    other = panorama(width)
    if other and options.panorama:
        peers[other] = Faiss(other, *unit, "l2")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        ours = Ours(options.binary, folder, references, queries, metric)
        for k in options.k:
            ours.search(k, max(options.threads), options.kernels[0], "auto")
            wrong, checked = differing(ours.rows(), references, queries, metric, k)
            print(f"{name} {metric} k={k}: {wrong} of {checked} queries differing from float64",
                  flush=True)
            for threads in options.threads:
                times = {}
                for _ in range(options.rounds):
                    for label, peer in peers.items():
                        built, search = peer.search(k, threads)
                        times.setdefault(label, []).append(built)
                        times.setdefault(label + " search", []).append(search)
                    for kernel in options.kernels:
                        for pruning in ("off", "auto"):
                            first, last = ours.search(k, threads, kernel, pruning)
                            label = {"off": "whole", "auto": "auto"}[pruning]
                            times.setdefault(f"{kernel} {label}", []).append(first)
                            if pruning == "auto":
                                times.setdefault(f"{kernel} again", []).append(last)
                median = {label: np.median(seconds, axis=0) for label, seconds in times.items()}
                for label, seconds in median.items():
                    bare = " search" if label.endswith((" search", " again")) else ""
                    ratios = median["IndexFlat" + bare] / seconds
                    line = (f"  k={k} threads={threads} {label:32} {seconds[0]:9.4f} s  ratio "
                            f"{ratios[0]:6.2f}")
                    if threads == 1:
                        line += f"  cpu {ratios[1]:6.2f}"
                    if other in peers:
                        ratio = median[other + bare][0] / seconds[0]
                        line += f"  pruned ratio {ratio:6.2f}"
                    print(line, flush=True)
        ours.close()


def processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
        return f"{names[0]}, {len(names)} cores"
    except (OSError, IndexError):
        return platform.processor() or "unknown processor"


def matrix(path):
    """The vectors of an `.npy` file or of a frozen dataset."""
    if not os.path.isdir(path):
        return np.load(path)
    from pyarrow import ipc

    with ipc.open_file(os.path.join(path, "proteins.arrow")) as file:
        column = file.read_all()["embedding"].combine_chunks()
    return column.flatten().to_numpy().reshape(len(column), -1)


def build():
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "protea-neighbours",
                    "--example", "search_seconds"], cwd=ROOT, check=True)
    return os.path.join(TARGET, "release", "examples", "search_seconds")


def sizes(text):
    return [tuple(map(int, size.split("x"))) for size in filter(None, text.split(","))]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", help="the example search_seconds, if it is built already")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=lambda s: [int(t) for t in s.split(",")], default=[1, 2])
    parser.add_argument("--k", type=lambda s: [int(k) for k in s.split(",")], default=[5, 30])
    parser.add_argument("--kernels", type=lambda s: s.split(","), default=["fastest"])
    parser.add_argument("--metrics", type=lambda s: s.split(","), default=["cosine"])
    parser.add_argument("--embeddings", nargs=2, metavar=("REFERENCES", "QUERIES"),
                        help="real vectors")
    parser.add_argument("--spectrum", type=sizes, default=[],
                        help="references x width x queries, separated by commas: vectors with the "
                        "spectrum of real embeddings")
    parser.add_argument("--random", type=sizes, default=[], help="the same, Gaussian vectors")
    parser.add_argument("--no-panorama", dest="panorama", action="store_false")
    parser.add_argument("--folder", help="where the matrices are written for the search")
    options = parser.parse_args()
    options.binary = options.binary or build()
    print(f"{processor()}; {datetime.date.today()}; faiss {faiss.__version__}; medians of "
          f"{options.rounds} rounds", flush=True)
    for metric in options.metrics:
        if options.embeddings:
            references, queries = (matrix(path) for path in options.embeddings)
            compare(f"embeddings {references.shape[0]}x{references.shape[1]} q{len(queries)}",
                    references, queries, metric, options)
        for name, chosen in (("spectrum", options.spectrum), ("random", options.random)):
            for rows, width, count in chosen:
                values = spectrum(width) if name == "spectrum" else None
                compare(f"{name} {rows}x{width} q{count}", vectors(rows, width, 1, values),
                        vectors(count, width, 2, values), metric, options)


if __name__ == "__main__":
    main()
