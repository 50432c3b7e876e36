"""Transfers annotations from nearest neighbours, plainly and in double precision, to compare with.

usage: reference_knn.py TRAIN TEST SPEC.json
Prints accession, term, score.
"""

import collections
import json
import pathlib
import sys

import numpy
import pyarrow
import pyarrow.ipc

from reference_identity import identity

EXPERIMENTAL = "EXP IDA IPI IMP IGI IEP TAS IC HTP HDA HMP HGI HEP".split()


def read(directory):
    proteins = pyarrow.ipc.open_file(directory / "proteins.arrow").read_all()
    embeddings = [
        chunk.flatten().to_numpy(zero_copy_only=False).reshape(len(chunk), -1)
        for chunk in proteins["embedding"].chunks
    ]
    return (
        proteins["accession"].to_pylist(),
        proteins["sequence"].to_pylist(),
        proteins["taxon"].to_pylist(),
        numpy.concatenate(embeddings),
    )


def read_ontology(path):
    parents, namespace, term = collections.defaultdict(list), {}, None
    for line in path.read_text().splitlines():
        if line.startswith("id: "):
            term = line[4:]
        elif line.startswith("is_a: "):
            parents[term].append(line[6:])
        elif line.startswith("namespace: "):
            namespace[term] = line[11:]
    return parents, namespace


def above(term, parents):
    found = set()
    for parent in parents[term]:
        found |= {parent} | above(parent, parents)
    return found


def distances(metric, query, references):
    # Row by row, so that equal rows have equal distances.
    if metric == "l2":
        return numpy.array([numpy.sqrt(((query - row) ** 2).sum()) for row in references])
    norm = numpy.sqrt((query * query).sum())
    cosines = [
        (query * row).sum() / (norm * numpy.sqrt((row * row).sum())) for row in references
    ]
    return 1 - numpy.array(cosines)


def similarity(vote, metric, distance):
    if vote == "fraction":
        return 1.0
    if metric == "l2":
        return 0.5 / (0.5 + distance)
    return max(0.0, 1 - distance / 2) if vote == "max" else max(0.0, 1 - distance)


def main():
    train, test = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    spec = json.loads(pathlib.Path(sys.argv[3]).read_text())
    names, sequences, taxa, references = read(train)
    if spec["float16"]:
        references = references.astype(numpy.float16)
    references = references.astype(numpy.float64)
    parents, namespace = read_ontology(train / "ontology.obo")

    codes = set()
    for code in spec["evidence"]:
        codes |= set(EXPERIMENTAL) if code == "experimental" else {code}
    table = pyarrow.ipc.open_file(train / "annotations.arrow").read_all()
    terms = collections.defaultdict(set)
    columns = (table[name].to_pylist() for name in ("accession", "term", "evidence"))
    for accession, term, evidence in zip(*columns):
        if not codes or evidence in codes:
            terms[accession].add(term)
            if spec["propagate"]:
                terms[accession] |= above(term, parents)

    spaces = sorted(set(namespace.values()))
    indices = [{space} for space in spaces] if spec["per_aspect"] else [set(spaces)]
    queries = zip(*read(test))
    for accession, sequence, taxon, embedding in queries:
        distance = distances(spec["metric"], embedding.astype(numpy.float64), references)
        order = sorted(range(len(names)), key=lambda row: (round(distance[row], 12), row))
        alike = {}
        predicted = {}
        for index in indices:
            chosen = []
            for row in order:
                if not any(namespace[term] in index for term in terms[names[row]]):
                    continue
                if spec["exclude_self"] and names[row] == accession:
                    continue
                if taxa[row] is not None and (
                    taxa[row] in spec["exclude_taxa"]
                    or (spec["exclude_same_taxon"] and taxa[row] == taxon)
                ):
                    continue
                if len(chosen) >= spec["k"]:
                    if not spec["include_ties"]:
                        break
                    if distance[row] > distance[chosen[spec["k"] - 1]] + 1e-12:
                        break
                if spec["maximum_identity"] is not None:
                    if row not in alike:
                        alike[row] = identity(sequence, sequences[row])
                    if alike[row] >= spec["maximum_identity"]:
                        continue
                chosen.append(row)
            if spec["distance_threshold"] is not None:
                chosen = [row for row in chosen if distance[row] <= spec["distance_threshold"]]
            weights = {row: similarity(spec["vote"], spec["metric"], distance[row]) for row in chosen}
            votes = collections.defaultdict(list)
            for row in chosen:
                for term in terms[names[row]]:
                    if namespace[term] in index:
                        votes[term].append(weights[row])
            for term, given in votes.items():
                if spec["vote"] in ("max", "reliability"):
                    score = max(given)
                elif spec["vote"] == "similarity":
                    whole = sum(weights.values())
                    score = sum(given) / whole if whole else 0.0
                else:
                    score = sum(given) / len(chosen)
                if spec["decimals"] is not None:
                    score = round(float(score), spec["decimals"])
                if score > 0 and score >= spec["minimum_score"]:
                    predicted[term] = score
        if spec["most_specific"]:
            covered = set().union(*(above(term, parents) for term in predicted))
            predicted = {term: score for term, score in predicted.items() if term not in covered}
        for term, score in predicted.items():
            if score >= 5e-7:
                print(accession, term, f"{score:.9f}", sep="\t")


main()
