"""Runs an MLflow server for the tests.

    serve.py DIRECTORY PORT [auth]

The server keeps everything in DIRECTORY. `stop` on standard input kills it, `start` starts it
again; when standard input ends, however the test ended, it is killed and DIRECTORY is removed.
"""

import os
import shutil
import signal
import subprocess
import sys

directory, port, auth = sys.argv[1], sys.argv[2], sys.argv[3:] == ["auth"]

environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
environment |= {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}
command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", port]
command += ["--workers", "1", "--serve-artifacts"]
command += ["--backend-store-uri", f"sqlite:///{directory}/mlflow.db"]
command += ["--artifacts-destination", f"{directory}/artifacts"]
if auth:
    command += ["--app-name", "basic-auth"]
    settings = f"{directory}/auth.ini"
    with open(settings, "w") as file:
        file.write(
            "[mlflow]\n"
            "default_permission = READ\n"
            f"database_uri = sqlite:///{directory}/auth.db\n"
            "admin_username = admin\n"
            "admin_password = a:long-p@ssword-1\n"
            "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
        )
    environment["MLFLOW_AUTH_CONFIG_PATH"] = settings
    environment["MLFLOW_FLASK_SERVER_SECRET_KEY"] = "for the tests"


def start():
    with open(f"{directory}/server.log", "a") as log:
        return subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def stop(server):
    try:
        os.killpg(server.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    server.wait()


server = start()
try:
    for line in sys.stdin:
        if line == "stop\n":
            stop(server)
        elif line == "start\n":
            server = start()
        print("done", flush=True)
finally:
    stop(server)
    shutil.rmtree(directory, ignore_errors=True)
