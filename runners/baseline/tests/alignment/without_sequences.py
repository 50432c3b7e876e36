"""Copies a frozen dataset without its sequences.

usage: without_sequences.py DATASET COPY
"""

import hashlib
import json
import pathlib
import shutil
import sys

import pyarrow
import pyarrow.ipc

source, copy = map(pathlib.Path, sys.argv[1:])
copy.mkdir()
for name in source.iterdir():
    shutil.copyfile(name, copy / name.name)
proteins = pyarrow.ipc.open_file(source / "proteins.arrow").read_all()
at = proteins.schema.get_field_index("sequence")
nothing = pyarrow.array([None] * len(proteins), pyarrow.utf8())
proteins = proteins.set_column(at, "sequence", nothing).combine_chunks()
with pyarrow.ipc.new_file(copy / "proteins.arrow", proteins.schema) as out:
    out.write_table(proteins)

manifest = json.loads((copy / "dataset.json").read_text())
content = (copy / "proteins.arrow").read_bytes()
for file in manifest["files"]:
    if file["path"] == "proteins.arrow":
        file.update(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
(copy / "dataset.json").write_text(json.dumps(manifest))
