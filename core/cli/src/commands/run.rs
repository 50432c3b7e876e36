//! `protea run`.

use super::session::{Session, places, run_json, score_table};
use crate::{
    args::RunArgs,
    example_data,
    failure::Failure,
    output::{Report, Reporter, shown},
    spec,
};

/// Fits, evaluates and exports.
pub fn run(args: &RunArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let spec = spec::read(args.spec.spec.as_deref(), &args.spec.set)?;
    let session = Session::begin(&args.runner, &args.execution, reporter)?;
    session.check_spec(&spec)?;
    let (train, eval) = match (&args.train, &args.eval) {
        (Some(train), Some(eval)) => (session.dataset(train)?, session.dataset(eval)?),
        _ => {
            let example = example_data::find()?;
            let parent = example.train.parent().map(shown).unwrap_or_default();
            reporter.note(&format!(
                "no --train and --eval given: using the example data in {parent}"
            ));
            let half = |path: &std::path::Path| session.dataset(&path.display().to_string());
            (half(&example.train)?, half(&example.test)?)
        }
    };
    let run = session.experiment(|experiment| experiment.run(&spec, &train, &eval))?;

    let runner = &run.manifest.runner;
    let text = format!(
        "{} {} · trained on {} · scored on {}\n\n{}\n{}",
        runner.name,
        runner.version,
        train.name,
        eval.name,
        score_table(session.runner(), &run),
        places(&run)
    );
    Ok(Report {
        text,
        json: run_json(session.runner(), &run),
    })
}
