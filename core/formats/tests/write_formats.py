"""Writes embeddings in every format and variant that freezing supports.

    write_formats.py DIRECTORY [PROTEINS]

The files `expected-*.npy` have the numbers and `ids.txt` the accessions. `files.json` has, for each
file, the type of its numbers and the names of the arrays that must be given.
"""

import collections
import gzip
import io
import json
import os
import pickle
import shutil
import sys
import zipfile
from types import ModuleType

import h5py
import numpy
import polars
import pyarrow
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet
import zstandard

here = sys.argv[1]
PROTEINS, WIDTH = int(sys.argv[2]) if len(sys.argv) > 2 else 700, 13
ids = [f"P{number:05d}" for number in range(PROTEINS)]
random = numpy.random.default_rng(7)
numbers = random.standard_normal((PROTEINS, WIDTH)) * 10.0 ** random.integers(-3, 4, (PROTEINS, 1))
files = []


def place(name):
    return os.path.join(here, name)


def listed(name, dtype, **more):
    files.append({"file": name, "dtype": dtype[-2:], **more})


with open(place("ids.txt"), "w") as out:
    out.write("\n".join(ids) + "\n")
for dtype in ["f2", "f4", "f8"]:
    numpy.save(place(f"expected-{dtype}.npy"), numbers.astype("<" + dtype))

libraries = ["earliest", "v108", "v110", "latest"]
chunked = {
    "contiguous": {},
    "chunks": dict(chunks=(min(64, PROTEINS), 5)),
    "one-chunk": dict(chunks=(PROTEINS, WIDTH)),
    "deflate": dict(chunks=(min(100, PROTEINS), WIDTH), compression="gzip", shuffle=True),
    "one-deflate": dict(chunks=(PROTEINS, WIDTH), compression="gzip"),
    "lzf": dict(chunks=(9, 4), compression="lzf", shuffle=True, fletcher32=True),
    "growing": dict(chunks=(10, WIDTH), maxshape=(None, WIDTH)),
    "growing-wide": dict(chunks=(10, 3), maxshape=(PROTEINS, None), compression="lzf"),
    "growing-both": dict(chunks=(10, 3), maxshape=(None, None), compression="gzip"),
    "growing-some": dict(chunks=(10, 3), maxshape=(2 * PROTEINS, 2 * WIDTH), fletcher32=True),
    "many": dict(chunks=(1, 3), maxshape=(PROTEINS, 2 * WIDTH)),
    "many-growing": dict(chunks=(1, 3), maxshape=(None, WIDTH), compression="gzip"),
}
for library in libraries:
    for dtype in ["<f2", "<f4", "<f8", ">f2", ">f4"]:
        values = numbers.astype(dtype)
        size = dtype[1:] if dtype[0] == "<" else "be-" + dtype[1:]
        for kind, options in {
            "contiguous": {},
            "deflate": dict(chunks=(8,), compression="gzip", shuffle=True),
            "lzf": dict(chunks=(WIDTH,), compression="lzf", fletcher32=True),
            "ordered": {},
            "row": {},
            "compact": {},
        }.items():
            name = f"vectors-{library}-{size}-{kind}.h5"
            with h5py.File(place(name), "w", libver=library, track_order=kind == "ordered") as file:
                for accession, vector in zip(ids, values):
                    if kind == "compact":
                        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                        layout.set_layout(h5py.h5d.COMPACT)
                        space = h5py.h5s.create_simple(vector.shape)
                        kind_of = h5py.h5t.py_create(vector.dtype)
                        made = h5py.h5d.create(file.id, accession.encode(), kind_of, space, dcpl=layout)
                        made.write(h5py.h5s.ALL, h5py.h5s.ALL, vector)
                    else:
                        data = vector.reshape(1, -1) if kind == "row" else vector
                        file.create_dataset(accession, data=data, **options)
                    if kind == "ordered":
                        file[accession].attrs["original_id"] = "sp|" + accession
            listed(name, dtype)
        for kind, options in chunked.items():
            name = f"matrix-{library}-{size}-{kind}.h5"
            with h5py.File(place(name), "w", libver=library) as file:
                group = file if kind == "contiguous" else file.create_group("embeddings/mean")
                group.create_dataset("vectors", data=values, **options)
                names = ids if kind in ("chunks", "lzf") else numpy.array(ids, dtype="S")
                group.create_dataset("ids", data=names)
                group.create_dataset("lengths", data=numpy.arange(PROTEINS))
            listed(name, dtype)

