//! Samples of the machine, as the official client uploads them.

use protea_tracking::RunStatus;
use serde_json::{Value, json};

use crate::{
    events::{events, feed, finish, log},
    official::{metrics, uploaded},
    server::{Server, interpreter},
};

#[test]
fn samples_of_the_machine_are_system_metrics() {
    let Some(python) = interpreter() else { return };
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let kinds = vec![
        log(0, &[("loss", 0.5)]),
        log(
            0,
            &[
                ("system/cpu_utilization_percentage", 12.5),
                ("system/system_memory_usage_percentage", 50.0),
                ("system/gpu_0_utilization_percentage", 97.0),
                ("system/network_receive_megabytes", 2.0),
            ],
        ),
        log(1, &[("loss", 0.25), ("step/fit/user_seconds", 3.0)]),
        finish(RunStatus::Finished, None),
    ];
    feed(directory, &events(kinds));
    let server = Server::start(&python, directory, &[]);
    uploaded(&server, &python, directory);
    let samples = server.state()["events"].clone();
    let sample = &samples["0"];
    assert_eq!(
        sample["system.cpu_utilization_percentage"], 12.5,
        "{samples}"
    );
    assert_eq!(sample["system.memory_percent"], 50);
    assert_eq!(sample["system.gpu.0.gpu"], 97);
    assert_eq!(sample["system.network.recv"], 2e6);
    let history: Vec<Value> = server.history().iter().map(metrics).collect();
    assert_eq!(
        history,
        [
            json!({"_step": 0, "protea/step": 0, "loss": 0.5}),
            json!({"_step": 1, "protea/step": 1, "loss": 0.25, "step/fit/user_seconds": 3}),
        ]
    );
}
