//! An application that embeds protea: runs a runner on two frozen datasets.
//!
//! ```text
//! cargo run -p example-host -- knn examples/data/train examples/data/test results
//! ```

use std::error::Error;

use protea_core::{
    Catalog, Experiment, Isolation, Runner, SearchPath, Workspace, contracts::metrics, dataset,
};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, train, test, results] = &arguments[..] else {
        return Err("usage: example-host RUNNER TRAIN TEST RESULTS".into());
    };
    let catalog = Catalog::scan(&SearchPath::standard());
    let runner = Runner::load(&catalog.find(name)?, &Isolation::InProcess)?;
    let train = dataset::stage(train)?;
    let test = dataset::stage(test)?;

    let workspace = Workspace::open(results)?;
    let experiment = Experiment::new(&runner, &workspace).with_seed(7);
    let run = experiment.fit_evaluate_export(&json!({}), &train, &test)?;

    for (name, value) in metrics::flatten(&run.manifest.metrics) {
        println!("{name}\t{value:.4}");
    }
    println!("written to {}", run.directory.display());
    Ok(())
}
