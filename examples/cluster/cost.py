#!/usr/bin/env python3
"""What a search in very many references costs on a cluster, from measured constants.

    python3 examples/cluster/cost.py
    python3 examples/cluster/cost.py --queries 1000000 --node-bandwidth 5e9

One reference shard a node; the queries are not split. The chapter "Beyond one machine" shows a table
of this program and says how the constants were measured. Needs Python 3.8 and nothing else.
"""

import argparse

parser = argparse.ArgumentParser(
    description=__doc__.split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
)
option = lambda name, value, text: parser.add_argument(
    "--" + name, type=float, default=value, help=text
)
option("references", 250e6, "references of the model")
option("width", 1024, "numbers in a vector")
option("number-bytes", 2, "bytes of a number")
option("queries", 10_000, "proteins to predict for")
option("neighbours", 5, "k")
option("groups", 3, "indices: one per aspect, or 1")
# Measured, in seconds of one core.
option("per-pair", 1.05e-8, "search: s for each query and reference")
option("per-row", 3.6e-6, "reading a reference of the shard: s")
option("per-reference", 6e-7, "opening the dataset: s for each reference of all")
option("per-list", 8.2e-7, "merging: s for each query, index and shard, both passes")
option("per-query", 1.8e-4, "predicting from merged neighbours: s for each query")
option("hash-rate", 0.86e9, "hashing: bytes a second, one core")
option("table-bytes", 195, "names and annotations: bytes for each reference, read by every node")
# Assumed.
option("cores", 32, "cores of a node")
option("node-bandwidth", 2e9, "bytes a second that a node reads from the shared file system")
option("total-bandwidth", 50e9, "bytes a second that all nodes read from it together")
option("start", 30, "s until a job runs")


def cost(given, nodes):
    """Seconds: start, reading, opening, rows, search, gathering."""
    row = given.width * given.number_bytes
    rows = given.references / nodes
    bandwidth = min(given.node_bandwidth, given.total_bandwidth / nodes)
    reading = (rows * row + given.references * given.table_bytes) / bandwidth
    opening = given.references * given.per_reference
    scanning = rows * given.per_row / given.cores
    search = rows * given.queries * given.per_pair / given.cores
    lists = given.queries * given.groups * nodes
    partial = lists * (4 + 12 * given.neighbours)
    hashing = given.references * row / min(given.hash_rate, given.node_bandwidth)
    gathering = (
        hashing
        + opening
        + 2 * partial / given.node_bandwidth
        + lists * given.per_list
        + given.queries * given.per_query / given.cores
    )
    memory = rows * row + given.references * 32 + given.queries * row
    return given.start, reading, opening, scanning, search, gathering, memory


def main():
    given = parser.parse_args()
    print("| nodes | memory of a node | reading | opening | search | gathering | all | node-hours |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|")
    for nodes in (10, 20, 50, 100, 200, 500, 1000):
        start, reading, opening, scanning, search, gathering, memory = cost(given, nodes)
        task = start + reading + opening + scanning + search
        every = task + start + gathering
        hours = (nodes * (task - start) + gathering) / 3600
        seconds = [reading, opening, scanning + search, gathering, every]
        cells = " | ".join(f"{number:,.0f} s" for number in seconds)
        print(f"| {nodes:,} | {memory / 1e9:,.0f} GB | {cells} | {hours:,.1f} |")


if __name__ == "__main__":
    main()
