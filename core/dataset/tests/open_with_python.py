"""Opens a frozen dataset in Python and compares its content with the expected values.

    open_with_python.py check DATASET EXPECTED_JSON
    open_with_python.py write-matrix PATH f32|f16 ROWS_JSON

Needs numpy, pyarrow, polars and duckdb. Prints nothing if the content is as expected.
"""

import hashlib
import json
import pathlib
import sys

import duckdb
import numpy
import polars
import pyarrow
import pyarrow.ipc

DTYPES = {"f32": numpy.float32, "f16": numpy.float16}


def check(directory, expected):
    directory = pathlib.Path(directory)
    expected = json.loads(expected)
    manifest = json.loads((directory / "dataset.json").read_text())
    for file in manifest["files"]:
        content = (directory / file["path"]).read_bytes()
        assert len(content) == file["bytes"], file
        assert hashlib.sha256(content).hexdigest() == file["sha256"], file

    with_pyarrow(directory, expected)
    with_polars(directory, expected)
    with_duckdb(directory, expected)


def with_pyarrow(directory, expected):
    with pyarrow.memory_map(str(directory / "proteins.arrow")) as source:
        before = pyarrow.total_allocated_bytes()
        proteins = pyarrow.ipc.open_file(source).read_all()
        assert pyarrow.total_allocated_bytes() == before, "the table was copied, not mapped"
        proteins.validate(full=True)
        for column in ("accession", "sequence", "taxon", "embedding"):
            assert proteins[column].to_pylist() == expected[column], column
        values = proteins["embedding"].combine_chunks().flatten().to_numpy()
        assert values.dtype == DTYPES[expected["dtype"]], values.dtype
        for chunk in proteins["embedding"].chunks:
            assert chunk.values.buffers()[1].address % 64 == 0, "not aligned"
    with pyarrow.memory_map(str(directory / "annotations.arrow")) as source:
        annotations = pyarrow.ipc.open_file(source).read_all()
        annotations.validate(full=True)
        assert [list(row.values()) for row in annotations.to_pylist()] == expected["annotations"]


def with_polars(directory, expected):
    proteins = polars.read_ipc(directory / "proteins.arrow")
    for column in ("accession", "sequence", "taxon"):
        assert proteins[column].to_list() == expected[column], column
    assert numpy.array_equal(proteins["embedding"].to_numpy(), numpy.array(expected["embedding"]))
    annotations = polars.scan_ipc(directory / "annotations.arrow").collect()
    assert [list(row) for row in annotations.rows()] == expected["annotations"]
    joined = annotations.join(proteins, on="accession").filter(polars.col("aspect") == "MFO")
    assert joined["taxon"].to_list() == [9606, 83333]


def with_duckdb(directory, expected):
    # duckdb scans Arrow tables of this process in place. It does not support half precision.
    proteins = pyarrow.ipc.open_file(str(directory / "proteins.arrow")).read_all()
    if expected["dtype"] == "f16":
        proteins = proteins.drop_columns("embedding")
    annotations = pyarrow.ipc.open_file(str(directory / "annotations.arrow")).read_all()
    rows = duckdb.sql(
        "select accession, length(sequence), count(term) from proteins left join annotations using (accession)"
        " group by all order by accession"
    ).fetchall()
    counts = {a: sum(row[0] == a for row in expected["annotations"]) for a in expected["accession"]}
    lengths = {a: len(s) for a, s in zip(expected["accession"], expected["sequence"])}
    assert rows == sorted((a, lengths[a], counts[a]) for a in counts), rows
    if expected["dtype"] == "f32":
        rows = duckdb.sql("select embedding[1] from proteins").fetchall()
        assert [row[0] for row in rows] == [row[0] for row in expected["embedding"]], rows


def write_matrix(path, dtype, rows):
    numpy.save(path, numpy.array(json.loads(rows), dtype=DTYPES[dtype]))


if __name__ == "__main__":
    {"check": check, "write-matrix": write_matrix}[sys.argv[1]](*sys.argv[2:])
