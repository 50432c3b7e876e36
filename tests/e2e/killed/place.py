"""A directory for one command and the processes that run in it."""

import os
import shutil
import subprocess
import tempfile

MARK = "PROTEA_KILL_MARK"
# Only ends a run that hangs; nothing is measured.
TIMEOUT = 600


class Place:
    """A directory for one command, with a workspace, a directory for temporary files and a mark."""

    def __init__(self, options, base):
        self.options = options
        self.path = tempfile.mkdtemp(dir=base)
        self.workspace = f"{self.path}/workspace"
        self.mark = f"{os.path.basename(self.path)}-{os.getpid()}"
        os.mkdir(f"{self.path}/tmp")
        self.acknowledged_file = f"{self.path}/acknowledged"
        open(self.acknowledged_file, "w").close()

    def environment(self):
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        environment = kept | {
            MARK: self.mark,
            "HOME": self.path,
            "TMPDIR": f"{self.path}/tmp",
            "STEADY_FILE": self.acknowledged_file,
            "SOURCE_DATE_EPOCH": "1700000000",
            "PROTEA_EXAMPLE_DATA": self.options.data,
        }
        if self.options.mlflow:
            environment["MLFLOW_TRACKING_URI"] = self.options.mlflow
        return environment

    def start(self, arguments, **more):
        return subprocess.Popen(
            [self.options.protea, *arguments],
            cwd=self.path,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            **more,
        )

    def run(self, arguments):
        process = self.start(arguments)
        out, err = process.communicate(timeout=TIMEOUT)
        return process.returncode, out.decode(), err.decode()

    def must(self, arguments):
        code, out, err = self.run(arguments)
        assert code == 0, f"{arguments}: {code}: {err}"
        return out

    def processes(self):
        """The processes with the mark of this place."""
        found = []
        wanted = f"{MARK}={self.mark}".encode()
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/environ", "rb") as file:
                        environment = file.read().split(b"\0")
                    with open(f"/proc/{entry}/stat") as file:
                        state = file.read().rpartition(")")[2].split()[0]
                except OSError:
                    continue
                if wanted in environment and state != "Z":
                    found.append(int(entry))
        return found

    def acknowledged(self):
        with open(self.acknowledged_file) as file:
            return [int(line) for line in file.read().splitlines()]

    def remove(self):
        shutil.rmtree(self.path)
