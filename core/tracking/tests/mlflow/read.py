"""Reads a run back with MLflow's own client.

    read.py URI RUN_ID DIRECTORY

Prints the run as JSON; its artefacts go to DIRECTORY/run, those of a model to where it says.
"""

import json
import sys

import mlflow
from mlflow import MlflowClient

uri, run_id, directory = sys.argv[1:]
mlflow.set_tracking_uri(uri)
client = MlflowClient()
run = client.get_run(run_id)
children = client.search_runs(
    [run.info.experiment_id],
    filter_string=f"tags.`mlflow.parentRunId` = '{run_id}'",
    order_by=["attributes.start_time ASC"],
)
models = [client.get_logged_model(output.model_id) for output in run.outputs.model_outputs]
if client.list_artifacts(run_id):
    mlflow.artifacts.download_artifacts(run_id=run_id, dst_path=f"{directory}/run")
files = [
    mlflow.artifacts.download_artifacts(
        artifact_uri=model.artifact_location, dst_path=f"{directory}/{model.model_id}"
    )
    for model in models
]
answer = {
    "name": run.info.run_name,
    "experiment": client.get_experiment(run.info.experiment_id).name,
    "user": run.info.user_id,
    "status": run.info.status,
    "start_time": run.info.start_time,
    "end_time": run.info.end_time,
    "params": run.data.params,
    "tags": run.data.tags,
    "history": {
        key: [
            [point.step, point.timestamp, repr(point.value)]
            for point in client.get_metric_history(run_id, key)
        ]
        for key in run.data.metrics
    },
    "children": [child.info.run_name for child in children],
    "models": [
        {"name": model.name, "status": str(model.status), "tags": model.tags, "files": path}
        for model, path in zip(models, files)
    ],
}
print(json.dumps(answer))
