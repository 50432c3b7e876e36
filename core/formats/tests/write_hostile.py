"""Writes files of embeddings that claim huge sizes.

    write_hostile.py DIRECTORY
"""

import os
import struct
import sys
import zipfile

import h5py
import numpy
import pyarrow
import pyarrow.feather
import pyarrow.parquet

here = sys.argv[1]
GIB = 1 << 30


def place(name):
    return os.path.join(here, name)


def patched(name, patches, length=None):
    """Overwrites numbers. Writing beyond the end of the file leaves a hole."""
    with open(place(name), "r+b") as file:
        for at, value in patches:
            file.seek(at)
            file.write(value)
        if length is not None:
            file.truncate(length)


def found(name, signature):
    with open(place(name), "rb") as file:
        return file.read().index(signature)


ids = [f"P{number:05d}" for number in range(700)]
numbers = numpy.zeros((700, 13), "f4")

# A chunk of 36 KB that claims 3 GiB in the file.
name = "stored-chunk.h5"
with h5py.File(place(name), "w") as file:
    file.create_dataset("vectors", data=numbers, chunks=numbers.shape, compression="gzip")
    file.create_dataset("ids", data=numpy.array(ids, dtype="S"))
patched(name, [(found(name, b"TREE\x01") + 24, struct.pack("<I", 3 * GIB))], 3 * GIB + (1 << 20))

# More rows than can be counted, and no column.
with h5py.File(place("no-columns.h5"), "w") as file:
    shape, most = (1 << 51, 0), (None, None)
    file.create_dataset("vectors", shape=shape, maxshape=most, chunks=(64, 64), dtype="f4")

# A group that claims 3 GiB of names, and one whose links all refer to the same long name.
name = "names.h5"
with h5py.File(place(name), "w") as file:
    file.create_dataset("vectors", data=numbers)
patched(name, [(found(name, b"HEAP") + 8, struct.pack("<Q", 3 * GIB))], 3 * GIB + (1 << 20))
name = "one-name.h5"
with h5py.File(place(name), "w") as file:
    file.create_dataset("A" * 4000, data=numbers)
    first = file["A" * 4000]
    for number in range(8000):
        file[f"l{number:06d}"] = first
with open(place(name), "rb") as file:
    content = bytearray(file.read())
heap = content.index(b"HEAP")
(names,) = struct.unpack_from("<Q", content, heap + 24)
long = content.index(b"A" * 4000, names) - names
at = content.find(b"SNOD")
while at >= 0:
    for entry in range(struct.unpack_from("<H", content, at + 6)[0]):
        struct.pack_into("<Q", content, at + 8 + 40 * entry, long)
    at = content.find(b"SNOD", at + 4)
with open(place(name), "wb") as file:
    file.write(content)

# Strings that alternate between two large collections.
name = "texts.h5"
with h5py.File(place(name), "w") as file:
    file.create_dataset("vectors", data=numbers)
    file.create_dataset("ids", data=ids)
    file.create_dataset("far", data=["a" * (40 << 20), "b" * (40 << 20)])
    far, near = file["far"].id.get_offset(), file["ids"].id.get_offset()
with open(place(name), "rb") as file:
    file.seek(far)
    pair = [struct.pack("<I", 6) + file.read(16)[4:] for _ in range(2)]
patched(name, [(near, b"".join(pair) * 350)])

item = pyarrow.float16()
WHOLE = 100_000_000


def parquet(name, column, texts, **options):
    table = pyarrow.table({"accession": texts, "embedding": column})
    pyarrow.parquet.write_table(table, place(name), compression="zstd", row_group_size=1 << 30, **options)


zeros = pyarrow.array(numpy.zeros(WHOLE, "f2"), item)
lists = lambda offsets: pyarrow.LargeListArray.from_arrays(pyarrow.array(offsets, pyarrow.int64()), zeros)
parquet("one-row.parquet", lists([0, WHOLE]), ["A"])
# The footer states only the average number of values per row.
rows = 200_000
names = [f"A{number}" for number in range(rows)]
for version in ["1.0", "2.0"]:
    parquet(f"uneven-{version}.parquet", lists([0] + [WHOLE] * rows), names, data_page_version=version)
parquet(
    "page.parquet",
    pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(numpy.zeros(WHOLE * 3 // 2, "f2"), item), 30_000),
    [f"A{number}" for number in range(5000)],
    data_page_size=1 << 30,
    write_batch_size=1 << 30,
    use_dictionary=False,
)
parquet(
    "text.parquet",
    pyarrow.array([[1.0]] * 8, pyarrow.list_(pyarrow.float32())),
    pyarrow.array(["A" * (20 << 20)] * 8, pyarrow.large_string()),
    dictionary_pagesize_limit=1 << 30,
)

# A record batch that takes 200 MB, one that claims 3 GiB, and a long name that many rows share.
table = pyarrow.table({"accession": ["A"], "embedding": lists([0, WHOLE])})
pyarrow.feather.write_feather(table, place("batch.feather"), compression="zstd")
table = pyarrow.table({"accession": ids, "embedding": pyarrow.array(list(numbers), pyarrow.list_(pyarrow.float32()))})
pyarrow.feather.write_feather(table, place("claim.feather"), compression="lz4")
prefix = struct.pack("<Q", numbers.nbytes)
patched("claim.feather", [(found("claim.feather", prefix), struct.pack("<Q", 3 * GIB))])
shared = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * 1_000_000, pyarrow.int8()), ["A" * 100_000])
table = pyarrow.table({"accession": shared, "embedding": pyarrow.array([[1.0]] * 1_000_000, pyarrow.list_(item))})
pyarrow.feather.write_feather(table, place("shared.feather"), compression="lz4")


def archive(name, header):
    """Writes many arrays with a header and no data."""
    text = header.ljust(64_000).encode()
    member = b"\x93NUMPY\x02\x00" + struct.pack("<I", len(text)) + text
    with zipfile.ZipFile(place(name), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        for number in range(3000):
            out.writestr(f"A{number}.npy", member)


archive("dimensions.npz", "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "1," * 31_000 + "), }")
archive("types.npz", "{'descr': '" + "<f4" * 20_000 + "', 'fortran_order': False, 'shape': (1,), }")
