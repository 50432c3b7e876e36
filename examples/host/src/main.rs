//! Fits, evaluates and exports a runner on two frozen datasets, in a worker with limits.

use std::{error::Error, time::Duration};

use protea_core::{
    Catalog, Experiment, Isolation, Runner, SearchPath, Workspace,
    contracts::metrics,
    dataset,
    experiment::ExperimentEvent,
    worker::{self, WorkerLimits, WorkerOptions},
};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    worker::serve_if_asked(); // first: this process may be a worker
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, train, test, results] = &arguments[..] else {
        return Err("usage: lab RUNNER TRAIN TEST RESULTS".into());
    };

    let limits = WorkerLimits::default()
        .with_time(Duration::from_secs(600))
        .with_memory(4 << 30);
    let isolation = Isolation::worker(WorkerOptions::this_program()?.with_limits(limits));
    let catalog = Catalog::scan(&SearchPath::standard());
    let runner = Runner::load(&catalog.find(name)?, &isolation)?;
    let train = dataset::stage(train)?;
    let test = dataset::stage(test)?;

    let workspace = Workspace::open(results)?;
    let experiment = Experiment::new(&runner, &workspace)
        .with_seed(7)
        .with_events(|_, event| match event {
            ExperimentEvent::StepStarted { step } => eprintln!("{} …", step.name()),
            ExperimentEvent::Progress { what, done, total } => {
                eprintln!("{what}: {done} of {total}");
            }
            _ => {}
        });
    let run = experiment.fit_evaluate_export(&json!({}), &train, &test)?;

    for (name, value) in metrics::flatten(&run.manifest.metrics) {
        println!("{name}\t{value:.4}");
    }
    eprintln!("written to {}", run.directory.display());
    Ok(())
}
