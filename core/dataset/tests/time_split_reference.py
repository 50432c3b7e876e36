"""Derives CAFA's targets from two releases of annotations, independently of protea.

    time_split_reference.py EARLIER.obo EARLIER.gaf LATER.gaf [--no-protein-binding]

Prints `target ACCESSION ASPECT NK|LK|PK`, `NK|LK|PK ACCESSION TERM ASPECT` for the ground truth,
and `known ACCESSION TERM ASPECT`. The proteins of a release are in the FASTA file next to its
annotations.
"""
import collections
import sys
from pathlib import Path

CODES = set("EXP IDA IPI IMP IGI IEP TAS IC HTP HDA HMP HGI HEP".split())
ASPECTS = {"molecular_function": "MFO", "biological_process": "BPO", "cellular_component": "CCO"}


def read_ontology(path):
    stanzas = [dict_of(stanza) for stanza in Path(path).read_text().split("\n\n") if stanza.startswith("[Term]")]
    primary, parents, aspect = {}, {}, {}
    for stanza in stanzas:
        term = stanza["id"][0]
        aspect[term] = ASPECTS[stanza["namespace"][0]]
        links = [link.split(" ! ")[0] for link in stanza["is_a"]]
        links += [link.split()[1] for link in stanza["relationship"] if link.startswith("part_of ")]
        parents[term] = set(links)
        for name in [term] + stanza["alt_id"]:
            primary[name] = term
    return primary, parents, aspect


def dict_of(stanza):
    found = collections.defaultdict(list)
    for line in stanza.splitlines()[1:]:
        key, _, value = line.partition(": ")
        found[key].append(value)
    return found


def read_annotations(path, primary, parents, aspect):
    """The terms by accession and aspect, not propagated."""
    fasta = Path(path).with_suffix(".fasta").read_text().splitlines()
    proteins = {line[1:].split()[0] for line in fasta if line.startswith(">")}
    found = collections.defaultdict(lambda: collections.defaultdict(set))
    for line in Path(path).read_text().splitlines():
        if line.startswith("!"):
            continue
        columns = line.split("\t")
        accession, term, code = columns[1], columns[4], columns[6]
        if accession in proteins and code in CODES and term in primary and parents[primary[term]]:
            found[accession][aspect[primary[term]]].add(term)
    return found


def with_ancestors(terms, primary, parents):
    todo, done = [primary[term] for term in terms], set()
    while todo:
        term = todo.pop()
        if term not in done:
            done.add(term)
            todo.extend(parents[term])
    return done


def main(ontology, earlier, later, *options):
    primary, parents, aspect = read_ontology(ontology)
    before = read_annotations(earlier, primary, parents, aspect)
    after = read_annotations(later, primary, parents, aspect)
    for accession, aspects in after.items():
        for name, terms in aspects.items():
            known = before[accession][name] if accession in before else set()
            closure = with_ancestors(known, primary, parents)
            truth = {term for term in terms if primary[term] not in closure}
            if not truth:
                continue
            if "--no-protein-binding" in options and name == "MFO" and {primary[term] for term in truth} == {"GO:0005515"}:
                continue
            if known:
                kind = "PK"
            else:
                kind = "LK" if any(before[accession].values()) else "NK"
            print("target", accession, name, kind)
            for term in truth:
                print(kind, accession, term, name)
            if kind == "PK":
                for term in known:
                    print("known", accession, term, name)


main(*sys.argv[1:])
