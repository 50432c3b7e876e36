"""Writes the seeds of the targets that read embeddings: a small file of each layout.

    python fuzz/seeds.py [CORPUS]

Run it in `core/formats`, with a Python with the packages of `tests/requirements.txt`. CORPUS
defaults to `fuzz/corpus`, where cargo-fuzz expects it. To fuzz for an hour with files of up to
64 KiB:

    cargo fuzz run hdf5 -- -max_total_time=3600 -max_len=65536
    cargo fuzz run npy -- -max_total_time=3600 -max_len=65536
    cargo fuzz run --features parquet parquet -- -max_total_time=3600 -max_len=65536

libFuzzer stops a target that uses more than 2 GiB of memory; `-rss_limit_mb` and `-malloc_limit_mb`
set lower limits.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
corpus = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here / "corpus"
# A group with more than eight links uses another storage than a small one.
PROTEINS = 20
LARGEST = 64 << 10

TARGETS = {
    ".h5": "hdf5",
    ".npy": "npy",
    ".npz": "npy",
    ".parquet": "parquet",
    ".pt": "torch",
    ".safetensors": "safetensors",
    ".csv": "table",
    ".tsv": "table",
}

with tempfile.TemporaryDirectory() as place:
    place = pathlib.Path(place)
    script = here.parent / "tests" / "write_formats.py"
    subprocess.run([sys.executable, script, place, str(PROTEINS)], check=True)
    counts = dict.fromkeys(TARGETS.values(), 0)
    for file in json.loads((place / "files.json").read_text()):
        path = place / file["file"]
        # A compressed file belongs to the target of the format inside it.
        target = next(TARGETS[ending] for ending in path.suffixes if ending in TARGETS)
        if path.stat().st_size > LARGEST:
            continue
        (corpus / target).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, corpus / target / path.name)
        counts[target] += 1

for target, count in counts.items():
    if count == 0:
        sys.exit(f"no seed of {target} is small enough")
    print(f"{corpus / target}: {count} files")
