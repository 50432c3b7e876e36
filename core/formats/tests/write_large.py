"""Writes large files like those that the page of formats gives times for.

    write_large.py KIND DIRECTORY ONTOLOGY [ROWS]

KIND is gaf, hdf5 or torch. The FASTA file in DIRECTORY has the proteins. ROWS defaults to 5,000,000,
100,000 and 20,000. `torch` needs PyTorch, `hdf5` needs h5py.
"""

import pathlib
import random
import sys

kind, directory, ontology = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
rows = int(sys.argv[4]) if len(sys.argv) > 4 else {"gaf": 5_000_000, "hdf5": 100_000, "torch": 20_000}[kind]
proteins = min(rows, 50_000) if kind == "gaf" else rows
WIDTH = 1024
draw = random.Random(11)


def accession(number):
    return f"A0A{number:07d}"


with open(directory / f"{kind}.fasta", "w") as out:
    for number in range(proteins):
        out.write(f">{accession(number)}\nM{''.join(draw.choices('ACDEFGHIKLMNPQRSTVWY', k=60))}\n")


def terms():
    """The terms that are not obsolete, with the letters of their aspects."""
    letters = {"molecular_function": "F", "biological_process": "P", "cellular_component": "C"}
    with open(ontology) as file:
        for stanza in file.read().split("\n\n"):
            tags = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line)
            if stanza.startswith("[Term]") and "is_obsolete" not in tags:
                yield tags["id"], letters[tags["namespace"]]


def damaged(fields):
    """A defect as published files have it."""
    defect = draw.randrange(4)
    if defect == 0:
        fields.append("another column")
    elif defect == 1:
        fields[1] = ""
    elif defect == 2:
        fields[12] = "taxon:0"
    else:
        del fields[9:]
    return fields


if kind == "gaf":
    known = list(terms())
    with open(directory / "large.gaf", "w") as out:
        out.write("!gaf-version: 2.2\n")
        for row in range(rows):
            # Three of four rows are about proteins that are not in the FASTA file.
            number = draw.randrange(proteins) + (0 if row % 4 == 0 else proteins * (1 + row % 19))
            term, letter = draw.choice(known)
            fields = ["UniProtKB", accession(number), "S", "involved_in", term, "PMID:1", "IDA", "", letter]
            fields += ["Protein", "", "protein", "taxon:9606", "20240131", "UniProt", "", ""]
            # A protein of the FASTA file has no damaged row: that would be an error.
            if row % 1000 == 1:
                fields = damaged(fields)
            out.write("\t".join(fields) + "\n")
elif kind == "hdf5":
    import h5py
    import numpy

    numbers = numpy.random.default_rng(11)
    with h5py.File(directory / "large.h5", "w") as file:
        for row in range(rows):
            vector = numbers.standard_normal(WIDTH, dtype="f4").astype("f2")
            file.create_dataset(str(row), data=vector).attrs["original_id"] = accession(row)
elif kind == "torch":
    import torch

    torch.manual_seed(11)
    torch.save({accession(row): torch.randn(WIDTH) for row in range(rows)}, directory / "large.pt")
