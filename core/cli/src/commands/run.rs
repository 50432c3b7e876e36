//! `protea run`.

use super::session::{Session, places, run_json, score_table};
use crate::{
    args::RunArgs,
    example_data::{self, ExampleData},
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter, shown},
    spec,
};

/// Fits, evaluates and exports.
pub fn run(args: &RunArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let spec = spec::read(args.spec.spec.as_deref(), &args.spec.set)?;
    let given = match (&args.train, &args.eval) {
        (Some(train), Some(eval)) => Some((train.clone(), eval.clone())),
        (None, None) => None,
        (Some(_), None) => return Err(half_given("--train", "--eval")),
        (None, Some(_)) => return Err(half_given("--eval", "--train")),
    };
    let session = Session::begin(&args.runner, &args.execution, reporter)?;
    session.check_spec(&spec)?;
    let (train, eval) = match given {
        Some(given) => given,
        None => example_data(reporter)?,
    };
    let (train, eval) = (session.dataset(&train)?, session.dataset(&eval)?);
    let run =
        session.experiment(|experiment| experiment.fit_evaluate_export(&spec, &train, &eval))?;

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

fn example_data(reporter: &Reporter) -> Result<(String, String), Failure> {
    let ExampleData { train, test } = example_data::find()?;
    let parent = train.parent().map(shown).unwrap_or_default();
    reporter.note(&format!(
        "no --train and --eval given: using the example data in {parent}"
    ));
    Ok((shown(&train), shown(&test)))
}

fn half_given(given: &str, missing: &str) -> Failure {
    Failure::new(
        Exit::Usage,
        format!("{given} is given without {missing}; give both, or neither for the example data"),
    )
}
