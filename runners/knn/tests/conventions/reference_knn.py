"""Reference implementation: transfers annotations from nearest neighbours, in double precision.

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

from reference_alignment import identities
from reference_identity import identity

EVIDENCE_WEIGHTS = dict.fromkeys("EXP IDA IPI IMP IGI IEP HTP HDA HMP HGI HEP TAS IC".split(), 1.0)
EVIDENCE_WEIGHTS |= dict.fromkeys("ISS ISO ISA ISM IGC IBA IBD IKR IRD RCA".split(), 0.7)
EVIDENCE_WEIGHTS |= {"NAS": 0.5, "IEA": 0.3, "ND": 0.1}

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
    # Row by row, so that equal rows have exactly equal distances.
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
    if vote in ("max", "composite"):
        # For l2, PROTEA uses the squared distance.
        return max(0.0, 1 - (distance**2 if metric == "l2" else distance) / 2)
    if metric == "l2":
        return 0.5 / (0.5 + distance)
    return max(0.0, 1 - distance)


def composite(spec, similarity, sequences, taxa, trust):
    """PROTEA's compute_score: a weighted mean of the available signals."""
    signals = {"embedding_similarity": similarity, "evidence_weight": trust}
    if any(spec["weights"][name] for name in ("identity_nw", "identity_sw")):
        signals |= zip(("identity_nw", "identity_sw"), identities(*sequences))
    if None not in taxa and taxa[0] == taxa[1]:
        signals["taxonomic_proximity"] = 1 / (1 + 0)
    there = {name: spec["weights"][name] for name in signals if spec["weights"][name]}
    if not there:
        return 0.0
    score = sum(weight * signals[name] for name, weight in there.items()) / sum(there.values())
    return score * trust if spec["formula"] == "evidence_weighted" else score


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
    trusted = collections.defaultdict(float)
    columns = (table[name].to_pylist() for name in ("accession", "term", "evidence"))
    for accession, term, evidence in zip(*columns):
        if not codes or evidence in codes:
            terms[accession].add(term)
            weight = spec["evidence_weights"].get(evidence, EVIDENCE_WEIGHTS.get(evidence, 0.5))
            with_ancestors = {term} | (above(term, parents) if spec["propagate"] else set())
            terms[accession] |= with_ancestors
            for each in with_ancestors:
                trusted[accession, each] = max(trusted[accession, each], weight)

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
                    if namespace[term] not in index:
                        continue
                    if spec["vote"] != "composite":
                        votes[term].append(weights[row])
                    elif term not in votes:
                        alignable, species = (sequence, sequences[row]), (taxon, taxa[row])
                        trust = trusted[names[row], term]
                        votes[term] = [composite(spec, weights[row], alignable, species, trust)]
            for term, given in votes.items():
                if spec["vote"] in ("max", "reliability", "composite"):
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
