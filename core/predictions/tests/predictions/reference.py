"""What merging and propagating must give, in numpy and with cafaeval.

    reference.py merge METHOD ABSENT WEIGHTS OUT FILE...
    reference.py propagate MODE OBO OUT FILE
    reference.py from_parquet OUT FILE
    reference.py to_parquet OUT FILE
    reference.py to_feather OUT FILE COMPRESSION
"""

import sys

import numpy


def read(path):
    """Accession and term to the highest score."""
    rows = {}
    with open(path) as file:
        for line in file:
            accession, term, score = line.split()
            score = float(score)
            if score > 0:
                key = accession, term
                rows[key] = max(score, rows.get(key, 0.0))
    return rows


def write(path, rows):
    with open(path, "w") as file:
        for (accession, term), score in sorted(rows.items()):
            file.write(f"{accession}\t{term}\t{score!r}\n")


def ranks(rows):
    """The share of the predictions that each reaches; ties have the mean of their ranks."""
    scores = numpy.array([round(score, 6) for score in rows.values()])
    below = (scores[None, :] < scores[:, None]).sum(axis=1)
    equal = (scores[None, :] == scores[:, None]).sum(axis=1)
    shares = (below + (equal + 1) / 2) / len(scores)
    return dict(zip(rows, shares))


def merge(method, absent, weights, out, *paths):
    files = [read(path) for path in paths]
    if method == "rank":
        files = [ranks(rows) for rows in files]
    weights = numpy.array([float(weight) for weight in weights.split(",")])
    merged = {}
    for key in set().union(*files):
        scores = numpy.array([rows.get(key, 0.0) for rows in files])
        used = numpy.ones(len(files), bool) if absent == "zero" else scores > 0
        if not weights[used].sum() > 0:
            continue
        if method == "max":
            score = scores.max()
        elif method == "geometric":
            with numpy.errstate(divide="ignore"):
                logs = numpy.log(scores[used & (weights > 0)])
            score = numpy.exp(numpy.average(logs, weights=weights[used & (weights > 0)]))
        else:
            score = numpy.average(scores[used], weights=weights[used])
        if round(float(score), 6) > 0:
            merged[key] = float(score)
    write(out, merged)


def propagate(mode, obo, out, path):
    from cafaeval.graph import propagate as cafaeval_propagate
    from cafaeval.parser import obo_parser

    rows = read(path)
    accessions = sorted({accession for accession, _ in rows})
    propagated = {}
    for ontology in obo_parser(obo, ("is_a", "part_of"), None, True).values():
        matrix = numpy.zeros((len(accessions), ontology.idxs))
        for (accession, term), score in rows.items():
            for known in [term] + list(ontology.terms_dict_alt.get(term, [])):
                if known in ontology.terms_dict:
                    cell = accessions.index(accession), ontology.terms_dict[known]["index"]
                    matrix[cell] = max(matrix[cell], score)
        if not matrix.any():
            continue
        cafaeval_propagate(matrix, ontology, ontology.order, mode=mode)
        for row, accession in enumerate(accessions):
            for column in numpy.nonzero(matrix[row])[0]:
                propagated[accession, ontology.terms_list[column]["id"]] = float(matrix[row, column])
    write(out, propagated)


def from_parquet(out, path):
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path, columns=["accession", "term", "score"])
    write(out, {(row["accession"], row["term"]): row["score"] for row in table.to_pylist()})


def to_parquet(out, path):
    import pyarrow
    import pyarrow.parquet

    rows = read(path)
    columns = {
        "index": pyarrow.array(range(len(rows))),
        "score": pyarrow.array(rows.values()),
        "accession": pyarrow.array(accession for accession, _ in rows),
        "term": pyarrow.array([term for _, term in rows], pyarrow.large_string()),
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), out)


def to_feather(out, path, compression):
    import pyarrow
    import pyarrow.feather

    rows = read(path)
    columns = {
        "index": pyarrow.array(range(len(rows))),
        "score": pyarrow.array(rows.values()),
        # Categories of pandas.
        "protein": pyarrow.array([accession for accession, _ in rows]).dictionary_encode(),
        "go_id": pyarrow.array([term for _, term in rows], pyarrow.large_string()),
    }
    pyarrow.feather.write_feather(pyarrow.table(columns), out, compression=compression, chunksize=2)


if __name__ == "__main__":
    {
        "merge": merge,
        "propagate": propagate,
        "from_parquet": from_parquet,
        "to_parquet": to_parquet,
        "to_feather": to_feather,
    }[sys.argv[1]](*sys.argv[2:])