# Other objects in the file, a user block, and links between a name and its object.
with h5py.File(place("userblock.h5"), "w", userblock_size=1024) as file:
    for accession, vector in zip(ids, numbers.astype("f4")):
        file.create_dataset(accession, data=vector)
listed("userblock.h5", "f4")
with h5py.File(place("links.h5"), "w", libver="latest") as file:
    group = file.create_group("mean")
    group["type"] = numpy.dtype("<f4")
    del group["type"]
    file["type"] = numpy.dtype("<f4")
    store = file.create_group("store")
    for number, (accession, vector) in enumerate(zip(ids, numbers.astype("f4"))):
        name = "sp|" + accession + "|NAME"
        if number % 5:
            group.create_dataset(name, data=vector, dtype=file["type"])
        else:
            store.create_dataset(accession, data=vector)
            group[name] = h5py.SoftLink("/store/" + accession)
listed("links.h5", "f4", matrix="mean")
with h5py.File(place("several.h5"), "w") as file:
    for name, factor in [("mean", 1), ("max", 2)]:
        group = file.create_group("layers/" + name)
        for accession, vector in zip(ids, numbers.astype("f4") * factor):
            group.create_dataset(accession, data=vector)
    file.create_dataset("matrix", data=numbers.astype("f4"))
    file.create_dataset("accessions", data=ids)
    file.create_dataset("names", data=["n" + i for i in ids])
listed("several.h5", "f4", matrix="layers/mean")
listed("several.h5", "f4", matrix="/matrix", ids="accessions")

names = {"U": numpy.array(ids), "S": numpy.array(ids, dtype="S")}
for dtype in ["f2", "f4", "f8"]:
    values = numbers.astype(dtype)
    numpy.savez(place(f"stored-{dtype}.npz"), ids=names["U"], vectors=values, lengths=numpy.arange(PROTEINS))
    numpy.savez_compressed(place(f"deflated-{dtype}.npz"), ids=names["S"], vectors=values)
    numpy.savez_compressed(place(f"vectors-{dtype}.npz"), **dict(zip(ids, values)))
    for name in [f"stored-{dtype}.npz", f"deflated-{dtype}.npz", f"vectors-{dtype}.npz"]:
        listed(name, dtype)
numpy.savez(place("two.npz"), a=numbers.astype("f4"), b=-numbers.astype("f4"), ids=names["U"], other=names["S"])
listed("two.npz", "f4", matrix="a", ids="other")

