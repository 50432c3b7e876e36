"""Reference implementation: transfers the terms of a frozen training set with a table of hits.

usage: reference_transfer.py TRAIN HITS identity|bit_score
Prints accession, term, score in CAFA's format.
"""

import collections
import pathlib
import sys

import pyarrow
import pyarrow.ipc


def read_ontology(path):
    parents, alternative, current = {}, {}, None
    for line in path.read_text().splitlines():
        if line == "[Term]":
            current = {"parents": []}
        elif line.startswith("["):
            current = None
        elif current is None:
            continue
        elif line.startswith("id: "):
            current["id"] = line[4:]
            parents[line[4:]] = current
        elif line.startswith("alt_id: "):
            alternative.setdefault(line[8:], []).append(current)
        elif line.startswith("namespace: "):
            current["namespace"] = line[11:]
        elif line.startswith("is_a: "):
            current["parents"].append(line[6:].split(" ! ")[0].strip())
        elif line.startswith("relationship: part_of "):
            current["parents"].append(line[22:].split(" ! ")[0].strip())
        elif line.startswith("is_obsolete: "):
            current["obsolete"] = True
    live = {name: term for name, term in parents.items() if "obsolete" not in term and "namespace" in term}
    others = {
        name: [term["id"] for term in terms if "obsolete" not in term]
        for name, terms in alternative.items()
    }
    return live, others


def with_ancestors(term, live):
    seen, waiting = set(), [term]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for parent in live[name]["parents"]:
            if parent in live and live[parent]["namespace"] == live[name]["namespace"]:
                waiting.append(parent)
    return seen


def main():
    train, hits, way = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    live, others = read_ontology(train / "ontology.obo")
    table = pyarrow.ipc.open_file(train / "annotations.arrow").read_all()
    terms = collections.defaultdict(set)
    for accession, term in zip(table["accession"].to_pylist(), table["term"].to_pylist()):
        for name in [term] if term in live else others.get(term, []):
            terms[accession] |= with_ancestors(name, live)

    of_query = collections.defaultdict(list)
    with open(hits) as lines:
        for line in lines:
            query, reference, identity, _, bits = line.rstrip("\n").split("\t")
            of_query[query].append((reference, float(identity), float(bits)))
    for query, found in of_query.items():
        assert len({reference for reference, _, _ in found}) == len(found), query
        candidates = set().union(*(terms[reference] for reference, _, _ in found))
        whole = sum(bits for _, _, bits in found)
        for term in candidates:
            voters = [hit for hit in found if term in terms[hit[0]]]
            if way == "identity":
                score = max(identity for _, identity, _ in voters) / 100
            else:
                score = sum(bits for _, _, bits in voters) / whole
            print(query, term, f"{score:.9f}", sep="\t")


main()
