"""Compares the exact search with FAISS `IndexFlatIP` / `IndexFlatL2`: same matrix, same threads.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install faiss-cpu numpy
    cargo build --release -p protea-neighbours --example search_seconds
    /tmp/venv/bin/python core/neighbours/benches/search_vs_faiss.py \
        target/release/examples/search_seconds [--rounds 5] [--kernels fastest,avx512]
        [--embeddings REFERENCES.npy QUERIES.npy]

The random matrices are seeded unit Gaussians. FAISS gets rows of unit length and is timed on
`index.search` alone. The time of this search includes packing the queries and the exact distances
in double precision. The engines alternate, once each per round, so that other load on the machine
affects all of them. The script prints medians, and their ratio (above 1: faster than FAISS). `same
sets` is the fraction of queries with the same set of neighbours. FAISS sums in single precision and
so differs for near ties.
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import time

import faiss
import numpy as np


class Ours:
    """A process that loads the matrices once and runs searches on request."""

    def __init__(self, binary, folder, references, queries, metric):
        self.out = os.path.join(folder, "rows")
        paths = [os.path.join(folder, name) for name in ("references", "queries")]
        for path, matrix in zip(paths, (references, queries)):
            matrix.astype("<f4").tofile(path)
        self.process = subprocess.Popen(
            [binary, *paths, str(references.shape[1]), metric],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.queries = len(queries)

    def search(self, k, threads, kernel):
        self.process.stdin.write(f"{k} {threads} {kernel} {self.out}\n")
        self.process.stdin.flush()
        seconds = float(self.process.stdout.readline())
        return seconds

    def rows(self):
        return np.fromfile(self.out, dtype="<u4").reshape(self.queries, -1)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def compare(name, references, queries, metric, options):
    width = references.shape[1]
    references, queries = (np.ascontiguousarray(m, dtype=np.float32) for m in (references, queries))
    peer_references, peer_queries = references, queries
    if metric == "cosine":
        peer_references, peer_queries = references.copy(), queries.copy()
        faiss.normalize_L2(peer_references)
        faiss.normalize_L2(peer_queries)
    index = faiss.IndexFlatIP(width) if metric == "cosine" else faiss.IndexFlatL2(width)
    index.add(peer_references)
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(options.binary, folder, references, queries, metric)
        for threads in options.threads:
            faiss.omp_set_num_threads(threads)
            for k in options.k:
                times = {kernel: [] for kernel in ("faiss", *options.kernels)}
                for _ in range(options.rounds):
                    start = time.perf_counter()
                    peer = index.search(peer_queries, k)[1]
                    times["faiss"].append(time.perf_counter() - start)
                    for kernel in options.kernels:
                        times[kernel].append(ours.search(k, threads, kernel))
                rows = ours.rows()
                same = np.mean([set(a) == set(b) for a, b in zip(rows.tolist(), peer.tolist())])
                medians = {kernel: statistics.median(t) for kernel, t in times.items()}
                work = 2 * len(queries) * len(references) * width
                cells = [
                    f"{kernel} {seconds:.4f} s {work / seconds / 1e9:.0f} GF/s"
                    + ("" if kernel == "faiss" else f" x{medians['faiss'] / seconds:.2f}")
                    for kernel, seconds in medians.items()
                ]
                print(f"{name} {metric} k={k} threads={threads}: " + " | ".join(cells)
                      + f" | same sets {same:.4f}", flush=True)
        ours.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=lambda s: [int(t) for t in s.split(",")], default=[1, 2])
    parser.add_argument("--k", type=lambda s: [int(k) for k in s.split(",")], default=[5, 30])
    parser.add_argument("--kernels", type=lambda s: s.split(","), default=["fastest"])
    parser.add_argument("--metrics", type=lambda s: s.split(","), default=["cosine"])
    parser.add_argument("--shapes", default="20000x1024x5000,100000x1024x2000",
                        help="references x width x queries, separated by commas")
    parser.add_argument("--embeddings", nargs=2, metavar="NPY", help="real vectors, measured first")
    options = parser.parse_args()
    for metric in options.metrics:
        if options.embeddings:
            references, queries = (np.load(path) for path in options.embeddings)
            compare(f"embeddings {references.shape[0]}x{references.shape[1]} q{len(queries)}",
                    references, queries, metric, options)
        for shape in filter(None, options.shapes.split(",")):
            rows, width, count = map(int, shape.split("x"))
            random = np.random.default_rng(7)
            references = random.standard_normal((rows, width), dtype=np.float32)
            queries = random.standard_normal((count, width), dtype=np.float32)
            compare(f"random {rows}x{width} q{count}", references, queries, metric, options)


if __name__ == "__main__":
    main()