types = {"f2": pyarrow.float16(), "f4": pyarrow.float32(), "f8": pyarrow.float64()}
for dtype, item in types.items():
    rows = list(numbers.astype(dtype))
    for kind, column, text in [
        ("list", pyarrow.list_(item), pyarrow.string()),
        ("large", pyarrow.large_list(item), pyarrow.large_string()),
        ("fixed", pyarrow.list_(item, WIDTH), pyarrow.string()),
    ]:
        table = pyarrow.table(
            {
                "length": pyarrow.array(range(PROTEINS)),
                "accession": pyarrow.array(ids, text),
                "embedding": pyarrow.array(rows, column),
            }
        )
        for compression in ["none", "snappy", "zstd"]:
            name = f"{kind}-{dtype}-{compression}.parquet"
            pyarrow.parquet.write_table(table, place(name), compression=compression, row_group_size=150)
            listed(name, dtype, feature="parquet")
        for compression in ["uncompressed", "lz4", "zstd"]:
            # As pandas.DataFrame.to_feather does.
            name = f"{kind}-{dtype}-{compression}.feather"
            pyarrow.feather.write_feather(table, place(name), compression=compression, chunksize=150)
            listed(name, dtype, feature="parquet")
    # Of the last table; polars writes strings as views.
    if dtype != "f2":
        for compression in ["uncompressed", "lz4", "zstd"]:
            name = f"polars-{dtype}-{compression}.feather"
            polars.from_arrow(table.set_column(2, "embedding", pyarrow.array(rows, pyarrow.list_(item)))).write_ipc(
                place(name), compression=compression
            )
            listed(name, dtype, feature="parquet")
    # Categories of pandas, of which another column has dictionaries too, and a column per dimension.
    for kind, columns in [
        ("categories", {"embedding": pyarrow.array(rows, pyarrow.list_(item))}),
        ("dimensions", {f"d{at}": pyarrow.array(column) for at, column in enumerate(numbers.astype(dtype).T)}),
    ]:
        table = pyarrow.table(
            {
                "length": pyarrow.array(range(PROTEINS)).dictionary_encode(),
                "accession": pyarrow.array(ids).dictionary_encode(),
                **columns,
            }
        )
        name = f"{kind}-{dtype}.feather"
        pyarrow.feather.write_feather(table, place(name), chunksize=150)
        listed(name, dtype, feature="parquet")
        # As the package datasets of Hugging Face does.
        name = f"{kind}-{dtype}.arrow"
        with pyarrow.OSFile(place(name), "wb") as out, pyarrow.ipc.new_stream(out, table.schema) as writer:
            writer.write_table(table, max_chunksize=150)
        listed(name, dtype, feature="parquet")

# PyTorch is large, so its pickler is imitated: the same calls, storages and memo.
torch, torch_utils = ModuleType("torch"), ModuleType("torch._utils")
STORAGES = {"f2": "HalfStorage", "f4": "FloatStorage", "f8": "DoubleStorage", "i8": "LongStorage"}
for storage in STORAGES.values():
    setattr(torch, storage, type(storage, (), {"__module__": "torch"}))


def _rebuild_tensor_v2(*arguments):
    raise RuntimeError("a test does not load what it writes")


_rebuild_tensor_v2.__module__ = "torch._utils"
torch_utils._rebuild_tensor_v2 = _rebuild_tensor_v2
sys.modules["torch"], sys.modules["torch._utils"] = torch, torch_utils


class Storage:
    def __init__(self, values):
        self.values = values


