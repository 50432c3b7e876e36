"""Python's plugins beside the catalog: `importlib.metadata.entry_points` over 100 packages.

    python3 core/host/benches/catalog_vs_entry_points.py [--packages 100] [--rounds 9]
    cargo bench -p protea-core --bench dispatch

The packages are `dist-info` directories in one directory on an otherwise empty `sys.path`, each with
one entry point of one group, as `pip` leaves them. Every round is a new interpreter, which has
imported `importlib.metadata` before the clock starts; the call finds the entry points and loads none.
Cold means that the system's caches were emptied just before the call: all of them where the user is
root (`/proc/sys/vm/drop_caches`), else the contents of the packages' files (`posix_fadvise`).
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

MEASURE = """
import importlib.metadata, os, sys, time
directory, cold = sys.argv[1], sys.argv[2] == "cold"
# The call itself imports more: that is not the file cache of the packages.
sys.path[:] = [os.devnull]
importlib.metadata.entry_points(group="protea.runners")
sys.path[:] = [directory]
if cold:
    os.sync()
    try:
        with open("/proc/sys/vm/drop_caches", "w") as caches:
            caches.write("3")
    except OSError:
        for root, _, files in os.walk(directory):
            for name in files:
                file = os.open(os.path.join(root, name), os.O_RDONLY)
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(file)
began = time.perf_counter()
found = importlib.metadata.entry_points(group="protea.runners")
print(time.perf_counter() - began, len(found))
"""


def make(directory, packages):
    for number in range(packages):
        info = directory / f"runner_{number}-1.0.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: runner-{number}\nVersion: 1.0.0\nSummary: A runner.\n")
        (info / "entry_points.txt").write_text(
            f"[protea.runners]\nrunner-{number} = runner_{number}:Runner\n")
        (info / "RECORD").write_text(f"{info.name}/METADATA,,\n{info.name}/entry_points.txt,,\n")
        (info / "INSTALLER").write_text("pip\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packages", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        make(pathlib.Path(directory), arguments.packages)
        print(f"Python {sys.version.split()[0]}, {arguments.packages} packages, medians")
        for state in ("warm", "cold"):
            seconds = []
            for _ in range(arguments.rounds):
                said = subprocess.run(
                    [sys.executable, "-I", "-S", "-c", MEASURE, directory, state],
                    check=True, capture_output=True, text=True).stdout.split()
                assert int(said[1]) == arguments.packages, said
                seconds.append(float(said[0]))
            print(f"entry_points, {state}  {statistics.median(seconds) * 1e3:8.1f} ms")


if __name__ == "__main__":
    main()
