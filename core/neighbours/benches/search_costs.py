"""Prints how the cost of the exact search grows with each size, and fits an exponent to it.

    python3 core/neighbours/benches/search_costs.py [--rounds 3] [--base 20000x1024x1000]

Around one base case, one size at a time varies: references, queries, neighbours, width, threads. The
vectors have the spectrum of real embeddings (`spectrum` in `search_vs_faiss.py`). For each case, a
program builds an index, searches, and searches again:

* `build`: the index and its leading coordinates: the first search less the second;
* `search`: the second search.

Both are processor seconds with one thread, which other load affects less, and medians. `exponent` is
the slope of the logarithm of the cost over that of the size. Threads are compared by the clock.
"""

import argparse
import datetime
import tempfile

from search_vs_faiss import Ours, build, np, processor, sizes, spectrum, vectors

# A search with less work than the smallest of these multiplies every row instead.
FACTORS = [0.5, 1, 2, 4]
NEIGHBOURS = [1, 5, 30]
WIDTHS = [512, 1024, 2048]


def measured(binary, case, k, threads, rounds, clock=False):
    """Median seconds of build and search."""
    references, queries = case
    at = 0 if clock else 1
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(binary, folder, references, queries, "cosine")
        times = []
        for _ in range(rounds):
            first, again = ours.search(k, threads, "fastest", "auto")
            times.append((first[at] - again[at], again[at]))
        ours.close()
    return np.median(times, axis=0)


def exponent(values, seconds):
    return np.polyfit(np.log(values), np.log(np.maximum(seconds, 1e-6)), 1)[0]


def show(name, values, rows):
    print(f"{name:12} {'build (s)':>10} {'search (s)':>10}")
    for value, (built, search) in zip(values, rows):
        print(f"{value:12} {built:10.4f} {search:10.4f}")
    built, search = (exponent(values, column) for column in np.array(rows).T)
    print(f"{'exponent':12} {built:10.2f} {search:10.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", help="the example search_seconds, if it is built already")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--base", type=sizes, default=sizes("20000x1024x1000"),
                        help="references x width x queries")
    options = parser.parse_args()
    binary = options.binary or build()
    rows, width, count = options.base[0]
    print(f"{processor()}; {datetime.date.today()}; {rows} x {width} references, {count} queries, "
          f"k = 5; medians of {options.rounds}", flush=True)

    def run(rows, width, count, k=5):
        case = (vectors(rows, width, 1, spectrum(width)), vectors(count, width, 2, spectrum(width)))
        return measured(binary, case, k, 1, options.rounds)

    several = [int(rows * factor) for factor in FACTORS]
    show("references", several, [run(value, width, count) for value in several])
    several = [int(count * factor) for factor in FACTORS]
    show("queries", several, [run(rows, width, value) for value in several])
    show("neighbours", NEIGHBOURS, [run(rows, width, count, value) for value in NEIGHBOURS])
    show("width", WIDTHS, [run(rows, value, count) for value in WIDTHS])
    case = (vectors(rows, width, 1, spectrum(width)), vectors(count, width, 2, spectrum(width)))
    for threads in (1, 2):
        built, search = measured(binary, case, 5, threads, options.rounds, clock=True)
        print(f"{threads} threads, by the clock: build {built:.4f} s, search {search:.4f} s")


if __name__ == "__main__":
    main()