class Tensor:
    """A view of a storage: the offset, size and strides are those of the array in its base."""

    def __init__(self, array, storage):
        base = storage.values
        self.storage = storage
        self.offset = (array.__array_interface__["data"][0] - base.__array_interface__["data"][0]) // base.itemsize
        self.size, self.stride = array.shape, tuple(step // array.itemsize for step in array.strides)

    def __reduce__(self):
        arguments = (self.storage, self.offset, self.size, self.stride, False, collections.OrderedDict())
        return _rebuild_tensor_v2, arguments


class TorchPickler(pickle.Pickler):
    def __init__(self, out, protocol):
        super().__init__(out, protocol)
        self.storages = []

    def persistent_id(self, value):
        if not isinstance(value, Storage):
            return None
        if value not in self.storages:
            self.storages.append(value)
        kind = getattr(torch, STORAGES[value.values.dtype.str[1:]])
        return ("storage", kind, str(self.storages.index(value)), "cpu", value.values.size)


def torch_save(value, name, protocol=2, compression=zipfile.ZIP_STORED):
    data = io.BytesIO()
    pickler = TorchPickler(data, protocol)
    pickler.dump(value)
    with zipfile.ZipFile(place(name), "w", compression) as archive:
        archive.writestr("archive/data.pkl", data.getvalue())
        archive.writestr("archive/byteorder", "little")
        for key, storage in enumerate(pickler.storages):
            archive.writestr(f"archive/data/{key}", storage.values.tobytes())
        archive.writestr("archive/version", "3\n")


def tensor(array):
    array = numpy.ascontiguousarray(array)
    return Tensor(array, Storage(array.reshape(-1)))


for dtype in ["f2", "f4", "f8"]:
    values = numbers.astype(dtype)
    shared = Storage(values.reshape(-1))
    columns = numpy.ascontiguousarray(values.T)
    for kind, value, more in [
        ("dict", {i: tensor(row) for i, row in zip(ids, values)}, {}),
        ("shared", collections.OrderedDict((i, Tensor(row, shared)) for i, row in zip(ids, values)), {}),
        ("matrix", tensor(values), {"list": "ids.txt"}),
        ("transposed", Tensor(columns.T, Storage(columns.reshape(-1))), {"list": "ids.txt"}),
        ("listed", {"ids": ids, "embeddings": tensor(values), "epoch": 3, "loss": 0.5}, {}),
    ]:
        for protocol in [2, 4]:
            name = f"{kind}-{dtype}-{protocol}.pt"
            torch_save(value, name, protocol)
            listed(name, dtype, **more)
    torch_save({i: tensor(row) for i, row in zip(ids, values)}, f"deflated-{dtype}.pt", 2, zipfile.ZIP_DEFLATED)
    listed(f"deflated-{dtype}.pt", dtype)
    header, at = {}, 0
    for i, row in zip(ids, values):
        header[i] = {"dtype": "F" + str(8 * int(dtype[1])), "shape": [WIDTH], "data_offsets": [at, at + row.nbytes]}
        at += row.nbytes
    text = json.dumps(header).encode()
    with open(place(f"vectors-{dtype}.safetensors"), "wb") as out:
        out.write(len(text).to_bytes(8, "little") + text + values.tobytes())
    listed(f"vectors-{dtype}.safetensors", dtype)
with open(place("rows.csv"), "w") as out:
    out.write("id," + ",".join(f"d{column}" for column in range(WIDTH)) + "\n")
    for i, row in zip(ids, numbers.astype("f4")):
        out.write(i + "," + ",".join(map(str, row)) + "\n")
listed("rows.csv", "f4")
with open(place("rows.tsv"), "w") as out:
    for i, row in zip(ids, numbers.astype("f4")):
        out.write(i + "\t" + "\t".join(map(str, row)) + "\n")
listed("rows.tsv", "f4")

for name in ["vectors-earliest-f2-contiguous.h5", "matrix-latest-f4-contiguous.h5", "stored-f4.npz", "list-f4-snappy.parquet", "list-f4-lz4.feather"]:
    dtype = next(file["dtype"] for file in files if file["file"] == name)
    more = {"feature": "parquet"} if name.endswith(("parquet", "feather")) else {}
    with open(place(name), "rb") as plain:
        content = plain.read()
    half = len(content) // 2
    with open(place(name + ".gz"), "wb") as out:
        out.write(gzip.compress(content[:half], 1) + gzip.compress(content[half:], 1))
    with open(place(name + ".zst"), "wb") as out:
        out.write(zstandard.compress(content[:half]) + zstandard.compress(content[half:]))
    for ending in [".gz", ".zst"]:
        listed(name + ending, dtype, **more)
for dtype in ["f2", "f4", "f8"]:
    name = f"expected-{dtype}.npy"
    listed(name, dtype, list="ids.txt")
    with open(place(name), "rb") as plain, gzip.open(place(name + ".gz"), "wb", 1) as out:
        shutil.copyfileobj(plain, out)
    listed(name + ".gz", dtype, list="ids.txt")

with open(place("files.json"), "w") as out:
    json.dump(files, out)
