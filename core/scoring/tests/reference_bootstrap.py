"""A reference implementation of Fmax and its bootstrap for the tests, from their definitions
(docs/src/scores.md) and with numpy only.

    reference_bootstrap.py ONTOLOGY TRUTH RESAMPLES SEED CONFIDENCE PREDICTIONS...

prints {namespace: {"proteins": n, "methods": [{"fmax", "resamples", "interval",
"numpy": {"interval", "std"}}], "difference": [...]}}. "numpy" is a bootstrap with the random
numbers of numpy. "difference" is the first method minus the second.
"""

import json
import sys
from collections import defaultdict

import numpy as np

TAUS = np.arange(0.01, 1, 0.01)


def read_ontology(path):
    """Terms by namespace with their parents in it, and the terms of each alternative id."""
    terms, current = {}, None
    for line in open(path, encoding="utf-8"):
        key, _, value = line.strip().partition(": ")
        if key == "id":
            current = {"parents": [], "alternatives": []}
            terms[value] = current
        elif current is None:
            continue
        elif key == "is_a":
            current["parents"].append(value.split("!")[0].strip())
        elif key == "relationship" and value.startswith("part_of "):
            current["parents"].append(value.split("!")[0].split()[1])
        elif key == "alt_id":
            current["alternatives"].append(value)
        elif key in ("namespace", "is_obsolete"):
            current[key] = value
    terms = {
        term: record
        for term, record in terms.items()
        if "is_obsolete" not in record and record.get("namespace", "external") != "external"
    }
    alternatives = defaultdict(list)
    for term, record in terms.items():
        record["parents"] = [
            parent
            for parent in record["parents"]
            if parent in terms and terms[parent]["namespace"] == record["namespace"]
        ]
        for alternative in record["alternatives"]:
            alternatives[alternative].append(term)
    return terms, alternatives


class Ontology:
    def __init__(self, path):
        self.terms, self.alternatives = read_ontology(path)
        self.known = {}

    def resolve(self, term):
        return [term] if term in self.terms else self.alternatives.get(term, [])

    def namespace(self, term):
        return self.terms[term]["namespace"]

    def with_ancestors(self, term):
        if term not in self.known:
            found = {term}
            for parent in self.terms[term]["parents"]:
                found |= self.with_ancestors(parent)
            self.known[term] = found
        return self.known[term]


def read_truth(path, ontology):
    truth = defaultdict(lambda: defaultdict(set))
    for line in open(path, encoding="utf-8"):
        columns = line.split()
        if len(columns) < 2:
            continue
        for term in ontology.resolve(columns[1]):
            truth[ontology.namespace(term)][columns[0]] |= ontology.with_ancestors(term)
    return truth


def read_predictions(path, ontology, truth):
    scores = defaultdict(lambda: defaultdict(dict))
    for line in open(path, encoding="utf-8"):
        columns = line.split()
        if len(columns) < 3:
            continue
        for term in ontology.resolve(columns[1]):
            namespace = ontology.namespace(term)
            if columns[0] in truth[namespace]:
                of_protein = scores[namespace][columns[0]]
                for ancestor in ontology.with_ancestors(term):
                    of_protein[ancestor] = max(of_protein.get(ancestor, 0.0), float(columns[2]))
    return scores


def contributions(truth, scores):
    """Precision, recall and whether a term is predicted: three arrays of proteins by thresholds."""
    shape = (len(truth), len(TAUS))
    precision, recall, predicted = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for row, (protein, terms) in enumerate(truth.items()):
        for column, tau in enumerate(TAUS):
            found = {term for term, score in scores.get(protein, {}).items() if score >= tau}
            if found:
                precision[row, column] = len(found & terms) / len(found)
                predicted[row, column] = 1
            recall[row, column] = len(found & terms) / len(terms)
    return precision, recall, predicted


def fmax(rows, precision, recall, predicted):
    n = predicted[rows].sum(axis=0)
    pr = np.divide(precision[rows].sum(axis=0), n, out=np.zeros(len(TAUS)), where=n > 0)
    rc = recall[rows].mean(axis=0)
    total = pr + rc
    return float(np.divide(2 * pr * rc, total, out=np.zeros(len(TAUS)), where=total > 0).max())


def split_mix_64(seed, index):
    z = (seed + (index + 1) * 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return z ^ (z >> 31)


def draws(seed, resample, proteins):
    words = (split_mix_64(seed, resample * proteins + draw) for draw in range(proteins))
    return np.array([word * proteins >> 64 for word in words])


def percentile(values, confidence):
    cut = 100 * (1 - confidence) / 2
    return [float(end) for end in np.percentile(values, [cut, 100 - cut])]


def main(ontology, truth, resamples, seed, confidence, *predictions):
    resamples, seed, confidence = int(resamples), int(seed), float(confidence)
    ontology = Ontology(ontology)
    truth = read_truth(truth, ontology)
    read = [read_predictions(path, ontology, truth) for path in predictions]
    random = np.random.default_rng(seed)
    result = {}
    for namespace, proteins in truth.items():
        count = len(proteins)
        drawn = [draws(seed, resample, count) for resample in range(resamples)]
        methods = []
        for scores in read:
            counted = contributions(proteins, scores[namespace])
            values = [fmax(rows, *counted) for rows in drawn]
            others = [fmax(random.integers(0, count, count), *counted) for _ in range(resamples)]
            methods.append({
                "fmax": fmax(np.arange(count), *counted),
                "resamples": values,
                "interval": percentile(values, confidence),
                "numpy": {"interval": percentile(others, confidence), "std": float(np.std(others))},
            })  # fmt: skip
        one, other = (np.array(method["resamples"]) for method in methods[:2])
        fewer = min(np.sum(one <= other), np.sum(one >= other))
        result[namespace] = {
            "proteins": count,
            "methods": methods,
            "difference": {
                "interval": percentile(one - other, confidence),
                "p_value": float(min(1, 2 * (fewer + 1) / (resamples + 1))),
            },
        }
    json.dump(result, sys.stdout)


main(*sys.argv[1:])
