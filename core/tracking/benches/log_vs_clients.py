#!/usr/bin/env python3
"""Metric points per second: the event log and the Python clients, in one run.

    cargo build --release   # once
    target/test-python/bin/python core/tracking/benches/log_vs_clients.py

Needs wandb, mlflow and tensorboardX (`pip install wandb mlflow tensorboardX`). Each client logs as
its documentation shows, with 1 and with 10 metrics per call, to local files: wandb offline, mlflow
to a SQLite database, tensorboardX to an event file. The time is that from the first call to the end
of the run. The result is the median of three rounds.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ROUNDS = 3
# Enough calls for a round of a second or more.
CALLS = {"wandb": {1: 20_000, 10: 5_000}, "tensorboardX": {1: 20_000, 10: 3_000}, "mlflow": {1: 150, 10: 100}}


def wandb(calls, metrics, directory):
    import wandb

    settings = wandb.Settings(console="off", silent=True)
    run = wandb.init(mode="offline", dir=directory, project="bench", settings=settings)
    began = time.perf_counter()
    for step in range(calls):
        run.log({f"metric{i}": step**0.5 for i in range(metrics)}, step=step)
    run.finish()
    return time.perf_counter() - began


def tensorboard_x(calls, metrics, directory):
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(directory)
    began = time.perf_counter()
    for step in range(calls):
        for i in range(metrics):
            writer.add_scalar(f"metric{i}", step**0.5, step)
    writer.close()
    return time.perf_counter() - began


def mlflow(calls, metrics, directory):
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{directory}/mlflow.db")
    mlflow.set_experiment("bench")
    with mlflow.start_run():
        began = time.perf_counter()
        for step in range(calls):
            if metrics == 1:
                mlflow.log_metric("metric0", step**0.5, step=step)
            else:
                mlflow.log_metrics({f"metric{i}": step**0.5 for i in range(metrics)}, step=step)
        return time.perf_counter() - began


CLIENTS = {"wandb": wandb, "tensorboardX": tensorboard_x, "mlflow": mlflow}


def rate(name, metrics):
    calls = CALLS[name][metrics]
    rates = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as directory:
            rates.append(calls * metrics / CLIENTS[name](calls, metrics, directory))
    return statistics.median(rates)


def main():
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    if len(sys.argv) == 3:  # one client in a process of its own
        print(json.dumps(rate(sys.argv[1], int(sys.argv[2]))))
        return
    command = ["cargo", "bench", "--quiet", "-p", "protea-tracking", "--bench", "points"]
    ours = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    for metrics in (1, 10):
        protea = ours[str(metrics)]
        print(f"{metrics} metric(s) per call")
        print(f"  {'protea':13} {protea:12,.0f} points/s")
        for name in CLIENTS:
            command = [sys.executable, __file__, name, str(metrics)]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            theirs = json.loads(out.strip().splitlines()[-1])
            print(f"  {name:13} {theirs:12,.0f} points/s   protea is {protea / theirs:,.0f} times as fast")


if __name__ == "__main__":
    main()
