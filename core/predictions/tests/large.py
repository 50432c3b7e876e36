"""Writes synthetic predictions of the size of CAFA 6, to measure with: a.tsv, b.tsv and truth.tsv.

    large.py OBO DIRECTORY [PROTEINS]

Each of 141,000 proteins has about 381 terms, closed under ancestors, with random scores of three
decimals: 54 million rows in each file.
"""

import random
import sys

random_numbers = random.Random(1)


def read_parents(path):
    parents, term = {}, None
    for line in open(path):
        line = line.rstrip("\n")
        if line.startswith("["):
            term = None if line == "[Term]" else "other"
        elif term == "other":
            continue
        elif line.startswith("id: "):
            term = line[4:]
            parents[term] = []
        elif line.startswith("is_obsolete: true"):
            parents.pop(term, None)
            term = "other"
        elif line.startswith("is_a: "):
            parents[term].append(line.split()[1])
        elif line.startswith("relationship: part_of "):
            parents[term].append(line.split()[2])
    return parents


def with_ancestors(term, parents):
    found, waiting = {term}, [term]
    while waiting:
        for parent in parents[waiting.pop()]:
            if parent in parents and parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def main(obo, directory, proteins=141_000):
    parents = read_parents(obo)
    ids = list(parents)
    templates = []
    for _ in range(3000):
        terms = set()
        while len(terms) < 375:
            terms |= with_ancestors(random_numbers.choice(ids), parents)
        templates.append([f"\t{term}\t" for term in sorted(terms)])
    scores = [f"{score / 1000:.3g}\n" for score in range(1, 1001)]
    for name, shift in [("a.tsv", 0), ("b.tsv", 1)]:
        with open(f"{directory}/{name}", "w") as file:
            for protein in range(int(proteins)):
                terms = templates[(protein * 7 + shift) % len(templates)]
                chosen = random_numbers.choices(scores, k=len(terms))
                file.write("".join(f"A0A{protein:07}{t}{s}" for t, s in zip(terms, chosen)))
    with open(f"{directory}/truth.tsv", "w") as file:
        for protein in range(int(proteins)):
            terms = random_numbers.sample(templates[(protein * 7) % len(templates)], 4)
            for term in terms + [f"\t{random_numbers.choice(ids)}"]:
                file.write(f"A0A{protein:07}{term.rstrip()}\n")


main(*sys.argv[1:])
